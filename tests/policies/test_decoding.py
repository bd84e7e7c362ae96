"""From outputs to actions of the game."""

import numpy as np

from policies import decoding


def choose(outputs: list[float], width: int) -> list[int]:
    choices = np.empty((1, len(outputs) // width), np.int64)
    decoding.choose_best(np.array([outputs], np.float32), width, choices)
    return choices[0].tolist()


def test_the_first_of_equal_outputs_is_chosen() -> None:
    assert choose([1, 3, 3, 2], 4) == [1]
    assert choose([0, 0, 1, 2, 5, -5], 2) == [0, 1, 0]


def test_selections_are_read_from_choices_as_the_action_says() -> None:
    assert decoding.selections_of("select-many", 2, np.array([[1, 0]])).tolist() == [[True, False]]
    assert decoding.selections_of("select-one", 2, np.array([[1], [2]])).tolist() == [[False, True], [False, False]]
    assert decoding.selections_of("select-subset", 2, np.array([[2]])).tolist() == [[True, False]]


def sample(logits: list[float], width: int, count: int = 20_000) -> np.ndarray:
    outputs = np.tile(np.array(logits, np.float32), (count, 1))
    choices = np.empty((count, len(logits) // width), np.int64)
    keys, agents = np.full(count, 99, np.uint64), np.zeros(count, np.int64)
    decoding.choose_by_logits(outputs, width, keys, agents, np.arange(count), choices)
    return choices


def test_sampling_follows_the_softmax() -> None:
    logits = [0.0, 1.0, -1.0, 0.5]
    shares = np.bincount(sample(logits, 4)[:, 0], minlength=4) / 20_000
    expected = np.exp(logits) / np.exp(logits).sum()
    assert np.abs(shares - expected).max() < 4 * 0.5 / np.sqrt(20_000)


def test_parts_of_a_multiple_choice_are_sampled_independently() -> None:
    first, second = sample([0, 0, 0, 0], 2).T
    assert abs((first == second).mean() - 0.5) < 0.02 and abs(first.mean() - 0.5) < 0.02


def test_an_impossible_choice_is_never_sampled() -> None:
    assert set(sample([-np.inf, 0.0, -1e30, 1.0], 4, 2000)[:, 0].tolist()) == {1, 3}


def test_values_are_maximised_except_in_a_fraction_of_the_decisions() -> None:
    count = 20_000
    outputs = np.tile(np.array([0, 5, 1, 2], np.float32), (count, 1))
    choices = np.empty((count, 1), np.int64)
    keys, agents = np.full(count, 7, np.uint64), np.zeros(count, np.int64)
    decoding.choose_by_values(outputs, 0.4, keys, agents, np.arange(count), choices)
    shares = np.bincount(choices[:, 0], minlength=4) / count
    assert np.abs(shares - [0.1, 0.7, 0.1, 0.1]).max() < 0.015


def box_actions(outputs: list[float], deterministic: bool, count: int = 20_000) -> np.ndarray:
    rows = np.tile(np.array(outputs, np.float32), (count, 1))
    bounds = np.tile([10.0, 4.0], (count, 1))
    actions = np.empty((count, 2))
    keys, agents = np.full(count, 3, np.uint64), np.zeros(count, np.int64)
    decoding.decode_box(rows, bounds, deterministic, keys, agents, np.arange(count), actions)
    return actions


def test_a_gaussian_is_scaled_to_the_bounds_and_cut_there() -> None:
    assert box_actions([0.5, -3.0, 0.0, 0.0], True, 1)[0].tolist() == [5.0, -4.0]
    sampled = box_actions([0.1, -0.2, np.log(0.1), np.log(0.2)], False)
    assert np.abs(sampled.mean(axis=0) - [1.0, -0.8]).max() < 0.05
    assert np.abs(sampled.std(axis=0) - [1.0, 0.8]).max() < 0.05
    assert (np.abs(box_actions([0, 0, 30, 30], False)) <= [10, 4]).all()
