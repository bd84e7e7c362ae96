"""Networks compute the same as PyTorch, and each row the same bits, independent of the other rows."""

import numpy as np
import pytest
import torch

from policies import Action, Architecture, Checkpoint
from policies.kernels import sigmoid, tanh
from policies.networks import Network, network_of
from tests.policies.checkpoints import IPPO, IQL, MAPPO, QMIX, SMALL, make_checkpoint

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


def inputs_of(checkpoint: Checkpoint, rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    memory = generator.uniform(-1, 1, (rows, Network(checkpoint).memory_size)).astype(np.float32)
    return generator.normal(size=(rows, checkpoint.recipe.observation_size)).astype(np.float32), memory


def torch_forward(checkpoint: Checkpoint, inputs: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same network, built from PyTorch's own layers."""
    architecture = checkpoint.recipe.architecture
    weights = {name: torch.from_numpy(array.copy()) for name, array in checkpoint.weights.items()}
    activation = {"tanh": torch.tanh, "relu": torch.relu, "linear": lambda x: x}[architecture.activation]

    def linear(name: str, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])

    x, state = torch.from_numpy(inputs), torch.from_numpy(memory.copy())
    for number in range(len(architecture.hidden_sizes)):
        x = activation(linear(f"hidden.{number}", x))
    if architecture.memory != "none":
        layer_class = torch.nn.LSTM if architecture.memory == "lstm" else torch.nn.GRU
        layer = layer_class(architecture.hidden_sizes[-1], architecture.memory_size)
        prefix = f"{architecture.memory}."
        layer.load_state_dict(
            {name.removeprefix(prefix): array for name, array in weights.items() if name.startswith(prefix)}
        )
        parts = [part.contiguous()[None] for part in state.split(architecture.memory_size, dim=1)]
        recalled, after = layer(x[None], tuple(parts) if architecture.memory == "lstm" else parts[0])
        state = torch.cat([part[0] for part in after], dim=1) if architecture.memory == "lstm" else after[0]
        x = torch.cat([x, recalled[0]], dim=1) if architecture.skip_connection else recalled[0]
    if architecture.head == "linear":
        return linear("output", x).detach().numpy(), state.detach().numpy()
    advantage, value = (linear(f"{b}.1", torch.relu(linear(f"{b}.0", x))) for b in ("advantage", "value"))
    return (value + advantage - advantage.mean(dim=1, keepdim=True)).detach().numpy(), state.detach().numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_and_memory_are_those_of_pytorch(kind: str) -> None:
    checkpoint = KINDS[kind]
    inputs, memory = inputs_of(checkpoint, 40)
    expected, expected_memory = torch_forward(checkpoint, inputs, memory)
    outputs = Network(checkpoint).forward(inputs, memory)
    assert (np.abs(outputs - expected) / np.maximum(1, np.abs(expected))).max() < 1e-5
    assert memory.size == 0 or np.abs(memory - expected_memory).max() < 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_gives_the_same_bits_in_any_batch_and_position(kind: str) -> None:
    network = Network(KINDS[kind])
    inputs, memory = inputs_of(KINDS[kind], 256)
    together = memory.copy()
    outputs = network.forward(inputs, together)
    generator = np.random.default_rng(1)
    for size in (1, 2, 7, 64, 255):
        rows = generator.choice(256, size, replace=False)
        among_others = memory[rows].copy()
        assert network.forward(inputs[rows].copy(), among_others).tobytes() == outputs[rows].tobytes()
        assert among_others.tobytes() == together[rows].tobytes()


def test_the_activations_are_accurate_and_saturate() -> None:
    points = np.concatenate([np.linspace(-30, 30, 4001), [0.0, 1e-30, -1e-8, 1e30, -1e30]])
    assert max(abs(tanh(x) - np.tanh(x)) for x in points) < 1e-8
    assert max(abs(sigmoid(x) - 1 / (1 + np.exp(-np.float64(x)))) for x in points[:4001]) < 1e-8
    assert tanh(0.0) == 0.0 and abs(tanh(1e-30) / 1e-30 - 1) < 1e-12
    assert np.float32(tanh(50.0)) == 1.0 and np.float32(sigmoid(-50.0)) < 1e-8


def test_a_process_keeps_one_copy_of_equal_weights() -> None:
    assert network_of(make_checkpoint(seed=5), SMALL) is network_of(make_checkpoint(seed=5), SMALL)
    assert network_of(make_checkpoint(seed=5), SMALL) is not network_of(make_checkpoint(seed=6), SMALL)
