"""Leaderboards: ratings fitted to the episodes in the database and published as numbered snapshots."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet, Sum

from policies.devices import device_class
from tournament import evolution, ledgers, ratings, refitting, totals
from tournament.ledgers import Fields, Played
from tournament.models import Agent, AgentKind, Basis, RatingSnapshot, Scenario, Tournament
from tournament.payoffs import MetaGame

DEVICE = device_class()
"""Device class of the networks whose episodes count; those of other classes are excluded from all figures."""


def engine_version() -> str:
    """Return the engine version whose episodes count."""
    from mate import engine

    return engine.VERSION


def played_in(board: Scenario | Tournament, engine: str = "") -> Played:
    """Return the episodes of a board: those of a scenario's listed agents, or a tournament's own."""
    if isinstance(board, Tournament):
        return ledgers.read_own(board, DEVICE)
    return leave_out_unlisted(ledgers.read(board.pk, engine or engine_version(), DEVICE))


def leave_out_unlisted(played: Played) -> Played:
    """Drop the episodes of unlisted agents, since milestones count only for their training, and of remote ones."""
    return _leave_out(played, set(find_unlisted().values_list("digest", flat=True)))


def find_unlisted() -> QuerySet[Agent]:
    """Return the agents that do not count on scenarios' boards."""
    return Agent.objects.filter(Q(is_listed=False) | Q(kind=AgentKind.REMOTE))


def _leave_out(played: Played, digests: set[str]) -> Played:
    if not digests:
        return played
    return Played(
        {key: found for key, found in played.results.items() if not digests & {*played.agents[key]}}, played.agents
    )


def meta_game_of_tournament(tournament: Tournament) -> MetaGame:
    """Return the meta-game of a tournament's own episodes, with all its agents sorted by digest."""
    return played_in(tournament).meta_game(fields_of(tournament))


def fields_of(tournament: Tournament) -> Fields:
    """Return the digests of a tournament's cameras and targets, sorted."""
    cameras, targets = (field.values_list("digest", flat=True) for field in (tournament.cameras, tournament.targets))
    return tuple(sorted(cameras)), tuple(sorted(targets))


def count_episodes(board: Scenario | Tournament) -> int:
    """Return the number of episodes of a fit of the board now."""
    if isinstance(board, Tournament):
        return board.num_reused + (board.blocks.aggregate(played=Sum("num_played"))["played"] or 0)
    left_out = find_unlisted().values("pk")
    rows = totals.of(board, engine_version(), DEVICE)
    return totals.count(rows.exclude(pairing__camera__in=left_out).exclude(pairing__target__in=left_out))


# Snapshots


def refit(scenario: Scenario) -> RatingSnapshot | None:
    """Publish a scenario's ratings from all its episodes, unless they are up to date; None where nothing was played."""
    played = played_in(scenario)
    return _publish(scenario, played, played.fields(), engine_version())


def refit_tournament(tournament: Tournament) -> RatingSnapshot | None:
    """Publish a tournament's ratings from its own episodes, unless they are up to date.

    Remote agents are rated where the tournament says so. None where nothing was played.
    """
    played, fields = played_in(tournament), fields_of(tournament)
    if not tournament.rates_remote:
        remote = set(Agent.objects.filter(kind=AgentKind.REMOTE).values_list("digest", flat=True))
        played = _leave_out(played, remote)
        fields = tuple(tuple(one for one in field if one not in remote) for field in fields)  # type: ignore[assignment]
    return _publish(tournament, played, fields, tournament.engine)


def _publish(board: Scenario | Tournament, played: Played, fields: Fields, engine: str) -> RatingSnapshot | None:
    if not played.results:
        return None
    scenario, tournament = (board.scenario, board) if isinstance(board, Tournament) else (board, None)
    before = latest(board)
    keys = played.pack_keys()
    if before is not None and _is_up_to_date(before, keys, engine):
        return before
    game, rated = refitting.fit(_name(board, engine), played, fields)
    table = rated.to_json() | {"meta_game": game.to_json(), "alpha_rank": evolution.describe(game)}
    columns = {"num_episodes": game.num_episodes, "engine": engine, "code": ratings.VERSION, "table": table}
    while True:
        newest = latest(board)
        if newest is not None and newest != before and _overtakes(newest, game, engine):
            return newest
        number = newest.number + 1 if newest else 1
        try:
            with transaction.atomic():
                snapshot = RatingSnapshot.objects.create(
                    scenario=scenario,
                    tournament=tournament,
                    number=number,
                    reason=explain(newest, game, engine),
                    **columns,
                )
                Basis.objects.create(snapshot=snapshot, keys=keys)
                return snapshot
        except IntegrityError:
            continue  # Another worker published this number.


def _overtakes(snapshot: RatingSnapshot, game: MetaGame, engine: str) -> bool:
    """Return whether a snapshot that another worker published has at least this meta-game's episodes."""
    is_alike = (snapshot.engine, snapshot.code) == (engine, ratings.VERSION)
    return is_alike and snapshot.num_episodes >= game.num_episodes


def _name(board: Scenario | Tournament, engine: str) -> tuple[Any, ...] | None:
    """Return the name under which a board's evidence is cached; None inside a transaction, which may be rolled back."""
    if connection.in_atomic_block:
        return None
    return connection.settings_dict["NAME"], type(board).__name__, board.pk, engine


def _is_up_to_date(snapshot: RatingSnapshot, keys: bytes, engine: str) -> bool:
    """Return whether a snapshot was made by this code from exactly these episodes."""
    if (snapshot.engine, snapshot.code) != (engine, ratings.VERSION):
        return False
    basis = Basis.objects.filter(snapshot=snapshot).first()
    return basis is not None and bytes(basis.keys) == keys


def explain(before: RatingSnapshot | None, game: MetaGame, engine: str) -> str:
    """Return why a snapshot of this meta-game was made after the previous one, in words."""
    if before is None:
        return f"The first fit, to {_count(game.num_episodes, 'episode')}"
    reasons = []
    if before.code != ratings.VERSION:
        reasons.append(f"new rating code {ratings.VERSION}")
    more = game.num_episodes - before.num_episodes
    if before.engine != engine:
        reasons.append(f"new engine {engine}: its {_count(game.num_episodes, 'episode')} alone count")
    elif more > 0:
        reasons.append(_count(more, "new episode"))
    elif more < 0:
        reasons.append(f"{_count(-more, 'episode')} removed")
    fields = "table__meta_game__cameras", "table__meta_game__targets"  # Reading the whole table is slow.
    cameras, targets = RatingSnapshot.objects.values_list(*fields).get(pk=before.pk)
    if joined := {*game.cameras, *game.targets} - {*cameras, *targets}:
        reasons.append(_count(len(joined), "new agent"))
    text = ", ".join(reasons) or "other episodes than before"
    return text[:1].upper() + text[1:]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def latest(board: Scenario | Tournament) -> RatingSnapshot | None:
    """Return the newest snapshot of a scenario's or a tournament's board; its table is read lazily."""
    snapshots = board.snapshots.order_by("-number").defer("table")
    return (snapshots if isinstance(board, Tournament) else snapshots.filter(tournament=None)).first()
