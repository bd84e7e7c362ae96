"""Margin rating: the regression logit E[y] = mu + theta_camera - beta_target.

The outcome y is the camera's share of an episode, from 0 to 1.
Fitted by Newton's method as a quasi-binomial (Wedderburn 1974), which assumes only the mean. `mu` and a common level of
all thetas and betas are not identified, so that skills have mean 0 within their team. The variance is the
seed-clustered sandwich (Huber 1967; Liang and Zeger 1986), which permits any dependence between episodes of one seed.
Deviations are taken from the means of the cells, because the pairings are given and not sampled: interaction, which no
rating explains, then does not count as noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mate import Team
from mate.compilation import kernel
from tournament.intervals import Variance, fewest
from tournament.payoffs import Array
from tournament.strips import Common, Indices, Strip

PSEUDO_EPISODES = 0.01
"""Prior weight of a tied outcome in every played cell, in episodes; it keeps agents that always score 0 or 1 finite."""
CHUNK = 4_000_000
"""Maximum number of scores, seeds by agents, in memory at once."""
_KINDS = 4


def outcome(reward: Array) -> Array:
    """Return the camera's share of an episode, 0 to 1 (best), from the target team's normalised reward."""
    share: Array = reward + 0.5
    share /= 1.5
    return np.subtract(1.0, np.clip(share, 0.0, 1.0, out=share), out=share)


@dataclass(frozen=True)
class Deviations:
    """What the margin's variance needs of a strip: deviations from the mean of the agent's cell and kind of seed.

    They are corrected for the estimated mean. The only episode of its kind deviates from the cell's mean; that of a
    cell's only episode, which would be from the fitted mean, is stored as 1. `own` (r, size) are those of the strip's
    own seeds, condensed (`Strip.condense`), `met` (size,) their numbers and `seeds` the number of all. `alone` and
    `num_alone` (size,) are the sum of squares, and the number, of seeds that no other pairing has.
    """

    mean: Array
    own: Array
    met: Array
    seeds: int
    alone: Array
    num_alone: Array
    common: Common

    @classmethod
    def of(cls, strip: Strip, opponent: int) -> Deviations:
        """Return the deviations of a strip's outcomes."""
        shares = outcome(strip.reward)
        kind = np.select([strip.own, strip.alone, strip.common], [0, 1, 2], 3)
        count, mean = _find_means(strip.agent, kind, shares, strip.size)
        found = _deviate_from(strip.agent, kind, shares, count, mean)
        squares = np.bincount(strip.agent, found**2 * strip.alone, minlength=strip.size).astype(np.float64)
        own = strip.seed[strip.own]
        return cls(
            np.where(count[:, -1] > 0, mean[:, -1], np.nan),
            strip.condense(found),
            strip.count(strip.own),
            int((np.diff(own, prepend=-1) != 0).sum()),
            squares,
            strip.count(strip.alone),
            strip.find_common(opponent, found),
        )


Sums = Mapping[str, Mapping[int, Deviations]]
"""The deviations of each strip of both teams, by the team and the number of the opponent."""


@dataclass(frozen=True)
class Observations:
    """Outcomes by cell of m cameras and n targets, and their variance.

    `mean` (m, n) is NaN where nothing was played; `count` is (m, n). The variance is that of the `sums`, or, without
    these, that of the standard errors `error` (m, n) of the cells' means.
    """

    mean: Array
    count: NDArray[np.int64]
    error: Array
    sums: Sums | None = None

    @classmethod
    def from_sums(cls, count: NDArray[np.int64], sums: Sums) -> Observations:
        """Return observations of `count` (m, n) episodes, from the sums of their strips."""
        mean = np.stack([one.mean for one in sums[Team.CAMERA].values()], axis=1)
        return cls(mean, count, np.full(count.shape, np.nan), sums)

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
    if observations.sums is None:
        variance.certain += _quadratic(contrasts, _cell_scores(observations.error[part], count, mean - expected))
    else:
        _add_seeds(variance, observations, (cameras, targets), expected, contrasts, anchors)
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


def _add_seeds(
    variance: Variance,
    observations: Observations,
    rated: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    expected: Array,
    contrasts: Array,
    anchors: tuple[int | None, int | None],
) -> None:
    """Add the squares of the seeds' contributions to the contrasts, by stratum."""
    part = np.ix_(*rated)
    is_lone = observations.count[part] == 1
    # The deviation of a cell's only episode is taken from the fitted mean, which is known only after the fit.
    factor = np.where(is_lone, observations.mean[part] - expected, 1.0)
    split, seeds = len(expected), np.zeros(len(contrasts))
    for chunks in _strata(observations.sums or {}, rated, factor):
        total, met = np.zeros(len(contrasts)), np.zeros(len(contrasts))
        for scores, number in chunks:
            mine = np.flatnonzero(number)  # Most strata consist of one agent and its opponents.
            total += ((scores[:, mine] @ contrasts[mine]) ** 2).sum(axis=0)
            met += number
        if met.any():
            variance.add(total, _count_seeds(met, split, anchors) - 1.0)
            seeds += met
    is_open = (_count_seeds(seeds, split, anchors) < 2) & (np.abs(contrasts).sum(axis=0) > 0)
    variance.certain[is_open] = np.inf  # The variance between seeds cannot be estimated from one seed.


