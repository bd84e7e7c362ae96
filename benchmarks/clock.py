"""Timing on a machine that is shared with other programs: processor and wall time, as medians of repeats."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Timing:
    """Units of work per second, of the process's processor time and of wall time: medians of the repeats."""

    by_processor: float
    by_wall: float
    least: float  # the slowest repeat, by processor time
    most: float  # the fastest

    @property
    def seconds_each(self) -> float:
        """Processor seconds per unit."""
        return 1.0 / self.by_processor


def measure(work: Callable[[], float], repeats: int = 5, seconds: float = 0.3) -> Timing:
    """Time ``work``, which returns its number of units.

    It runs once to warm up. Each of the ``repeats`` then takes at least ``seconds``.
    """
    work()
    by_processor, by_wall = [], []
    for _ in range(repeats):
        units, wall, processor = 0.0, time.perf_counter(), time.process_time()
        while units == 0.0 or time.process_time() - processor < seconds:
            units += work()
        by_processor.append(units / (time.process_time() - processor))
        by_wall.append(units / (time.perf_counter() - wall))
    return Timing(median(by_processor), median(by_wall), min(by_processor), max(by_processor))
