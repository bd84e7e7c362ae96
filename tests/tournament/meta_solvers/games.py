"""Zero-sum games with known answers, and tables for property tests."""

import itertools

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

ROCK_PAPER_SCISSORS = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], dtype=float)
PENNIES = np.array([[1, -1], [-1, 1]], dtype=float)

tables = arrays.arrays(
    float, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.floats(-2, 2, allow_nan=False, width=16)
)
"""Small tables, often with ties and numbers of very different sizes."""
coarse_tables = arrays.arrays(
    float, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(-3, 3).map(float)
)
"""Small tables of small whole numbers: many ties, none of them near."""


def blotto(troops: int, fields: int) -> np.ndarray:
    """Colonel Blotto: who wins more battlefields."""
    allocations = np.array([a for a in itertools.product(range(troops + 1), repeat=fields) if sum(a) == troops])
    return np.sign(np.sign(allocations[:, None] - allocations[None]).sum(axis=2)).astype(float)


def transitive(cameras, targets) -> np.ndarray:
    """Chances by the difference of ratings."""
    return 1 / (1 + np.exp(-np.subtract.outer(cameras, targets)))


def disc(size: int, seed: int) -> np.ndarray:
    """The disc game: agents are points of a disc, payoffs the area that two of them span (Balduzzi et al. 2019)."""
    points = np.random.default_rng(seed).normal(size=(size, 2))
    return points[:, :1] * points[:, 1:].T - points[:, 1:] * points[:, :1].T


def shuffled(game, random) -> tuple[np.ndarray, list[int], list[int]]:
    """The game with its agents in another order, and that order."""
    rows, columns = list(range(game.shape[0])), list(range(game.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    return game[np.ix_(rows, columns)], rows, columns
