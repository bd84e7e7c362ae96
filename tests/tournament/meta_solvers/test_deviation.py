"""Deviation ratings, against the definition followed step by step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from tests.tournament.meta_solvers.games import ROCK_PAPER_SCISSORS, coarse_tables, disc, shuffled, tables, transitive
from tournament.meta_solvers import deviation_ratings, nash


def follow_the_definition(game):
    """The rows' gains: the largest is minimised, the rows that cannot have less are held there, then the next largest
    is.

    A row cannot have less if lowering it alone, the others staying at most where they are, does not succeed. Levels are
    whole numbers or fractions of them, and so far apart that the solver may be a little off.
    """
    rows, columns = game.shape
    held = np.full(rows, np.nan)

    def lower(objective, levels, has_level):
        return linprog(
            np.append(objective, 1.0 if has_level else 0.0),
            A_ub=np.hstack([game, np.where(np.isnan(levels), -1.0, 0.0)[:, None]]),
            b_ub=np.where(np.isnan(levels), 0.0, levels + 1e-6),
            A_eq=[[1.0] * columns + [0.0]],
            b_eq=[1.0],
            bounds=[(0, None)] * columns + [(None, None)],
        )

    while np.isnan(held).any():
        level = lower(np.zeros(columns), held, True).fun
        ceilings = np.where(np.isnan(held), level, held)
        for row in np.flatnonzero(np.isnan(held)):
            if lower(game[row], ceilings, False).fun > level - 1e-4:
                held[row] = level
    return held - held.max()


def test_rock_paper_scissors_has_no_better_agent():
    cameras, targets = deviation_ratings(ROCK_PAPER_SCISSORS)
    assert cameras == pytest.approx(np.zeros(3)) and targets == pytest.approx(np.zeros(3))


def test_a_constant_game_and_one_agent_have_no_better_agent():
    for game in (np.full((3, 4), 0.5), np.array([[2.0]])):
        for ratings, size in zip(deviation_ratings(game), game.shape, strict=True):
            assert ratings.tolist() == [0.0] * size


def test_in_a_transitive_game_each_is_rated_against_the_strongest_opponent():
    game = transitive(np.array([0.0, 1.0, -1.0]), np.array([0.5, 0.0]))
    cameras, targets = deviation_ratings(game)
    assert cameras == pytest.approx(game[:, 0] - game[1, 0])
    assert targets == pytest.approx(game[1, 0] - game[1])


@settings(max_examples=40, deadline=None, derandomize=True)
@given(coarse_tables)
def test_gains_are_lowered_one_after_the_other_as_the_definition_says(game):
    cameras, targets = deviation_ratings(game)
    assert cameras == pytest.approx(follow_the_definition(game), abs=1e-3)
    assert targets == pytest.approx(follow_the_definition(-game.T), abs=1e-3)


def test_where_the_equilibrium_is_unique_they_are_nash_skills():
    game = np.random.default_rng(1).normal(size=(40, 30))
    solution = nash(game)
    cameras, targets = deviation_ratings(game)
    assert cameras == pytest.approx(game @ solution.target - solution.value, abs=1e-6)
    assert targets == pytest.approx(solution.value - solution.camera @ game, abs=1e-6)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(coarse_tables, st.data())
def test_clones_have_equal_ratings_and_change_no_others(game, data):
    number = data.draw(st.integers(0, len(game) - 1))
    plain, more = deviation_ratings(game), deviation_ratings(np.vstack([game, game[number]]))
    assert more[0] == pytest.approx(np.append(plain[0], plain[0][number]), abs=1e-6)
    assert more[1] == pytest.approx(plain[1], abs=1e-6)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(coarse_tables, st.data())
def test_a_dominated_agent_is_rated_below_and_changes_no_others(game, data):
    number = data.draw(st.integers(0, len(game) - 1))
    plain, more = deviation_ratings(game), deviation_ratings(np.vstack([game, game[number] - 0.5]))
    assert more[0][:-1] == pytest.approx(plain[0], abs=1e-6)
    assert more[0][-1] == pytest.approx(plain[0][number] - 0.5, abs=1e-6)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(coarse_tables, st.floats(0.1, 10), st.floats(-10, 10), st.randoms(use_true_random=False))
def test_order_and_offset_do_not_matter_and_scale_goes_along(game, scale, offset, random):
    other, rows, columns = shuffled(game, random)
    plain, moved = deviation_ratings(game), deviation_ratings(scale * other + offset)
    assert moved[0] == pytest.approx(scale * plain[0][rows], abs=1e-5)
    assert moved[1] == pytest.approx(scale * plain[1][columns], abs=1e-5)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(tables)
def test_no_rating_is_above_zero_and_one_is_zero(game):
    for ratings in deviation_ratings(game):
        assert ratings.max() == 0


@pytest.mark.parametrize("noise", [0.0, 1e-9, 1e-7, 1e-6, 1e-4, 1e-2])
def test_near_ties_of_any_size_are_rated(noise):
    random = np.random.default_rng(4)
    game = disc(40, 3) + noise * random.normal(size=(40, 40))
    order = random.permutation(40)
    cameras, targets = deviation_ratings(game)
    moved = deviation_ratings(game[order])
    assert moved[0] == pytest.approx(cameras[order], abs=1e-5)
    assert moved[1] == pytest.approx(targets, abs=1e-5)


def test_missing_payoffs_are_refused():
    with pytest.raises(ValueError, match="missing or infinite"):
        deviation_ratings([[np.nan, 1.0]])
