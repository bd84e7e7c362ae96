"""Duplicate Elo: Bradley-Terry strengths from paired comparisons, with intervals clustered by seed.

The variance is the sandwich (Huber 1967; Liang and Zeger 1986) over seeds, stratified by opponent: the pairings are
given and not sampled, so that interaction, which no rating explains, does not count as noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mate.compilation import kernel
from tournament.intervals import Variance
from tournament.payoffs import Array
from tournament.ratings import bradley_terry
from tournament.ratings.comparisons import Comparisons
from tournament.strips import Indices

DRAWS = 4000
"""Number of draws that estimate the probability of being best."""
SEED = 20260101
"""Seed of the generator of these draws."""
TIE = 1e-9
"""Maximum difference of strengths (logits) that count as tied: that of the same games in another order."""


@dataclass(frozen=True)
class Elo:
    """Strengths (k,) in logits of a team's rated agents, whose indices are `members` (k,), and their uncertainty.

    `gaps` are the variances (k, k) of the differences between two strengths, `spread` (k,) those of the differences to
    the mean. `covariance` (k, k) is determined up to what differences leave open; `inverse` (k, k) is that of the
    information.
    """

    members: Indices
    strengths: Array
    covariance: Array
    inverse: Array
    gaps: Variance
    spread: Variance

    def zero(self, anchor: int | None) -> float:
        """Return the strength that is rated 1000: the anchor's, whose index is `anchor`, or else the mean."""
        place = self._place(anchor)
        return float(self.strengths.mean() if place is None else self.strengths[place])

    def half_widths(self, anchor: int | None) -> Array:
        """Return the half widths (k,) of the intervals of strengths minus `zero`."""
        place = self._place(anchor)
        return self.spread.half_widths() if place is None else self.gaps.half_widths()[:, place]

    def ahead(self) -> NDArray[np.bool_]:
        """Mask (k, k): the row's agent is better than the column's beyond the interval of their difference."""
        return np.subtract.outer(self.strengths, self.strengths) > self.gaps.half_widths()

    def ranks(self) -> Indices:
        """The ranks (k,) from 1; agents of equal strength share the best of their ranks."""
        ranks: Indices = 1 + (self.strengths[None, :] - self.strengths[:, None] > TIE).sum(axis=1)
        return ranks

    def first_probabilities(self) -> Array:
        """Return each agent's probability (k,) of being best, from draws of the strengths' distribution; ties share.

        Agents of a single seed have an unknown variance: they are excluded and have NaN. If fewer than two agents
        remain, all have NaN.
        """
        apart = np.isfinite(self.gaps.certain) & ~np.eye(len(self.members), dtype=bool)
        known = np.flatnonzero(apart.any(axis=1))
        found = np.full(len(self.members), np.nan)
        if len(known) > 1:
            part = np.ix_(known, known)
            found[known] = self._draw_first(self.strengths[known], self.covariance[part], self.gaps.freedom[part])
        return found

    def _draw_first(self, strengths: Array, covariance: Array, freedom: Array) -> Array:
        random = np.random.default_rng(SEED)
        values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        draws = random.standard_normal((DRAWS, len(values))) @ root.T
        if np.isfinite(freedom).any():
            few = float(np.median(freedom[np.isfinite(freedom)]))
            draws *= np.sqrt(few / random.chisquare(few, (DRAWS, 1)))
        return np.asarray(_share_first(strengths + draws, TIE))

    def _place(self, anchor: int | None) -> int | None:
        return next(iter(np.flatnonzero(self.members == anchor).tolist()), None) if anchor is not None else None


def fit(comparisons: Comparisons, members: Indices) -> Elo:
    """Return the strengths of the agents `members` (k,), which their comparisons must connect."""
    part = np.ix_(members, members)
    wins, count = (matrix[part] for matrix in comparisons.wins())
    strengths = bradley_terry.fit(wins, count)
    prior = bradley_terry.prior_scores(count) @ strengths.inverse
    covariance = prior.T @ prior
    gaps, spread = Variance.known(_gaps(covariance)), Variance.known(_from_mean(covariance))
    seeds = np.zeros(len(members))
    for influence, clusters in _influences(comparisons, members, strengths.inverse):
        share = influence.T @ influence
        covariance += share
        _add_gaps(gaps.total, gaps.squares, share, clusters)
        spread.add(_from_mean(share), clusters - 1.0)
        seeds += clusters
    # The variance between seeds cannot be estimated from one seed.
    gaps.certain[np.minimum.outer(seeds, seeds) < 2] = np.inf
    spread.certain[seeds < 2] = np.inf
    np.fill_diagonal(gaps.certain, 0.0)
    return Elo(members, strengths.values, covariance, strengths.inverse, gaps, spread)


