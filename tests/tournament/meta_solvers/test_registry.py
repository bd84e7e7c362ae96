"""Every meta-solver behind one interface."""

import numpy as np
import pytest
from hypothesis import given, settings

from tests.tournament.meta_solvers.games import ROCK_PAPER_SCISSORS, tables
from tournament.meta_solvers import META_SOLVERS, exploitability, self_play, uniform


def test_each_says_what_it_is():
    for name, solver in META_SOLVERS.items():
        assert solver.name == name and solver.title and solver.explanation.endswith(".")


@pytest.mark.parametrize("name", [name for name in META_SOLVERS if name != "replicator"])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(tables)
def test_each_gives_a_strategy_to_either_team(name, game):
    for strategy, size in zip(META_SOLVERS[name](game), game.shape, strict=True):
        assert strategy.shape == (size,) and strategy.min() >= 0 and strategy.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "name", ["nash", "replicator", "alpha-rank", "fictitious-play", "uniform", "nashpy-lp", "nashpy-replicator"]
)
def test_each_that_looks_at_payoffs_plays_rock_paper_scissors_evenly(name):
    strategies = META_SOLVERS[name](ROCK_PAPER_SCISSORS)
    assert exploitability(ROCK_PAPER_SCISSORS, *strategies).nash_conv < 0.05


def test_self_play_is_the_newest_and_uniform_is_all():
    assert self_play(np.zeros((2, 3)))[1].tolist() == [0, 0, 1]
    assert uniform(np.zeros((2, 4)))[1].tolist() == [0.25] * 4
