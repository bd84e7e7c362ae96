"""Relative coordinates and rescaling of observations, in one pass over any number of them."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mate.compilation import kernel
from mate.constants import OBSERVATION_OFFSET
from mate.layout import coordinate_mask_of, observation_slices_of, observation_space_of
from mate.messages import Team

_ALWAYS = -1


class Transform(NamedTuple):
    """What happens to each column of an observation of length D; all arrays are (D,)."""

    origin: np.ndarray  # the column of the observer's coordinate to subtract, or -1
    flag: np.ndarray  # the column that says whether to subtract it, or -1 for always
    shift: np.ndarray  # the lower bound to subtract
    span: np.ndarray  # the distance of the bounds, where the column is scaled
    is_scaled: np.ndarray


@lru_cache(maxsize=256)
def transform_of(
    team: Team, num_cameras: int, num_targets: int, num_obstacles: int, relative: bool, rescaled: bool
) -> Transform:
    """The transform of a team's observations: to coordinates relative to the observer, then to [-1, 1]."""
    sizes = (team, num_cameras, num_targets, num_obstacles)
    space = observation_space_of(*sizes)
    length = space.shape[0]
    origin, flag = np.full(length, -1, np.int64), np.full(length, _ALWAYS, np.int64)
    if relative:
        columns = np.flatnonzero(coordinate_mask_of(*sizes))
        origin[columns] = OBSERVATION_OFFSET + np.arange(len(columns)) % 2
        slices = observation_slices_of(*sizes)
        for name in ("opponent", "obstacle", "teammate"):
            record, mask = slices[f"{name}_states_with_mask"], slices[f"{name}_mask"]
            for axis in range(2):
                flag[record.start + axis : record.stop : mask.step] = np.arange(mask.start, mask.stop, mask.step)
    is_scaled = np.isfinite(space.low) & np.isfinite(space.high) & (space.high > space.low) & rescaled
    shift = np.where(np.isfinite(space.low) & rescaled, space.low, 0.0)
    span = np.where(is_scaled, space.high, 1.0) - np.where(is_scaled, space.low, 0.0)
    return Transform(origin, flag, shift, span, is_scaled)


@kernel
def transform_rows(rows, origin, flag, shift, span, is_scaled, out):
    """Write the transforms of observations (R, D) to ``out`` (R, D) of any float type; further columns are copied."""
    for row in range(rows.shape[0]):
        observation = rows[row]
        for column in range(origin.shape[0]):
            value = observation[column]
            if origin[column] >= 0 and (flag[column] < 0 or observation[flag[column]] != 0.0):
                value -= observation[origin[column]]
            value -= shift[column]
            if is_scaled[column]:
                value = 2.0 * value / span[column] - 1.0
            out[row, column] = value
        for column in range(origin.shape[0], observation.shape[0]):
            out[row, column] = observation[column]


def transform(observations: np.ndarray, how: Transform, out: np.ndarray | None = None) -> np.ndarray:
    """The transforms of observations (..., D), computed in float64; written to ``out`` if given, else a new array."""
    rows = np.array(observations, np.float64, order="C", ndmin=2, copy=None)
    if not rows.flags.writeable:
        rows = rows.copy()
    if out is None:
        out = np.empty(np.shape(observations))
    width = rows.shape[-1]
    transform_rows(rows.reshape(-1, width), *how, out.reshape(-1, width))
    return out
