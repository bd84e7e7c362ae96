"""Influence: agents whose removal from the table would change the first rank of a board.

A first rank that depends on the presence of one agent says little. Every removal is tried: all of them to first order,
and those by a fit of their own for which `CAUTION` times the first-order shift would change the first rank.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tournament.payoffs import Array
from tournament.ratings import bradley_terry
from tournament.ratings.comparisons import Comparisons
from tournament.ratings.connection import connect_by_comparison
from tournament.ratings.elo import TIE, Elo
from tournament.ratings.records import Influence
from tournament.strips import Indices

CAUTION = 3.0
"""Maximum ratio of the true effect of a removal to that of first order; with two opponents it is 2."""


def find_influences(
    comparisons: Comparisons, found: Elo, team: str, digests: Sequence[str], opponents: Sequence[str]
) -> tuple[Influence, ...]:
    """Return the agents of either team without which another agent of `team` would be first.

    `digests` are those of the team's agents, `opponents` those of the other team's.
    """
    if len(found.members) < 2:
        return ()
    first = int(found.strengths.argmax())
    part = np.ix_(found.members, found.members)
    wins, count = (matrix[part] for matrix in comparisons.wins())
    influences = []
    for removed in np.flatnonzero(_is_close(found.strengths, _without_agents(found, wins, count), first)).tolist():
        if removed != first:
            kept = np.delete(np.arange(len(wins)), removed)
            then = _first_of(found.strengths, wins, count, kept, first)
            influences += [(digests[found.members[removed]], then)] if then != first else []
    for removed in np.flatnonzero(_is_close(found.strengths, _without_opponents(comparisons, found), first)).tolist():
        less = (matrix[part] for matrix in comparisons.wins_against(removed))
        rest = [matrix - gone for matrix, gone in zip((wins, count), less, strict=True)]
        then = _first_of(found.strengths, rest[0], rest[1], np.arange(len(wins)), first)
        influences += [(opponents[removed], then)] if then != first else []
    names = [digests[member] for member in found.members]
    return tuple(Influence(team, removed, names[first], names[then]) for removed, then in influences)


def _without_agents(found: Elo, wins: Array, count: Array) -> Array:
    """Return the first-order shifts (k, k) of the strengths, a row for each removed agent."""
    residual = wins - count * bradley_terry.expect(found.strengths)
    return -residual.T @ found.inverse


def _without_opponents(comparisons: Comparisons, found: Elo) -> Array:
    """Return the first-order shifts (n, k) of the strengths, a row for each removed opponent."""
    residual = comparisons.residuals(found.members, bradley_terry.expect(found.strengths))
    return -residual @ found.inverse


def _is_close(strengths: Array, shifts: Array, first: int) -> NDArray[np.bool_]:
    """Return for each removal (a row of `shifts`) whether it might change the first rank."""
    others = np.delete(np.arange(len(strengths)), first)
    lost = shifts[:, others] - shifts[:, [first]]
    return np.asarray((CAUTION * lost > strengths[first] - strengths[others] - TIE).any(axis=1))


def _first_of(strengths: Array, wins: Array, count: Array, kept: Indices, first: int) -> int:
    """Return the first of those among `kept` that comparisons still connect with the present first."""
    count = count[np.ix_(kept, kept)]
    everybody = np.ones(len(kept), dtype=bool)
    joined = connect_by_comparison(count, int(np.searchsorted(kept, first)), everybody)
    left = kept[joined]
    fitted = bradley_terry.fit(wins[np.ix_(left, left)], count[np.ix_(joined, joined)], start=strengths[left]).values
    best = int(fitted.argmax())
    is_ahead = fitted[best] > fitted[np.searchsorted(left, first)] + TIE
    return int(left[best]) if is_ahead else first
