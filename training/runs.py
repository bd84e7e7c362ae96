"""A training run, from its configuration to its last milestone. It can be paused, killed and resumed in its folder."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mate import __version__
from mate.errors import UserError
from mate.scenario import Scenario, preset_names
from policies.importing.maps import MAX_MAP_CHARACTERS
from training import configuration as configurations
from training import files
from training.configuration import TrainingConfiguration
from training.private_ray import choose_cores, session

if TYPE_CHECKING:
    from training.experience import TrainingIteration
    from training.learners import TeamAlgorithm

SECONDS_BETWEEN_STATES = 10.0
FINISHED, PAUSED, FAILED = "finished", "paused", "failed"
Follower = Callable[[dict[str, Any]], None]


class Paused(BaseException):
    """Raised when the run is asked to end, so that it can be resumed later."""


def run(folder: Path, followers: tuple[Follower, ...] = ()) -> dict[str, Any]:
    """Run the folder's ``configuration.json`` from its newest state; write and return the content of ``outcome.json``.

    ``followers`` are called with each line of progress. Raises UserError for an error that the user can correct, after
    recording it in the outcome.
    """
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}. Create it with: python -m training new {folder}")
    try:
        with files.explain_disk_errors(folder), files.alone(folder), PauseSignal() as pause:
            (folder / files.OUTCOME).unlink(missing_ok=True)
            configuration = configurations.read(folder)
            outcome = _run(folder, configuration, followers, pause)
            files.replace_json(folder / files.OUTCOME, outcome)
    except UserError as error:
        _record_failure(folder, str(error))
        raise
    except Exception as error:
        _record_failure(folder, f"The training stopped because of a defect: {type(error).__name__}: {error}")
        raise
    return outcome


class PauseSignal:
    """Handles SIGTERM and SIGINT while entered: sets ``is_set`` and raises Paused in the main thread."""

    def __init__(self) -> None:
        self.is_set = False
        self._previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def __enter__(self) -> PauseSignal:
        self.listen()
        return self

    def __exit__(self, *unused: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def listen(self) -> None:
        """Install the handlers, again after Ray has replaced them."""
        for number in self._previous:
            signal.signal(number, self._on_signal)

    def insist_on(self, error: BaseException) -> None:
        """Raise the error again, unless the signal caused it.

        Paused becomes a SystemError where it interrupts Ray's compiled code.
        """
        if isinstance(error, SystemError) and not self.is_set:
            raise error

    def _on_signal(self, *unused: object) -> None:
        self.is_set = True  # in case the exception is swallowed, for example by a destructor
        raise Paused


def _record_failure(folder: Path, text: str) -> None:
    try:
        files.replace_json(folder / files.OUTCOME, {"state": FAILED, "error": text})
    except OSError:  # a full disk: standard error has the message too
        return


def _run(
    folder: Path, configuration: TrainingConfiguration, followers: tuple[Follower, ...], pause: PauseSignal
) -> dict[str, Any]:
    """Run until the training finishes or is paused; return the content of ``outcome.json``."""
    cores = choose_cores(configuration.cores)
    course: Course | None = None
    state = PAUSED
    try:
        with session(cores, folder):
            pause.listen()
            course = Course(folder, configuration, cores, followers)
            try:
                course.go(pause)
                state = FINISHED
            except (Paused, SystemError) as end:
                pause.insist_on(end)
                course.keep()
            finally:
                course.algorithm.stop()
    except (Paused, SystemExit, SystemError) as end:
        # The signal came before the first iteration, or a second time while ending: the newest state is on the disk.
        # Ray's own handler, which is installed for a short time, raises SystemExit.
        pause.insist_on(end)
    return {"state": state, "error": "", **(course.summary() if course else {})}


class Course:
    """The iterations of one run. Raises UserError if the state, an opponent or the initial checkpoint does not fit."""

    def __init__(
        self, folder: Path, configuration: TrainingConfiguration, cores: int, followers: tuple[Follower, ...]
    ) -> None:
        # Ray and PyTorch take seconds to load, so they are imported only when they are needed.
        from training import states
        from training.learners import build
        from training.starting import start_from

        self.folder, self.configuration, self.followers = folder, configuration, followers
        found = states.find(folder)
        self.counters = found[1] if found else states.Counters()
        self.algorithm: TeamAlgorithm = build(configuration, folder, cores, self.counters.episodes or None)
        if found:
            states.load(*found, self.algorithm)
        (folder / files.MILESTONES).mkdir(exist_ok=True)
        if not found and configuration.start_from:
            start_from(self.algorithm.team_module, configuration, folder)
            self.algorithm.share_weights()
            self._export()
        files.cut_progress(folder, self.counters.iteration)
        self._states = states
        self._kept = time.monotonic()
        self._is_whole = True

    def go(self, pause: PauseSignal | None = None) -> None:
        """Iterate until all steps are made.

        Raises UserError if one of the learner's metrics is no longer finite, and Paused on request.
        """
        while self.counters.steps < self.configuration.steps:
            if pause is not None and pause.is_set:
                raise Paused
            began = time.perf_counter()
            self._is_whole = False
            self.algorithm.training_step()
            last = self.algorithm.last
            _check_figures(last)
            is_milestone = self._count(last)
            self.counters.episodes = self.algorithm.episodes()
            self._is_whole = True
            self.counters.seconds += time.perf_counter() - began
            self._report(last, time.perf_counter() - began)
            if is_milestone:
                self._export()
            if is_milestone or time.monotonic() - self._kept > SECONDS_BETWEEN_STATES:
                self.keep()

    def keep(self) -> None:
        """Write the state. If an iteration was interrupted, keep the state before that iteration instead."""
        if self._is_whole:
            self._states.save(self.folder, self.algorithm, self.counters)
            self._kept = time.monotonic()

    def summary(self) -> dict[str, Any]:
        """Return the run's progress so far."""
        return {name: getattr(self.counters, name) for name in ("iteration", "steps", "decisions", "seconds")}

    def _count(self, last: TrainingIteration) -> bool:
        """Add an iteration to the counters; return whether a milestone is due."""
        counters, total, wanted = self.counters, self.configuration.steps, self.configuration["milestones"]
        before = counters.steps * wanted // total
        counters.iteration += 1
        counters.steps += last.steps
        counters.decisions += last.decisions
        return counters.steps >= total or counters.steps * wanted // total > before

    def _report(self, last: TrainingIteration, seconds: float) -> None:
        line = _progress_line(self.counters, last, seconds, self.configuration.steps)
        files.append_progress(self.folder, line)
        for follow in self.followers:
            follow(line)

    def _export(self) -> None:
        from training.exporting import compare, export
        from training.starting import CONTINUED, save_critic

        counters, configuration = self.counters, self.configuration
        provenance = {
            "name": f"{configuration.algorithm} {configuration.team}, step {counters.steps}",
            "algorithm": configuration.algorithm,
            "preset": configuration.preset,
            "seed": configuration.seed,
            "iteration": counters.iteration,
            "steps": counters.steps,
            "decisions": counters.decisions,
            "scenario": configuration.scenario.name,
            "scenario_digest": configuration.scenario.digest,
            "opponents": ", ".join(one.name or Path(one.checkpoint).name for one in configuration.opponents)[:500],
            "software": f"mate-arena {__version__}",
            **_describe_map(configuration.scenario),
        }
        module = self.algorithm.team_module
        checkpoint = export(module, configuration, provenance)
        description = {"iteration": counters.iteration, "steps": counters.steps, "digest": checkpoint.digest}
        if counters.iteration:  # before the first iteration there is no experience yet
            description["check"] = asdict(compare(checkpoint, module, self.algorithm.experience))
            figures = self.algorithm.last.figures
            description |= {name: figures[name] for name in sorted(CONTINUED & figures.keys())}
        place = self.folder / files.MILESTONES / f"{counters.iteration:06d}.zip"
        files.replace_json(place.with_suffix(".json"), description)
        if hasattr(module, "critic"):
            save_critic(module, place)
        files.replace(place, checkpoint.to_bytes())


