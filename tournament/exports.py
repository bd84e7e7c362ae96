"""Exported tables: episodes, payoffs and ratings of a pairing, a tournament or a published snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from django.db.models import Count, QuerySet
from numpy.typing import NDArray

from mate.errors import UserError
from tournament import leaderboards, ledgers, packing
from tournament.boards import Board, board_of, payoff_cells
from tournament.models import Basis, Episode, Pairing, RatingSnapshot, Tournament
from tournament.tables import Table, TableColumn

ROWS_AT_ONCE = 20_000
"""Target number of rows of a chunk; a larger pairing is not divided."""
PAIRINGS_AT_ONCE = 500

Rows = list[tuple[Any, ...]]
Chunk = Mapping[str, Sequence[Any]]


class ExportRefused(UserError):
    """An export that does not exist; the message says why and what can be exported."""


_AGENTS = (
    TableColumn("camera", "text", "", "digest of the camera agent"),
    TableColumn("target", "text", "", "digest of the target agent"),
)
_MEASURES = (
    TableColumn("steps", "whole", "environment steps", "length of the episode"),
    TableColumn("completed", "truth", "", "whether all cargo was delivered before the step limit"),
    TableColumn("target_reward", "real", "reward", "sum of the target team's rewards"),
    TableColumn(
        "normalised_reward",
        "real",
        "share",
        "target_reward over the scenario's nominal maximum; its negative is the payoff",
    ),
    TableColumn("coverage", "real", "share of 1", "mean coverage rate of the targets"),
    TableColumn("real_coverage", "real", "share of 1", "mean coverage rate of the targets with bounty left"),
    TableColumn("transport", "real", "share of 1", "share of their full pay that deliveries earned"),
    TableColumn("delivered", "whole", "cargo weights", "delivered cargo"),
)
_EDGES = (
    TableColumn("camera_edges_sent", "text", "messages", "sent by each camera, by index, separated by spaces; empty "
        "if not "
        "counted"),
    TableColumn("camera_edges_received", "text", "messages", "received by each camera, likewise"),
    TableColumn("target_edges_sent", "text", "messages", "sent by each target, likewise"),
    TableColumn("target_edges_received", "text", "messages", "received by each target, likewise"),
)  # fmt: skip
EPISODES = (
    TableColumn("scenario", "text", "", "digest of the scenario"),
    *_AGENTS,
    TableColumn("engine", "text", "", "engine version that played it"),
    TableColumn("device", "text", "", "device class of the networks"),
    TableColumn("seed", "seed", "", "the episode's seed"),
    *_MEASURES,
    TableColumn("digest", "text", "", "running 64-bit hash of the whole trajectory, hexadecimal"),
    *_EDGES,
)
PAYOFFS = (
    *_AGENTS,
    TableColumn("camera_slug", "text", "", "the camera agent's slug"),
    TableColumn("target_slug", "text", "", "the target agent's slug"),
    TableColumn("payoff", "real", "normalised reward", "the camera's mean; the target's is its negative"),
    TableColumn("error", "real", "normalised reward", "standard error of that mean; empty below two episodes"),
    TableColumn("episodes", "whole", "episodes", "how many were played"),
    TableColumn("pairing", "whole", "", "the pairing's number in this portal"),
)
RATINGS = (
    TableColumn("team", "text", "", "camera or target"),
    TableColumn("agent", "text", "", "the agent's slug"),
    TableColumn("digest", "text", "", "the agent's digest"),
    TableColumn("rank", "whole", "", "by rating, from 1 within the team"),
    TableColumn("best_rank", "whole", "", "1 + the number of agents that are better beyond the interval of the "
        "difference"),
    TableColumn("worst_rank", "whole", "", "number of rated agents that it is not better than beyond that interval"),
    TableColumn("first_probability", "real", "probability", "that no agent of the team is better"),
    TableColumn("rating", "real", "Elo points", "duplicate Elo; the team's greedy agent has 1000"),
    TableColumn("lower", "real", "Elo points", "lower end of the rating's 95 % interval"),
    TableColumn("upper", "real", "Elo points", "upper end of the rating's 95 % interval"),
    TableColumn("margin", "real", "Elo points", "margin rating: by how much better, not how often"),
    TableColumn("margin_lower", "real", "Elo points", "lower end of the margin rating's 95 % interval"),
    TableColumn("margin_upper", "real", "Elo points", "upper end of the margin rating's 95 % interval"),
    TableColumn("payoff", "real", "normalised reward", "the agent's own mean payoff over its opponents"),
    TableColumn("payoff_error", "real", "normalised reward", "standard error of that mean"),
    TableColumn("nash_mass", "real", "probability", "of the agent in its team's maximum-entropy Nash strategy"),
    TableColumn("nash_support", "real", "share of 1", "of the replicates in which it is in that strategy, episodes "
        "drawn "
        "anew"),
    TableColumn("nash_skill", "real", "normalised reward", "payoff against the other team's Nash strategy minus the "
        "game's "
        "value"),
    TableColumn("deviation", "real", "normalised reward", "deviation rating"),
    TableColumn("worst_opponent", "text", "", "digest of the opponent against which its payoff is least"),
    TableColumn("num_episodes", "whole", "episodes", "how many it has played"),
    TableColumn("num_opponents", "whole", "agents", "how many it has met"),
    TableColumn("num_comparisons", "whole", "comparisons", "with others of its team, on one seed against one opponent"),
    TableColumn("is_provisional", "truth", "", "whether it has played too few episodes to be relied on"),
    TableColumn("is_anchor", "truth", "", "whether its rating is 1000 by definition"),
)  # fmt: skip


# Tables of a published snapshot


def facts_of(snapshot: RatingSnapshot) -> dict[str, Any]:
    """Return the facts of a snapshot's tables as JSON values; `cameras` and `targets` are the meta-game's digests."""
    game = snapshot.table["meta_game"]
    return {
        "scenario": snapshot.scenario.name,
        "scenario_digest": snapshot.scenario.digest,
        "tournament": snapshot.tournament_id,
        "snapshot": snapshot.number,
        "reason": snapshot.reason,
        "engine": snapshot.engine,
        "code": snapshot.code,
        "num_episodes": snapshot.num_episodes,
        "created": snapshot.created.isoformat(),
        "cameras": game["cameras"],
        "targets": game["targets"],
    }


def filename(snapshot: RatingSnapshot, table: str, format: str) -> str:
    """Return the file name of a snapshot's table, which names its subject and versions."""
    board = f"tournament-{snapshot.tournament_id}" if snapshot.tournament_id else snapshot.scenario.slug
    return f"{board}-snapshot-{snapshot.number}-engine-{snapshot.engine}-code-{snapshot.code}-{table}.{format}"


