"""Calling every kernel of the rule-based agents once, so that it is compiled and kept."""

from __future__ import annotations

import numpy as np

from mate.agents.batched.kinds import BUILTIN_NAMES, make
from mate.agents.batched.mixture import BatchedMixture
from mate.agents.draws import EpisodeDraws
from mate.agents.laws.aim import aim_and_zoom, min_viewing_angle_of, turn_to_pose
from mate.agents.laws.coverage import find_joint_goal, new_search
from mate.agents.laws.evasion import evade, new_views
from mate.agents.laws.poses import pose_table
from mate.agents.laws.pursuit import is_within_reach, nearest_candidate
from mate.agents.laws.walk import (
    believed_empty,
    carried_goal,
    keeps_goal,
    next_on_patrol,
    noise_change_probability,
    noisy_step,
)
from mate.communication import is_lost
from mate.messages import Team
from mate.scenario import Scenario


def warm() -> None:
    """Compile the kernels of both forms of the rule-based agents, by calling them."""
    _warm_teams()
    _warm_draws()
    _warm_camera_laws()
    _warm_target_laws()


def _warm_teams() -> None:
    scenario = Scenario.load("MATE-2v2-9")
    slots, keys, active = np.arange(2), np.arange(2, dtype=np.uint64), np.ones(2, np.bool_)
    for team, length in zip(Team, (scenario.camera_observation_dim, scenario.target_observation_dim), strict=True):
        # Not a game's: the engine, which another process may be compiling meanwhile, would be compiled here once more.
        view = np.ones((2, 2, length))
        for name in BUILTIN_NAMES:
            player, actions = BatchedMixture([make(name, team, scenario, 2)]), np.zeros((2, 2, 2))
            player.reset(slots, keys, view)
            player.act(view, actions, active)


def _warm_draws() -> None:
    draws, high = EpisodeDraws(0), np.ones(2)
    draws.first_noise(high)
    draws.first_goal(4)
    draws.direction()
    draws.happens(0.5)
    draws.sample(high)
    draws.guess([0, 1])
    draws.speed(0.5)
    draws.delay(0, 1, 2)
    draws.orders(2, 2)
    is_lost(draws.key, 0, 1, 0.5)


def _warm_camera_laws() -> None:
    own = np.array([0.0, 0.0, 40.0, 1500.0, 0.0, 30.0, 1500.0, 5.0, 2.5])
    x = own[3] / 2.0
    aim_and_zoom(own, x, x)
    turn_to_pose(own, 0.0, 30.0)
    is_within_reach(x, x, own)
    nearest_candidate(own, np.zeros((1, 4)), np.ones(1, np.int64), np.ones(1, np.bool_), False, True)
    table = pose_table(own[6], min_viewing_angle_of(own))
    find_joint_goal(new_search(1, 1, table), table, own[None].copy(), np.full((1, 2), x), own[7:9])


def _warm_target_laws() -> None:
    own, x = np.ones(14), np.float64(0.0)
    noise_change_probability(own, x, x)
    noisy_step(own, 0, x, x)
    next_on_patrol(own, 0, 1)
    believed_empty(own)
    keeps_goal(own, int(carried_goal(own)), 15)
    evade(own, np.zeros(7), new_views(1), x, x, 0.5)
