"""Long-running work: trainings, PSRO runs, studies, attacks and schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mate_arena.client import shapes
from mate_arena.client.games import Group
from mate_arena.client.waiting import wait

STILL = ("waiting", "training", "evaluating", "running", "judging")
"""States in which a run still advances by itself."""


class Trainings(Group):
    """Trainings: `list` takes the filters of the API, such as `scenario`, `state`, `team` and `owner`."""

    def list(self, **filters: Any) -> Iterator[shapes.Training]:
        return self._connection.pages("/trainings", shapes.Training, **filters)

    def get(self, number: int) -> shapes.Training:
        return self._connection.get(f"/trainings/{number}", shapes.Training)

    def create(self, **settings: Any) -> shapes.Training:
        """Start a training, with the settings of the API: `scenario`, `team`, `algorithm`, `opponent`, `steps`, ..."""
        return self._connection.post("/trainings", shapes.Training, settings)

    def pause(self, number: int) -> shapes.Training:
        return self._connection.post(f"/trainings/{number}/pause", shapes.Training)

    def resume(self, number: int) -> shapes.Training:
        return self._connection.post(f"/trainings/{number}/resume", shapes.Training)

    def extend(self, number: int, steps: int) -> shapes.Training:
        return self._connection.post(f"/trainings/{number}/extend", shapes.Training, {"steps": steps})

    def cancel(self, number: int) -> shapes.Training:
        return self._connection.post(f"/trainings/{number}/cancel", shapes.Training)

    def wait(
        self, number: int, on_change: Callable[[shapes.Training], Any] | None = None, timeout: float | None = None
    ) -> shapes.Training:
        """Wait until a training is finished, failed, cancelled or paused; return it. Raises WaitedTooLong."""
        path = f"/trainings/{number}"
        return wait(self._connection, path, shapes.Training, lambda run: run.state not in STILL, on_change, timeout)


class PsroRuns(Group):
    """PSRO runs: `list` takes the filters of the API, such as `scenario`, `state` and `owner`."""

    def list(self, **filters: Any) -> Iterator[shapes.PsroRun]:
        return self._connection.pages("/psro", shapes.PsroRun, **filters)

    def get(self, number: int) -> shapes.PsroRun:
        return self._connection.get(f"/psro/{number}", shapes.PsroRun)

    def create(self, **settings: Any) -> shapes.PsroRun:
        """Start a run, with the settings of the API: `name`, `scenario`, `camera_training`, `target_training`, ..."""
        return self._connection.post("/psro", shapes.PsroRun, settings)

    def pause(self, number: int) -> shapes.PsroRun:
        return self._connection.post(f"/psro/{number}/pause", shapes.PsroRun)

    def resume(self, number: int) -> shapes.PsroRun:
        return self._connection.post(f"/psro/{number}/resume", shapes.PsroRun)

    def extend(self, number: int, iterations: int) -> shapes.PsroRun:
        return self._connection.post(f"/psro/{number}/extend", shapes.PsroRun, {"iterations": iterations})

    def fork(self, number: int, **settings: Any) -> shapes.PsroRun:
        """Start a run that shares another's iterations up to one; `settings` need a `name` and that iteration's
        `number`.
        """
        return self._connection.post(f"/psro/{number}/fork", shapes.PsroRun, settings)

    def cancel(self, number: int) -> shapes.PsroRun:
        return self._connection.post(f"/psro/{number}/cancel", shapes.PsroRun)

    def export(self, number: int, place: str | Path) -> Path:
        """Write the results of a run to a zip file, in the layout of MATE's PSRO example."""
        self._connection.download(f"/psro/{number}/export", Path(place))
        return Path(place)

    def compare(self, first: int, second: int, play: bool = False) -> shapes.HeadToHead:
        """Return two finished runs head to head; with `play`, the portal plays the episodes that are missing."""
        path = f"/psro/{first}/against/{second}"
        ask = self._connection.post if play else self._connection.get
        return ask(path, shapes.HeadToHead)

    def wait(
        self, number: int, on_change: Callable[[shapes.PsroRun], Any] | None = None, timeout: float | None = None
    ) -> shapes.PsroRun:
        """Wait until a run is finished, failed, cancelled or paused; return it. Raises WaitedTooLong."""
        path = f"/psro/{number}"
        return wait(self._connection, path, shapes.PsroRun, lambda run: run.state not in STILL, on_change, timeout)


