"""Observations and actions keyed by agent, and observations with what only training may know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces

from mate.layers import Wrapper
from mate.observations import normalize_observation, rescale_space
from mate.wrappers.repeated_reward_individual_done import RepeatedRewardIndividualDone
from mate.wrappers.typing import assert_once, assert_team_environment

__all__ = ["RLlibMultiAgentAPI", "RLlibMultiAgentCentralizedTraining"]


class RLlibMultiAgentAPI(Wrapper):
    """Everything that has an entry for each agent is a mapping from ``camera_0``, ...; the spaces are one agent's."""

    def __init__(self, env: Any) -> None:
        assert_team_environment(env)
        assert isinstance(env, RepeatedRewardIndividualDone), (
            "RLlibMultiAgentAPI goes around RepeatedRewardIndividualDone: each agent needs its own reward and done"
        )
        assert_once(env, RLlibMultiAgentAPI)
        super().__init__(env)

    @property
    def agent_ids(self) -> list[str]:
        """Such as ``["camera_0", "camera_1"]``."""
        return [f"{self.env.team.name.lower()}_{index}" for index in range(self.env.num_teammates)]

    @property
    def action_space(self) -> Any:
        return self.env.teammate_action_space

    @property
    def observation_space(self) -> Any:
        return self.env.teammate_observation_space

    def _keyed(self, rows: Sequence[Any] | np.ndarray) -> dict[str, Any]:
        return dict(zip(self.agent_ids, rows, strict=True))

    def reset(self, **kwargs: Any) -> dict[str, Any]:
        return self._keyed(self.env.reset(**kwargs))

    def step(self, action: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
        """Take a step with an action for each agent; the dones include ``__all__``."""
        joint_action = [action[agent_id] for agent_id in self.agent_ids]
        observations, rewards, dones, infos = self.env.step(joint_action)
        keyed_dones = {**self._keyed(dones), "__all__": all(dones)}
        return self._keyed(observations), self._keyed(rewards), keyed_dones, self._keyed(infos)


class RLlibMultiAgentCentralizedTraining(Wrapper):
    """Each agent observes a mapping: its own observation, the global state and what the others did.

    Keys, in this order: ``obs`` (D,), ``state`` (S,), ``prev_others_joint_action`` (the others' actions of the previous
    step, beginning with the next index; zeros at reset), and on request ``action_mask`` and
    ``others_joint_observation``.

    Args:
        normalize_state: rescale the bounded entries of the state to [-1, 1].
    """

    def __init__(
        self,
        env: Any,
        normalize_state: bool = True,
        add_joint_observation: bool = False,
        add_action_mask: bool = False,
    ) -> None:
        assert isinstance(env, RLlibMultiAgentAPI), (
            f"RLlibMultiAgentCentralizedTraining goes around RLlibMultiAgentAPI, not {env}"
        )
        assert_once(env, RLlibMultiAgentCentralizedTraining)
        super().__init__(env)
        self.normalize_state = normalize_state
        self.add_joint_observation = add_joint_observation
        self.add_action_mask = add_action_mask

    @property
    def observation_space(self) -> spaces.Dict:
        others = self.num_teammates - 1
        local, state = self.env.observation_space, self.unwrapped.state_space
        parts: dict[str, spaces.Space] = {
            "obs": local,
            "state": rescale_space(state) if self.normalize_state else state,
            "prev_others_joint_action": spaces.Tuple([self.action_space] * others),
        }
        if self.add_action_mask:
            parts["action_mask"] = self.env.action_mask_space
        if self.add_joint_observation:
            parts["others_joint_observation"] = spaces.Tuple([local] * others)
        return spaces.Dict(parts)

    def reset(self, **kwargs: Any) -> dict[str, Any]:
        observations = self.env.reset(**kwargs)
        nothing = _zero_of(self.action_space)
        return self._extend(observations, [nothing] * self.num_teammates)

    def step(self, action: Mapping[str, Any]) -> Any:
        observations, rewards, dones, infos = self.env.step(action)
        return self._extend(observations, [action[name] for name in self.agent_ids]), rewards, dones, infos

    def _extend(self, observations: Mapping[str, Any], actions: list[Any]) -> dict[str, Any]:
        base = self.unwrapped
        state = base.state()
        if self.normalize_state:
            state = normalize_observation(state, base.state_space)
        rows = list(observations.values())
        extended = {}
        for index, (name, observation) in enumerate(observations.items()):
            parts = {"obs": observation, "state": state.copy(), "prev_others_joint_action": _others(actions, index)}
            if self.add_action_mask:
                parts["action_mask"] = self.env.action_mask(observation)
            if self.add_joint_observation:
                parts["others_joint_observation"] = _others(rows, index)
            extended[name] = parts
        return extended


def _others(items: list[Any], index: int) -> tuple[Any, ...]:
    """All but one, beginning with the next."""
    return tuple(items[index + 1 :] + items[:index])


def _zero_of(space: spaces.Space) -> Any:
    if isinstance(space, spaces.Discrete):
        return 0
    return np.zeros(space.shape or (), space.dtype)
