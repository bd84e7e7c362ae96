"""Paired comparison of agents: the same fresh seeds and opponents for all, differences with confidence intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from mate.agents import batched
from mate.agents.batched import BUILTIN_NAMES
from mate.episodes import AgentFactory, EpisodeResult, play
from mate.errors import UserError
from mate.messages import Team
from mate.scenario import Scenario
from mate.streams import derive
from policies import Checkpoint, CheckpointError
from policies.compatibility import find_preset, problems
from policies.inference import BatchedPolicy

EVALUATION = 0x4003
"""Word for ``derive``: the seeds of evaluations, which are disjoint from those of training episodes."""


@dataclass(frozen=True)
class MeanInterval:
    """A mean over episodes with its 95 % confidence interval (Student's t)."""

    mean: float
    low: float
    high: float
    episodes: int

    @classmethod
    def of(cls, values: np.ndarray) -> MeanInterval:
        """Return the interval of the mean of independent values (E,)."""
        from scipy.special import stdtrit

        half, mean = math.inf, float(values.mean())
        if len(values) > 1:
            half = float(stdtrit(len(values) - 1, 0.975) * values.std(ddof=1)) / math.sqrt(len(values))
        return cls(mean, mean - half, mean + half, len(values))

    def __str__(self) -> str:
        return f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


@dataclass(frozen=True)
class AgentComparison:
    """An agent compared with another of its team: the payoffs of both, and the mean paired difference."""

    name: str
    payoff: MeanInterval
    coverage: MeanInterval
    transport: MeanInterval
    gain: MeanInterval | None


def find_agent(text: str, team: str, scenario: Scenario, deterministic: bool | None = None) -> AgentFactory:
    """Return the rule-based agent of this name or the checkpoint at this path. Raises UserError if none fits."""
    if text in BUILTIN_NAMES:
        return partial(batched.make, text, team)
    try:
        checkpoint = Checkpoint.load(Path(text))
    except (OSError, CheckpointError) as error:
        raise UserError(
            f"{text} is neither one of {', '.join(BUILTIN_NAMES)} nor a native checkpoint: {error}."
        ) from None
    found = problems(checkpoint.recipe, scenario, team)
    if found:
        preset = find_preset(checkpoint.recipe)
        advice = f" Give --scenario {preset}." if preset and checkpoint.recipe.team == team else ""
        raise UserError(f"{text} cannot play the {team} team of {scenario.name}: {'; '.join(found)}.{advice}")
    return partial(BatchedPolicy, checkpoint, deterministic=deterministic)


def compare(
    scenario: Scenario,
    team: str,
    agents: Sequence[tuple[str, AgentFactory]],
    opponent: AgentFactory,
    episodes: int,
    seed: int,
) -> list[AgentComparison]:
    """Play ``episodes`` seeds with every agent against the opponent and compare their payoffs.

    The gain is the first agent's payoff minus the other's. A payoff is the team's mean normalised reward, with the
    sign chosen so that more is better for either team.
    """
    seeds = [derive(seed, EVALUATION, number) for number in range(episodes)]
    played = []
    for name, agent in agents:
        sides = (agent, opponent) if team == Team.CAMERA else (opponent, agent)
        played.append((name, play(scenario, *sides, seeds)))
    first = payoffs_of(played[0][1], team)
    return [
        AgentComparison(
            name,
            MeanInterval.of(payoffs_of(results, team)),
            MeanInterval.of(np.array([one.mean_coverage_rate for one in results])),
            MeanInterval.of(np.array([one.mean_transport_rate for one in results])),
            MeanInterval.of(first - payoffs_of(results, team)) if number else None,
        )
        for number, (name, results) in enumerate(played)
    ]


def payoffs_of(results: Sequence[EpisodeResult], team: str) -> np.ndarray:
    """Return a team's payoffs (E,): its normalised reward, with the sign by which more is better."""
    sign = -1.0 if team == Team.CAMERA else 1.0
    return sign * np.array([one.normalised_reward for one in results])


def table(comparisons: Sequence[AgentComparison]) -> str:
    """Return the comparisons as a printable table: 95 % confidence intervals, gains over the same seeds."""
    lines = [f"{'agent':<40} {'payoff':<28} {'coverage':>8} {'transport':>9}  the first one's gain over it"]
    for one in comparisons:
        gain = "" if one.gain is None else str(one.gain)
        lines.append(
            f"{one.name[-40:]:<40} {one.payoff!s:<28} {one.coverage.mean:8.3f} {one.transport.mean:9.3f}  {gain}"
        )
    return "\n".join(lines)
