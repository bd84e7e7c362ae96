"""The bipartite quasi-binomial regression behind the ratings: logit E[y] = mu + theta_camera - beta_target.

Fitted by Newton's method on the table of cells. The covariance is the seed-clustered sandwich (Huber 1967; Liang and Zeger 1986): episodes
of one seed may depend on each other in any way. Scores are taken around the means of the cells, because who met whom is given and not
drawn, so that what no rating can explain (interaction) does not pass for noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PSEUDO_EPISODES = 0.01
"""Every played cell counts this much of an even episode more, which keeps an agent that always scores 0 or 1 finite."""
FEW_CLUSTERS = 5.0
"""Below this many independent seeds an agent's variance is at least that of independent all-or-nothing outcomes."""
_CHUNK = 4096


@dataclass(frozen=True)
class Sample:
    """Episodes behind the cells, all (E,). `deviation` is the outcome minus its cell's mean, scaled for the mean's having been
    estimated (NaN where a cell has one episode); episodes of one `cluster` (0, 1, ...) may depend on each other."""

    camera: NDArray[np.int64]
    target: NDArray[np.int64]
    cluster: NDArray[np.int64]
    deviation: Array


@dataclass(frozen=True)
class Observations:
    """Outcomes by cell of m cameras and n targets, and how they scatter.

    `mean` (m, n), NaN where not played, and `count` (m, n). Their scatter is that of a `sample`, or, without one, what the standard
    errors `error` (m, n) of the cells' means say.
    """

    mean: Array
    count: NDArray[np.int64]
    error: Array
    sample: Sample | None = None

    @classmethod
    def from_episodes(
        cls,
        shape: tuple[int, int],
        camera: NDArray[np.int64],
        target: NDArray[np.int64],
        seed: NDArray[np.int64],
        outcome: Array,
    ) -> Observations:
        """From (E,) indices, seeds and outcomes in [0, 1]."""
        cell = camera * shape[1] + target
        size = shape[0] * shape[1]
        count = np.bincount(cell, minlength=size)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.bincount(cell, outcome, minlength=size) / count
            correction = np.sqrt(count / (count - 1.0))
        correction[count < 2] = np.nan
        deviation = (outcome - mean[cell]) * correction[cell]
        sample = Sample(camera, target, np.unique(seed, return_inverse=True)[1], deviation)
        return cls(mean.reshape(shape), count.reshape(shape), np.full(shape, np.nan), sample)

    @classmethod
    def from_means(cls, mean: Array, error: Array, count: NDArray[np.int64]) -> Observations:
        """From (m, n) means of outcomes and their standard errors; cells are then independent of each other."""
        return cls(mean, count, error)


@dataclass(frozen=True)
class Fit:
    """Fitted skills of the rated agents and their covariance. Differences within a team are what has a meaning."""

    camera: Array
    target: Array
    covariance: Array  # of (camera, target) skills, up to what differences within a team do not see
    bound: Array  # the same for independent all-or-nothing outcomes: no smaller variance is believed of a few seeds
    clusters: Array  # effective number of independent seeds of each agent

    def skills(self, team: str) -> Array:
        """(k,) logits; more is better for the team."""
        return self.camera if team == "camera" else self.target

    def half_widths(self, team: str, anchor: int | None, confidence: float) -> Array:
        """(k,) half widths of the intervals of skills minus the anchor's, or minus the team's mean; inf for one seed."""
        size = len(self.skills(team))
        if anchor is None:
            return self._widths(team, np.eye(size) - 1.0 / size, self._clusters(team), confidence)
        others = np.eye(size)
        others[:, anchor] -= 1.0
        clusters = np.minimum(self._clusters(team), self._clusters(team)[anchor])
        return self._widths(team, others, clusters, confidence)

    def gap_half_widths(self, team: str, confidence: float) -> Array:
        """(k, k) half widths of the intervals of differences between two agents of the team."""
        size = len(self.skills(team))
        first, second = (index.ravel() for index in np.indices((size, size)))
        contrasts = np.eye(size)[first] - np.eye(size)[second]
        clusters = np.minimum(self._clusters(team)[first], self._clusters(team)[second])
        return self._widths(team, contrasts, clusters, confidence).reshape(size, size)

    def _part(self, team: str) -> slice:
        return slice(0, len(self.camera)) if team == "camera" else slice(len(self.camera), None)

    def _clusters(self, team: str) -> Array:
        return self.clusters[self._part(team)]

    def _widths(self, team: str, contrasts: Array, clusters: Array, confidence: float) -> Array:
        part = self._part(team)
        variance = _quadratic(contrasts, self.covariance[part, part])
        bound = _quadratic(contrasts, self.bound[part, part])
        variance = np.where(clusters < FEW_CLUSTERS, np.maximum(variance, bound), variance)
        # An agent minus itself is known whatever the seeds.
        is_open = np.abs(contrasts).sum(axis=1) > 0
        quantiles = np.where(is_open, _quantile(confidence, clusters), 0.0)
        return quantiles * np.sqrt(np.where(is_open, np.maximum(variance, 1e-300), 0.0))


def _quadratic(contrasts: Array, covariance: Array) -> Array:
    return np.einsum("ij,ij->i", contrasts @ covariance, contrasts)


def _quantile(confidence: float, clusters: Array) -> Array:
    """Two-sided quantiles of Student's distribution with one degree of freedom less than there are clusters."""
    from scipy.special import ndtri, stdtrit

    probability = (1.0 + confidence) / 2.0
    freedom = clusters - 1.0
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.where(np.isinf(freedom), ndtri(probability), stdtrit(np.maximum(freedom, 1e-9), probability))
    return np.where(freedom < 0.5, np.inf, values)


