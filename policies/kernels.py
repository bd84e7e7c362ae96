"""The compiled functions of networks, over rows.

A row is one agent in one episode. Every output of a row is computed from that row alone, in a fixed order of separately
rounded float32 operations: no matrix library whose blocking depends on the number of rows, no fused multiply-add, no
vector mathematics library. So a row gives the same bits alone or among others, in any position, and on any processor.
The inner loops run over contiguous output columns, which is what the compiler turns into vector instructions.
"""

from __future__ import annotations

import numpy as np

from mate.borrowing import borrowed
from mate.compilation import inlined, kernel
from policies.tiles import COLUMNS, ROWS, add_tile

_FEWEST_ROWS = 32  # of fewer, a copy of the weights would cost more than it saves


@kernel
def accumulate_product(x, weight, out):
    """Add ``x @ weight`` to ``out``: (R, K), (K, J), (R, J), float32, summed over K in ascending order."""
    x, weight, out = borrowed((x, weight, out))
    rows, columns = out.shape[0] - out.shape[0] % ROWS, out.shape[1] - out.shape[1] % COLUMNS
    if rows < _FEWEST_ROWS or columns == 0:
        _accumulate(x, weight, out, 0, out.shape[0], 0)
        return
    panel = np.empty((weight.shape[0], COLUMNS), np.float32)  # strips of the weights do not lie together in memory
    for column in range(0, columns, COLUMNS):
        for k in range(weight.shape[0]):
            for j in range(COLUMNS):
                panel[k, j] = weight[k, column + j]
        for row in range(0, rows, ROWS):
            add_tile(x, panel, out, row, column)
    _accumulate(x, weight, out, 0, rows, columns)
    _accumulate(x, weight, out, rows, out.shape[0], 0)


@kernel
def _accumulate(x, weight, out, start, stop, column):
    """Add the product to some rows, from a column on."""
    inner = x.shape[1]
    blocked = inner - inner % 8
    if column == out.shape[1]:
        return
    for k in range(0, blocked, 8):
        for row in range(start, stop):
            _accumulate_eight(x, weight, out, row, k, column)
    for k in range(blocked, inner):
        for row in range(start, stop):
            for j in range(column, out.shape[1]):
                out[row, j] += x[row, k] * weight[k, j]


@inlined
def _accumulate_eight(x, weight, out, row, k, column):
    # Eight summands a pass, so that out is loaded and stored once for eight products.
    x0, x1, x2, x3 = x[row, k], x[row, k + 1], x[row, k + 2], x[row, k + 3]
    x4, x5, x6, x7 = x[row, k + 4], x[row, k + 5], x[row, k + 6], x[row, k + 7]
    for j in range(column, out.shape[1]):
        total = (((out[row, j] + x0 * weight[k, j]) + x1 * weight[k + 1, j]) + x2 * weight[k + 2, j]) + x3 * weight[
            k + 3, j
        ]
        total = ((total + x4 * weight[k + 4, j]) + x5 * weight[k + 5, j]) + x6 * weight[k + 6, j]
        out[row, j] = total + x7 * weight[k + 7, j]


@kernel
def tanh(x):
    """Hyperbolic tangent to within 1e-10, by additions, multiplications and divisions alone.

    Lambert's continued fraction (1768) to its seventh level at x / 8, then the double-angle formula three times.
    """
    y = min(max(np.float64(x), -10.0), 10.0) * 0.125
    s = y * y
    t = y * (135135.0 + s * (17325.0 + s * (378.0 + s))) / (135135.0 + s * (62370.0 + s * (3150.0 + s * 28.0)))
    t = 2.0 * t / (1.0 + t * t)
    t = 2.0 * t / (1.0 + t * t)
    return 2.0 * t / (1.0 + t * t)


@kernel
def sigmoid(x):
    """Logistic function to within 1e-10."""
    return 0.5 + 0.5 * tanh(0.5 * np.float64(x))


