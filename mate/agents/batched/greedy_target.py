"""Teams of targets that walk straight to their warehouses (object form: ``mate.agents.greedy``).

A target's broadcast of the warehouses that may have cargo left becomes the intersection of its and the hearers'
beliefs, in the same step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.agents.batched.team import OWN, TARGET_OWN_END, Clock, RuleBasedTeam, begin_episode, new_clock
from mate.agents.batched.walker import Walk, begin_walk, new_walk, walk_to
from mate.agents.laws.draws import draw_guess
from mate.agents.laws.evasion import Views, evade, new_views
from mate.agents.laws.walk import (
    ALL_WAREHOUSES,
    NO_GOAL,
    NOISE_SCALE,
    believed_empty,
    bit_count,
    carried_goal,
    keeps_goal,
    nth_bit,
)
from mate.borrowing import borrowed
from mate.communication import WAREHOUSES, begin_messages, send
from mate.compilation import inlined, kernel, part

if TYPE_CHECKING:
    from mate.scenario import Scenario


class GreedyTargetMemory(NamedTuple):
    clock: Clock
    walk: Walk
    goal: NDArray[np.int64]  # (B, N): warehouse that each target heads for, or NO_GOAL
    non_empty: NDArray[np.int64]  # (B, N): bit mask of the warehouses that may have cargo left
    speakers: NDArray[np.int64]  # (N,): the targets with news, at the slot at hand
    heard: NDArray[np.int64]  # (N,): intersection of what each target hears, at the slot at hand
    views: Views  # of the cameras that heuristic targets see, at the slot at hand


@kernel
def _begin(memory, slots, keys, observations):
    memory, observations = borrowed((memory, observations))
    for n in range(len(slots)):
        slot = slots[n]
        begin_episode(memory.clock, slot, keys[n])
        for agent in range(memory.goal.shape[1]):
            key, own = memory.clock.key[slot, agent], observations[slot, agent, OWN:TARGET_OWN_END]
            begin_walk(memory.walk.location[slot, agent], memory.walk.noise[slot, agent], key, own)
            memory.goal[slot, agent] = carried_goal(own)
            memory.non_empty[slot, agent] = ALL_WAREHOUSES


@inlined
def _find_speakers(speakers, non_empty, rows):
    """All targets of one episode take note of what they find empty; list those with news and return how many."""
    count = 0
    for agent in range(len(non_empty)):
        found_empty = non_empty[agent] & believed_empty(rows[agent, OWN:TARGET_OWN_END])
        if found_empty != 0:
            non_empty[agent] &= ~found_empty
            speakers[count] = agent
            count += 1
    return count


@part
def _broadcast(memory, messages, limits, slot, rows, count):
    """The speakers tell everybody, themselves included, what they think."""
    non_empty, heard, step = memory.non_empty[slot], memory.heard, memory.clock.step[slot]
    heard[:] = ALL_WAREHOUSES
    for n in range(count):
        sender = memory.speakers[n]
        key, x, y = memory.clock.key[slot, sender], rows[sender, OWN], rows[sender, OWN + 1]
        for recipient in range(len(heard)):
            dx, dy = rows[recipient, OWN] - x, rows[recipient, OWN + 1] - y
            if send(messages, limits, slot, key, step, sender, recipient, dx, dy, WAREHOUSES):
                heard[recipient] &= non_empty[sender]
    for agent in range(len(heard)):
        non_empty[agent] &= heard[agent]


@part
def _next_goal(own, key, step, goal, non_empty):
    """The warehouse a greedy target heads for: that of its cargo, else its last one, else a guess."""
    carried = carried_goal(own)
    if carried != NO_GOAL:
        return carried
    if keeps_goal(own, goal, non_empty):
        return goal
    if non_empty == 0:
        return NO_GOAL
    return nth_bit(non_empty, draw_guess(key, step, bit_count(non_empty)))


@kernel
def _play(held, observations, actions, active):
    memory, messages, limits, noise_scale, cameras_end = borrowed(held.values)
    observations, actions = borrowed((observations, actions))
    clock, walk, goal, non_empty = memory.clock, memory.walk, memory.goal, memory.non_empty
    for slot in range(len(active)):
        if not active[slot]:
            continue
        step = clock.step[slot]
        begin_messages(messages, slot, step)
        num_speakers = _find_speakers(memory.speakers, non_empty[slot], observations[slot])
        if num_speakers > 0:
            _broadcast(memory, messages, limits, slot, observations[slot], num_speakers)
        for agent in range(goal.shape[1]):
            key, own = clock.key[slot, agent], observations[slot, agent, OWN:TARGET_OWN_END]
            goal[slot, agent] = _next_goal(own, key, step, goal[slot, agent], non_empty[slot, agent])
            location, noise = walk.location[slot, agent], walk.noise[slot, agent]
            x, y = walk_to(location, noise, key, step, own, goal[slot, agent], noise_scale)
            if cameras_end > TARGET_OWN_END:
                cameras = observations[slot, agent, TARGET_OWN_END:cameras_end]
                x, y = evade(own, cameras, memory.views, x, y, noise_scale)
            actions[slot, agent, 0], actions[slot, agent, 1] = x, y
        clock.step[slot] += 1


class BatchedGreedyTarget(RuleBasedTeam):
    """A team of greedy targets; ``noise_scale`` is the size of noise as a share of the longest step."""

    _begin = _begin
    _play = _play

    def __init__(self, team: str, scenario: Scenario, size: int, noise_scale: float = NOISE_SCALE) -> None:
        super().__init__(team, scenario, size)
        shape = (size, self.num_agents)
        self.memory = GreedyTargetMemory(
            clock=new_clock(*shape),
            walk=new_walk(*shape),
            goal=np.zeros(shape, np.int64),
            non_empty=np.full(shape, ALL_WAREHOUSES, np.int64),
            speakers=np.zeros(self.num_agents, np.int64),
            heard=np.zeros(self.num_agents, np.int64),
            views=new_views(self.num_opponents),
        )
        self._speak(scenario)
        self.rules = (float(noise_scale), TARGET_OWN_END)
