"""Networks in PyTorch compute the same as the compiled kernels; a row's outputs do not depend on the number of rows."""

import sys

import numpy as np
import pytest
import torch

from policies import Action, Architecture, Checkpoint
from policies.devices import DeviceError
from policies.inference import BatchedPolicy
from policies.networks import Network, network_of
from policies.torch_networks import ROWS, TOLERANCE, TorchNetwork
from tests.policies.checkpoints import IPPO, IQL, MAPPO, QMIX, SMALL, Sizes, make_checkpoint, make_observations

KINDS = {
    "mappo": make_checkpoint(architecture=MAPPO),
    "ippo": make_checkpoint(architecture=IPPO),
    "qmix": make_checkpoint(architecture=QMIX, action=Action("levels", 3, outputs="values")),
    "iql": make_checkpoint(architecture=IQL, action=Action("levels", 3, outputs="values")),
    "deep": make_checkpoint(architecture=Architecture((33, 17, 12), "linear", "gru", 9, skip_connection=True)),
    "wide": make_checkpoint(
        scale=0.05, architecture=Architecture((512, 256), memory="lstm", memory_size=256, skip_connection=True)
    ),
}
NEEDS_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA: PyTorch finds no GPU on this machine")
DEVICES = ["torch-cpu", pytest.param("cuda", marks=NEEDS_GPU)]
"""PyTorch's CPU path, which play does not use, replaces the GPU on machines without one."""


def network_on(checkpoint: Checkpoint, device: str) -> TorchNetwork:
    return TorchNetwork(checkpoint, device.removeprefix("torch-"))


def inputs_of(checkpoint: Checkpoint, rows: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(rows)
    memory = generator.uniform(-1, 1, (rows, Network(checkpoint).memory_size)).astype(np.float32)
    return generator.normal(size=(rows, checkpoint.recipe.observation_size)).astype(np.float32), memory


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_and_memory_are_those_of_the_compiled_kernels(kind: str, device: str) -> None:
    inputs, memory = inputs_of(KINDS[kind], ROWS + 44)
    expected_memory = memory.copy()
    expected = Network(KINDS[kind]).forward(inputs, expected_memory)
    outputs = network_on(KINDS[kind], device).forward(inputs, memory)
    assert (np.abs(outputs - expected).max(axis=1) / np.maximum(1, np.abs(expected).max(axis=1))).max() < TOLERANCE
    assert memory.size == 0 or np.abs(memory - expected_memory).max() < TOLERANCE


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_row_gives_the_same_bits_whatever_is_beside_it(kind: str, device: str) -> None:
    network = network_on(KINDS[kind], device)
    inputs, memory = inputs_of(KINDS[kind], 2 * ROWS)
    together = memory.copy()
    outputs = network.forward(inputs, together)
    generator = np.random.default_rng(1)
    for size in (1, 7, 64, ROWS, ROWS + 1):
        rows = generator.choice(len(inputs), size, replace=False)
        among_others = memory[rows].copy()
        assert network.forward(inputs[rows].copy(), among_others).tobytes() == outputs[rows].tobytes()
        assert among_others.tobytes() == together[rows].tobytes()


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("deterministic", [True, False])
def test_decisions_are_those_of_the_compiled_kernels(device: str, deterministic: bool) -> None:
    checkpoint = make_checkpoint(
        scale=0.05, architecture=Architecture((64, 32), memory="lstm", memory_size=32, skip_connection=True)
    )
    size = 40
    kernels = BatchedPolicy(checkpoint, Sizes(), size, deterministic, device="cpu")
    tensors = BatchedPolicy(checkpoint, Sizes(), size, deterministic, device="cpu")
    tensors.network = network_on(checkpoint, device)
    agreeing, frames = 0, 30
    for policy in (kernels, tensors):
        policy.reset(np.arange(size), np.arange(size, dtype=np.uint64), make_observations(checkpoint.recipe, size))
    for frame in range(frames):
        observations, played = make_observations(checkpoint.recipe, size, frame), []
        for policy in (kernels, tensors):
            played.append(np.zeros((size, 2, 2)))
            policy.act(observations, played[-1], np.ones(size, bool))
        agreeing += int((played[0] == played[1]).all(axis=2).sum())
    assert agreeing / (frames * size * 2) >= 0.999


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is CUDA on this machine")
def test_a_gpu_that_is_not_there_is_refused_with_the_way_out() -> None:
    with pytest.raises(DeviceError, match="finds no GPU on this machine: set ARENA_DEVICE=cpu"):
        network_of(make_checkpoint(), SMALL, "cuda")


def test_a_device_that_fails_says_so() -> None:
    network = TorchNetwork(KINDS["mappo"], "cpu")
    inputs, memory = inputs_of(KINDS["mappo"], 3)
    with pytest.raises(DeviceError, match="The device cpu failed to compute a network: mat1 and mat2"):
        network.forward(inputs[:, 1:], memory)


def test_without_pytorch_another_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "policies.torch_networks")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(
        DeviceError, match=r"PyTorch cannot be loaded .*install a PyTorch that loads here, or set ARENA_DEVICE=cpu"
    ):
        network_of(make_checkpoint(seed=77), SMALL, "cuda")


@NEEDS_GPU
def test_a_process_keeps_a_copy_of_the_weights_on_each_device() -> None:
    checkpoint = make_checkpoint(seed=5)
    assert network_of(checkpoint, SMALL, "cuda") is network_of(make_checkpoint(seed=5), SMALL, "cuda")
    assert network_of(checkpoint, SMALL, "cuda") is not network_of(checkpoint, SMALL, "cpu")
