"""One team is the environment's: the other is played by agents.

``MultiCamera`` and ``MultiTarget`` leave a whole team to the caller, ``SingleCamera`` and ``SingleTarget`` one member
of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from mate.agents.base import AgentBase, CameraAgentBase, TargetAgentBase
from mate.environment import MultiAgentTracking
from mate.groups import group_act, group_communicate, group_observe, group_reset, group_step
from mate.layers import Wrapper
from mate.messages import Message, Team

__all__ = [
    "MultiCamera",
    "MultiTarget",
    "SingleCamera",
    "SingleTarget",
    "SingleTeam",
    "SingleTeamHelper",
    "SingleTeamMultiAgent",
    "SingleTeamSingleAgent",
    "group_act",
    "group_communicate",
    "group_observe",
    "group_reset",
    "group_step",
]

_AGENT_CLASS: dict[Team, Any] = {Team.CAMERA: CameraAgentBase, Team.TARGET: TargetAgentBase}
MAX_SEED = 2**31 - 1


def _of_own_team(what: str) -> property:
    return property(lambda self: getattr(self.env, f"{self._own}_{what}"), doc=f"The own team's ``{what}``.")


def _of_opponents(what: str) -> property:
    return property(lambda self: getattr(self.env, f"{self._other}_{what}"), doc=f"The opponents' ``{what}``.")


class SingleTeam(Wrapper):
    """What the four single-team environments share. Raises AssertionError around another single-team environment.

    ``opponent_agents`` are in the order of the opponents' indices, ``opponent_agents_ordered`` in that of their
    creation.
    """

    team: ClassVar[Team]

    def __init__(self, env: Any, opponent_agent: AgentBase) -> None:
        assert isinstance(env, MultiAgentTracking) and not isinstance(env, SingleTeam), (
            f"{type(self).__name__} goes around a two-team environment, not around {env}"
        )
        opponent_class = _AGENT_CLASS[self.team.opponent]
        assert isinstance(opponent_agent, opponent_class), (
            f"the opponents of {type(self).__name__} must be of {opponent_class.__name__}, not "
            f"{type(opponent_agent).__name__}"
        )
        super().__init__(env)
        self.opponent_agent = opponent_agent
        self.opponent_joint_observation: np.ndarray = np.empty((0, 0))  # until reset
        self.opponent_infos: list[dict[str, Any]] | None = None
        self.refresh()

    def refresh(self) -> None:
        """Spawn the agents again, for the configuration's numbers."""
        assert self.num_teammates > 0, f"{type(self).__name__} needs at least one {self._own}, {self.env} has none"
        self.opponent_agents_ordered = self.opponent_agent.spawn(self.num_opponents)
        self.opponent_agents = list(self.opponent_agents_ordered)

    @property
    def _own(self) -> str:
        return self.team.name.lower()

    @property
    def _other(self) -> str:
        return self.team.opponent.name.lower()

    @property
    def num_teammates(self) -> int:
        """Size of the own team."""
        return int(getattr(self.env, f"num_{self._own}s"))

    @property
    def num_opponents(self) -> int:
        """Size of the other team."""
        return int(getattr(self.env, f"num_{self._other}s"))

    @property
    def num_adversaries(self) -> int:
        """Size of the other team."""
        return self.num_opponents

    teammate_action_space = _of_own_team("action_space")
    teammate_joint_action_space = _of_own_team("joint_action_space")
    teammate_observation_space = _of_own_team("observation_space")
    teammate_joint_observation_space = _of_own_team("joint_observation_space")
    teammate_message_buffer = _of_own_team("message_buffer")
    teammate_message_queue = _of_own_team("message_queue")
    opponent_action_space = _of_opponents("action_space")
    opponent_joint_action_space = _of_opponents("joint_action_space")
    opponent_observation_space = _of_opponents("observation_space")
    opponent_joint_observation_space = _of_opponents("joint_observation_space")
    opponent_message_buffer = _of_opponents("message_buffer")
    opponent_message_queue = _of_opponents("message_queue")

    def swap(self, *items: Any) -> tuple[Any, ...]:
        """Reorder between (camera, target) and (own, other); it is its own inverse.

        Two items are one pair; a single item is taken as a pair itself; of more, each is a pair.
        """
        if len(items) > 2:
            return tuple(self.swap(item) for item in items)
        first, second = items if len(items) == 2 else items[0]
        return (first, second) if self.team is Team.CAMERA else (second, first)

    def seed(self, seed: int | None = None) -> list[int]:
        """Reseed the environment, and from it the prototype and all its clones; return all seeds."""
        seeds = list(self.env.seed(seed))
        for agent in self._all_agents():
            seeds.extend(agent.seed(int(self.np_random.randint(MAX_SEED))))
        return seeds

    def _all_agents(self) -> list[AgentBase]:
        return [self.opponent_agent, *self.opponent_agents_ordered]

    def _assign(self, agents: list[Any]) -> list[Any]:
        """The agents in the order of the indices they play in this episode."""
        if not self.shuffle_entities:
            return list(agents)
        return [agents[i] for i in self.np_random.permutation(len(agents))]

    def _reset_opponents(self, observation: np.ndarray) -> None:
        self.opponent_agents = self._assign(self.opponent_agents_ordered)
        self.opponent_joint_observation, self.opponent_infos = observation, None
        group_reset(self.opponent_agents, observation)

    def _opponents_act(self) -> np.ndarray | list[Any]:
        return group_step(self.env, self.opponent_agents, self.opponent_joint_observation, self.opponent_infos)

    def _step_both(self, own_action: Any, other_action: Any) -> tuple[Any, Any, bool, Any]:
        """Step the two-team environment; keep what belongs to the opponents and return the own team's part."""
        observations, rewards, done, infos = self.env.step(self.swap(own_action, other_action))
        observation, self.opponent_joint_observation = self.swap(*observations)
        reward, _ = self.swap(*rewards)
        own_infos, self.opponent_infos = self.swap(*infos)
        return observation, reward, self._own_done(done), own_infos

    def _own_done(self, done: Any) -> Any:
        """The own team's dones where a layer below gives each member one, else the episode's."""
        return self.swap(*done)[0] if isinstance(done, (tuple, list)) else done

    def _check_senders(self, messages: Message | Iterable[Message]) -> list[Message]:
        messages = [messages] if isinstance(messages, Message) else list(messages)
        strangers = [message.team.name for message in messages if message.team is not self.team]
        assert not strangers, f"only the {self._own}s send messages here, not the team {strangers[0]}"
        return messages


