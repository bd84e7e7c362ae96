"""The draws of a recorded team, handed out to its agents, with a note of which were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mate.agents.laws.coverage import NUM_ORDERS
from mate.conformance.views import Recording


@dataclass
class TeamDraws:
    """Draws of the N agents of a team, by the name of the array without its prefix.

    ``values[name]`` are the recorded ones, ``is_recorded[name]`` tells where there are any (-1 and NaN mean none, and so
    does a missing array), ``is_wanted[name]`` where agents asked for one.
    """

    values: dict[str, np.ndarray] = field(default_factory=dict)
    is_recorded: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    is_wanted: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    @classmethod
    def read(cls, recording: Recording, prefix: str, steps: int, size: int) -> TeamDraws:
        """The draws in the arrays that begin with ``prefix`` (``ca_`` or ``ta_``)."""
        shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...], Any]] = {
            "reset_sample": ((size,), (2,), np.nan),
            "reset_choice": ((size,), (2,), -1),
            "draw_binomial": ((steps, size), (), -1),
            "draw_sample": ((steps, size), (2,), np.nan),
            "draw_choice": ((steps, size), (), -1),
            "draw_uniform": ((steps, size), (), np.nan),
            "draw_delay": ((steps, size, size), (), -1),
            "draw_perm": ((steps,), (NUM_ORDERS, size), -1),
        }
        draws = cls()
        for name, (address, content, nothing) in shapes.items():
            values = recording.get(prefix + name, np.full(address + content, nothing))
            first = values[(..., *(0 for _ in content))]
            draws.values[name] = values
            draws.is_recorded[name] = first >= 0 if nothing == -1 else ~np.isnan(first)
            draws.is_wanted[name] = np.zeros(address, np.bool_)
        return draws

    def take(self, name: str, *address: int) -> Any:
        """The recorded value at an address, or zeros if there is none."""
        self.is_wanted[name][address] = True
        value = self.values[name][address]
        return value if self.is_recorded[name][address] else np.zeros_like(value)


class RecordedDraws:
    """``mate.agents.draws.Draws`` of one agent of a recorded team."""

    def __init__(self, team: TeamDraws, index: int) -> None:
        self.team = team
        self.index = index
        self.step = 0

    def first_noise(self, high: np.ndarray) -> np.ndarray:
        return self.team.take("reset_sample", self.index)

    def first_goal(self, count: int) -> int:
        return int(self.team.take("reset_choice", self.index)[0])

    def direction(self) -> int:
        return int(self.team.take("reset_choice", self.index)[1])

    def happens(self, probability: float) -> bool:
        return bool(self.team.take("draw_binomial", self.step, self.index))

    def sample(self, high: np.ndarray) -> np.ndarray:
        return self.team.take("draw_sample", self.step, self.index)

    def guess(self, options: Sequence[int]) -> int:
        return int(self.team.take("draw_choice", self.step, self.index))

    def speed(self, fastest: float) -> float:
        return float(self.team.take("draw_uniform", self.step, self.index))

    def delay(self, recipient: int, low: int, high: int) -> int:
        return int(self.team.take("draw_delay", self.step, self.index, recipient))

    def orders(self, count: int, size: int) -> np.ndarray:
        """The controller's; those of a camera on its own are not recorded, and are all alike if it plans for itself."""
        if self.index != 0:
            return np.tile(np.arange(size), (count, 1))
        return self.team.take("draw_perm", self.step).astype(np.int64)
