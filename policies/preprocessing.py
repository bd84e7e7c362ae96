"""From raw observations to the inputs of a network.

The transforms are those of ``mate.observations`` (relative coordinates, then rescaling), applied to all agents of all
episodes in one compiled pass: computed in float64 in the same order of operations, then rounded to float32.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from mate.compilation import kernel
from mate.constants import NUM_WAREHOUSES, OBSERVATION_OFFSET
from mate.layout import coordinate_mask_of, observation_slices_of, observation_space_of
from mate.messages import Team
from policies.recipe import Dimensions, Preprocessing

_ALWAYS = -1


class Transform(NamedTuple):
    """What happens to each column of an observation of length D; all arrays are (D,)."""

    origin: np.ndarray  # the column of the observer's coordinate to subtract, or -1
    flag: np.ndarray  # the column that says whether to subtract it, or -1 for always
    shift: np.ndarray  # the lower bound to subtract
    span: np.ndarray  # the distance of the bounds, where the column is scaled
    is_scaled: np.ndarray


@lru_cache(maxsize=256)
def transform_of(team: str, dimensions: Dimensions, preprocessing: Preprocessing) -> Transform:
    """The transform of observations of ``team`` in a scenario of these dimensions."""
    sizes = (Team[team.upper()], dimensions.cameras, dimensions.targets, dimensions.obstacles)
    space = observation_space_of(*sizes)
    length = space.shape[0]
    origin, flag = np.full(length, -1, np.int64), np.full(length, _ALWAYS, np.int64)
    if preprocessing.relative_coordinates:
        columns = np.flatnonzero(coordinate_mask_of(*sizes))
        origin[columns] = OBSERVATION_OFFSET + np.arange(len(columns)) % 2
        slices = observation_slices_of(*sizes)
        for name in ("opponent", "obstacle", "teammate"):
            record, mask = slices[f"{name}_states_with_mask"], slices[f"{name}_mask"]
            for axis in range(2):
                flag[record.start + axis : record.stop : mask.step] = np.arange(mask.start, mask.stop, mask.step)
        assert (flag[4 : 4 + 2 * NUM_WAREHOUSES] == _ALWAYS).all()
    is_bounded = np.isfinite(space.low) & np.isfinite(space.high) & (space.high > space.low)
    is_scaled = is_bounded & preprocessing.rescaled
    shift = np.where(np.isfinite(space.low) & preprocessing.rescaled, space.low, 0.0)
    span = np.where(is_scaled, space.high, 1.0) - np.where(is_scaled, space.low, 0.0)
    return Transform(origin, flag, shift, span, is_scaled)


@kernel
def _transform_rows(rows, origin, flag, shift, span, is_scaled, out):
    for row in range(rows.shape[0]):
        observation = rows[row]
        for column in range(observation.shape[0]):
            value = observation[column]
            if origin[column] >= 0 and (flag[column] < 0 or observation[flag[column]] != 0.0):
                value -= observation[origin[column]]
            value -= shift[column]
            if is_scaled[column]:
                value = 2.0 * value / span[column] - 1.0
            out[row, column] = value


def preprocess(observations: np.ndarray, team: str, dimensions: Dimensions, preprocessing: Preprocessing) -> np.ndarray:
    """The network inputs (R, D) float32 of raw observations (R, D) float64."""
    out = np.empty(observations.shape, np.float32)
    _transform_rows(observations, *transform_of(team, dimensions, preprocessing), out)
    return out
