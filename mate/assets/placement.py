"""Where to put cameras so that they cover the terrain: the largest distance to the nearest camera made small.

Coordinates are normalised: the terrain is the square [-1, 1] x [-1, 1].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.float64]  # (N, 2)

_AXIS = np.linspace(-1, 1, 101)
_MESH = np.stack(np.meshgrid(_AXIS, _AXIS), axis=-1).reshape(-1, 2)
_ITERATIONS = 2000
_SPREAD_WEIGHT = 0.001  # of the smallest distance between two cameras
_BORDER_WEIGHT = 0.1  # of the smallest distance from a camera to the border


def place_cameras(count: int, seed: int) -> Positions:
    """Positions (count, 2) of cameras that cover the terrain; the same for the same seed.

    Minimises the covering radius, less small rewards for cameras that keep apart and off the border, from a uniformly
    random start with Adam (Kingma and Ba, ICLR 2015) and a learning rate that falls when progress stalls. The best
    positions on the way are returned.
    """
    positions = np.random.default_rng(seed).uniform(-1, 1, (count, 2))
    if count == 0:
        return positions
    adam, rate = Adam(positions.shape), PlateauRate(0.01)
    best, best_loss = positions, np.inf
    for iteration in range(_ITERATIONS):
        loss, gradient = _loss(positions)
        if loss < best_loss:
            best, best_loss = positions, loss
        positions = np.clip(positions - rate.value * adam.direction(gradient), -1, 1)
        if iteration % 10 == 0:
            rate.observe(loss)
        if rate.value < 1e-5:
            break
    return best


def covering_radius(positions: Positions) -> float:
    """The largest distance of a point of the terrain (a mesh of 101 x 101 points) to its nearest camera."""
    return _farthest_point(positions)[0]


def _loss(positions: Positions) -> tuple[float, Positions]:
    """The value to minimise and a subgradient of it with respect to ``positions``."""
    gradient = np.zeros_like(positions)
    radius, point, nearest = _farthest_point(positions)
    gradient[nearest] += _unit(positions[nearest] - point)
    border = 1 - np.abs(positions)
    camera, axis = np.unravel_index(np.argmin(border), border.shape)
    gradient[camera, axis] += _BORDER_WEIGHT * np.sign(positions[camera, axis])
    loss = radius - _BORDER_WEIGHT * border[camera, axis]
    if len(positions) > 1:  # a single camera has nobody to keep away from (Q49)
        gaps = np.linalg.norm(positions[:, None] - positions[None], axis=-1) + np.diag(np.full(len(positions), np.inf))
        one, other = np.unravel_index(np.argmin(gaps), gaps.shape)
        apart = _SPREAD_WEIGHT * _unit(positions[one] - positions[other])
        gradient[one] -= apart
        gradient[other] += apart
        loss -= _SPREAD_WEIGHT * gaps[one, other]
    return float(loss), gradient


def _farthest_point(positions: Positions) -> tuple[float, Positions, int]:
    """The covering radius, the mesh point that has it, and the camera nearest to that point."""
    across, along = (np.square(_AXIS - positions[:, axis, None]) for axis in (0, 1))
    squares = along[:, :, None] + across[:, None, :]  # (N, 101, 101): by camera, y and x
    lengths = np.sqrt(squares.min(axis=0)).reshape(-1)
    farthest = int(lengths.argmax())
    nearest = int(np.sqrt(squares.reshape(len(positions), -1)[:, farthest]).argmin())
    return float(lengths[farthest]), _MESH[farthest], nearest


def _unit(vector: Positions) -> Positions:
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else np.zeros_like(vector)


class Adam:
    """Running means of the gradient and of its square, with bias correction."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._mean, self._square, self._count = np.zeros(shape), np.zeros(shape), 0

    def direction(self, gradient: Positions) -> Positions:
        """The step to subtract, for a learning rate of one."""
        self._count += 1
        self._mean = 0.9 * self._mean + 0.1 * gradient
        self._square = 0.999 * self._square + 0.001 * gradient**2
        mean, square = self._mean / (1 - 0.9**self._count), self._square / (1 - 0.999**self._count)
        return mean / (np.sqrt(square) + 1e-8)


@dataclass
class PlateauRate:
    """A learning rate that is quartered after 16 observations without a relative gain of one per cent.

    After each cut the next 8 observations do not count against it.
    """

    value: float
    _best: float = np.inf
    _stalled: int = 0
    _cooldown: int = 0

    def observe(self, loss: float) -> None:
        """Record a loss."""
        if self._best == np.inf or loss < self._best - 0.01 * abs(self._best):
            self._best, self._stalled = loss, 0
        else:
            self._stalled += 1
        if self._cooldown > 0:
            self._cooldown, self._stalled = self._cooldown - 1, 0
        if self._stalled > 16:
            self.value, self._cooldown, self._stalled = 0.25 * self.value, 8, 0
