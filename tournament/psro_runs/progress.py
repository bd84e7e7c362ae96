"""Progress of a PSRO run, and its remaining time."""

from __future__ import annotations

from django.utils import timezone

from tournament.forecasts import Span
from tournament.models import PsroPhase, PsroRun, PsroState

FACTOR = 2.0
"""Factor of uncertainty of an iteration's duration, given the earlier ones."""


def iterations_done(run: PsroRun) -> int:
    """Return the number of solved iterations, without the one of the initial agents."""
    return run.iterations.filter(phase=PsroPhase.SOLVED, number__gt=0).count()


def seconds_of(run: PsroRun) -> float:
    """Return the seconds that a run has run, without pauses."""
    return run.seconds_before + ((timezone.now() - run.resumed).total_seconds() if run.resumed else 0.0)


def stop_clock(run: PsroRun) -> None:
    """Stop counting a run's hours while it is not running."""
    run.seconds_before, run.resumed = seconds_of(run), None


def estimate_rest(run: PsroRun) -> Span | None:
    """Forecast the time for a running run's remaining iterations, from the solved ones; None before there are any.

    Pauses do not count. Later iterations play more pairings, and the speed of learning varies. A run that may end by
    its NashConv takes at least one iteration; one with a limit of hours begins none after them.
    """
    done = iterations_done(run)
    if run.state != PsroState.RUNNING or not done:
        return None
    solved = dict(run.iterations.filter(phase=PsroPhase.SOLVED).values_list("number", "solved"))
    first, last = solved.get(0), solved[max(solved)]
    if first is None or last is None or last <= first:
        return None
    since = min((timezone.now() - last).total_seconds(), seconds_of(run))
    each = min((last - first).total_seconds(), seconds_of(run) - since) / done
    left = run.iterations_wanted - done
    expected, low, high = (max(left * each * factor - since, 0.0) for factor in (1.0, 1 / FACTOR, FACTOR))
    if run.epsilon is not None:
        low = max(min(left, 1) * each / FACTOR - since, 0.0)
    if run.hours_wanted is not None:
        high = min(high, max(3600 * run.hours_wanted - seconds_of(run), 0.0) + FACTOR * each)
    return Span(min(low, high), high, min(max(expected, low), high))
