"""Leaderboards: ratings fitted to the episodes in the database and published as numbered snapshots."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet, Sum

from policies.devices import device_class
from tournament import ratings
from tournament.contents import Contents
from tournament.models import Agent, Episode, RatingSnapshot, Scenario, Tournament
from tournament.payoffs import Episodes, MetaGame

DEVICE = device_class()
"""Device class of the networks whose episodes count; those of other classes stay in the database and out of every figure."""
_ROW = np.dtype(
    [("pairing", np.int64), ("camera", np.int64), ("target", np.int64), ("seed", np.int64), ("reward", np.float64)]
)


def engine_version() -> str:
    """The engine whose episodes count today."""
    from mate import engine

    return engine.VERSION


def meta_game_of_scenario(scenario: Scenario, engine: str = "") -> MetaGame:
    """The meta-game of everything that was played in a scenario, agents ordered by digest."""
    episodes = Episode.objects.filter(pairing__scenario=scenario, engine=engine or engine_version(), device=DEVICE)
    return _build(episodes, None)


def meta_game_of_tournament(tournament: Tournament) -> MetaGame:
    """The meta-game of a tournament's own episodes, agents ordered by digest; those that have not played are in it."""
    cameras = sorted(tournament.cameras.values_list("pk", "digest"), key=lambda row: row[1])
    targets = sorted(tournament.targets.values_list("pk", "digest"), key=lambda row: row[1])
    episodes = Episode.objects.filter(pairing__tournaments=tournament, engine=tournament.engine, device=DEVICE)
    return _build(episodes, (cameras, targets), Contents(tournament))


Field = Sequence[tuple[int, str]]


def _build(
    episodes: QuerySet[Episode], fields: tuple[Field, Field] | None, contents: Contents | None = None
) -> MetaGame:
    """The meta-game of a query's episodes that are among the contents, for agents given as (key, digest)."""
    columns = ("pairing_id", "pairing__camera_id", "pairing__target_id", "seed", "normalised_reward")
    rows = episodes.order_by("pairing_id", "seed").values_list(*columns)
    table = np.fromiter(rows.iterator(chunk_size=20_000), dtype=_ROW)
    if contents is not None:
        table = table[contents.find(table["pairing"], table["seed"]) >= 0]
    if fields is None:
        fields = _agents(table["camera"]), _agents(table["target"])
    cameras, targets = (_index(table[team], field) for team, field in zip(("camera", "target"), fields, strict=True))
    found = Episodes(cameras, targets, table["seed"].copy(), table["reward"].copy())
    first, second = ([digest for _, digest in field] for field in fields)
    return MetaGame.from_episodes(first, second, found)


def _agents(keys: np.ndarray) -> Field:
    rows = Agent.objects.filter(pk__in=np.unique(keys).tolist()).values_list("pk", "digest")
    return sorted(rows, key=lambda row: row[1])


def _index(keys: np.ndarray, field: Field) -> np.ndarray:
    """Positions in the field of agents' keys."""
    numbers = np.array([key for key, _ in field], dtype=np.int64)
    order = np.argsort(numbers)
    return order[np.searchsorted(numbers, keys, sorter=order)] if len(numbers) else np.empty(0, dtype=np.int64)


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
    latest = board.first()
    facts = {"num_episodes": game.num_episodes, "engine": engine, "code": ratings.VERSION}
    if latest is not None and all(getattr(latest, name) == value for name, value in facts.items()):
        return latest
    table = ratings.rate(game).to_json() | {"meta_game": game.to_json()}
    while True:
        number = (board.aggregate(last=Max("number"))["last"] or 0) + 1
        try:
            with transaction.atomic():
                return board.create(scenario=scenario, tournament=tournament, number=number, table=table, **facts)
        except IntegrityError:
            continue  # Another worker published this number.


def latest(board: Scenario | Tournament) -> RatingSnapshot | None:
    """The newest snapshot of a scenario's or a tournament's board."""
    if isinstance(board, Tournament):
        return board.snapshots.first()
    return board.snapshots.filter(tournament=None).first()
