"""Equilibria of zero-sum meta-games, against known answers and other solvers."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tournament.meta_solvers.games import (
    PENNIES,
    ROCK_PAPER_SCISSORS,
    blotto,
    coarse_tables,
    disc,
    shuffled,
    tables,
    transitive,
)
from tournament.meta_solvers import nash
from tournament.meta_solvers.equilibria import solve_linear_program


def gaps(game, solution):
    """How far the value is from what the strategies guarantee."""
    return solution.value - (solution.camera @ game).min(), (game @ solution.target).max() - solution.value


def entropy(strategy):
    played = strategy[strategy > 0]
    return -(played * np.log(played)).sum()


def test_rock_paper_scissors_is_played_evenly():
    solution = nash(ROCK_PAPER_SCISSORS)
    assert solution.value == pytest.approx(0)
    assert solution.camera == pytest.approx(np.full(3, 1 / 3))
    assert solution.target == pytest.approx(np.full(3, 1 / 3))


def test_clones_share_what_one_of_them_would_have():
    solution = nash(ROCK_PAPER_SCISSORS[[0, 0, 0, 1, 2]])
    assert solution.has_maximum_entropy
    assert solution.camera == pytest.approx([1 / 9, 1 / 9, 1 / 9, 1 / 3, 1 / 3])


def test_a_dominant_agent_is_played_alone():
    solution = nash([[0.3, 0.5], [0.1, 0.2], [0.0, 0.4]])
    assert solution.value == pytest.approx(0.3)
    assert solution.camera.tolist() == [1, 0, 0]
    assert solution.target.tolist() == [1, 0]


def test_matching_pennies_with_unequal_stakes():
    solution = nash([[3, -1], [-1, 1]])
    assert solution.value == pytest.approx(1 / 3)
    assert solution.camera == pytest.approx([1 / 3, 2 / 3])
    assert solution.target == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (3, 1), (2, 3), (100, 100)])
def test_a_constant_game_is_played_evenly(shape):
    solution = nash(np.full(shape, 0.25))
    assert solution.value == 0.25
    assert solution.camera == pytest.approx(np.full(shape[0], 1 / shape[0]))
    assert solution.target == pytest.approx(np.full(shape[1], 1 / shape[1]))


def test_one_camera_faces_its_worst_targets_evenly():
    solution = nash([[0.5, 0.1, 0.1]])
    assert solution.value == pytest.approx(0.1)
    assert solution.target == pytest.approx([0, 0.5, 0.5])


def test_in_a_transitive_game_the_strongest_meet():
    cameras, targets = np.linspace(-1, 1, 30), np.linspace(2, -2, 20)
    solution = nash(transitive(cameras, targets))
    assert solution.camera.argmax() == 29 and solution.camera.max() == 1
    assert solution.target.argmax() == 0 and solution.target.max() == 1


@pytest.mark.parametrize("game", [blotto(6, 3), blotto(8, 3), disc(50, 1)], ids=["blotto 6", "blotto 8", "disc"])
def test_symmetric_games_are_worth_nothing_and_played_alike_by_both_teams(game):
    solution = nash(game)
    assert solution.value == pytest.approx(0, abs=1e-9)
    assert max(gaps(game, solution)) <= 1e-9
    assert solution.camera == pytest.approx(solution.target, abs=1e-6)


def test_agents_that_are_alike_in_blotto_are_played_alike():
    # Two allocations are alike if they are the same troops on other fields.
    allocations = [(a, b, 6 - a - b) for a in range(7) for b in range(7 - a)]
    weights = nash(blotto(6, 3)).camera
    for one, other in ((i, j) for i in range(28) for j in range(28)):
        if sorted(allocations[one]) == sorted(allocations[other]):
            assert weights[one] == pytest.approx(weights[other], abs=1e-8)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e9])
def test_the_scale_of_payoffs_does_not_matter(scale):
    game = np.random.default_rng(1).normal(size=(6, 5))
    plain, scaled = nash(game), nash(scale * game)
    assert scaled.value == pytest.approx(scale * plain.value)
    assert scaled.camera == pytest.approx(plain.camera, abs=1e-8)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(coarse_tables, st.floats(0.01, 100), st.floats(-100, 100))
def test_affine_payoffs_have_the_same_strategies(game, scale, offset):
    plain, moved = nash(game), nash(scale * game + offset)
    assert moved.camera == pytest.approx(plain.camera, abs=1e-5)
    assert moved.target == pytest.approx(plain.target, abs=1e-5)
    assert moved.value == pytest.approx(scale * plain.value + offset, abs=1e-6 * scale)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(tables)
def test_no_agent_of_the_pool_gains_against_an_equilibrium(game):
    solution = nash(game)
    assert solution.has_maximum_entropy
    assert max(gaps(game, solution)) <= 2e-6
    for strategy in (solution.camera, solution.target):
        assert strategy.min() >= 0 and strategy.sum() == pytest.approx(1)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_agents_does_not_matter(game, random):
    other, rows, columns = shuffled(game, random)
    plain, moved = nash(game), nash(other)
    assert moved.value == pytest.approx(plain.value, abs=1e-9)
    assert moved.camera == pytest.approx(plain.camera[rows], abs=1e-6)
    assert moved.target == pytest.approx(plain.target[columns], abs=1e-6)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(tables, st.data())
def test_a_clone_changes_no_value_and_gets_what_its_twin_gets(game, data):
    number = data.draw(st.integers(0, len(game) - 1))
    solution = nash(np.vstack([game, game[number]]))
    assert solution.value == pytest.approx(nash(game).value, abs=1e-6)
    assert solution.camera[-1] == pytest.approx(solution.camera[number], abs=1e-9)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(coarse_tables, st.data())
def test_a_dominated_agent_is_not_played_and_changes_nothing(game, data):
    number = data.draw(st.integers(0, len(game) - 1))
    plain, more = nash(game), nash(np.vstack([game, game[number] - 0.5]))
    assert more.camera[-1] == 0
    assert more.camera[:-1] == pytest.approx(plain.camera, abs=1e-5)
    assert more.target == pytest.approx(plain.target, abs=1e-5)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(coarse_tables)
def test_no_vertex_of_the_optimal_strategies_has_more_entropy(game):
    solution = nash(game)
    scale = max(np.abs(game).max(), 1.0)
    row, column = solve_linear_program(game / scale)
    assert entropy(solution.camera) >= entropy(row) - 1e-5
    assert entropy(solution.target) >= entropy(column) - 1e-5


@pytest.mark.parametrize("noise", [0.0, 1e-11, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-3, 1e-1])
def test_near_ties_of_any_size_are_solved(noise):
    random = np.random.default_rng(3)
    kinds = random.integers(0, 3, size=(2, 60))
    for game in (ROCK_PAPER_SCISSORS[np.ix_(*kinds)], disc(60, 2), np.tile(np.repeat([0.0, 1.0], 30), (60, 1))):
        near = game + noise * random.normal(size=game.shape)
        solution = nash(near)
        assert solution.has_maximum_entropy
        assert max(gaps(near, solution)) <= 1e-6 * np.abs(near).max()
        order = random.permutation(60)
        assert nash(near[order]).camera == pytest.approx(solution.camera[order], abs=1e-7)


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
        assert solution.camera == pytest.approx(camera, abs=1e-6)
        assert solution.target == pytest.approx(target, abs=1e-6)


@pytest.mark.parametrize("shape", [(100, 100), (100, 7), (7, 100)])
def test_large_games_agree_with_a_linear_program(shape):
    game = np.random.default_rng(5).uniform(-1, 1, size=shape)
    solution = nash(game)
    row, column = solve_linear_program(game)
    assert solution.value == pytest.approx((row @ game).min(), abs=1e-9)
    assert solution.camera == pytest.approx(row, abs=1e-6)
    assert solution.target == pytest.approx(column, abs=1e-6)


def test_large_degenerate_games_are_solved_exactly():
    # Enumerations would take hours.
    random = np.random.default_rng(6)
    for game in (
        np.eye(100),
        random.integers(0, 2, size=(100, 100)).astype(float),
        np.outer(np.arange(100.0), [1, -1]),
    ):
        solution = nash(game)
        assert solution.has_maximum_entropy and max(gaps(game, solution)) <= 1e-8


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_payoffs_that_are_no_numbers_are_refused(bad):
    with pytest.raises(ValueError, match="missing or infinite"):
        nash([[0.0, bad]])


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (3,)])
def test_an_empty_game_is_refused(shape):
    with pytest.raises(ValueError, match="at least one agent"):
        nash(np.zeros(shape))


def test_pennies_with_an_agent_that_is_no_use_leave_it_out():
    solution = nash(np.vstack([PENNIES, [0, -0.1]]))
    assert solution.camera == pytest.approx([0.5, 0.5, 0])
