"""Many episodes of one team against a fixed opponent as a ``gymnasium.vector.VectorEnv``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from mate.agents.batched import BUILTIN_NAMES
from mate.agents.batched import make as make_agent
from mate.batched.team_play import Layers, TeamPlay
from mate.configuration import read_config, validate_config
from mate.episodes import AgentFactory
from mate.layout import observation_space_of
from mate.messages import Team
from mate.observations import rescaled_observation_space_of
from mate.scenario import Scenario
from mate.streams import derive

__all__ = ["GymnasiumVectorEnvironment", "Layers", "make"]


class GymnasiumVectorEnvironment(VectorEnv):
    """``num_envs`` episodes at once, in which the caller plays ``team`` (``camera`` or ``target``) as one agent.

    Observations are (B, N, D), one row for each of the team's N members, and actions (B, N, 2), or choices as
    ``layers`` say. The reward (B,) is the team's; with individual rewards (coefficients without a reduction) it is
    their mean. Terminated when all cargo is delivered, truncated at the step limit. Infos hold arrays with a row for
    each environment, and under ``_name`` which rows count: ``member_rewards`` (B, N), the figures of ``mate.wrappers``
    about the step, and ``action_mask`` (B, N, M) where targets are selected.

    Reset is automatic in Gymnasium's mode ``NEXT_STEP``: an environment whose episode is over shows its last
    observation; its action in the next ``step`` is ignored, and it returns the next episode's first observation with
    reward 0. The n-th episode of environment i has the seed ``derive(seed, i, n)``, or of its own seed s
    ``derive(s, 0, n)``.

    Args:
        scenario: a scenario or the name of one.
        opponent: makes the other team of ``(scenario, size)``, as in ``mate.episodes.play``.
        layers: what stands around the team.
        dtype: floating-point type of the observations; they are computed in float64 and rounded once.

    Raises ValueError for layers that the team or the scenario cannot have.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        scenario: Scenario | str,
        num_envs: int,
        team: str,
        opponent: AgentFactory,
        layers: Layers | None = None,
        dtype: type[np.floating] = np.float64,
    ) -> None:
        self.team = Team(team)
        self.scenario = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
        self.layers = layers or Layers()
        self.num_envs = num_envs
        self.play = TeamPlay(self.scenario, self.team, opponent, num_envs, self.layers, dtype)
        self.single_observation_space = self._observation_space(dtype)
        self.single_action_space = self._action_space()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._seeds: list[tuple[int, int]] = []
        self._episodes = np.zeros(num_envs, np.int64)
        self._is_over = np.zeros(num_envs, np.bool_)

    def _observation_space(self, dtype: type[np.floating]) -> spaces.Box:
        space_of = rescaled_observation_space_of if self.layers.rescaled else observation_space_of
        sizes = self.scenario.num_cameras, self.scenario.num_targets, self.scenario.num_obstacles
        space = space_of(self.team, *sizes)
        rows = (self.play.num_members, 1)
        return spaces.Box(np.tile(space.low, rows).astype(dtype), np.tile(space.high, rows).astype(dtype), dtype=dtype)

    def _action_space(self) -> spaces.Space:
        members, num_targets = self.play.num_members, self.scenario.num_targets
        if self.layers.selection == "many":
            return spaces.MultiDiscrete(np.full((members, num_targets), 2))
        if self.layers.selection == "one":
            return spaces.MultiDiscrete(np.full(members, num_targets + 1))
        if self.layers.levels is not None:
            return spaces.MultiDiscrete(np.full(members, self.layers.levels**2))
        steps = [self.scenario.camera_rotation_step, self.scenario.camera_zooming_step]
        high = np.array(steps if self.team is Team.CAMERA else [self.scenario.target_step_size] * 2, np.float64)
        high = np.tile(high, (members, 1))
        return spaces.Box(-high, high, dtype=np.float64)

    def reset(
        self, *, seed: int | Sequence[int] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begin the next episodes, or with ``seed`` (one, or one for each environment) the first ones of that seed.

        ``options["reset_mask"]`` (B,) restricts this to some environments.
        """
        super().reset(seed=int(seed) if isinstance(seed, int | np.integer) else None)
        where = np.ones(self.num_envs, bool) if not options or "reset_mask" not in options else options["reset_mask"]
        slots = np.flatnonzero(where)
        if seed is not None or not self._seeds:
            seeds = self._read_seeds(seed)
            self._seeds = [seeds[i] if where[i] or not self._seeds else self._seeds[i] for i in range(self.num_envs)]
            self._episodes[slots] = 0
        self._begin(slots)
        return self.play.observation.copy(), self._describe({}, np.asarray(where, bool))

    def _read_seeds(self, seed: int | Sequence[int] | None) -> list[tuple[int, int]]:
        """Seed and number for each environment."""
        if seed is None:
            seed = int(self.np_random.integers(2**63))
        if isinstance(seed, int | np.integer):
            return [(int(seed), number) for number in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise ValueError(f"reset needs one seed, or one for each of {self.num_envs} environments, not {len(seed)}.")
        return [(int(one), 0) for one in seed]

    def _begin(self, slots: np.ndarray) -> None:
        if not slots.size:
            return
        seeds = [derive(*self._seeds[slot], int(self._episodes[slot])) for slot in slots.tolist()]
        self.play.begin(slots, np.array(seeds, np.uint64))
        self._episodes[slots] += 1
        self._is_over[slots] = False

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """One step of every environment: observations, rewards, terminations, truncations and infos.

        Raises ValueError for actions that the action space does not have, AssertionError before the first ``reset``.
        """
        assert self._seeds, "call reset before the first step"
        active, batch = ~self._is_over, self.play.batch
        rewards, figures = self.play.step(np.asarray(actions), active)
        self._begin(np.flatnonzero(self._is_over))
        self._is_over = active & batch.done
        has_delivered_all = ~batch.awaiting_cargo_counts.any(axis=1)
        figures["member_rewards"] = rewards
        is_individual = self.layers.coefficients is not None and self.layers.reduction == "none"
        return (
            self.play.observation.copy(),
            rewards.mean(axis=1) if is_individual else rewards[:, 0].copy(),
            self._is_over & has_delivered_all,
            self._is_over & ~has_delivered_all,
            self._describe(figures, active),
        )

    def _describe(self, figures: dict[str, np.ndarray], active: np.ndarray) -> dict[str, Any]:
        """Infos in Gymnasium's form: each figure, and which environments it is about."""
        infos: dict[str, Any] = {}
        for name, values in figures.items():
            infos[name], infos[f"_{name}"] = values, active.copy()
        if self.layers.selection is not None:
            infos["action_mask"], infos["_action_mask"] = self.play.action_mask(), np.ones(self.num_envs, bool)
        return infos


def make(
    num_envs: int = 1,
    config: Any = None,
    team: str = "camera",
    opponent: str | AgentFactory = "greedy",
    layers: Layers | None = None,
    dtype: type[np.floating] = np.float64,
    **overrides: Any,
) -> GymnasiumVectorEnvironment:
    """Make what ``gymnasium.make_vec("MATE-4v8-9-v0", num_envs=16, opponent="greedy")`` gives.

    ``config`` and ``overrides`` are those of ``mate.make_environment``; the opponent is the name of a built-in agent or
    makes a batched one; the rest is as in GymnasiumVectorEnvironment. Raises ValueError for what does not exist.
    """
    if isinstance(opponent, str):
        if opponent not in BUILTIN_NAMES:
            raise ValueError(f"There is no built-in agent {opponent!r}: there are {', '.join(BUILTIN_NAMES)}.")
        opponent = partial(make_agent, opponent, Team(team).opponent)
    scenario = Scenario.from_config(validate_config(read_config(config, **overrides)))
    return GymnasiumVectorEnvironment(scenario, num_envs, team, opponent, layers, dtype)
