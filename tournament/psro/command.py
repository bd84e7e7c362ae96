"""Run PSRO without a portal: ``python -m tournament.psro FOLDER`` (or ``python -m training psro FOLDER``).

The folder contains a training for each best response, the payoffs of the played pairings, and the results in the layout
of MATE's PSRO example. The same command resumes an interrupted run.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from mate import Team
from mate.agents import batched
from mate.agents.batched import BUILTIN_NAMES
from mate.episodes import AgentFactory, play
from mate.errors import UserError
from mate.scenario import Scenario
from mate.streams import derive
from tournament.meta_solvers import META_SOLVERS
from tournament.payoffs import Array
from tournament.psro import layout
from tournament.psro.anytime import grow_anytime
from tournament.psro.loop import Iteration, PairResult, grow
from training import configuration as configurations

EPISODES = 0x5053
"""Word with which ``derive`` derives the seeds of payoff episodes."""
FIRST = "random"
"""The agent that both populations begin with."""
ANYTIME = "anytime"
"""Name of anytime PSRO in the option of the meta-solver."""


@dataclass(frozen=True)
class LocalRun:
    """The settings of a run and its folder. Agents are given as names of rule-based agents or paths of checkpoints."""

    folder: Path
    scenario: Scenario
    algorithms: dict[Team, str]
    steps: int
    episodes: int
    seed: int
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    preset: str = "quick"
    cores: int | None = None
    rounds: int = 4
    coverage: dict[tuple[str, str], float] = field(default_factory=dict)

    def respond(self, team: Team, opponents: Sequence[str], weights: Array) -> str:
        """Train a best response, or find the one that was trained; return the path of its last milestone."""
        return self._train(f"{team}-{len(opponents):05d}", team, opponents, weights, self.steps)

    def improve(self, team: Team, opponents: Sequence[str], weights: Array, before: str | None) -> str:
        """Train a best response further, against other weights, for its share of the steps; see ``anytime.Improve``."""
        number = 0 if before is None else int(Path(before).parent.parent.name.split("-")[-1]) + 1
        parts = 1 if len(set(opponents)) == 1 else self.rounds + 1
        name = f"{team}-{len(opponents):05d}-{number:02d}"
        return self._train(name, team, opponents, weights, max(1, self.steps // parts), before)

    def _train(
        self, name: str, team: Team, opponents: Sequence[str], weights: Array, steps: int, before: str | None = None
    ) -> str:
        folder = self.folder / "trainings" / name
        if read_state(folder) != "finished":
            document = {
                "scenario": json.loads(self.scenario.to_json()), "team": str(team), "algorithm": self.algorithms[team],
                "preset": self.preset, "hyperparameters": self.hyperparameters, "steps": steps,
                "seed": self.seed + len(opponents), "cores": self.cores, "start_from": before,
                "opponents": [
                    ({"name": one} if one in BUILTIN_NAMES else {"checkpoint": str(Path(one).absolute())})
                    | {"weight": float(weight)}
                    for one, weight in zip(opponents, weights, strict=True)
                    if weight > 0
                ],
            }  # fmt: skip
            checked = configurations.check(document)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / configurations.FILE_NAME).write_text(json.dumps(checked.to_json()))
            command = [sys.executable, "-m", "training", "run", "--quiet", str(folder)]
            subprocess.run(command, check=False)
            if read_state(folder) != "finished":
                raise UserError(f"The training in {folder} did not finish. Run the command again to continue.")
        return str(max((folder / "milestones").glob("*.zip")))

    def grow(self, solver: str) -> Iterator[Iteration[str]]:
        """Grow both populations from the random agents, with a meta-solver or by anytime PSRO."""
        if solver == ANYTIME:
            return grow_anytime([FIRST], [FIRST], self.improve, self.play, self.rounds)
        return grow([FIRST], [FIRST], self.respond, self.play, META_SOLVERS[solver])

    def play(self, camera: str, target: str) -> PairResult:
        """Return the payoff of a pair from its file, or play it."""
        words = f"{self.scenario.digest}/{self.name(camera)}/{self.name(target)}/{self.episodes}/{self.seed}"
        path = self.folder / "payoffs" / f"{hashlib.sha256(words.encode()).hexdigest()[:16]}.json"
        if path.exists():
            known = json.loads(path.read_text())
        else:
            seeds = [derive(self.seed, EPISODES, number) for number in range(self.episodes)]
            agents = find_agent(camera, Team.CAMERA), find_agent(target, Team.TARGET)
            results = play(self.scenario, *agents, seeds)
            payoffs = -np.array([one.normalised_reward for one in results])
            known = {
                "camera": self.name(camera), "target": self.name(target), "payoff": float(payoffs.mean()),
                "error": float(payoffs.std(ddof=1) / np.sqrt(len(payoffs))), "count": len(payoffs),
                "coverage": float(np.mean([one.mean_coverage_rate for one in results])),
            }  # fmt: skip
            path.parent.mkdir(exist_ok=True)
            part = path.with_suffix(".part")
            part.write_text(json.dumps(known))
            part.replace(path)
        self.coverage[camera, target] = known["coverage"]
        return PairResult(known["payoff"], known["error"], known["count"])

    def name(self, agent: str) -> str:
        """Return an agent's name that does not depend on where the folder lies."""
        return agent if agent in BUILTIN_NAMES else str(Path(agent).relative_to(self.folder))


