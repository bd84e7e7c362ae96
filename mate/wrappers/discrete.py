"""Discrete actions on a square grid of rotations and zooms, or on a disc of displacements."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike

from mate.batched.discrete import action_grid, decode
from mate.layers import Wrapper
from mate.messages import Team
from mate.wrappers.typing import assert_base_environment, assert_once

__all__ = ["DiscreteCamera", "DiscreteTarget"]


def _grid_of(team: Team, levels: int) -> np.ndarray:
    assert levels == int(levels) and levels >= 3 and levels % 2 == 1, (
        f"levels must be an odd integer of at least 3, so that there is a no-op; got {levels!r}"
    )
    return action_grid(team, int(levels))


class _DiscreteAction(Wrapper):
    """One team acts by indices into a grid; the other team's actions pass unchanged."""

    TEAM: ClassVar[Team]

    def __init__(self, env: Any, levels: int = 5) -> None:
        assert_base_environment(env)
        assert_once(env, type(self))
        super().__init__(env)
        self.levels = levels
        self.normalized_action_grid = self.discrete_action_grid(levels)
        self.refresh()

    def refresh(self) -> None:
        """Rebuild the action spaces for the configuration's numbers."""
        name = self.TEAM.name.lower()
        space: spaces.Discrete = spaces.Discrete(self.levels**2)
        joint = spaces.Tuple([spaces.Discrete(self.levels**2) for _ in range(getattr(self.env, f"num_{name}s"))])
        setattr(self, f"{name}_action_space", space)
        setattr(self, f"{name}_joint_action_space", joint)
        self._own_joint_action_space = joint

    @staticmethod
    def discrete_action_grid(levels: int) -> np.ndarray:
        """The (levels**2, 2) normalised actions. Raises AssertionError unless ``levels`` is odd and at least 3."""
        raise NotImplementedError

    def _scale(self) -> np.ndarray:
        """Factors (N, 2) of normalised actions."""
        raise NotImplementedError

    @property
    def action_space(self) -> spaces.Tuple:
        return spaces.Tuple((self.camera_joint_action_space, self.target_joint_action_space))

    def step(self, action: Any) -> Any:
        return self.env.step(self.action(action))

    def action(self, action: tuple[Any, Any]) -> tuple[Any, Any]:
        """The pair of joint actions with the own team's indices made continuous.

        Raises AssertionError unless there is one index of the grid for every member.
        """
        own = tuple(action[self.TEAM.value])
        assert self._own_joint_action_space.contains(own), (
            f"the {self.TEAM.name.lower()}s' joint action {own} is not in {self._own_joint_action_space}"
        )
        continuous = decode(np.asarray(own), self.normalized_action_grid, self._scale())
        return (continuous, action[1]) if self.TEAM is Team.CAMERA else (action[0], continuous)

    def reverse_action(self, action: tuple[ArrayLike, ArrayLike]) -> tuple[Any, Any]:
        """The pair of joint actions with the own team's continuous ones made the indices of the nearest grid points."""
        normalized = np.asarray(action[self.TEAM.value], np.float64).reshape(-1, 2) / self._scale()
        distances = np.square(normalized[:, np.newaxis] - self.normalized_action_grid).sum(axis=2)
        indices = tuple(int(index) for index in distances.argmin(axis=1))
        return (indices, action[1]) if self.TEAM is Team.CAMERA else (action[0], indices)

    def description(self) -> str:
        return f"(levels={self.levels})"


class DiscreteCamera(_DiscreteAction):
    """Cameras act by an index ``i + levels * j``: rotate by ``u_i * rotation_step``, zoom by ``u_j * zooming_step``."""

    TEAM = Team.CAMERA

    def __init__(self, env: Any, levels: int = 5) -> None:
        assert_base_environment(env)
        assert env.num_cameras > 0, f"DiscreteCamera needs at least one camera, {env} has none"
        super().__init__(env, levels)

    @staticmethod
    def discrete_action_grid(levels: int) -> np.ndarray:
        """The (levels**2, 2) normalised actions ``(u_i, u_j)``."""
        return _grid_of(Team.CAMERA, levels)

    def _scale(self) -> np.ndarray:
        return np.array([self.camera_rotation_step, self.camera_zooming_step])


class DiscreteTarget(_DiscreteAction):
    """Targets act by an index into a disc of displacements whose radius is the target's own longest step."""

    TEAM = Team.TARGET

    @staticmethod
    def discrete_action_grid(levels: int) -> np.ndarray:
        """The (levels**2, 2) normalised displacements, of length at most 1."""
        return _grid_of(Team.TARGET, levels)

    def _scale(self) -> np.ndarray:
        return np.array([[target.step_size] for target in self.targets])
