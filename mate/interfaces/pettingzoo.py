"""The two-team environment as a PettingZoo ``ParallelEnv``."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pettingzoo import ParallelEnv

from mate.interfaces.ending import split_done
from mate.wrappers.typing import assert_base_environment

__all__ = ["ParallelEnvironment"]


class ParallelEnvironment(ParallelEnv):
    """All cameras and targets as agents ``camera_0``, ..., ``target_0``, ...

    Terminated when all cargo is delivered, truncated at the step limit. Raises AssertionError around single-team
    environments.
    """

    metadata: ClassVar[dict[str, Any]] = {"name": "mate_v0", "render_modes": ["human", "rgb_array"]}

    def __init__(self, env: Any, render_mode: str | None = None) -> None:
        assert_base_environment(env)
        assert render_mode in (None, "human", "rgb_array"), (
            f"render_mode is 'human' or 'rgb_array', not {render_mode!r}"
        )
        self.env = env
        self.render_mode = render_mode
        self.cameras = [f"camera_{index}" for index in range(env.num_cameras)]
        self.targets = [f"target_{index}" for index in range(env.num_targets)]
        self.possible_agents = [*self.cameras, *self.targets]
        self.agents: list[str] = []

    def observation_space(self, agent: str) -> Any:
        return self.env.camera_observation_space if agent in self.cameras else self.env.target_observation_space

    def action_space(self, agent: str) -> Any:
        return self.env.camera_action_space if agent in self.cameras else self.env.target_action_space

    def _by_agent(self, pair: tuple[Any, Any]) -> dict[str, Any]:
        return dict(zip(self.possible_agents, [*pair[0], *pair[1]], strict=True))

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Begin an episode; observations and empty infos."""
        self.agents = list(self.possible_agents)
        observations = self._by_agent(self.env.reset(seed=seed))
        self._show()
        return observations, {agent: {} for agent in self.agents}

    def step(self, actions: dict[str, Any]) -> tuple[dict[str, Any], ...]:
        """One step with an action for each agent: observations, rewards, terminations, truncations and infos."""
        joint = [actions[agent] for agent in self.cameras], [actions[agent] for agent in self.targets]
        observations, rewards, done, infos = self.env.step(joint)
        terminated, truncated = split_done(self.env, done)
        self._show()
        each = ([rewards[0]] * len(self.cameras), [rewards[1]] * len(self.targets))
        if done:
            self.agents = []
        return (
            self._by_agent(observations),
            self._by_agent(each),
            dict.fromkeys(self.possible_agents, terminated),
            dict.fromkeys(self.possible_agents, truncated),
            self._by_agent(infos),
        )

    def state(self) -> np.ndarray:
        """The global state."""
        state: np.ndarray = self.env.state()
        return state

    def _show(self) -> None:
        if self.render_mode == "human":
            self.env.render(mode="human")

    def render(self) -> Any:
        """The picture (H, W, 3) of the episode in the mode ``rgb_array``; None in the others."""
        if self.render_mode == "rgb_array":
            return self.env.render(mode="rgb_array")
        self._show()
        return None

    def close(self) -> None:
        self.env.close()
