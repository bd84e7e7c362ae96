"""Scenarios: found, checked, completed, identified and stored."""

import json
import warnings

import numpy as np
import pytest

from mate.configuration import ConfigError, ConfigWarning, preset_names, read_config, validate_config
from mate.errors import UserError
from mate.scenario import Scenario

MINIMAL = {"target": {"location": [[0, 0]]}, "num_cargoes_per_target": 4}
TABLE = {
    "MATE-1v1-0": (34, 39, 54, 0, 1600),
    "MATE-1v1-9": (70, 75, 81, 0, 1600),
    "MATE-1v2-0": (39, 44, 70, 1, 3200),
    "MATE-1v2-9": (75, 80, 97, 1, 3200),
    "MATE-2v2-0": (46, 51, 79, 1, 3200),
    "MATE-2v2-9": (82, 87, 106, 1, 3200),
    "MATE-2v4-0": (56, 61, 111, 2, 6400),
    "MATE-2v4-9": (92, 97, 138, 2, 6400),
    "MATE-4v2-0": (60, 65, 97, 1, 3200),
    "MATE-4v2-9": (96, 101, 124, 1, 3200),
    "MATE-4v4-0": (70, 75, 129, 2, 6400),
    "MATE-4v4-9": (106, 111, 156, 2, 6400),
    "MATE-4v8-0": (90, 95, 193, 4, 12800),
    "MATE-4v8-9": (126, 131, 220, 4, 12800),
    "MATE": (126, 131, 220, 4, 12800),
    "MATE-8v8-0": (118, 123, 229, 4, 12800),
    "MATE-8v8-9": (154, 159, 256, 4, 12800),
    "MATE-Navigation": (190, 195, 253, 4, 12800),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_preset_has_its_dimensions_and_scales(name):
    scenario = Scenario.load(name)
    sizes = scenario.camera_observation_dim, scenario.target_observation_dim, scenario.state_dim
    assert (*sizes, scenario.num_high_capacity_targets, scenario.max_target_team_episode_reward) == TABLE[name]
    assert (scenario.freight_scale, scenario.bounty_scale, scenario.reward_scale) == (100, 100, 200)
    assert scenario.check_limits() is scenario


def test_these_are_all_the_presets():
    assert preset_names() == sorted(TABLE)


def test_a_preset_is_found_with_and_without_its_extension():
    assert Scenario.load("MATE-2v4-0.yaml") == Scenario.load("MATE-2v4-0")


def test_nothing_given_means_the_default_preset():
    assert Scenario.load() == Scenario.load("MATE-4v8-9")


def test_overrides_alone_start_from_nothing_q40():
    with pytest.raises(ConfigError, match="target"):
        Scenario.load(reward_type="sparse")


def test_overrides_merge_into_sections():
    scenario = Scenario.load("MATE-2v4-9", obstacle={"transmittance": 0.5}, reward_type="sparse")
    assert scenario.obstacle_transmittance == 0.5
    assert scenario.num_obstacles == 9
    assert scenario.reward_type == "sparse"


def test_reading_does_not_change_what_was_given():
    given = {"target": {"location": [[0, 0]]}}
    with pytest.warns(ConfigWarning, match=r"target\.step_size"):
        read_config(given, target={"step_size": 5})
    assert given == {"target": {"location": [[0, 0]]}}


@pytest.mark.parametrize("suffix", [".json", ".YAML", ".yml"])
def test_a_file_is_read_by_its_extension(tmp_path, suffix):
    path = tmp_path / f"mine{suffix}"
    path.write_text(json.dumps(MINIMAL))
    assert Scenario.load(path).num_targets == 1


@pytest.mark.parametrize("content", ["null", "[1]", "{"])
def test_a_file_that_holds_no_mapping_is_refused(tmp_path, content):
    path = tmp_path / "mine.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"mine\.json"):
        read_config(path)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"MATE-4v8-9\.yaml"):
        read_config("MATE-4v8-99.yaml")


@pytest.mark.parametrize("given", [3, b"MATE", ["MATE"]])
def test_other_types_are_refused(given):
    with pytest.raises(ValueError, match="mapping or the path"):
        read_config(given)


def test_a_folder_and_an_unknown_extension_are_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("{}")
    for path in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(ConfigError):
            read_config(path)


def test_validation_fills_defaults_and_says_so():
    with pytest.warns(ConfigWarning) as caught:
        config = validate_config(read_config(MINIMAL) | {"camera": {"location": [[0, 0]]}})
    assert len(caught) == 13
    assert config["max_episode_steps"] == 10000
    assert config["camera"] == {
        "location": [[0, 0]],
        "radius": 40.0,
        "min_viewing_angle": 90.0,
        "max_sight_range": 500.0,
        "rotation_step": 5.0,
        "zooming_step": 2.5,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"max_episode_steps": 0},
        {"max_episode_steps": "many"},
        {"reward_type": "other"},
        {"num_cargoes_per_target": 3},
        {"num_cargoes_per_target": None},
        {"high_capacity_target_split": 1.5},
        {"bounty_factor": -1},
        {"bounty_factor": float("nan")},
        {"target": {"step_size": 0}},
        {"target": {"location": []}},
        {"target": {"location": 5}},
        {"target": {"location": [[0]]}},
        {"target": {"location": [[0, float("inf")]]}},
        {"target": {"location_random_range": [[1, 2, 3]]}},
        {"camera": {"location": [[0, 0]], "radius": 0}},
        {"camera": {"location": [[0, 0]], "rotation_step": -5}},
    ],
)
def test_impossible_values_are_refused_as_value_errors(change):
    with pytest.raises(ValueError) as refusal:
        Scenario.load(MINIMAL, **change)
    assert isinstance(refusal.value, UserError)


