"""Discrete actions: choices on a square grid of rotations and zooms, or on a disc of displacements."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mate.compilation import kernel
from mate.messages import Team


@lru_cache(maxsize=64)
def action_grid(team: Team, levels: int) -> np.ndarray:
    """The (levels * levels, 2) actions as fractions of the greatest; in row ``i + levels * j`` values i and j of [-1,
    1].

    The targets' square is pulled radially into the unit disc, since a step is bounded in length: a point's greatest
    coordinate becomes its distance from the centre.
    """
    values = np.linspace(-1.0, 1.0, levels)
    grid = np.stack([np.tile(values, levels), np.repeat(values, levels)], axis=1)
    if team is Team.TARGET:
        length = np.sqrt(np.square(grid).sum(axis=1))
        share = np.divide(np.abs(grid).max(axis=1), length, out=np.zeros_like(length), where=length > 0.0)
        grid = grid * share[:, np.newaxis]
    grid.flags.writeable = False
    return grid


@kernel
def decode_rows(choices, grid, greatest, actions):
    """Write the actions (R, 2) of choices (R,) from a grid (K, 2), in units of the ``greatest`` (R, 2)."""
    for row in range(choices.shape[0]):
        for axis in range(2):
            actions[row, axis] = grid[choices[row], axis] * greatest[row, axis]


def decode(choices: np.ndarray, grid: np.ndarray, greatest: np.ndarray) -> np.ndarray:
    """The actions (..., 2) of choices (...), whose greatest are ``greatest``, anything that broadcasts to (..., 2).

    Raises ValueError for a choice that is not a row of the grid.
    """
    choices = np.asarray(choices, np.int64)
    if choices.size and not (choices.min() >= 0 and choices.max() < len(grid)):
        raise ValueError(f"A choice is a number from 0 to {len(grid) - 1}, not {choices.min()} or {choices.max()}.")
    actions = np.empty((*choices.shape, 2))
    scale = np.broadcast_to(greatest, actions.shape).astype(np.float64).reshape(-1, 2)
    decode_rows(choices.ravel(), grid, scale, actions.reshape(-1, 2))
    return actions
