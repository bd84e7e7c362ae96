"""Random draws of agents: in range, addressed by key and step, and the same in kernels and in objects."""

from collections import Counter

import numpy as np
import pytest

from mate.agents.draws import EpisodeDraws, agent_key
from mate.streams import derive


def draw_many(name, *arguments, count=2000):
    draws, values = EpisodeDraws(5), []
    for step in range(count):
        draws.step = step
        values.append(getattr(draws, name)(*arguments))
    return values


def test_a_draw_depends_on_key_and_step_alone():
    draws, again = EpisodeDraws(5), EpisodeDraws(5)
    draws.step = again.step = 17
    again.happens(0.5)
    again.guess([0, 1, 2])
    np.testing.assert_array_equal(draws.sample(np.ones(2)), again.sample(np.ones(2)))
    again.step = 18
    assert (draws.sample(np.ones(2)) != again.sample(np.ones(2))).all()


def test_an_agents_key_is_derived_from_its_teams():
    assert agent_key(9, 3) == derive(9, 3) != agent_key(9, 4)


def test_samples_fill_their_box():
    samples = np.array(draw_many("sample", np.array([5.0, 2.5])))
    assert (np.abs(samples) <= [5.0, 2.5]).all()
    assert samples.min(axis=0) == pytest.approx([-5.0, -2.5], rel=0.02)
    assert samples.mean(axis=0) == pytest.approx([0.0, 0.0], abs=0.3)


def test_events_happen_as_often_as_they_should():
    assert np.mean(draw_many("happens", 0.05)) == pytest.approx(0.05, abs=0.02)
    assert not any(draw_many("happens", 0.0)) and all(draw_many("happens", 1.0))


def test_guesses_are_options_and_delays_lie_in_their_range():
    assert set(draw_many("guess", [0, 2, 3])) == {0, 2, 3}
    assert set(draw_many("delay", 1, 6, 50)) == set(range(6, 50))
    speeds = draw_many("speed", 0.4)
    assert min(speeds) >= 0.0 and max(speeds) < 0.4


def test_first_goals_and_directions_take_all_values():
    draws = [EpisodeDraws(key) for key in range(200)]
    assert {draw.first_goal(4) for draw in draws} == {0, 1, 2, 3}
    assert {draw.direction() for draw in draws} == {-1, 1}


@pytest.mark.parametrize("size", [1, 2, 4, 8, 9, 20])
def test_orders_are_permutations(size):
    orders = EpisodeDraws(1).orders(32, size)
    assert (np.sort(orders, axis=1) == np.arange(size)).all()
    assert size < 8 or len(np.unique(orders, axis=0)) == 32


def test_all_orders_of_four_come_up_alike():
    counts = Counter(tuple(order) for order in np.concatenate(draw_many("orders", 32, 4, count=300)).tolist())
    assert len(counts) == 24
    assert max(abs(count - 400.0) for count in counts.values()) < 100.0
