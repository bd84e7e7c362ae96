"""Aggregation of the inner steps' figures to one figure of the outer step, for many episodes at once."""

from __future__ import annotations

from typing import Literal

import numpy as np

Reducer = Literal["sum", "mean", "last"]


class StepMetrics:
    """Sums, means or last values, over the inner steps that each episode makes; the batched ``MetricCollector``."""

    def __init__(self) -> None:
        self._values: dict[str, np.ndarray] = {}
        self._reducers: dict[str, Reducer] = {}
        self._counts: np.ndarray = np.zeros(0, np.int64)

    def begin(self, size: int) -> None:
        """Begin an outer step of ``size`` episodes."""
        self._values = {}
        self._counts = np.zeros(size, np.int64)

    def count(self, stepped: np.ndarray) -> None:
        """Count an inner step of the episodes ``stepped`` (B,) bool; to be called before its figures are added."""
        self._counts += stepped

    def add(self, name: str, reducer: Reducer, values: np.ndarray, stepped: np.ndarray) -> None:
        """Take in a figure (B, ...) of the inner step; what it is for episodes that did not step does not matter."""
        values = np.asarray(values)
        if name not in self._values:
            self._values[name] = np.zeros(values.shape, values.dtype if reducer == "last" else np.float64)
            self._reducers[name] = reducer
        if reducer == "last":
            self._values[name][stepped] = values[stepped]
        else:
            self._values[name][stepped] += values[stepped]

    def collect(self) -> dict[str, np.ndarray]:
        """The figures of the outer step; 0 for episodes that did not step."""
        return {
            name: self._average(values) if self._reducers[name] == "mean" else values
            for name, values in self._values.items()
        }

    def _average(self, values: np.ndarray) -> np.ndarray:
        counts = np.maximum(self._counts, 1)
        return values / counts.reshape(-1, *[1] * (values.ndim - 1))
