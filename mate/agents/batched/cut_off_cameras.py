"""The plan of heuristic cameras where messages are lost or late (object form: ``mate.agents.heuristic``).

The controller plans for itself and for the cameras whose observations it hears in this step, which may be old ones. A
camera that hears no goal plans for itself with what it sees. Messages that were under way arrive with the requests of a
step, so that a late goal is not followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.agents.batched.sightings import gather_targets
from mate.agents.batched.team import CAMERA_OWN_END, OWN
from mate.agents.laws.aim import orientation_of
from mate.agents.laws.coverage import NO_POSE, find_joint_goal
from mate.agents.laws.draws import draw_orders
from mate.communication import GOAL, OBSERVATION, send
from mate.compilation import kernel

if TYPE_CHECKING:
    from mate.scenario import Scenario


class Heard(NamedTuple):
    """What the controller hears."""

    archive: NDArray[np.float64]  # (B, max(delay, 1), N, D): observations that were sent, by step modulo the delay
    rows: NDArray[np.float64]  # (N, D): observations that are known, in the order of their arrival
    camera: NDArray[np.int64]  # (N,): whose they are


def new_heard(scenario: Scenario, size: int) -> Heard:
    """Return the memory of ``size`` episodes; 0 where all messages arrive at once."""
    num_cameras, length = scenario.num_cameras, scenario.camera_observation_dim
    return Heard(
        np.zeros((size, max(scenario.communication_delay, 1), num_cameras, length)),
        np.zeros((num_cameras, length)),
        np.zeros(num_cameras, np.int64),
    )


@kernel
def _send(memory, messages, limits, slot, rows, sender, recipient, kind):
    dx, dy = rows[recipient, OWN] - rows[sender, OWN], rows[recipient, OWN + 1] - rows[sender, OWN + 1]
    key, step = memory.clock.key[slot, sender], memory.clock.step[slot]
    return send(messages, limits, slot, key, step, sender, recipient, dx, dy, kind)


@kernel
def _take_in(memory, messages, limits, slot, rows):
    """Let the cameras send their observations; list those that the controller knows now and return how many."""
    heard, delay = memory.heard, messages.pending.shape[1]
    place = memory.clock.step[slot] % max(delay, 1)
    archive = heard.archive[slot, place]
    heard.rows[0], heard.camera[0], count = rows[0], 0, 1
    for camera in range(1, len(rows)):
        is_late = messages.kinds[slot, camera, 0] & OBSERVATION != 0
        if is_late:
            heard.rows[count], heard.camera[count] = archive[camera], camera
            count += 1
        archive[camera] = rows[camera]
        if _send(memory, messages, limits, slot, rows, camera, 0, OBSERVATION):
            heard.rows[count], heard.camera[count] = rows[camera], camera
            count += 1
    return count


@kernel
def _find_goals(memory, slot, planner, known, limits_of_planner, search, table):
    """Write into ``search.goal`` the poses for the cameras of the ``known`` (K, D) rows; the planner draws the
    orders.
    """
    count = gather_targets(memory.position, known)
    search.goal[:] = NO_POSE
    if count == 0:
        return
    search.orders[:] = 0
    draw_orders(memory.clock.key[slot, planner], memory.clock.step[slot], search.orders[:, : len(known)])
    find_joint_goal(search, table, known[:, OWN:CAMERA_OWN_END], memory.position[:count], limits_of_planner)


@kernel
def plan_from_heard(memory, messages, limits, slot, rows, search, table):
    """Set ``memory.goal`` for the cameras of one episode."""
    goal, controller = memory.goal, np.int64(0)  # not a literal: ``_find_goals`` would be compiled once more for it
    count = _take_in(memory, messages, limits, slot, rows)
    known, goal[:] = memory.heard.rows[:count], NO_POSE
    _find_goals(memory, slot, controller, known, rows[0, OWN + 7 : OWN + 9], search, table)
    for n in range(count):
        camera = memory.heard.camera[n]
        if search.goal[n] != NO_POSE and (camera == 0 or _send(memory, messages, limits, slot, rows, 0, camera, GOAL)):
            goal[camera] = search.goal[n]
    for camera in range(1, len(rows)):
        if goal[camera] == NO_POSE:
            _find_goals(memory, slot, camera, rows[camera : camera + 1], rows[camera, OWN + 7 : OWN + 9], search, table)
            goal[camera] = search.goal[0]
    for camera in range(len(rows)):
        memory.axis[camera] = orientation_of(rows[camera, OWN:CAMERA_OWN_END])
