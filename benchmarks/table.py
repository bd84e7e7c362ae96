"""Output of benchmarks as a table or JSON: figures, their wanted values, and upstream's figures if it ran."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import machine
from benchmarks.clock import Timing
from benchmarks.upstream import Beside

HEADINGS = ("", "value", "unit", "wall", "wanted", "", "upstream", "ratio", "of the pairs")


@dataclass(frozen=True)
class Figure:
    """One line of the table. Rates are per second of processor time; ``wall`` is the rate by wall time.

    ``upstream`` is the figure of the original, measured in turn. ``wanted`` is the minimum if ``is_more_better`` (as
    for rates), else the maximum.
    """

    what: str
    value: float
    unit: str
    wall: float | None = None
    upstream: Beside | None = None
    wanted: float | None = None
    is_more_better: bool = False

    @property
    def is_met(self) -> bool | None:
        """Whether the value is as wanted; None without a wanted value."""
        if self.wanted is None:
            return None
        return self.value >= self.wanted if self.is_more_better else self.value <= self.wanted

    def to_json(self) -> dict[str, Any]:
        """Return the figure with its derived values."""
        ratio = self.upstream.ratio if self.upstream else None
        return asdict(self) | {"ratio": ratio, "is_met": self.is_met}


def rate(what: str, unit: str, timing: Timing, upstream: Beside | None = None, wanted: float | None = None) -> Figure:
    """Return the figure of a measured rate."""
    return Figure(what, timing.by_processor, unit, timing.by_wall, upstream, wanted, is_more_better=True)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that all benchmarks have."""
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def report(figures: Sequence[Figure], as_json: bool) -> None:
    """Print the figures and a description of the machine."""
    if as_json:
        document = {"machine": machine.describe(), "figures": [figure.to_json() for figure in figures]}
        print(json.dumps(document, indent=1))
        return
    print(machine.sentence())
    rows = [HEADINGS, *map(_cells, figures)]
    if not any(figure.upstream for figure in figures):
        rows = [row[:6] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        first = row[0].ljust(widths[0])
        print(
            "  ".join([first, *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]).rstrip()
        )


def _cells(figure: Figure) -> tuple[str, ...]:
    marks = {None: "", True: "met", False: "MISSED"}
    sign = "" if figure.wanted is None else ">= " if figure.is_more_better else "<= "
    wanted = sign + _number(figure.wanted)
    own = (figure.what, _number(figure.value), figure.unit, _number(figure.wall), wanted, marks[figure.is_met])
    if figure.upstream is None:
        return (*own, "", "", "")
    ratios = figure.upstream.ratios
    spread = f"{_number(min(ratios))} to {_number(max(ratios))}"
    return (*own, _number(figure.upstream.value), f"{_number(figure.upstream.ratio)} x", spread)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
