"""The rule-based teams by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mate.agents.batched.greedy_camera import BatchedGreedyCamera
from mate.agents.batched.greedy_target import BatchedGreedyTarget
from mate.agents.batched.heuristic_camera import BatchedHeuristicCamera
from mate.agents.batched.heuristic_target import BatchedHeuristicTarget
from mate.agents.batched.naive_camera import BatchedNaiveCamera
from mate.agents.batched.naive_target import BatchedNaiveTarget
from mate.agents.batched.random import BatchedRandom
from mate.agents.batched.team import BatchedAgent

if TYPE_CHECKING:
    from mate.scenario import Scenario

TeamName = Literal["camera", "target"]
KINDS: dict[tuple[str, TeamName], type] = {
    ("random", "camera"): BatchedRandom,
    ("random", "target"): BatchedRandom,
    ("naive", "camera"): BatchedNaiveCamera,
    ("naive", "target"): BatchedNaiveTarget,
    ("greedy", "camera"): BatchedGreedyCamera,
    ("greedy", "target"): BatchedGreedyTarget,
    ("heuristic", "camera"): BatchedHeuristicCamera,
    ("heuristic", "target"): BatchedHeuristicTarget,
}


def make(name: str, team: TeamName, scenario: Scenario, size: int, **kwargs: Any) -> BatchedAgent:
    """The rule-based team ``name`` (random, naive, greedy or heuristic) for ``size`` episodes of a scenario.

    ``kwargs`` are the parameters of the object form's constructor other than ``seed``, such as ``frame_skip`` of random
    or ``memory_period`` of greedy cameras. Raises ValueError for an unknown name or team, TypeError for a parameter
    that the agent does not have.
    """
    if (name, team) not in KINDS:
        known = ", ".join(sorted({known_name for known_name, _ in KINDS}))
        raise ValueError(f"there is no rule-based {team} agent {name!r}: names are {known}, teams camera and target.")
    return KINDS[name, team](team, scenario, size, **kwargs)
