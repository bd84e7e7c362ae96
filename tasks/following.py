"""Copies what a training's process writes to its folder into the database: curve, milestones and the log's end."""

from __future__ import annotations

import json
import logging
import math
import time
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from tasks import leases, processes
from tournament import milestones
from tournament.models import Milestone, TrainingPoint, TrainingRun

log = logging.getLogger(__name__)

FIGURES = (
    "return_mean", "coverage", "transport", "entropy", "kl", "learning_rate", "seconds", "decisions_per_second",
)  # fmt: skip
LOG_SECONDS = 2.0
TOLD = ("iteration", "steps", "decisions", "remaining_seconds", "sample_seconds", "learn_seconds", *FIGURES)


class ProgressFollower:
    """Writes new progress to the database, each time under the lease's token."""

    def __init__(self, run: TrainingRun, folder: Path) -> None:
        self.run, self.folder = run, folder
        self.lines = NewLines(folder / "progress.jsonl")
        self.looked_at_log = -math.inf
        self.entered: set[int] = set()
        self.furthest = run.points.aggregate(steps=Max("steps"))["steps"] or 0

    def note(self, is_last: bool = False) -> None:
        """Write new points and milestones, and the log's end every two seconds and on the last call.

        Raises LeaseLost, having written nothing.
        """
        if is_last:
            self.looked_at_log = -math.inf
        told = [line for line in map(read_line, self.lines.peek()) if line is not None]
        changes = self.describe(told) | self.read_log()
        made = self.find_milestones()
        if not changes and not made:
            self.lines.accept()
            return
        with transaction.atomic():
            leases.write(self.run, **(changes or {"steps_done": self.run.steps_done}))
            write_points(self.run, told)
            Milestone.objects.bulk_create(made, ignore_conflicts=True)
        self.lines.accept()
        self.entered |= {milestone.iteration for milestone in made}

    def describe(self, told: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the run's progress as columns. Progress resets the number of attempts."""
        if not told:
            return {}
        newest = told[-1]
        steps = newest["steps"]
        further = {"attempts": 0, "error": ""} if steps > self.furthest else {}
        self.furthest = max(self.furthest, steps)
        return {"steps_done": steps, "progress": newest, **further}

    def read_log(self) -> dict[str, Any]:
        if time.monotonic() - self.looked_at_log < LOG_SECONDS:
            return {}
        self.looked_at_log = time.monotonic()
        tail = processes.read_tail(self.folder)
        return {"log": tail} if tail != self.run.log else {}

    def find_milestones(self) -> list[Milestone]:
        """Return rows for the exported checkpoints that have no row yet."""
        found = milestones.list_files(self.folder)
        return [
            Milestone(run=self.run, iteration=iteration, steps=read_steps(path))
            for iteration, path in found.items()
            if iteration not in self.entered
        ]


def read_steps(path: Path) -> int:
    """Return a milestone's number of environment steps from the file beside it; 0 if the file is missing."""
    try:
        return int(json.loads(path.with_suffix(".json").read_text())["steps"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def read_line(line: bytes) -> dict[str, Any] | None:
    """Return the figures of a line of progress; None for a line without an iteration or a number of steps.

    A figure that is no finite number is None.
    """
    try:
        told = json.loads(line)
        place = {name: int(told[name]) for name in ("iteration", "steps")}
    except (ValueError, KeyError, TypeError):
        log.warning("A line of progress could not be read: %r", line[:200])
        return None
    figures = {name: told.get(name) for name in TOLD if name not in place}
    return place | {name: value if is_figure(value) else None for name, value in figures.items()}


def is_figure(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def write_points(run: TrainingRun, told: list[dict[str, Any]]) -> None:
    """Write points of the curve. A run that resumed from an earlier state repeats some: the newest counts."""
    newest = {line["iteration"]: line for line in told}
    points = [
        TrainingPoint(run=run, iteration=iteration, steps=line["steps"], **{name: line[name] for name in FIGURES})
        for iteration, line in newest.items()
    ]
    TrainingPoint.objects.bulk_create(
        points,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["run", "iteration"],
        update_fields=["steps", *FIGURES],
    )


class NewLines:
    """The complete lines that were added to a file since ``accept`` was last called.

    A file that became shorter is read from its beginning.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.place = self.end = 0

    def peek(self) -> list[bytes]:
        """Return the new lines; the same ones until `accept` is called."""
        if not self.path.exists():
            return []
        if self.path.stat().st_size < self.place:
            self.place = 0
        with open(self.path, "rb") as file:
            file.seek(self.place)
            whole, newline, _ = file.read().rpartition(b"\n")
        self.end = self.place + len(whole) + len(newline)
        return whole.splitlines() if newline else []

    def accept(self) -> None:
        self.place = self.end
