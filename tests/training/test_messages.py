"""Algorithms whose members communicate learn what to send, and which teammates to ask."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from torch import nn

from policies.networks import network_of
from tests.training.runs import configure
from training.exporting import export
from training.module_classes import module_class_of
from training.modules import TeamModule


def make_module(algorithm: str, scenario: str = "MATE-2v4-0", **hyperparameters) -> TeamModule:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    usual = {"hidden_sizes": [16], "memory_size": 16} | ({} if algorithm.startswith("hrl-") else {"levels": 3})
    configuration = configure(algorithm=algorithm, scenario=scenario, hyperparameters=usual | hyperparameters)
    spaces = gym.spaces.Box(-1, 1, (1,)), gym.spaces.Discrete(2)
    make = module_class_of(configuration)
    return make(observation_space=spaces[0], action_space=spaces[1], model_config={"configuration": configuration})


def show(bits: torch.Tensor, width: int) -> torch.Tensor:
    """Observations (R, N, T, D) whose first entry is a bit (R, N, T)."""
    obs = torch.zeros(*bits.shape, width)
    obs[..., 0] = bits
    return obs


def test_members_learn_to_tell_each_other_what_they_saw() -> None:
    """Each member must do now what its teammate saw before: gradients reach the sender through its message."""
    module = make_module("tarmac")
    optimizer = torch.optim.Adam(module.actor.parameters(), 1e-2)
    memory = torch.zeros(128, 2, module.memory_width)

    def measure(is_mute: bool = False) -> tuple[torch.Tensor, float]:
        bits = torch.randint(0, 2, (128, 2, 3))
        if is_mute:
            logits, state = [], memory
            for t in range(3):
                output, state = module.actor(show(bits[:, :, t : t + 1], module.recipe.observation_size), state)
                state = torch.cat([state[..., :32], torch.zeros_like(state[..., 32:])], dim=2)
                logits.append(output)
            logits = torch.cat(logits, dim=2)[:, :, 1:, :2]
        else:
            logits = module.actor(show(bits, module.recipe.observation_size), memory)[0][:, :, 1:, :2]
        wanted = bits.flip(1)[:, :, :-1]
        loss = nn.functional.cross_entropy(logits.flatten(0, 2), wanted.flatten())
        return loss, float((logits.argmax(3) == wanted).float().mean())

    for _ in range(80):
        loss, _ = measure()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert measure()[1] > 0.95 and measure(is_mute=True)[1] < 0.75


def influence_of(reward) -> float:
    """The mean influence that members are found to have on each other where choices are worth ``reward``."""
    module = make_module("i2c", temperature=0.1)
    optimizer = torch.optim.Adam(module.joint_value.parameters(), 1e-2)
    rows, states = 64, module.recipe.dimensions.state_size
    for _ in range(100):
        choices = torch.randint(0, 9, (rows, 2, 4, 1))
        returns = reward(choices[..., 0]).float().unsqueeze(1).expand(-1, 2, -1)
        batch = {
            "obs": torch.randn(rows, 2, 4, module.recipe.observation_size),
            "state": torch.zeros(rows, 4, states),
            "mask": torch.ones(rows, 4, dtype=torch.bool),
            "actions": choices,
            "value_targets": returns,
        }
        optimizer.zero_grad()
        module.auxiliary_loss([batch], [(torch.zeros(rows, 2, 4, 9), returns)]).backward()
        optimizer.step()
    newest = int(module.num_influences)
    return float(module.influences[newest - 1000 : newest].mean())


def test_teammates_matter_where_choices_must_match_and_not_where_they_add_up() -> None:
    matching = influence_of(lambda choices: choices[:, 0] == choices[:, 1])
    adding = influence_of(lambda choices: (choices[:, 0] == 1).float() + (choices[:, 1] == 2).float())
    assert matching > 0.2 and matching > 5 * adding


def test_a_camera_alone_asks_nobody_and_learns_and_plays() -> None:
    module = make_module("i2c", "MATE-1v1-0")
    rows, returns = 6, torch.randn(6, 1, 4)
    batch = {
        "obs": torch.randn(rows, 1, 4, module.recipe.observation_size),
        "state": torch.randn(rows, 4, module.recipe.dimensions.state_size),
        "mask": torch.ones(rows, 4, dtype=torch.bool),
        "actions": torch.randint(0, 9, (rows, 1, 4, 1)),
        "value_targets": returns,
    }
    assert module.auxiliary_loss([batch], [(torch.zeros(rows, 1, 4, 9), returns)]).isfinite()
    network = network_of(export(module, module.configuration, {}), module.recipe.dimensions)
    outputs = network.forward(batch["obs"][:, 0, 0].numpy(), np.zeros((rows, 32), np.float32))
    with torch.no_grad():
        expected = module.actor(batch["obs"][:, :, :1], torch.zeros(rows, 1, 32))[0]
    assert outputs == pytest.approx(expected.flatten(0, 2).numpy(), abs=1e-5)


@pytest.mark.parametrize("algorithm", ["tarmac", "hrl-tarmac", "i2c"])
def test_a_module_takes_its_weights_back_from_what_it_exported(algorithm) -> None:
    module, other = make_module(algorithm), make_module(algorithm)
    with torch.no_grad():
        for parameter in other.actor.parameters():
            parameter += 0.1
    other.load_actor(export(module, module.configuration, {}).weights)
    obs, memory = torch.randn(6, 2, 3, module.recipe.observation_size), torch.zeros(6, 2, module.memory_width)
    with torch.no_grad():
        first, second = (one.actor(obs, memory)[0].numpy() for one in (module, other))
    assert second == pytest.approx(first, abs=1e-5) and np.abs(first).max() > 0
