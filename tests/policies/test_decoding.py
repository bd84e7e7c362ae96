"""From outputs to actions of the game."""

import numpy as np
import pytest

from policies import decoding


def choose(outputs: list[float], width: int) -> list[int]:
    choices = np.empty((1, len(outputs) // width), np.int64)
    decoding.choose_best(np.array([outputs], np.float32), width, choices)
    return choices[0].tolist()


def test_the_first_of_equal_outputs_is_chosen() -> None:
    assert choose([1, 3, 3, 2], 4) == [1]
    assert choose([0, 0, 1, 2, 5, -5], 2) == [0, 1, 0]


def test_a_cameras_grid_runs_fastest_along_rotation() -> None:
    table = decoding.action_table("camera", 5)
    assert table[0].tolist() == [-1, -1] and table[1].tolist() == [-0.5, -1] and table[5].tolist() == [-1, -0.5]
    assert table[12].tolist() == [0, 0] and table[24].tolist() == [1, 1]


@pytest.mark.parametrize("levels", [2, 3, 5, 8])
def test_a_targets_grid_lies_in_the_disc_with_its_border_on_the_circle(levels: int) -> None:
    square, disc = decoding.action_table("camera", levels), decoding.action_table("target", levels)
    lengths = np.hypot(*disc.T)
    on_border = np.abs(square).max(axis=1) == 1
    assert np.allclose(lengths[on_border], 1) and (lengths <= 1 + 1e-12).all()
    assert np.allclose(square[:, 0] * disc[:, 1], square[:, 1] * disc[:, 0])  # each point keeps its direction


def test_selection_tables_have_a_row_for_each_choice() -> None:
    one = decoding.selection_table("select-one", 3)
    assert one.tolist() == [[True, False, False], [False, True, False], [False, False, True], [False] * 3]
    subset = decoding.selection_table("select-subset", 3)
    assert subset[1].tolist() == [False, False, True] and subset[4].tolist() == [True, False, False]
    assert subset.sum() == 12 and len({tuple(row) for row in subset.tolist()}) == 8


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


def observe(targets: list) -> np.ndarray:
    """One camera at the origin, looking along x with 90 degrees and range 500 of 1000, steps 5 and 2.5."""
    observation = np.zeros(22 + 5 * len(targets))
    observation[13:22] = 0, 0, 40, 500, 0, 90, 1000, 5, 2.5
    observation[22:] = np.ravel(targets)
    return observation[np.newaxis, np.newaxis]


def execute(targets: list, selected: list[bool]) -> list[float]:
    actions = np.full((1, 1, 2), np.nan)
    decoding.execute_selections(observe(targets), np.array([[selected]]), np.array([True]), actions)
    return actions[0, 0].tolist()


def test_without_a_selected_target_in_sight_a_camera_turns_clockwise_and_zooms_in() -> None:
    assert execute([[100, 100, 50, 0, 1]], [False]) == [-5.0, -2.5]
    assert execute([[100, 100, 50, 0, 0]], [True]) == [-5.0, -2.5]


def test_a_camera_aims_at_the_mean_of_the_selected_targets_in_sight() -> None:
    seen_above, seen_below, unseen = [300, 310, 50, 0, 1], [300, -290, 50, 0, 1], [-900, -900, 50, 0, 0]
    rotation, _ = execute([seen_above, seen_below, unseen], [True, True, True])
    assert rotation == pytest.approx(np.degrees(np.arctan2(10, 300)))
    assert execute([seen_above, seen_below, unseen], [True, False, False])[0] == 5.0
    assert execute([seen_above, seen_below, unseen], [False, True, True])[0] == -5.0


def test_inactive_episodes_are_left_alone() -> None:
    actions = np.full((1, 1, 2), 9.0)
    decoding.execute_selections(observe([[1, 1, 1, 0, 1]]), np.array([[[True]]]), np.array([False]), actions)
    assert actions.tolist() == [[[9.0, 9.0]]]
