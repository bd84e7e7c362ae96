"""Diversity of populations."""

import numpy as np
import pytest

from tests.tournament.meta_solvers.games import ROCK_PAPER_SCISSORS, transitive
from tournament.psro.diversity import (
    effective_diversity,
    effective_size,
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
