"""Alpha-Rank (Omidshafiei et al. 2019) of two populations, for meta-games of up to a hundred agents a side.

The Markov chain has a state for every profile (camera, target) and moves between profiles that differ in one agent. Its
transitions are therefore stored as two stacks of small matrices, never as one matrix over all pairs of profiles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tournament.meta_solvers.matrices import Array, Scaled, check_payoff

TIES = 1e-12
"""Maximum difference of payoffs that count as tied, as a share of half their range."""
DENSE_PROFILES = 300
"""Maximum number of profiles for which a dense solver is used."""
RESIDUAL = 1e-8
"""Maximum change of a stationary distribution by one step of the chain."""


@dataclass(frozen=True)
class AlphaRank:
    """The stationary distribution of the evolution of two populations that play m cameras and n targets.

    `mass` (m, n) is the distribution of profiles, `camera_mass` (m,) and `target_mass` (n,) its marginals. `sinks` are
    the strongly connected components of the response graph without outgoing edges, each an array (K, 2) of profiles
    (camera, target), the largest first; a zero-sum game without ties has one (Biggar and Shames 2023). `edges` counts
    the responses that are at least as good.
    """

    mass: Array
    sinks: tuple[NDArray[np.int64], ...]
    edges: int

    @property
    def camera_mass(self) -> Array:
        return np.asarray(self.mass.sum(axis=1))

    @property
    def target_mass(self) -> Array:
        return np.asarray(self.mass.sum(axis=0))


def alpha_rank(payoff: Any, alpha: float = float("inf"), population: int = 50, perturbation: float = 1e-4) -> AlphaRank:
    """Return Alpha-Rank of the zero-sum game of payoffs (m, n).

    `alpha` is the selection intensity, `population` the size of each population. A mutant with payoff advantage u
    fixates with the probability (1 - exp(-alpha u)) / (1 - exp(-alpha population u)). In the limit of infinite `alpha`
    a better response fixates with 1 - `perturbation`, a worse one with `perturbation`, an equal one with 1/2.

    Raises ValueError for missing payoffs or settings out of range, ArithmeticError if no stationary distribution is
    found.
    """
    matrix = check_payoff(payoff)
    if not alpha > 0 or population < 2 or not 0 < perturbation < 0.5:
        raise ValueError(
            "alpha-Rank needs a positive alpha, a population of at least 2 and a perturbation between 0 and 0.5."
        )
    ties = TIES * Scaled.of(matrix).scale
    if np.isinf(alpha):
        chain = Chain.of(matrix, lambda gains: _prefer(gains, ties, perturbation))
    else:
        chain = Chain.of(matrix, lambda gains: _fixate(gains, alpha, population))
    graph = _response_graph(matrix, ties)
    return AlphaRank(chain.find_stationary(), _find_sinks(graph, matrix.shape), graph.nnz)


def _prefer(gains: Array, ties: float, perturbation: float) -> Array:
    rates = np.where(gains > 0, 1 - perturbation, perturbation)
    return np.where(np.abs(gains) <= ties, 0.5, rates)


def _fixate(gains: Array, alpha: float, population: int) -> Array:
    """Return the fixation probability of one mutant (the Moran process with exponential fitness)."""
    drive = np.clip(alpha * gains, -700 / population, 700)
    neutral = np.abs(drive) <= 1e-14
    safe = np.where(neutral, 1.0, drive)
    with np.errstate(over="ignore"):
        rates = np.expm1(-safe) / np.expm1(-population * safe)
    return np.where(neutral, 1 / population, rates)


@dataclass(frozen=True)
class Chain:
    """Transition rates from row to column: cameras by target (n, m, m), targets by camera (m, n, n)."""

    cameras: Array
    targets: Array

    @classmethod
    def of(cls, matrix: Array, rate: Any) -> Chain:
        """Return the chain in which a response that gains u has the rate `rate`(u)."""
        cameras = rate(matrix.T[:, None, :] - matrix.T[:, :, None])
        targets = rate(matrix[:, :, None] - matrix[:, None, :])
        for stack in (cameras, targets):
            diagonal = np.arange(stack.shape[1])
            stack[:, diagonal, diagonal] = 0.0
        return cls(cameras, targets)

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of cameras and targets."""
        return self.cameras.shape[1], self.targets.shape[1]

    @property
    def outflow(self) -> Array:
        """The rate (m, n) at which each profile is left."""
        rates: Array = self.cameras.sum(axis=2).T + self.targets.sum(axis=2)
        return rates

    def flow(self, mass: Array) -> Array:
        """Return the probability mass (m, n) that flows to each profile in a unit of time."""
        from_cameras = np.matmul(mass.T[:, None, :], self.cameras)[:, 0].T
        from_targets = np.matmul(mass[:, None, :], self.targets)[:, 0]
        flow: Array = from_cameras + from_targets
        return flow

    def find_stationary(self) -> Array:
        """Return the stationary distribution (m, n)."""
        from scipy.sparse.linalg import LinearOperator, eigs

        size = int(np.prod(self.shape))
        if size == 1:
            return np.ones(self.shape)
        outflow = self.outflow
        pace = 0.99 / outflow.max()

        def advance(flat: Array) -> Array:
            mass = flat.reshape(self.shape)
            moved: Array = (mass + pace * (self.flow(mass) - outflow * mass)).ravel()
            return moved

        if size <= DENSE_PROFILES:
            mass = _solve_dense(np.column_stack([advance(state) for state in np.eye(size)]))
        else:
            operator = LinearOperator((size, size), matvec=advance, dtype=np.float64)
            start = np.full(size, 1 / size)
            # Arnoldi iteration finds the eigenvalue 1, which has the largest real part.
            vector = eigs(operator, k=1, which="LR", v0=start, tol=1e-12, maxiter=2000)[1]
            mass = vector[:, 0].real
        mass = np.maximum(mass / mass.sum(), 0.0)
        mass /= mass.sum()
        if not np.abs(advance(mass) - mass).sum() < RESIDUAL:
            raise ArithmeticError("alpha-Rank found no stationary distribution. Choose a smaller alpha.")
        return np.asarray(mass.reshape(self.shape))


