"""Diversity of populations, and comparisons of whole runs."""

import numpy as np
import pytest

from tests.tournament.meta_solvers.games import ROCK_PAPER_SCISSORS, transitive
from tournament.psro.diversity import (
    compare_runs,
    effective_diversity,
    effective_size,
    relative_population_performance,
)


def test_rock_paper_scissors_is_diverse_and_a_transitive_game_is_not():
    assert effective_diversity(ROCK_PAPER_SCISSORS) == pytest.approx(1 / 3)
    assert effective_diversity(transitive(np.arange(3.0), np.arange(4.0))) == pytest.approx(0, abs=1e-9)


def test_clones_and_useless_agents_add_no_diversity():
    more = np.vstack([ROCK_PAPER_SCISSORS, ROCK_PAPER_SCISSORS[0], [-1, -1, -1]])
    assert effective_diversity(more) == pytest.approx(1 / 3)


def test_a_strategy_is_as_large_as_the_number_of_agents_it_plays_alike():
    assert effective_size(np.array([0.25, 0.25, 0.25, 0.25, 0.0])) == pytest.approx(4)
    assert effective_size(np.array([1.0, 0.0])) == pytest.approx(1)
    assert 1 < effective_size(np.array([0.9, 0.1])) < 2


def test_a_population_performs_as_well_as_its_best_mixture():
    assert relative_population_performance([[1, -1], [-1, 1], [-2, -2]]) == pytest.approx(0, abs=1e-9)


def test_of_two_runs_the_better_is_told_whatever_the_cameras_advantage_is():
    strong, weak = np.full((2, 2), 0.7), np.full((2, 2), 0.5)
    assert compare_runs(strong, weak) == pytest.approx(0.1)
    assert compare_runs(strong + 5, weak + 5) == pytest.approx(0.1)
    assert compare_runs(weak, strong) == pytest.approx(-0.1)
