"""Teams of cameras commanded by their first member (object form: ``mate.agents.heuristic``).

The controller's requests and responses become one search over the team's observations. A camera that gets no goal has no
target in reach, so that the search of its own, which the object form would make, finds none either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.agents.batched.team import CAMERA_OWN_END, OWN, TARGET_RECORD, Clock, RuleBasedTeam, begin_episode, new_clock
from mate.agents.laws.aim import turn_to_pose
from mate.agents.laws.coverage import NO_POSE, find_joint_goal, new_search
from mate.agents.laws.draws import SAMPLE, draw_box, draw_change, draw_orders
from mate.agents.laws.poses import NUM_ORIENTATIONS, pose_table
from mate.agents.laws.pursuit import RESTART_PROBABILITY
from mate.compilation import inlined, kernel

if TYPE_CHECKING:
    from mate.scenario import Scenario


class Memory(NamedTuple):
    clock: Clock
    action: NDArray[np.float64]  # (B, N, 2): the last action
    position: NDArray[np.float64]  # (N_t, 2): positions of the targets that the team sees, at the slot at hand


@kernel
def _begin(memory, slots, keys, observations):
    for n in range(len(slots)):
        begin_episode(memory.clock, slots[n], keys[n])
        memory.action[slots[n]] = 0.0


@kernel
def _gather_targets(position, rows):
    """Write the positions of the targets that any camera sees, by ascending index; how many there are."""
    count = 0
    for target in range(len(position)):
        start = CAMERA_OWN_END + TARGET_RECORD * target
        for camera in range(len(rows)):
            if rows[camera, start + TARGET_RECORD - 1] != 0.0:
                position[count, 0], position[count, 1] = rows[camera, start], rows[camera, start + 1]
                count += 1
                break
    return count


@kernel
def _plan(memory, slot, rows, search, table):
    """Set ``search.goal`` for the cameras of one episode."""
    count = _gather_targets(memory.position, rows)
    if count == 0:
        search.goal[:] = NO_POSE
        return
    draw_orders(memory.clock.key[slot, 0], memory.clock.step[slot], search.orders)
    owns = rows[:, OWN:CAMERA_OWN_END]
    find_joint_goal(search, table, owns, memory.position[:count], rows[0, OWN + 7 : OWN + 9])


@inlined
def _idle(key, step, own, action):
    """The action (rotation, zoom) of a camera without a goal: the last one, or now and then a random one."""
    if draw_change(key, step, RESTART_PROBABILITY):
        return draw_box(key, SAMPLE, step, own[7], own[8])
    return action[0], action[1]


@kernel
def _play(memory, observations, actions, active, search, table):
    clock, action, goal = memory.clock, memory.action, search.goal
    for slot in range(len(active)):
        if not active[slot]:
            continue
        rows = observations[slot]
        _plan(memory, slot, rows, search, table)
        for camera in range(len(rows)):
            own = rows[camera, OWN:CAMERA_OWN_END]
            if goal[camera] == NO_POSE:
                x, y = _idle(clock.key[slot, camera], clock.step[slot], own, action[slot, camera])
            else:
                orientation = table.orientations[goal[camera] % NUM_ORIENTATIONS]
                x, y = turn_to_pose(own, orientation, table.viewing_angles[goal[camera] // NUM_ORIENTATIONS])
            action[slot, camera, 0], action[slot, camera, 1] = x, y
            actions[slot, camera, 0], actions[slot, camera, 1] = x, y
        clock.step[slot] += 1


class BatchedHeuristicCamera(RuleBasedTeam):
    """A team of heuristic cameras. Raises ValueError above 64 targets."""

    _begin = _begin
    _play = _play

    def __init__(self, team: str, scenario: Scenario, size: int) -> None:
        super().__init__(team, scenario, size)
        shape = (size, self.num_agents)
        self.memory = Memory(new_clock(*shape), np.zeros((*shape, 2)), np.zeros((self.num_opponents, 2)))
        table = pose_table(scenario.camera_max_sight_range, scenario.camera_min_viewing_angle)
        self.rules = (new_search(self.num_agents, self.num_opponents), table)