class Studies(Group):
    """Studies: `list` takes the filters of the API, such as `state`, `team` and `owner`."""

    def list(self, **filters: Any) -> Iterator[shapes.Study]:
        return self._connection.pages("/studies", shapes.Study, **filters)

    def get(self, number: int) -> shapes.Study:
        return self._connection.get(f"/studies/{number}", shapes.Study)

    def create(self, **settings: Any) -> shapes.Study:
        """Start a study, with the settings of the API: `name`, `scenarios`, `team`, `configurations`, ..."""
        return self._connection.post("/studies", shapes.Study, settings)

    def cancel(self, number: int) -> shapes.Study:
        return self._connection.post(f"/studies/{number}/cancel", shapes.Study)

    def resume(self, number: int) -> shapes.Study:
        return self._connection.post(f"/studies/{number}/resume", shapes.Study)

    def export(self, number: int, name: str, place: str | Path) -> Path:
        """Write a file of a study: `runs.csv` or `table.tex`."""
        self._connection.download(f"/studies/{number}/{name}", Path(place))
        return Path(place)

    def wait(
        self, number: int, on_change: Callable[[shapes.Study], Any] | None = None, timeout: float | None = None
    ) -> shapes.Study:
        """Wait until no run of a study is open; return the study. Raises WaitedTooLong."""
        path = f"/studies/{number}"
        return wait(self._connection, path, shapes.Study, lambda study: study.state not in STILL, on_change, timeout)


class Attacks(Group):
    """Attacks on agents: `list` takes the filters of the API: `agent`, `scenario` and `state`."""

    def list(self, **filters: Any) -> Iterator[shapes.Attack]:
        return self._connection.pages("/attacks", shapes.Attack, **filters)

    def get(self, number: int) -> shapes.Attack:
        return self._connection.get(f"/attacks/{number}", shapes.Attack)

    def create(self, agent: str, **settings: Any) -> shapes.Attack:
        """Attack an agent, with the settings of the API: `scenario`, `num_attackers`, `training`, `episodes`, ..."""
        return self._connection.post(f"/agents/{agent}/attacks", shapes.Attack, settings)

    def cancel(self, number: int) -> shapes.Attack:
        return self._connection.post(f"/attacks/{number}/cancel", shapes.Attack)

    def resume(self, number: int) -> shapes.Attack:
        return self._connection.post(f"/attacks/{number}/resume", shapes.Attack)

    def wait(
        self, number: int, on_change: Callable[[shapes.Attack], Any] | None = None, timeout: float | None = None
    ) -> shapes.Attack:
        """Wait until an attack is over; return it. Raises WaitedTooLong."""
        path = f"/attacks/{number}"
        return wait(self._connection, path, shapes.Attack, lambda one: one.state not in STILL, on_change, timeout)


class Schedules(Group):
    """Schedules, which start tournaments automatically."""

    def list(self, **filters: Any) -> Iterator[shapes.Schedule]:
        return self._connection.pages("/schedules", shapes.Schedule, **filters)

    def get(self, number: int) -> shapes.Schedule:
        return self._connection.get(f"/schedules/{number}", shapes.Schedule)

    def create(self, **settings: Any) -> shapes.Schedule:
        """Create a schedule, with the settings of the API: `name`, `kind`, `scenario`, `expression`, ..."""
        return self._connection.post("/schedules", shapes.Schedule, settings)

    def change(self, number: int, **changes: Any) -> shapes.Schedule:
        return self._connection.patch(f"/schedules/{number}", shapes.Schedule, changes)

    def pause(self, number: int) -> shapes.Schedule:
        return self._connection.post(f"/schedules/{number}/pause", shapes.Schedule)

    def resume(self, number: int) -> shapes.Schedule:
        return self._connection.post(f"/schedules/{number}/resume", shapes.Schedule)

    def delete(self, number: int) -> None:
        self._connection.delete(f"/schedules/{number}")
