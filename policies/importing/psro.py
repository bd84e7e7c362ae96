"""The tables and mixtures of a PSRO result folder."""

from __future__ import annotations

import math
from collections.abc import Iterable
from posixpath import basename

from policies.fields import shorten
from policies.importing.errors import ImportRefused
from policies.importing.names import storable
from policies.importing.report import (
    RANDOM,
    ImportedIteration,
    ImportedMixture,
    ImportedResult,
    MixtureMember,
    ResultTable,
)
from policies.importing.trials import place_in_psro
from policies.texts import decode_text

TABLE_NAMES = ("payoff.txt", "sigma.txt", "coverage_rate.txt", "exploitability.txt")
BEST_NAME = "checkpoint_path.txt"
MAX_ITERATIONS = 500
MAX_PATH = 4000
GREATEST = 1e9

_WEIGHT_TOLERANCE = 1e-6


def table_paths(names: list[str]) -> list[str]:
    """Return the paths of the small text files of PSRO results among these."""
    return [name for name in names if basename(name) in (*TABLE_NAMES, BEST_NAME) and _depth_in_psro(name) == 1]


def _depth_in_psro(name: str) -> int:
    place = place_in_psro(name)
    if place is None:
        return 0
    root, player, iteration = place
    return len(name.removeprefix(f"{root}/" if root else "").split("/")) - len(f"{player}/{iteration:05d}".split("/"))


def parse_table(path: str, content: bytes) -> ResultTable:
    """Parse a file of rows of numbers, which are shares in a ``sigma.txt``. Raises ImportRefused for anything else."""
    rows = []
    try:
        lines = [line for line in decode_text(content).encode("ascii").splitlines() if line.strip()]
        for line in lines[: MAX_ITERATIONS + 1]:
            numbers = line.split(maxsplit=MAX_ITERATIONS + 1)
            rows.append(tuple(float(number) for number in numbers[: MAX_ITERATIONS + 1]))
    except ValueError:
        raise ImportRefused(f"{shorten(path, 200)} is not a table of numbers") from None
    widths = {len(row) for row in rows}
    if len(widths) != 1 or len(rows) > MAX_ITERATIONS or max(widths) > MAX_ITERATIONS:
        raise ImportRefused(f"{shorten(path, 200)} is not a table with rows of one length")
    if not all(math.isfinite(number) for row in rows for number in row):
        raise ImportRefused(f"{shorten(path, 200)} has numbers that are not finite")
    if max(abs(number) for row in rows for number in row) > GREATEST:
        raise ImportRefused(
            f"{shorten(path, 200)} has numbers beyond {GREATEST:,.0f}, which no payoff and no rate reaches"
        )
    if basename(path) == "sigma.txt" and not _are_shares([number for row in rows for number in row]):
        raise ImportRefused(f"{shorten(path, 200)} is no probability distribution")
    return ResultTable(path, tuple(rows))


def read_path(content: bytes) -> str:
    """Return the path in a ``checkpoint_path.txt``, as the training machine wrote it; empty if there is none."""
    try:
        lines = decode_text(content[:MAX_PATH]).split("\n")
    except UnicodeDecodeError:
        lines = content[:MAX_PATH].decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in lines if line.strip()), "")


def check_amount(tables: Iterable[ResultTable], limit: int) -> None:
    """Raise ImportRefused if tables have more than ``limit`` numbers in total."""
    if sum(len(table.rows) * len(table.rows[0]) for table in tables) > limit:
        raise ImportRefused(
            f"the tables of the PSRO result have more than {limit:,} numbers in all; leave the tables of its first "
            f"iterations out"
        )


def _are_shares(numbers: list[float]) -> bool:
    return min(numbers) >= -_WEIGHT_TOLERANCE and abs(sum(numbers) - 1.0) <= _WEIGHT_TOLERANCE


def final_tables(tables: dict[str, ResultTable]) -> list[ResultTable]:
    """Return the last iteration's table of each kind and player, with names such as ``camera payoff``."""
    latest: dict[tuple[str, str, str], tuple[int, ResultTable]] = {}
    for path, table in tables.items():
        place = place_in_psro(path)
        assert place is not None
        root, player, iteration = place
        key = (root, player, basename(path).removesuffix(".txt"))
        if key not in latest or latest[key][0] < iteration:
            latest[key] = (iteration, table)
    return [
        ResultTable(f"{player} {kind.replace('_', ' ')}", table.rows)
        for (_, player, kind), (_, table) in sorted(latest.items())
    ]


def all_results(
    tables: dict[str, ResultTable],
    agents: dict[tuple[str, str, int], str],
    checkpoints: dict[tuple[str, str, int], str],
) -> list[ImportedResult]:
    """Return every iteration of every result.

    ``agents`` has the digest of the agent and ``checkpoints`` the checkpoint's path on the training machine, both by
    (root, player, iteration).
    """
    kept: dict[str, dict[tuple[str, int], list[ResultTable]]] = {}
    for path, table in tables.items():
        place = place_in_psro(path)
        assert place is not None
        root, player, iteration = place
        named = ResultTable(basename(path).removesuffix(".txt"), table.rows)
        kept.setdefault(root, {}).setdefault((player, iteration), []).append(named)
    return [
        ImportedResult(
            _name_of(root)[:200],
            tuple(
                ImportedIteration(
                    player,
                    number,
                    tuple(found),
                    agents.get((root, player, number)),
                    checkpoints.get((root, player, number), ""),
                )
                for (player, number), found in sorted(iterations.items())
            ),
        )
        for root, iterations in sorted(kept.items())
    ]


def _name_of(root: str) -> str:
    return storable(basename(root)) or "PSRO"


def final_mixtures(tables: dict[str, ResultTable], agents: dict[tuple[str, str, int], str]) -> list[ImportedMixture]:
    """Return the last meta-strategy of each player of each result, as a mixture of its pool.

    ``agents`` gives the digest of the agent of a (root, player, iteration). Member 0 is the built-in random agent.
    """
    latest: dict[tuple[str, str], tuple[int, ResultTable]] = {}
    for path, table in tables.items():
        place = place_in_psro(path)
        if place is not None and basename(path) == "sigma.txt" and place[2] >= latest.get(place[:2], (-1,))[0]:
            latest[place[:2]] = (place[2], table)
    return [
        _mixture(root, player, iteration, table, agents)
        for (root, player), (iteration, table) in sorted(latest.items())
    ]


def _mixture(
    root: str, player: str, iteration: int, table: ResultTable, agents: dict[tuple[str, str, int], str]
) -> ImportedMixture:
    weights = [number for row in table.rows for number in row]
    if len(weights) != iteration + 1:
        raise ImportRefused(
            f"{shorten(table.name, 200)} has {len(weights)} weights, and the pool of iteration {iteration} has "
            f"{iteration + 1} "
            "members"
        )
    members = tuple(
        MixtureMember(
            label=f"{player}/{index:05d}",
            weight=max(weight, 0.0),
            agent=RANDOM if index == 0 else agents.get((root, player, index)),
        )
        for index, weight in enumerate(weights)
    )
    name = f"{_name_of(root)} {player} mixture of iteration {iteration}"
    return ImportedMixture(name[:200], player, members)
