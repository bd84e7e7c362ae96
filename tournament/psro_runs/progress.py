"""How far a PSRO run has come, and how long it takes."""

from __future__ import annotations

from django.utils import timezone

from tournament.models import PsroPhase, PsroRun, PsroState


def iterations_done(run: PsroRun) -> int:
    """How many iterations are solved, the one of the first agents not counted."""
    return run.iterations.filter(phase=PsroPhase.SOLVED, number__gt=0).count()


def seconds_of(run: PsroRun) -> float:
    """How long a run has run, pauses left out."""
    return run.seconds_before + ((timezone.now() - run.resumed).total_seconds() if run.resumed else 0.0)


def stop_clock(run: PsroRun) -> None:
    """A run that stands still uses up none of its hours."""
    run.seconds_before, run.resumed = seconds_of(run), None


def estimate_seconds(run: PsroRun) -> float | None:
    """How long a running one takes for its iterations that are left, going by those that are solved; None before there are any."""
    done = iterations_done(run)
    if run.state != PsroState.RUNNING or not done:
        return None
    first = run.iterations.filter(number=0).values_list("solved", flat=True).first()
    last = run.iterations.filter(phase=PsroPhase.SOLVED).values_list("solved", flat=True).last()
    if first is None or last is None or last <= first:
        return None
    each = (last - first).total_seconds() / done
    left = each * (run.iterations_wanted - done) - (timezone.now() - last).total_seconds()
    return max(left, 0.0)
