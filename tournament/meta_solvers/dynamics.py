"""Meta-solvers that learn by repeated play: fictitious play and projected replicator dynamics."""

from __future__ import annotations

from typing import Any

import numpy as np

from mate.compilation import kernel
from tournament.meta_solvers.matrices import Array, check_payoff


def fictitious_play(payoff: Any, iterations: int = 10_000) -> tuple[Array, Array]:
    """Run simultaneous fictitious play: best responses to the other side's empirical strategy (Brown 1951).

    Return the empirical strategies (m,) and (n,). They converge to an equilibrium (Robinson 1951), in practice with a
    NashConv of about the payoffs' range over the square root of `iterations`. Ties go to the first agent.
    """
    matrix = check_payoff(payoff)
    rows, columns = _play_fictitiously(matrix, iterations)
    return rows / iterations, columns / iterations


@kernel
def _play_fictitiously(matrix: Array, iterations: int) -> tuple[Array, Array]:
    num_rows, num_columns = matrix.shape
    rows, columns = np.zeros(num_rows), np.zeros(num_columns)
    row_scores, column_scores = np.zeros(num_rows), np.zeros(num_columns)
    row, column = np.argmax(matrix.sum(axis=1)), np.argmin(matrix.sum(axis=0))
    for _ in range(iterations):
        rows[row] += 1.0
        columns[column] += 1.0
        row_scores += matrix[:, column]
        column_scores += matrix[row]
        row, column = np.argmax(row_scores), np.argmin(column_scores)
    return rows, columns


def projected_replicator(
    payoff: Any, iterations: int = 100_000, step: float = 1e-3, floor: float = 1e-6
) -> tuple[Array, Array]:
    """Run projected replicator dynamics, with weights of at least `floor` (Lanctot et al. 2017).

    Start from uniform strategies and return the averages (m,) and (n,) over `iterations` Euler steps. Payoffs are not
    scaled: a larger range acts as a longer step. Raises ValueError if the floors of all agents sum to more than 1.
    """
    matrix = check_payoff(payoff)
    if floor < 0 or floor * max(matrix.shape) > 1:
        raise ValueError(
            f"A floor of {floor} for each of {max(matrix.shape)} agents is no strategy: "
            "the floors may sum to at most 1. Choose a smaller floor."
        )
    rows, columns = _replicate(matrix, np.ascontiguousarray(matrix.T), iterations, step, floor)
    return rows, columns


@kernel
def _replicate(matrix: Array, transposed: Array, iterations: int, step: float, floor: float) -> tuple[Array, Array]:
    num_rows, num_columns = matrix.shape
    rows, columns = np.full(num_rows, 1.0 / num_rows), np.full(num_columns, 1.0 / num_columns)
    row_sum, column_sum = rows.copy(), columns.copy()
    for _ in range(iterations):
        row_payoffs, column_payoffs = matrix @ columns, -(transposed @ rows)
        rows = _project(rows + step * rows * (row_payoffs - rows @ row_payoffs), floor)
        columns = _project(columns + step * columns * (column_payoffs - columns @ column_payoffs), floor)
        row_sum += rows
        column_sum += columns
    return row_sum / (iterations + 1), column_sum / (iterations + 1)


@kernel
def _project(weights: Array, floor: float) -> Array:
    """Return the nearest strategy whose weights are at least `floor` (Wang and Carreira-Perpinan 2013)."""
    size = len(weights)
    excess = 0.0
    lowest = weights[0]
    for weight in weights:
        excess += weight
        lowest = min(lowest, weight)
    shift = (1.0 - excess) / size
    if lowest + shift >= floor:
        return weights + shift
    ordered = np.sort(weights)[::-1]
    total = 0.0
    for number in range(size):
        total += ordered[number]
        candidate = (1.0 - total - (size - number - 1) * floor) / (number + 1)
        if ordered[number] + candidate > floor:
            shift = candidate
    return np.maximum(weights + shift, floor)
