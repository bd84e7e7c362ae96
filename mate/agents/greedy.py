"""Greedy agents: cameras follow the nearest known target, targets walk straight to their warehouse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mate.agents.base import CameraAgentBase
from mate.agents.draws import DrawingAgent
from mate.agents.laws.aim import aim_and_zoom
from mate.agents.laws.pursuit import (
    MEMORY_PERIOD,
    NO_TARGET,
    REACH,
    RESTART_PROBABILITY,
    is_within_reach,
    nearest_candidate,
    pursue,
    tick,
)
from mate.agents.laws.walk import NO_GOAL, NOISE_SCALE, NUM_WAREHOUSES, believed_empty, carried_goal
from mate.agents.overriding import overrides
from mate.agents.states import CameraStatePrivate, TargetStatePrivate, TargetStatePublic
from mate.agents.walker import WalkingTarget
from mate.geometry import norm
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
    """Follows the nearest target that it saw, or that a teammate reported, within the memory period.

    All cameras introduce themselves to each other in the first step; later each tells those who could reach them of the
    targets it sees, at random intervals. Subclasses may override ``process_messages``, which takes in what is seen, and
    ``act_from_target_states``, which aims. ``memory`` holds the last known state of every target, ``time2forget`` for
    how many steps each still counts, ``message2send`` the next message.

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
        self.range_factor = REACH
        self.memory: list[TargetStatePublic] = []
        self.neighboring_teammate_states: dict[int, CameraStatePrivate] = {}
        self.message2send: dict[str, Any] = {}

    def reset(self, observation: np.ndarray) -> None:
        super().reset(observation)
        states, flags = self.get_all_opponent_states(np.asarray(observation, np.float64))
        self._goes_step_by_step = overrides(self, GreedyCameraAgent, "act_from_target_states")
        self.memory = list(states)
        self.time2forget = self.memory_period * np.array(flags, np.int64)
        self.never_loaded = np.ones(self.num_targets, np.bool_)
        self.communication_delay = np.zeros(self.num_cameras, np.int64)
        self.neighboring_teammate_states = {}
        self.message2send = {STATE: self.state.copy()}

    def observe(self, observation: np.ndarray, info: Mapping[str, Any] | None = None) -> None:
        self.state, observation, _, messages = self.check_inputs(observation, info)
        self.process_messages(observation, messages)

    def process_messages(self, observation: np.ndarray, messages: Sequence[Message]) -> None:
        """Remember the targets that the observation (D,) shows, and record them for the teammates.

        ``messages`` are those of the last step, which were received in it already.
        """
        tick(self.time2forget)
        for state in self._visible_opponents(observation):
            self._remember(state)
            self.message2send.setdefault(SIGHTINGS, []).append(state)

    def _remember(self, state: TargetStatePublic) -> None:
        self.memory[state.index] = state
        self.time2forget[state.index] = self.memory_period
        if state.is_loaded:
            self.never_loaded[state.index] = False

    def send_responses(self) -> Iterable[Message]:
        tick(self.communication_delay)
        if not self.message2send:
            return ()
        messages = []
        for recipient, wait in enumerate(self.communication_delay.tolist()):
            if wait == 0 and recipient != self.index and (content := self._content_for(recipient)):
                messages.append(self.pack_message(content, recipient))
                delay = self.draws.delay(recipient, self.memory_period // 4, 2 * self.memory_period)
                self.communication_delay[recipient] = delay
        self.message2send.clear()
        return messages

    def _content_for(self, recipient: int) -> dict[str, Any]:
        """Return the content for ``recipient``: sightings of targets only if it is known and could reach them."""
        content = self.message2send.copy()
        neighbour = self.neighboring_teammate_states.get(recipient)
        sightings = content.pop(SIGHTINGS, [])
        if self.filterout_beyond_range and neighbour is not None:
            useful = [state for state in sightings if self._is_within_reach(state, neighbour)]
            if useful:
                content[SIGHTINGS] = useful
        return content

    def _is_within_reach(self, target: TargetStatePublic, camera: CameraStatePrivate) -> bool:
        if self.range_factor == REACH:
            place = target.state
            return bool(is_within_reach(place.item(0), place.item(1), camera.state))
        return bool(norm(*(target.location - camera.location)) < self.range_factor * camera.max_sight_range)

    def receive_responses(self, messages: Iterable[Message]) -> None:
        super().receive_responses(messages)
        for message in self.last_responses:
            if not isinstance(message.content, Mapping):
                continue  # a teammate of another kind may speak another language
            if STATE in message.content:  # however far away it is (Q34)
                self.neighboring_teammate_states[message.sender] = message.content[STATE]
            for state in message.content.get(SIGHTINGS, ()):
                self._remember(state)

    def _decide(self) -> np.ndarray:
        if self._goes_step_by_step or self.range_factor != REACH:
            targets = self._candidates()
            self.prev_action = self.act_from_target_states(targets) if targets else self._idle()
        else:
            self.prev_action = self._aim_at_nearest(self.memory, self.time2forget)
        return np.array(self.prev_action)

    def _candidates(self) -> list[TargetStatePublic]:
        """The remembered targets that are worth looking at."""
        targets = [self.memory[target] for target in np.flatnonzero(self.time2forget)]
        if self.filterout_beyond_range:
            targets = [target for target in targets if self._is_within_reach(target, self.state)]
        if self.filterout_unloaded:
            targets = [target for target in targets if target.is_loaded or self.never_loaded[target.index]]
        return targets

    def act_from_target_states(self, target_states: Sequence[TargetStatePublic]) -> np.ndarray:
        """Return the action (2,) that brings the nearest of the targets (at least one) to the centre of the view."""
        assert len(target_states) > 0, "there is no target to look at: give at least one"
        states = np.array([target.state for target in target_states])
        all_of_them, unrestricted = np.ones(len(states), np.int64), np.zeros(len(states), np.bool_)
        nearest = nearest_candidate(self.state.state, states, all_of_them, unrestricted, False, False)
        return np.array(aim_and_zoom(self.state.state, *states[nearest, :2]))

    def _aim_at_nearest(self, memory: Sequence[TargetStatePublic], time2forget: np.ndarray) -> np.ndarray:
        """Act as ``act_from_target_states`` on the candidates, in one compiled call."""
        if not memory:
            return self._idle()
        target, rotation, zoom = pursue(
            self.state.state,
            np.concatenate([target.state for target in memory]),
            time2forget,
            self.never_loaded,
            self.filterout_unloaded,
            self.filterout_beyond_range,
        )
        return self._idle() if target == NO_TARGET else np.array((rotation, zoom))


class GreedyTargetAgent(WalkingTarget):
    """Walks straight to its warehouse; without cargo, to one that the team does not believe to be empty.

    Subclasses may override ``process_messages``, which takes in what is seen, and ``goal_location``. ``goal_bits`` (4,)
    marks the warehouse it walks to, ``non_empty_warehouses`` is the set of those that may have cargo left, and
    ``need_communication`` says whether the team needs an update.

    Args:
        seed: seed of the agent's random stream.
        noise_scale: size of fresh noise, as a share of the longest step.
    """

    def __init__(self, seed: int | None = None, noise_scale: float = NOISE_SCALE) -> None:
        super().__init__(seed, noise_scale)
        self._goal_bits: np.ndarray | None = None
        self._loaded_state: TargetStatePrivate | None = None  # whose bits to copy once somebody asks
        self.non_empty_warehouses = set(range(NUM_WAREHOUSES))
        self.need_communication = False

    @property
    def goal_bits(self) -> np.ndarray | None:
        """(4,) integers, of which one is not zero: at the warehouse it walks to, if it has one."""
        if self._loaded_state is not None:
            self.goal_bits = self._loaded_state.goal_bits
        return self._goal_bits

    @goal_bits.setter
    def goal_bits(self, bits: np.ndarray | None) -> None:
        self._goal_bits, self._loaded_state = bits, None

    @property
    def goal(self) -> int | None:
        """Index of the warehouse it walks to, if it has one."""
        bits = self.goal_bits
        chosen = () if bits is None else bits.nonzero()[0].tolist()
        return chosen[0] if chosen else None

    def reset(self, observation: np.ndarray) -> None:
        super().reset(observation)
        self.goal_bits = self.state.goal_bits
        self.non_empty_warehouses = set(range(NUM_WAREHOUSES))
        self.need_communication = False

    def observe(self, observation: np.ndarray, info: Mapping[str, Any] | None = None) -> None:
        self.state, observation, _, messages = self.check_inputs(observation, info)
        self.process_messages(observation, messages)

    def process_messages(self, observation: np.ndarray, messages: Sequence[Message]) -> None:
        """Record the warehouses that the agent's state marks as empty; the arguments are for subclasses."""
        found_empty = int(believed_empty(self.state.state))
        if found_empty:
            news = {warehouse for warehouse in self.non_empty_warehouses if found_empty >> warehouse & 1}
            self.non_empty_warehouses -= news
            self.need_communication = self.need_communication or bool(news)

    def send_responses(self) -> Iterable[Message]:
        if not self.need_communication:
            return ()
        self.need_communication = False
        return (self.pack_message({NON_EMPTY: set(self.non_empty_warehouses)}),)

    def receive_responses(self, messages: Iterable[Message]) -> None:
        super().receive_responses(messages)
        for message in self.last_responses:
            if isinstance(message.content, Mapping) and NON_EMPTY in message.content:
                self.non_empty_warehouses &= set(message.content[NON_EMPTY])

    def _decide(self) -> np.ndarray:
        return self._walk_to(self._choose_goal())

    def _choose_goal(self) -> int | None:
        """The warehouse to walk to: that of the cargo, else the last one while it may have cargo left, else a guess."""
        carried = int(carried_goal(self.state.state))
        if carried != NO_GOAL:
            self._loaded_state = self.state
            return carried
        goal = self.goal
        if goal in self.non_empty_warehouses:
            return goal
        self.goal_bits = np.zeros(NUM_WAREHOUSES, np.int64)
        if not self.non_empty_warehouses:
            return None
        goal = self.draws.guess(sorted(self.non_empty_warehouses))
        self.goal_bits[goal] = 1
        return goal