def episodes_of_snapshot(snapshot: RatingSnapshot) -> Table:
    """Return exactly the episodes of the snapshot's fit. Raises ExportRefused where they were not recorded."""
    basis = Basis.objects.filter(snapshot=snapshot).first()
    if basis is None:
        raise ExportRefused(
            f"Snapshot {snapshot.number} was published before the portal recorded the episodes of snapshots."
            " Its ratings and payoffs can be exported; for episodes, export a newer snapshot."
        )
    keys = packing.unpack(bytes(basis.keys))
    episodes = Episode.objects.filter(pairing__scenario=snapshot.scenario, engine=snapshot.engine)
    if snapshot.tournament:
        episodes = episodes.filter(pairing__tournaments=snapshot.tournament)

    def is_counted(pairing: int, rows: Rows) -> list[bool]:
        return _are_among(keys, [row[0] for row in rows])

    return Table("episodes", EPISODES, facts_of(snapshot), read_episodes(episodes, is_counted))


def payoffs_of_snapshot(snapshot: RatingSnapshot) -> Table:
    """Return a row for each cell that was played, in the order of the board."""
    return Table("payoffs", PAYOFFS, facts_of(snapshot), _transpose(PAYOFFS, list(_payoff_rows(board_of(snapshot)))))


def _payoff_rows(board: Board) -> Iterator[tuple[Any, ...]]:
    for camera, cells in zip(board.cameras, payoff_cells(board), strict=True):
        for target, cell in zip(board.targets, cells, strict=True):
            if cell is not None:
                agents = camera.agent.digest, target.agent.digest, camera.agent.slug, target.agent.slug
                yield *agents, cell.payoff, cell.error, cell.count, cell.pairing


def ratings_of_snapshot(snapshot: RatingSnapshot) -> Table:
    """Return a row for each agent, cameras first, best first."""
    board = board_of(snapshot)
    names = [column.name for column in RATINGS[3:]]
    rows = [
        (line.agent.team, line.agent.slug, line.agent.digest, *(getattr(line.rating, name) for name in names))
        for line in (*board.cameras, *board.targets)
    ]
    return Table("ratings", RATINGS, facts_of(snapshot) | _figures_of(board), _transpose(RATINGS, rows))