@kernel
def _share_first(drawn, tie):  # type: ignore[no-untyped-def]
    """Return how often each column has the largest number of a row; tied columns share."""
    found = np.zeros(drawn.shape[1])
    for row in drawn:
        least = row.max() - tie
        share = 1.0 / (row >= least).sum()
        for column in range(len(row)):
            if row[column] >= least:
                found[column] += share
    return found / len(drawn)


@kernel
def _add_gaps(total, squares, covariance, clusters):  # type: ignore[no-untyped-def]
    """Add the variances of the gaps of one stratum with `clusters` compared seeds (`intervals.Variance.add`)."""
    most = clusters.max()
    for one in range(len(clusters)):
        for other in range(len(clusters)):
            own = covariance[one, one] + covariance[other, other]
            variance = max(own - covariance[one, other] - covariance[other, one], 0.0)
            fewest_seeds = min(clusters[one], clusters[other])
            if fewest_seeds == 0.0:
                fewest_seeds = max(clusters[one], clusters[other])
            if fewest_seeds == 0.0:
                fewest_seeds = most
            total[one, other] += variance
            squares[one, other] += variance**2 / max(fewest_seeds - 1.0, 1.0)


def _gaps(covariance: Array) -> Array:
    own = np.diag(covariance)
    return np.maximum(own[:, None] + own[None, :] - covariance - covariance.T, 0.0)


def _from_mean(covariance: Array) -> Array:
    variances: Array = np.maximum(np.diag(covariance) - 2.0 * covariance.mean(axis=0) + covariance.mean(), 0.0)
    return variances


def _influences(comparisons: Comparisons, members: Indices, inverse: Array) -> Iterator[tuple[Array, Array]]:
    """Yield each stratum's influences of seeds on the strengths (r, k) and each agent's number of seeds (k,).

    The influences are condensed (`Strip.condense`). Opponents make one stratum where their deals share seeds; with the
    arena's seeds, each opponent is one.
    """
    common = comparisons.common
    is_deal = _find_deals(common.opponent, common.seed)
    agent, opponent, seed = (column[is_deal] for column in (common.agent, common.opponent, common.seed))
    deviation = common.value[is_deal]
    stratum = _strata(len(comparisons.met), opponent, seed)
    for label in np.unique(stratum):
        opponents = np.flatnonzero(stratum == label)
        mine = stratum[opponent] == label
        seeds, place = np.unique(seed[mine], return_inverse=True)
        scores, met = np.zeros((len(seeds), comparisons.met.shape[1])), np.zeros((len(seeds), comparisons.met.shape[1]))
        _add_scores(place, agent[mine], deviation[mine], scores, met)
        clusters = comparisons.met[opponents].sum(axis=0) + met.sum(axis=0)
        if clusters[members].any():
            scores = np.concatenate([*(comparisons.scores[number] for number in opponents), scores])
            yield scores[:, members] @ inverse, clusters[members]


def _find_deals(opponent: Indices, seed: Indices) -> NDArray[np.bool_]:
    """Mask the rows, sorted by opponent and seed, whose opponent and seed another row has too."""
    is_next = (np.diff(opponent, append=-1) == 0) & (np.diff(seed, append=-1) == 0)
    return np.asarray(is_next | np.append(False, is_next[:-1])[: len(is_next)])


@kernel
def _add_scores(place, agent, deviation, scores, met):  # type: ignore[no-untyped-def]
    for row in range(len(place)):
        scores[place[row], agent[row]] += deviation[row]
        met[place[row], agent[row]] = 1.0


def _strata(num_opponents: int, opponent: Indices, seed: Indices) -> Indices:
    """Return labels (n,) of the opponents, equal where they share one of these seeds."""
    if not len(seed):
        return np.arange(num_opponents)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    seeds, cluster = np.unique(seed, return_inverse=True)
    size = num_opponents + len(seeds)
    links = csr_array((np.ones(len(cluster)), (opponent, num_opponents + cluster)), shape=(size, size))
    return np.asarray(connected_components(links, directed=False)[1][:num_opponents], dtype=np.int64)
