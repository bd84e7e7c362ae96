"""Networks of entities: one set of weights for any number of cameras, targets and obstacles."""

import io
from functools import partial

import numpy as np
import onnx
import onnxruntime
import pytest

from mate.agents import batched
from mate.episodes import play
from mate.scenario import Scenario
from policies import (
    Action,
    Checkpoint,
    CheckpointError,
    Dimensions,
    EntityArchitecture,
    Preprocessing,
    Recipe,
    compatibility,
)
from policies.architectures import POOLINGS
from policies.compatibility import dimensions_of
from policies.decoding import MASKED, mask_outputs
from policies.entities import EntityNetwork, parts_of
from policies.exporting import pack, to_onnx
from policies.graphs.network import GraphNetwork
from policies.importing.reading import read_file
from policies.inference import BatchedPolicy
from policies.networks import network_of
from tests.policies.checkpoints import make_checkpoint

LARGE = Dimensions(4, 8, 9)


def make(team: str = "camera", **changes: object) -> Checkpoint:
    values: dict = {"head_size": 5 if team == "camera" else 0} | changes
    return make_checkpoint(
        team=team,
        architecture=EntityArchitecture((6, 4), (7,), **values),
        action=Action("select-pose", masked=True) if team == "camera" else Action("levels", 5),
        scenario=None,
        preprocessing=Preprocessing(egocentric=True),
    )


def rows_of(checkpoint: Checkpoint, dimensions: Dimensions, count: int) -> np.ndarray:
    size = checkpoint.recipe.preprocessing.input_size(checkpoint.recipe.team, dimensions)
    return np.random.default_rng(4).normal(size=(count, size)).astype(np.float32)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_row_gives_the_same_bits_in_any_batch(pooling: str) -> None:
    checkpoint = make(pooling=pooling, memory="lstm", memory_size=3)
    network, rows = EntityNetwork(checkpoint, LARGE), rows_of(checkpoint, LARGE, 40)
    together = network.forward(rows, memory := np.zeros((40, 6), np.float32))
    for place in (0, 7, 39):
        alone = np.zeros((1, 6), np.float32)
        assert network.forward(rows[place : place + 1], alone).tobytes() == together[place].tobytes()
        assert alone.tobytes() == memory[place].tobytes()


@pytest.mark.parametrize("pooling", POOLINGS)
def test_an_entity_out_of_sight_changes_nothing(pooling: str) -> None:
    checkpoint = make(pooling=pooling)
    network, rows = EntityNetwork(checkpoint, LARGE), rows_of(checkpoint, LARGE, 3)
    for start, _, width, flag in parts_of(checkpoint.recipe, LARGE)[1]:
        rows[:, start + flag] = 0.0
        changed = rows.copy()
        changed[:, start : start + width] += 3.0
        changed[:, start + flag] = 0.0
        memory = np.zeros((3, 0), np.float32)
        assert np.array_equal(network.forward(rows, memory), network.forward(changed, memory))


@pytest.mark.parametrize("name", ["MATE-1v1-0", "MATE-2v4-9", "MATE-4v8-9"])
@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("team", ["camera", "target"])
def test_its_onnx_form_gives_the_same_outputs_in_every_scenario(team: str, pooling: str, name: str) -> None:
    checkpoint = make(team, pooling=pooling, memory="gru", memory_size=3)
    policy, model = to_onnx(checkpoint)
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
    back = read_file(io.BytesIO(pack(policy, model))).agents[0].checkpoint
    dimensions = dimensions_of(Scenario.load(name))
    rows = rows_of(checkpoint, dimensions, 9)
    for start, count, width, flag in parts_of(checkpoint.recipe, dimensions)[1]:
        rows[:, start + flag : start + count * width : width] = np.random.default_rng(1).integers(0, 2, (9, count))
        rows[0, start + flag : start + count * width : width] = 0.0  # nothing of this kind is in sight
    theirs = network_of(back, dimensions)
    assert isinstance(theirs, GraphNetwork) and theirs.computes_rows_together
    memory = np.random.default_rng(2).normal(size=(9, 3)).astype(np.float32)
    given = theirs.given(rows, memory.copy(), theirs.silence(9))
    expected = EntityNetwork(checkpoint, dimensions).forward(rows, memory)
    session = onnxruntime.InferenceSession(model)
    by_runtime = session.run(None, {one.name: given[one.name] for one in session.get_inputs()})
    for outputs in (theirs.forward(rows, given["hidden"]), by_runtime[0]):
        assert np.abs(outputs - expected).max() < 1e-6
    assert np.abs(by_runtime[1] - memory).max() < 1e-6