_MAY_BE_UNDEFINED = ("explained_variance",)
"""Figures that may be NaN: they are undefined for constant values."""


def _describe_map(scenario: Scenario) -> dict[str, str]:
    """Return a map that is not packaged, so that it can be added wherever the agent is uploaded; else nothing."""
    presets = (Scenario.load(name, **scenario.variant) for name in preset_names())
    text = scenario.to_json()
    is_kept = len(text) <= MAX_MAP_CHARACTERS and all(one.digest != scenario.digest for one in presets)
    return {"scenario_config": text} if is_kept else {}


def _check_figures(last: TrainingIteration) -> None:
    broken = [
        name for name, value in last.figures.items() if name not in _MAY_BE_UNDEFINED and not abs(value) < float("inf")
    ]
    if broken:
        raise UserError(
            f"The training has diverged: {', '.join(broken)} is no longer a finite number. The state before it and "
            f"all milestones are kept. "
            "Start a new training with a smaller `learning_rate`, a smaller `reward_scale` or a `gradient_clip`."
        )


def _progress_line(counters: Any, last: TrainingIteration, seconds: float, total: int) -> dict[str, Any]:
    """Return the line of ``progress.jsonl`` for an iteration; means are None where no episode ended in it."""
    finished, figures = last.finished, last.figures

    def mean(value: float, count: int) -> float | None:
        return value / count if count else None

    return {
        "iteration": counters.iteration,
        "steps": counters.steps,
        "decisions": counters.decisions,
        "episodes": finished.episodes,
        "return_mean": mean(finished.reward, finished.episodes),
        "target_reward": mean(finished.normalised_reward, finished.complete),
        "coverage": mean(finished.coverage, finished.episodes),
        "transport": mean(finished.transport, finished.episodes),
        **dict.fromkeys(("entropy", "kl", "value_loss", "explained_variance")),
        **{name: value for name, value in figures.items() if name != "total_loss"},
        "seconds": counters.seconds,
        "sample_seconds": last.sample_seconds,
        "learn_seconds": last.learn_seconds,
        "decisions_per_second": last.decisions / seconds,
        "remaining_seconds": max(0.0, total - counters.steps) * counters.seconds / max(counters.steps, 1),
    }
