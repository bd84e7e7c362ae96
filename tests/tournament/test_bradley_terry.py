"""Bradley and Terry's model, against another implementation and its own rules."""

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tournament.ratings import bradley_terry


def tables(seed, size=6, most=30):
    random = np.random.default_rng(seed)
    halves = np.triu(random.integers(0, 2 * most, (size, size)), 1)
    total = np.triu(random.integers(most, 2 * most, (size, size)), 1)
    wins = halves / 2 + (total - halves / 2).T * (total.T > 0)
    return np.maximum(wins, 0), np.maximum(wins, 0) + np.maximum(wins, 0).T


@pytest.mark.parametrize("seed", range(5))
def test_strengths_are_those_of_choix(seed):
    """choix takes whole wins: ties count as a win for each, everything doubled, which does not move the maximum."""
    random = np.random.default_rng(seed)
    wins = random.integers(1, 30, (6, 6)) * (1 - np.eye(6, dtype=int))
    data = [(one, two) for one in range(6) for two in range(6) for _ in range(wins[one, two])]
    expected = choix.opt_pairwise(6, data, alpha=0.0, method="Newton-CG", tol=1e-12)
    found = bradley_terry.fit(wins.astype(float), (wins + wins.T).astype(float), prior=0.0).values
    assert found == pytest.approx(expected - expected.mean(), abs=1e-6)


def test_ten_to_one_are_ten_to_one_odds():
    found = bradley_terry.fit(np.array([[0, 10.0], [1, 0]]), np.array([[0, 11.0], [11, 0]]), prior=0.0)
    assert found.values[0] - found.values[1] == pytest.approx(np.log(10))


def test_ties_everywhere_make_all_equal():
    count = np.full((4, 4), 8.0) - 8 * np.eye(4)
    assert bradley_terry.fit(count / 2, count).values == pytest.approx(np.zeros(4), abs=1e-12)


def test_the_prior_is_lost_among_many_comparisons():
    wins, count = tables(1)
    few, none = (bradley_terry.fit(wins, count, prior=prior).values for prior in (bradley_terry.PRIOR, 0.0))
    many = bradley_terry.fit(100 * wins, 100 * count).values
    assert np.abs(many - none).max() < np.abs(few - none).max() / 50 < 0.01


@pytest.mark.parametrize("number", [5_000, 50_000, 5_000_000])
def test_any_number_of_comparisons_is_fitted(number):
    random = np.random.default_rng(3)
    strengths = random.normal(0.0, 0.4, 100)
    pairs = np.triu(np.full((100, 100), number), 1)
    won = random.binomial(pairs, bradley_terry.expect(strengths))
    found = bradley_terry.fit((won + (pairs - won).T).astype(float), (pairs + pairs.T).astype(float)).values
    assert found == pytest.approx(strengths - strengths.mean(), abs=1.0 / np.sqrt(number))


def test_who_always_wins_has_a_finite_strength_and_an_interval_that_begins_where_an_exact_one_does():
    for number in (5.0, 60.0, 1000.0):
        wins = np.array([[0, number], [0, 0]])
        found = bradley_terry.fit(wins, wins + wins.T)
        gap = found.values[0] - found.values[1]
        scores = bradley_terry.prior_scores(wins + wins.T) @ found.inverse
        error = np.sqrt(((scores[:, 0] - scores[:, 1]) ** 2).sum())
        exact = 0.025 ** (1 / number)  # the lower limit of Clopper and Pearson
        assert gap - 1.96 * error == pytest.approx(np.log(exact / (1 - exact)), abs=0.4)


def test_without_a_prior_an_endless_strength_is_refused():
    wins = np.array([[0, 9.0], [0, 0]])
    with pytest.raises(ArithmeticError, match="no maximum"):
        bradley_terry.fit(wins, wins + wins.T, prior=0.0)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.permutations(range(6)))
def test_the_order_of_the_agents_does_not_matter(seed, order):
    wins, count = tables(seed)
    part = np.ix_(order, order)
    found, moved = bradley_terry.fit(wins, count), bradley_terry.fit(wins[part], count[part])
    assert moved.values == pytest.approx(found.values[list(order)], abs=1e-9)
    assert moved.inverse == pytest.approx(found.inverse[part], abs=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_the_other_teams_view_is_the_negative(seed):
    wins, count = tables(seed)
    assert bradley_terry.fit(wins.T, count).values == pytest.approx(-bradley_terry.fit(wins, count).values, abs=1e-9)
