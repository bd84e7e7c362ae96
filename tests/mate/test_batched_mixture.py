"""A mixture over a batch plays each episode with one of its members, drawn from the episode's key."""

import numpy as np
import pytest

from mate.agents.batched import BatchedMixture, make
from mate.agents.batched.mixture import MEMBER
from mate.engine import Batch
from mate.scenario import Scenario
from mate.streams import derive

SCENARIO = Scenario.load("MATE-2v4-0")


class Constant:
    """A team whose members always take the same action, and that records its slots."""

    def __init__(self, value):
        self.value, self.slots, self.keys = value, [], []

    def reset(self, slots, keys, observations):
        self.slots.extend(slots.tolist())
        self.keys.extend(int(key) for key in keys)

    def act(self, observations, actions, active):
        actions[active] = self.value


def observe(size):
    batch = Batch(SCENARIO, size)
    batch.reset(np.arange(size))
    batch.observe()
    return batch.camera_observation.copy()


def begin(mixture, size, keys=None):
    observations = observe(size)
    keys = np.arange(size, dtype=np.uint64) if keys is None else keys
    mixture.reset(np.arange(size), keys, observations)
    return observations


def test_each_slot_is_played_by_its_member_alone():
    members = [Constant(1.0), Constant(2.0), Constant(3.0)]
    mixture = BatchedMixture(members, [1.0, 1.0, 1.0])
    observations, actions = begin(mixture, 40), np.zeros((40, 2, 2))
    active = np.arange(40) % 5 != 0
    mixture.act(observations, actions, active)
    expected = np.where(active, mixture.chosen + 1.0, 0.0)
    np.testing.assert_array_equal(actions, np.broadcast_to(expected[:, None, None], actions.shape))
    assert sorted(slot for member in members for slot in member.slots) == list(range(40))
    assert len(set(mixture.chosen)) == 3


def test_members_are_chosen_as_often_as_they_weigh():
    mixture = BatchedMixture([Constant(1.0), Constant(2.0)], [3.0, 1.0])
    begin(mixture, 2000)
    assert 0.7 < (mixture.chosen == 0).mean() < 0.8


def test_the_choice_depends_on_the_key_alone():
    keys = np.arange(50, dtype=np.uint64)
    mixture, other = (BatchedMixture([Constant(1.0), Constant(2.0)]) for _ in range(2))
    begin(mixture, 50, keys)
    begin(other, 50, keys[::-1].copy())
    np.testing.assert_array_equal(mixture.chosen, other.chosen[::-1])


def test_a_member_plays_as_it_would_alone_with_the_derived_key():
    mixture, greedy = BatchedMixture([make("greedy", "camera", SCENARIO, 3)]), make("greedy", "camera", SCENARIO, 3)
    observations = begin(mixture, 3)
    keys = np.array([derive(key, MEMBER) for key in range(3)], np.uint64)
    greedy.reset(np.arange(3), keys, observations)
    mixed, alone = np.zeros((3, 2, 2)), np.zeros((3, 2, 2))
    for _ in range(30):
        mixture.act(observations, mixed, np.ones(3, bool))
        greedy.act(observations, alone, np.ones(3, bool))
        np.testing.assert_array_equal(mixed, alone)


def test_mixtures_within_mixtures_choose_independently():
    inner = [BatchedMixture([Constant(1.0), Constant(2.0)]), BatchedMixture([Constant(3.0), Constant(4.0)])]
    mixture, actions = BatchedMixture(inner), np.zeros((200, 2, 2))
    mixture.act(begin(mixture, 200), actions, np.ones(200, bool))
    assert set(np.unique(actions)) == {1.0, 2.0, 3.0, 4.0}


def test_weights_as_solvers_leave_them_are_clipped_and_normalised():
    """Q54"""
    mixture = BatchedMixture([Constant(1.0), Constant(2.0), Constant(3.0)], [-1e-12, 2.0, 2.0])
    begin(mixture, 100)
    assert set(mixture.chosen) == {1, 2}
    np.testing.assert_array_equal(mixture.weights, [0.0, 0.5, 0.5])


@pytest.mark.parametrize("weights", [[1.0], [0.0, 0.0], [-1.0, -2.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_weights_that_choose_nothing_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        BatchedMixture([Constant(1.0), Constant(2.0)], weights)


def test_a_mixture_of_nothing_is_refused():
    with pytest.raises(ValueError, match="0 members"):
        BatchedMixture([])
