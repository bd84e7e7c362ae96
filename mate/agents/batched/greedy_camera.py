"""Teams of cameras that follow the nearest known target (object form: ``mate.agents.greedy``).

Messages become updates of the recipients' memories: what a camera sends is what it sees in this step, so that the order
of senders does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.agents.batched.team import CAMERA_OWN_END, OWN, TARGET_RECORD, Clock, RuleBasedTeam, begin_episode, new_clock
from mate.agents.laws.aim import aim_at, area_of, centring_angles, limit_viewing_angle, min_viewing_angle_of
from mate.agents.laws.draws import SAMPLE, draw_box, draw_change, draw_delay
from mate.agents.laws.pursuit import (
    MEMORY_PERIOD,
    NO_TARGET,
    RESTART_PROBABILITY,
    is_within_reach,
    nearest_candidate,
)
from mate.borrowing import borrowed
from mate.communication import SIGHTINGS, STATE, begin_messages, send
from mate.compilation import inlined, kernel, part
from mate.depth import Depth
from mate.geometry import norm

if TYPE_CHECKING:
    from mate.scenario import Scenario


class GreedyCameraMemory(NamedTuple):
    clock: Clock
    action: NDArray[np.float64]  # (B, N, 2): the last action
    remembered: NDArray[np.float64]  # (B, N, N_t, 4): last known public state of each target
    countdown: NDArray[np.int64]  # (B, N, N_t): steps until it is forgotten
    never_loaded: NDArray[np.bool_]  # (B, N, N_t): not yet seen with cargo
    delay: NDArray[np.int64]  # (B, N, N): steps until a camera may write to another
    is_known: NDArray[np.bool_]  # (B, N, N): whether the other has introduced itself to the camera
    target: NDArray[np.int64]  # (B, N): index of the target that a camera aims at in this step, or NO_TARGET


class Aims(NamedTuple):
    """What the cameras of all episodes that aim at a target need to choose their viewing angles, (B * N,) each."""

    angle: NDArray[np.float64]
    distance: NDArray[np.float64]
    area: NDArray[np.float64]


@inlined
def _sees(row, target):
    """Whether the camera with this observation sees a target."""
    return row[CAMERA_OWN_END + TARGET_RECORD * target + TARGET_RECORD - 1] != 0.0


@inlined
def _remember(remembered, countdown, never_loaded, target, row, memory_period):
    """Take a target's public state from an observation into a camera's memory."""
    start = CAMERA_OWN_END + TARGET_RECORD * target
    for n in range(TARGET_RECORD - 1):
        remembered[target, n] = row[start + n]
    countdown[target] = memory_period
    if row[start + 3] != 0.0:
        never_loaded[target] = False


@kernel
def _begin(memory, slots, keys, observations):
    memory = borrowed(memory)
    for n in range(len(slots)):
        slot = slots[n]
        begin_episode(memory.clock, slot, keys[n])
        memory.action[slot] = 0.0
        memory.countdown[slot] = 0  # what is visible now is remembered by the first observation
        memory.never_loaded[slot] = True
        memory.delay[slot] = 0
        memory.is_known[slot] = False


@part
def _observe(remembered, countdown, never_loaded, row, memory_period):
    """Age one camera's memory, and refresh it with the targets that it sees."""
    for target in range(len(countdown)):
        countdown[target] = max(countdown[target] - 1, 0)
        if _sees(row, target):
            _remember(remembered, countdown, never_loaded, target, row, memory_period)


@inlined
def _is_news(row, target, own):
    """Whether the camera that observes ``row`` sees a target that another, with this state, could reach."""
    start = CAMERA_OWN_END + TARGET_RECORD * target
    return _sees(row, target) and is_within_reach(row[start], row[start + 1], own)


@part
def _has_news(row, own, num_targets):
    """Whether a camera sees any target that another could reach."""
    for target in range(num_targets):  # noqa: SIM110  kernels have no generators
        if _is_news(row, target, own):
            return True
    return False


@part
def _hear(remembered, countdown, never_loaded, row, own, memory_period):
    """Take the targets that another camera sees, and this one could reach, into its memory."""
    for target in range(len(countdown)):
        if _is_news(row, target, own):
            _remember(remembered, countdown, never_loaded, target, row, memory_period)


