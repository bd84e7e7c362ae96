"""Outcomes of kills: how each interrupted operation ended, kept in a file over several runs and counted in a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.kills.subjects import FINISHED, Operation

HEADINGS = ("", "kills", "too late", "resumed", "said so", "lost", "half-written")


@dataclass(frozen=True)
class Outcome:
    """What one kill did. `end` is `FINISHED`, or the words that said that the operation failed, or empty."""

    subject: str
    seconds: float
    was_over: bool
    end: str
    halves: list[str]

    @property
    def column(self) -> str:
        """The column of the table that counts it."""
        if self.was_over:
            return "too late"
        return "resumed" if self.end == FINISHED else "said so" if self.end else "lost"


@dataclass(frozen=True)
class Pending:
    """A kill whose operation may still be going on."""

    subject: str
    seconds: float
    was_over: bool
    halves: list[str]
    operation: Operation

    def conclude(self) -> Outcome:
        """Return the outcome, once everything has ended."""
        return Outcome(self.subject, round(self.seconds, 3), self.was_over, self.operation.find_end(), self.halves)


def read(path: Path | None) -> list[Outcome]:
    """Return the outcomes that a file has; none if there is no file."""
    return [Outcome(**entry) for entry in json.loads(path.read_text())] if path and path.exists() else []


def keep(path: Path | None, found: Sequence[Outcome]) -> None:
    """Write the outcomes into a file."""
    if path:
        path.write_text(json.dumps([asdict(outcome) for outcome in found], indent=1))


def report(found: Sequence[Outcome], unfinished: Sequence[str], halves: Sequence[str]) -> int:
    """Print the table and everything that is wrong; return the exit status: 0 if nothing is."""
    subjects = dict.fromkeys(outcome.subject for outcome in found)
    rows = [HEADINGS, *(count(name, [one for one in found if one.subject == name]) for name in subjects)]
    rows.append(count("all", found))
    for first, *cells in rows:
        print(first.ljust(12) + "".join(cell.rjust(14) for cell in cells))
    wrong = [f"after a kill ({one.subject}, {one.seconds} s): {half}" for one in found for half in one.halves]
    wrong += [f"{one.subject} killed after {one.seconds} s was lost" for one in found if one.column == "lost"]
    wrong += [f"in the end: {problem}" for problem in (*halves, *unfinished)]
    print("\n".join(wrong) or "Nothing was lost, and nothing half-written was shown.")
    return 1 if wrong else 0


def count(name: str, found: Sequence[Outcome]) -> tuple[str, ...]:
    """Return a row of the table."""
    columns = [one.column for one in found]
    halves = sum(bool(one.halves) for one in found)
    return (name, str(len(found)), *(str(columns.count(heading)) for heading in HEADINGS[2:6]), str(halves))
