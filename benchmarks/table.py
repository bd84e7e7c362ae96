"""What benchmarks print: figures beside upstream's and beside what is wanted, as a table or as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import machine
from benchmarks.clock import Timing

HEADINGS = ("", "value", "unit", "wall", "upstream", "ratio", "wanted", "")


@dataclass(frozen=True)
class Figure:
    """One line. Rates are by processor time, with the same by wall time beside it.

    ``upstream`` is what upstream's evaluation does on one idle core; ``wanted`` the least (of rates, or where
    ``is_more_better``) or else the most that the value should be.
    """

    what: str
    value: float
    unit: str
    wall: float | None = None
    upstream: float | None = None
    wanted: float | None = None
    is_more_better: bool = False

    @property
    def ratio(self) -> float | None:
        """How many times better than upstream."""
        if self.upstream is None:
            return None
        return self.value / self.upstream if self.is_more_better else self.upstream / self.value

    @property
    def is_met(self) -> bool | None:
        """Whether the value is what is wanted; None where nothing is."""
        if self.wanted is None:
            return None
        return self.value >= self.wanted if self.is_more_better else self.value <= self.wanted

    def to_json(self) -> dict[str, Any]:
        """The figure and what follows from it."""
        return asdict(self) | {"ratio": self.ratio, "is_met": self.is_met}


def rate(what: str, unit: str, timing: Timing, **beside: float | None) -> Figure:
    """The figure of a measured rate."""
    return Figure(what, timing.by_processor, unit, wall=timing.by_wall, is_more_better=True, **beside)  # type: ignore[arg-type]


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that every benchmark has."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def report(figures: Sequence[Figure], as_json: bool) -> None:
    """Print the figures and where they were measured."""
    if as_json:
        document = {"machine": machine.describe(), "figures": [figure.to_json() for figure in figures]}
        print(json.dumps(document, indent=1))
        return
    print(machine.sentence())
    rows = [HEADINGS, *map(_cells, figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        first = row[0].ljust(widths[0])
        print(
            "  ".join([first, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]).rstrip()
        )


def _cells(figure: Figure) -> tuple[str, ...]:
    marks = {None: "", True: "met", False: "MISSED"}
    ratio = f"{figure.ratio:,.0f} x" if figure.ratio is not None else ""
    numbers = map(_number, (figure.wall, figure.upstream))
    sign = "" if figure.wanted is None else ">= " if figure.is_more_better else "<= "
    wanted = sign + _number(figure.wanted)
    return (figure.what, _number(figure.value), figure.unit, *numbers, ratio, wanted, marks[figure.is_met])


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
