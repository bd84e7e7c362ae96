"""The map that a trial was trained on is taken from its archive."""

import io
import json
from typing import Any

import pytest
import yaml

from policies import Checkpoint, Dimensions
from policies.importing import ImportRefused
from policies.importing.reading import read_file
from tests.policies.trials import HIERARCHICAL, Trial, files_of, zip_of

MAP: dict[str, Any] = {
    "name": "Two rooms",
    "max_episode_steps": 500,
    "num_cargoes_per_target": 8,
    "camera": {"location": [[0, 0], [100, 0]], "location_random_range": [[-500, 500, -500, 500]]},
    "target": {"location_random_range": [[-900, 900, -900, 900]] * 5},
    "obstacle": {"location": [[300, 300], [-300, -300]], "radius": 30},
}
SIZES = Dimensions(3, 5, 2)
TRIAL = Trial(scenario="two-rooms", dimensions=SIZES)


def read(trial: Trial, files: dict[str, bytes] | None = None) -> Checkpoint:
    (agent,) = read_file(io.BytesIO(zip_of(files_of(trial) | (files or {})))).agents
    return agent.checkpoint


def kept(checkpoint: Checkpoint, key: str = "scenario_config") -> Any:
    return json.loads(checkpoint.recipe.provenance[key])


def folder_of(trial: Trial) -> str:
    return next(iter(files_of(trial))).split("/")[0]


@pytest.mark.parametrize("place", ["{folder}/two-rooms.yaml", "two-rooms.yaml", "{folder}/maps/two-rooms.yaml"])
def test_a_file_in_the_archive_is_the_map_that_params_json_names(place: str) -> None:
    checkpoint = read(TRIAL, {place.format(folder=folder_of(TRIAL)): yaml.safe_dump(MAP).encode()})
    assert checkpoint.recipe.scenario == SIZES and kept(checkpoint) == MAP


def test_a_map_written_out_in_params_json_is_taken_with_its_overrides() -> None:
    overrides = {"target": {"location_random_range": [[-9, 9, -9, 9]] * 4}, "max_episode_steps": 50}
    trial = Trial(
        dimensions=Dimensions(3, 4, 2), extra_environment={"config": MAP, "config_overrides": overrides}
    )  # fmt: skip
    checkpoint = read(trial)
    assert checkpoint.recipe.scenario == Dimensions(3, 4, 2)
    assert kept(checkpoint) == MAP and kept(checkpoint, "scenario_overrides") == overrides
    assert checkpoint.recipe.provenance["scenario"] == "Two rooms"


def test_a_preset_needs_no_map_but_what_was_overridden_is_kept() -> None:
    assert not {"scenario_config", "scenario_overrides"} & set(read(Trial()).recipe.provenance)
    checkpoint = read(Trial(extra_environment={"config_overrides": {"max_episode_steps": 300}}))
    assert kept(checkpoint, "scenario_overrides") == {"max_episode_steps": 300}
    assert checkpoint.recipe.scenario == Dimensions(2, 4, 0)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"- 1", b"{", b"a: [" * 5000, b"camera: 3", b"target: {location: 4}"])
def test_a_file_that_is_no_map_leaves_the_numbers_to_the_weights(content: bytes) -> None:
    trial = HIERARCHICAL.changed(scenario="two-rooms", dimensions=SIZES)
    path = f"{folder_of(trial)}/two-rooms.yaml"
    assert read(trial, {path: content}).recipe.scenario == read(trial).recipe.scenario == SIZES


def test_a_map_of_other_numbers_than_the_weights_is_refused() -> None:
    other = MAP | {"obstacle": {"location": [[0, 0]], "radius": 30}}
    with pytest.raises(ImportRefused, match="different trials"):
        read(TRIAL, {f"{folder_of(TRIAL)}/two-rooms.yaml": yaml.safe_dump(other).encode()})
