"""Recomputation of the figures of solved iterations whose accounts are of an earlier version."""

from __future__ import annotations

import numpy as np
from django.db.models import Q

from tournament.models import PsroIteration, PsroPhase, Tournament
from tournament.psro import accounts
from tournament.psro_runs.solving import read_table, strategies_before


def renew_one() -> bool:
    """Recompute the figures of one iteration with outdated accounts; return whether there was one. Idempotent.

    Meta-game and strategies are unchanged, since agents were trained against them. If the episodes are gone, intervals
    are removed, since those of earlier accounts may be too narrow.
    """
    is_old = Q(figures__version__isnull=True) | Q(figures__version__lt=accounts.VERSION)
    solved = PsroIteration.objects.filter(is_old, phase=PsroPhase.SOLVED, run__upload=None)
    iteration = solved.select_related("run", "tournament").first()
    if iteration is None:
        return False
    figures = _account_again(iteration)
    kept = {name: value for name, value in iteration.figures.items() if name == "checkpoints"}
    PsroIteration.objects.filter(pk=iteration.pk).update(figures=figures | kept)
    return True


def _account_again(iteration: PsroIteration) -> dict[str, object]:
    strategies = np.array(iteration.camera_strategy), np.array(iteration.target_strategy)
    played = _find_tournament(iteration)
    table = read_table(iteration.run, iteration, played) if played is not None else None
    if table is None or (table.game.count == 0).any():
        table = accounts.PsroGame.from_json(iteration.table).without_errors()
    return accounts.figures(table.game, strategies, strategies_before(iteration))


def _find_tournament(iteration: PsroIteration) -> Tournament | None:
    """Return the tournament of an iteration, or of the original one for a fork's copy."""
    run = iteration.run
    played = iteration.tournament
    while played is None and run.forked_from is not None:
        run = run.forked_from
        there = run.iterations.filter(number=iteration.number).select_related("tournament").first()
        played = there.tournament if there is not None else None
    return played
