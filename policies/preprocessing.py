"""From raw observations to the inputs of a network."""

from __future__ import annotations

import numpy as np

from mate.batched.egocentric import append
from mate.batched.transforms import Transform, transform, transform_of
from mate.messages import Team
from policies.fields import Dimensions
from policies.recipe import Preprocessing


def preprocess(observations: np.ndarray, team: str, dimensions: Dimensions, preprocessing: Preprocessing) -> np.ndarray:
    """The network inputs (R, E) float32 of raw observations (R, D) float64.

    Relative coordinates, then rescaling, computed in float64 and rounded once, as upstream does; then egocentric
    features beside each record, which make E greater than D.
    """
    plain = transform(
        observations, _transform(team, dimensions, preprocessing), np.empty(observations.shape, np.float32)
    )
    if not preprocessing.egocentric:
        return plain
    sizes = dimensions.cameras, dimensions.targets, dimensions.obstacles
    return append(observations, plain, Team(team), sizes)


def _transform(team: str, dimensions: Dimensions, preprocessing: Preprocessing) -> Transform:
    sizes = dimensions.cameras, dimensions.targets, dimensions.obstacles
    return transform_of(Team(team), *sizes, preprocessing.relative_coordinates, preprocessing.rescaled)
