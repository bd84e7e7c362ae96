"""Cameras act by selecting targets; a fixed law aims at what they select."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike

from mate.batched.selections import (
    aim_at_targets,
    count_selections,
    mask_choices,
    selection_table,
    visible_targets,
)
from mate.layers import Wrapper
from mate.wrappers.macro_step import StepResult, play_macro_step
from mate.wrappers.metrics import SUB_STEP_METRICS
from mate.wrappers.single_team import MultiCamera
from mate.wrappers.typing import assert_mate_environment, assert_once

__all__ = ["HierarchicalCamera"]

SELECTION_METRICS: Mapping[str | re.Pattern[str], str] = {
    "num_selected_targets": "mean",
    "num_valid_selected_targets": "mean",
    "num_invalid_selected_targets": "mean",
    "invalid_target_selection_rate": "mean",
}


class HierarchicalCamera(Wrapper):
    """Each camera's action is a choice of targets, kept for ``frame_skip`` environment steps.

    In every step a camera aims at the mean position of those of its targets that its latest observation shows; without
    any it turns clockwise and zooms in at full speed (Q51).

    Args:
        multi_selection: choose any subset (one bit for each target), or at most one target (``num_targets`` for none).
        custom_metrics: further metrics of infos, name or pattern -> ``mean | sum | std | last``, over the inner steps.
    """

    def __init__(
        self,
        env: Any,
        multi_selection: bool = True,
        frame_skip: int = 1,
        custom_metrics: Mapping[str | re.Pattern[str], str] | None = None,
    ) -> None:
        assert_mate_environment(env)
        assert isinstance(env, MultiCamera), f"HierarchicalCamera goes around MultiCamera, not around {env}"
        assert_once(env, HierarchicalCamera)
        assert int(frame_skip) == frame_skip and frame_skip >= 1, f"frame_skip is at least 1; got {frame_skip!r}"
        super().__init__(env)
        self.multi_selection = multi_selection
        self.frame_skip = int(frame_skip)
        # A table of its own: upstream's constructor changes the shared one (Q51).
        self.metrics = {**SUB_STEP_METRICS, **SELECTION_METRICS, **(custom_metrics or {})}
        self.last_observation: np.ndarray = np.empty((0, 0))  # until reset
        self.last_selection: np.ndarray | None = None

    @property
    def camera_action_space(self) -> spaces.Space:
        """A bit for each target, or the index of one."""
        if self.multi_selection:
            return spaces.MultiDiscrete(np.full(self.num_targets, 2))
        return spaces.Discrete(self.num_targets + 1)

    @property
    def teammate_action_space(self) -> spaces.Space:
        return self.camera_action_space

    @property
    def camera_joint_action_space(self) -> spaces.Tuple:
        return spaces.Tuple([self.camera_action_space for _ in range(self.num_cameras)])

    @property
    def teammate_joint_action_space(self) -> spaces.Tuple:
        return self.camera_joint_action_space

    @property
    def action_space(self) -> spaces.Tuple:
        return self.camera_joint_action_space

    @property
    def action_mask_space(self) -> spaces.MultiBinary:
        """Two flags for each target (unselect, select), or one for each target and one for none."""
        return spaces.MultiBinary(2 * self.num_targets if self.multi_selection else self.num_targets + 1)

    def target_view_mask(self, observation: np.ndarray) -> np.ndarray:
        """(..., N_t) visible flags of targets in observations (..., D)."""
        return visible_targets(observation, self.num_targets)

    def action_mask(self, observation: np.ndarray | None = None) -> np.ndarray:
        """(..., M) which choices make sense for observations (..., D), by default the latest ones."""
        visible = self.target_view_mask(self.last_observation if observation is None else observation)
        return mask_choices("many" if self.multi_selection else "one", visible)

    def reset(self, **kwargs: Any) -> np.ndarray:
        self.last_selection = None
        self.last_observation = self.env.reset(**kwargs)
        return self.last_observation

    def step(self, action: Any) -> StepResult:
        """One macro step; observations, rewards, dones and infos of the cameras."""
        selection = self._selection_of(action)
        self.last_selection = selection
        return play_macro_step(lambda: self._sub_step(selection), self.frame_skip, self.metrics)

    def _selection_of(self, action: ArrayLike) -> np.ndarray:
        """(N_c, N_t) booleans."""
        if self.multi_selection:
            return np.asarray(action).reshape(self.num_cameras, self.num_targets).astype(bool)
        indices = np.asarray(action, np.int64).reshape(self.num_cameras, 1)
        assert ((indices >= 0) & (indices <= self.num_targets)).all(), (
            f"a selection is the index of a target, or {self.num_targets} for none; got {indices.ravel().tolist()}"
        )
        return selection_table("one", self.num_targets)[indices.ravel()]

    def _sub_step(self, selection: np.ndarray) -> StepResult:
        valid = selection & self.target_view_mask(self.last_observation)
        actions = self.execute(valid)
        self.last_observation, rewards, dones, infos = self.env.step(actions)
        visible = self.target_view_mask(self.last_observation)  # the flags after the step (Q51)
        for name, values in count_selections(selection, visible).items():
            for info, value in zip(infos, values.tolist(), strict=True):
                info[name] = value
        return self.last_observation, rewards, dones, infos

    def execute(self, valid: np.ndarray) -> np.ndarray:
        """The (N_c, 2) actions of cameras that aim at the targets ``valid`` (N_c, N_t)."""
        base = self.unwrapped
        actions = np.empty((self.num_cameras, 2))
        aim_at_targets(base.camera_states, base.target_locations, np.ascontiguousarray(valid), actions)
        return actions

    def description(self) -> str:
        return f"(multi_selection={self.multi_selection}, frame_skip={self.frame_skip})"
