"""Duplicate Elo: strengths from comparisons, how sure they are, and who is first."""

import numpy as np
import pytest

from tournament.payoffs import Episodes
from tournament.ratings import BoardEvidence, bradley_terry, elo
from tournament.strips import split


def play(skills, targets=4, seeds=30, noise=0.3, generator=0, key="target"):
    """Cameras of these skills on the same seeds against each target (or, with another key, on one seed for all
    targets).
    """
    random = np.random.default_rng(generator)
    camera, target, number = (axis.ravel() for axis in np.indices((len(skills), targets, seeds)))
    seed = target * seeds + number if key == "target" else number
    luck = random.normal(0, 1, seed.max() + 1)[seed]
    rewards = luck - np.asarray(skills)[camera] + random.normal(0, noise, len(camera))
    return Episodes(camera, target, seed, rewards)


def compare(episodes, shape):
    return BoardEvidence("abcdef"[: shape[0]], "klmnopqrstuvwxyz"[: shape[1]], split(episodes)).comparisons["camera"]


def fit(episodes, shape):
    return elo.fit(compare(episodes, shape), np.arange(shape[0]))


def test_luck_that_all_share_does_not_count():
    found = fit(play([0.5, 0.0, -0.5], noise=1e-6), (3, 4))
    assert found.ranks().tolist() == [1, 2, 3]
    assert found.ahead()[0].tolist() == [False, True, True]


def test_variances_are_those_of_drawing_seeds_anew():
    """The sandwich against a bootstrap of the deals of each opponent."""
    shape, seeds = (4, 3), 40
    episodes = play([0.2, 0.1, 0.0, -0.2], 3, seeds)
    found = fit(episodes, shape)
    random, drawn = np.random.default_rng(1), []
    table = -episodes.reward.reshape(4, 3, seeds)
    for _ in range(300):
        chosen = random.integers(0, seeds, (3, seeds))
        outcome = np.stack([table[:, target, chosen[target]] for target in range(3)], axis=1)
        wins = (outcome[:, None] > outcome[None]).sum(axis=(2, 3)).astype(float)
        drawn.append(bradley_terry.fit(wins, wins + wins.T).values)
    bootstrap = np.std(np.array(drawn)[:, 0] - np.array(drawn)[:, 3])
    sandwich = np.sqrt(found.gaps.total[0, 3] + found.gaps.certain[0, 3])
    assert sandwich == pytest.approx(bootstrap, rel=0.15)


def test_seeds_that_opponents_share_are_one_piece_of_evidence():
    """The same seeds against all targets, whose outcomes are the same: four opponents say no more than one."""
    once = play([0.1, 0.0, -0.1], 1, 40)
    copies = [Episodes(once.camera, once.target + number, once.seed, once.reward) for number in range(4)]
    names = ("camera", "target", "seed", "reward")
    four = Episodes(*(np.concatenate([getattr(copy, name) for copy in copies]) for name in names))
    one, more = fit(once, (3, 1)), fit(four, (3, 4))
    assert more.gaps.half_widths()[0, 2] == pytest.approx(one.gaps.half_widths()[0, 2], rel=0.1)


def test_the_freedom_of_an_interval_is_that_of_its_seeds():
    few, many = fit(play([0.1, 0.0], 1, 5), (2, 1)), fit(play([0.1, 0.0], 10, 50), (2, 10))
    assert 4 <= few.gaps.freedom[0, 1] < 8
    assert many.gaps.freedom[0, 1] > 300


def test_equal_play_is_an_equal_rank_and_an_equal_chance_to_be_first():
    episodes = play([0.3, 0.3, 0.0], noise=0.0)
    found = fit(episodes, (3, 4))
    assert found.ranks().tolist() == [1, 1, 3]
    assert found.first_probabilities() == pytest.approx([0.5, 0.5, 0.0], abs=0.05)


def test_chances_to_be_first_sum_to_one_and_grow_with_the_evidence():
    few, many = (fit(play([0.05, 0.0, -0.3], 4, seeds), (3, 4)) for seeds in (6, 400))
    for found in (few, many):
        assert found.first_probabilities().sum() == pytest.approx(1)
    assert many.first_probabilities()[0] > max(0.9, few.first_probabilities()[0])


def test_one_deal_says_nothing_of_how_deals_differ():
    found = fit(play([0.5, 0.0], 1, 1), (2, 1))
    assert np.isinf(found.gaps.half_widths()[0, 1])
    assert not found.ahead().any()


def test_the_mean_is_zero_where_there_is_no_anchor():
    found = fit(play([0.5, 0.0, -0.4]), (3, 4))
    assert found.zero(None) == pytest.approx(0, abs=1e-12)
    assert found.zero(1) == found.strengths[1]
    assert found.half_widths(1)[1] == 0 and (found.half_widths(None) > 0).all()
