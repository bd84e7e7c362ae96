"""Agents that plan: cameras whose first member commands all, targets that keep away from the middle of views."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from mate.agents.greedy import GreedyTargetAgent, IdleCamera
from mate.agents.laws.aim import min_viewing_angle_of, turn_to_pose
from mate.agents.laws.coverage import NO_POSE, NUM_ORDERS, find_joint_goal, new_search
from mate.agents.laws.evasion import evade, new_views
from mate.agents.laws.poses import NUM_ORIENTATIONS, full_scores, grid_points, pose_mesh, pose_table
from mate.agents.overriding import overrides
from mate.agents.scored_poses import find_scored_goal
from mate.agents.states import CameraStatePrivate, TargetStatePublic
from mate.messages import Message

CONTROLLER = 0
Goal = tuple[float | None, float | None]
Scores = tuple[np.ndarray, np.ndarray, np.ndarray]


def _no_goal() -> Goal:
    return None, None


class HeuristicCameraAgent(IdleCamera):
    """Cameras that send their observations to camera 0, which finds a pose for each so that together they cover most.

    Subclasses may override ``calculate_scores``, which says how well each pose covers each point, and
    ``get_joint_goal_state``, which chooses. ``joint_goal_state`` holds the poses that the controller found, by camera.
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__(seed)
        self.controller_index = CONTROLLER
        self.camera_states: dict[int, CameraStatePrivate] | None = None
        self.joint_observation: dict[int, np.ndarray] | None = None
        self.joint_goal_state: dict[int, Goal] = defaultdict(_no_goal)
        self._scores: Scores | None = None

    def reset(self, observation: np.ndarray) -> None:
        super().reset(observation)
        self.camera_states = self.joint_observation = self._scores = None
        self.joint_goal_state = defaultdict(_no_goal)
        if overrides(self, HeuristicCameraAgent, "calculate_scores"):
            self._scores = self.calculate_scores(*self._pose_limits)
        else:
            with np.errstate(all="ignore"):  # rescaled angles may be below zero
                self.table = pose_table(*self._pose_limits)

    @property
    def _pose_limits(self) -> tuple[float, float]:
        """The longest sight range and the smallest viewing angle, as tables of poses are made for."""
        return round(self.state.max_sight_range, 8), round(float(min_viewing_angle_of(self.state.state)), 8)

    @staticmethod
    @lru_cache(maxsize=8)
    def calculate_scores(max_sight_range: float, min_viewing_angle: float) -> Scores:
        """Return the poses (S, 3), the points (P, 2) around the camera and the score (P, S) of each point in each pose.

        A pose is an orientation and a viewing angle in degrees and the sight range that goes with them; points are
        relative to the camera. A point is covered by the poses that it has a positive score in.
        """
        table = pose_table(max_sight_range, min_viewing_angle)
        return pose_mesh(table), grid_points(table), full_scores(table)

    def _all_scores(self) -> Scores:
        if self._scores is None:
            self._scores = self.calculate_scores(*self._pose_limits)
        return self._scores

    @property
    def state_mesh(self) -> np.ndarray:
        """The poses (S, 3) of ``calculate_scores``."""
        return self._all_scores()[0]

    @property
    def coord_grid(self) -> np.ndarray:
        """The points (P, 2) of ``calculate_scores``."""
        return self._all_scores()[1]

    @property
    def scores(self) -> np.ndarray:
        """The scores (P, S) of ``calculate_scores``."""
        return self._all_scores()[2]

    @property
    def _view(self) -> np.ndarray:
        """The observation (D,) of this step."""
        assert self.last_observation is not None, "a heuristic camera acts on what it observed: call observe before"
        return self.last_observation

    def send_requests(self) -> Iterable[Message]:
        if self.index == self.controller_index:
            return ()
        return (self.pack_message(self._view, self.controller_index),)

    def receive_requests(self, messages: Iterable[Message]) -> None:
        super().receive_requests(messages)
        if self.index != self.controller_index:
            return
        self.joint_observation = {self.index: self._view}
        for message in self.last_requests:
            if np.shape(message.content) == (self.observation_dim,):  # others speak another language
                self.joint_observation[message.sender] = np.asarray(message.content, np.float64)
        self.camera_states = {
            camera: CameraStatePrivate(observation[self.observation_slices["self_state"]], camera)
            for camera, observation in self.joint_observation.items()
        }
        targets = self._visible_targets(self.joint_observation.values())
        self.joint_goal_state = self.get_joint_goal_state(list(self.camera_states.values()), targets)

    def _visible_targets(self, observations: Iterable[np.ndarray]) -> list[TargetStatePublic]:
        """The targets that any of the observations (D,) shows, by index."""
        targets: dict[int, TargetStatePublic] = {}
        for observation in observations:
            for state in self._visible_opponents(observation):
                targets.setdefault(state.index, state)
        return [targets[index] for index in sorted(targets)]

    def get_joint_goal_state(
        self, camera_states: Sequence[CameraStatePrivate], target_states: Sequence[TargetStatePublic]
    ) -> dict[int, Goal]:
        """Return orientation and viewing angle (degrees) by camera; one without a target in reach has no entry."""
        owns = np.array([camera.state for camera in camera_states])
        positions = np.array([target.location for target in target_states]).reshape(len(target_states), 2)
        orders = self.draws.orders(NUM_ORDERS, len(camera_states))
        poses: Iterable[Goal | None]
        if self._scores is not None and overrides(self, HeuristicCameraAgent, "calculate_scores"):
            poses = find_scored_goal(self._scores, owns, positions, orders, self.state.state[7:9])
        else:
            poses = self._find_goal(owns, positions, orders)
        found: dict[int, Goal] = defaultdict(_no_goal)
        found.update(
            {camera.index: pose for camera, pose in zip(camera_states, poses, strict=True) if pose is not None}
        )
        return found

    def _find_goal(self, owns: np.ndarray, positions: np.ndarray, orders: np.ndarray) -> list[Goal | None]:
        """Return the result of ``find_scored_goal`` with the scores of this class, from one compiled call."""
        search = new_search(len(owns), len(positions), self.table)
        search.orders[:] = orders
        find_joint_goal(search, self.table, owns, positions, self.state.state[7:9])
        orientations, viewing_angles = self.table.orientations, self.table.viewing_angles
        return [
            None
            if pose == NO_POSE
            else (float(orientations[pose % NUM_ORIENTATIONS]), float(viewing_angles[pose // NUM_ORIENTATIONS]))
            for pose in search.goal
        ]

    def send_responses(self) -> Iterable[Message]:
        if self.index != self.controller_index:
            return ()
        goals = self.joint_goal_state.items()
        return [self.pack_message(goal, camera) for camera, goal in goals if camera != self.index]

    def _goal(self) -> Goal:
        if self.index == self.controller_index:
            return self.joint_goal_state.get(self.index, _no_goal())
        commands = [message.content for message in self.last_responses if isinstance(message.content, tuple)]
        if commands:
            return commands[-1]
        if self._visible_opponents(self._view):
            own = CameraStatePrivate(self._view[self.observation_slices["self_state"]], self.index)
            return self.get_joint_goal_state([own], self._visible_targets([self._view])).get(self.index, _no_goal())
        return _no_goal()

    def _take_in(self, observation: np.ndarray, info: Mapping[str, Any] | None) -> None:
        """Acts on what ``observe`` stored, and does not count as a check of inputs (Q33)."""

    def _decide(self) -> np.ndarray:
        goal = self._goal()
        self.prev_action = self._idle() if None in goal else np.array(turn_to_pose(self.state.state, *goal))
        return self.prev_action.copy()


class HeuristicTargetAgent(GreedyTargetAgent):
    """A greedy target that drifts around the views of the cameras that it sees."""

    def _decide(self) -> np.ndarray:
        greedy_action = super()._decide()
        cameras = self._observation[self.observation_slices["opponent_states_with_mask"]].copy()
        return np.array(
            evade(self.state.state, cameras, new_views(len(cameras) // 7), *greedy_action, self.noise_scale)
        )
