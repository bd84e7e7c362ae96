"""Transforms of observations: relative coordinates, rescaling to [-1, 1], and splitting into parts.

Each takes one observation (D,) or several (N, D), and passes columns beyond the base layout through unchanged.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from gymnasium import spaces

from mate.batched.transforms import transform, transform_of
from mate.layout import observation_indices_of, observation_space_of
from mate.messages import Team


def convert_coordinates(
    observation: np.ndarray, team: Team, num_cameras: int, num_targets: int, num_obstacles: int
) -> np.ndarray:
    """Express the coordinates of warehouses and visible entities relative to the observer.

    The observer's record among its teammates becomes (0, 0), its private state stays absolute, and records that are
    masked out stay zero (Q28). Returns a new array of the shape of ``observation``.
    """
    return transform(observation, transform_of(team, num_cameras, num_targets, num_obstacles, True, False))


def normalize_observation(
    observation: np.ndarray, observation_space: spaces.Box, additional_mask: np.ndarray | None = None
) -> np.ndarray:
    """Shift every entry by its lower bound, and scale those between two finite bounds to [-1, 1].

    An entry without an upper bound is shifted only; so is one that ``additional_mask`` (D,) excludes (Q27).
    Returns a new array of the shape of ``observation``.
    """
    low, high = np.asarray(observation_space.low, np.float64), np.asarray(observation_space.high, np.float64)
    is_scaled = np.isfinite(low) & np.isfinite(high) & (high > low)
    if additional_mask is not None:
        is_scaled = is_scaled & np.asarray(additional_mask, bool)
    shift = np.where(np.isfinite(low), low, 0.0)
    span = np.where(is_scaled, high, 1.0) - np.where(is_scaled, low, 0.0)
    rescaled = np.array(observation, dtype=np.float64)
    base = rescaled[..., : shift.size]
    base -= shift
    np.copyto(base, 2.0 * base / span - 1.0, where=is_scaled)
    return rescaled


def rescale_observation(
    observation: np.ndarray, team: Team, num_cameras: int, num_targets: int, num_obstacles: int
) -> np.ndarray:
    """``normalize_observation`` with the bounds of the team's observations; a masked record does not stay zero
    (Q27).
    """
    return transform(observation, transform_of(team, num_cameras, num_targets, num_obstacles, False, True))


def rescale_space(space: spaces.Box, base: spaces.Box | None = None) -> spaces.Box:
    """The bounds of what ``normalize_observation`` makes of points of ``space`` with the bounds ``base``."""
    base = space if base is None else base
    low = np.where(np.isfinite(space.low), normalize_observation(space.low, base), space.low)
    high = np.where(np.isfinite(space.high), normalize_observation(space.high, base), space.high)
    return spaces.Box(low, high, dtype=np.float64)


@lru_cache(maxsize=256)
def rescaled_observation_space_of(team: Team, num_cameras: int, num_targets: int, num_obstacles: int) -> spaces.Box:
    """The bounds of the team's observations after ``rescale_observation``."""
    return rescale_space(observation_space_of(team, num_cameras, num_targets, num_obstacles))


def split_observation(
    observation: np.ndarray, team: Team, num_cameras: int, num_targets: int, num_obstacles: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Split into preserved data, own state, and the records of opponents, obstacles and teammates.

    Raises AssertionError unless the last axis has exactly the length of the team's observations.
    """
    observation = np.asarray(observation)
    indices = observation_indices_of(team, num_cameras, num_targets, num_obstacles)
    assert observation.shape[-1] == indices[-1], (
        f"an observation of team {team.name.lower()} has {indices[-1]} entries, this one has {observation.shape[-1]}"
    )
    preserved, own, opponents, obstacles, teammates = np.split(observation, indices[1:-1], axis=-1)
    return preserved, own, opponents, obstacles, teammates
