"""Generalised advantage estimation over fragments."""

import numpy as np
import pytest

from training.advantages import estimate


def returns(rewards, last_value, gamma):
    """Discounted sums from every decision on, one by one."""
    following, sums = last_value, []
    for reward in reversed(rewards):
        following = reward + gamma * following
        sums.append(following)
    return np.array(sums[::-1])


def flags(length, *positions):
    array = np.zeros((length, 1), bool)
    array[list(positions)] = True
    return array


def test_lambda_one_gives_returns_less_values() -> None:
    rewards, values = np.array([[1.0], [2.0], [3.0]]), np.array([[0.5], [0.1], [0.2], [4.0]])
    advantages = estimate(rewards, values, flags(3), flags(3, 2), 0.9, 1.0)
    assert advantages[:, 0] == pytest.approx(returns([1, 2, 3], 4.0, 0.9) - values[:3, 0])


def test_lambda_zero_looks_one_decision_ahead() -> None:
    rewards, values = np.array([[1.0], [2.0]]), np.array([[0.5], [0.1], [4.0]])
    advantages = estimate(rewards, values, flags(2), flags(2, 1), 0.9, 0.0)
    assert advantages[:, 0] == pytest.approx([1 + 0.9 * 0.1 - 0.5, 2 + 0.9 * 4 - 0.1])


def test_nothing_follows_a_terminal_decision() -> None:
    rewards, values = np.array([[1.0], [2.0], [3.0]]), np.full((4, 1), 10.0)
    advantages = estimate(rewards, values, flags(3, 1), flags(3, 1, 2), 0.9, 1.0)
    assert advantages[:2, 0] == pytest.approx(returns([1, 2], 0.0, 0.9) - 10.0)


def test_an_episode_that_is_cut_goes_on_in_the_critics_estimate() -> None:
    rewards, values = np.array([[1.0], [2.0], [3.0]]), np.array([[0.0], [0.0], [7.0], [0.0]])
    advantages = estimate(rewards, values, flags(3), flags(3, 1, 2), 0.9, 1.0)
    assert advantages[:2, 0] == pytest.approx(returns([1, 2], 7.0, 0.9))
