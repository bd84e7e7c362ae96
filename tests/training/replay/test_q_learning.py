"""Q-learning of teams finds the known values of small problems."""

import numpy as np
import pytest
import torch

from tests.training.replay.problems import make_learner, play

CHOICES = 9


def draw_choices(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return random.integers(0, CHOICES, (*shape, 1))


def values_of(learner, shown: int) -> np.ndarray:
    module = learner.team_module
    obs = torch.zeros(1, module.recipe.observation_size)
    obs[0, 0] = shown
    with torch.no_grad():
        return module.act(obs, torch.zeros(1, module.memory_width))[0][0].numpy()


@pytest.mark.parametrize("priority", [0.0, 0.6])
def test_independent_learners_find_the_value_of_every_choice(priority) -> None:
    learner = make_learner("iql", priority_exponent=priority)
    learner.remember(play(learner, draw_choices, lambda shown, actions: actions[..., 0] == 2 + 3 * shown))
    learner.update()
    for shown in (0, 1):
        expected = np.arange(CHOICES) == 2 + 3 * shown
        assert values_of(learner, shown) == pytest.approx(expected.astype(float), abs=0.15)


def test_what_follows_is_discounted() -> None:
    learner = make_learner("iql", gamma=0.5, updates=600)
    learner.remember(play(learner, draw_choices, lambda shown, actions: np.ones_like(shown, float), is_terminal=False))
    learner.update()
    assert values_of(learner, 1) == pytest.approx(np.full(CHOICES, 2.0), abs=0.15)


def test_a_network_with_memory_learns_from_fragments() -> None:
    learner = make_learner("iql", memory="gru", memory_size=16)
    learner.remember(play(learner, draw_choices, lambda shown, actions: actions[..., 0] == 2 + 3 * shown))
    learner.update()
    assert [values_of(learner, shown).argmax() for shown in (0, 1)] == [2, 5]


def joint_values(learner) -> np.ndarray:
    """The team's value of the four joint choices of 0 or 1, all members seeing the same."""
    module = learner.team_module
    own = torch.from_numpy(values_of(learner, 0))[:2]
    pairs = torch.stack(torch.meshgrid(own, own, indexing="ij"), dim=-1)
    with torch.no_grad():
        return module.mixer(pairs, torch.zeros(2, 2, module.recipe.dimensions.state_size)).numpy()


def draw_pairs(random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return random.integers(0, 2, (*shape, 1))


def both_choose_one(shown: np.ndarray, actions: np.ndarray) -> np.ndarray:
    """A reward of the team for choosing 1 together: monotonic, and no sum of the members' shares."""
    return np.broadcast_to((actions[..., 0] == 1).all(axis=1, keepdims=True), shown.shape)


@pytest.mark.parametrize(("algorithm", "largest_error"), [("qmix", 0.2), ("vdn", 0.5)])
def test_a_mixing_network_values_what_only_the_team_can_do(algorithm, largest_error) -> None:
    learner = make_learner(algorithm, memory="none")
    learner.remember(play(learner, draw_pairs, both_choose_one))
    learner.update()
    error = np.abs(joint_values(learner) - np.array([[0, 0], [0, 1]])).max()
    assert error < largest_error and (algorithm == "qmix" or error > 0.2), "a sum is off by a quarter"


def test_the_mixed_value_never_falls_when_a_members_rises() -> None:
    mixer = make_learner("qmix").team_module.mixer
    values = torch.randn(64, 2, requires_grad=True)
    mixer(values, torch.randn(64, mixer.first_weight.in_features)).sum().backward()
    assert (values.grad >= 0.0).all() and (values.grad > 0.0).any()
