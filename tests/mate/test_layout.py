"""Where values lie in observations, and between which bounds."""

import numpy as np
import pytest

import mate
from mate.layout import (
    camera_observation_slices_of,
    coordinate_mask_of,
    observation_indices_of,
    observation_slices_of,
    observation_space_of,
    state_space_of,
    target_observation_space_of,
)
from mate.messages import Team

SIZES = (4, 8, 9)


def test_the_dimensions_of_the_default_preset():
    assert observation_space_of(Team.CAMERA, *SIZES).shape == (126,)
    assert target_observation_space_of(*SIZES).shape == (131,)
    assert state_space_of(*SIZES).shape == (220,)


def test_indices_are_the_cumulative_starts_of_the_five_parts():
    assert observation_indices_of(Team.CAMERA, *SIZES).tolist() == [0, 13, 22, 62, 98, 126]
    assert observation_indices_of(Team.TARGET, *SIZES).tolist() == [0, 13, 27, 55, 91, 131]


def test_mask_slices_pick_the_flags_only():
    observation = np.arange(126.0)
    slices = camera_observation_slices_of(*SIZES)
    assert observation[slices["opponent_mask"]].tolist() == [26.0 + 5 * i for i in range(8)]
    assert observation[slices["obstacle_mask"]].tolist() == [65.0 + 4 * i for i in range(9)]
    assert observation[slices["teammate_mask"]].tolist() == [104.0 + 7 * i for i in range(4)]


def test_slices_of_a_team_cover_an_observation_without_gaps():
    slices = observation_slices_of(Team.TARGET, *SIZES)
    names = ["preserved_data", "self_state", "opponent_states_with_mask", "obstacle_states_with_mask"]
    names.append("teammate_states_with_mask")
    bounds = [(slices[name].start, slices[name].stop) for name in names]
    assert bounds == [(0, 13), (13, 27), (27, 55), (55, 91), (91, 131)]


def test_the_own_private_state_is_no_coordinate():
    mask = coordinate_mask_of(Team.CAMERA, *SIZES)
    assert not mask[13:22].any()
    assert mask[4:12].all()
    assert mask.sum() == 8 + 2 * (8 + 9 + 4)


@pytest.mark.parametrize(
    "name", ["observation_space_of", "observation_indices_of", "observation_slices_of", "coordinate_mask_of"]
)
def test_layout_functions_are_memoised(name):
    function = getattr(mate, name)
    assert function(Team.TARGET, 2, 4, 0) is function(Team.TARGET, 2, 4, 0)


def test_upstreams_module_of_constants_has_spaces_and_layout():
    from mate import constants

    assert constants.PRESERVED_SPACE.shape == (13,)
    assert constants.camera_coordinate_mask_of is mate.camera_coordinate_mask_of
    assert mate.CAMERA_DEFAULT_ACTION.tolist() == [0.0, 0.0]
    assert mate.TERRAIN_SPACE.high.tolist() == [1000.0, 1000.0]


def test_spaces_without_opponents_or_obstacles_exist():
    assert observation_space_of(Team.TARGET, 0, 1, 0).shape == (27 + 5,)
