"""Teams that hold random actions for a while (AGENTS of the object form: ``mate.agents.random``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.agents.batched.team import OWN, Clock, RuleBasedTeam, begin_episode, new_clock
from mate.agents.laws.draws import FRAME_SKIP, SAMPLE, draw_box
from mate.borrowing import borrowed
from mate.compilation import kernel
from mate.messages import Team

if TYPE_CHECKING:
    from mate.scenario import Scenario


class RandomMemory(NamedTuple):
    clock: Clock
    action: NDArray[np.float64]  # (B, N, 2)


@kernel
def _begin(memory, slots, keys, observations):
    for n in range(len(slots)):
        begin_episode(memory.clock, slots[n], keys[n])


@kernel
def _play(held, observations, actions, active):
    memory, frame_skip, first_limit, second_limit = borrowed(held.values)
    observations, actions = borrowed((observations, actions))
    clock, action = memory.clock, memory.action
    for slot in range(len(active)):
        if not active[slot]:
            continue
        step = clock.step[slot]
        for agent in range(action.shape[1]):
            if step % frame_skip == 0:
                row = observations[slot, agent]
                x, y = draw_box(clock.key[slot, agent], SAMPLE, step, row[first_limit], row[second_limit])
                action[slot, agent, 0], action[slot, agent, 1] = x, y
            actions[slot, agent] = action[slot, agent]
        clock.step[slot] += 1


class BatchedRandom(RuleBasedTeam):
    """A random team of either kind; ``frame_skip`` steps lie between two draws."""

    _begin = _begin
    _play = _play

    def __init__(self, team: str, scenario: Scenario, size: int, frame_skip: int = FRAME_SKIP) -> None:
        super().__init__(team, scenario, size)
        self.memory = RandomMemory(new_clock(size, self.num_agents), np.zeros((size, self.num_agents, 2)))
        limits = (OWN + 7, OWN + 8) if team == Team.CAMERA else (OWN + 4, OWN + 4)  # where the limits of an action are
        self.rules = (frame_skip, *limits)
