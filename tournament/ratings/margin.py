"""Margin rating: the regression logit E[y] = mu + theta_camera - beta_target.

The outcome y is the camera's share of an episode, from 0 to 1.
Fitted by Newton's method as a quasi-binomial (Wedderburn 1974), which assumes only the mean. `mu` and a common level of
all thetas and betas are not identified, so that skills have mean 0 within their team. The variance is the
seed-clustered sandwich (Huber 1967; Liang and Zeger 1986), which permits any dependence between episodes of one seed.
Deviations are taken from the means of the cells, because the pairings are given and not sampled: interaction, which no
rating explains, then does not count as noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mate.compilation import kernel
from tournament.intervals import Variance, fewest
from tournament.ordering import Indices, Kinds, find_kinds, find_runs, renumber
from tournament.payoffs import Array, average_by_cell

PSEUDO_EPISODES = 0.01
"""Prior weight of a tied outcome in every played cell, in episodes; it keeps agents that always score 0 or 1 finite."""
CHUNK = 4_000_000
"""Maximum number of scores, seeds by agents, in memory at once."""
_KINDS = 4


@dataclass(frozen=True)
class Sample:
    """The episodes of the cells, all (E,): agents, number of the seed, and the camera's share.

    `kinds` are those of their seeds, if they are known already.
    """

    camera: Indices
    target: Indices
    cluster: Indices
    outcome: Array
    kinds: Kinds | None = None


@dataclass(frozen=True)
class Observations:
    """Outcomes by cell of m cameras and n targets, and their variance.

    `mean` (m, n) is NaN where nothing was played; `count` is (m, n). The variance is that of the `sample`, or, without
    one, that of the standard errors `error` (m, n) of the cells' means.
    """

    mean: Array
    count: NDArray[np.int64]
    error: Array
    sample: Sample | None = None

    @classmethod
    def from_episodes(cls, shape: tuple[int, int], sample: Sample) -> Observations:
        """Return observations from the episodes of `shape` cameras by targets."""
        mean, count = average_by_cell(sample.camera, sample.target, sample.outcome, shape)
        return cls(mean, count, np.full(shape, np.nan), sample)

    @classmethod
    def from_means(cls, mean: Array, error: Array, count: NDArray[np.int64]) -> Observations:
        """Return observations from (m, n) means of outcomes and their standard errors, for independent cells."""
        return cls(mean, count, error)


@dataclass(frozen=True)
class TeamSkills:
    """Skills (k,) of one team in logits, and the variances of their differences to the anchor's (or to their mean)."""

    skills: Array
    variance: Variance

    def half_widths(self) -> Array:
        """Return the half widths (k,) of the confidence intervals of these differences."""
        return self.variance.half_widths()


def fit(
    observations: Observations,
    cameras: NDArray[np.bool_],
    targets: NDArray[np.bool_],
    anchors: tuple[int | None, int | None] = (None, None),
) -> tuple[TeamSkills, TeamSkills]:
    """Fit the rated `cameras` (m,), `targets` (n,), which play must connect; `anchors` index the rated ones."""
    part = np.ix_(cameras, targets)
    count, mean = observations.count[part], observations.mean[part]
    skills, information, expected = _newton(count, np.where(count > 0, mean, 0.5))
    contrasts: Array = np.linalg.solve(information, _contrasts(count.shape, anchors).T).astype(np.float64)
    saturated = _information((PSEUDO_EPISODES**2 / 4 * (count > 0)).astype(np.float64))
    variance = Variance.known(_quadratic(contrasts, saturated))
    if observations.sample is None:
        variance.certain += _quadratic(contrasts, _cell_scores(observations.error[part], count, mean - expected))
    else:
        _add_episodes(variance, observations, (cameras, targets), expected, contrasts, anchors)
    split, boards = int(cameras.sum()), []
    for own in (slice(0, split), slice(split, None)):
        mine = Variance(variance.total[own], variance.certain[own])
        mine.squares = variance.squares[own]
        boards.append(TeamSkills(skills[own] - skills[own].mean(), mine))
    return boards[0], boards[1]


