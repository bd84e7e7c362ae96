"""Cyclicity: what no rating explains, and noise is not part of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tournament.meta_solvers.games import ROCK_PAPER_SCISSORS, coarse_tables, disc, shuffled
from tournament.meta_solvers import cyclicity
from tournament.payoffs import Episodes, MetaGame


def test_ratings_explain_all_of_an_additive_game():
    found = cyclicity(np.add.outer([0.1, 0.5, 0.2], [0.0, -0.3]))
    assert found.share == 0 and not found.misleads and found.trusted == "elo"


def test_ratings_explain_nothing_of_rock_paper_scissors_and_of_a_disc():
    assert cyclicity(ROCK_PAPER_SCISSORS).share == pytest.approx(1)
    centred = disc(200, 1)
    assert cyclicity(centred).share > 0.95
    assert cyclicity(ROCK_PAPER_SCISSORS).misleads and cyclicity(ROCK_PAPER_SCISSORS).trusted == "nash"


def test_the_share_is_one_of_variances():
    # Two ratings of -1 and 1 add 1 to the variance, pennies add 0.25.
    game = np.array([[1.0], [-1.0]]) + 0.5 * np.array([[1, -1], [-1, 1]])
    assert cyclicity(game).share == pytest.approx(0.2)


@pytest.mark.parametrize("game", [[[0.5]], np.full((3, 3), 0.4), [[0.1, 0.2]]])
def test_games_without_a_choice_are_not_cyclic(game):
    found = cyclicity(game)
    assert found.share == 0 and not found.misleads


def test_noise_is_not_cyclic():
    random = np.random.default_rng(1)
    misled = 0
    for number in range(20):
        truth = 0.1 * random.normal(size=(12, 1)) - 0.1 * random.normal(size=(1, 12))
        observed = truth + 0.1 * random.normal(size=truth.shape)
        assert cyclicity(observed).share > 0.1
        found = cyclicity(observed, np.full(truth.shape, 0.1), seed=number)
        misled += found.misleads or found.interval[0] > 0
    # An interval of 95 % is wrong in one of 20 on either side together.
    assert misled <= 2


def test_intervals_contain_the_truth_as_often_as_they_say():
    random = np.random.default_rng(2)
    covered = 0
    for number in range(200):
        truth = 0.1 * (random.normal(size=(8, 1)) + random.normal(size=(1, 8))) + 0.05 * random.normal(size=(8, 8))
        error = np.full(truth.shape, 0.04)
        found = cyclicity(truth + error * random.normal(size=truth.shape), error, seed=number)
        covered += found.interval[0] <= cyclicity(truth).share <= found.interval[1]
    assert covered >= 0.9 * 200


def test_seeds_that_all_pairings_share_are_no_cycles():
    random = np.random.default_rng(3)
    camera, target, number = (axis.ravel() for axis in np.meshgrid(range(5), range(5), range(20), indexing="ij"))
    skill = np.linspace(0, 1, 5)
    reward = random.normal(size=20)[number] + 0.01 * random.normal(size=camera.size) - skill[camera] + skill[target]
    names = [[f"{team}{i}" for i in range(5)] for team in "ct"]
    found = cyclicity(MetaGame.from_episodes(names[0], names[1], Episodes(camera, target, number, reward)))
    assert found.share < 0.001 and found.interval[1] < 0.01


def test_it_has_no_interval_where_nothing_is_known_of_errors():
    game = MetaGame.from_payoffs(ROCK_PAPER_SCISSORS, np.full((3, 3), np.nan))
    assert cyclicity(game).interval is None


@settings(max_examples=40, deadline=None, derandomize=True)
@given(coarse_tables, st.floats(0.1, 10), st.floats(-10, 10), st.randoms(use_true_random=False))
def test_order_scale_and_offset_do_not_matter(game, scale, offset, random):
    other, _, _ = shuffled(game, random)
    assert cyclicity(scale * other + offset).share == pytest.approx(cyclicity(game).share, abs=1e-6)


def test_it_is_put_in_words():
    assert cyclicity(ROCK_PAPER_SCISSORS).describe() == (
        "100% (100% to 100%) of the payoff variance is cyclic. Elo misleads here: go by Nash skill."
    )
    assert "One Elo number describes these agents well" in cyclicity(np.add.outer([1.0, 2.0], [0.0, 1.0])).describe()


def test_missing_payoffs_are_refused():
    with pytest.raises(ValueError, match="missing or infinite"):
        cyclicity([[np.nan, 1.0]])
