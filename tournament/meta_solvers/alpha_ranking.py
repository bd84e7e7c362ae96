"""Alpha-Rank (Omidshafiei et al. 2019) of two populations, sparse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tournament.meta_solvers.matrices import Array, check_payoff


@dataclass(frozen=True)
class AlphaRank:
    """The stationary distribution of the evolution of two populations of m cameras and n targets.

    `mass` (m, n) is that of profiles, `camera_mass` (m,) and `target_mass` (n,) of agents. `sinks` are the strongly connected
    components of the response graph that no better answer leads out of, each an array (K, 2) of profiles (camera, target), the largest
    first; `edges` is the number of better or equal answers.
    """

    mass: Array
    sinks: tuple[NDArray[np.int64], ...]
    edges: int

    @property
    def camera_mass(self) -> Array:
        return self.mass.sum(axis=1)

    @property
    def target_mass(self) -> Array:
        return self.mass.sum(axis=0)


def alpha_rank(payoff: Any, alpha: float = np.inf, population: int = 50, perturbation: float = 0.01) -> AlphaRank:
    """Alpha-Rank of the zero-sum game of payoffs (m, n), with selection intensity `alpha` and populations of this size.

    With infinite `alpha` every better answer is taken with 1 - `perturbation`, every worse one with `perturbation`, equal ones
    with 1/2.
    """
    from scipy.sparse.csgraph import connected_components

    matrix = check_payoff(payoff)
    rows, columns = _fixation(matrix, alpha, population, perturbation)
    mass = _find_stationary(rows, columns)
    graph = _response_graph(matrix)
    count, labels = connected_components(graph, directed=True, connection="strong")
    starts, ends = graph.nonzero()
    leaves = np.zeros(count, dtype=bool)
    leaves[labels[starts[labels[starts] != labels[ends]]]] = True
    sinks = [np.argwhere((labels == label).reshape(matrix.shape)) for label in np.flatnonzero(~leaves)]
    return AlphaRank(mass, tuple(sorted(sinks, key=len, reverse=True)), len(starts))


def _fixation(matrix: Array, alpha: float, population: int, perturbation: float) -> tuple[Array, Array]:
    """Rates (n, m, m) from camera to camera before each target, and (m, n, n) from target to target before each camera."""

    def rate(gains: Array) -> Array:
        ties = np.abs(gains) <= 1e-14
        if np.isinf(alpha):
            return np.where(ties, 0.5, np.where(gains > 0, 1 - perturbation, perturbation))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            rates = np.expm1(-alpha * gains) / np.expm1(-alpha * population * gains)
        return np.where(np.abs(alpha * gains) <= 1e-14, 1 / population, np.nan_to_num(rates, nan=0.0))

    rows = rate(matrix.T[:, None, :] - matrix.T[:, :, None])
    columns = rate(matrix[:, :, None] - matrix[:, None, :])
    for block in (rows, columns):
        block[:, np.arange(block.shape[1]), np.arange(block.shape[1])] = 0.0
    return rows, columns


def _find_stationary(rows: Array, columns: Array) -> Array:
    """The distribution (m, n) that the rates leave as it is, by power iteration."""
    num_targets, num_cameras = rows.shape[:2]
    outflow = rows.sum(axis=2).T + columns.sum(axis=2)
    step = 0.99 / max(outflow.max(), 1e-300)
    mass = np.full((num_cameras, num_targets), 1 / (num_cameras * num_targets))
    for _ in range(20_000):
        inflow = np.matmul(mass.T[:, None, :], rows)[:, 0].T + np.matmul(mass[:, None, :], columns)[:, 0]
        change = step * (inflow - outflow * mass)
        mass = mass + change
        if np.abs(change).sum() < 1e-12:
            break
    return mass / mass.sum()


def _response_graph(matrix: Array) -> Any:
    """Edges from each profile to those where one team's agent is another one that does at least as well."""
    from scipy.sparse import csr_array

    num_cameras, num_targets = matrix.shape
    number = np.arange(matrix.size).reshape(matrix.shape)
    camera, target, other = np.nonzero(matrix.T[None] >= matrix[:, :, None])
    starts = [number[camera, target]]
    ends = [number[other, target]]
    camera, target, other = np.nonzero(matrix[:, None, :] <= matrix[:, :, None])
    starts.append(number[camera, target])
    ends.append(number[camera, other])
    start, end = np.concatenate(starts), np.concatenate(ends)
    proper = start != end
    data = np.ones(int(proper.sum()), dtype=np.int8)
    return csr_array((data, (start[proper], end[proper])), shape=(matrix.size, matrix.size))
