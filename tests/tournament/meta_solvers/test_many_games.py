"""Many games solved at once have the solutions that each has by itself."""

import numpy as np
import pytest

from tests.tournament.meta_solvers.games import ROCK_PAPER_SCISSORS, blotto
from tournament.meta_solvers import interior
from tournament.meta_solvers.many_games import solve_many


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (3, 7), (12, 12), (25, 4)])
def test_each_game_has_the_solution_that_it_has_alone(shape):
    games = np.random.default_rng(0).uniform(-1, 1, size=(30, *shape))
    for game, found in zip(games, solve_many(games), strict=True):
        alone = interior.solve(game)
        assert found is not None and alone is not None
        assert found[0] == pytest.approx(alone.x, abs=1e-7)
        assert found[1] == pytest.approx(alone.y, abs=1e-7)


def test_games_with_ties_clones_and_nothing_in_them_are_solved_beside_others():
    payoff = np.asarray(ROCK_PAPER_SCISSORS, dtype=float)
    games = np.array([payoff, np.zeros((3, 3)), payoff[[0, 0, 1]], np.sign(payoff + 0.5)])
    for game, found in zip(games, solve_many(games), strict=True):
        assert found is not None
        camera, target = found
        assert (game @ target).max() - (camera @ game).min() < 1e-6
    assert solve_many(games)[0][0] == pytest.approx(np.full(3, 1 / 3), abs=1e-6)


def test_a_game_of_many_equilibria_has_the_value_of_all():
    payoff = np.asarray(blotto(6, 3), dtype=float)
    payoff = payoff / max(np.abs(payoff).max(), 1.0)
    camera, target = solve_many(np.array([payoff, payoff.T * -1.0])[:1])[0]
    assert (payoff @ target).max() == pytest.approx((camera @ payoff).min(), abs=1e-6)
