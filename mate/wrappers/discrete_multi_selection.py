"""Subsets of targets as numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike

from mate.layers import Wrapper
from mate.wrappers.hierarchical_camera import HierarchicalCamera
from mate.wrappers.typing import assert_once

__all__ = ["DiscreteMultiSelection", "MultiDiscrete2DiscreteActionMapper"]


class MultiDiscrete2DiscreteActionMapper:
    """Numbers the actions of a ``MultiDiscrete`` space: a mixed-radix code, first component most significant."""

    def __init__(self, space: spaces.MultiDiscrete) -> None:
        self.original_space = space
        self.sizes = tuple(int(n) for n in space.nvec)
        count = math.prod(self.sizes)
        self.space: spaces.Discrete = spaces.Discrete(count)
        self._choices = np.stack(np.unravel_index(np.arange(count), self.sizes), axis=-1)
        self._offsets = np.concatenate([[0], np.cumsum(self.sizes)[:-1]])

    def to_multi_discrete(self, action: ArrayLike) -> np.ndarray:
        """(..., K) components of the numbers ``action`` (...)."""
        return self._choices[np.asarray(action, np.int64)]

    def to_discrete(self, action: ArrayLike) -> np.ndarray:
        """(...) numbers of the components ``action`` (..., K)."""
        numbers: np.ndarray = np.ravel_multi_index(tuple(np.moveaxis(np.asarray(action, np.int64), -1, 0)), self.sizes)
        return numbers

    def to_discrete_mask(self, mask: ArrayLike) -> np.ndarray:
        """(..., n) which numbers are allowed, given (..., sum of sizes) which choices of each component are."""
        return np.asarray(np.asarray(mask, bool)[..., self._offsets + self._choices].all(axis=-1))


class DiscreteMultiSelection(Wrapper):
    """Cameras select subsets of targets by their number; target 0 is the most significant bit."""

    def __init__(self, env: Any) -> None:
        assert isinstance(env, HierarchicalCamera), f"DiscreteMultiSelection goes around HierarchicalCamera, not {env}"
        assert env.multi_selection, "DiscreteMultiSelection goes around HierarchicalCamera(multi_selection=True)"
        assert_once(env, DiscreteMultiSelection)
        super().__init__(env)
        self.refresh()

    def refresh(self) -> None:
        """Rebuild the code for the configuration's number of targets."""
        self.mapper = MultiDiscrete2DiscreteActionMapper(self.env.camera_action_space)

    @property
    def camera_action_space(self) -> spaces.Discrete:
        return self.mapper.space

    @property
    def teammate_action_space(self) -> spaces.Discrete:
        return self.mapper.space

    @property
    def camera_joint_action_space(self) -> spaces.Tuple:
        return spaces.Tuple([self.mapper.space] * self.num_cameras)

    @property
    def teammate_joint_action_space(self) -> spaces.Tuple:
        return self.camera_joint_action_space

    @property
    def action_space(self) -> spaces.Tuple:
        return self.camera_joint_action_space

    @property
    def action_mask_space(self) -> spaces.MultiBinary:
        """One flag for each subset."""
        return spaces.MultiBinary(int(self.mapper.space.n))

    def action_mask(self, observation: np.ndarray | None = None) -> np.ndarray:
        """(..., 2**N_t) which subsets have visible members only, for observations (..., D), by default the latest."""
        return self.mapper.to_discrete_mask(self.env.action_mask(observation))

    def step(self, action: ArrayLike) -> Any:
        return self.env.step(self.mapper.to_multi_discrete(action))
