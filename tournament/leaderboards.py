"""Leaderboards: ratings fitted to the episodes in the database and published as numbered snapshots."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Max, Sum

from policies.devices import device_class
from tournament import ledgers, packing, ratings
from tournament.ledgers import Played
from tournament.models import Agent, Basis, Episode, Pairing, RatingSnapshot, Scenario, Tournament
from tournament.payoffs import MetaGame

DEVICE = device_class()
"""Device class of the networks whose episodes count; those of other classes stay in the database and out of every figure."""


def engine_version() -> str:
    """The engine whose episodes count today."""
    from mate import engine

    return engine.VERSION


def played_in(board: Scenario | Tournament, engine: str = "") -> Played:
    """The episodes that a board is about: all of a scenario's listed agents, or a tournament's own."""
    if isinstance(board, Tournament):
        return ledgers.read(board.scenario_id, board.engine, DEVICE).only(ledgers.seeds_of(board))
    return leave_out_unlisted(ledgers.read(board.pk, engine or engine_version(), DEVICE))


def leave_out_unlisted(played: Played) -> Played:
    """What milestones of trainings played counts for their training alone."""
    unlisted = set(Agent.objects.filter(is_listed=False).values_list("digest", flat=True))
    if not unlisted:
        return played
    return Played(
        {key: found for key, found in played.results.items() if not unlisted & {*played.agents[key]}}, played.agents
    )


def meta_game_of_scenario(scenario: Scenario, engine: str = "") -> MetaGame:
    """The meta-game of everything that was played in a scenario, agents ordered by digest."""
    return played_in(scenario, engine).meta_game()


def meta_game_of_tournament(tournament: Tournament) -> MetaGame:
    """The meta-game of a tournament's own episodes, agents ordered by digest; those that have not played are in it."""
    return played_in(tournament).meta_game(fields_of(tournament))


def fields_of(tournament: Tournament) -> tuple[list[str], list[str]]:
    """The digests of a tournament's cameras and targets."""
    cameras, targets = (field.values_list("digest", flat=True) for field in (tournament.cameras, tournament.targets))
    return list(cameras), list(targets)


def count_episodes(board: Scenario | Tournament) -> int:
    """How many episodes a fit of the board would rest on now."""
    if isinstance(board, Tournament):
        return board.num_reused + (board.blocks.aggregate(played=Sum("num_played"))["played"] or 0)
    listed = Pairing.objects.filter(scenario=board, camera__is_listed=True, target__is_listed=True)
    return Episode.objects.filter(pairing__in=listed, engine=engine_version(), device=DEVICE).count()


# Snapshots


def refit(scenario: Scenario) -> RatingSnapshot | None:
    """Publish a scenario's ratings from all its episodes, unless they are up to date; None where nothing was played."""
    played = played_in(scenario)
    return _publish(scenario, None, played, played.meta_game())


def refit_tournament(tournament: Tournament) -> RatingSnapshot | None:
    """Publish a tournament's ratings from its own episodes, unless they are up to date; None where nothing was played."""
    played = played_in(tournament)
    return _publish(tournament.scenario, tournament, played, played.meta_game(fields_of(tournament)))


def _publish(
    scenario: Scenario, tournament: Tournament | None, played: Played, game: MetaGame
) -> RatingSnapshot | None:
    if not game.num_episodes:
        return None
    board = RatingSnapshot.objects.filter(scenario=scenario, tournament=tournament)
    engine = tournament.engine if tournament else engine_version()
    before = board.first()
    reason = explain(before, game, engine)
    if not reason:
        return before
    columns = {
        "num_episodes": game.num_episodes,
        "engine": engine,
        "code": ratings.VERSION,
        "reason": reason,
        "table": ratings.rate(game).to_json() | {"meta_game": game.to_json()},
    }
    keys = packing.pack(played.keys())
    while True:
        number = (board.aggregate(last=Max("number"))["last"] or 0) + 1
        try:
            with transaction.atomic():
                snapshot = board.create(scenario=scenario, tournament=tournament, number=number, **columns)
                Basis.objects.create(snapshot=snapshot, keys=keys)
                return snapshot
        except IntegrityError:
            continue  # Another worker published this number.


def explain(before: RatingSnapshot | None, game: MetaGame, engine: str) -> str:
    """Why a snapshot of this meta-game is due after the one before it, in words; empty if nothing has changed."""
    if before is None:
        return f"The first fit, to {_count(game.num_episodes, 'episode')}"
    known = before.table["meta_game"]
    reasons = []
    if before.engine != engine:
        reasons.append(f"new engine version {engine}, whose episodes alone count")
    if before.code != ratings.VERSION:
        reasons.append(f"new rating code {ratings.VERSION}")
    more = game.num_episodes - before.num_episodes
    if before.engine == engine and more > 0:
        reasons.append(f"{_count(more, 'new episode')}")
    elif before.engine == engine and more < 0:
        reasons.append(f"{_count(-more, 'episode')} removed")
    elif before.engine == engine and known != game.to_json():
        reasons.append("other episodes than before")
    joined = {*game.cameras, *game.targets} - {*known["cameras"], *known["targets"]}
    if joined and reasons:
        reasons.append(_count(len(joined), "new agent"))
    text = ", ".join(reasons)
    return text[:1].upper() + text[1:]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def latest(board: Scenario | Tournament) -> RatingSnapshot | None:
    """The newest snapshot of a scenario's or a tournament's board."""
    if isinstance(board, Tournament):
        return board.snapshots.first()
    return board.snapshots.filter(tournament=None).first()
