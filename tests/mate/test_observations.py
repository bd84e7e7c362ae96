"""Relative coordinates, rescaling and splitting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mate
from mate.layout import coordinate_mask_of, observation_slices_of, observation_space_of
from mate.messages import Team
from mate.observations import convert_coordinates, normalize_observation, rescale_observation, split_observation

SIZES = (4, 8, 9)


@pytest.fixture(scope="module")
def observations():
    env = mate.MultiAgentTracking("MATE-4v8-9")
    return dict(zip(Team, env.reset(seed=3), strict=True))


@pytest.mark.parametrize("team", list(Team))
def test_q28_relative_coordinates_move_visible_records_only(team, observations):
    raw = observations[team]
    relative = convert_coordinates(raw, team, *SIZES)
    slices = observation_slices_of(team, *SIZES)
    assert np.array_equal(relative[:, slices["self_state"]], raw[:, slices["self_state"]])
    assert np.array_equal(relative[:, 4:12], raw[:, 4:12] - np.tile(raw[:, 13:15], 4))
    hidden = raw[:, slices["opponent_mask"]] == 0
    start, stride = slices["opponent_states_with_mask"].start, slices["opponent_mask"].step
    assert hidden.any()
    assert (relative[:, start : slices["opponent_states_with_mask"].stop : stride][hidden] == 0).all()
    unmarked = ~coordinate_mask_of(team, *SIZES)
    assert np.array_equal(relative[:, unmarked], raw[:, unmarked])


def test_q28_the_own_record_among_the_teammates_becomes_the_origin(observations):
    relative = convert_coordinates(observations[Team.TARGET], Team.TARGET, *SIZES)
    start = observation_slices_of(Team.TARGET, *SIZES)["teammate_states_with_mask"].start
    for index, row in enumerate(relative):
        assert row[start + 5 * index : start + 5 * index + 2].tolist() == [0.0, 0.0]


def test_q27_rescaling_shifts_hidden_records_too(observations):
    raw = observations[Team.CAMERA]
    rescaled = rescale_observation(raw, Team.CAMERA, *SIZES)
    assert np.array_equal(rescaled[:, :4], raw[:, :4])
    assert rescaled[:, 12].tolist() == pytest.approx([-0.85] * 4)
    camera, target = np.argwhere(raw[:, observation_slices_of(Team.CAMERA, *SIZES)["opponent_mask"]] == 0)[0]
    record = rescaled[camera, 22 + 5 * target : 27 + 5 * target]
    assert record.tolist() == [0.0, 0.0, -1.0, 0.0, 0.0]


@pytest.mark.parametrize("team", list(Team))
def test_transforms_take_one_observation_and_leave_additional_columns_alone(team, observations):
    raw = observations[team][1]
    extended = np.concatenate([raw, [7.0, -8.0]])
    for transform in (convert_coordinates, rescale_observation):
        result = transform(extended, team, *SIZES)
        assert np.array_equal(result[:-2], transform(raw, team, *SIZES))
        assert result[-2:].tolist() == [7.0, -8.0]
        assert np.array_equal(extended[:-2], raw)


def test_q28_both_transforms_commute_up_to_rounding(observations):
    raw = observations[Team.TARGET]
    one = rescale_observation(convert_coordinates(raw, Team.TARGET, *SIZES), Team.TARGET, *SIZES)
    other = convert_coordinates(rescale_observation(raw, Team.TARGET, *SIZES), Team.TARGET, *SIZES)
    assert np.allclose(one, other, atol=1e-12)


def test_the_additional_mask_keeps_entries_from_being_scaled():
    space = mate.OBSTACLE_STATE_SPACE
    result = normalize_observation(np.array([100.0, -100.0, 50.0]), space, np.array([True, False, True]))
    assert result.tolist() == pytest.approx([0.05, 1900.0, -0.9])


@given(st.integers(0, 3), st.integers(1, 4), st.integers(0, 3), st.sampled_from(list(Team)), st.data())
def test_bounded_observations_rescale_into_the_unit_interval(cameras, targets, obstacles, team, data):
    space = observation_space_of(team, cameras, targets, obstacles)
    is_bounded = np.isfinite(space.high)
    share = data.draw(st.floats(0, 1))
    high = np.where(is_bounded, space.high, 10.0)
    rescaled = rescale_observation(space.low + share * (high - space.low), team, cameras, targets, obstacles)
    assert np.abs(rescaled[is_bounded]).max() <= 1 + 1e-12


def test_splitting_gives_the_five_parts_of_one_or_several_observations(observations):
    parts = split_observation(observations[Team.CAMERA], Team.CAMERA, *SIZES)
    assert [part.shape for part in parts] == [(4, 13), (4, 9), (4, 40), (4, 36), (4, 28)]
    assert [part.shape for part in split_observation(observations[Team.TARGET][0], Team.TARGET, *SIZES)][1] == (14,)


def test_splitting_demands_the_exact_length(observations):
    with pytest.raises(AssertionError, match="126"):
        split_observation(observations[Team.CAMERA][:, :-1], Team.CAMERA, *SIZES)
