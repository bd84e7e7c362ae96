"""Agents that go for what is nearest: cameras for the nearest known target, targets straight to their warehouse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from mate.agents.base import CameraAgentBase
from mate.agents.draws import DrawingAgent
from mate.agents.laws.aim import aim_and_zoom
from mate.agents.laws.pursuit import (
    MEMORY_PERIOD,
    NO_TARGET,
    RESTART_PROBABILITY,
    is_within_reach,
    nearest_candidate,
)
from mate.agents.laws.walk import (
    ALL_WAREHOUSES,
    NO_GOAL,
    NOISE_SCALE,
    NUM_WAREHOUSES,
    believed_empty,
    carried_goal,
    keeps_goal,
)
from mate.agents.states import CameraStatePrivate, TargetStatePublic
from mate.agents.walker import WalkingTarget
from mate.messages import Message

NON_EMPTY = "non_empty_warehouses"
STATE, SIGHTINGS = "state", "target_states"


class IdleCamera(DrawingAgent, CameraAgentBase):
    """A camera that, with nothing to look at, mostly repeats its last action."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed)
        self.prev_action = np.zeros(2)

    def reset(self, observation: np.ndarray) -> None:
        super().reset(observation)
        self.prev_action = np.zeros(2)

    def _idle(self) -> np.ndarray:
        if self.draws.happens(RESTART_PROBABILITY):
            return self.draws.sample(self._limits)
        return self.prev_action.copy()


class GreedyCameraAgent(IdleCamera):
    """Follows the nearest target that it saw, or was told of, a short while ago.

    All cameras introduce themselves to each other in the first step; later each tells those who could reach them of the
    targets it sees, at random intervals.

    Args:
        seed: seed of the agent's random stream.
        memory_period: steps (at least 1) for which a target is remembered after the last sighting.
        filterout_unloaded: leave out targets known to carry nothing, once they have been seen loaded.
        filterout_beyond_range: leave out targets out of reach; if False, sightings are not shared at all (Q34).
    """

    def __init__(
        self,
        seed: int | None = None,
        memory_period: int = MEMORY_PERIOD,
        filterout_unloaded: bool = False,
        filterout_beyond_range: bool = True,
    ) -> None:
        super().__init__(seed)
        self.memory_period = memory_period
        self.filterout_unloaded = filterout_unloaded
        self.filterout_beyond_range = filterout_beyond_range

    def reset(self, observation: np.ndarray) -> None:
        super().reset(observation)
        states, flags = self.get_all_opponent_states(np.asarray(observation, np.float64))
        self.remembered = np.array([state.state for state in states]).reshape(self.num_targets, -1)
        self.countdowns = self.memory_period * np.array(flags, np.int64)
        self.never_loaded = np.ones(self.num_targets, np.bool_)
        self.delays = np.zeros(self.num_cameras, np.int64)
        self.neighbours: dict[int, CameraStatePrivate] = {}
        self.outgoing: dict[str, Any] = {STATE: self.state.copy()}

    def observe(self, observation: np.ndarray, info: Mapping[str, Any] | None = None) -> None:
        self.state, observation, _, _ = self.check_inputs(observation, info)
        np.maximum(self.countdowns - 1, 0, out=self.countdowns)
        for state, is_visible in zip(*self.get_all_opponent_states(observation), strict=True):
            if is_visible:
                self._remember(state)
                self.outgoing.setdefault(SIGHTINGS, []).append(state)

    def _remember(self, state: TargetStatePublic) -> None:
        self.remembered[state.index] = state.state
        self.countdowns[state.index] = self.memory_period
        if state.is_loaded:
            self.never_loaded[state.index] = False

    def send_responses(self) -> Iterable[Message]:
        np.maximum(self.delays - 1, 0, out=self.delays)
        messages = []
        for recipient in range(self.num_cameras) if self.outgoing else ():
            content = self._content_for(recipient)
            if recipient != self.index and self.delays[recipient] == 0 and content:
                messages.append(self.pack_message(content, recipient))
                self.delays[recipient] = self.draws.delay(recipient, self.memory_period // 4, 2 * self.memory_period)
        self.outgoing = {}
        return messages

    def _content_for(self, recipient: int) -> dict[str, Any]:
        """What is worth telling ``recipient``: targets only if it is known and could reach them."""
        content = self.outgoing.copy()
        neighbour = self.neighbours.get(recipient)
        sightings = content.pop(SIGHTINGS, [])
        if self.filterout_beyond_range and neighbour is not None:
            useful = [state for state in sightings if is_within_reach(*state.location, neighbour.state)]
            if useful:
                content[SIGHTINGS] = useful
        return content

    def receive_responses(self, messages: Iterable[Message]) -> None:
        super().receive_responses(messages)
        for message in self.last_responses:
            if not isinstance(message.content, Mapping):
                continue  # a teammate of another kind may speak another language
            if STATE in message.content:
                self.neighbours[message.sender] = message.content[STATE]  # however far away it is (Q34)
            for state in message.content.get(SIGHTINGS, ()):
                self._remember(state)

    def _decide(self) -> np.ndarray:
        target = nearest_candidate(
            self.state.state,
            self.remembered,
            self.countdowns,
            self.never_loaded,
            self.filterout_unloaded,
            self.filterout_beyond_range,
        )
        if target == NO_TARGET:
            self.prev_action = self._idle()
        else:
            self.prev_action = np.array(aim_and_zoom(self.state.state, *self.remembered[target, :2]))
        return self.prev_action.copy()


class GreedyTargetAgent(WalkingTarget):
    """Walks straight to its warehouse; without cargo, to one that the team does not believe to be empty.

    Args:
        seed: seed of the agent's random stream.
        noise_scale: size of fresh noise, as a share of the longest step.
    """

    def __init__(self, seed: int | None = None, noise_scale: float = NOISE_SCALE) -> None:
        super().__init__(seed, noise_scale)
        self.goal, self.non_empty, self.has_news = NO_GOAL, ALL_WAREHOUSES, False

    def reset(self, observation: np.ndarray) -> None:
        super().reset(observation)
        self.goal = int(carried_goal(self.state.state))
        self.non_empty, self.has_news = ALL_WAREHOUSES, False

    def observe(self, observation: np.ndarray, info: Mapping[str, Any] | None = None) -> None:
        self.state, _, _, _ = self.check_inputs(observation, info)
        found_empty = self.non_empty & int(believed_empty(self.state.state))
        if found_empty:
            self.non_empty &= ~found_empty
            self.has_news = True

    @property
    def non_empty_warehouses(self) -> list[int]:
        """Warehouses that may have cargo left, ascending."""
        return [warehouse for warehouse in range(NUM_WAREHOUSES) if self.non_empty >> warehouse & 1]

    def send_responses(self) -> Iterable[Message]:
        if not self.has_news:
            return ()
        self.has_news = False
        return (self.pack_message({NON_EMPTY: set(self.non_empty_warehouses)}),)

    def receive_responses(self, messages: Iterable[Message]) -> None:
        super().receive_responses(messages)
        for message in self.last_responses:
            if isinstance(message.content, Mapping) and NON_EMPTY in message.content:
                self.non_empty &= sum(1 << warehouse for warehouse in message.content[NON_EMPTY])

    def _decide(self) -> np.ndarray:
        carried = int(carried_goal(self.state.state))
        if carried != NO_GOAL:
            self.goal = carried
        if not keeps_goal(self.state.state, self.goal, self.non_empty):
            options = self.non_empty_warehouses
            self.goal = self.draws.guess(options) if options else NO_GOAL
        return self._walk_to(self.goal)
