"""Agents that plan: cameras whose first member commands all, targets that keep away from the middle of views."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mate.agents.greedy import GreedyTargetAgent, IdleCamera
from mate.agents.laws.aim import min_viewing_angle_of, turn_to_pose
from mate.agents.laws.coverage import NO_POSE, NUM_ORDERS, find_joint_goal, new_search
from mate.agents.laws.evasion import evade
from mate.agents.laws.poses import NUM_ORIENTATIONS, pose_table
from mate.agents.states import CameraStatePrivate, TargetStatePublic
from mate.messages import Message

CONTROLLER = 0
Goal = tuple[float, float]


class HeuristicCameraAgent(IdleCamera):
    """Cameras that send their observations to camera 0, which finds a pose for each so that together they cover most."""

    def reset(self, observation: np.ndarray) -> None:
        super().reset(observation)
        with np.errstate(all="ignore"):  # rescaled angles may be below zero
            self.table = pose_table(self.state.max_sight_range, min_viewing_angle_of(self.state.state))
        self.goals: dict[int, Goal] = {}

    @property
    def _view(self) -> np.ndarray:
        """The observation (D,) of this step."""
        assert self.last_observation is not None, "a heuristic camera acts on what it observed: call observe before"
        return self.last_observation

    def send_requests(self) -> Iterable[Message]:
        if self.index == CONTROLLER:
            return ()
        return (self.pack_message(self._view, CONTROLLER),)

    def receive_requests(self, messages: Iterable[Message]) -> None:
        super().receive_requests(messages)
        if self.index != CONTROLLER:
            return
        observations = {self.index: self._view}
        for message in self.last_requests:
            if np.shape(message.content) == (self.observation_dim,):  # others speak another language
                observations[message.sender] = np.asarray(message.content, np.float64)
        self.goals = self._plan(observations)

    def _plan(self, observations: Mapping[int, np.ndarray]) -> dict[int, Goal]:
        """The poses of the cameras that observed this, by camera; those without a target in reach get none."""
        cameras = [
            CameraStatePrivate(observation[self.observation_slices["self_state"]], camera)
            for camera, observation in observations.items()
        ]
        targets: dict[int, TargetStatePublic] = {}
        for observation in observations.values():
            for state, is_visible in zip(*self.get_all_opponent_states(observation), strict=True):
                if is_visible:
                    targets.setdefault(state.index, state)
        orders = self.draws.orders(NUM_ORDERS, len(cameras))
        return self._joint_goal(cameras, [targets[index] for index in sorted(targets)], orders)

    def _joint_goal(
        self, cameras: Sequence[CameraStatePrivate], targets: Sequence[TargetStatePublic], orders: np.ndarray
    ) -> dict[int, Goal]:
        search = new_search(len(cameras), len(targets))
        search.orders[:] = orders
        positions = np.array([target.location for target in targets]).reshape(len(targets), 2)
        owns = np.array([camera.state for camera in cameras])
        find_joint_goal(search, self.table, owns, positions, self.state.state[7:9])
        return {
            camera.index: (
                float(self.table.orientations[pose % NUM_ORIENTATIONS]),
                float(self.table.viewing_angles[pose // NUM_ORIENTATIONS]),
            )
            for camera, pose in zip(cameras, search.goal, strict=True)
            if pose != NO_POSE
        }

    def send_responses(self) -> Iterable[Message]:
        if self.index != CONTROLLER:
            return ()
        return [self.pack_message(goal, camera) for camera, goal in self.goals.items() if camera != self.index]

    def _goal(self) -> Goal | None:
        if self.index == CONTROLLER:
            return self.goals.get(self.index)
        commands = [message.content for message in self.last_responses if isinstance(message.content, tuple)]
        if commands:
            return commands[-1]
        if any(self.get_all_opponent_states(self._view)[1]):
            return self._plan({self.index: self._view}).get(self.index)
        return None

    def _take_in(self, observation: np.ndarray, info: Mapping[str, Any] | None) -> None:
        """Acts on what ``observe`` stored, and does not count as a check of inputs (Q33)."""

    def _decide(self) -> np.ndarray:
        goal = self._goal()
        self.prev_action = self._idle() if goal is None else np.array(turn_to_pose(self.state.state, *goal))
        return self.prev_action.copy()


class HeuristicTargetAgent(GreedyTargetAgent):
    """A greedy target that bends its way around the views of the cameras that it sees."""

    def _decide(self) -> np.ndarray:
        greedy_action = super()._decide()
        cameras = self._observation[self.observation_slices["opponent_states_with_mask"]].copy()
        return np.array(evade(self.state.state, cameras, *greedy_action, self.noise_scale))