SingleTeamHelper = SingleTeam
"""Upstream's name."""


class SingleTeamMultiAgent(SingleTeam):
    """The caller plays the whole team: joint observations in, joint actions out."""

    @property
    def action_space(self) -> Any:
        return self.teammate_joint_action_space

    @property
    def observation_space(self) -> Any:
        return self.teammate_joint_observation_space

    def reset(self, **kwargs: Any) -> np.ndarray:
        """Begin an episode; the own joint observation (N, D). ``seed`` reseeds the environment, not the agents."""
        observation: np.ndarray
        observation, other = self.swap(*self.env.reset(**kwargs))
        self._reset_opponents(other)
        return observation

    def step(self, action: Any) -> tuple[np.ndarray, Any, Any, list[dict[str, Any]]]:
        """One step with the own joint action; the own joint observation, team reward, done and infos.

        Reward and done are lists, with an entry for each member, around ``RepeatedRewardIndividualDone``.
        """
        return self._step_both(action, self._opponents_act())

    def send_messages(self, messages: Message | Iterable[Message]) -> None:
        """Send messages of the own team; AssertionError for others."""
        self.env.send_messages(self._check_senders(messages))

    def receive_messages(self, agent_id: Any = None, agent: Any = None) -> list[Any]:
        """One recipient's queue, which is emptied; without arguments the buffer of every member, left as it is
        (Q61).
        """
        if agent_id is None and agent is None:
            return [list(self.teammate_message_buffer[i]) for i in range(self.num_teammates)]
        received: list[Any] = self.env.receive_messages(agent_id, agent=agent)
        return received

    def description(self) -> str:
        return f"(opponent={_class_of(self.opponent_agent)})"


