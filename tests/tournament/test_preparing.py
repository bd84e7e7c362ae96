"""A large first round is written part by part: at once for the caller, whole after any number of deaths."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tournament import organising
from tournament.models import Agent, Block, Choice, Scenario, Tournament, TournamentState
from tournament.organising import preparing, rounds

pytestmark = pytest.mark.django_db

PART = 3


@pytest.fixture(autouse=True)
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (preparing, rounds):
        monkeypatch.setattr(module, "PART", PART)


@pytest.fixture
def plan(scenario: Scenario, builtins: dict[tuple[str, str], Agent]) -> Callable[[], Tournament]:
    """Plan a round robin of eight pairings."""
    fields = [[agent for agent in builtins.values() if agent.team == team] for team in ("camera", "target")]

    def plan() -> Tournament:
        request = organising.TournamentRequest("Cup", scenario, fields[0][:4], fields[1][:2], 5)
        return organising.plan_tournament(request)

    return plan


def take(parts: Iterator[int], number: int) -> None:
    for _ in range(number):
        next(parts)


def contents_of(tournament: Tournament) -> list[tuple[Any, ...]]:
    choices = Choice.objects.filter(tournament=tournament).order_by("pk")
    return list(choices.values_list("round", "pairing__camera", "pairing__target", "first", "count", "step", "reason"))


def blocks_of(tournament: Tournament) -> list[tuple[Any, ...]]:
    blocks = Block.objects.filter(tournament=tournament).order_by("pk")
    return list(blocks.values_list("pairing__camera", "pairing__target", "seeds"))


def prepare(tournament: Tournament) -> None:
    for _ in organising.prepare(tournament):
        pass
    tournament.refresh_from_db()


def test_a_large_tournament_is_planned_without_its_pairings_and_prepared_to_the_same(
    plan: Callable[[], Tournament], monkeypatch: pytest.MonkeyPatch
) -> None:
    tournament = plan()
    assert (tournament.num_unwritten, tournament.round, tournament.num_episodes) == (40, 0, 0)
    assert not contents_of(tournament) and not tournament.pairings.exists()
    assert organising.progress(tournament).total == 40
    assert not organising.finish_if_complete(tournament)
    prepare(tournament)
    assert (tournament.num_unwritten, tournament.round, tournament.num_episodes) == (0, 1, 40)
    monkeypatch.setattr(rounds, "PART", 100)
    whole = plan()
    assert whole.round == 1 and contents_of(whole) == contents_of(tournament)
    assert blocks_of(whole) == blocks_of(tournament)
    assert whole.finding == tournament.finding


@pytest.mark.parametrize("written", [1, 2, 3])
def test_after_a_death_another_process_writes_what_is_missing_and_nothing_twice(
    plan: Callable[[], Tournament], written: int
) -> None:
    tournament, peaceful = plan(), plan()
    take(organising.prepare(tournament), written)
    assert Choice.objects.filter(tournament=tournament).count() == min(PART * written, 8)
    prepare(tournament)
    prepare(peaceful)
    assert contents_of(tournament) == contents_of(peaceful)
    assert blocks_of(tournament) == blocks_of(peaceful)


def test_two_processes_write_every_part_once(plan: Callable[[], Tournament]) -> None:
    tournament, peaceful = plan(), plan()
    first, second = organising.prepare(tournament), organising.prepare(tournament)
    assert [next(first), next(second), next(first)] == [3, 6, 8]
    assert next(second, None) is None and next(first, None) is None
    prepare(peaceful)
    tournament.refresh_from_db()
    assert (tournament.num_unwritten, tournament.round, tournament.num_episodes) == (0, 1, 40)
    assert contents_of(tournament) == contents_of(peaceful)


def test_a_cancelled_tournament_is_written_no_further(plan: Callable[[], Tournament]) -> None:
    tournament = plan()
    parts = organising.prepare(tournament)
    take(parts, 1)
    assert organising.cancel_tournament(tournament)
    assert next(parts, None) is None
    tournament.refresh_from_db()
    assert (tournament.state, tournament.num_unwritten) == (TournamentState.CANCELLED, 0)
    assert Choice.objects.filter(tournament=tournament).count() == PART
    assert not tournament.blocks.filter(state__in=rounds.OPEN).exists()
    assert organising.claim_unprepared() is None


def test_one_worker_prepares_until_it_is_believed_to_be_dead(
    plan: Callable[[], Tournament], monkeypatch: pytest.MonkeyPatch
) -> None:
    tournament = plan()
    assert organising.claim_unprepared() == tournament
    assert organising.claim_unprepared() is None
    organising.release_unprepared(tournament)
    assert organising.claim_unprepared() == tournament
    Tournament.objects.update(prepared_until="2000-01-01T00:00:00Z")
    assert organising.claim_unprepared() == tournament


def test_parts_that_are_played_before_the_rest_is_written_do_not_end_the_round(
    plan: Callable[[], Tournament],
) -> None:
    tournament = plan()
    take(organising.prepare(tournament), 1)
    tournament.blocks.update(state="done")
    assert not organising.finish_if_complete(tournament)
    assert tournament.state == TournamentState.PLAYING
