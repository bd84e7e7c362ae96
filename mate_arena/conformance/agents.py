"""Whether the rule-based agents decide as recorded: actions, messages, goals, and what they draw at which step.

Agents are given the recorded observations and draws. An agent that wants a draw where none was recorded, or leaves a
recorded draw untouched, differs from the recording just as one that acts differently.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mate.agents.base import AgentBase
from mate.agents.batched import object_class
from mate.agents.draws import DrawingAgent
from mate.agents.greedy import NON_EMPTY, SIGHTINGS, STATE
from mate.agents.heuristic import CONTROLLER, HeuristicCameraAgent
from mate.mailbox import Mailbox
from mate.messages import Message, Team
from mate_arena.conformance.draws import RecordedDraws, TeamDraws
from mate_arena.conformance.recording import Recording
from mate_arena.conformance.report import Report
from mate_arena.conformance.views import Floats, action_limits, joint_observations

TEAMS: dict[str, str] = {Team.CAMERA: "ca_", Team.TARGET: "ta_"}


def check(recording: Recording, report: Report) -> None:
    """Compare the decisions of each team that built-in agents played."""
    for team, prefix in TEAMS.items():
        report.cover(*(name for name in recording if name.startswith(prefix)))
        if recording.meta.get(f"{team}_is_agent"):
            check_team(recording, report, team)
        else:
            strays = [name for name in recording if name.startswith(prefix)]
            report.demand(", ".join(strays) or prefix, not strays, f"no agent plays the {team} team")


def check_team(recording: Recording, report: Report, team: str) -> None:
    """Compare the actions, messages and draws of one team. Raises ValueError for an unknown kind of agent."""
    kind, prefix = str(recording.meta.get(f"{team}_source")), TEAMS[team]
    steps = len(recording[f"{team}_action"])
    draws = TeamDraws.read(recording, prefix, action_limits(recording, team), steps)
    blank, played = (_blank_arrays(prefix, team, *recording[f"{team}_action"].shape[:2]) for _ in range(2))
    _replay(recording, team, object_class(kind, team), draws, played)
    for name, ours in played.items():
        report.compare(name, ours, recording[name] if name in recording else blank[name])
    check_edges(recording, report, team, played)
    for name, is_wanted in draws.is_wanted.items():
        report.demand(prefix + name, draws.is_recorded[name] == is_wanted, "it has a draw exactly where one is made")
        report.demand(prefix + name, draws.is_possible[name], "its draws are in the range they are drawn from")


def check_edges(recording: Recording, report: Report, team: str, played: dict[str, np.ndarray]) -> None:
    """Compare the infos' counts of messages, as senders and as recipients, with the messages that our agents send."""
    prefix = TEAMS[team]
    edges = (played[f"{prefix}msg_code"] >= 0) | played[f"{prefix}msg_request"]
    has_goal = ~np.isnan(played[f"{prefix}msg_goal"]).any(axis=-1)
    edges[:, CONTROLLER, 1:] |= has_goal[:, 1:]  # the controller commands itself without a message
    for name, axis in (("out_communication_edges", 2), ("in_communication_edges", 1)):
        report.compare(f"info_{team}_{name}", edges.sum(axis=axis).astype(float), recording[f"info_{team}_{name}"])


def _replay(
    recording: Recording, team: str, agent_class: type[DrawingAgent], draws: TeamDraws, played: dict[str, np.ndarray]
) -> None:
    """Let a team decide again from what it saw and drew, and write its decisions into ``played``."""
    observations = joint_observations(recording, team)
    agents = [agent_class(seed=index) for index in range(observations.shape[1])]
    for index, agent in enumerate(agents):
        agent.next_draws = RecordedDraws(draws, index)
        agent.reset(observations[0, index])
    for step in range(len(played[f"{team}_action"])):
        _play_step(agents, observations[step], step, TEAMS[team], team, played)


def _blank_arrays(prefix: str, team: str, steps: int, size: int) -> dict[str, np.ndarray]:
    return {
        f"{team}_action": np.zeros((steps, size, 2)),
        f"{prefix}msg_code": np.full((steps, size, size), -1),
        f"{prefix}msg_request": np.zeros((steps, size, size), np.bool_),
        f"{prefix}msg_goal": np.full((steps, size, 2), np.nan),
    }


def _play_step(
    agents: Sequence[AgentBase], rows: Floats, step: int, prefix: str, team: str, played: dict[str, np.ndarray]
) -> None:
    for agent, row in zip(agents, rows, strict=True):
        agent.observe(row)
    for message in _exchange(agents, "requests"):
        played[f"{prefix}msg_request"][step, message.sender, message.recipient] = True
    for message in _exchange(agents, "responses"):
        if isinstance(message.content, tuple):
            played[f"{prefix}msg_goal"][step, message.recipient] = message.content
        else:
            played[f"{prefix}msg_code"][step, message.sender, message.recipient] = _encode(message)
    for index, agent in enumerate(agents):
        played[f"{team}_action"][step, index] = agent.act(rows[index])
    if agents and isinstance(agents[0], HeuristicCameraAgent):
        played[f"{prefix}msg_goal"][step, 0] = agents[0].joint_goal_state.get(0, np.nan)


def _exchange(agents: Sequence[AgentBase], kind: str) -> list[Message]:
    """All send, then all receive; the messages with their recipients."""
    if not agents:
        return []
    mailbox = Mailbox(agents[0].TEAM, len(agents))
    sent = [message for agent in agents for message in getattr(agent, f"send_{kind}")()]
    delivered = [copy for message in sent for copy in mailbox.expand(message)]
    mailbox.post(delivered)
    for index, agent in enumerate(agents):
        getattr(agent, f"receive_{kind}")(mailbox.collect(index))
    return delivered


def _encode(message: Message) -> int:
    """The number that a recording has for a message: what it holds, a bit each."""
    if NON_EMPTY in message.content:
        return sum(1 << warehouse for warehouse in message.content[NON_EMPTY])
    sightings = message.content.get(SIGHTINGS, ())
    return int(STATE in message.content) + sum(2 << state.index for state in sightings)
