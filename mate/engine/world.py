"""The state of a batch of episodes: named views over four flat buffers.

The first axis of every view is the slot, 0 to B-1. ``carve`` cuts the views out of the buffers, in Python for
``Batch`` and inside every kernel, so that a call from Python passes four arrays instead of sixty and no kernel is
compiled again for another scenario.
"""

from typing import NamedTuple

import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic, overload, register_jitable

from mate.constants import NUM_WAREHOUSES

LANES = 8
"""The most numbers that a processor treats at once."""


class World(NamedTuple):
    """Views of shape (B, ...), named like the arrays of recordings. C, T, O: numbers of cameras, targets, obstacles."""

    # float64
    camera_location: np.ndarray  # (B, C, 2)
    camera_orientation: np.ndarray  # (B, C) degrees
    camera_viewing_angle: np.ndarray  # (B, C) degrees
    camera_sight_range: np.ndarray  # (B, C)
    camera_heading: (
        np.ndarray
    )  # (B, C, 3) cosine and sine of the orientation, cosine of half the viewing angle; derived
    obstacle_location: np.ndarray  # (B, O, 2)
    obstacle_radius: np.ndarray  # (B, O)
    obstacle_visibility: np.ndarray  # (B, O) greatest square of the distance at which targets see it; derived
    disc: np.ndarray  # (B, 3, D) x, y and radius of obstacles and cameras, then nothing, far away; derived
    sight_distance: np.ndarray  # (B, C, O) from camera to obstacle centre; derived
    sight_bearing: np.ndarray  # (B, C, O) degrees; derived
    sight_half_angle: np.ndarray  # (B, C, O) degrees, half of what the obstacle covers; -1: covers nothing; derived
    sight_margin: np.ndarray  # (B, C, O) cosine of the half angle plus a margin; derived
    target_location: np.ndarray  # (B, T, 2)
    target_place: np.ndarray  # (B, 2, T) the same: x of all, y of all; derived
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


def _cut(buffer, at, shape):
    """The next part of a flat buffer as an array of this shape; ``at`` counts how far the buffer is used up."""
    start = at[0]
    at[0] += np.prod(shape)
    return buffer[start : at[0]].reshape(shape)


@overload(_cut, jit_options={"forceinline": True})
def _cut_compiled(buffer, at, shape):
    if len(shape) == 1:

        def cut(buffer, at, shape):
            start = at[0]
            at[0] += shape[0]
            return _view(buffer, start, shape)  # type: ignore[call-arg]

    elif len(shape) == 2:

        def cut(buffer, at, shape):
            start = at[0]
            at[0] += shape[0] * shape[1]
            return _view(buffer, start, shape)  # type: ignore[call-arg]

    else:

        def cut(buffer, at, shape):
            start = at[0]
            at[0] += shape[0] * shape[1] * shape[2]
            return _view(buffer, start, shape)  # type: ignore[call-arg]

    return cut


@intrinsic
def _view(typing_context, buffer, start, shape):
    """An array over part of a buffer that owns nothing: it costs no reference counting, and nothing at all if
    unused.
    """
    array_type = types.Array(buffer.dtype, len(shape), "C")

    def generate(context, builder, signature, arguments):
        source = context.make_array(signature.args[0])(context, builder, arguments[0])
        view = context.make_array(array_type)(context, builder)
        sizes = cgutils.unpack_tuple(builder, arguments[2], len(shape))
        sizes = [
            context.cast(builder, size, kind, types.intp) for size, kind in zip(sizes, signature.args[2], strict=True)
        ]
        strides = [source.itemsize]
        for size in sizes[:0:-1]:
            strides.insert(0, builder.mul(strides[0], size))
        context.populate_array(
            view,
            data=builder.gep(source.data, [arguments[1]]),
            shape=sizes,
            strides=strides,
            itemsize=source.itemsize,
            meminfo=None,
        )
        return view._getvalue()

    return array_type(buffer, start, shape), generate


@register_jitable(forceinline=True)
def count_places(num_cameras, num_obstacles):
    """How many discs there is place for: a multiple of the numbers that a processor treats at once."""
    return (num_cameras + num_obstacles + LANES - 1) // LANES * LANES


