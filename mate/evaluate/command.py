"""The command: play, show the first episode, report."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from math import ceil, isfinite
from pathlib import Path
from typing import Any

from mate.episodes import EpisodeResult
from mate.errors import UserError
from mate.evaluate import tables
from mate.evaluate.entrants import Evaluation, pair
from mate.evaluate.lockstep import play_lockstep
from mate.evaluate.numpy_names import explain
from mate.evaluate.options import read_options
from mate.evaluate.steps import StepRow, StepWatcher
from mate.evaluate.turns import play_turns
from mate.rendering import Film

OnEpisode = Callable[[EpisodeResult], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 2 for a request that cannot be played."""
    try:
        pairing = pair(read_options(arguments))
        report(pairing, evaluate(pairing))
    except UserError as error:
        return _refuse(str(error))
    except AttributeError as error:
        if reason := explain(error):
            return _refuse(reason)
        raise
    return 0


def _refuse(reason: str) -> int:
    print(f"mate.evaluate: {reason}", file=sys.stderr)
    return 2


def evaluate(pairing: Evaluation) -> list[EpisodeResult]:
    """Play the requested episodes: number k from seed ``options.seed + k``, in this order.

    Show the first one, unless ``no_render``, and the progress. Raises ``UserError`` for what cannot be played.
    """
    options = pairing.options
    seeds = list(range(options.seed, options.seed + options.episodes))
    results: list[EpisodeResult] = []
    with _Progress(options.episodes) as on_episode:
        if not options.no_render:
            results += _show(pairing, seeds[:1], on_episode)
        results += _play_spread(pairing, seeds[len(results) :], on_episode)
    return results


def play(
    pairing: Evaluation, seeds: Sequence[int], on_step: StepWatcher | None = None, on_episode: OnEpisode | None = None
) -> list[EpisodeResult]:
    """Play an episode per seed in this process, with the batched engine where both agents have a batched form."""
    if pairing.camera.factory and pairing.target.factory and not pairing.options.needs_objects:
        return play_lockstep(pairing, seeds, on_step, on_episode)
    return play_turns(pairing, seeds, on_step, on_episode)


def _play_spread(pairing: Evaluation, seeds: Sequence[int], on_episode: OnEpisode) -> list[EpisodeResult]:
    """Play in ``jobs`` processes. Results do not depend on the chunks, as every episode has its own seed."""
    jobs = min(pairing.options.jobs, len(seeds))
    if jobs <= 1:
        return play(pairing, seeds, on_episode=on_episode) if seeds else []
    size = ceil(len(seeds) / jobs)
    chunks = [seeds[start : start + size] for start in range(0, len(seeds), size)]
    results: dict[int, list[EpisodeResult]] = {}
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        numbers = {pool.submit(play, pairing, chunk): number for number, chunk in enumerate(chunks)}
        for future in as_completed(numbers):
            results[numbers[future]] = future.result()
            for result in results[numbers[future]]:
                on_episode(result)
    return [result for number in range(len(chunks)) for result in results[number]]


def _show(pairing: Evaluation, seeds: Sequence[int], on_episode: OnEpisode) -> list[EpisodeResult]:
    """Play the first episode with a row for each step, and film it on request."""
    options = pairing.options
    has_table = options.json != "-"
    filming: AbstractContextManager[Film | None] = Film(options.save_video) if options.save_video else nullcontext()
    with filming as film:
        clock = time.perf_counter()

        def on_step(step: StepRow, picture: Callable[[], Any]) -> None:
            nonlocal clock
            if film is not None:
                film.add(picture())
            elapsed, clock = time.perf_counter() - clock, time.perf_counter()
            if has_table and step.step == 1:
                print(tables.step_header())
            if has_table:
                print(tables.step_row(step, 1 / max(elapsed, 1e-9)))

        return play(pairing, seeds, on_step, on_episode)


def report(pairing: Evaluation, results: Sequence[EpisodeResult]) -> None:
    """Print the final table, or write the results as JSON."""
    options = pairing.options
    if options.json is None:
        print(tables.summary(results))
        return
    text = json.dumps(document(pairing, results), indent=2, allow_nan=False) + "\n"
    if options.json == "-":
        sys.stdout.write(text)
        return
    try:
        Path(options.json).write_text(text)
    except OSError as error:
        raise UserError(
            f"The results cannot be written to {options.json} ({error.strerror}). Name another file."
        ) from error
    print(tables.summary(results))


def document(pairing: Evaluation, results: Sequence[EpisodeResult]) -> dict[str, Any]:
    """Return the whole evaluation as JSON data: the pairing, the means, and every episode."""
    means = {
        name: {"mean": _finite(mean.mean), "standard_error": _finite(mean.standard_error), "episodes": mean.episodes}
        for name, mean in tables.means(results).items()
    }
    return {
        "scenario": {"name": pairing.scenario.name, "digest": pairing.scenario.digest},
        "camera_agent": pairing.camera.label,
        "target_agent": pairing.target.label,
        "seed": pairing.options.seed,
        "means": means,
        "episodes": [result.as_dict() for result in results],
    }


def _finite(value: float) -> float | None:
    """Replace NaN and infinities, which JSON lacks, by null."""
    return value if isfinite(value) else None


class _Progress:
    """A line on standard error that is rewritten after each episode, when a person is looking."""

    def __init__(self, episodes: int) -> None:
        self._episodes = episodes
        self._results: list[EpisodeResult] = []
        self._is_shown = sys.stderr.isatty()

    def __call__(self, result: EpisodeResult) -> None:
        self._results.append(result)
        if self._is_shown:
            print(f"\r{tables.progress(self._results, self._episodes)}", end="", file=sys.stderr, flush=True)

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *unused: object) -> None:
        if self._is_shown and self._results:
            print(file=sys.stderr)
