"""Recipes are checked completely when they are made."""

import copy
import json
import pickle

import pytest

from policies import Action, Architecture, CheckpointError, Dimensions, Recipe
from tests.policies.checkpoints import IQL, MAPPO, QMIX, make_recipe

CONTENT = make_recipe().to_json()


def changed(**changes: object) -> dict:
    """The JSON of a valid recipe, with some members replaced; a dot reaches into a part."""
    content = copy.deepcopy(CONTENT)
    for path, value in changes.items():
        holder, names = content, path.split("__")
        for name in names[:-1]:
            holder = holder[name]
        holder[names[-1]] = value
    return content


@pytest.mark.parametrize(
    "recipe",
    [
        make_recipe(),
        make_recipe(team="target", frame_skip=10, play="deterministic"),
        make_recipe(action=Action("select-many"), enhanced_observation="both"),
        make_recipe(architecture=QMIX, action=Action("select-subset", outputs="values", epsilon=0.5)),
        make_recipe(architecture=IQL, action=Action("levels", 3, outputs="values")),
        make_recipe(action=Action("box"), provenance={"name": "a", "steps": 3, "note": None}),
    ],
)
def test_a_recipe_survives_json_and_pickling(recipe: Recipe) -> None:
    assert Recipe.from_json(json.loads(json.dumps(recipe.to_json()))) == recipe
    assert pickle.loads(pickle.dumps(recipe)) == recipe
    assert copy.deepcopy(recipe) is recipe


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"team": "goalkeeper"}, "team"),
        ({"team": None}, "team"),
        ({"version": 2}, "version"),
        ({"format": "other"}, "format"),
        ({"frame_skip": 0}, "frame_skip"),
        ({"frame_skip": 10**12}, "frame_skip"),
        ({"frame_skip": True}, "frame_skip"),
        ({"frame_skip": 2.0}, "frame_skip"),
        ({"play": "sometimes"}, "play"),
        ({"enhanced_observation": "all"}, "enhanced_observation"),
        ({"surprise": 1}, "surprise"),
        ({"architecture": []}, "architecture"),
        ({"architecture__hidden_sizes": []}, "hidden_sizes"),
        ({"architecture__hidden_sizes": [512, 10**9]}, "hidden_sizes"),
        ({"architecture__hidden_sizes": [4096] * 8}, "parameters"),
        ({"architecture__activation": "exec"}, "activation"),
        ({"architecture__memory": "none"}, "memory_size"),
        ({"architecture__memory_size": 10**9}, "memory_size"),
        ({"architecture__head": "dueling"}, "head_size"),
        ({"architecture__color": "red"}, "color"),
        ({"action__decoding": "anything"}, "decoding"),
        ({"action__levels": 1}, "levels"),
        ({"action__levels": 1000001}, "levels"),
        ({"action__epsilon": 2}, "epsilon"),
        ({"action__epsilon": 0.5}, "epsilon"),
        ({"action": {}}, "decoding"),
        ({"scenario__targets": 0}, "targets"),
        ({"scenario__cameras": 0}, "camera"),
        ({"scenario__obstacles": -1}, "obstacles"),
        ({"preprocessing": {"rescaled": 1}}, "rescaled"),
        ({"provenance": {"a": [1]}}, "provenance"),
        ({"provenance": {"a": "x" * 50_000}}, "provenance"),
    ],
)
def test_a_wrong_field_is_refused_by_name(changes: dict, named: str) -> None:
    with pytest.raises(CheckpointError, match=named):
        Recipe.from_json(changed(**changes))


@pytest.mark.parametrize("provenance", [{"from": "\ud800"}, {"from": "a\0b"}, {"\udfff": 1}])
def test_provenance_that_no_page_can_show_is_refused(provenance: dict) -> None:
    with pytest.raises(CheckpointError, match="has a character that is none"):
        make_recipe(provenance=provenance)


@pytest.mark.parametrize("name", ["team", "architecture", "action", "scenario"])
def test_a_missing_field_is_refused_by_name(name: str) -> None:
    content = changed()
    del content[name]
    with pytest.raises(CheckpointError, match=name):
        Recipe.from_json(content)


@pytest.mark.parametrize("content", [None, [], "x", 3, {}])
def test_anything_but_an_object_is_refused(content: object) -> None:
    with pytest.raises(CheckpointError):
        Recipe.from_json(content)


def test_targets_cannot_select_targets() -> None:
    with pytest.raises(CheckpointError, match="cameras"):
        make_recipe(team="target", action=Action("select-many"))


def test_values_cannot_be_decoded_as_independent_choices() -> None:
    with pytest.raises(CheckpointError, match="values"):
        Action("select-many", outputs="values")


def test_a_skip_connection_needs_a_memory() -> None:
    with pytest.raises(CheckpointError, match="skip_connection"):
        Architecture((4,), skip_connection=True)


@pytest.mark.parametrize(
    ("dimensions", "camera", "target", "state"),
    [(Dimensions(4, 8, 9), 126, 131, 220), (Dimensions(2, 4, 0), 56, 61, 111), (Dimensions(0, 8, 32), 190, 195, 253)],
)
def test_dimensions_imply_the_lengths_of_observations_and_state(
    dimensions: Dimensions, camera: int, target: int, state: int
) -> None:
    assert (dimensions.observation_size("camera"), dimensions.observation_size("target")) == (camera, target)
    assert dimensions.state_size == state


def test_the_tensors_of_a_mappo_camera_have_the_widths_of_the_genuine_ones() -> None:
    architecture = Architecture((512, 256), memory="lstm", memory_size=256, skip_connection=True)
    recipe = Recipe("camera", architecture, Action("levels", 5), Dimensions(4, 8, 9), frame_skip=5)
    assert recipe.tensor_shapes["hidden.0.weight"] == (512, 126)
    assert recipe.tensor_shapes["lstm.weight_ih_l0"] == (1024, 256)
    assert recipe.tensor_shapes["output.weight"] == (25, 512)
    assert MAPPO.head_input_size == 12
