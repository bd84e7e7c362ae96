"""Moments, quartiles and histograms of numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tournament.distributions import distribute


def test_the_moments_are_those_of_the_sample() -> None:
    values = np.random.default_rng(1).normal(size=50)
    found = distribute(values)
    assert found is not None
    assert found.mean == pytest.approx(values.mean())
    assert found.error == pytest.approx(values.std(ddof=1) / np.sqrt(50))
    assert (found.least, found.median, found.most) == (values.min(), np.median(values), values.max())


def test_nothing_has_no_distribution() -> None:
    assert distribute([]) is None


def test_a_single_value_has_no_error() -> None:
    found = distribute([2.5])
    assert found is not None
    assert (found.mean, found.error, found.deviation) == (2.5, None, None)
    assert [bin.count for bin in found.bins] == [1]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=80))
def test_every_value_is_in_one_bin(values: list[float]) -> None:
    found = distribute(values)
    assert found is not None
    assert sum(bin.count for bin in found.bins) == len(values)
    assert found.bins[0].low <= min(values) and found.bins[-1].high >= max(values)


@given(st.lists(st.integers(0, 2000), min_size=2, max_size=80))
def test_bins_of_whole_numbers_hold_equally_many_of_them(values: list[int]) -> None:
    found = distribute(values)
    assert found is not None
    assert sum(bin.count for bin in found.bins) == len(values)
    if len(set(values)) > 1:
        widths = {round(bin.high - bin.low) for bin in found.bins}
        assert len(widths) == 1 and all(bin.low % 1 == 0.5 for bin in found.bins)
