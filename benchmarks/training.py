"""Compare the training speed of this project with that of RLlib's standard set-up and the same network:
``python -m benchmarks.training``.

The unit is agent decisions per second. A decision is one choice of one agent. It is played for ``frame_skip`` steps,
recorded, and learned from ``passes`` times. Both set-ups train hierarchical MAPPO cameras on MATE-2v4-0 with the preset
``quick``. If the driver does everything (``--cores 1``), rates use its processor time. Rates by wall time are printed
too.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import table
from benchmarks.table import Figure
from training.configuration import TrainingConfiguration, check
from training.private_ray import session

SCENARIO = "MATE-2v4-0"
WANTED_RATIO = 5.0


@dataclass
class Costs:
    """Seconds per decision of sampling, of learning, and of whole iterations (processor and wall time)."""

    sampling: tuple[float, float]
    learning: tuple[float, float]
    whole: tuple[float, float]


class Stopwatch:
    """Adds up the time spent in some calls."""

    def __init__(self) -> None:
        self.processor = self.wall = 0.0

    def around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the call with its time added to the stopwatch."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            processor, wall = time.process_time(), time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                self.processor += time.process_time() - processor
                self.wall += time.perf_counter() - wall

        return timed


def measure(algorithm: Any, iterate: Callable[[], float], iterations: int) -> Costs:
    """Return medians over iterations; ``iterate`` returns its number of decisions. The first iteration is left out."""
    learning, whole = Stopwatch(), Stopwatch()
    algorithm.learner_group.update = learning.around(algorithm.learner_group.update)
    timed = whole.around(iterate)
    rows = []
    for _ in range(iterations + 1):
        learning.processor = learning.wall = whole.processor = whole.wall = 0.0
        decisions = timed()
        rows.append([(watch.processor / decisions, watch.wall / decisions) for watch in (learning, whole)])
    middle = [tuple(median(row[part][kind] for row in rows[1:]) for kind in (0, 1)) for part in (0, 1)]
    sampling = middle[1][0] - middle[0][0], middle[1][1] - middle[0][1]
    return Costs(sampling, middle[0], middle[1])  # type: ignore[arg-type]


def measure_ours(configuration: TrainingConfiguration, cores: int, iterations: int, profile: bool) -> Costs:
    """Measure the costs of ``training``."""
    from training.algorithm import build

    with tempfile.TemporaryDirectory() as folder:
        algorithm = build(configuration, Path(folder), cores)

        def iterate() -> float:
            algorithm.training_step()
            return algorithm.last.decisions

        costs = measure(algorithm, iterate, iterations)
        if profile:
            profiler = cProfile.Profile()
            profiler.runcall(lambda: [iterate() for _ in range(iterations)])
            pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(25)
        algorithm.stop()
    return costs


def measure_default(configuration: TrainingConfiguration, cores: int, environments: int, iterations: int) -> Costs:
    """Measure the costs of RLlib's default."""
    from benchmarks.rllib_default import build

    algorithm = build(configuration, SCENARIO, environments, cores if cores > 1 else 0)
    members = configuration.scenario.num_cameras

    def iterate() -> float:
        result = algorithm.train()
        return members * float(result["env_runners"]["num_env_steps_sampled"])

    costs = measure(algorithm, iterate, iterations)
    algorithm.stop()
    return costs


def figures_of(ours: Costs, default: Costs) -> list[Figure]:
    """Return the figures of both."""
    figures = []
    for part in ("sampling", "learning", "whole"):
        rates = [(1 / getattr(costs, part)[0], 1 / getattr(costs, part)[1]) for costs in (ours, default)]
        for who, (processor, wall) in zip(("ours", "RLlib's usual way"), rates, strict=True):
            figures.append(Figure(f"{part}, {who}", processor, "decisions/s", wall=wall, is_more_better=True))
        wanted = WANTED_RATIO if part == "whole" else None
        ratio = rates[0][1] / rates[1][1]
        figures.append(Figure(f"{part}, ratio of wall times", ratio, "x", wanted=wanted, is_more_better=True))
    return figures


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return 1 if the ratio is lower than wanted, else 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument(
        "--environments", type=int, default=8, help="number of environments of each runner in RLlib's standard set-up"
    )
    parser.add_argument("--profile", action="store_true", help="print a profile of our training to standard error")
    table.add_options(parser)
    options = parser.parse_args(arguments)
    configuration = check({"scenario": SCENARIO, "team": "camera", "algorithm": "hrl-mappo"})
    with session(options.cores):
        ours = measure_ours(configuration, options.cores, 4 * options.iterations, options.profile)
        default = measure_default(configuration, options.cores, options.environments, options.iterations)
    figures = figures_of(ours, default)
    table.report(figures, options.json)
    return int(any(figure.is_met is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