@inlined
def _communicate(memory, messages, limits, slot, rows, memory_period, shares):
    """Let each camera introduce itself in the first step, and later tell of what it sees, if cameras tell at all.

    A camera tells only those that have introduced themselves to it.
    """
    remembered, countdown, never_loaded = memory.remembered[slot], memory.countdown[slot], memory.never_loaded[slot]
    delay, is_known = memory.delay[slot], memory.is_known[slot]
    key, step = memory.clock.key[slot], memory.clock.step[slot]
    for sender in range(len(delay)):
        row = rows[sender]
        for recipient in range(len(delay)):
            delay[sender, recipient] = max(delay[sender, recipient] - 1, 0)
            if recipient == sender or delay[sender, recipient] > 0:
                continue
            own = rows[recipient, OWN:CAMERA_OWN_END]
            if step > 0 and not (shares and is_known[sender, recipient] and _has_news(row, own, countdown.shape[1])):
                continue
            kind = STATE if step == 0 else SIGHTINGS
            delay[sender, recipient] = draw_delay(key[sender], step, recipient, memory_period // 4, 2 * memory_period)
            dx, dy = own[0] - row[OWN], own[1] - row[OWN + 1]
            if not send(messages, limits, slot, key[sender], step, sender, recipient, dx, dy, kind):
                continue
            if step == 0:
                is_known[recipient, sender] = True
            else:
                _hear(remembered[recipient], countdown[recipient], never_loaded[recipient], row, own, memory_period)


@part
def _choose_aims(memory, slot, rows, aims, count, drops_unloaded, drops_beyond_range):
    """Append the cameras of one episode that have a target to ``aims``; the new number of aims."""
    for camera in range(len(rows)):
        own = rows[camera, OWN:CAMERA_OWN_END]
        target = nearest_candidate(
            own,
            memory.remembered[slot, camera],
            memory.countdown[slot, camera],
            memory.never_loaded[slot, camera],
            drops_unloaded,
            drops_beyond_range,
        )
        memory.target[slot, camera] = target
        if target != NO_TARGET:
            position = memory.remembered[slot, camera, target]
            aims.distance[count] = norm(position[0] - own[0], position[1] - own[1])
            aims.area[count] = area_of(own)
            count += 1
    return count


@part
def _idle(memory, slot, camera, own):
    """The action (rotation, zoom) of a camera without a target: the last one, or now and then a random one."""
    key, step = memory.clock.key[slot, camera], memory.clock.step[slot]
    if draw_change(key, step, RESTART_PROBABILITY):
        return draw_box(key, SAMPLE, step, own[7], own[8])
    return memory.action[slot, camera, 0], memory.action[slot, camera, 1]


@part
def _write_actions(memory, slot, rows, actions, aims, count):
    """Write the actions of the cameras of one episode, whose aims begin at ``count``; the number of the next aim."""
    for camera in range(len(rows)):
        own, target = rows[camera, OWN:CAMERA_OWN_END], memory.target[slot, camera]
        if target == NO_TARGET:
            rotation, zoom = _idle(memory, slot, camera, own)
        else:
            distance, area = aims.distance[count], aims.area[count]
            angle = limit_viewing_angle(aims.angle[count], distance, area, min_viewing_angle_of(own), own[6])
            position = memory.remembered[slot, camera, target]
            rotation, zoom = aim_at(own, position[0], position[1], angle)
            count += 1
        memory.action[slot, camera, 0], memory.action[slot, camera, 1] = rotation, zoom
        actions[slot, camera, 0], actions[slot, camera, 1] = rotation, zoom
    memory.clock.step[slot] += 1
    return count


@kernel
def _play(held, observations, actions, active):
    memory, messages, limits, aims, memory_period, drops_unloaded, drops_beyond_range = borrowed(held.values)
    observations, actions = borrowed((observations, actions))
    count = np.int64(0)  # not a literal, for which the functions that count would be compiled once more
    for slot in range(len(active)):
        if active[slot]:
            rows = observations[slot]
            for camera in range(len(rows)):
                remembered, countdown = memory.remembered[slot, camera], memory.countdown[slot, camera]
                _observe(remembered, countdown, memory.never_loaded[slot, camera], rows[camera], memory_period)
            begin_messages(messages, slot, memory.clock.step[slot])
            _communicate(memory, messages, limits, slot, rows, memory_period, drops_beyond_range)
            count = _choose_aims(memory, slot, rows, aims, count, drops_unloaded, drops_beyond_range)
    # The costly part of aiming is done for all episodes at once.
    centring_angles(aims.angle[:count], aims.distance[:count], aims.area[:count])
    count = np.int64(0)
    for slot in range(len(active)):
        if active[slot]:
            count = _write_actions(memory, slot, observations[slot], actions, aims, count)


class BatchedGreedyCamera(RuleBasedTeam):
    """A team of greedy cameras; the parameters are those of ``GreedyCameraAgent``."""

    depth = Depth.OPPONENTS
    _begin = _begin
    _play = _play

    def __init__(
        self,
        team: str,
        scenario: Scenario,
        size: int,
        memory_period: int = MEMORY_PERIOD,
        filterout_unloaded: bool = False,
        filterout_beyond_range: bool = True,
    ) -> None:
        super().__init__(team, scenario, size)
        shape, targets = (size, self.num_agents), (size, self.num_agents, self.num_opponents)
        self.memory = GreedyCameraMemory(
            clock=new_clock(*shape),
            action=np.zeros((*shape, 2)),
            remembered=np.zeros((*targets, 4)),
            countdown=np.zeros(targets, np.int64),
            never_loaded=np.ones(targets, np.bool_),
            delay=np.zeros((*shape, self.num_agents), np.int64),
            is_known=np.zeros((*shape, self.num_agents), np.bool_),
            target=np.zeros(shape, np.int64),
        )
        self._speak(scenario)
        aims = Aims(*np.zeros((3, size * self.num_agents)))
        self.rules = (aims, int(memory_period), bool(filterout_unloaded), bool(filterout_beyond_range))
