"""Teams of cameras that follow the nearest known target (object form: ``mate.agents.greedy``).

Messages become updates of the recipients' memories: what a camera sends is what it sees in this step, so that the order
of senders does not matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.agents.batched.team import CAMERA_OWN_END, OWN, TARGET_RECORD, Clock, RuleBasedTeam, begin_episode, new_clock
from mate.agents.draws import SAMPLE, draw_box, draw_change, draw_delay
from mate.agents.laws.aim import aim_and_zoom
from mate.agents.laws.pursuit import (
    MEMORY_PERIOD,
    NO_TARGET,
    RESTART_PROBABILITY,
    is_within_reach,
    nearest_candidate,
)
from mate.compilation import kernel

if TYPE_CHECKING:
    from mate.scenario import Scenario


class Memory(NamedTuple):
    clock: Clock
    action: NDArray[np.float64]  # (B, N, 2): the last action
    remembered: NDArray[np.float64]  # (B, N, N_t, 4): last known public state of each target
    countdown: NDArray[np.int64]  # (B, N, N_t): steps until it is forgotten
    never_loaded: NDArray[np.bool_]  # (B, N, N_t): not yet seen with cargo
    delay: NDArray[np.int64]  # (B, N, N): steps until a camera may write to another


@kernel
def _record(row, target):
    """A target's record (5,) in a camera's observation."""
    start = CAMERA_OWN_END + TARGET_RECORD * target
    return row[start : start + TARGET_RECORD]


@kernel
def _remember(remembered, countdown, never_loaded, target, record, memory_period):
    for n in range(4):
        remembered[target, n] = record[n]
    countdown[target] = memory_period
    if record[3] != 0.0:
        never_loaded[target] = False


@kernel
def _begin(memory, slots, keys, observations):
    for n in range(len(slots)):
        slot = slots[n]
        begin_episode(memory.clock, slot, keys[n])
        memory.action[slot] = 0.0
        memory.countdown[slot] = 0  # what is visible now is remembered by the first observation
        memory.never_loaded[slot] = True
        memory.delay[slot] = 0


@kernel
def _observe(remembered, countdown, never_loaded, row, memory_period):
    """Age one camera's memory, and refresh it with the targets that it sees; whether it sees any."""
    sees_any = False
    for target in range(len(countdown)):
        countdown[target] = max(countdown[target] - 1, 0)
        record = _record(row, target)
        if record[4] != 0.0:
            sees_any = True
            _remember(remembered, countdown, never_loaded, target, record, memory_period)
    return sees_any


@kernel
def _tell(memory, slot, sender, recipient, rows, memory_period):
    """Tell a camera of the targets that another sees and it could reach; whether there were any."""
    remembered, countdown = memory.remembered[slot, recipient], memory.countdown[slot, recipient]
    never_loaded, own = memory.never_loaded[slot, recipient], rows[recipient, OWN:CAMERA_OWN_END]
    tells_any = False
    for target in range(len(countdown)):
        record = _record(rows[sender], target)
        if record[4] != 0.0 and is_within_reach(record[0], record[1], own):
            tells_any = True
            _remember(remembered, countdown, never_loaded, target, record, memory_period)
    return tells_any


@kernel
def _send(memory, slot, sender, rows, shares, memory_period):
    """Let one camera introduce itself in the first step, and share its sightings (if it has and ``shares`` any) later."""
    step, delay = memory.clock.step[slot], memory.delay[slot, sender]
    for recipient in range(len(delay)):
        delay[recipient] = max(delay[recipient] - 1, 0)
        if recipient == sender or delay[recipient] > 0:
            continue
        if step == 0 or (shares and _tell(memory, slot, sender, recipient, rows, memory_period)):
            key = memory.clock.key[slot, sender]
            delay[recipient] = draw_delay(key, step, recipient, memory_period // 4, 2 * memory_period)


@kernel
def _decide(memory, slot, camera, own, drops_unloaded, drops_beyond_range):
    """The action (rotation, zoom) of one camera."""
    target = nearest_candidate(
        own,
        memory.remembered[slot, camera],
        memory.countdown[slot, camera],
        memory.never_loaded[slot, camera],
        drops_unloaded,
        drops_beyond_range,
    )
    if target != NO_TARGET:
        return aim_and_zoom(own, memory.remembered[slot, camera, target, 0], memory.remembered[slot, camera, target, 1])
    key, step = memory.clock.key[slot, camera], memory.clock.step[slot]
    if draw_change(key, step, RESTART_PROBABILITY):
        return draw_box(key, SAMPLE, step, own[7], own[8])
    return memory.action[slot, camera, 0], memory.action[slot, camera, 1]


@kernel
def _play(memory, observations, actions, active, memory_period, drops_unloaded, drops_beyond_range):
    for slot in range(len(active)):
        if not active[slot]:
            continue
        rows = observations[slot]
        for camera in range(len(rows)):
            remembered, countdown = memory.remembered[slot, camera], memory.countdown[slot, camera]
            _observe(remembered, countdown, memory.never_loaded[slot, camera], rows[camera], memory_period)
        for camera in range(len(rows)):
            _send(memory, slot, camera, rows, drops_beyond_range, memory_period)
        for camera in range(len(rows)):
            own = rows[camera, OWN:CAMERA_OWN_END]
            rotation, zoom = _decide(memory, slot, camera, own, drops_unloaded, drops_beyond_range)
            memory.action[slot, camera, 0], memory.action[slot, camera, 1] = rotation, zoom
            actions[slot, camera, 0], actions[slot, camera, 1] = rotation, zoom
        memory.clock.step[slot] += 1


class BatchedGreedyCamera(RuleBasedTeam):
    """A team of greedy cameras; the parameters are those of ``GreedyCameraAgent``."""

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
        self.memory = Memory(
            clock=new_clock(*shape),
            action=np.zeros((*shape, 2)),
            remembered=np.zeros((*targets, 4)),
            countdown=np.zeros(targets, np.int64),
            never_loaded=np.ones(targets, np.bool_),
            delay=np.zeros((*shape, self.num_agents), np.int64),
        )
        self.rules = (int(memory_period), bool(filterout_unloaded), bool(filterout_beyond_range))
