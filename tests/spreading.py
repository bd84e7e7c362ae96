"""The order of tests for a parallel run, in which each process begins with an equal share of the list."""

from collections.abc import Sequence
from itertools import groupby

import pytest


def spread(items: Sequence[pytest.Item], processes: int) -> list[pytest.Item]:
    """Return the tests as one equal share for each process, in which they keep their order.

    pytest-django puts tests that wait for other processes (transactional ones) before those that only compute (without
    a database). Without this, one process would get all that wait, and leave its core idle; now all end with those that
    compute. Consecutive tests of a file stay together where possible, because they share fixtures.
    """
    shares: list[list[pytest.Item]] = [[] for _ in range(processes)]
    for _, group in groupby(items, key=lambda item: item.path):
        min(shares, key=len).extend(group)
    sizes = [(len(items) + number) // processes for number in range(processes)]  # xdist cuts the list like this.
    beyond = [item for share, size in zip(shares, sizes, strict=True) for item in share[size:]]
    filled = []
    for share, size in zip(shares, sizes, strict=True):
        missing = max(0, size - len(share))
        filled += share[:size] + beyond[:missing]
        del beyond[:missing]
    return filled
