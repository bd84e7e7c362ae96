"""Comparing two agents of a team by episodes of the same seed and opponent."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tournament.comparing import PairedInterval, Pairs, compare, mean_over_opponents, share_over_opponents


def make(opponents, seeds, first, second):
    return Pairs(np.array(opponents), np.array(seeds), np.array(first, dtype=float), np.array(second, dtype=float))


def share_of(pairs):
    return share_over_opponents(pairs.success, pairs.opponent, pairs.seed)


def draw(rng, opponents=5, count=20, gap=0.02, sharing=False):
    """Pairs with a true mean difference of `gap`; with `sharing` all opponents use the same seeds, which move all
    gains.
    """
    opponent = np.repeat(np.arange(opponents), count)
    seed = np.tile(np.arange(count), opponents) if sharing else np.arange(opponents * count)
    by_seed = rng.normal(0, 0.05, count * opponents)[seed]
    first = rng.normal(0, 0.05, len(seed)) + by_seed + gap
    return Pairs(opponent, seed, first, rng.normal(0, 0.05, len(seed)))


def test_one_opponent_gives_the_paired_t_test() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, 30))
    found = compare(make([7] * 30, range(30), first, second))
    expected = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert (found.difference.lower, found.difference.upper) == pytest.approx(tuple(expected))
    alone = found.against[0].difference
    assert (alone.value, alone.lower) == pytest.approx((found.difference.value, found.difference.lower))
    assert found.against[0].opponent == 7


def test_each_opponent_alone_is_compared_as_if_there_were_no_other() -> None:
    """With different numbers of pairs, a single one, ties, equal gains, and seeds that come twice."""
    rng = np.random.default_rng(8)
    opponent = np.repeat([3, 5, 9, 11], [1, 6, 30, 4])
    seed = rng.integers(0, 20, len(opponent))
    first, second = rng.normal(size=(2, len(opponent))).round(1)
    first[opponent == 11] = second[opponent == 11] + 0.5
    found = compare(Pairs(opponent, seed, first, second)).against
    for one in found:
        mine = opponent == one.opponent
        alone = Pairs(opponent[mine], seed[mine], first[mine], second[mine])
        gain, share = mean_over_opponents(alone.gain, alone.opponent, alone.seed), share_of(alone)
        assert astuple(one.difference) == pytest.approx(astuple(gain))
        assert astuple(one.better) == pytest.approx(astuple(share))
        assert (one.count, one.first, one.second) == (
            mine.sum(),
            *map(pytest.approx, (first[mine].mean(), second[mine].mean())),
        )


def test_every_opponent_counts_alike() -> None:
    pairs = make([0] * 2 + [1] * 6, range(8), [1, 3] + [0] * 6, [0] * 8)
    assert compare(pairs).difference.value == pytest.approx((2 + 0) / 2)


def test_different_numbers_of_pairs_have_the_errors_of_a_stratified_mean() -> None:
    rng = np.random.default_rng(2)
    gains = [rng.normal(size=count) for count in (4, 9, 25)]
    pairs = make(np.repeat([0, 1, 2], [4, 9, 25]), range(38), np.concatenate(gains), np.zeros(38))
    expected = np.sqrt(sum(gain.var(ddof=1) / len(gain) for gain in gains)) / 3
    assert compare(pairs).difference.error == pytest.approx(expected)


def test_seeds_that_are_shared_by_opponents_are_not_counted_twice() -> None:
    rng = np.random.default_rng(3)
    gain = rng.normal(size=20)
    alone = compare(make([0] * 20, range(20), gain, np.zeros(20)))
    copied = compare(make([0] * 20 + [1] * 20, [*range(20)] * 2, np.tile(gain, 2), np.zeros(40)))
    assert copied.difference.error == pytest.approx(alone.difference.error)
    assert copied.better.lower == pytest.approx(alone.better.lower)
    assert (copied.num_pairs, copied.num_seeds) == (40, 20)


@pytest.mark.parametrize("sharing", [False, True])
def test_intervals_hold_the_truth_in_nineteen_cases_of_twenty(sharing: bool) -> None:
    rng = np.random.default_rng(4)
    found = [compare(draw(rng, sharing=sharing)).difference for _ in range(600)]
    held = np.mean([interval.lower < 0.02 < interval.upper for interval in found])
    assert 0.92 < held < 0.975  # 95 % within three standard errors of 600 leagues


def test_the_probability_of_doing_better_is_held_too() -> None:
    rng = np.random.default_rng(5)
    truth = stats.norm.cdf(0.02 / np.sqrt(3 * 0.05**2))
    found = [compare(draw(rng)).better for _ in range(600)]
    held = np.mean([interval.lower < truth < interval.upper for interval in found])
    assert 0.92 < held < 0.975


def test_a_single_pair_has_a_difference_and_no_interval() -> None:
    found = compare(make([0], [1], [0.5], [0.25]))
    assert found.against[0].difference == PairedInterval(0.25)
    assert found.difference == PairedInterval()
    assert found.num_opponents == 0


def test_no_pairs_leave_everything_unknown() -> None:
    found = compare(make([], [], [], []))
    assert found.against == () and found.difference == PairedInterval() and found.better == PairedInterval()


def test_equal_agents_do_better_half_the_time() -> None:
    found = compare(make([0, 0, 1, 1], range(4), [1, 2, 3, 4], [1, 2, 3, 4]))
    assert (found.difference.value, found.difference.error, found.better.value) == (0, 0, 0.5)
    assert found.difference.sign == 0


def test_winning_every_episode_is_not_taken_for_certainty() -> None:
    found = compare(make([0] * 10, range(10), np.ones(10), np.zeros(10))).better
    assert found.value == 1 and found.upper == 1
    assert found.lower == pytest.approx(stats.binomtest(10, 10).proportion_ci(method="wilson").low)


def test_shares_of_independent_pairs_have_wilsons_interval() -> None:
    successes = np.array([1.0] * 13 + [0.0] * 7)
    found = share_over_opponents(successes, np.zeros(20, dtype=int), np.arange(20))
    expected = stats.binomtest(13, 20).proportion_ci(method="wilson")
    assert (found.lower, found.upper) == pytest.approx((expected.low, expected.high), abs=0.01)


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        make([0], [1], [np.nan], [0])
    with pytest.raises(ValueError, match="different lengths"):
        make([0, 1], [1], [0], [0])


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(2, 6))
def test_swapping_the_agents_swaps_the_signs(seed: int, opponents: int, count: int) -> None:
    pairs = draw(np.random.default_rng(seed), opponents, count)
    there = compare(pairs)
    back = compare(Pairs(pairs.opponent, pairs.seed, pairs.second, pairs.first))
    assert back.difference.value == pytest.approx(-there.difference.value)
    assert back.difference.lower == pytest.approx(-there.difference.upper)
    assert back.better.value == pytest.approx(1 - there.better.value)
    assert back.better.lower == pytest.approx(1 - there.better.upper)


@given(st.integers(0, 2**32))
def test_the_order_of_pairs_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = draw(rng, 3, 5, sharing=True)
    order = rng.permutation(len(pairs))
    shuffled = Pairs(pairs.opponent[order], pairs.seed[order], pairs.first[order], pairs.second[order])
    assert compare(shuffled).difference.error == pytest.approx(compare(pairs).difference.error)
