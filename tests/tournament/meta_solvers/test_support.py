"""Support frequencies: how sure it is that an agent is part of the equilibrium."""

import numpy as np
import pytest

from tests.tournament.meta_solvers.games import ROCK_PAPER_SCISSORS
from tournament.meta_solvers import Noise, interior, nash, support_frequency
from tournament.meta_solvers.matrices import Scaled
from tournament.payoffs import MetaGame


def test_exact_payoffs_are_certain():
    found = support_frequency(MetaGame.from_payoffs(np.vstack([ROCK_PAPER_SCISSORS, [-1, -1, -1]])))
    assert found.camera.tolist() == [1, 1, 1, 0] and found.target.tolist() == [1, 1, 1]


def test_without_errors_nothing_is_said():
    game = MetaGame.from_payoffs(ROCK_PAPER_SCISSORS, np.full((3, 3), np.nan))
    assert support_frequency(game) is None


def test_precise_payoffs_are_nearly_certain_and_vague_ones_are_not():
    payoff = np.array([[0.5, 0.4], [0.3, 0.2]])
    precise = support_frequency(MetaGame.from_payoffs(payoff, np.full((2, 2), 0.001)), 100)
    assert precise.camera.tolist() == [1, 0] and precise.target.tolist() == [0, 1]
    vague = support_frequency(MetaGame.from_payoffs(payoff, np.full((2, 2), 0.1)), 100)
    assert 0 < vague.camera[1] < 0.5


def test_equal_seeds_give_equal_frequencies():
    game = MetaGame.from_payoffs(np.array([[0.5, 0.4], [0.3, 0.2]]), np.full((2, 2), 0.1))
    first, again, other = (support_frequency(game, 100, seed=seed).camera for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_noise_can_be_given():
    game = MetaGame.from_payoffs(np.array([[0.5, 0.4], [0.3, 0.2]]))
    found = support_frequency(game, 100, noise=Noise(np.full((2, 2), 0.1)))
    assert 0 < found.camera[1] < 0.5


@pytest.mark.parametrize("skill", [0.1, 0.01])
def test_frequencies_of_a_large_game_are_those_of_solving_each_replicate_whole(skill):
    random, shape = np.random.default_rng(3), (40, 34)
    payoff = random.normal(0, skill, (40, 1)) + random.normal(0, skill, (1, 34)) + random.normal(0, 0.03, shape)
    game = MetaGame.from_payoffs(payoff, np.full(shape, 0.02), np.full(shape, 50))
    tables = list(Noise(game.error).shrink(payoff).draw(20, 0))
    cameras = np.mean([interior.solve(Scaled.of(table).matrix).x > 1e-4 for table in tables], axis=0)
    assert support_frequency(game, 20).camera.tolist() == cameras.tolist()


def test_frequencies_are_calibrated():
    random = np.random.default_rng(6)
    told, true = [], []
    for number in range(50):
        truth = 0.1 * (random.normal(size=(8, 1)) + random.normal(size=(1, 8))) + 0.03 * random.normal(size=(8, 8))
        observed = truth + 0.03 * random.normal(size=truth.shape)
        game = MetaGame.from_payoffs(observed, np.full(truth.shape, 0.03))
        told.append(support_frequency(game, 20, seed=number).camera)
        true.append(nash(truth).camera > 1e-4)
    told, true = np.concatenate(told), np.concatenate(true)
    for low, high in ((0.0, 0.2), (0.2, 0.8), (0.8, 1.01)):
        bin_ = (told >= low) & (told < high)
        spread = np.sqrt((told[bin_] * (1 - told[bin_])).sum()) / bin_.sum() + 1 / bin_.sum()
        assert abs(told[bin_].mean() - true[bin_].mean()) < 3 * spread