@pytest.mark.parametrize("team", ["camera", "target"])
def test_its_onnx_form_plays_the_same_episodes(team: str) -> None:
    checkpoint, scenario = make(team), Scenario.load("MATE-2v4-9")
    back = read_file(io.BytesIO(pack(*to_onnx(checkpoint)))).agents[0].checkpoint

    def other(scenario: Scenario, size: int) -> batched.BatchedAgent:
        return batched.make("greedy", "target" if team == "camera" else "camera", scenario, size)

    digests = []
    for one in (checkpoint, back):
        own = partial(BatchedPolicy, one)
        pair = (own, other) if team == "camera" else (other, own)
        results = play(scenario, pair[0], pair[1], [1, 2], 2, 200)
        digests.append([result.digest for result in results])
    assert digests[0] == digests[1]


def test_the_order_of_targets_is_the_order_of_their_outputs() -> None:
    checkpoint = make(pooling="max")
    network, rows = EntityNetwork(checkpoint, LARGE), rows_of(checkpoint, LARGE, 5)
    (start, count, width, _), *_ = parts_of(checkpoint.recipe, LARGE)[1]
    records = rows[:, start : start + count * width].reshape(5, count, width)
    swapped = rows.copy()
    swapped[:, start : start + count * width] = records[:, ::-1].reshape(5, -1)
    memory = np.zeros((5, 0), np.float32)
    first, second = network.forward(rows, memory), network.forward(swapped, memory)
    assert np.array_equal(first[:, :48].reshape(5, 8, 6), second[:, :48].reshape(5, 8, 6)[:, ::-1])
    assert np.array_equal(first[:, 48:], second[:, 48:])


@pytest.mark.parametrize("team", ["camera", "target"])
@pytest.mark.parametrize("name", ["MATE-1v1-0", "MATE-4v8-9"])
def test_one_agent_plays_every_scenario_with_its_team(team: str, name: str) -> None:
    checkpoint, scenario = make(team), Scenario.load(name)
    assert not [one for one in compatibility(checkpoint.recipe, scenario, team) if one.kind == "problem"]

    def own(scenario: Scenario, size: int) -> BatchedPolicy:
        return BatchedPolicy(checkpoint, scenario, size)

    def other(scenario: Scenario, size: int) -> batched.BatchedAgent:
        return batched.make("greedy", "target" if team == "camera" else "camera", scenario, size)

    pair = (own, other) if team == "camera" else (other, own)
    assert play(scenario, pair[0], pair[1], [1], 1, 20)


def test_masked_choices_have_no_chance() -> None:
    outputs = np.zeros((1, 3), np.float32)
    mask_outputs(Action("select-one", masked=True), outputs, np.array([[False, True]]))
    assert outputs.tolist() == [[float(MASKED), 0.0, 0.0]]
    mask_outputs(Action("select-one"), plain := np.zeros((1, 3), np.float32), np.array([[False, True]]))
    assert not plain.any()


def test_a_recipe_is_read_back_and_older_ones_keep_their_digests() -> None:
    recipe = make().recipe
    assert Recipe.from_json(recipe.to_json()) == recipe and recipe.to_json()["architecture"]["kind"] == "entity"
    content = make_checkpoint().recipe.to_json()
    assert "masked" not in content["action"] and "egocentric" not in content["preprocessing"]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"pooling": "sum"}, "pooling"),
        ({"head_size": 0}, "head_size"),
        ({"memory": "lstm"}, "memory_size"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(changes: dict, problem: str) -> None:
    with pytest.raises(CheckpointError, match=problem):
        make(**changes)


def test_outputs_that_entities_cannot_share_are_refused() -> None:
    with pytest.raises(CheckpointError, match="select-subset"):
        Recipe("camera", EntityArchitecture((4,), (4,)), Action("select-subset"), None)
    with pytest.raises(CheckpointError, match="masks"):
        Action("levels", 5, masked=True)
    with pytest.raises(CheckpointError, match="for cameras"):
        Recipe("target", EntityArchitecture((4,), (4,)), Action("pose", 5), None)
