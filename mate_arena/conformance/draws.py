"""The draws of a recorded team, handed out to its agents, with a note of which were asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mate.agents.laws.coverage import NUM_ORDERS
from mate.agents.laws.draws import FASTEST_TURN
from mate.agents.laws.pursuit import MEMORY_PERIOD
from mate.agents.laws.walk import NUM_WAREHOUSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    Recording = Mapping[str, np.ndarray]


@dataclass
class TeamDraws:
    """Draws of the N agents of a team, by the name of the array without its prefix.

    ``values[name]`` are the recorded ones, ``is_recorded[name]`` tells where there are any (-1 and NaN mean none, and
    so does a missing array), ``is_possible[name]`` whether what is recorded can have been drawn at all, and
    ``is_wanted[name]`` where agents asked for one.
    """

    values: dict[str, np.ndarray] = field(default_factory=dict)
    is_recorded: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    is_possible: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    is_wanted: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    @classmethod
    def read(cls, recording: Recording, prefix: str, limits: NDArray[np.float64], steps: int) -> TeamDraws:
        """The draws in the arrays that begin with ``prefix`` (``ca_`` or ``ta_``); ``limits`` (N, 2) are of actions.

        Raises ValueError for an array of the wrong shape.
        """
        size, delays = len(limits), (MEMORY_PERIOD // 4, 2 * MEMORY_PERIOD)
        draws = cls()
        draws._add(recording, prefix, "reset_sample", (size,), (2,), lambda v: _is_within(v, limits))
        draws._add(recording, prefix, "reset_choice", (size,), (2,), _is_patrol)
        draws._add(recording, prefix, "draw_binomial", (steps, size), (), lambda v: v <= 1)
        draws._add(recording, prefix, "draw_sample", (steps, size), (2,), lambda v: _is_within(v, limits))
        draws._add(recording, prefix, "draw_choice", (steps, size), (), lambda v: v < NUM_WAREHOUSES)
        draws._add(recording, prefix, "draw_uniform", (steps, size), (), lambda v: (v >= 0.0) & (v < FASTEST_TURN))
        draws._add(
            recording, prefix, "draw_delay", (steps, size, size), (), lambda v: (v >= delays[0]) & (v < delays[1])
        )
        draws._add(recording, prefix, "draw_perm", (steps,), (NUM_ORDERS, size), _is_permutation)
        return draws

    def _add(
        self,
        recording: Recording,
        prefix: str,
        name: str,
        address: tuple[int, ...],
        content: tuple[int, ...],
        is_possible: Callable[[np.ndarray], np.ndarray],
    ) -> None:
        values = np.asarray(recording[prefix + name]) if prefix + name in recording else np.full(address + content, -1)
        if values.shape != address + content:
            raise ValueError(f"{prefix}{name} has shape {values.shape} instead of {address + content}.")
        is_none = np.isnan(values) if values.dtype.kind == "f" else values == -1
        axes = tuple(range(len(address), values.ndim))
        self.values[name] = values
        self.is_recorded[name] = ~is_none.all(axis=axes)
        self.is_possible[name] = ~self.is_recorded[name] | (is_possible(values) & ~is_none.all(axis=axes))
        self.is_wanted[name] = np.zeros(address, np.bool_)

    def take(self, name: str, *address: int) -> Any:
        """The recorded value at an address, or zeros if there is none that is possible."""
        self.is_wanted[name][address] = True
        value = self.values[name][address]
        is_usable = self.is_recorded[name][address] and self.is_possible[name][address]
        return value if is_usable else np.zeros_like(value)


def _is_within(samples: np.ndarray, limits: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (np.abs(samples) <= limits).all(axis=-1)


def _is_patrol(choices: np.ndarray) -> NDArray[np.bool_]:
    return (choices[..., 0] >= 0) & (choices[..., 0] < NUM_WAREHOUSES) & (np.abs(choices[..., 1]) == 1)


def _is_permutation(orders: np.ndarray) -> NDArray[np.bool_]:
    return (np.sort(orders, axis=-1) == np.arange(orders.shape[-1])).all(axis=(-2, -1))


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
        return int(self.team.take("reset_choice", self.index)[1]) or 1

    def happens(self, probability: float) -> bool:
        return bool(self.team.take("draw_binomial", self.step, self.index))

    def sample(self, high: np.ndarray) -> np.ndarray:
        return self.team.take("draw_sample", self.step, self.index)

    def guess(self, options: Sequence[int]) -> int:
        choice = int(self.team.take("draw_choice", self.step, self.index))
        return choice if choice in options else options[0]

    def speed(self, fastest: float) -> float:
        return float(self.team.take("draw_uniform", self.step, self.index))

    def delay(self, recipient: int, low: int, high: int) -> int:
        return int(self.team.take("draw_delay", self.step, self.index, recipient))

    def orders(self, count: int, size: int) -> np.ndarray:
        """The controller's; a camera that plans for itself alone has only one order, which is not recorded."""
        if self.index != 0:
            return np.tile(np.arange(size), (count, 1))
        orders = self.team.take("draw_perm", self.step).astype(np.int64)
        return orders if orders.any() or size == 1 else np.tile(np.arange(size), (count, 1))