@kernel
def apply_tanh(values):
    """Hyperbolic tangent of (R, J) float32, in place."""
    for row in range(values.shape[0]):
        for j in range(values.shape[1]):
            values[row, j] = np.float32(tanh(values[row, j]))


@kernel
def apply_relu(values):
    """Negative entries of (R, J) float32 become 0, in place."""
    for row in range(values.shape[0]):
        for j in range(values.shape[1]):
            values[row, j] = max(values[row, j], np.float32(0.0))


@kernel
def pool_max(values, counts, pooled):
    """Greatest of each column of a row's entities, for embeddings (K, E) of rows one after the other.

    ``counts`` (R,) entities belong to each row of ``pooled`` (R, E), which is 0 where there are none.
    """
    place = 0
    for row in range(pooled.shape[0]):
        for j in range(pooled.shape[1]):
            pooled[row, j] = values[place, j] if counts[row] else np.float32(0.0)
        for k in range(place + 1, place + counts[row]):
            for j in range(pooled.shape[1]):
                pooled[row, j] = max(pooled[row, j], values[k, j])
        place += counts[row]


@kernel
def pool_weighted(values, weights, counts, pooled):
    """Mean of each column of a row's entities by their weights (K,), in the form of ``pool_max``."""
    place = 0
    for row in range(pooled.shape[0]):
        pooled[row] = 0.0
        total = np.float32(0.0)
        for k in range(place, place + counts[row]):
            total += weights[k]
            for j in range(pooled.shape[1]):
                pooled[row, j] += weights[k] * values[k, j]
        for j in range(pooled.shape[1]):
            pooled[row, j] = pooled[row, j] / total if counts[row] else np.float32(0.0)
        place += counts[row]


@kernel
def attend(scores, counts, weights):
    """Weights (K,) of a softmax over each row's entities, up to a factor, from their scores (K,)."""
    place = 0
    for row in range(counts.shape[0]):
        highest = -np.inf
        for k in range(place, place + counts[row]):
            highest = max(highest, np.float64(scores[k]))
        for k in range(place, place + counts[row]):
            # exp(x) = s / (1 - s) with the logistic s of x, which no library's exponential rounds otherwise.
            s = sigmoid(scores[k] - highest)
            weights[k] = np.float32(s / (1.0 - s))
        place += counts[row]


@kernel
def step_lstm(gates, state):
    """Advance the state (R, 2H), hidden then cell, in place.

    ``gates`` (R, 4H) in the order input, forget, cell, output.
    """
    size = state.shape[1] // 2
    for row in range(state.shape[0]):
        gate = gates[row]
        for j in range(size):
            kept = sigmoid(gate[size + j]) * state[row, size + j]
            cell = kept + sigmoid(gate[j]) * tanh(gate[2 * size + j])
            state[row, size + j] = np.float32(cell)
            state[row, j] = np.float32(sigmoid(gate[3 * size + j]) * tanh(cell))


@kernel
def step_gru(from_input, from_state, state):
    """Advance the state (R, H) in place; both products (R, 3H) in the order reset, update, new."""
    size = state.shape[1]
    for row in range(state.shape[0]):
        given, kept = from_input[row], from_state[row]
        for j in range(size):
            reset = sigmoid(given[j] + kept[j])
            update = sigmoid(given[size + j] + kept[size + j])
            new = tanh(given[2 * size + j] + reset * kept[2 * size + j])
            state[row, j] = np.float32((1.0 - update) * new + update * state[row, j])


@kernel
def combine_duel(advantage, value, out):
    """Action values (R, A) from the advantages (R, A), centred on their mean, and the state values (R, 1)."""
    for row in range(out.shape[0]):
        mean = 0.0
        for j in range(out.shape[1]):
            mean += advantage[row, j]
        mean /= out.shape[1]
        for j in range(out.shape[1]):
            out[row, j] = np.float32(value[row, 0] + (advantage[row, j] - mean))
