"""Teams of cameras that keep turning and widening (object form: ``mate.agents.naive``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mate.agents.batched.team import OWN, Clock, RuleBasedTeam, begin_episode, new_clock
from mate.agents.laws.draws import FASTEST_TURN, draw_speed
from mate.borrowing import borrowed
from mate.compilation import kernel

if TYPE_CHECKING:
    from mate.scenario import Scenario


class NaiveCameraMemory(NamedTuple):
    clock: Clock


@kernel
def _begin(memory, slots, keys, observations):
    for n in range(len(slots)):
        begin_episode(memory.clock, slots[n], keys[n])


@kernel
def _play(held, observations, actions, active):
    (memory,) = borrowed(held.values)
    observations, actions = borrowed((observations, actions))
    clock = memory.clock
    for slot in range(len(active)):
        if not active[slot]:
            continue
        for agent in range(actions.shape[1]):
            speed = draw_speed(clock.key[slot, agent], clock.step[slot], FASTEST_TURN)
            actions[slot, agent, 0] = speed * observations[slot, agent, OWN + 7]
            actions[slot, agent, 1] = speed * observations[slot, agent, OWN + 8]
        clock.step[slot] += 1


class BatchedNaiveCamera(RuleBasedTeam):
    """A team of naive cameras."""

    _begin = _begin
    _play = _play

    def __init__(self, team: str, scenario: Scenario, size: int) -> None:
        super().__init__(team, scenario, size)
        self.memory = NaiveCameraMemory(new_clock(size, self.num_agents))
