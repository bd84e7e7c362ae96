"""Small tournaments of built-in agents, for tests with a database: its fixtures are imported where they are wanted."""

from collections.abc import Callable
from typing import Any

import pytest

from tournament import entries, exports, organising, tables
from tournament.models import Agent, Scenario, Tournament, TournamentState


@pytest.fixture
def scenario(db: None) -> Scenario:
    return entries.register_scenario("MATE-2v4-0")


@pytest.fixture
def builtins(db: None) -> dict[tuple[str, str], Agent]:
    """The built-in agents by team and name."""
    return {(row.team, row.spec["name"]): row for row in entries.register_builtin_agents()}


@pytest.fixture
def make_tournament(scenario: Scenario, builtins: dict[tuple[str, str], Agent]) -> Callable[..., Tournament]:
    """Make a tournament of built-in agents, by name."""

    def make(cameras: str = "greedy", targets: str = "greedy", episodes: int = 4, **more: Any) -> Tournament:
        return organising.create_tournament(
            organising.TournamentRequest(
                more.pop("name", "Trial"),
                more.pop("scenario", scenario),
                [builtins["camera", name] for name in cameras.split()],
                [builtins["target", name] for name in targets.split()],
                episodes,
                **more,
            )
        )

    return make


def is_over(tournament: Tournament) -> bool:
    tournament.refresh_from_db()
    return tournament.state != TournamentState.PLAYING


def write_episodes(tournament: Tournament) -> bytes:
    """The table of a tournament's episodes as CSV, which is the same however they were played."""
    return b"".join(tables.write(exports.episodes_of_tournament(tournament), "csv"))
