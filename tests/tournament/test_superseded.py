"""Fits that newer ones have superseded are kept for as long as the operator says; the newest of a board always is."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.trials import builtins, make_tournament, scenario  # noqa: F401  Fixtures.
from tournament import superseded
from tournament.models import RatingSnapshot, Scenario, Tournament


@pytest.fixture
def fits(scenario: Scenario, make_tournament: Callable[..., Tournament]) -> dict[str, list[int]]:  # noqa: F811
    """Three fits of a scenario's board and two of a tournament's, all but the scenario's second a year old."""
    tournament = make_tournament(episodes=1)
    boards: dict[str, tuple[Any, int]] = {"scenario": (None, 3), "tournament": (tournament, 2)}
    made = {
        name: [
            RatingSnapshot.objects.create(
                scenario=scenario, tournament=board, number=number + 1, num_episodes=1, engine="1", table={}
            ).pk
            for number in range(count)
        ]
        for name, (board, count) in boards.items()
    }
    old = RatingSnapshot.objects.exclude(pk=made["scenario"][1])
    old.update(created=timezone.now() - timedelta(days=365))
    return made


def test_fits_stay_for_good_by_default(fits: dict[str, list[int]]) -> None:
    assert superseded.expire() == 0 and RatingSnapshot.objects.count() == 5


def test_old_fits_that_were_superseded_are_let_go(fits: dict[str, list[int]], settings: Any) -> None:
    settings.ARENA_KEEP_SNAPSHOTS_DAYS = 30
    assert superseded.expire() == 2
    left = set(RatingSnapshot.objects.values_list("pk", flat=True))
    assert left == {*fits["scenario"][1:], fits["tournament"][1]}
    assert superseded.expire() == 0
