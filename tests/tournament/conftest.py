"""Rows for the tests of what is in the database: a scenario, the built-in agents, and a way to add episodes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.trials import builtins, make_tournament, scenario  # noqa: F401  Fixtures.
from tournament import leaderboards
from tournament.models import Block, BlockState, Episode, Tournament


def invent_episode(pairing: Any, seed: int, reward: float = 0.25) -> Episode:
    """A row that looks like an episode's."""
    return Episode(
        pairing=pairing,
        engine=leaderboards.engine_version(),
        seed=seed,
        steps=1000,
        completed=True,
        target_reward=reward * 6400,
        normalised_reward=reward,
        coverage=0.5,
        real_coverage=0.4,
        transport=0.3,
        delivered=32,
        digest=f"{seed:016x}",
    )


@pytest.fixture
def pretend_to_play() -> Callable[..., None]:
    """Fill the waiting blocks of a tournament with invented episodes, at most `count` blocks."""

    def play(tournament: Tournament, count: int = 10**6) -> None:
        random = np.random.default_rng(tournament.pk)
        for block in Block.objects.filter(tournament=tournament, state=BlockState.WAITING)[:count]:
            rows = [invent_episode(block.pairing, seed, float(random.uniform(0, 1))) for seed in block.seeds]
            Episode.objects.bulk_create(rows, ignore_conflicts=True)
            Block.objects.filter(pk=block.pk).update(state=BlockState.DONE, num_played=len(block.seeds), seconds=2.0)

    return play
