"""Batches: episodes depend only on their seed and actions."""

import numpy as np
import pytest

import mate.engine
from mate.engine import Batch, episode
from mate.scenario import Scenario
from mate.streams import derive

PRESETS = ("MATE-4v8-9", "MATE-1v1-9", "MATE-Navigation", "MATE-2v4-0")


def play(batch: Batch, steps: int, seed: int = 0, slots=None, observe: bool = False) -> None:
    """Play random actions that depend only on each slot's key and step."""
    keys = batch.key.tolist()
    generators = [np.random.default_rng([seed, key]) for key in keys]
    for _ in range(steps):
        rows = [rng.uniform(-1, 1, (batch.scenario.num_cameras + batch.scenario.num_targets, 2)) for rng in generators]
        actions = np.array(rows)
        cut = batch.scenario.num_cameras
        active = None if slots is None else np.isin(np.arange(batch.size), slots)
        batch.step(actions[:, :cut] * 5.0, actions[:, cut:] * 20.0, active)
        if observe:
            batch.observe()


def snapshot(batch: Batch, slot: int) -> dict[str, np.ndarray]:
    return {name: view[slot].copy() for name, view in batch.world._asdict().items()}


def assert_same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    for name, values in a.items():
        np.testing.assert_array_equal(values, b[name], err_msg=name)


@pytest.mark.parametrize("preset", PRESETS)
def test_an_episode_is_the_same_in_any_slot_of_any_batch(preset):
    scenario = Scenario.load(preset)
    alone, together = Batch(scenario, 1), Batch(scenario, 5)
    alone.reset([77])
    together.reset([1, 2, 3, 77, 4])
    assert_same(snapshot(alone, 0), snapshot(together, 3))
    play(alone, 60)
    play(together, 60, observe=True)
    assert_same(snapshot(alone, 0), snapshot(together, 3))
    assert alone.digest[0] == together.digest[3]
    for ours, theirs in zip(alone.observe(), together.observe(), strict=True):
        np.testing.assert_array_equal(ours[0], theirs[3])
    np.testing.assert_array_equal(alone.state()[0], together.state()[3])


def test_resetting_a_slot_leaves_the_others_alone():
    batch = Batch(Scenario.load("MATE-4v2-9"), 3)
    batch.reset([1, 2, 3])
    play(batch, 5)
    before = snapshot(batch, 0), snapshot(batch, 2)
    batch.reset([9], slots=[1])
    assert_same(snapshot(batch, 0), before[0])
    assert_same(snapshot(batch, 2), before[1])
    fresh = Batch(batch.scenario, 1)
    fresh.reset([9])
    assert_same(snapshot(batch, 1), snapshot(fresh, 0))


def test_a_reset_forgets_the_previous_episode():
    batch = Batch(Scenario.load("MATE-2v4-9"), 1)
    batch.reset([5])
    first = snapshot(batch, 0)
    play(batch, 30)
    batch.transmit_given[:] = 1
    batch.reset([5])
    assert_same(snapshot(batch, 0), first)


def test_inactive_slots_stay_as_they_are_whatever_their_actions():
    batch = Batch(Scenario.load("MATE-4v2-9"), 2)
    batch.reset([1, 2])
    before = snapshot(batch, 1)
    cameras, targets = np.zeros((2, 4, 2)), np.ones((2, 2, 2))
    cameras[1], targets[1] = np.nan, np.inf
    batch.step(cameras, targets, [True, False])
    assert_same(snapshot(batch, 1), before)
    assert batch.episode_step.tolist() == [1, 0]


def test_different_seeds_give_different_episodes():
    batch = Batch(Scenario.load("MATE-4v8-9"), 50)
    batch.reset(np.arange(50))
    assert len({tuple(row.ravel().tolist()) for row in batch.target_location}) == 50
    assert len(set(batch.digest.tolist())) == 50


def test_the_digest_tells_trajectories_apart():
    batch = Batch(Scenario.load("MATE-2v2-0"), 2)
    batch.reset([3, 3])
    assert batch.digest[0] == batch.digest[1]
    targets = np.zeros((2, 2, 2))
    targets[1, 0, 0] = 1e-9
    batch.step(np.zeros((2, 2, 2)), targets)
    assert batch.digest[0] != batch.digest[1]


def test_seeds_are_any_64_bit_numbers():
    batch = Batch(Scenario.load("MATE-1v1-0"), 2)
    batch.reset([2**64 - 1, derive(1, 2)])
    assert batch.key.tolist() == [2**64 - 1, derive(1, 2)]
    with pytest.raises(ValueError, match="Seeds"):
        batch.reset([-1, 2**64])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("error", [AssertionError, ValueError])
def test_actions_that_are_not_finite_are_refused_and_change_nothing(bad, error):
    batch = Batch(Scenario.load("MATE-2v2-0"), 2)
    batch.reset([1, 2])
    before = snapshot(batch, 0)
    targets = np.zeros((2, 2, 2))
    targets[1, 1, 1] = bad
    with pytest.raises(error):
        batch.step(np.ones((2, 2, 2)), targets)
    assert_same(snapshot(batch, 0), before)


def test_wrong_numbers_of_anything_are_refused():
    batch = Batch(Scenario.load("MATE-2v2-0"), 2)
    batch.reset([1, 2])
    with pytest.raises(ValueError, match="reshape"):
        batch.step(np.zeros((2, 2, 2)), np.zeros((2, 3, 2)))
    with pytest.raises(ValueError, match="active"):
        batch.step(np.zeros((2, 2, 2)), np.zeros((2, 2, 2)), [True])
    with pytest.raises(ValueError, match="one seed"):
        batch.reset([1, 2, 3])
    with pytest.raises(ValueError, match="Slots"):
        batch.reset([1], slots=[2])
    with pytest.raises(ValueError, match="at least one"):
        Batch(batch.scenario, 0)


def test_actions_may_be_any_array_like_of_the_right_size():
    batch = Batch(Scenario.load("MATE-2v2-0"), 1)
    twin = Batch(batch.scenario, 1)
    for one in (batch, twin):
        one.reset([1])
    batch.step(np.ones((1, 2, 2), np.float32), [1, 2, 3, 4])
    frozen = np.array([[[1.0, 2.0], [3.0, 4.0]]])
    frozen.flags.writeable = False
    twin.step(np.ones((2, 1, 2)).transpose(1, 0, 2), frozen)
    assert batch.digest[0] == twin.digest[0]


def test_no_scenario_or_argument_compiles_a_kernel_twice():
    mate.engine.warm()
    for preset in PRESETS:
        for size in (1, 3):
            batch = Batch(Scenario.load(preset), size)
            batch.reset(np.arange(size))
            play(batch, 1, observe=True)
    for compiled in (episode.reset, episode.step, episode.write_states, episode.refresh):
        assert len(compiled.signatures) == 1
    assert len(episode.observe.signatures) == 2  # float64 and float32


def test_an_episode_in_flight_is_small():
    batch = Batch(Scenario.load("MATE-4v8-9"), 100)
    arrays = [*batch._buffers, batch.camera_observation, batch.target_observation]
    assert sum(array.nbytes for array in arrays) / 100 < 20_000


def test_views_do_not_overlap():
    batch = Batch(Scenario.load("MATE-4v4-9"), 2)
    views = list(batch.world._asdict().items())
    for i, (name, view) in enumerate(views):
        for other, twin in views[:i]:
            assert not np.shares_memory(view, twin), (name, other)
