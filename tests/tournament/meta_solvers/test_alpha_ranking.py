"""Alpha-Rank, against OpenSpiel's at small sizes, and what must hold at any."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tournament.meta_solvers.games import (
    PENNIES,
    ROCK_PAPER_SCISSORS,
    coarse_tables,
    shuffled,
    transitive,
)
from tournament.meta_solvers import alpha_rank

TOLERANCE = 1e-8
"""To OpenSpiel's masses of profiles."""


def by_openspiel(game, **settings):
    from open_spiel.python.egt import alpharank

    return alpharank.compute([game, -game], **settings)[2].reshape(game.shape)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning:open_spiel")
@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (2, 6), (5, 4), (1, 4), (12, 20)])
@pytest.mark.parametrize("alpha", [0.1, 1.0, 10.0])
def test_masses_are_openspiels(shape, alpha):
    game = np.random.default_rng(7).normal(size=shape)
    ours = alpha_rank(game, alpha=alpha, population=20)
    assert ours.mass == pytest.approx(by_openspiel(game, m=20, alpha=alpha), abs=TOLERANCE)


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (2, 6), (5, 4), (1, 4), (12, 20)])
@pytest.mark.parametrize("perturbation", [0.01, 1e-4])
def test_masses_of_infinite_intensity_are_openspiels(shape, perturbation):
    game = np.random.default_rng(8).normal(size=shape)
    ours = alpha_rank(game, perturbation=perturbation)
    theirs = by_openspiel(game, use_inf_alpha=True, inf_alpha_eps=perturbation)
    assert ours.mass == pytest.approx(theirs, abs=TOLERANCE)


def test_ties_are_openspiels():
    for game in (ROCK_PAPER_SCISSORS, np.zeros((2, 3)), np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 2.0]])):
        theirs = by_openspiel(game, use_inf_alpha=True, inf_alpha_eps=0.01)
        assert alpha_rank(game, perturbation=0.01).mass == pytest.approx(theirs, abs=TOLERANCE)
        assert alpha_rank(game, alpha=2.0).mass == pytest.approx(by_openspiel(game, alpha=2.0), abs=TOLERANCE)


def test_matching_pennies_goes_round_for_ever():
    found = alpha_rank(PENNIES)
    assert found.mass == pytest.approx(np.full((2, 2), 0.25))
    assert [len(sink) for sink in found.sinks] == [4] and found.edges == 4


def test_a_transitive_game_ends_where_the_strongest_meet():
    found = alpha_rank(transitive(np.array([0.0, 2.0, 1.0]), np.array([1.0, 0.0])), perturbation=1e-6)
    assert [sink.tolist() for sink in found.sinks] == [[[1, 0]]]
    assert found.mass[1, 0] == pytest.approx(1, abs=1e-4)
    assert found.camera_mass.argmax() == 1 and found.target_mass.argmax() == 0


def test_one_profile_has_all_the_mass():
    found = alpha_rank([[0.3]])
    assert found.mass.tolist() == [[1.0]] and found.edges == 0 and [len(sink) for sink in found.sinks] == [1]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(1, 7), st.integers(1, 7), st.randoms(use_true_random=False))
def test_without_ties_evolution_ends_in_one_sink_which_has_nearly_all_the_mass(rows, columns, random):
    payoffs = list(range(rows * columns))
    random.shuffle(payoffs)
    game = np.reshape(np.array(payoffs, dtype=float), (rows, columns))
    found = alpha_rank(game, perturbation=1e-7)
    assert len(found.sinks) == 1
    assert found.mass[tuple(found.sinks[0].T)].sum() == pytest.approx(1, abs=1e-3)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(coarse_tables, st.floats(0.1, 10), st.floats(-10, 10), st.randoms(use_true_random=False))
def test_order_scale_and_offset_do_not_matter(game, scale, offset, random):
    other, rows, columns = shuffled(game, random)
    plain, moved = alpha_rank(game), alpha_rank(scale * other + offset)
    assert moved.mass == pytest.approx(plain.mass[np.ix_(rows, columns)], abs=1e-6)
    assert moved.edges == plain.edges and len(moved.sinks) == len(plain.sinks)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(coarse_tables, st.data())
def test_clones_are_visited_alike(game, data):
    number = data.draw(st.integers(0, len(game) - 1))
    found = alpha_rank(np.vstack([game, game[number]]), alpha=3.0)
    assert found.camera_mass[-1] == pytest.approx(found.camera_mass[number], abs=1e-8)


def test_a_dominated_agent_is_hardly_visited():
    game = np.vstack([ROCK_PAPER_SCISSORS, ROCK_PAPER_SCISSORS.min(axis=0) - 0.5])
    assert alpha_rank(game, perturbation=1e-6).camera_mass[3] < 1e-4


@pytest.mark.parametrize("alpha", [1.0, np.inf])
def test_it_holds_for_a_hundred_agents_a_side(alpha):
    game = np.random.default_rng(9).normal(size=(100, 100))
    found = alpha_rank(game, alpha=alpha)
    assert found.mass.sum() == pytest.approx(1) and found.mass.min() >= 0
    assert len(found.sinks) == 1 and found.edges == 100 * 100 * 198 / 2


def test_very_strong_selection_is_the_limit():
    game = np.random.default_rng(10).normal(size=(4, 5))
    found = alpha_rank(game, alpha=1e6)
    assert found.mass == pytest.approx(alpha_rank(game, perturbation=1e-9).mass, abs=1e-5)


@pytest.mark.parametrize("bad", [{"alpha": 0.0}, {"alpha": np.nan}, {"population": 1}, {"perturbation": 0.0}])
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(ValueError, match="alpha-Rank needs"):
        alpha_rank(PENNIES, **bad)


def test_missing_payoffs_are_refused():
    with pytest.raises(ValueError, match="missing or infinite"):
        alpha_rank([[np.nan, 1.0]])