def _figures_of(board: Board) -> dict[str, Any]:
    """Return a board's figures about the whole meta-game."""
    names = ("nash", "cyclicity", "influences", "alpha_rank")
    return {name: board.snapshot.table.get(name) for name in names}


TABLES: dict[str, Callable[[RatingSnapshot], Table]] = {
    "episodes": episodes_of_snapshot,
    "payoffs": payoffs_of_snapshot,
    "ratings": ratings_of_snapshot,
}
"""The exportable tables of a snapshot, by name."""


# Tables of the present rows


def episodes_of_tournament(tournament: Tournament) -> Table:
    """Return the played episodes of a tournament."""
    rows = Episode.objects.filter(pairing__tournaments=tournament, engine=tournament.engine, device=leaderboards.DEVICE)
    seeds = ledgers.seeds_of(tournament)

    def is_own(pairing: int, rows: Rows) -> list[bool]:
        return _are_among(seeds.get(pairing, np.empty(0, np.int64)), [row[_SEED] for row in rows])

    facts = {
        "scenario": tournament.scenario.name,
        "scenario_digest": tournament.scenario.digest,
        "tournament": tournament.pk,
        "engine": tournament.engine,
    }
    return Table("episodes", EPISODES, facts, read_episodes(rows, is_own))


def episodes_of_pairing(pairing: Pairing) -> Table:
    """Return all episodes of a pairing, of every engine version and device class."""
    facts = {
        "scenario": pairing.scenario.name,
        "scenario_digest": pairing.scenario.digest,
        "pairing": pairing.pk,
        "cameras": [pairing.camera.digest],
        "targets": [pairing.target.digest],
    }
    return Table("episodes", EPISODES, facts, read_episodes(pairing.episodes.all()))


# Reading rows

_STORED = ("id", "pairing_id", "engine", "device", "seed", *(column.name for column in EPISODES[6:]))
_SEED = _STORED.index("seed")


def read_episodes(
    episodes: QuerySet[Episode], is_wanted: Callable[[int, Rows], list[bool]] | None = None
) -> Iterator[Chunk]:
    """Yield chunks with the columns EPISODES, sorted by the digests of camera and target, engine, device and seed.

    Equal episodes give equal tables, whatever their rows' keys. `is_wanted` masks a pairing's rows.
    """
    counts = dict(episodes.order_by().values_list("pairing_id").annotate(Count("id")))
    found = Pairing.objects.filter(pk__in=episodes.order_by().values("pairing_id")).order_by()
    digests = found.values_list("scenario__digest", "camera__digest", "target__digest", "pk")
    order = {key: names for *names, key in sorted(digests)}  # Sorted here because databases' collations differ.
    for keys in _divide(order, counts):
        rows = episodes.filter(pairing__in=keys).order_by("engine", "device", "seed").values_list(*_STORED)
        by_pairing: dict[int, Rows] = {key: [] for key in keys}
        for row in rows.iterator(chunk_size=5000):
            by_pairing[row[1]].append(row)
        chosen = [
            (*order[key], *row[2:])
            for key, own in by_pairing.items()
            for row, wanted in zip(own, is_wanted(key, own) if is_wanted else [True] * len(own), strict=True)
            if wanted
        ]
        yield from _transpose(EPISODES, chosen)


def _are_among(known: NDArray[np.int64], values: Sequence[int]) -> list[bool]:
    """Return which of the values are among the known ones, which are sorted."""
    if not len(known):
        return [False] * len(values)
    places = np.minimum(np.searchsorted(known, values), len(known) - 1)
    same: list[bool] = (known[places] == values).tolist()
    return same


def _divide(keys: Mapping[int, Any], counts: Mapping[int, int]) -> Iterator[list[int]]:
    """Yield groups of pairings with about as many rows as a chunk."""
    part: list[int] = []
    size = 0
    for key in keys:
        if part and (size + counts.get(key, 0) > ROWS_AT_ONCE or len(part) == PAIRINGS_AT_ONCE):
            yield part
            part, size = [], 0
        part.append(key)
        size += counts.get(key, 0)
    if part:
        yield part


def _transpose(columns: Sequence[TableColumn], rows: Sequence[tuple[Any, ...]]) -> Iterator[Chunk]:
    """Yield the rows as one chunk, or nothing for no rows."""
    if rows:
        yield {column.name: values for column, values in zip(columns, zip(*rows, strict=True), strict=True)}
