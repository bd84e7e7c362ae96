"""Choices of targets, and the law that aims at them, for many cameras at once."""

import numpy as np
import pytest

from mate.batched.selections import (
    aim_at_targets,
    count_selections,
    execute_selections,
    mask_choices,
    selection_table,
    visible_targets,
)
from mate.engine import Batch
from mate.scenario import Scenario


def test_selection_tables_have_a_row_for_each_choice() -> None:
    one = selection_table("one", 3)
    assert one.tolist() == [[True, False, False], [False, True, False], [False, False, True], [False] * 3]
    subset = selection_table("subset", 3)
    assert subset[1].tolist() == [False, False, True] and subset[4].tolist() == [True, False, False]
    assert subset.sum() == 12 and len({tuple(row) for row in subset.tolist()}) == 8


def observe(targets: list) -> np.ndarray:
    """One camera at the origin, looking along x with 90 degrees and range 500 of 1000, steps 5 and 2.5."""
    observation = np.zeros(22 + 5 * len(targets))
    observation[13:22] = 0, 0, 40, 500, 0, 90, 1000, 5, 2.5
    observation[22:] = np.ravel(targets)
    return observation[np.newaxis, np.newaxis]


def execute(targets: list, selected: list[bool]) -> list[float]:
    actions = np.full((1, 1, 2), np.nan)
    execute_selections(observe(targets), np.array([[selected]]), np.array([True]), actions)
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
    execute_selections(observe([[1, 1, 1, 0, 1]]), np.array([[[True]]]), np.array([False]), actions)
    assert actions.tolist() == [[[9.0, 9.0]]]


def test_aiming_by_observation_and_by_the_world_are_the_same_bits() -> None:
    batch = Batch(Scenario.load("MATE-4v8-9"), 16)
    batch.reset(np.arange(16))
    observations, _ = batch.observe()
    selections = np.random.default_rng(0).random((16, 4, 8)) < 0.5
    actions, active = np.empty((16, 4, 2)), np.ones(16, bool)
    execute_selections(observations, selections, active, actions)
    visible = visible_targets(observations, 8)
    assert (visible == batch.camera_target_view_mask).all()
    for slot in range(16):
        own, alone = np.ascontiguousarray(observations[slot, :, 13:22]), np.empty((4, 2))
        aim_at_targets(own, batch.target_location[slot], selections[slot] & visible[slot], alone)
        assert alone.tobytes() == actions[slot].tobytes()


def test_masks_allow_what_is_visible_and_to_choose_nothing() -> None:
    visible = np.array([[True, False]])
    assert mask_choices("many", visible).tolist() == [[True, True, True, False]]
    assert mask_choices("one", visible).tolist() == [[True, False, True]]


def test_selections_are_counted_by_whether_they_are_visible() -> None:
    counts = count_selections(np.array([[True, True, False], [False] * 3]), np.array([[True, False, True]] * 2))
    assert {name: values.tolist() for name, values in counts.items()} == {
        "num_selected_targets": [2, 0],
        "num_valid_selected_targets": [1, 0],
        "num_invalid_selected_targets": [1, 0],
        "invalid_target_selection_rate": [0.5, 0.0],
    }
