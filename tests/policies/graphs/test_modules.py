"""Networks of PyTorch, exported in ONNX's format, play here as PyTorch and onnxruntime compute them."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

import mate
from mate import episodes
from mate.agents import batched
from policies import Checkpoint, Preprocessing, compatibility
from policies.exporting import TOLERANCE, export_module, pack, to_onnx
from policies.graphs.network import GraphNetwork
from policies.importing import read
from policies.importing.onnx import MODEL_NAME
from policies.inference import BatchedPolicy
from policies.networks import network_of
from tests.policies.checkpoints import IPPO, IQL, MAPPO, QMIX, SMALL, Action, Sizes, make_checkpoint
from tests.policies.graphs.modules import CASES, SIZES


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("exported")
    torch.manual_seed(0)
    paths = {}
    for name, case in CASES.items():
        paths[name] = folder / f"{name}.zip"
        assert export_module(case.module(), paths[name], **case.export_arguments()).error < TOLERANCE
    return paths


def checkpoint_of(path: Path) -> Checkpoint:
    return read(path).agents[0].checkpoint


def rows_for(network: GraphNetwork, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    shapes = (
        (count * network.members, network.parts["observation"].width),
        (count * network.members, network.memory_size),
    )
    return tuple(random.normal(size=shape).astype(np.float32) for shape in shapes)


@pytest.mark.parametrize("name", CASES)
def test_outputs_and_states_are_those_of_onnxruntime(exported: dict[str, Path], name: str) -> None:
    checkpoint = checkpoint_of(exported[name])
    network = network_of(checkpoint, SIZES)
    observations, memory = rows_for(network, 6)
    _, model = to_onnx(checkpoint)
    session = onnxruntime.InferenceSession(model)
    given = network.given(observations, memory, network.silence(len(observations)))
    expected = session.run(None, {one.name: given[one.name] for one in session.get_inputs()})
    told = checkpoint.recipe.architecture.messages
    expected = expected[: len(expected) - len(told.outputs if told else ())]
    outputs = network.forward(observations, memory)
    assert np.abs(outputs - expected[0].reshape(outputs.shape)).max() < 1e-5
    after = [state.reshape(len(memory), -1) for state in expected[1:]]
    assert not after or np.abs(memory - np.concatenate(after, axis=1)).max() < 1e-5


@pytest.mark.parametrize("name", CASES)
def test_a_row_alone_gives_the_same_bits_as_among_others(exported: dict[str, Path], name: str) -> None:
    network = network_of(checkpoint_of(exported[name]), SIZES)
    assert network.computes_rows_together
    observations, memory = rows_for(network, 7)
    before = memory.copy()
    together = network.forward(observations, memory)
    for start in range(0, len(observations), network.members):
        rows = slice(start, start + network.members)
        own = before[rows].copy()
        assert np.array_equal(network.forward(observations[rows], own), together[rows])
        assert np.array_equal(own, memory[rows])


def test_a_network_over_entities_plays_in_every_scenario_with_cameras(exported: dict[str, Path]) -> None:
    checkpoint = checkpoint_of(exported["entity attention"])
    assert checkpoint.recipe.scenario is None
    for name in ("MATE-4v8-9", "MATE-2v4-0", "MATE-8v8-9", "MATE-1v1-9"):
        scenario = mate.Scenario.load(name)
        assert not [one for one in compatibility(checkpoint.recipe, scenario, "camera") if one.kind == "problem"]
        results = [
            episodes.play(
                scenario,
                lambda scenario, size: BatchedPolicy(checkpoint, scenario, size),
                lambda scenario, size: batched.make("greedy", "target", scenario, size),
                [1, 2, 3],
                size,
                40,
            )
            for size in (1, 3)
        ]
        assert [one.digest for one in results[0]] == [one.digest for one in results[1]]


def test_both_of_pytorchs_exporters_give_one_agent(exported: dict[str, Path], tmp_path: Path) -> None:
    torch.manual_seed(0)
    module = CASES["perceptron"].module()
    model = tmp_path / MODEL_NAME
    torch.onnx.export(
        module,
        (torch.zeros(2, SIZES.observation_size("camera")),),
        model,
        input_names=["observation"],
        dynamo=False,
        opset_version=17,
        dynamic_axes={"observation": {0: "rows"}},
    )
    policy, _ = to_onnx(checkpoint_of(exported["perceptron"]))
    del policy["architecture"]["output"]
    other = tmp_path / "other.zip"
    other.write_bytes(pack(policy, model.read_bytes()))
    assert checkpoint_of(other).identity == checkpoint_of(exported["perceptron"]).identity


@pytest.mark.parametrize(
    ("architecture", "action", "is_egocentric"),
    [(MAPPO, Action("levels", 5), False), (IPPO, Action("box"), True), (QMIX, Action("levels", 5, "values"), False),
    (IQL, Action("select-one", outputs="values"), False)],
)  # fmt: skip
def test_our_own_architectures_leave_as_valid_onnx_and_come_back_the_same(
    architecture, action, is_egocentric, tmp_path: Path
) -> None:
    preprocessing = Preprocessing(egocentric=is_egocentric)
    checkpoint = make_checkpoint(architecture=architecture, action=action, preprocessing=preprocessing)
    policy, model = to_onnx(checkpoint)
    onnx.checker.check_model(onnx.load_from_string(model), full_check=True)
    path = tmp_path / "agent.zip"
    path.write_bytes(pack(policy, model))
    back = checkpoint_of(path)
    own, theirs = BatchedPolicy(checkpoint, Sizes(), 1).network, network_of(back, SMALL)
    observations, memory = rows_for(theirs, 5)
    copied = memory.copy()
    assert np.abs(own.forward(observations, memory) - theirs.forward(observations, copied)).max() < 1e-6
    assert np.array_equal(memory, copied)
    again = tmp_path / "again.zip"
    again.write_bytes(pack(*to_onnx(back)))
    assert checkpoint_of(again).identity == back.identity


def test_a_module_whose_exported_form_cannot_be_played_is_refused(tmp_path: Path) -> None:
    class Sorting(torch.nn.Module):
        def forward(self, observation: torch.Tensor) -> torch.Tensor:
            return observation[:, :25].sort(dim=1).values

    with pytest.raises(Exception, match="TopK"):
        export_module(
            Sorting(), tmp_path / "x.zip", team="camera", action={"decoding": "levels", "levels": 5}, scenario=SIZES
        )
    assert not (tmp_path / "x.zip").exists()


def test_a_network_for_teams_cannot_play_a_single_member(exported: dict[str, Path]) -> None:
    checkpoint = checkpoint_of(exported["talking team"])
    with pytest.raises(Exception, match="whole team at once"):
        BatchedPolicy(checkpoint, mate.Scenario.load("MATE-4v8-9"), 1, members=[0])