def _contrasts(shape: tuple[int, ...], anchors: tuple[int | None, int | None]) -> Array:
    """Return the contrasts (k + l, k + l): each agent minus its team's anchor, or minus the team's mean."""
    contrasts, start = np.eye(sum(shape)), 0
    for size, anchor in zip(shape, anchors, strict=True):
        if anchor is None:
            contrasts[start : start + size, start : start + size] -= 1.0 / size
        else:
            contrasts[start : start + size, start + anchor] -= 1.0
        start += size
    return contrasts


def _quadratic(contrasts: Array, covariance: Array) -> Array:
    """Return the variances of combinations (columns of `contrasts`)."""
    return np.asarray(np.einsum("ij,ij->j", contrasts, covariance @ contrasts))


def _newton(count: NDArray[np.int64], mean: Array) -> tuple[Array, Array, Array]:
    """Return the skills (k + l,), the regularised information matrix, and the fitted means (k, l)."""
    weight = count + PSEUDO_EPISODES * (count > 0)
    share = (count * mean + PSEUDO_EPISODES / 2 * (count > 0)) / np.maximum(weight, 1e-300)
    skills = np.zeros(sum(count.shape))
    for _ in range(100):
        expected = _expect(skills, count.shape[0])
        residual = weight * (share - expected)
        gradient = np.concatenate([residual.sum(axis=1), -residual.sum(axis=0)])
        step = np.linalg.solve(_regular(weight * expected * (1.0 - expected)), gradient)
        largest = np.abs(step).max()
        skills = skills + step / max(1.0, largest / 2.0)  # Far from the optimum full steps may overshoot.
        if largest < 1e-11:
            break
    expected = _expect(skills, count.shape[0])
    return skills, _regular(weight * expected * (1.0 - expected)), expected


def _expect(skills: Array, num_cameras: int) -> Array:
    from scipy.special import expit

    return np.asarray(expit(skills[:num_cameras, None] - skills[None, num_cameras:]))


def _information(weight: Array) -> Array:
    """Return design' W design from the cells' weights (k, l), without building the design matrix."""
    return np.block([[np.diag(weight.sum(axis=1)), -weight], [-weight.T, np.diag(weight.sum(axis=0))]])


def _regular(weight: Array) -> Array:
    """Return the information, regularised in the unidentified direction: a common shift of all skills."""
    information = _information(weight)
    damped: Array = information + np.trace(information) / len(information) ** 2
    return damped


def _cell_scores(error: Array, count: NDArray[np.int64], residual: Array) -> Array:
    """Return the covariance of the scores where only the cells' standard errors are known."""
    variance = np.where(np.isnan(error), residual**2, error**2)
    return _information(np.where(count > 0, count.astype(np.float64) ** 2 * variance, 0.0))