@register_jitable(forceinline=True)
def carve(reals, integers, flags, words, size):
    """The World over four flat buffers, field after field."""
    b, c, t, o = size[0], size[1], size[2], size[3]
    at = size[4:8]
    at[:] = 0
    return World(
        camera_location=_cut(reals, at[0:1], (b, c, 2)),
        camera_orientation=_cut(reals, at[0:1], (b, c)),
        camera_viewing_angle=_cut(reals, at[0:1], (b, c)),
        camera_sight_range=_cut(reals, at[0:1], (b, c)),
        camera_heading=_cut(reals, at[0:1], (b, c, 3)),
        obstacle_location=_cut(reals, at[0:1], (b, o, 2)),
        obstacle_radius=_cut(reals, at[0:1], (b, o)),
        obstacle_visibility=_cut(reals, at[0:1], (b, o)),
        disc=_cut(reals, at[0:1], (b, 3, count_places(c, o))),
        sight_distance=_cut(reals, at[0:1], (b, c, o)),
        sight_bearing=_cut(reals, at[0:1], (b, c, o)),
        sight_half_angle=_cut(reals, at[0:1], (b, c, o)),
        sight_margin=_cut(reals, at[0:1], (b, c, o)),
        target_location=_cut(reals, at[0:1], (b, t, 2)),
        target_place=_cut(reals, at[0:1], (b, 2, t)),
        target_heading=_cut(reals, at[0:1], (b, t, 2)),
        target_step_size=_cut(reals, at[0:1], (b, t)),
        target_warehouse_distances=_cut(reals, at[0:1], (b, t, NUM_WAREHOUSES)),
        coverage_rate=_cut(reals, at[0:1], (b,)),
        real_coverage_rate=_cut(reals, at[0:1], (b,)),
        mean_transport_rate=_cut(reals, at[0:1], (b,)),
        target_team_episode_reward=_cut(reals, at[0:1], (b,)),
        delayed_target_team_episode_reward=_cut(reals, at[0:1], (b,)),
        coverage_rate_sum=_cut(reals, at[0:1], (b,)),
        real_coverage_rate_sum=_cut(reals, at[0:1], (b,)),
        camera_reward=_cut(reals, at[0:1], (b,)),
        target_reward=_cut(reals, at[0:1], (b,)),
        target_capacity=_cut(integers, at[1:2], (b, t)),
        target_goal=_cut(integers, at[1:2], (b, t)),
        target_goal_bits=_cut(integers, at[1:2], (b, t, NUM_WAREHOUSES)),
        freights=_cut(integers, at[1:2], (b, t)),
        bounties=_cut(integers, at[1:2], (b, t)),
        target_steps=_cut(integers, at[1:2], (b, t)),
        tracked_steps=_cut(integers, at[1:2], (b, t)),
        remaining_cargoes=_cut(integers, at[1:2], (b, NUM_WAREHOUSES, NUM_WAREHOUSES)),
        awaiting_cargo_counts=_cut(integers, at[1:2], (b, NUM_WAREHOUSES)),
        num_delivered_cargoes=_cut(integers, at[1:2], (b,)),
        episode_step=_cut(integers, at[1:2], (b,)),
        transmit_draw=_cut(integers, at[1:2], (b, c, t)),
        transmit_given=_cut(integers, at[1:2], (b, c, t)),
        goal_draw=_cut(integers, at[1:2], (b, t)),
        goal_given=_cut(integers, at[1:2], (b, t)),
        goal_count=_cut(integers, at[1:2], (b, t)),
        camera_order=_cut(integers, at[1:2], (b, c)),
        target_order=_cut(integers, at[1:2], (b, t)),
        obstacle_order=_cut(integers, at[1:2], (b, o)),
        camera_target_view_mask=_cut(flags, at[2:3], (b, c, t)),
        camera_obstacle_view_mask=_cut(flags, at[2:3], (b, c, o)),
        camera_camera_view_mask=_cut(flags, at[2:3], (b, c, c)),
        target_camera_view_mask=_cut(flags, at[2:3], (b, t, c)),
        target_obstacle_view_mask=_cut(flags, at[2:3], (b, t, o)),
        target_target_view_mask=_cut(flags, at[2:3], (b, t, t)),
        camera_clear_mask=_cut(flags, at[2:3], (b, c, c)),
        tracked_bits=_cut(flags, at[2:3], (b, t)),
        target_is_loaded=_cut(flags, at[2:3], (b, t)),
        target_is_colliding=_cut(flags, at[2:3], (b, t)),
        target_empty_bits=_cut(flags, at[2:3], (b, t, NUM_WAREHOUSES)),
        target_dones=_cut(flags, at[2:3], (b, t)),
        done=_cut(flags, at[2:3], (b,)),
        key=_cut(words, at[3:4], (b,)),
        digest=_cut(words, at[3:4], (b,)),
    )


def allocate(num_slots: int, num_cameras: int, num_targets: int, num_obstacles: int) -> Buffers:
    """Zeroed buffers for this many slots and entities."""
    size = np.array([num_slots, num_cameras, num_targets, num_obstacles, 0, 0, 0, 0], dtype=np.int64)
    dtypes = (np.float64, np.int32, np.bool_, np.uint64)
    boundless = [np.broadcast_to(np.zeros((), dtype), 2**48) for dtype in dtypes]  # of no memory: carving only measures
    carve(boundless[0], boundless[1], boundless[2], boundless[3], size)
    reals, integers, flags, words = (np.zeros(count, dtype) for count, dtype in zip(size[4:], dtypes, strict=True))
    return Buffers(reals, integers, flags, words, size)