class SingleTeamSingleAgent(SingleTeam):
    """The caller plays one member of the team; clones of a prototype play the others."""

    def __init__(self, env: Any, teammate_agent: AgentBase, opponent_agent: AgentBase) -> None:
        own_class = _AGENT_CLASS[self.team]
        assert isinstance(teammate_agent, own_class), (
            f"the teammates in {type(self).__name__} must be of {own_class.__name__}, not "
            f"{type(teammate_agent).__name__}"
        )
        self.teammate_agent = teammate_agent
        self.index = -1
        self.joint_observation: np.ndarray | None = None
        self.infos: list[dict[str, Any]] | None = None
        super().__init__(env, opponent_agent)

    def refresh(self) -> None:
        super().refresh()
        self.index = self.num_teammates - 1
        self.teammate_agents_ordered = self.teammate_agent.spawn(self.num_teammates - 1)
        self.teammate_agents = list(self.teammate_agents_ordered)

    @property
    def action_space(self) -> Any:
        return self.teammate_action_space

    @property
    def observation_space(self) -> Any:
        return self.teammate_observation_space

    def _all_agents(self) -> list[AgentBase]:
        return [*super()._all_agents(), self.teammate_agent, *self.teammate_agents_ordered]

    def _others(self, rows: Any) -> list[Any]:
        """The rows of the teammates."""
        return [row for index, row in enumerate(rows) if index != self.index]

    def reset(self, **kwargs: Any) -> np.ndarray:
        """Begin an episode; the own observation (D,). ``seed`` reseeds the environment, not the agents."""
        self.joint_observation, other = self.swap(*self.env.reset(**kwargs))
        self.infos = None
        self._reset_opponents(other)
        self.index = self.num_teammates - 1
        if self.shuffle_entities:
            self.index = int(self.np_random.randint(self.num_teammates))
        self.teammate_agents = self._assign(self.teammate_agents_ordered)
        group_reset(self.teammate_agents, self._others(self.joint_observation))
        return np.asarray(self.joint_observation[self.index])

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, dict[str, Any]]:
        """One step with the own action; the own observation, reward, done and info."""
        infos = None if self.infos is None else self._others(self.infos)
        joint_action = group_step(self.env, self.teammate_agents, self._others(self.joint_observation), infos)
        joint_action.insert(self.index, action)
        self.joint_observation, reward, done, self.infos = self._step_both(joint_action, self._opponents_act())
        return self.joint_observation[self.index], self._of_mine(reward), self._of_mine(done), self.infos[self.index]

    def _of_mine(self, value: Any) -> Any:
        """The own entry of what a layer below gives each member of the team, else what it gives the team."""
        return value[self.index] if np.ndim(value) else value

    def send_messages(self, messages: Message | Iterable[Message]) -> None:
        """Send own messages; AssertionError for those of another sender."""
        messages = self._check_senders(messages)
        strangers = [message.sender for message in messages if message.sender != self.index]
        assert not strangers, f"only {self._own} {self.index} sends messages here, not {strangers[:1]}"
        self.env.send_messages(messages)

    def receive_messages(self, agent_id: Any = None, agent: Any = None) -> list[Message]:
        """The own queue, or that of the given recipient; it is emptied."""
        if agent_id is None and agent is None:
            agent_id = (self.team, self.index)
        received: list[Message] = self.env.receive_messages(agent_id, agent=agent)
        return received

    def description(self) -> str:
        return f"(teammate={_class_of(self.teammate_agent)}, opponent={_class_of(self.opponent_agent)})"


def _class_of(agent: AgentBase) -> str:
    return f"{type(agent).__module__}.{type(agent).__name__}"


class MultiCamera(SingleTeamMultiAgent):
    """The caller plays all cameras against clones of ``target_agent``."""

    team = Team.CAMERA

    def __init__(self, env: Any, target_agent: TargetAgentBase) -> None:
        super().__init__(env, target_agent)


class MultiTarget(SingleTeamMultiAgent):
    """The caller plays all targets against clones of ``camera_agent``."""

    team = Team.TARGET

    def __init__(self, env: Any, camera_agent: CameraAgentBase) -> None:
        super().__init__(env, camera_agent)


class SingleCamera(SingleTeamSingleAgent):
    """The caller plays one camera, with clones of ``other_camera_agent``, against clones of ``target_agent``."""

    team = Team.CAMERA

    def __init__(self, env: Any, other_camera_agent: CameraAgentBase, target_agent: TargetAgentBase) -> None:
        super().__init__(env, other_camera_agent, target_agent)


class SingleTarget(SingleTeamSingleAgent):
    """The caller plays one target, with clones of ``other_target_agent``, against clones of ``camera_agent``."""

    team = Team.TARGET

    def __init__(self, env: Any, other_target_agent: TargetAgentBase, camera_agent: CameraAgentBase) -> None:
        super().__init__(env, other_target_agent, camera_agent)