def _add_episodes(
    variance: Variance,
    observations: Observations,
    rated: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    expected: Array,
    contrasts: Array,
    anchors: tuple[int | None, int | None],
) -> None:
    """Add the squares of the seeds' contributions to the contrasts, by stratum."""
    sample, split, size = _restrict(observations.sample, rated), int(rated[0].sum()), len(contrasts)
    kind, stratum = _strata(sample, (split, size - split))
    deviation = _deviate(sample, kind, expected)
    order, seeds = np.argsort(stratum, kind="stable"), np.zeros(size)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    edges = find_runs(stratum[order])
    for part in _chunks(edges, CHUNK // size):
        first, last = part[0], part[-1]
        scores, met = np.zeros((last - first, size)), np.zeros((last - first, size), dtype=np.bool_)
        _add_scores(place - first, sample.cluster, sample.camera, split + sample.target, deviation, scores, met)
        for start, end in pairwise(part - first):
            own = met[start:end].sum(axis=0).astype(np.float64)
            mine = np.flatnonzero(own)  # Most strata consist of one agent and its opponents.
            influence = scores[start:end, mine] @ contrasts[mine]
            variance.add((influence**2).sum(axis=0), _count_seeds(own, split, anchors) - 1.0)
            seeds += own
    is_open = (_count_seeds(seeds, split, anchors) < 2) & (np.abs(contrasts).sum(axis=0) > 0)
    variance.certain[is_open] = np.inf  # The variance between seeds cannot be estimated from one seed.


def _chunks(edges: Indices, size: int) -> Iterator[Indices]:
    """Yield the bounds of groups of consecutive runs, each of at most `size` unless one run is longer."""
    first = 0
    while first < len(edges) - 1:
        last = max(int(np.searchsorted(edges, edges[first] + size, side="right")) - 1, first + 1)
        yield edges[first : last + 1]
        first = last


@kernel
def _add_scores(place, cluster, camera, target, deviation, scores, met):  # type: ignore[no-untyped-def]
    """Add the scores of the episodes whose seeds belong to this chunk."""
    for row in range(len(cluster)):
        seed = place[cluster[row]]
        if 0 <= seed < len(scores):
            scores[seed, camera[row]] += deviation[row]
            scores[seed, target[row]] -= deviation[row]
            met[seed, camera[row]] = True
            met[seed, target[row]] = True


def _count_seeds(clusters: Array, split: int, anchors: tuple[int | None, int | None]) -> Array:
    """Return the number of seeds of each contrast, given those of each agent."""
    parts = clusters[:split], clusters[split:]
    with_anchor = [
        part if anchor is None else fewest(part, np.full_like(part, part[anchor]))
        for part, anchor in zip(parts, anchors, strict=True)
    ]
    return np.concatenate(with_anchor)


def _restrict(sample: Sample | None, rated: tuple[NDArray[np.bool_], NDArray[np.bool_]]) -> Sample:
    """Return the episodes of the rated agents, with agents and seeds renumbered."""
    assert sample is not None
    if rated[0].all() and rated[1].all():
        return sample
    mine = np.flatnonzero(rated[0][sample.camera] & rated[1][sample.target])
    return Sample(
        (np.cumsum(rated[0]) - 1)[sample.camera[mine]],
        (np.cumsum(rated[1]) - 1)[sample.target[mine]],
        renumber(sample.cluster[mine], int(sample.cluster.max(initial=-1)) + 1),
        sample.outcome[mine],
    )


def _strata(sample: Sample, shape: tuple[int, int]) -> tuple[Indices, Indices]:
    """Return the kind and the stratum of each seed."""
    kind, camera, target = sample.kinds or find_kinds(sample.cluster, sample.camera, sample.target)
    num_cameras, num_targets = shape
    both = np.full(len(kind), 2 * num_cameras + num_targets)
    labels = (camera, num_cameras + target, num_cameras + num_targets + camera, both)
    return kind, np.choose(kind, labels)


def _deviate(sample: Sample, kind: Indices, expected: Array) -> Array:
    """Return the outcomes (E,) minus the mean of their cell and kind of seed, corrected for the estimated mean.

    The only episode of its kind deviates from the cell's mean, the only one of a cell from the fitted mean.
    """
    columns = sample.camera, sample.target, kind[sample.cluster], sample.outcome
    count, mean = _find_means(*columns, expected.shape)
    return np.asarray(_deviate_from(*columns, count, mean, expected))


@kernel
def _find_means(camera, target, kind, outcome, shape):  # type: ignore[no-untyped-def]
    """Return counts and means of each cell's outcomes by kind, and, last, over all kinds."""
    count, mean = np.zeros((shape[0], shape[1], _KINDS + 1)), np.zeros((shape[0], shape[1], _KINDS + 1))
    for row in range(len(outcome)):
        for group in (kind[row], _KINDS):
            count[camera[row], target[row], group] += 1.0
            mean[camera[row], target[row], group] += outcome[row]
    return count, mean / np.maximum(count, 1.0)


@kernel
def _deviate_from(camera, target, kind, outcome, count, mean, expected):  # type: ignore[no-untyped-def]
    found = np.empty_like(outcome)
    for row in range(len(outcome)):
        one, other, group = camera[row], target[row], kind[row]
        held, all_held = count[one, other, group], count[one, other, _KINDS]
        if held > 1:
            found[row] = (outcome[row] - mean[one, other, group]) * np.sqrt(held / (held - 1.0))
        elif all_held > 1:
            # Episodes of other kinds do not share what the seed's other episodes share with it.
            found[row] = (outcome[row] - mean[one, other, _KINDS]) * all_held / (all_held - 1.0)
        else:
            found[row] = outcome[row] - expected[one, other]
    return found
