"""Teams of cameras commanded by their first member (object form: ``mate.agents.heuristic``).

Requests and responses become one search over the observations that reach the controller. Where nothing limits messages,
a camera that gets no goal has no target in reach, so that the search of its own, which the object form would make,
finds none either. Otherwise it makes that search (``mate.agents.batched.cut_off_cameras``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.agents.batched.cut_off_cameras import Heard, new_heard, plan_from_heard
from mate.agents.batched.sightings import gather_targets
from mate.agents.batched.team import CAMERA_OWN_END, OWN, Clock, RuleBasedTeam, begin_episode, new_clock
from mate.agents.laws.aim import turn_from
from mate.agents.laws.coverage import NO_POSE, find_joint_goal, new_search
from mate.agents.laws.draws import SAMPLE, draw_box, draw_change, draw_orders
from mate.agents.laws.poses import NUM_ORIENTATIONS, pose_table
from mate.agents.laws.pursuit import RESTART_PROBABILITY
from mate.borrowing import borrowed
from mate.communication import GOAL, OBSERVATION, begin_messages, send
from mate.compilation import inlined, kernel
from mate.depth import Depth

if TYPE_CHECKING:
    from mate.scenario import Scenario


class HeuristicCameraMemory(NamedTuple):
    clock: Clock
    action: NDArray[np.float64]  # (B, N, 2): the last action
    position: NDArray[np.float64]  # (N_t, 2): positions of the targets that the team sees, at the slot at hand
    goal: NDArray[np.int64]  # (N,): pose that each camera takes, or NO_POSE, at the slot at hand
    axis: NDArray[np.float64]  # (N,): orientation of each camera that has a goal, in degrees, at the slot at hand
    heard: Heard


@kernel
def _begin(memory, slots, keys, observations):
    for n in range(len(slots)):
        begin_episode(memory.clock, slots[n], keys[n])
        memory.action[slots[n]] = 0.0


@inlined
def _send(memory, messages, limits, slot, rows, sender, recipient, kind):
    dx, dy = rows[recipient, OWN] - rows[sender, OWN], rows[recipient, OWN + 1] - rows[sender, OWN + 1]
    key, step = memory.clock.key[slot, sender], memory.clock.step[slot]
    return send(messages, limits, slot, key, step, sender, recipient, dx, dy, kind)


@kernel
def _plan(memory, messages, limits, slot, rows, search, table):
    """Set ``memory.goal`` for the cameras of one episode; all observations and goals arrive."""
    for camera in range(1, len(rows)):
        _send(memory, messages, limits, slot, rows, camera, 0, OBSERVATION)
    count = gather_targets(memory.position, rows)
    if count == 0:
        memory.goal[:] = NO_POSE
        return
    draw_orders(memory.clock.key[slot, 0], memory.clock.step[slot], search.orders)
    owns = rows[:, OWN:CAMERA_OWN_END]
    find_joint_goal(search, table, owns, memory.position[:count], rows[0, OWN + 7 : OWN + 9])
    memory.goal[:], memory.axis[:] = search.goal, search.orientation
    for camera in range(1, len(rows)):
        if memory.goal[camera] != NO_POSE:
            _send(memory, messages, limits, slot, rows, 0, camera, GOAL)


@inlined
def _idle(key, step, own, action):
    """The action (rotation, zoom) of a camera without a goal: the last one, or now and then a random one."""
    if draw_change(key, step, RESTART_PROBABILITY):
        return draw_box(key, SAMPLE, step, own[7], own[8])
    return action[0], action[1]


@kernel
def _play(held, observations, actions, active):
    memory, messages, limits, search, table = borrowed(held.values)
    observations, actions = borrowed((observations, actions))
    clock, action, goal = memory.clock, memory.action, memory.goal
    arrives_at_once = not limits.is_limited and messages.pending.shape[1] == 0
    for slot in range(len(active)):
        if not active[slot]:
            continue
        rows = observations[slot]
        begin_messages(messages, slot, clock.step[slot])
        if arrives_at_once:
            _plan(memory, messages, limits, slot, rows, search, table)
        else:
            plan_from_heard(memory, messages, limits, slot, rows, search, table)
        for camera in range(len(rows)):
            own = rows[camera, OWN:CAMERA_OWN_END]
            if goal[camera] == NO_POSE:
                x, y = _idle(clock.key[slot, camera], clock.step[slot], own, action[slot, camera])
            else:
                orientation = table.orientations[goal[camera] % NUM_ORIENTATIONS]
                viewing_angle = table.viewing_angles[goal[camera] // NUM_ORIENTATIONS]
                x, y = turn_from(own, memory.axis[camera], orientation, viewing_angle)
            action[slot, camera, 0], action[slot, camera, 1] = x, y
            actions[slot, camera, 0], actions[slot, camera, 1] = x, y
        clock.step[slot] += 1


class BatchedHeuristicCamera(RuleBasedTeam):
    """A team of heuristic cameras. Raises ValueError above 64 targets."""

    depth = Depth.OPPONENTS
    _begin = _begin
    _play = _play

    def __init__(self, team: str, scenario: Scenario, size: int) -> None:
        super().__init__(team, scenario, size)
        shape = (size, self.num_agents)
        self._speak(scenario)
        is_limited = self.limits.is_limited or scenario.communication_delay > 0
        self.memory = HeuristicCameraMemory(
            clock=new_clock(*shape),
            action=np.zeros((*shape, 2)),
            position=np.zeros((self.num_opponents, 2)),
            goal=np.zeros(self.num_agents, np.int64),
            axis=np.zeros(self.num_agents),
            heard=new_heard(scenario, size if is_limited else 0),
        )
        table = pose_table(scenario.camera_max_sight_range, scenario.camera_min_viewing_angle)
        self.rules = (new_search(self.num_agents, self.num_opponents, table), table)
