"""A single-team environment as a ``gymnasium.Env``."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy as np

from mate.interfaces.ending import split_done
from mate.wrappers.single_team import SingleCamera, SingleTarget, SingleTeam

__all__ = ["GymnasiumEnvironment"]


class GymnasiumEnvironment(gymnasium.Env):
    """Around ``SingleCamera`` or ``SingleTarget``: one agent with one reward; around ``MultiCamera`` or ``MultiTarget``:
    a team with joint observations (a tuple) and the team's reward.

    Terminated when all cargo is delivered, truncated at the step limit. Raises AssertionError around other environments,
    and around those that have a reward for each agent.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["rgb_array"], "render_fps": 60}  # type: ignore[misc]

    def __init__(self, env: Any, render_mode: str | None = None) -> None:
        assert isinstance(env, SingleTeam), f"GymnasiumEnvironment goes around a single-team environment, not {env}"
        assert render_mode in (None, "rgb_array"), f"render_mode is None or 'rgb_array', not {render_mode!r}"
        self.env = env
        self.render_mode = render_mode
        self.is_single_agent = isinstance(env, (SingleCamera, SingleTarget))
        self.action_space = env.action_space
        self.observation_space = env.observation_space

    def _observation(self, observation: np.ndarray) -> Any:
        return observation if self.is_single_agent else tuple(observation)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; the observation and an empty info. ``seed`` also reseeds the agents."""
        super().reset(seed=seed)
        if seed is not None:
            self.env.seed(seed)
        return self._observation(self.env.reset()), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step; a team's infos are under ``agents``."""
        observation, reward, done, info = self.env.step(action)
        assert isinstance(done, bool), "GymnasiumEnvironment takes one reward and one done, not one for each agent"
        terminated, truncated = split_done(self.env, done)
        info = info if self.is_single_agent else {"agents": info}
        return self._observation(observation), float(reward), terminated, truncated, info

    def render(self) -> Any:
        """The picture (H, W, 3) of the episode, in the mode ``rgb_array``."""
        return None if self.render_mode is None else self.env.render(mode=self.render_mode)

    def close(self) -> None:
        self.env.close()
