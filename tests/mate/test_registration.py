"""Environments by name, and the flat names of the package."""

import importlib
import sys

import pytest

import mate
from mate.registration import environment_ids

EXPORTS = [
    "make",
    "make_environment",
    "__version__",
    "agents",
    "constants",
    "environment",
    "utils",
    "wrappers",
    "ASSETS_DIR",
    "DEFAULT_CONFIG_FILE",
    "read_config",
    "EnvMeta",
    "MultiAgentTracking",
    "TERRAIN_SIZE",
    "TERRAIN_WIDTH",
    "TERRAIN_SPACE",
    "WAREHOUSES",
    "NUM_WAREHOUSES",
    "WAREHOUSE_RADIUS",
    "MAX_CAMERA_VIEWING_ANGLE",
    "TARGET_RADIUS",
    "PRESERVED_SPACE",
    "PRESERVED_DIM",
    "OBSERVATION_OFFSET",
    "CAMERA_STATE_DIM_PUBLIC",
    "CAMERA_STATE_SPACE_PUBLIC",
    "CAMERA_STATE_DIM_PRIVATE",
    "CAMERA_STATE_SPACE_PRIVATE",
    "TARGET_STATE_DIM_PUBLIC",
    "TARGET_STATE_SPACE_PUBLIC",
    "TARGET_STATE_DIM_PRIVATE",
    "TARGET_STATE_SPACE_PRIVATE",
    "OBSTACLE_STATE_DIM",
    "OBSTACLE_STATE_SPACE",
    "CAMERA_ACTION_DIM",
    "CAMERA_DEFAULT_ACTION",
    "TARGET_ACTION_DIM",
    "TARGET_DEFAULT_ACTION",
    "camera_observation_space_of",
    "target_observation_space_of",
    "observation_space_of",
    "camera_observation_indices_of",
    "target_observation_indices_of",
    "observation_indices_of",
    "camera_observation_slices_of",
    "target_observation_slices_of",
    "observation_slices_of",
    "camera_coordinate_mask_of",
    "target_coordinate_mask_of",
    "coordinate_mask_of",
    "seed_everything",
    "RAD2DEG",
    "DEG2RAD",
    "sin_deg",
    "cos_deg",
    "tan_deg",
    "arcsin_deg",
    "arccos_deg",
    "arctan2_deg",
    "cartesian2polar",
    "polar2cartesian",
    "normalize_angle",
    "Vector2D",
    "Team",
    "Message",
    "CameraAgentBase",
    "TargetAgentBase",
    "RandomCameraAgent",
    "RandomTargetAgent",
    "NaiveCameraAgent",
    "NaiveTargetAgent",
    "GreedyCameraAgent",
    "GreedyTargetAgent",
    "HeuristicCameraAgent",
    "HeuristicTargetAgent",
    "MixtureCameraAgent",
    "MixtureTargetAgent",
    "convert_coordinates",
    "normalize_observation",
    "rescale_observation",
    "split_observation",
    "CameraStatePublic",
    "CameraStatePrivate",
    "TargetStatePublic",
    "TargetStatePrivate",
    "ObstacleState",
    "EnhancedObservation",
    "SharedFieldOfView",
    "RescaledObservation",
    "RelativeCoordinates",
    "MoreTrainingInformation",
    "DiscreteCamera",
    "DiscreteTarget",
    "AuxiliaryCameraRewards",
    "AuxiliaryTargetRewards",
    "group_reset",
    "group_step",
    "group_observe",
    "group_communicate",
    "group_act",
    "MultiCamera",
    "SingleCamera",
    "MultiTarget",
    "SingleTarget",
    "MessageFilter",
    "RestrictedCommunicationRange",
    "RandomMessageDropout",
    "NoCommunication",
    "ExtraCommunicationDelays",
    "RenderCommunication",
    "RepeatedRewardIndividualDone",
    "WrapperMeta",
    "WrapperSpec",
]


@pytest.mark.parametrize("name", EXPORTS)
def test_upstreams_name_is_exported(name):
    assert hasattr(mate, name)
    assert name in mate.__all__


def test_upstreams_modules_have_their_names():
    assert importlib.import_module("mate.utils").Vector2D is mate.Vector2D
    assert importlib.import_module("mate.agents.base").AgentBase
    assert importlib.import_module("mate.environment").validate_config
    typing = importlib.import_module("mate.wrappers.typing")
    for name in ("AgentType", "BaseEnvironmentType", "MultiAgentEnvironmentType", "MateEnvironmentType"):
        assert hasattr(typing, name)
    assert mate.WrapperMeta is mate.EnvMeta


@pytest.mark.filterwarnings("ignore::mate.configuration.ConfigWarning")
@pytest.mark.parametrize(("name", "preset"), sorted(environment_ids().items()))
def test_every_registered_environment_can_be_made(name, preset):
    env = mate.make(name)
    assert env.DEFAULT_CONFIG_FILE == mate.DEFAULT_CONFIG_FILE
    expected = mate.read_config(preset or mate.DEFAULT_CONFIG_FILE)["name"]
    assert env.name == expected


def test_q47_presets_without_an_id_upstream_have_one_too():
    assert environment_ids()["MATE-2v4-0-v0"] == "MATE-2v4-0.yaml"


def test_an_unknown_id_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="MATE-4v8-9-v0"):
        mate.make("MATE-5v5-5-v0")


def test_q48_the_limit_of_steps_is_a_key_of_the_configuration():
    with pytest.warns(UserWarning, match="max_episode_steps"):
        env = mate.make("MATE-4v8-9-v0", max_episode_steps=77)
    assert isinstance(env, mate.MultiAgentTracking)
    assert env.max_episode_steps == 77


def test_q48_the_word_that_keeps_gyms_checker_away_is_no_key_of_the_configuration():
    env = mate.make("MultiAgentTracking-v0", disable_env_checker=True)
    assert env.config == mate.make("MultiAgentTracking-v0").config


def test_wrappers_are_applied_in_order():
    env = mate.make(
        "MultiAgentTracking-v0",
        config="MATE-2v4-0.yaml",
        wrappers=[mate.WrapperSpec(mate.DiscreteCamera, levels=3), mate.RelativeCoordinates],
    )
    assert (
        str(env)
        == "<RelativeCoordinates<DiscreteCamera(levels=3)<MultiAgentTracking<MultiAgentTracking-v0>>>(2 cameras, 4 "
        "targets, 0 obstacle)>"
    )
    assert isinstance(env, mate.DiscreteCamera)
    assert isinstance(env, mate.MultiAgentTracking)
    assert not isinstance(env, mate.RescaledObservation)


def test_a_wrapper_spec_needs_something_to_call():
    with pytest.raises(AssertionError, match="called"):
        mate.WrapperSpec("DiscreteCamera")


def test_seeding_everything_repeats_global_generators():
    import random

    import numpy as np

    state = (random.getstate(), np.random.get_state())
    try:
        draws = []
        for _ in range(2):
            mate.seed_everything(3)
            draws.append((random.random(), np.random.random()))
        assert draws[0] == draws[1]
    finally:
        random.setstate(state[0])
        np.random.set_state(state[1])
        if "torch" in sys.modules:
            sys.modules["torch"].use_deterministic_algorithms(False)
