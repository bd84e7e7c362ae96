"""Boards claim no more than can be known."""

import numpy as np
import pytest

from tournament import evolution
from tournament.comparing import Pairs, compare
from tournament.meta_solvers import cyclicity
from tournament.payoffs import Episodes, MetaGame
from tournament.ratings import find_limit, rate


def play(reward, drop=()):
    """The meta-game of episodes (m, n, K) on seeds of the arena's plan; `drop` are pairs that were not played."""
    reward = np.asarray(reward, dtype=float)
    camera, target, number = (axis.ravel() for axis in np.indices(reward.shape))
    seed = np.where(number % 2 == 0, target, 100 + camera) * 1000 + number
    kept = np.array([pair not in drop for pair in zip(camera.tolist(), target.tolist(), strict=True)])
    columns = (column[kept] for column in (camera, target, seed, reward.ravel()))
    names = [tuple(f"{letter}{n}" for n in range(size)) for letter, size in zip("ct", reward.shape[:2], strict=True)]
    return MetaGame.from_episodes(names[0], names[1], Episodes(*columns))


def draw(*shape):
    return np.random.default_rng(1).normal(0, 0.1, shape)


def test_one_agent_of_two_episodes_has_no_rank_and_no_certainty():
    found = rate(play(draw(1, 1, 2)))
    for lines in (found.cameras, found.targets):
        line = lines[0]
        assert (line.rank, line.best_rank, line.first_probability) == (None, None, None)
        assert (line.nash_mass, line.nash_support, line.deviation) == (None, None, None)
        assert "there is no other" in find_limit(line.team, lines)
    assert found.cyclicity is None
    assert found.nash.nash_conv is None and found.nash.nash_conv_lower is None
    assert evolution.describe(play(draw(1, 1, 2))) is None


@pytest.mark.parametrize("episodes", [2, 40])
def test_one_camera_against_many_targets_has_no_rank_and_no_strategy(episodes):
    found = rate(play(draw(1, 5, episodes)))
    assert (found.cameras[0].rank, found.cameras[0].nash_mass, found.cameras[0].first_probability) == (None,) * 3
    assert sum(line.nash_mass for line in found.targets) == pytest.approx(1)
    assert found.cyclicity is None
    assert find_limit("camera", found.cameras) and not find_limit("target", found.targets[:0])


def test_two_agents_with_a_single_comparison_have_no_probability_of_being_first():
    found = rate(play(draw(2, 1, 2)))
    assert [line.first_probability for line in found.cameras] == [None, None]
    assert {(line.best_rank, line.worst_rank) for line in found.cameras} == {(1, 2)}
    assert "Too few episodes" in find_limit("camera", found.cameras)


def test_an_agent_of_a_single_seed_leaves_the_others_their_probabilities():
    reward = draw(3, 1, 60)
    camera, target, number = (axis.ravel() for axis in np.indices(reward.shape))
    kept = (camera < 2) | (number == 0)
    seed = np.where(number % 2 == 0, target, 100 + camera) * 1000 + number
    columns = (column[kept] for column in (camera, target, seed, reward.ravel()))
    found = rate(MetaGame.from_episodes(("c0", "c1", "c2"), ("t0",), Episodes(*columns)))
    chances = {line.digest: line.first_probability for line in found.cameras}
    assert chances["c2"] is None and chances["c0"] + chances["c1"] == pytest.approx(1)


def test_few_episodes_make_a_provisional_order():
    found = rate(play(draw(3, 3, 4)))
    assert "provisional" in find_limit("camera", found.cameras)
    assert find_limit("camera", rate(play(draw(3, 3, 20))).cameras) == ""


def test_agents_that_never_met_on_one_seed_cannot_be_ranked():
    found = rate(play(draw(2, 2, 10), drop={(0, 0), (1, 1)}))
    assert "none can be ranked" in find_limit("camera", found.cameras)


@pytest.mark.parametrize("reward", [np.zeros((2, 3, 2)), np.zeros((2, 3, 20)), np.ones((3, 3, 4))])
def test_ties_everywhere_give_no_interval_without_width(reward):
    found = rate(play(reward))
    assert found.nash.value_lower is None and found.nash.nash_conv_lower is None
    assert found.cyclicity.interval is None and not found.cyclicity.misleads and not found.cyclicity.is_small
    assert all(line.nash_support is None for line in (*found.cameras, *found.targets))


def test_a_cyclicity_that_may_be_anything_is_said_to_be_open():
    found = rate(play(draw(3, 3, 4))).cyclicity
    assert found.interval[1] > 0.1 and not found.is_small
    assert "open" in found.describe()


def test_two_episodes_of_few_pairings_give_cyclicity_no_interval():
    found = rate(play(draw(2, 2, 2))).cyclicity
    assert found.interval is None and not found.misleads and not found.is_small


def test_a_cyclicity_without_errors_does_not_mislead():
    lone = play(np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], dtype=float)[:, :, None])
    found = cyclicity(lone)
    assert found.interval is None and not found.misleads


def test_differences_that_are_all_alike_have_no_interval():
    pairs = Pairs(np.zeros(2, int), np.arange(2), np.full(2, 0.3), np.full(2, 0.1))
    found = compare(pairs)
    assert found.difference.value == pytest.approx(0.2)
    assert found.difference.lower is None and found.difference.sign == 0
    assert found.better.lower < 0.5 < found.better.upper
