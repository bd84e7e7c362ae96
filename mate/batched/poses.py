"""Poses of cameras as choices: relative to the camera's own pose, or to a target that it sees."""

from __future__ import annotations

import math

import numpy as np

from mate.agents.laws.aim import WIDEST, area_of, best_viewing_angle, min_viewing_angle_of, orientation_of, turn_to_pose
from mate.compilation import kernel, part
from mate.constants import CAMERA_STATE_DIM_PRIVATE, OBSERVATION_OFFSET, TARGET_STATE_DIM_PUBLIC
from mate.geometry import bearing, clip, norm, wrap
from mate.sizes import OTHER_POSES, POSES_OF_TARGET

_FIRST_RECORD = OBSERVATION_OFFSET + CAMERA_STATE_DIM_PRIVATE
_RECORD_SIZE = TARGET_STATE_DIM_PUBLIC + 1

MARGIN = 0.7
"""Half-angles from the axis of view at which a target at the left or right of the field of view lies."""
SPARE = 1.1
"""Sight range over the target's distance in a wide pose: it may walk away a little before it is lost."""


def mask_poses(visible: np.ndarray) -> np.ndarray:
    """(..., M) which choices make sense, given which targets are visible (..., T)."""
    shape = visible.shape[:-1]
    for_targets = np.repeat(visible, POSES_OF_TARGET, axis=-1)
    return np.concatenate([for_targets, np.ones((*shape, OTHER_POSES), bool)], axis=-1)


@part
def _turn_to_target(own, record, choice, action):
    dx, dy = record[0] - own[0], record[1] - own[1]
    distance, area, smallest = norm(dx, dy), area_of(own), min_viewing_angle_of(own)
    if choice < 3:
        angle = best_viewing_angle(distance, area, smallest, own[6])
    else:
        reach = max(SPARE * distance, 1e-9)
        angle = clip(area / (reach * reach), smallest, WIDEST)
    offset = (choice % 3 - 1) * MARGIN * angle / 2.0
    action[0], action[1] = turn_to_pose(own, bearing(dx, dy) + offset, angle)


@part
def _turn_freely(own, choice, action):
    if choice == 0:
        action[0], action[1] = 0.0, 0.0
    else:
        turn, zoom = (choice - 1) // 2 - 1, (choice - 1) % 2
        action[0], action[1] = turn * own[7], own[8] if zoom == 1 else -own[8]


@kernel
def execute_poses(observations, choices, active, actions):
    """Write the actions (B, N, 2) that bring cameras towards the poses of their choices (B, N) int64.

    ``observations`` (B, N, D) are raw. Choices below ``POSES_OF_TARGET`` times the number of targets are poses of a
    target; a camera whose target is out of sight stays as it is. Inactive episodes (B,) are left alone.
    """
    for slot in range(observations.shape[0]):
        if not active[slot]:
            continue
        for agent in range(observations.shape[1]):
            observation, choice = observations[slot, agent], choices[slot, agent]
            own = observation[OBSERVATION_OFFSET:_FIRST_RECORD]
            num_targets = int(observation[1])
            if choice >= POSES_OF_TARGET * num_targets:
                _turn_freely(own, choice - POSES_OF_TARGET * num_targets, actions[slot, agent])
                continue
            record = observation[_FIRST_RECORD + choice // POSES_OF_TARGET * _RECORD_SIZE :]
            if record[_RECORD_SIZE - 1] != 0.0:
                _turn_to_target(own, record, choice % POSES_OF_TARGET, actions[slot, agent])
            else:
                actions[slot, agent, 0], actions[slot, agent, 1] = 0.0, 0.0


@kernel
def choose_relative_poses(rows, choices, levels, poses):
    """Write the poses (R, 2), orientation and viewing angle, that choices (R,) on a grid mean for cameras' raw
    observations (R, D).

    Value v of ``levels`` from -1 to 1 turns by v viewing angles for the first coordinate, and multiplies the viewing
    angle by 2 ** v for the second.
    """
    for row in range(rows.shape[0]):
        own = rows[row, OBSERVATION_OFFSET:_FIRST_RECORD]
        turn = 2.0 * (choices[row] % levels) / (levels - 1) - 1.0
        zoom = 2.0 * (choices[row] // levels) / (levels - 1) - 1.0
        poses[row, 0] = wrap(orientation_of(own) + turn * own[5])
        poses[row, 1] = clip(own[5] * math.pow(2.0, zoom), min_viewing_angle_of(own), WIDEST)


@kernel
def turn_to_poses(observations, poses, active, actions):
    """Write the actions (B, N, 2) that bring cameras with raw observations (B, N, D) towards their poses (B, N, 2)."""
    for slot in range(observations.shape[0]):
        if not active[slot]:
            continue
        for agent in range(observations.shape[1]):
            own = observations[slot, agent, OBSERVATION_OFFSET:_FIRST_RECORD]
            actions[slot, agent, 0], actions[slot, agent, 1] = turn_to_pose(
                own, poses[slot, agent, 0], poses[slot, agent, 1]
            )
