"""Game-theoretic figures of a meta-game's agents: Nash strategies, deviation ratings, cyclicity."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mate import Team
from tournament import meta_solvers
from tournament.payoffs import MetaGame
from tournament.ratings.evidence import BoardEvidence
from tournament.ratings.records import NashSummary

DRAWS, DRAWS_OF_LARGE = 200, 64
"""Number of tables drawn for the intervals of cyclicity and exploitability; the second for more than `LARGE` cells."""
LARGE = 2500
REPLICATES, FULL, FEWEST = 100, 900, 50
"""Number of bootstrap solutions of the equilibrium: up to `FULL` cells, and the minimum for larger tables."""
LEAST_FREEDOM = 20
"""Minimum number of episodes, without the first of each pairing, for an interval and a judgement of cyclicity."""

Lines = dict[str, list[dict[str, Any]]]


def add_nash(
    lines: Lines, game: MetaGame, evidence: BoardEvidence | None, replicates: int | None
) -> tuple[NashSummary | None, meta_solvers.Cyclicity | None]:
    """Add Nash masses, skills and deviation ratings of the complete part of the table; None where there is none.

    A team with one agent there has none of these figures, and a table of a single row or column no cyclicity.
    `replicates` is the number of bootstrap solutions for the support frequencies; 0 leaves them out, None depends on
    the table's size.
    """
    cameras, targets = complete_part(game.count > 0)
    if not len(cameras):
        return None, None
    part = game.select(cameras, targets)
    solution = meta_solvers.nash(part.payoff)
    skills = part.payoff @ solution.target - solution.value, solution.value - solution.camera @ part.payoff
    columns = {
        "nash_mass": (solution.camera, solution.target),
        "nash_skill": skills,
        "deviation": meta_solvers.deviation_ratings(part.payoff),
    }
    noise = meta_solvers.Noise.of(part, None if evidence is None else evidence.share_out(cameras, targets))
    if replicates is None:
        replicates = int(np.clip(REPLICATES * FULL // part.payoff.size, FEWEST, REPLICATES))
    support = None
    if replicates:
        support = meta_solvers.support_frequency(part, replicates, noise=noise, solution=solution)
    if support is not None:
        columns["nash_support"] = support.camera, support.target
    for name, values in columns.items():
        for team, numbers, figures in zip(Team, (cameras, targets), values, strict=True):
            if len(numbers) < 2:  # A single agent has no choice of a strategy.
                continue
            for number, figure in zip(numbers, figures, strict=True):
                lines[team][number][name] = float(figure)
    draws = DRAWS if part.payoff.size <= LARGE else DRAWS_OF_LARGE
    return _summarise(part, solution, noise, draws), _find_cyclicity(part, noise, draws, evidence is not None)


def _find_cyclicity(
    game: MetaGame, noise: meta_solvers.Noise | None, draws: int, has_episodes: bool
) -> meta_solvers.Cyclicity | None:
    """Return the cyclicity, None where a team has one agent; few episodes give no interval and no judgement."""
    if min(game.payoff.shape) < 2:
        return None
    found = meta_solvers.cyclicity(game, replicates=draws, noise=noise)
    if has_episodes and (game.count - 1).sum() < LEAST_FREEDOM:
        return replace(found, interval=None, misleads=False, trusted="elo")
    return found


def _summarise(
    game: MetaGame, solution: meta_solvers.Equilibrium, noise: meta_solvers.Noise | None, draws: int
) -> NashSummary:
    uniform = meta_solvers.uniform(game.payoff)
    gains = meta_solvers.exploitability(game, *uniform, replicates=draws, noise=noise, solution=solution)
    lower, upper = _interval(solution, noise)
    conv_lower, conv_upper = (gains.nash_conv_interval if game.payoff.size > 1 else None) or (None, None)
    return NashSummary(
        value=solution.value,
        num_cameras=len(game.cameras),
        num_targets=len(game.targets),
        has_maximum_entropy=solution.has_maximum_entropy,
        uniform_camera_exploitability=gains.camera,
        uniform_target_exploitability=gains.target,
        value_lower=lower,
        value_upper=upper,
        nash_conv=gains.nash_conv if game.payoff.size > 1 else None,
        nash_conv_lower=conv_lower,
        nash_conv_upper=conv_upper,
    )


def _interval(
    solution: meta_solvers.Equilibrium, noise: meta_solvers.Noise | None
) -> tuple[float | None, float | None]:
    """Return the 95 % interval of the value, to first order in the errors, weighted by the optimal strategies."""
    if noise is None:
        return None, None
    width = float(noise.variance_of(np.outer(solution.camera, solution.target)).half_widths())
    return solution.value - width, solution.value + width


def complete_part(played: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows and columns of a part of the table whose cells are all played.

    The row or column that lacks the largest share of its cells is dropped repeatedly, until none lacks any.
    """
    rows, columns = np.arange(played.shape[0]), np.arange(played.shape[1])
    while len(rows) and len(columns):
        part = played[np.ix_(rows, columns)]
        row_gaps, column_gaps = 1.0 - part.mean(axis=1), 1.0 - part.mean(axis=0)
        if not row_gaps.any():
            return rows, columns
        if row_gaps.max() >= column_gaps.max():
            rows = np.delete(rows, row_gaps.argmax())
        else:
            columns = np.delete(columns, column_gaps.argmax())
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