Chunks = Iterator[tuple[Array, Array]]


def _strata(sums: Sums, rated: tuple[NDArray[np.bool_], NDArray[np.bool_]], factor: Array) -> Iterator[Chunks]:
    """Yield the strata in chunks: scores (r, k + l) of seeds by rated agent, and numbers (k + l,) of seeds.

    A stratum are the seeds of single pairings of a camera, those of a strip, or those that belong to several strips.
    """
    (cameras, targets), (num_cameras, num_targets) = map(np.flatnonzero, rated), factor.shape
    columns = [sums[Team.CAMERA][target] for target in targets.tolist()]
    alone = np.stack([one.alone[cameras] for one in columns], axis=1) * factor**2
    num_alone = np.stack([one.num_alone[cameras] for one in columns], axis=1)
    for row in np.flatnonzero(num_alone.any(axis=1)).tolist():
        scores = np.hstack([np.zeros((num_targets, num_cameras)), -np.diag(np.sqrt(alone[row]))])
        scores[:, row] = np.sqrt(alone[row])
        met = np.concatenate([np.zeros(num_cameras), num_alone[row]])
        met[row] = num_alone[row].sum()
        yield iter([(scores, met)])
    for row, column in enumerate(columns):
        yield iter([_score(column, cameras, factor[:, row], num_targets, row)])
    for row, camera in enumerate(cameras.tolist()):
        scores, met = _score(sums[Team.TARGET][camera], targets, factor[row], num_cameras, row)
        yield iter([(np.roll(scores, num_cameras, axis=1), np.roll(met, num_cameras))])
    yield _score_common(Common.join([one.common for one in sums[Team.CAMERA].values()]), rated, factor)


def _score(strip: Deviations, agents: Indices, factor: Array, others: int, place: int) -> tuple[Array, Array]:
    """Return scores of a strip's own seeds, and numbers of seeds: of its agents, then of the `others` opponents."""
    scores = np.zeros((len(strip.own), len(agents) + others))
    scores[:, : len(agents)] = strip.own[:, agents] * factor
    scores[:, len(agents) + place] = -scores.sum(axis=1)
    met = np.concatenate([strip.met[agents], np.zeros(others)])
    met[len(agents) + place] = strip.seeds
    return scores, met


def _score_common(common: Common, rated: tuple[NDArray[np.bool_], NDArray[np.bool_]], factor: Array) -> Chunks:
    """Yield the scores of common seeds by agent."""
    mine = np.flatnonzero(rated[0][common.agent] & rated[1][common.opponent])
    mine = mine[np.argsort(common.seed[mine], kind="stable")]
    camera, target = ((np.cumsum(part) - 1)[column[mine]] for part, column in zip(rated, common[:2], strict=True))
    deviation = common.value[mine] * factor[camera, target]
    place = np.cumsum(np.diff(common.seed[mine], prepend=common.seed[mine][:1]) != 0)
    split, size = len(factor), sum(factor.shape)
    for first in range(0, int(place[-1]) + 1 if len(place) else 0, CHUNK // size):
        rows = slice(*np.searchsorted(place, (first, first + CHUNK // size)))
        scores = np.zeros((int(place[rows][-1]) + 1 - first, size))
        met = np.zeros(scores.shape, dtype=np.bool_)
        _add_scores(place[rows] - first, camera[rows], split + target[rows], deviation[rows], scores, met)
        yield scores, met.sum(axis=0).astype(np.float64)


@kernel
def _add_scores(place, camera, target, deviation, scores, met):  # type: ignore[no-untyped-def]
    for row in range(len(place)):
        scores[place[row], camera[row]] += deviation[row]
        scores[place[row], target[row]] -= deviation[row]
        met[place[row], camera[row]] = True
        met[place[row], target[row]] = True


def _count_seeds(clusters: Array, split: int, anchors: tuple[int | None, int | None]) -> Array:
    """Return the number of seeds of each contrast, given those of each agent."""
    parts = clusters[:split], clusters[split:]
    with_anchor = [
        part if anchor is None else fewest(part, np.full_like(part, part[anchor]))
        for part, anchor in zip(parts, anchors, strict=True)
    ]
    return np.concatenate(with_anchor)


@kernel
def _find_means(agent, kind, outcome, size):  # type: ignore[no-untyped-def]
    """Return counts and means (size, kinds + 1) of each cell's outcomes by kind, and, last, over all kinds."""
    count, mean = np.zeros((size, _KINDS + 1)), np.zeros((size, _KINDS + 1))
    for row in range(len(outcome)):
        for group in (kind[row], _KINDS):
            count[agent[row], group] += 1.0
            mean[agent[row], group] += outcome[row]
    return count, mean / np.maximum(count, 1.0)


@kernel
def _deviate_from(agent, kind, outcome, count, mean):  # type: ignore[no-untyped-def]
    found = np.ones_like(outcome)
    for row in range(len(outcome)):
        one, group = agent[row], kind[row]
        held, all_held = count[one, group], count[one, _KINDS]
        if held > 1:
            found[row] = (outcome[row] - mean[one, group]) * np.sqrt(held / (held - 1.0))
        elif all_held > 1:
            # Episodes of other kinds do not share what the seed's other episodes share with it.
            found[row] = (outcome[row] - mean[one, _KINDS]) * all_held / (all_held - 1.0)
    return found
