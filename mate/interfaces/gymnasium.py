"""A single-team environment as a ``gymnasium.Env``, and the makers behind ``gymnasium.make``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space

from mate.agents.base import AgentBase
from mate.agents.batched import BUILTIN_NAMES, object_class
from mate.interfaces.ending import split_done
from mate.messages import Team
from mate.registration import make_environment
from mate.wrappers.single_team import MultiCamera, MultiTarget, SingleCamera, SingleTarget, SingleTeam

__all__ = ["GymnasiumEnvironment", "make"]


class GymnasiumEnvironment(gymnasium.Env):
    """Around ``SingleCamera`` or ``SingleTarget``: one agent with one reward; around ``MultiCamera`` or
    ``MultiTarget``: a team with joint observations (a tuple, or with ``stacked`` one array with a row for each member)
    and the team's reward.

    ``render_mode`` ``human`` shows every step in a window, ``rgb_array`` draws when ``render`` is called. Terminated
    when all cargo is delivered, truncated at the step limit. Raises AssertionError around other environments, and
    around those that have a reward for each agent.
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": ["human", "rgb_array"],
        "render_fps": 60,
    }

    def __init__(self, env: Any, render_mode: str | None = None, stacked: bool = False) -> None:
        assert isinstance(env, SingleTeam), f"GymnasiumEnvironment goes around a single-team environment, not {env}"
        assert render_mode in (None, "human", "rgb_array"), (
            f"render_mode is 'human' or 'rgb_array', not {render_mode!r}"
        )
        self.env = env
        self.render_mode = render_mode
        self.is_single_agent = isinstance(env, (SingleCamera, SingleTarget))
        self.is_stacked = stacked and not self.is_single_agent
        self.action_space = self._space(env.action_space)
        self.observation_space = self._space(env.observation_space)

    def _space(self, space: spaces.Space) -> spaces.Space:
        """The members' spaces as one, where they are stacked."""
        return batch_space(space[0], len(space)) if self.is_stacked and isinstance(space, spaces.Tuple) else space

    def _observation(self, observation: np.ndarray) -> Any:
        if self.is_stacked:
            return np.asarray(observation)
        return observation if self.is_single_agent else tuple(observation)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; the observation and an empty info. ``seed`` also reseeds the agents."""
        super().reset(seed=seed)
        if seed is not None:
            self.env.seed(seed)
        observation = self._observation(self.env.reset())
        self._show()
        return observation, {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One step; a team's infos are under ``agents``."""
        observation, reward, done, info = self.env.step(action)
        assert isinstance(done, bool), "GymnasiumEnvironment takes one reward and one done, not one for each agent"
        terminated, truncated = split_done(self.env, done)
        info = info if self.is_single_agent else {"agents": info}
        self._show()
        return self._observation(observation), float(reward), terminated, truncated, info

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


def make(
    config: Any = None,
    team: str = "camera",
    opponent: str | AgentBase = "greedy",
    teammate: str | AgentBase | None = None,
    wrappers: Iterable[Callable[[Any], Any]] = (),
    render_mode: str | None = None,
    **overrides: Any,
) -> GymnasiumEnvironment:
    """Make what ``gymnasium.make("MATE-4v8-9-v0", team="camera", opponent="greedy")`` gives: one team as one agent.

    Its episodes are seeded from fresh entropy until ``reset`` is given a seed.

    Args:
        config: a preset's name, the path of a file, or a mapping; the default preset if None and nothing is overridden.
        team: ``camera`` or ``target``, which the caller plays.
        opponent: plays the other team: ``random``, ``naive``, ``greedy``, ``heuristic``, or an agent.
        teammate: if given, the caller plays one member of the team, and this the others.
        wrappers: callables around the two-team environment, innermost first.
        render_mode: None, ``human`` or ``rgb_array``.
        overrides: keys of the configuration; mappings merge.

    Raises ValueError for a team, an agent or a configuration that does not exist.
    """
    other = Team(team).opponent
    base = make_environment(config, wrappers, **overrides)
    if teammate is None:
        env: Any = (MultiCamera if team == Team.CAMERA else MultiTarget)(base, _agent(opponent, other))
    else:
        single = SingleCamera if team == Team.CAMERA else SingleTarget
        env = single(base, _agent(teammate, team), _agent(opponent, other))
    env.seed()
    return GymnasiumEnvironment(env, render_mode, stacked=True)


def _agent(agent: str | AgentBase, team: str) -> Any:
    """A built-in agent by name, or the agent itself."""
    if isinstance(agent, AgentBase):
        return agent
    if agent not in BUILTIN_NAMES:
        raise ValueError(
            f"There is no built-in agent {agent!r}: there are {', '.join(BUILTIN_NAMES)}, or give an agent object."
        )
    return object_class(agent, team)()
