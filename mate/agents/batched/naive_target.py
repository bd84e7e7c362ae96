"""Teams of targets that patrol the corners (object form: ``mate.agents.naive``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.agents.batched.team import OWN, TARGET_OWN_END, Clock, RuleBasedTeam, begin_episode, new_clock
from mate.agents.batched.walker import Walk, begin_walk, new_walk, walk_to
from mate.agents.laws.draws import draw_direction, draw_first_goal
from mate.agents.laws.walk import NOISE_SCALE, NUM_WAREHOUSES, next_on_patrol
from mate.borrowing import borrowed
from mate.compilation import kernel

if TYPE_CHECKING:
    from mate.scenario import Scenario


class NaiveTargetMemory(NamedTuple):
    clock: Clock
    walk: Walk
    goal: NDArray[np.int64]  # (B, N): warehouse that each target heads for
    direction: NDArray[np.int64]  # (B, N): its sense of rotation, +1 or -1


@kernel
def _begin(memory, slots, keys, observations):
    memory, observations = borrowed((memory, observations))
    for n in range(len(slots)):
        slot = slots[n]
        begin_episode(memory.clock, slot, keys[n])
        for agent in range(memory.goal.shape[1]):
            key, own = memory.clock.key[slot, agent], observations[slot, agent, OWN:TARGET_OWN_END]
            begin_walk(memory.walk.location[slot, agent], memory.walk.noise[slot, agent], key, own)
            memory.goal[slot, agent] = draw_first_goal(key, NUM_WAREHOUSES)
            memory.direction[slot, agent] = draw_direction(key)


@kernel
def _play(held, observations, actions, active):
    (memory,) = borrowed(held.values)
    observations, actions = borrowed((observations, actions))
    clock, walk, goal = memory.clock, memory.walk, memory.goal
    for slot in range(len(active)):
        if not active[slot]:
            continue
        for agent in range(goal.shape[1]):
            key, own = clock.key[slot, agent], observations[slot, agent, OWN:TARGET_OWN_END]
            goal[slot, agent] = next_on_patrol(own, goal[slot, agent], memory.direction[slot, agent])
            location, noise = walk.location[slot, agent], walk.noise[slot, agent]
            x, y = walk_to(location, noise, key, clock.step[slot], own, goal[slot, agent], NOISE_SCALE)
            actions[slot, agent, 0], actions[slot, agent, 1] = x, y
        clock.step[slot] += 1


class BatchedNaiveTarget(RuleBasedTeam):
    """A team of naive targets."""

    _begin = _begin
    _play = _play

    def __init__(self, team: str, scenario: Scenario, size: int) -> None:
        super().__init__(team, scenario, size)
        shape = (size, self.num_agents)
        self.memory = NaiveTargetMemory(
            new_clock(*shape), new_walk(*shape), np.zeros(shape, np.int64), np.ones(shape, np.int64)
        )
