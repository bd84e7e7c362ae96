"""Statements about best responses: intervals that take shared seeds into account, and cautious claims."""

import argparse
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.ratings import psro as study
from benchmarks.ratings.coverage import play_all
from benchmarks.ratings.league import MEASURED, League
from tournament.payoffs import Episodes, MetaGame
from tournament.psro import accounts

HALF = np.array([0.5, 0.5])


def learn(*options):
    """What the study finds in a few leagues."""
    parser = argparse.ArgumentParser()
    study.add_psro_arguments(parser)
    return parser.parse_args(["--leagues", "40", *options])


def play(true, episodes=20, seed=0):
    """The meta-game of a league with these payoffs, newest agents last."""
    return play_all(League(np.asarray(true, dtype=float), MEASURED["MATE-2v4-0"], seed), episodes)


def of_rewards(reward):
    """A meta-game whose cells (m, n) have these episodes, (m, n, K), each from a seed of its own."""
    reward = np.asarray(reward, dtype=float)
    camera, target, _ = (axis.ravel() for axis in np.indices(reward.shape))
    names = [
        tuple(f"{letter}{number}" for number in range(size)) for letter, size in zip("ct", reward.shape, strict=False)
    ]
    return MetaGame.from_episodes(names[0], names[1], Episodes(camera, target, np.arange(reward.size), reward.ravel()))


def strategies(game):
    """Both teams play their first agent alone."""
    return tuple(np.eye(size)[0] for size in game.payoff.shape)


def account(game):
    camera, target = strategies(game)
    return accounts.figures(game, (camera, target), (camera[:-1], target[:-1]))


@pytest.mark.parametrize(
    ("game", "solver", "agents"), [("even", "uniform", 8), ("even", "nash", 4), ("cyclic", "nash", 2)]
)
def test_intervals_hold_though_agents_are_mixed_that_share_seeds(game, solver, agents):
    tally = study.study(learn(), game, solver, agents)
    assert tally.share("gain") >= 0.87
    assert tally.share("nash_conv low") >= 0.93
    assert tally.share("nash_conv high") >= 0.93


def test_cells_that_are_taken_for_independent_claim_too_much():
    tally = study.study(learn("--without-seeds"), "even", "uniform", 8)
    assert tally.share("gain") < 0.8
    assert tally.share("nash_conv low") < 0.5


def test_intervals_hold_with_few_episodes_too():
    tally = study.study(learn("--episodes", "4"), "even", "uniform", 4)
    assert tally.share("gain") >= 0.87
    assert tally.share("nash_conv low") >= 0.93


def test_an_agent_that_is_there_twice_errs_as_one():
    game = play(np.zeros((3, 3)))
    twice = game.select([0, 1, 1, 2], [0, 1, 2])
    once = accounts.gain_of(game, (np.array([0, 1, 0]), np.array([0.5, 0.5, 0])), "camera")
    split = accounts.gain_of(twice, (np.array([0, 0.5, 0.5, 0]), np.array([0.5, 0.5, 0])), "camera")
    assert (split.gain, split.low) == pytest.approx((once.gain, once.low))
    order = twice.select([3, 1, 0, 2], [2, 0, 1])
    assert order.payoff[1, 1] == game.payoff[1, 0] and order.num_episodes == 12 * 20
    assert set(order.episodes.seed) == set(game.episodes.seed)


def test_means_alone_are_judged_cell_by_cell():
    game = replace(play(np.zeros((3, 3))), episodes=None)
    gain = accounts.gain_of(game, (np.append(HALF, 0), np.append(HALF, 0)), "camera")
    assert gain.high - gain.low == pytest.approx(4 * 0.083 / np.sqrt(20) * np.sqrt(0.75), rel=0.2)


def test_a_response_that_is_worse_has_failed_and_bounds_nothing():
    game = play([[0.0, 0.5], [-0.5, 0.0]])
    said = account(game)
    assert [said[f"{team}_gain"]["verdict"] for team in ("camera", "target")] == ["failed", "failed"]
    assert said["nash_conv_interval"] == (0.0, None)
    assert accounts.bound_nash_conv(said) is None


def test_one_response_that_failed_leaves_the_other_ones_lower_limit():
    said = account(play([[0.0, 0.5], [0.5, 0.0]]))
    assert [said[f"{team}_gain"]["verdict"] for team in ("camera", "target")] == ["better", "failed"]
    low, high = said["nash_conv_interval"]
    assert 0.3 < low < 0.5 and high is None


def test_a_response_that_was_there_before_has_failed():
    game = play(np.zeros((2, 2)))
    said = account(game.select([0, 1, 0], [0, 1, 1]))
    assert said["camera_gain"]["verdict"] == "failed"
    assert said["nash_conv_interval"][1] is None


@pytest.mark.parametrize("reward", [np.zeros((2, 2, 20)), np.zeros((2, 2, 2)), np.ones((2, 2, 1))])
def test_episodes_that_are_all_alike_say_nothing_of_others(reward):
    said = account(of_rewards(reward))
    assert said["camera_gain"]["verdict"] == said["target_gain"]["verdict"] == "unknown"
    assert said["camera_gain"]["low"] is None
    assert said["nash_conv_interval"] is None


def test_one_response_whose_episodes_are_all_alike_leaves_nash_conv_without_an_upper_limit():
    reward = np.zeros((2, 2, 20))
    reward[0, 1] = np.random.default_rng(0).normal(0, 0.1, 20)
    said = account(of_rewards(reward))
    assert said["camera_gain"]["verdict"] == "unknown"
    assert said["nash_conv_interval"][1] is None


def test_an_answer_that_may_be_none_leaves_an_interval():
    said = account(play(np.zeros((2, 2)), seed=3))
    assert {said["camera_gain"]["verdict"], said["target_gain"]["verdict"]} <= {"none", "better"}
    low, high = said["nash_conv_interval"]
    assert low == 0.0 and high > 0.01


def test_exact_payoffs_are_bounded_exactly():
    said = account(MetaGame.from_payoffs([[0.0, -0.2], [0.1, 0.0]]))
    assert said["nash_conv_interval"] == pytest.approx((0.3, 0.3))
