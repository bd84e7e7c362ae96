"""Poses as choices: the poses that cameras reach by them."""

import numpy as np
import pytest

from mate.agents.laws.aim import orientation_of
from mate.batched.team_play import Layers, TeamPlay
from mate.messages import Team
from mate.scenario import Scenario
from mate.sizes import OTHER_POSES, POSES_OF_TARGET
from tests.mate.opponents import BatchedDrift

LAST = POSES_OF_TARGET * 4


def start(**layers: object) -> TeamPlay:
    """One episode of cameras that see every target at first."""
    scenario = Scenario.load("MATE-2v4-0", enhanced_observation="camera")
    play = TeamPlay(scenario, Team.CAMERA, BatchedDrift, 1, Layers(**layers))
    play.begin(np.array([0]), np.array([3], np.uint64))
    return play


def take(play: TeamPlay, choice: int, times: int = 1) -> np.ndarray:
    """The first camera's state (9,) after both cameras took a choice."""
    for _ in range(times):
        play.step(np.full((1, 2), choice), np.array([True]))
    return play.observation[0, 0, 13:22].copy()


def angle_to(own: np.ndarray, play: TeamPlay) -> float:
    """Degrees from the first camera's axis of view to the first target, anticlockwise."""
    x, y = play.batch.target_location[0, 0] - own[:2]
    return (np.degrees(np.arctan2(y, x)) - orientation_of(own) + 180) % 360 - 180


@pytest.mark.parametrize(("choice", "side"), [(0, 0.7), (1, 0.0), (2, -0.7), (3, 0.7), (4, 0.0), (5, -0.7)])
def test_a_pose_of_a_target_has_it_at_a_side_of_the_field_of_view(choice: int, side: float) -> None:
    play = start(selection="pose")
    own = take(play, choice, 150)
    assert angle_to(own, play) == pytest.approx(side * own[5] / 2, abs=3.0)


def test_a_wide_pose_reaches_a_little_further_than_the_target() -> None:
    play = start(selection="pose")
    own = take(play, 4, 150)
    distance = np.hypot(*(play.batch.target_location[0, 0] - own[:2]))
    reach = np.hypot(own[3], own[4])
    assert own[5] == 180 or reach == pytest.approx(min(1.1 * distance, own[6]), rel=0.05)
    narrow = take(start(selection="pose"), 1, 150)
    assert narrow[5] <= own[5]


def test_the_other_poses_stay_turn_and_zoom() -> None:
    before = start(selection="pose").observation[0, 0, 13:22].copy()
    assert np.array_equal(take(start(selection="pose"), LAST), before)
    for number in range(1, OTHER_POSES):
        after = take(start(selection="pose"), LAST + number)
        turned = (orientation_of(after) - orientation_of(before) + 180) % 360 - 180
        assert turned == pytest.approx(((number - 1) // 2 - 1) * before[7], abs=1e-6)
        assert np.sign(after[5] - before[5]) in (0, 1 if number % 2 == 0 else -1)


def test_a_camera_whose_target_is_out_of_sight_stays() -> None:
    play = start(selection="pose")
    play._own[..., 26] = 0.0
    before = play.observation[0, 0, 13:22].copy()
    assert np.array_equal(take(play, 1), before)


def test_a_relative_pose_is_reached_and_held() -> None:
    play = start(pose_levels=5, frame_skip=40)
    before = play.observation[0, 0, 13:22].copy()
    after = take(play, 4 + 5 * 2)
    turned = (orientation_of(after) - orientation_of(before)) % 360
    assert turned == pytest.approx(before[5] % 360, abs=1e-6) and after[5] == pytest.approx(before[5])
    zoomed = take(start(pose_levels=5, frame_skip=40), 2 + 5 * 0)
    assert zoomed[5] == pytest.approx(
        max(before[5] / 2, before[5] * np.hypot(before[3], before[4]) ** 2 / before[6] ** 2)
    )


def test_the_mask_allows_poses_of_targets_in_sight() -> None:
    play = start(selection="pose")
    play._own[0, 0, 26] = 0.0
    mask = play.action_mask()
    assert mask.shape == (1, 2, LAST + OTHER_POSES)
    assert not mask[0, 0, :POSES_OF_TARGET].any() and mask[0, 0, POSES_OF_TARGET:].all() and mask[0, 1].all()