def fit(observations: Observations, cameras: NDArray[np.bool_], targets: NDArray[np.bool_]) -> Fit:
    """Fit the rated `cameras` (m,) and `targets` (n,), which play must connect."""
    part = np.ix_(cameras, targets)
    count, mean = observations.count[part], observations.mean[part]
    skills, hessian, expected = _newton(count, np.where(count > 0, mean, 0.5))
    inverse: Array = np.linalg.pinv(hessian, rcond=1e-10, hermitian=True).astype(np.float64)
    if observations.sample is None:
        meat, clusters = _cell_scores(observations.error[part], count, mean - expected)
    else:
        sample = _restrict(observations.sample, cameras, targets, mean - expected)
        meat, clusters = _episode_scores(sample, count.shape)
    split = int(cameras.sum())
    return Fit(
        camera=skills[1 : 1 + split],
        target=skills[1 + split :],
        covariance=(inverse @ meat @ inverse)[1:, 1:],
        bound=inverse[1:, 1:],
        clusters=clusters,
    )


def _newton(count: NDArray[np.int64], mean: Array) -> tuple[Array, Array, Array]:
    """Skills (1 + m + n), the information matrix and the fitted means (m, n)."""
    num_cameras, num_targets = count.shape
    weight = count + PSEUDO_EPISODES * (count > 0)
    share = (count * mean + PSEUDO_EPISODES / 2 * (count > 0)) / np.maximum(weight, 1e-300)
    skills = np.zeros(1 + num_cameras + num_targets)
    for _ in range(100):
        expected = _expect(skills, num_cameras)
        hessian = _information(weight * expected * (1.0 - expected))
        gradient = _score(weight * (share - expected))
        step = np.linalg.pinv(hessian, rcond=1e-12, hermitian=True) @ gradient
        largest = np.abs(step).max()
        skills = skills + step / max(1.0, largest / 2.0)  # far from the optimum full steps may overshoot
        if largest < 1e-11:
            break
    expected = _expect(skills, num_cameras)
    return skills, _information(weight * expected * (1.0 - expected)), expected


def _expect(skills: Array, num_cameras: int) -> Array:
    from scipy.special import expit

    return expit(skills[0] + skills[1 : 1 + num_cameras, None] - skills[None, 1 + num_cameras :])


def _score(residual: Array) -> Array:
    """Gradient by (mu, theta, beta) from residuals of cells (m, n)."""
    return np.concatenate([[residual.sum()], residual.sum(axis=1), -residual.sum(axis=0)])


def _information(weight: Array) -> Array:
    """Design matrix' W design from weights of cells (m, n), without building the design."""
    rows, columns = weight.sum(axis=1), weight.sum(axis=0)
    return np.block(
        [
            [np.array([[weight.sum()]]), rows[None], -columns[None]],
            [rows[:, None], np.diag(rows), -weight],
            [-columns[:, None], -weight.T, np.diag(columns)],
        ]
    )


def _cell_scores(error: Array, count: NDArray[np.int64], residual: Array) -> tuple[Array, Array]:
    """Covariance of the scores where only the cells' standard errors are known, and infinitely many clusters."""
    variance = np.where(np.isnan(error), residual**2, error**2)
    weight = np.where(count > 0, count.astype(np.float64) ** 2 * variance, 0.0)
    return _information(weight), np.full(sum(count.shape), np.inf)


def _restrict(sample: Sample, cameras: NDArray[np.bool_], targets: NDArray[np.bool_], residual: Array) -> Sample:
    """The episodes of the rated agents, numbered anew and sorted by cluster; `residual` is of their cells' means."""
    mine = np.flatnonzero(cameras[sample.camera])
    order = mine[np.argsort(sample.cluster[mine], kind="stable")]
    camera = (np.cumsum(cameras) - 1)[sample.camera[order]]
    target = (np.cumsum(targets) - 1)[sample.target[order]]
    deviation = sample.deviation[order]
    # A cell's only episode says nothing about its scatter: take its distance from the fitted mean.
    deviation = np.where(np.isnan(deviation), residual[camera, target], deviation)
    return Sample(camera, target, np.unique(sample.cluster[order], return_inverse=True)[1], deviation)


def _episode_scores(sample: Sample, shape: tuple[int, ...]) -> tuple[Array, Array]:
    """Sum over clusters of the outer products of their scores, and each agent's effective number of clusters.

    An agent with k_s episodes in cluster s has (sum k_s)^2 / sum k_s^2 of them (Kish 1965).
    """
    split, size = shape[0], sum(shape)
    meat, squares, totals = np.zeros((1 + size, 1 + size)), np.zeros(size), np.zeros(size)
    num_clusters = int(sample.cluster[-1]) + 1
    for first, last in pairwise([*range(0, num_clusters, _CHUNK), num_clusters]):
        chosen = slice(*np.searchsorted(sample.cluster, [first, last]))
        row = sample.cluster[chosen] - first
        cells = row * size + sample.camera[chosen], row * size + split + sample.target[chosen]
        counts, scores = (
            [np.bincount(cell, weights, minlength=(last - first) * size).reshape(-1, size) for cell in cells]
            for weights in (None, sample.deviation[chosen])
        )
        signed = scores[0] - scores[1]
        signed = np.hstack([signed[:, :split].sum(axis=1, keepdims=True), signed])
        meat += signed.T @ signed
        squares += ((counts[0] + counts[1]) ** 2).sum(axis=0)
        totals += (counts[0] + counts[1]).sum(axis=0)
    return meat, totals**2 / squares
