"""Rewards composed from components with coefficients; what both teams' wrappers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from mate.batched.rewards import COMPONENTS, REDUCTIONS, score_members
from mate.layers import Wrapper
from mate.messages import Team
from mate.wrappers.repeated_reward_individual_done import RepeatedRewardIndividualDone
from mate.wrappers.single_team import SingleTeam
from mate.wrappers.soft_coverage import soft_coverage_matrix
from mate.wrappers.typing import assert_multi_agent_environment, assert_once

Coefficient = float | Callable[[int, int, int, float, float], float]


class AuxiliaryTeamRewards(Wrapper):
    """Replaces the rewards of one team's members by sums of coefficient times component.

    Args:
        coefficients: component name -> number, or callable ``(agent_index, episode_id, episode_step, raw_reward,
            auxiliary_reward) -> float`` which is given the component's value. Components that are not named do not
            count, the raw reward included (Q46).
        reduction: ``mean``, ``sum``, ``max`` or ``min`` give every member the team's reduced value; ``none`` its own.
        soft_coverage_clip: cut the outline of the soft coverage score at the current sight range (Q26).

    Raises AssertionError for an unknown component or reduction, and around anything but a multi-agent environment with
    ``RepeatedRewardIndividualDone``.
    """

    TEAM: ClassVar[Team]

    def __init__(
        self,
        env: Any,
        coefficients: Mapping[str, Coefficient],
        reduction: str = "none",
        soft_coverage_clip: bool = False,
    ) -> None:
        assert_multi_agent_environment(env)
        assert_once(env, type(self))
        name = type(self).__name__
        assert isinstance(env, RepeatedRewardIndividualDone), f"{name} goes around RepeatedRewardIndividualDone"
        assert not isinstance(env, SingleTeam) or env.team is self.TEAM, f"{name} cannot be used around {env}"
        unknown = set(coefficients) - self.component_names()
        assert not unknown, f"{name} has no components {sorted(unknown)}; it has {sorted(self.component_names())}"
        assert reduction == "none" or reduction in REDUCTIONS, (
            f"reduction must be one of none, {', '.join(REDUCTIONS)}; got {reduction!r}"
        )
        super().__init__(env)
        self.coefficients = dict(coefficients)
        self.reduction = reduction
        self.soft_coverage_clip = soft_coverage_clip
        self.soft_coverage_score_matrix: np.ndarray | None = None
        self.episode_id = -1

    @classmethod
    def component_names(cls) -> set[str]:
        """The names that ``coefficients`` may have."""
        return {*COMPONENTS[cls.TEAM], "soft_coverage_score"}

    @staticmethod
    def compute_soft_coverage_scores(env: Any) -> np.ndarray:
        """The (num_cameras, num_targets) matrix that the soft coverage scores are made from."""
        return soft_coverage_matrix(env)

    def soft_coverage_scores(self, matrix: np.ndarray) -> np.ndarray:
        """One score for each member of the team."""
        mask = self.unwrapped.camera_target_view_mask
        if self.TEAM is Team.TARGET:
            matrix, mask = matrix.T, mask.T
        rewards: np.ndarray = score_members(matrix[np.newaxis], mask[np.newaxis])[0]
        return rewards

    def reset(self, **kwargs: Any) -> Any:
        self.episode_id += 1
        self.soft_coverage_score_matrix = None
        return self.env.reset(**kwargs)

    def step(self, action: Any) -> Any:
        observation, rewards, dones, infos = self.env.step(action)
        if isinstance(self.env, SingleTeam):
            return observation, self._compose(infos), dones, infos
        own = self._compose(infos[self.TEAM.value])
        rewards = (own, rewards[1]) if self.TEAM is Team.CAMERA else (rewards[0], own)
        return observation, rewards, dones, infos

    def _component(self, key: str, infos: list[dict[str, Any]]) -> np.ndarray:
        if key == "raw_reward":
            return np.array([info["raw_reward"] for info in infos])
        if key == "soft_coverage_score":
            self.soft_coverage_score_matrix = soft_coverage_matrix(self.env, self.soft_coverage_clip)
            return self.soft_coverage_scores(self.soft_coverage_score_matrix)
        rewards: np.ndarray = COMPONENTS[self.TEAM][key](self.unwrapped.batch)[0]
        return rewards

    def _compose(self, infos: list[dict[str, Any]]) -> list[float]:
        """The rewards of the team; each info gets the components, the coefficients and the reward."""
        rewards = np.zeros(len(infos))
        for key, coefficient in self.coefficients.items():
            component = np.broadcast_to(self._component(key, infos), len(infos)).tolist()
            for agent, info in enumerate(infos):
                factor = self._factor(coefficient, agent, float(info["raw_reward"]), component[agent])
                rewards[agent] += factor * component[agent]
                info.setdefault(key, component[agent])
                info[f"auxiliary_reward_{key}"] = component[agent]
                info[f"reward_coefficient_{key}"] = factor
        for reward, info in zip(rewards.tolist(), infos, strict=True):
            info["reward"] = reward
        if self.reduction == "none" or not infos:
            return rewards.tolist()
        shared = float(REDUCTIONS[self.reduction](rewards))
        for info in infos:
            info["shared_reward"] = shared
        return [shared] * len(infos)

    def _factor(self, coefficient: Coefficient, agent: int, raw_reward: float, component: float) -> float:
        if callable(coefficient):
            step = int(self.unwrapped.episode_step)
            return float(coefficient(agent, self.episode_id, step, raw_reward, float(component)))
        return float(coefficient)