def _solve_dense(transition: Array) -> Array:
    """Return the stationary vector, with sum 1, of a matrix whose columns sum to 1."""
    size = len(transition)
    system = np.vstack([transition - np.eye(size), np.ones(size)])
    solution: Array = np.linalg.lstsq(system, np.append(np.zeros(size), 1.0), rcond=None)[0]
    return solution


def _response_graph(matrix: Array, ties: float) -> Any:
    """Return the edges from each profile to those in which one team has another agent that does at least as well."""
    from scipy.sparse import csr_array

    number = np.arange(matrix.size).reshape(matrix.shape)
    camera, target, other = np.nonzero(matrix.T[None] >= matrix[:, :, None] - ties)
    starts, ends = [number[camera, target]], [number[other, target]]
    camera, target, other = np.nonzero(matrix[:, None, :] <= matrix[:, :, None] + ties)
    starts.append(number[camera, target])
    ends.append(number[camera, other])
    start, end = np.concatenate(starts), np.concatenate(ends)
    proper = start != end
    data = np.ones(int(proper.sum()), dtype=np.int8)
    return csr_array((data, (start[proper], end[proper])), shape=(matrix.size, matrix.size))


def _find_sinks(graph: Any, shape: tuple[int, ...]) -> tuple[NDArray[np.int64], ...]:
    """Return the strongly connected components without outgoing edges, the largest first."""
    from scipy.sparse.csgraph import connected_components

    count, labels = connected_components(graph, directed=True, connection="strong")
    starts, ends = graph.nonzero()
    is_left = np.zeros(count, dtype=bool)
    is_left[labels[starts[labels[starts] != labels[ends]]]] = True
    sinks = [np.argwhere((labels == label).reshape(shape)) for label in np.flatnonzero(~is_left)]
    return tuple(sorted(sinks, key=len, reverse=True))
