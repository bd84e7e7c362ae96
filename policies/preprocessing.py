"""From raw observations to the inputs of a network."""

from __future__ import annotations

import numpy as np

from mate.batched.transforms import Transform, transform, transform_of
from mate.messages import Team
from policies.recipe import Dimensions, Preprocessing


def preprocess(observations: np.ndarray, team: str, dimensions: Dimensions, preprocessing: Preprocessing) -> np.ndarray:
    """The network inputs (R, D) float32 of raw observations (R, D) float64: relative coordinates, then rescaling.

    Computed in float64 and rounded once, as upstream does.
    """
    return transform(
        observations, _transform(team, dimensions, preprocessing), np.empty(observations.shape, np.float32)
    )


def _transform(team: str, dimensions: Dimensions, preprocessing: Preprocessing) -> Transform:
    sizes = dimensions.cameras, dimensions.targets, dimensions.obstacles
    return transform_of(Team[team.upper()], *sizes, preprocessing.relative_coordinates, preprocessing.rescaled)
