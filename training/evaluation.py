"""``python -m training evaluate``: several agents in several scenarios against several opponents, on the same seeds."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from mate.agents import batched
from mate.agents.batched import BUILTIN_NAMES
from mate.episodes import AgentFactory, EpisodeResult, play
from mate.errors import UserError
from mate.messages import TEAMS_OF, Team
from mate.scenario import Scenario
from mate.streams import derive
from policies import Checkpoint, CheckpointError
from policies.compatibility import find_preset, problems
from policies.inference import BatchedPolicy
from training.hyperparameters import TEAMS
from training.scores import Estimate, RunScores, iqm_of, mean_of
from training.scores.student import student

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
        half, mean = math.inf, float(values.mean())
        if len(values) > 1:
            half = student(len(values) - 1) * float(values.std(ddof=1)) / math.sqrt(len(values))
        return cls(mean, mean - half, mean + half, len(values))

    def __str__(self) -> str:
        return f"{self.mean:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


@dataclass(frozen=True)
class AgentEvaluation:
    """An agent's means in one scenario against one opponent; `gains` are over other agents, paired by seed.

    `payoffs` are those of the single episodes (E,).
    """

    scenario: str
    opponent: str
    agent: str
    payoff: MeanInterval
    coverage: MeanInterval
    transport: MeanInterval
    gains: dict[str, MeanInterval]
    payoffs: np.ndarray = field(repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """Return the fields by name, without those of single episodes."""
        content = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "payoffs"}
        means = {name: vars(content[name]) for name in ("payoff", "coverage", "transport")}
        return content | means | {"gains": {name: vars(gain) for name, gain in self.gains.items()}}


@dataclass(frozen=True)
class SeedEvaluation:
    """Gains over one agent of several runs that differ in their seeds: the intervals are over the runs."""

    scenario: str
    opponent: str
    over: str
    runs: int
    mean: Estimate
    interquartile_mean: Estimate

    def to_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        estimates = {name: getattr(self, name).to_json() for name in ("mean", "interquartile_mean")}
        return vars(self) | estimates


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    command.add_argument("checkpoints", nargs="+", metavar="CHECKPOINT")
    command.add_argument(
        "--team", choices=TEAMS, help="team of the checkpoints (default: the team of the first checkpoint)"
    )
    command.add_argument(
        "--scenario", action="append", help="a scenario (default: MATE-2v4-0); repeat the option for more"
    )
    command.add_argument(
        "--opponent",
        action="append",
        help="agent of the other team: a rule-based agent or a checkpoint; repeat the option for more",
    )
    command.add_argument(
        "--against",
        action="append",
        help="an agent of the same team to compare with (default: greedy); repeat the option for more",
    )
    command.add_argument(
        "--no-communication", choices=tuple(TEAMS_OF), default=None, help="block the messages of these teams"
    )
    command.add_argument("--episodes", type=int, default=200)
    command.add_argument("--seed", type=int, default=1)
    command.add_argument("--json", action="store_true", help="print JSON instead of tables")
    command.add_argument(
        "--over-seeds",
        action="store_true",
        help="also print the gains over all checkpoints: runs of one configuration with different seeds",
    )
    mode = command.add_mutually_exclusive_group()
    mode.add_argument("--deterministic", dest="deterministic", action="store_true", default=None)
    mode.add_argument("--stochastic", dest="deterministic", action="store_false")
    command.set_defaults(act=run)


def run(options: argparse.Namespace) -> int:
    """Evaluate and print; return 0. Raises UserError for agents that cannot play, before anything is played."""
    if options.episodes < 2:
        raise UserError(
            f"--episodes is {options.episodes}: a confidence interval needs at least 2. Give a larger number."
        )
    team = options.team or find_team(options.checkpoints[0])
    limits = {} if options.no_communication is None else {"no_communication": options.no_communication}
    scenarios = [Scenario.load(name, **limits) for name in options.scenario or ["MATE-2v4-0"]]
    opponents, against = options.opponent or ["greedy"], options.against or ["greedy"]
    names = list(dict.fromkeys([*options.checkpoints, *against]))
    plans = [
        (
            scenario,
            {name: find_agent(name, Team(team).opponent, scenario) for name in opponents},
            {
                name: find_agent(name, team, scenario, options.deterministic if name in options.checkpoints else None)
                for name in names
            },
        )
        for scenario in scenarios
    ]
    found = [
        one
        for scenario, others, agents in plans
        for name, opponent in others.items()
        for one in evaluate(scenario, team, agents, (name, opponent), against, options.episodes, options.seed)
    ]
    joined = join_seeds(found, options.checkpoints, against) if options.over_seeds else []
    if options.json:
        facts = {"team": team, "episodes": options.episodes, "seed": options.seed}
        facts["evaluations"] = [one.to_json() for one in found]
        facts |= {"over_seeds": [one.to_json() for one in joined]} if joined else {}
        print(json.dumps(facts, indent=1))
    else:
        print(f"{team} team, {options.episodes} episodes of seed {options.seed}; 95 % intervals in brackets")
        print(write_tables(found))
        for one in joined:
            print(
                f"{one.scenario} against {one.opponent}: gain of {one.runs} runs over {one.over}: mean {one.mean}, "
                f"interquartile mean {one.interquartile_mean}"
            )
    return 0


def find_team(path: str) -> str:
    """Return the team of a checkpoint. Raises UserError for a file that is not a checkpoint."""
    try:
        return Checkpoint.load(path).recipe.team
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); name a native checkpoint.") from None
    except CheckpointError as error:
        raise UserError(f"{path} is no native checkpoint: {error}. Name one, or give --team.") from None


def find_agent(text: str, team: str, scenario: Scenario, deterministic: bool | None = None) -> AgentFactory:
    """Return the rule-based agent of this name or the checkpoint at this path. Raises UserError if neither fits."""
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


def evaluate(
    scenario: Scenario,
    team: str,
    agents: dict[str, AgentFactory],
    opponent: tuple[str, AgentFactory],
    against: Sequence[str],
    episodes: int,
    seed: int,
) -> list[AgentEvaluation]:
    """Play the same seeds with each agent against one opponent. Gains are over the agents that `against` names."""
    seeds = [derive(seed, EVALUATION, number) for number in range(episodes)]
    played: dict[str, Sequence[EpisodeResult]] = {}
    for name, agent in agents.items():
        sides = (agent, opponent[1]) if team == Team.CAMERA else (opponent[1], agent)
        played[name] = play(scenario, *sides, seeds)
    payoffs = {name: payoffs_of(results, team) for name, results in played.items()}
    return [
        AgentEvaluation(
            scenario.name,
            opponent[0],
            name,
            MeanInterval.of(payoffs[name]),
            MeanInterval.of(np.array([one.mean_coverage_rate for one in results])),
            MeanInterval.of(np.array([one.mean_transport_rate for one in results])),
            {other: MeanInterval.of(payoffs[name] - payoffs[other]) for other in against if other != name},
            payoffs[name],
        )
        for name, results in played.items()
    ]


def join_seeds(found: Sequence[AgentEvaluation], runs: Sequence[str], against: Sequence[str]) -> list[SeedEvaluation]:
    """Return the gains of ``runs`` together over each agent that ``against`` names.

    The mean has Student's interval over the runs' means. The interquartile mean has a bootstrap interval over runs and
    episodes (``training.scores``).
    """
    played: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    for one in found:
        played.setdefault((one.scenario, one.opponent), {})[one.agent] = one.payoffs
    joined = []
    for (scenario, opponent), payoffs in played.items():
        for other in against:
            gains = [payoffs[run] - payoffs[other] for run in dict.fromkeys(runs) if run != other]
            scores = RunScores(other, {scenario: gains})
            joined.append(SeedEvaluation(scenario, opponent, other, len(gains), mean_of(scores), iqm_of(scores)))
    return joined


def payoffs_of(results: Sequence[EpisodeResult], team: str) -> np.ndarray:
    """Return a team's payoffs (E,): its normalised reward, with the sign that makes more better."""
    sign = -1.0 if team == Team.CAMERA else 1.0
    return sign * np.array([one.normalised_reward for one in results])


def write_tables(found: Sequence[AgentEvaluation]) -> str:
    """Return a table for each scenario and opponent."""
    lines: list[str] = []
    head = None
    for one in found:
        if (one.scenario, one.opponent) != head:
            head = (one.scenario, one.opponent)
            lines += ["", f"{one.scenario} against {one.opponent}"]
            lines.append(f"{'agent':<40} {'payoff':<28} {'coverage':>8} {'transport':>9}  gain")
        gains = "; ".join(f"{gain} over {other}" for other, gain in one.gains.items())
        means = f"{one.payoff!s:<28} {one.coverage.mean:8.3f} {one.transport.mean:9.3f}"
        lines.append(f"{one.agent[-40:]:<40} {means}  {gains}")
    return "\n".join(lines[1:])
