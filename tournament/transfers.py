"""Evaluation of a training's milestones in the scenarios besides its first: those trained on, and those never seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from mate import Team
from tournament import leaderboards, organising
from tournament.measuring import estimate, evaluation_seed, payoffs_of
from tournament.models import Agent, Scenario, Tournament, TournamentState, TrainingRun

MILESTONE, REEVALUATION = "milestone", "reevaluation"


def scenarios_of(run: TrainingRun) -> list[tuple[Scenario, bool]]:
    """Return the scenarios besides the run's first, each with whether it is trained on."""
    trained = [(one, True) for one in run.more_scenarios.order_by("name")]
    return trained + [(one, False) for one in run.test_scenarios.order_by("name")]


def start(run: TrainingRun, purpose: str, field: Sequence[Agent], episodes: int) -> list[Tournament]:
    """Start tournaments of these agents of the run's team against its opponent, one in each other scenario."""
    started = []
    for scenario, _ in scenarios_of(run):
        cameras, targets = (field, [run.opponent]) if run.team == Team.CAMERA else ([run.opponent], field)
        seed = evaluation_seed(run, f"{purpose}/{scenario.digest}")
        started.append(
            organising.create_tournament(organising.TournamentRequest(
                f"{run.name[:40]}: {purpose}, {scenario.name}"[:80], scenario, cameras, targets, episodes,
                base_seed=seed, owner=run.owner, purpose=purpose,
            ))
        )  # fmt: skip
    return started


def are_playing(run: TrainingRun) -> bool:
    """Return whether one of the run's evaluations in other scenarios is still being played."""
    return run.transfers.filter(state=TournamentState.PLAYING).exists()


def mean_payoff(run: TrainingRun, agent: Agent, first: float) -> float:
    """Return an agent's mean payoff over all scenarios that were trained on, given that in the first."""
    trained = run.more_scenarios.values_list("pk", flat=True)
    games = run.transfers.filter(purpose=MILESTONE, scenario__in=list(trained)).exclude(state=TournamentState.CANCELLED)
    found = [payoffs_of(leaderboards.meta_game_of_tournament(one), agent, run.opponent) for one in games]
    return float(np.mean([first, *(np.mean(list(payoffs.values())) for payoffs in found if payoffs)]))


def measure(run: TrainingRun, agent: Agent, baseline: Agent | None) -> dict[str, Any]:
    """Return the agent's payoffs in the re-evaluations by scenario, and its gains over the baseline, paired by seed."""
    lines = []
    for scenario, is_trained in scenarios_of(run):
        games = run.transfers.filter(purpose=REEVALUATION, scenario=scenario).exclude(state=TournamentState.CANCELLED)
        tournament = games.order_by("-pk").first()
        if tournament is None:
            continue
        game = leaderboards.meta_game_of_tournament(tournament)
        own = payoffs_of(game, agent, run.opponent)
        if not own:
            continue
        line: dict[str, Any] = {"scenario": scenario.slug, "name": scenario.name, "is_trained": is_trained}
        line |= asdict(estimate(np.array([*own.values()])))
        theirs = payoffs_of(game, baseline, run.opponent) if baseline is not None else {}
        if common := sorted(own.keys() & theirs.keys()):
            line["gain"] = asdict(estimate(np.array([own[seed] - theirs[seed] for seed in common])))
        lines.append(line)
    return {"scenarios": lines} if lines else {}
