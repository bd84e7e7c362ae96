"""How far a PSRO run has come, and how long it takes."""

from __future__ import annotations

from django.utils import timezone

from tournament.forecasts import Span
from tournament.models import PsroPhase, PsroRun, PsroState

FACTOR = 2.0
"""By which iterations may take longer or shorter than those before them."""


def iterations_done(run: PsroRun) -> int:
    """How many iterations are solved, the one of the first agents not counted."""
    return run.iterations.filter(phase=PsroPhase.SOLVED, number__gt=0).count()


def seconds_of(run: PsroRun) -> float:
    """How long a run has run, pauses left out."""
    return run.seconds_before + ((timezone.now() - run.resumed).total_seconds() if run.resumed else 0.0)


def stop_clock(run: PsroRun) -> None:
    """A run that stands still uses up none of its hours."""
    run.seconds_before, run.resumed = seconds_of(run), None


def estimate_rest(run: PsroRun) -> Span | None:
    """How long a running one takes for its iterations that are left, by those that are solved; None before there are any.

    Pauses do not count. Later iterations play more pairings, and responses of other iterations learn at another pace. A run that may end
    by its NashConv takes one iteration at least; one with a number of hours begins none after them.
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
