"""Leaderboards: ratings fitted to the episodes in the database and published as numbered snapshots."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Max, Sum

from policies.devices import device_class
from tournament import ledgers, ratings
from tournament.models import Episode, RatingSnapshot, Scenario, Tournament
from tournament.payoffs import MetaGame

DEVICE = device_class()
"""Device class of the networks whose episodes count; those of other classes stay in the database and out of every figure."""


def engine_version() -> str:
    """The engine whose episodes count today."""
    from mate import engine

    return engine.VERSION


def meta_game_of_scenario(scenario: Scenario, engine: str = "") -> MetaGame:
    """The meta-game of everything that was played in a scenario, agents ordered by digest."""
    return ledgers.read(scenario.pk, engine or engine_version(), DEVICE).meta_game()


def meta_game_of_tournament(tournament: Tournament) -> MetaGame:
    """The meta-game of a tournament's own episodes, agents ordered by digest; those that have not played are in it."""
    played = ledgers.read(tournament.scenario_id, tournament.engine, DEVICE).only(ledgers.seeds_of(tournament))
    cameras, targets = (field.values_list("digest", flat=True) for field in (tournament.cameras, tournament.targets))
    return played.meta_game((cameras, targets))


def count_episodes(board: Scenario | Tournament) -> int:
    """How many episodes a fit of the board would rest on now."""
    if isinstance(board, Tournament):
        return board.num_reused + (board.blocks.aggregate(played=Sum("num_played"))["played"] or 0)
    return Episode.objects.filter(pairing__scenario=board, engine=engine_version(), device=DEVICE).count()


# Snapshots


def refit(scenario: Scenario) -> RatingSnapshot | None:
    """Publish a scenario's ratings from all its episodes, unless they are up to date; None where nothing was played."""
    return _publish(scenario, None, meta_game_of_scenario(scenario))


def refit_tournament(tournament: Tournament) -> RatingSnapshot | None:
    """Publish a tournament's ratings from its own episodes, unless they are up to date; None where nothing was played."""
    return _publish(tournament.scenario, tournament, meta_game_of_tournament(tournament))


def _publish(scenario: Scenario, tournament: Tournament | None, game: MetaGame) -> RatingSnapshot | None:
    if not game.num_episodes:
        return None
    board = RatingSnapshot.objects.filter(scenario=scenario, tournament=tournament)
    engine = tournament.engine if tournament else engine_version()
    reason = explain(board.first(), game, engine)
    if not reason:
        return board.first()
    facts = {"num_episodes": game.num_episodes, "engine": engine, "code": ratings.VERSION}
    table = ratings.rate(game).to_json() | {"meta_game": game.to_json()}
    while True:
        number = (board.aggregate(last=Max("number"))["last"] or 0) + 1
        try:
            with transaction.atomic():
                return board.create(
                    scenario=scenario, tournament=tournament, number=number, reason=reason, table=table, **facts
                )
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
