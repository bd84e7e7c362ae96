"""The state of a batch of episodes: named views over four flat buffers.

The first axis of every view is the slot, 0 to B-1. ``carve`` cuts the views out of the buffers, in Python for
``Batch`` and inside every kernel, so that a call from Python passes four arrays instead of sixty and no kernel is compiled
again for another scenario.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from mate.constants import NUM_WAREHOUSES


class World(NamedTuple):
    """Views of shape (B, ...), named like the arrays of recordings. C, T, O: numbers of cameras, targets, obstacles."""

    # float64
    camera_location: np.ndarray  # (B, C, 2)
    camera_orientation: np.ndarray  # (B, C) degrees
    camera_viewing_angle: np.ndarray  # (B, C) degrees
    camera_sight_range: np.ndarray  # (B, C)
    camera_heading: np.ndarray  # (B, C, 3) cosine and sine of the orientation, cosine of half the viewing angle; derived
    obstacle_location: np.ndarray  # (B, O, 2)
    obstacle_radius: np.ndarray  # (B, O)
    sight_distance: np.ndarray  # (B, C, O) from camera to obstacle centre; derived
    sight_bearing: np.ndarray  # (B, C, O) degrees; derived
    sight_half_angle: np.ndarray  # (B, C, O) degrees, half of what the obstacle covers; -1: covers nothing; derived
    sight_margin: np.ndarray  # (B, C, O) cosine of the half angle plus a margin; derived
    target_location: np.ndarray  # (B, T, 2)
    target_heading: np.ndarray  # (B, T, 2) any vector along the drawing orientation
    target_step_size: np.ndarray  # (B, T)
    target_warehouse_distances: np.ndarray  # (B, T, 4)
    coverage_rate: np.ndarray  # (B,)
    real_coverage_rate: np.ndarray  # (B,)
    mean_transport_rate: np.ndarray  # (B,)
    target_team_episode_reward: np.ndarray  # (B,) sum of dense rewards
    delayed_target_team_episode_reward: np.ndarray  # (B,) sum of sparse rewards
    coverage_rate_sum: np.ndarray  # (B,) over the steps so far
    real_coverage_rate_sum: np.ndarray  # (B,)
    camera_reward: np.ndarray  # (B,) of the last step
    target_reward: np.ndarray  # (B,)
    # int32
    target_capacity: np.ndarray  # (B, T)
    target_goal: np.ndarray  # (B, T) -1: unloaded
    target_goal_bits: np.ndarray  # (B, T, 4)
    freights: np.ndarray  # (B, T)
    bounties: np.ndarray  # (B, T)
    target_steps: np.ndarray  # (B, T)
    tracked_steps: np.ndarray  # (B, T)
    remaining_cargoes: np.ndarray  # (B, 4, 4)
    awaiting_cargo_counts: np.ndarray  # (B, 4)
    num_delivered_cargoes: np.ndarray  # (B,)
    episode_step: np.ndarray  # (B,)
    transmit_draw: np.ndarray  # (B, C, T) -1: not drawn
    transmit_given: np.ndarray  # (B, C, T) outcome to use instead of drawing, -1: draw
    goal_draw: np.ndarray  # (B, T) destination drawn in the last step, -1: none
    goal_given: np.ndarray  # (B, T) destination to use instead of drawing, -1: draw
    goal_count: np.ndarray  # (B, T) destinations drawn so far
    camera_order: np.ndarray  # (B, C) index in the configuration
    target_order: np.ndarray  # (B, T)
    obstacle_order: np.ndarray  # (B, O)
    # bool
    camera_target_view_mask: np.ndarray  # (B, C, T)
    camera_obstacle_view_mask: np.ndarray  # (B, C, O)
    camera_camera_view_mask: np.ndarray  # (B, C, C)
    target_camera_view_mask: np.ndarray  # (B, T, C)
    target_obstacle_view_mask: np.ndarray  # (B, T, O)
    target_target_view_mask: np.ndarray  # (B, T, T)
    camera_clear_mask: np.ndarray  # (B, C, C) no obstacle between the two; derived
    tracked_bits: np.ndarray  # (B, T)
    target_is_loaded: np.ndarray  # (B, T)
    target_is_colliding: np.ndarray  # (B, T)
    target_empty_bits: np.ndarray  # (B, T, 4)
    target_dones: np.ndarray  # (B, T)
    done: np.ndarray  # (B,)
    # uint64
    key: np.ndarray  # (B,) the episode's seed
    digest: np.ndarray  # (B,) running hash of the trajectory


class Buffers(NamedTuple):
    """The memory behind a World. ``size`` holds B, C, T, O and four cells in which ``carve`` counts."""

    reals: np.ndarray  # float64
    integers: np.ndarray  # int32
    flags: np.ndarray  # bool
    words: np.ndarray  # uint64
    size: np.ndarray  # (8,) int64


@register_jitable
def _cut1(buffer, at, b):
    start = at[0]
    at[0] += b
    return buffer[start : start + b]


@register_jitable
def _cut2(buffer, at, b, n):
    start = at[0]
    at[0] += b * n
    return buffer[start : start + b * n].reshape((b, n))


@register_jitable
def _cut3(buffer, at, b, n, m):
    start = at[0]
    at[0] += b * n * m
    return buffer[start : start + b * n * m].reshape((b, n, m))


@register_jitable
def carve(reals, integers, flags, words, size):
    """The World over four flat buffers, field after field."""
    b, c, t, o = size[0], size[1], size[2], size[3]
    at = size[4:8]
    at[:] = 0
    return World(
        camera_location=_cut3(reals, at[0:1], b, c, 2),
        camera_orientation=_cut2(reals, at[0:1], b, c),
        camera_viewing_angle=_cut2(reals, at[0:1], b, c),
        camera_sight_range=_cut2(reals, at[0:1], b, c),
        camera_heading=_cut3(reals, at[0:1], b, c, 3),
        obstacle_location=_cut3(reals, at[0:1], b, o, 2),
        obstacle_radius=_cut2(reals, at[0:1], b, o),
        sight_distance=_cut3(reals, at[0:1], b, c, o),
        sight_bearing=_cut3(reals, at[0:1], b, c, o),
        sight_half_angle=_cut3(reals, at[0:1], b, c, o),
        sight_margin=_cut3(reals, at[0:1], b, c, o),
        target_location=_cut3(reals, at[0:1], b, t, 2),
        target_heading=_cut3(reals, at[0:1], b, t, 2),
        target_step_size=_cut2(reals, at[0:1], b, t),
        target_warehouse_distances=_cut3(reals, at[0:1], b, t, NUM_WAREHOUSES),
        coverage_rate=_cut1(reals, at[0:1], b),
        real_coverage_rate=_cut1(reals, at[0:1], b),
        mean_transport_rate=_cut1(reals, at[0:1], b),
        target_team_episode_reward=_cut1(reals, at[0:1], b),
        delayed_target_team_episode_reward=_cut1(reals, at[0:1], b),
        coverage_rate_sum=_cut1(reals, at[0:1], b),
        real_coverage_rate_sum=_cut1(reals, at[0:1], b),
        camera_reward=_cut1(reals, at[0:1], b),
        target_reward=_cut1(reals, at[0:1], b),
        target_capacity=_cut2(integers, at[1:2], b, t),
        target_goal=_cut2(integers, at[1:2], b, t),
        target_goal_bits=_cut3(integers, at[1:2], b, t, NUM_WAREHOUSES),
        freights=_cut2(integers, at[1:2], b, t),
        bounties=_cut2(integers, at[1:2], b, t),
        target_steps=_cut2(integers, at[1:2], b, t),
        tracked_steps=_cut2(integers, at[1:2], b, t),
        remaining_cargoes=_cut3(integers, at[1:2], b, NUM_WAREHOUSES, NUM_WAREHOUSES),
        awaiting_cargo_counts=_cut2(integers, at[1:2], b, NUM_WAREHOUSES),
        num_delivered_cargoes=_cut1(integers, at[1:2], b),
        episode_step=_cut1(integers, at[1:2], b),
        transmit_draw=_cut3(integers, at[1:2], b, c, t),
        transmit_given=_cut3(integers, at[1:2], b, c, t),
        goal_draw=_cut2(integers, at[1:2], b, t),
        goal_given=_cut2(integers, at[1:2], b, t),
        goal_count=_cut2(integers, at[1:2], b, t),
        camera_order=_cut2(integers, at[1:2], b, c),
        target_order=_cut2(integers, at[1:2], b, t),
        obstacle_order=_cut2(integers, at[1:2], b, o),
        camera_target_view_mask=_cut3(flags, at[2:3], b, c, t),
        camera_obstacle_view_mask=_cut3(flags, at[2:3], b, c, o),
        camera_camera_view_mask=_cut3(flags, at[2:3], b, c, c),
        target_camera_view_mask=_cut3(flags, at[2:3], b, t, c),
        target_obstacle_view_mask=_cut3(flags, at[2:3], b, t, o),
        target_target_view_mask=_cut3(flags, at[2:3], b, t, t),
        camera_clear_mask=_cut3(flags, at[2:3], b, c, c),
        tracked_bits=_cut2(flags, at[2:3], b, t),
        target_is_loaded=_cut2(flags, at[2:3], b, t),
        target_is_colliding=_cut2(flags, at[2:3], b, t),
        target_empty_bits=_cut3(flags, at[2:3], b, t, NUM_WAREHOUSES),
        target_dones=_cut2(flags, at[2:3], b, t),
        done=_cut1(flags, at[2:3], b),
        key=_cut1(words, at[3:4], b),
        digest=_cut1(words, at[3:4], b),
    )


def allocate(num_slots: int, num_cameras: int, num_targets: int, num_obstacles: int) -> Buffers:
    """Zeroed buffers for this many slots and entities."""
    size = np.array([num_slots, num_cameras, num_targets, num_obstacles, 0, 0, 0, 0], dtype=np.int64)
    dtypes = (np.float64, np.int32, np.bool_, np.uint64)
    boundless = [np.broadcast_to(np.zeros((), dtype), 2**48) for dtype in dtypes]  # of no memory: carving only measures
    carve(*boundless, size)
    return Buffers(*(np.zeros(count, dtype) for count, dtype in zip(size[4:], dtypes, strict=True)), size)
