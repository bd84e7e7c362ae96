"""The network of checkpoints with gradients and over time."""

import numpy as np
import pytest
import torch

from policies import Action, Architecture, Checkpoint, Dimensions, Recipe
from policies.networks import Network
from training.networks import TimedNetwork

ARCHITECTURES = [
    Architecture((9, 7), memory="lstm", memory_size=5, skip_connection=True),
    Architecture((9,), memory="lstm", memory_size=5),
    Architecture((9, 7), "relu"),
    Architecture((9,), "relu", memory="gru", memory_size=5),
    Architecture((9, 7), head="dueling", head_size=6),
]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_it_computes_what_the_checkpoints_network_computes(architecture) -> None:
    recipe = Recipe("camera", architecture, Action("levels", 3), Dimensions(2, 4, 0))
    network = TimedNetwork(architecture, recipe.observation_size, recipe.output_size)
    checkpoint = Checkpoint(recipe, {name: tensor.numpy() for name, tensor in network.state_dict().items()})
    inputs = torch.randn(6, 4, recipe.observation_size)
    memory = torch.zeros(6, architecture.num_states * architecture.memory_size)
    with torch.no_grad():
        outputs, after = network(inputs, memory)
    state = memory.numpy().copy()
    compiled = Network(checkpoint)
    expected = [compiled.forward(np.ascontiguousarray(inputs[:, t].numpy()), state) for t in range(4)]
    assert outputs.numpy() == pytest.approx(np.stack(expected, axis=1), abs=1e-5)
    assert after.numpy() == pytest.approx(state, abs=1e-5)


def test_decisions_one_by_one_are_those_of_a_whole_fragment() -> None:
    network = TimedNetwork(ARCHITECTURES[0], 3, 2)
    inputs, memory = torch.randn(5, 4, 3), torch.randn(5, 10)
    whole, after = network(inputs, memory)
    for t in range(4):
        one, memory = network(inputs[:, t : t + 1], memory)
        assert torch.allclose(one[:, 0], whole[:, t], atol=1e-6)
    assert torch.allclose(memory, after, atol=1e-6)


def test_first_outputs_are_as_small_as_asked() -> None:
    network = TimedNetwork(ARCHITECTURES[0], 3, 2, output_scale=0.01)
    assert network.output.weight.norm(dim=1).tolist() == pytest.approx([0.01, 0.01])
    assert network.hidden[0].weight.norm(dim=1).tolist() == pytest.approx([5 / 3] * 9)
    assert not network.output.bias.any()
