"""``python -m benchmarks.statistics``: compare the means of rule-based pairings with recorded statistics.

The recorded statistics have cells ``scenario|camera agent|target agent`` with means and standard errors of each metric.
The benchmark plays each pairing with the batched engine and compares the means in two ways. The first way divides the
difference by the joint standard error, which is the square root of the sum of the squared standard errors. The second
way divides it by the pooled standard error, which uses the spread of our episodes for the few recorded episodes too.
With few recorded episodes, the joint standard error is itself uncertain: 3 of 100 equal means differ by more than three
joint standard errors with seven recorded episodes, and 6 of 100 with four (Student's t). If there is no spread, the
difference counts as zero for equal means and as infinite otherwise.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from math import hypot, inf, isfinite, sqrt
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mate.agents import batched
from mate.episodes import EpisodeBatch, EpisodeResult, play
from mate.scenario import Scenario

METRICS = {
    "steps": "steps",
    "done": "completed",
    "target_team_reward": "target_reward",
    "normalized_target_team_reward": "normalised_reward",
    "mean_coverage_rate": "mean_coverage_rate",
    "mean_real_coverage_rate": "mean_real_coverage_rate",
    "mean_transport_rate": "mean_transport_rate",
    "num_delivered_cargoes": "delivered_cargoes",
}
CLOSE = 3.0  # joint standard errors


@dataclass(frozen=True)
class Comparison:
    """One metric of one cell: our mean and the recorded one, with standard errors; ``at`` is "end" or a step."""

    cell: str
    at: str
    metric: str
    ours: float
    ours_error: float
    reference: float
    reference_error: float
    episodes: int
    reference_episodes: int

    @property
    def distance(self) -> float:
        """The signed difference of the means in joint standard errors."""
        return self._in_units_of(hypot(self.ours_error, self.reference_error))

    @property
    def pooled_distance(self) -> float:
        """The same, with the standard error that the recorded mean would have with the spread of our episodes."""
        return self._in_units_of(self.ours_error * sqrt(1 + self.episodes / self.reference_episodes))

    def _in_units_of(self, error: float) -> float:
        difference = self.ours - self.reference
        if abs(difference) < 1e-12:
            return 0.0
        return difference / error if error > 0 else float(np.copysign(inf, difference))


def play_cell(cell: dict[str, Any], episodes: int, first_seed: int) -> tuple[list[EpisodeResult], dict[int, list]]:
    """Play a cell's pairing; return the results, and for each recorded step those of episodes that reached it."""
    marks: dict[int, list[EpisodeResult]] = {int(step): [] for step in cell["at_step"]}

    def note(block: EpisodeBatch, stepped: NDArray[np.bool_]) -> None:
        for mark, reached in marks.items():
            slots = np.flatnonzero(stepped & (block.batch.episode_step == mark)).tolist()
            reached += [block.result(slot) for slot in slots]

    results = play(
        Scenario.load(cell["config"]),
        partial(_build, cell["camera"], "camera"),
        partial(_build, cell["target"], "target"),
        range(first_seed, first_seed + episodes),
        max_steps=cell["step_cap"],
        on_step=note,
    )
    return results, marks


def _build(name: str, team: Literal["camera", "target"], scenario: Scenario, size: int) -> batched.BatchedAgent:
    return batched.make(name, team, scenario, size)


def compare_cell(name: str, cell: dict[str, Any], episodes: int, first_seed: int) -> Iterator[Comparison]:
    """Play a cell and compare every metric that it records."""
    results, marks = play_cell(cell, episodes, first_seed)
    for at, played, recorded in [
        ("end", results, cell["at_end"]),
        *((step, marks[int(step)], recorded) for step, recorded in cell["at_step"].items()),
    ]:
        for metric, reference in recorded.items():
            values = np.array([getattr(result, METRICS[metric]) for result in played], dtype=float)
            if len(values) > 1:
                error = float(values.std(ddof=1)) / sqrt(len(values))
                mean = float(values.mean())
                recorded_mean, recorded_error, count = reference["mean"], reference["sem"], len(reference["values"])
                yield Comparison(name, at, metric, mean, error, recorded_mean, recorded_error, len(values), count)


def summarise(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """Return the share of comparisons within ``CLOSE`` joint standard errors, and the spread of their distances."""
    distances = np.array([comparison.distance for comparison in comparisons])
    pooled = np.array([comparison.pooled_distance for comparison in comparisons])
    return {
        "comparisons": len(distances),
        "share_close": float(np.mean(np.abs(distances) <= CLOSE)),
        "share_close_pooled": float(np.mean(np.abs(pooled) <= CLOSE)),
        "root_mean_square_pooled_distance": float(np.sqrt(np.mean(pooled[np.isfinite(pooled)] ** 2))),
    }


def row(comparison: Comparison) -> str:
    """Return one line of the report."""
    mark = " " if abs(comparison.distance) <= CLOSE else "*"
    return (
        f"{mark} {comparison.cell:32} {comparison.at:>5} {comparison.metric:30}"
        f" {comparison.ours:12.4f} +- {comparison.ours_error:9.4f}"
        f" {comparison.reference:12.4f} +- {comparison.reference_error:9.4f} {comparison.distance:+7.2f} "
        f"{comparison.pooled_distance:+7.2f}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0 when at least 95 in 100 means are close in joint standard errors, else 1."""
    options = _parser().parse_args(arguments)
    cells = json.loads(Path(options.reference).read_text())["cells"]
    comparisons: list[Comparison] = []
    for name, cell in cells.items():
        if options.only in name:
            start = time.perf_counter()
            found = list(compare_cell(name, cell, options.episodes, options.seed))
            comparisons += found
            if not options.json:
                print("\n".join(map(row, found)), flush=True)
            print(f"{name}: {time.perf_counter() - start:.1f} s", file=sys.stderr)
    if not comparisons:
        print(f"benchmarks.statistics: no cell's name contains {options.only!r}.", file=sys.stderr)
        return 2
    _report(options, comparisons)
    return 0 if summarise(comparisons)["share_close"] >= 0.95 else 1


def _report(options: argparse.Namespace, comparisons: Sequence[Comparison]) -> None:
    summary = summarise(comparisons)
    worst = sorted(comparisons, key=lambda comparison: -abs(comparison.distance))[: options.worst]
    if options.json:
        listed = [
            asdict(one) | {key: _finite(getattr(one, key)) for key in ("distance", "pooled_distance")}
            for one in comparisons
        ]
        print(json.dumps(summary | {"comparisons": listed}, indent=1))
        return
    print(f"\nThe {len(worst)} worst:")
    print("\n".join(map(row, worst)))
    print(
        f"\n{summary['share_close']:.1%} of {summary['comparisons']} means lie within {CLOSE:g} joint standard errors"
        f", {summary['share_close_pooled']:.1%} within as many pooled ones"
        f" (root mean square {summary['root_mean_square_pooled_distance']:.2f})."
    )


def _finite(value: float) -> float | None:
    """Return None instead of infinity, which JSON does not have."""
    return value if isfinite(value) else None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statistics", description=__doc__.split(": ", 1)[1])
    parser.add_argument("--reference", required=True, metavar="PATH", help="JSON file with the recorded statistics")
    parser.add_argument(
        "--episodes", type=int, default=200, metavar="N", help="episodes of each cell (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of the first episode (default: %(default)s)"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="play only cells whose name contains this text")
    parser.add_argument(
        "--worst",
        type=int,
        default=20,
        metavar="N",
        help="number of the largest differences to list (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


if __name__ == "__main__":
    sys.exit(main())
