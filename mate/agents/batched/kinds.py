"""The rule-based agents by name: the one place that lists them.

Command lines, wrappers, trainings, tournaments, pages and the API all take their names from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mate import agents
from mate.agents.batched.greedy_camera import BatchedGreedyCamera
from mate.agents.batched.greedy_target import BatchedGreedyTarget
from mate.agents.batched.heuristic_camera import BatchedHeuristicCamera
from mate.agents.batched.heuristic_target import BatchedHeuristicTarget
from mate.agents.batched.naive_camera import BatchedNaiveCamera
from mate.agents.batched.naive_target import BatchedNaiveTarget
from mate.agents.batched.random import BatchedRandom
from mate.agents.batched.team import BatchedAgent
from mate.messages import Team

if TYPE_CHECKING:
    from mate.scenario import Scenario


@dataclass(frozen=True)
class BuiltinAgent:
    """A rule-based agent in its two forms, each for cameras and targets in this order.

    ``objects`` are the classes of one agent (``mate.agents.AgentBase``), ``batched`` those of a team in a batch of
    episodes (``BatchedAgent``, built with team, scenario and size). Both make the same decisions, bit for bit.
    ``description`` is shown on the agent's page.
    """

    description: str
    objects: tuple[type[agents.DrawingAgent], type[agents.DrawingAgent]]
    batched: tuple[type, type]


BUILTIN_AGENTS = {
    "random": BuiltinAgent(
        "Draws its actions; the floor that every other agent should clear.",
        (agents.RandomCameraAgent, agents.RandomTargetAgent),
        (BatchedRandom, BatchedRandom),
    ),
    "naive": BuiltinAgent(
        "Cameras sweep round without looking; targets visit the warehouses in turn.",
        (agents.NaiveCameraAgent, agents.NaiveTargetAgent),
        (BatchedNaiveCamera, BatchedNaiveTarget),
    ),
    "greedy": BuiltinAgent(
        "Each member does what is best for it alone, with what it sees and hears. The anchor of the ratings.",
        (agents.GreedyCameraAgent, agents.GreedyTargetAgent),
        (BatchedGreedyCamera, BatchedGreedyTarget),
    ),
    "heuristic": BuiltinAgent(
        "Members agree who does what; the most elaborate of the rule-based agents.",
        (agents.HeuristicCameraAgent, agents.HeuristicTargetAgent),
        (BatchedHeuristicCamera, BatchedHeuristicTarget),
    ),
}
BUILTIN_NAMES = tuple(BUILTIN_AGENTS)


def object_class(name: str, team: str) -> type[agents.DrawingAgent]:
    """Return the class of one agent. Raises ValueError for an unknown name or team."""
    return _find(name, team).objects[Team(team).value]


def make(name: str, team: str, scenario: Scenario, size: int, **kwargs: Any) -> BatchedAgent:
    """Return the rule-based team ``name`` for ``size`` episodes of a scenario.

    ``kwargs`` are the parameters of the object form's constructor other than ``seed``, such as ``frame_skip`` of random
    or ``memory_period`` of greedy cameras. Raises ValueError for an unknown name or team, TypeError for a parameter
    that the agent does not have.
    """
    return _find(name, team).batched[Team(team).value](team, scenario, size, **kwargs)


def _find(name: str, team: str) -> BuiltinAgent:
    if name not in BUILTIN_AGENTS or team not in tuple(Team):
        raise ValueError(
            f"There is no rule-based {team} agent {name!r}: "
            f"names are {', '.join(BUILTIN_NAMES)}, teams are {' and '.join(Team)}."
        )
    return BUILTIN_AGENTS[name]
