"""The result layout of upstream's PSRO: tables of numbers as text, in a folder for each player and iteration.

    NE-camera.HRL-MAPPO-vs.-target.MAPPO/camera/00002/{payoff,sigma,coverage_rate,exploitability,checkpoint_path}.txt

Payoffs are the player's own; rows are camera agents for both. `exploitability.txt` has a row (mean, camera, target) for
each iteration whose successors are known, so that the last iteration has none. Numbers are written in upstream's format
where that is exact, and with more digits otherwise: reading returns exactly what was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mate import Team
from policies.importing import DEFAULT_LIMITS, Limits
from policies.importing.archives import open_archive
from policies.importing.psro import BEST_NAME, parse_table, table_paths
from policies.importing.trials import place_in_psro
from tournament.meta_solvers import META_SOLVERS

Array = NDArray[np.float64]

FORMATS = {
    "payoff": "%+.18E",
    "sigma": "%.18f",
    "coverage_rate": "%.18f",
    "exploitability": "%+.18E",
}
"""The formats of the tables' numbers, by the tables' names."""


@dataclass(frozen=True)
class PlayerTables:
    """The contents of one player's folder of an iteration; None where there is no such file.

    `payoff` and `coverage_rate` are (m, n), `sigma` (m,) or (n,), `exploitability` (k, 3). `checkpoint` is the path, on
    the machine that trained, of the policy that the iteration added.
    """

    payoff: Array | None = None
    sigma: Array | None = None
    coverage_rate: Array | None = None
    exploitability: Array | None = None
    checkpoint: str | None = None


@dataclass(frozen=True)
class Result:
    """A whole result: its folder's name, and the players' tables by iteration."""

    name: str
    camera: Mapping[int, PlayerTables] = field(default_factory=dict)
    target: Mapping[int, PlayerTables] = field(default_factory=dict)


def read_results(files: Mapping[str, bytes]) -> list[Result]:
    """Return the PSRO results among files by path, sorted by name. Raises ImportRefused for tables without numbers."""
    found: dict[str, dict[str, dict[int, PlayerTables]]] = {}
    for path in table_paths(list(files)):
        place = place_in_psro(path)
        assert place is not None
        root, player, number = place
        tables = found.setdefault(root, {player: {} for player in Team})[player]
        name = path.rsplit("/", 1)[-1]
        change = {"checkpoint": _read_path(files[path])} if name == BEST_NAME else _read_table(path, files[path])
        tables[number] = replace(tables.get(number, PlayerTables()), **change)
    return [Result(root.rsplit("/", 1)[-1], **players) for root, players in sorted(found.items())]


def _read_table(path: str, content: bytes) -> dict[str, Array]:
    kind = path.rsplit("/", 1)[-1].removesuffix(".txt")
    table = np.array(parse_table(path, content).rows, dtype=np.float64)
    return {kind: table.ravel() if kind == "sigma" else table}


def _read_path(content: bytes) -> str:
    return content.decode("utf-8", "replace").strip()[:4000]


def read_archive(path: Path, limits: Limits = DEFAULT_LIMITS) -> list[Result]:
    """Return the PSRO results of an archive, of which only the tables are unpacked.

    Raises ImportRefused if it is not an archive, is damaged, or exceeds the limits.
    """
    with path.open("rb") as file:
        archive = open_archive(file, limits)
        names = table_paths(list(archive.members))
        contents = archive.read(dict.fromkeys(names, limits.max_table))
        return read_results({name: bytes(content) for name, content in contents})


def write_result(result: Result) -> dict[str, bytes]:
    """Return the files of a result by their paths, which begin with its name."""
    files = {}
    for player, iterations in zip(Team, (result.camera, result.target), strict=True):
        for number, tables in sorted(iterations.items()):
            folder = "/".join(part for part in (result.name, player, f"{number:05d}") if part)
            for kind, form in FORMATS.items():
                table = getattr(tables, kind)
                if table is not None:
                    files[f"{folder}/{kind}.txt"] = _write_table(np.asarray(table, dtype=np.float64), form)
            if tables.checkpoint is not None:
                files[f"{folder}/{BEST_NAME}"] = tables.checkpoint.encode()
    return files


def _write_table(table: Array, form: str) -> bytes:
    rows = table[:, None] if table.ndim == 1 else table
    return "".join(" ".join(_write_number(float(number), form) for number in row) + "\n" for row in rows).encode()


def _write_number(number: float, form: str) -> str:
    text = form % number
    return text if float(text) == number else f"{number:.18e}"


@dataclass(frozen=True)
class Solved:
    """One iteration of a run, as the input of `arrange_result`.

    `payoff` is the cameras' (m, n), `coverage_rate` (m, n) if it was measured. `lost` (mean, camera, target) is the
    exploitability of the previous iteration's strategies by this one's agents (None for the first). The checkpoints are
    the paths of this iteration's agents, if they were trained.
    """

    payoff: Array
    camera: Array
    target: Array
    coverage_rate: Array | None = None
    lost: tuple[float, float, float] | None = None
    camera_checkpoint: str | None = None
    target_checkpoint: str | None = None


def arrange_result(name: str, iterations: Iterable[Solved]) -> Result:
    """Return a run's iterations, from number 0, in upstream's layout."""
    solved = list(iterations)
    rows = [one.lost for one in solved if one.lost is not None]
    camera, target = {}, {}
    for number, one in enumerate(solved):
        lost = np.array(rows[: number + 1]) if number < len(rows) else None
        camera[number] = PlayerTables(one.payoff, one.camera, one.coverage_rate, lost, one.camera_checkpoint)
        target[number] = PlayerTables(-one.payoff, one.target, None, lost, one.target_checkpoint)
    return Result(name, camera, target)


def name_result(solver: str, camera: str, target: str) -> str:
    """Return upstream's name of a result's folder, such as NE-camera.HRL-MAPPO-vs.-target.MAPPO."""
    short = META_SOLVERS[solver].upstream if solver in META_SOLVERS else ""
    return f"{short or solver}-camera.{camera.upper()}-vs.-target.{target.upper()}"