@pytest.mark.parametrize(
    "change",
    [
        {"camera": {"location": [[0, 0]], "min_viewing_angle": 200}},
        {"obstacle": {"location": [[0, 0]]}},
        {"obstacle": {"location": [[0, 0]], "radius": 5, "radius_random_range": [1, 2]}},
        {"obstacle": {"location": [[0, 0]], "radius": -5}},
        {"obstacle": {"location": [[0, 0]], "radius": 5, "transmittance": 2}},
    ],
)
def test_impossible_entities_are_refused_as_assertion_errors_too(change):
    with pytest.raises(AssertionError):
        Scenario.load(MINIMAL, **change)


def test_an_unknown_parameter_of_an_entity_is_a_type_error():
    with pytest.raises(TypeError, match="wings"):
        Scenario.load(MINIMAL, target={"wings": 2})


def test_unknown_keys_beside_the_sections_are_ignored():
    assert Scenario.load(MINIMAL, colour="red") == Scenario.load(MINIMAL)


def test_obstacle_parameters_do_not_matter_without_obstacles():
    assert Scenario.load(MINIMAL, obstacle={"transmittance": 2}).num_obstacles == 0


def test_places_may_be_arrays():
    places = {"location": np.array([[0.0, 0.0], [5.0, 5.0]]), "location_random_range": np.array([[1, 2, 3, 4]])}
    assert Scenario.load(MINIMAL, target=places).target_boxes[1:] == ((5.0, 5.0, 5.0, 5.0), (1.0, 2.0, 3.0, 4.0))


def test_ranges_have_three_forms():
    class Box:
        low, high = np.array([1.0, 3.0]), np.array([2.0, 4.0])

    forms = [[1, 2, 3, 4], {"low": [1, 3], "high": [2, 4]}, Box()]
    for form in forms:
        scenario = Scenario.load(MINIMAL, target={"location_random_range": [form]})
        assert scenario.target_boxes == ((0.0, 0.0, 0.0, 0.0), (1.0, 2.0, 3.0, 4.0))


def test_the_digest_is_that_of_the_rules_not_of_the_name():
    scenario = Scenario.load("MATE-4v8-9")
    assert scenario.digest == Scenario.load("MATE", name="Another").digest
    assert scenario.digest == Scenario.load("MATE-4v8-9", max_episode_steps=10000.0).digest
    assert scenario.digest != Scenario.load("MATE-4v8-9", bounty_factor=0.5).digest
    assert scenario.digest != Scenario.load("MATE-4v8-9", enhanced_observation="camera").digest
    assert len(scenario.digest) == 64


@pytest.mark.parametrize("name", TABLE)
def test_a_scenario_survives_storage(name):
    scenario = Scenario.load(name, shared_field_of_view="target", bounty_factor=1 / 3)
    restored = Scenario.from_json(scenario.to_json())
    assert restored == scenario
    assert restored.digest == scenario.digest


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 3}'])
def test_other_text_is_no_stored_scenario(text):
    with pytest.raises(ConfigError):
        Scenario.from_json(text)


def test_loading_gives_no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Scenario.load(MINIMAL, bounty_factor=2)


def test_teams_of_observation_options_are_checked():
    scenario = Scenario.load("MATE-2v4-0", enhanced_observation="both")
    assert scenario.is_enhanced("camera")
    assert scenario.is_enhanced("target")
    assert not scenario.is_shared("camera")
    with pytest.raises(ConfigError, match="referee"):
        Scenario.load("MATE-2v4-0", shared_field_of_view="referee")


@pytest.mark.parametrize(
    "change",
    [
        {"target": {"location": [[0, 0]] * 65}},
        {"target": {"location_random_range": [[5, 1, 0, 0]]}},
        {"target": {"location": [[1e9, 0]]}},
        {"target": {"step_size": 1e-9}},
        {"num_cargoes_per_target": 10**9},
        {"max_episode_steps": 1e12},
        {"bounty_factor": 1e9},
        {"camera": {"location": [[0, 0]], "rotation_step": 1e-300}},
        {"obstacle": {"location": [[0, 0]], "radius_random_range": [5, 1]}},
    ],
)
def test_what_is_too_much_for_a_stranger_is_refused(change):
    scenario = Scenario.load(MINIMAL, **change)
    with pytest.raises(ConfigError):
        scenario.check_limits()
