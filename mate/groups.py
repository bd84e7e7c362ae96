"""A whole team of agents goes through one stage of its lifecycle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mate.agents.base import AgentBase

__all__ = ["group_act", "group_communicate", "group_observe", "group_reset", "group_step"]

Infos = Sequence[Mapping[str, Any]] | None
Rows = np.ndarray | Sequence[np.ndarray]


def _rows(agents: Sequence[AgentBase], infos: Infos) -> Iterable[Any]:
    return [None] * len(agents) if infos is None else infos


def group_reset(agents: Sequence[AgentBase], joint_observation: Rows) -> None:
    """Reset each agent with its row of the joint observation (N, D)."""
    for agent, observation in zip(agents, joint_observation, strict=True):
        agent.reset(observation)


def group_observe(agents: Sequence[AgentBase], joint_observation: Rows, infos: Infos = None) -> None:
    """Let each agent observe its row of the joint observation (N, D)."""
    for agent, observation, info in zip(agents, joint_observation, _rows(agents, infos), strict=True):
        agent.observe(observation, info)


def group_communicate(env: Any, agents: Sequence[AgentBase]) -> None:
    """Exchange requests and then responses through ``env``: all send, then all receive, twice."""
    send, receive = env.send_messages, env.receive_messages
    for agent in agents:
        send(agent.send_requests())  # Also where it is nothing: a wrapper may deliver earlier ones now.
    for agent in agents:
        agent.receive_requests(receive(agent=agent))
    for agent in agents:
        send(agent.send_responses())
    for agent in agents:
        agent.receive_responses(receive(agent=agent))


def group_act(
    agents: Sequence[AgentBase],
    joint_observation: Rows,
    infos: Infos = None,
    deterministic: bool | None = None,
) -> list[Any]:
    """Each agent's action, in order."""
    return [
        agent.act(observation, info, deterministic=deterministic)
        for agent, observation, info in zip(agents, joint_observation, _rows(agents, infos), strict=True)
    ]


def group_step(
    env: Any,
    agents: Sequence[AgentBase],
    joint_observation: Rows,
    infos: Infos = None,
    deterministic: bool | None = None,
) -> list[Any]:
    """Observe, communicate and act; ``infos`` are those of the last ``env.step``, None after a reset.

    Where both teams are played like this, cameras go first.
    """
    joint_observation = list(joint_observation)  # The rows of an array are made once, not twice.
    group_observe(agents, joint_observation, infos)
    group_communicate(env, agents)
    return group_act(agents, joint_observation, infos, deterministic)