def read_state(folder: Path) -> str:
    """Return how a training ended; empty if it has not ended."""
    try:
        return str(json.loads((folder / "outcome.json").read_text()).get("state", ""))
    except (OSError, ValueError):
        return ""


def find_agent(name: str, team: Team) -> AgentFactory:
    """Return the rule-based agent of this name or the checkpoint at this path."""
    from policies import Checkpoint
    from policies.inference import BatchedPolicy

    if name in BUILTIN_NAMES:
        return partial(batched.make, name, team)
    return partial(BatchedPolicy, Checkpoint.load(Path(name)))


def write_results(run: LocalRun, solver: str, iterations: Sequence[Iteration[str]]) -> Path:
    """Write all iterations so far in the layout of MATE's PSRO example; return its folder."""
    solved = []
    for one in iterations:
        coverage = np.array([[run.coverage[camera, target] for target in one.targets] for camera in one.cameras])
        lost = one.figures.get("exploitability")
        paths = [agents[-1] if one.number else None for agents in (one.cameras, one.targets)]
        solved.append(
            layout.Solved(one.game.payoff, one.camera, one.target, coverage, tuple(lost) if lost else None, *paths)
        )
    name = layout.name_result(solver, run.algorithms[Team.CAMERA], run.algorithms[Team.TARGET])
    for path, content in layout.write_result(layout.arrange_result(name, solved)).items():
        place = run.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return run.folder / name


def describe(one: Iteration[str]) -> str:
    """Return a line about an iteration; it names failed responses, which bound no gain."""
    figures = one.figures
    if not one.number:
        return f"iteration 0: value {figures['value']:+.4f}"
    low, high = figures["nash_conv_interval"] or (figures["nash_conv"], None)
    limit = "no upper limit" if high is None else f"{high:.4f}"
    gains = ", ".join(
        f"{team} {figures[f'{team}_gain']['gain']:+.4f} ({figures[f'{team}_gain']['verdict']})" for team in Team
    )
    return (
        f"iteration {one.number}: value {figures['value']:+.4f}, NashConv of the one before {figures['nash_conv']:.4f} "
        f"[{low:.4f}, {limit}], gains {gains}"
    )


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    made = argparse.ArgumentParser(prog="python -m training psro", description=__doc__)
    made.add_argument("folder", type=Path)
    made.add_argument("--scenario", default="MATE-2v4-0")
    made.add_argument("--iterations", type=int, default=5)
    made.add_argument("--camera-algorithm", default="hrl-mappo")
    made.add_argument("--target-algorithm", default="mappo")
    made.add_argument("--preset", choices=tuple(configurations.PRESETS), default="quick")
    made.add_argument("--steps", type=int, default=1_000_000, help="environment steps of each best response")
    made.add_argument("--meta-solver", choices=(*META_SOLVERS, ANYTIME), default="nash")
    made.add_argument(
        "--rounds",
        type=int,
        default=4,
        help="number of times that a strategy is updated in each iteration of anytime PSRO",
    )
    made.add_argument("--episodes", type=int, default=100, help="episodes of each pairing")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--cores", type=int)
    made.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a hyperparameter, with its value as JSON; repeat the option for more",
    )
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit status: 0 when finished, 2 for an error that the user can correct."""
    options = parser().parse_args(arguments)
    try:
        if options.episodes < 2 or options.iterations < 0 or options.rounds < 1:
            raise UserError("A run needs at least 2 episodes of each pairing, 0 or more iterations, 1 round or more.")
        run = LocalRun(
            options.folder.absolute(), Scenario.load(options.scenario),
            {Team.CAMERA: options.camera_algorithm, Team.TARGET: options.target_algorithm},
            options.steps, options.episodes, options.seed, dict(map(read_setting, options.set)), options.preset,
            options.cores, options.rounds,
        )  # fmt: skip
        run.folder.mkdir(parents=True, exist_ok=True)
        done: list[Iteration[str]] = []
        for one in islice(run.grow(options.meta_solver), options.iterations + 1):
            done.append(one)
            place = write_results(run, options.meta_solver, done)
            print(describe(one), flush=True)
        print(place)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def read_setting(text: str) -> tuple[str, Any]:
    """Return a hyperparameter's name and value; a value that is not JSON is read as text."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
