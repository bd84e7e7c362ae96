"""Equilibria of zero-sum meta-games, against known answers and another solver."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tournament import meta_solvers
from tournament.meta_solvers import nash

ROCK_PAPER_SCISSORS = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], dtype=float)
games = arrays.arrays(
    float, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.floats(-2, 2, allow_nan=False, width=16)
)


def gaps(game, solution):
    """How far the value is from what the strategies guarantee."""
    return solution.value - (solution.camera @ game).min(), (game @ solution.target).max() - solution.value


def test_rock_paper_scissors_is_played_evenly():
    solution = nash(ROCK_PAPER_SCISSORS)
    assert solution.value == pytest.approx(0)
    assert solution.camera == pytest.approx(np.full(3, 1 / 3))
    assert solution.target == pytest.approx(np.full(3, 1 / 3))


def test_clones_share_what_one_of_them_would_have():
    rows = ROCK_PAPER_SCISSORS[[0, 0, 0, 1, 2]]
    solution = nash(rows)
    assert solution.has_maximum_entropy
    assert solution.camera == pytest.approx([1 / 9, 1 / 9, 1 / 9, 1 / 3, 1 / 3], abs=1e-5)


def test_a_dominant_agent_is_played_alone():
    solution = nash([[0.3, 0.5], [0.1, 0.2], [0.0, 0.4]])
    assert solution.value == pytest.approx(0.3)
    assert solution.camera == pytest.approx([1, 0, 0])
    assert solution.target == pytest.approx([1, 0])


def test_matching_pennies_with_unequal_stakes():
    solution = nash([[3, -1], [-1, 1]])
    assert solution.value == pytest.approx(1 / 3)
    assert solution.camera == pytest.approx([1 / 3, 2 / 3])
    assert solution.target == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (3, 1), (2, 3)])
def test_a_constant_game_is_played_evenly(shape):
    solution = nash(np.full(shape, 0.25))
    assert solution.value == 0.25
    assert solution.camera == pytest.approx(np.full(shape[0], 1 / shape[0]))
    assert solution.target == pytest.approx(np.full(shape[1], 1 / shape[1]))


def test_one_camera_faces_its_worst_targets_evenly():
    solution = nash([[0.5, 0.1, 0.1]])
    assert solution.value == pytest.approx(0.1)
    assert solution.target == pytest.approx([0, 0.5, 0.5], abs=1e-6)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e9])
def test_the_scale_of_payoffs_does_not_matter(scale):
    game = np.random.default_rng(1).normal(size=(6, 5))
    plain, scaled = nash(game), nash(scale * game)
    assert scaled.value == pytest.approx(scale * plain.value)
    assert scaled.camera == pytest.approx(plain.camera, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(games)
def test_no_agent_of_the_pool_gains_against_an_equilibrium(game):
    solution = nash(game)
    assert max(gaps(game, solution)) <= 1e-5
    for strategy in (solution.camera, solution.target):
        assert strategy.min() >= 0 and strategy.sum() == pytest.approx(1)


@settings(max_examples=30, deadline=None)
@given(games, st.randoms(use_true_random=False))
def test_the_order_of_agents_does_not_matter(game, random):
    order = list(range(len(game)))
    random.shuffle(order)
    plain, shuffled = nash(game), nash(game[order])
    assert shuffled.value == pytest.approx(plain.value, abs=1e-7)
    if plain.has_maximum_entropy and shuffled.has_maximum_entropy:
        assert shuffled.camera == pytest.approx(plain.camera[order], abs=2e-3)


def test_it_agrees_with_nashpys_linear_program():
    import nashpy

    random = np.random.default_rng(2)
    for _ in range(20):
        game = random.normal(size=(random.integers(2, 9), random.integers(2, 9)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            camera, target = nashpy.Game(game).linear_program()
        solution = nash(game)
        # A generic game has one equilibrium.
        assert solution.camera == pytest.approx(camera, abs=1e-5)
        assert solution.target == pytest.approx(target, abs=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_payoffs_that_are_no_numbers_are_refused(bad):
    with pytest.raises(ValueError, match="missing or infinite"):
        nash([[0.0, bad]])


def test_an_empty_game_is_refused():
    with pytest.raises(ValueError, match="at least one agent"):
        nash(np.zeros((0, 3)))


def test_uniform_play_is_exploited_and_equilibria_are_not():
    game = np.array([[0.0, 1.0], [0.5, 0.5], [1.0, -1.0]])
    solution = nash(game)
    found = meta_solvers.exploitability(game, solution.camera, solution.target, solution.value)
    assert found.nash_conv == pytest.approx(0, abs=1e-8)
    camera, target = meta_solvers.uniform(game)
    found = meta_solvers.exploitability(game, camera, target, solution.value)
    assert found.camera == pytest.approx(solution.value - 1 / 6)
    assert found.target == pytest.approx(0.5 - solution.value, abs=1e-12)


def test_every_meta_solver_gives_strategies():
    for solve in meta_solvers.META_SOLVERS.values():
        for strategy, size in zip(solve(np.eye(4)[:3]), (3, 4), strict=True):
            assert strategy.shape == (size,) and strategy.sum() == pytest.approx(1)
    assert meta_solvers.self_play(np.zeros((2, 3)))[1].tolist() == [0, 0, 1]
