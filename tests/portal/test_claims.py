"""Pages and the API claim no more about a board than its data support."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from tests.portal.conftest import make_up
from tournament import leaderboards, organising
from tournament.models import Agent, Episode, Scenario, Tournament

Board = Callable[..., Tournament]


@pytest.fixture
def board(scenario: Scenario, agents: dict[str, Agent]) -> Board:
    """Publish the board of a tournament with episodes of these numbers."""

    def make(cameras: str, targets: str, count: int) -> Tournament:
        fields = [
            [agents[f"{name}-{team}"] for name in names.split()]
            for team, names in (("camera", cameras), ("target", targets))
        ]
        cup = organising.create_tournament(organising.TournamentRequest("Cup", scenario, fields[0], fields[1], count))
        for pairing in cup.pairings.select_related("camera", "target"):
            seeds = cup.blocks.get(pairing=pairing).seeds
            Episode.objects.bulk_create(make_up(pairing, seed) for seed in seeds)
        leaderboards.refit(scenario)
        leaderboards.refit_tournament(cup)
        return cup

    return make


def read(client: Client, name: str, *args: object) -> str:
    return " ".join(client.get(reverse(name, args=args)).content.decode().split())


def test_one_agent_a_side_has_no_rank_on_any_page(client: Client, board: Board, scenario: Scenario) -> None:
    cup = board("greedy", "greedy", 2)
    pages = [read(client, "leaderboard", scenario.slug), read(client, "tournament", cup.pk), read(client, "home")]
    for page in pages:
        assert "there is no other camera to compare it with" in page
        assert "&gt;\u00a099" not in page and ">\u00a099" not in page and "100 %" not in page
        assert "cyclicity 0.0" not in page and '<span class="rank">1</span>' not in page
    assert "no other agent" in read(client, "agent", "greedy-camera")


def test_programs_are_told_what_is_not_known(client: Client, board: Board, scenario: Scenario) -> None:
    board("greedy", "greedy", 2)
    found = client.get(f"/api/v1/scenarios/{scenario.slug}/leaderboard").json()
    line = found["cameras"][0]
    assert [line[name] for name in ("rank", "first_probability", "nash_mass")] == [None] * 3
    assert "no rank" in found["limits"]["camera"]
    assert found["cyclicity"] is None and found["alpha_rank"] is None


def test_one_camera_against_two_targets_ranks_the_targets_alone(
    client: Client, board: Board, scenario: Scenario
) -> None:
    board("greedy", "greedy random", 40)
    found = client.get(f"/api/v1/scenarios/{scenario.slug}/leaderboard").json()
    assert "no rank" in found["limits"]["camera"] and found["cameras"][0]["rank"] is None
    assert found["limits"]["target"] == "" and found["targets"][0]["rank"] == 1


def test_two_episodes_a_pairing_are_said_to_be_few(client: Client, board: Board, scenario: Scenario) -> None:
    board("greedy random", "greedy random", 2)
    page = read(client, "leaderboard", scenario.slug)
    assert "the order is provisional" in page or "Too few episodes" in page
    assert "describes these agents well" not in page.replace("whether Elo describes these agents well", "")
