"""Support frequencies: how sure it is that an agent is part of the equilibrium."""

import numpy as np

from tests.tournament.meta_solvers.games import ROCK_PAPER_SCISSORS
from tournament.meta_solvers import Noise, nash, support_frequency
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
