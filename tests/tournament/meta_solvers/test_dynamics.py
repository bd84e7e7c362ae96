"""Meta-solvers that learn: projected replicator dynamics as OpenSpiel's, fictitious play at its known rate."""

import numpy as np
import pytest

from tests.tournament.meta_solvers.games import PENNIES, ROCK_PAPER_SCISSORS
from tournament.meta_solvers import exploitability, fictitious_play, projected_replicator


@pytest.mark.parametrize("shape", [(2, 2), (3, 5), (8, 6), (1, 3)])
@pytest.mark.parametrize(("step", "floor"), [(1e-2, 1e-6), (0.1, 0.02)])
def test_replicator_dynamics_are_openspiels(shape, step, floor):
    from open_spiel.python.algorithms.projected_replicator_dynamics import projected_replicator_dynamics

    game = np.random.default_rng(1).normal(size=shape)
    theirs = projected_replicator_dynamics([game, -game], prd_iterations=500, prd_dt=step, prd_gamma=floor)
    ours = projected_replicator(game, iterations=500, step=step, floor=floor)
    for one, other in zip(ours, theirs, strict=True):
        assert one == pytest.approx(other, abs=1e-10)


def test_replicator_dynamics_keep_every_agent_and_come_near_an_equilibrium():
    game = np.vstack([PENNIES * [[3], [1]], [-5, -5]])
    camera, target = projected_replicator(game, floor=1e-3)
    assert camera.min() >= 1e-3
    assert exploitability(game, camera, target).nash_conv < 0.1


def test_a_floor_that_is_no_strategy_is_refused():
    with pytest.raises(ValueError, match=r"may sum to at most 1"):
        projected_replicator(ROCK_PAPER_SCISSORS, floor=0.4)


def test_fictitious_play_approaches_an_equilibrium_as_the_square_root_of_time():
    game = np.random.default_rng(2).uniform(-1, 1, size=(20, 20))
    for iterations in (100, 1000, 10_000, 100_000):
        found = exploitability(game, *fictitious_play(game, iterations))
        assert 0 < found.nash_conv < 4 / np.sqrt(iterations)


def test_fictitious_play_of_one_agent_plays_it():
    camera, target = fictitious_play([[0.5, 0.1]])
    assert camera.tolist() == [1] and target.tolist() == [0, 1]


@pytest.mark.parametrize("solve", [fictitious_play, projected_replicator])
def test_missing_payoffs_are_refused(solve):
    with pytest.raises(ValueError, match="missing or infinite"):
        solve([[np.nan, 1.0]])
