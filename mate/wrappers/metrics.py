"""Infos of several steps put together."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

__all__ = ["SUB_STEP_METRICS", "MetricCollector"]


def _add_up(values: list[float]) -> float:
    """The sum, one after the other: NumPy would add eight or more in an order that a batch cannot follow."""
    return reduce(operator.add, values, 0.0)


_REDUCERS: dict[str, Callable[[list[float]], float]] = {
    "mean": lambda values: _add_up(values) / len(values),
    "sum": _add_up,
    "std": lambda values: float(np.std(values)),
    "last": lambda values: values[-1],
}

SUB_STEP_METRICS: Mapping[str | re.Pattern[str], str] = {
    "raw_reward": "sum",
    "normalized_raw_reward": "sum",
    re.compile(r"auxiliary_reward.*"): "sum",
    re.compile(r"reward_coefficient.*"): "mean",
    "coverage_rate": "mean",
    "real_coverage_rate": "mean",
    "num_tracked": "mean",
    "mean_transport_rate": "last",
    "num_delivered_cargoes": "last",
}
"""How the inner steps' figures are aggregated to one of the outer step; other fields are those of the last step."""


class MetricCollector:
    """Averages metrics over the infos of one step, then reduces them over steps.

    Args:
        metrics: key, or compiled regular expression that matches whole keys -> ``mean``, ``sum``, ``std`` or ``last``.
            Raises AssertionError for other reducers.
    """

    def __init__(self, metrics: Mapping[str | re.Pattern[str], str]) -> None:
        unknown = set(metrics.values()) - set(_REDUCERS)
        assert not unknown, f"metrics are reduced by one of {', '.join(_REDUCERS)}, not by {sorted(unknown)}"
        self.metrics = dict(metrics)
        self._reducer_of: dict[str, str | None] = {}
        self._values: dict[str, list[float]] = {}

    def add(self, infos: Sequence[Mapping[str, Any]]) -> None:
        """Take in the infos of one step."""
        keys = dict.fromkeys(key for info in infos for key in info)
        for key in keys:
            if self._find_reducer(key) is not None:
                values = [float(info[key]) for info in infos if key in info]
                self._values.setdefault(key, []).append(sum(values) / len(values))

    def collect(self) -> dict[str, float]:
        """The reduced metrics of the steps since the last call."""
        values, self._values = self._values, {}
        return {key: _REDUCERS[self._reducer_of[key] or "last"](series) for key, series in values.items()}

    def _find_reducer(self, key: str) -> str | None:
        if key not in self._reducer_of:
            self._reducer_of[key] = self.metrics.get(key) or next(
                (
                    reducer
                    for pattern, reducer in self.metrics.items()
                    if isinstance(pattern, re.Pattern) and pattern.fullmatch(key)
                ),
                None,
            )
        return self._reducer_of[key]
