"""The figures of `benchmarks.load`, as a table that can compare an earlier run with a later one."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import machine

HEADINGS = (
    "database",
    "page",
    "connections",
    "a second",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "errors",
    "CPU ms",
    "before",
    "times",
)


@dataclass(frozen=True)
class Rate:
    """The figures of one page.

    `rate` is in answers per second, `p50`, `p95` and `p99` are latencies in milliseconds, and `processor` is in
    milliseconds per answer.
    """

    database: str
    page: str
    connections: int
    rate: float
    p50: float
    p95: float
    p99: float
    errors: int
    processor: float

    def named(self, database: str, page: str) -> Rate:
        """Return the same figures with the names of the database and the page."""
        return replace(self, database=database, page=page)

    @property
    def key(self) -> tuple[str, str, int]:
        """Database, page and number of connections, which identify the figures in another run."""
        return self.database, self.page, self.connections


def read(path: str | None) -> dict[tuple[str, str, int], Rate]:
    """Return the figures that an earlier run wrote."""
    rates = [Rate(**row) for row in json.loads(Path(path).read_text())] if path else []
    return {rate.key: rate for rate in rates}


def report(found: list[Rate], before: dict[tuple[str, str, int], Rate]) -> None:
    """Print the table and a description of the machine."""
    print(machine.sentence())
    rows = [HEADINGS, *(cells(rate, before.get(rate.key)) for rate in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def cells(rate: Rate, before: Rate | None) -> tuple[str, ...]:
    """Return a line of the table; `before` is written as its rate and its processor time per answer."""
    figures = (f"{rate.rate:,.1f}", *(f"{value:,.0f}" for value in (rate.p50, rate.p95, rate.p99)))
    earlier = f"{before.rate:,.1f} ({before.processor:.1f} ms)" if before else ""
    times = f"{rate.rate / before.rate:.1f}" if before and before.rate else ""
    return (
        rate.database,
        rate.page,
        str(rate.connections),
        *figures,
        str(rate.errors),
        f"{rate.processor:.1f}",
        earlier,
        times,
    )
