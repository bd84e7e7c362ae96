"""Moves that meet several discs: recordings pass these in an order of their own, so that what any order leads to is
right.
"""

from itertools import permutations

import numpy as np

from mate.compilation import kernel
from mate.constants import COLLISION_TOLERANCE, TERRAIN_SIZE
from mate.engine.motion import slide
from mate.scenario import Scenario
from mate_arena.conformance.recording import Recording
from mate_arena.conformance.report import TOLERANCE

MOST_DISCS = 6
"""More discs than this within one step have too many orders to try them all."""


def find_reordered(recording: Recording, scenario: Scenario, locations: np.ndarray) -> np.ndarray:
    """(K, T) which recorded moves lead elsewhere than ours, to ``locations`` (K, T, 2), but are those of another
    order (Q02).
    """
    ends = recording["target_location"][1:]
    is_other = np.zeros(ends.shape[:2], dtype=bool)
    discs = _list_discs(recording, scenario)
    for step, target in np.argwhere(np.abs(locations - ends).max(axis=-1) > TOLERANCE):
        start, end = recording["target_location"][step, target], ends[step, target]
        move = _limit(recording["target_action"][step, target], scenario, recording["target_capacity"][target])
        is_colliding = bool(recording["target_is_colliding"][step + 1, target])
        is_other[step, target] = _is_led_to(start, move, discs, end, is_colliding)
    return is_other


def _list_discs(recording: Recording, scenario: Scenario) -> np.ndarray:
    """(D, 3) x, y and radius of everything that blocks."""
    radii = np.full((scenario.num_cameras, 1), scenario.camera_radius)
    obstacles = np.column_stack([recording["obstacle_location"], recording["obstacle_radius"]])
    return np.concatenate([obstacles, np.concatenate([recording["camera_location"], radii], axis=1)])


def _limit(action: np.ndarray, scenario: Scenario, capacity: int) -> np.ndarray:
    length, limit = float(np.sqrt((action**2).sum())), scenario.target_step_size / capacity
    return action * (limit / length) if length > limit else action


def _is_led_to(start: np.ndarray, move: np.ndarray, discs: np.ndarray, end: np.ndarray, is_colliding: bool) -> bool:
    """Whether a move ends there, and so collides or not, in any order of the discs that it can reach."""
    distances = np.sqrt(((discs[:, :2] - start) ** 2).sum(axis=-1))
    within = discs[(distances < np.sqrt((move**2).sum()) + discs[:, 2]) & (discs[:, 2] > 0.0)]
    if not 1 < len(within) <= MOST_DISCS:
        return False
    for order in permutations(within):
        reached = np.clip(start + _slide_past(*start, *move, np.array(order)), -TERRAIN_SIZE, TERRAIN_SIZE)
        collides = bool(np.abs(reached - (start + move)).max() > COLLISION_TOLERANCE)
        if collides == is_colliding and np.abs(reached - end).max() <= TOLERANCE:
            return True
    return False


@kernel
def _slide_past(x, y, vx, vy, discs):
    """What is left (2,) of the step (vx, vy) from (x, y) past discs (D, 3), one after the other."""
    for i in range(discs.shape[0]):
        vx, vy = slide(x, y, vx, vy, discs[i, 0], discs[i, 1], discs[i, 2])
    return np.array([vx, vy])
