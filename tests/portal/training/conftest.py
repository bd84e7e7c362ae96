"""Fixtures of trainings: one that waits, the same with a curve, and an opponent that does not fit."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from tournament import trainings
from tournament.models import Agent, Milestone, Scenario, TrainingPoint, TrainingRun, TrainingState


@pytest.fixture
def run(alice: User, scenario: Scenario, agents: dict[str, Agent]) -> TrainingRun:
    """Alice's training of a camera against greedy targets, not begun."""
    return trainings.create_training(
        trainings.TrainingRequest(
            "Alice's learner", scenario, "camera", "hrl-mappo", agents["greedy-target"], steps=1000, owner=alice
        )
    )


@pytest.fixture
def learning(run: TrainingRun) -> TrainingRun:
    """The same while it trains, with a curve and a milestone."""
    TrainingPoint.objects.bulk_create(
        TrainingPoint(run=run, iteration=i, steps=100 * i, return_mean=1.5 * i, coverage=0.1 * i,
        decisions_per_second=900.0)
        for i in range(1, 6)
    )  # fmt: skip
    Milestone.objects.create(run=run, iteration=5, steps=500)
    run.state, run.steps_done, run.log = TrainingState.TRAINING, 500, "iteration 5 <done>"
    run.progress = {"iteration": 5, "steps": 500, "decisions_per_second": 900.0, "remaining_seconds": 300.0}
    run.save()
    return run


@pytest.fixture
def quartet(db: None) -> Agent:
    """A target agent that was trained for another scenario."""
    return Agent.objects.create(
        digest="b" * 64, team="target", kind="checkpoint", name="Octet", slug="octet", owner=None,
        spec={"kind": "checkpoint", "team": "target", "checkpoint": "c" * 64, "deterministic": False},
        num_cameras=4, num_targets=8, num_obstacles=9,
    )  # fmt: skip


def fields(agents: dict[str, Agent], **changes: Any) -> dict[str, Any]:
    return {
        "scenario": "mate-2v4-0", "team": "camera", "algorithm": "mappo", "preset": "quick", "name": "Learner",
        "opponent": agents["greedy-target"].pk, "steps": 5000, "seed": 7, "evaluation_episodes": 10, **changes,
    }  # fmt: skip
