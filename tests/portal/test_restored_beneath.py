"""A backup is restored beneath running processes, and keys are used again: cached values of other rows are not used."""

import json
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from portal import backups
from portal.notifications import collecting
from tasks import publishing
from tests.tournament.conftest import invent_episode
from tournament import leaderboards, organising
from tournament.models import Agent, Episode, Pairing, RatingSnapshot, Scenario, Tournament

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def backup(played: Tournament, tmp_path: Path) -> Path:
    """A backup of a portal with a played tournament."""
    return backups.back_up(tmp_path / "backups")


def restore(backup: Path) -> None:
    call_command("restore", str(backup), "--replace")


def play(scenario: Scenario, camera: str, target: str, reward: float) -> tuple[int, list[int]]:
    """Play a new pairing; return the keys of its row and of its episodes."""
    agents = [Agent.objects.get(slug=f"{name}-{team}") for name, team in ((camera, "camera"), (target, "target"))]
    pairing = Pairing.objects.create(scenario=scenario, camera=agents[0], target=agents[1])
    rows = [invent_episode(pairing, seed, reward) for seed in range(5)]
    return pairing.pk, [row.pk for row in Episode.objects.bulk_create(rows)]


def payoffs(scenario: Scenario) -> dict[tuple[str, str], float]:
    """Return the payoffs of a scenario's newest board by the agents' slugs."""
    snapshot = leaderboards.refit(scenario)
    assert snapshot is not None
    game, slugs = snapshot.table["meta_game"], dict(Agent.objects.values_list("digest", "slug"))
    return {
        (slugs[camera], slugs[target]): payoff
        for camera, row in zip(game["cameras"], game["payoff"], strict=True)
        for target, payoff in zip(game["targets"], row, strict=True)
        if payoff is not None
    }


@pytest.mark.parametrize("reused", [("heuristic", "naive", 0.25), ("naive", "greedy", 0.25)])
def test_a_board_has_the_episodes_that_are_there_now(
    backup: Path, played: Tournament, reused: tuple[str, str, float]
) -> None:
    restore(backup)  # The keys of later rows follow those of the backup, whatever other tests have used.
    before = payoffs(played.scenario)
    keys = play(played.scenario, "naive", "greedy", 0.5)
    assert payoffs(played.scenario) == before | {("naive-camera", "greedy-target"): -0.5}
    restore(backup)
    assert play(played.scenario, *reused) == keys
    assert payoffs(played.scenario) == before | {(f"{reused[0]}-camera", f"{reused[1]}-target"): -reused[2]}


def test_a_tournament_that_was_cancelled_in_both_lives_is_fitted_in_both(backup: Path, played: Tournament) -> None:
    for _ in range(2):
        restore(backup)
        Tournament.objects.update(state="playing", finished=None)
        RatingSnapshot.objects.all().delete()
        tournament = Tournament.objects.get()
        organising.cancel_tournament(tournament)
        assert publishing.catch_up(Tournament.objects.get()) == 2


def test_ranks_are_compared_in_both_lives(
    backup: Path, played: Tournament, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []
    monkeypatch.setattr(collecting, "compare_boards", lambda cup: compared.append(cup.pk) or iter(()))
    restored = Tournament.objects.get()
    collecting._compared.add((restored.pk, restored.finished))
    collecting.collect()
    assert compared == []
    Tournament.objects.update(finished=restored.created)  # Another tournament with this key.
    collecting.collect()
    assert compared == [restored.pk]


def test_a_kept_file_is_of_the_fit_that_is_there_now(backup: Path, played: Tournament, client: Client) -> None:
    def count() -> int:
        answer = client.get("/api/v1/scenarios/mate-2v4-0/episodes")
        return len(json.loads(b"".join(answer))["rows"])  # type: ignore[arg-type]

    restore(backup)
    had = count()
    play(played.scenario, "naive", "greedy", 0.5)
    first = leaderboards.refit(played.scenario)
    assert count() == had + 5
    restore(backup)
    play(played.scenario, "naive", "naive", 0.5)
    play(played.scenario, "heuristic", "naive", 0.5)
    second = leaderboards.refit(played.scenario)
    assert first and second and first.pk == second.pk and count() == had + 10
