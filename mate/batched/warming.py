"""Calling every kernel of this package once, so that it is compiled and kept."""

from __future__ import annotations

import numpy as np

from mate.batched import egocentric
from mate.batched.discrete import action_grid, decode
from mate.batched.poses import choose_relative_poses, execute_poses, turn_to_poses
from mate.batched.rewards import COMPONENTS, AuxiliaryRewards
from mate.batched.selections import aim_at_targets, execute_selections
from mate.batched.transforms import transform, transform_of
from mate.engine import Batch
from mate.messages import Team
from mate.scenario import Scenario


def warm() -> None:
    """Compile the kernels by calling them."""
    batch = Batch(Scenario.load("MATE-2v2-9"), 2)
    batch.reset(np.arange(2))
    observations, _ = batch.observe()
    how = transform_of(Team.CAMERA, 2, 2, 9, relative=True, rescaled=True)
    transform(observations, how)
    transform(observations, how, np.empty(observations.shape, np.float32))
    decode(np.zeros((2, 2), np.int64), action_grid(Team.CAMERA, 3), np.ones(2))
    selections = np.ones((2, 2, 2), np.bool_)
    execute_selections(observations, selections, np.ones(2, np.bool_), np.empty((2, 2, 2)))
    warm_poses(observations)
    own = np.ascontiguousarray(observations[0, :, 13:22])
    aim_at_targets(own, batch.target_location[0], selections[0], np.empty((2, 2)))
    for team in Team:
        keys = (*COMPONENTS[team], "soft_coverage_score")
        AuxiliaryRewards(team, batch, dict.fromkeys(keys, 1.0)).compose()


def warm_poses(observations: np.ndarray) -> None:
    """Compile the kernels of poses and egocentric features, for observations (2, 2, D) of MATE-2v2-9."""
    active, actions, numbers = np.ones(2, np.bool_), np.empty((2, 2, 2)), np.zeros((2, 2), np.int64)
    execute_poses(observations, numbers, active, actions)
    poses = np.empty((2, 2, 2))
    choose_relative_poses(observations.reshape(4, -1), numbers.ravel(), 3, poses.reshape(-1, 2))
    turn_to_poses(observations, poses, active, actions)
    egocentric.append(observations, observations, Team.CAMERA, (2, 2, 9))
