"""Discrete actions of many members at once."""

import numpy as np
import pytest

import mate
from mate.batched.discrete import action_grid, decode
from mate.messages import Team


def test_a_cameras_grid_runs_fastest_along_rotation() -> None:
    table = action_grid(Team.CAMERA, 5)
    assert table[0].tolist() == [-1, -1] and table[1].tolist() == [-0.5, -1] and table[5].tolist() == [-1, -0.5]
    assert table[12].tolist() == [0, 0] and table[24].tolist() == [1, 1]


@pytest.mark.parametrize("levels", [2, 3, 5, 8])
def test_a_targets_grid_lies_in_the_disc_with_its_border_on_the_circle(levels: int) -> None:
    square, disc = action_grid(Team.CAMERA, levels), action_grid(Team.TARGET, levels)
    lengths = np.hypot(*disc.T)
    on_border = np.abs(square).max(axis=1) == 1
    assert np.allclose(lengths[on_border], 1) and (lengths <= 1 + 1e-12).all()
    assert np.allclose(square[:, 0] * disc[:, 1], square[:, 1] * disc[:, 0])  # each point keeps its direction


def test_choices_are_decoded_as_the_wrappers_do_for_each_episode() -> None:
    generator = np.random.default_rng(0)
    env = mate.DiscreteTarget(mate.DiscreteCamera(mate.make("MATE-4v8-9-v0"), levels=5), levels=7)
    env.reset(seed=1)
    for _ in range(20):
        choices = generator.integers(25, size=4), generator.integers(49, size=8)
        actions = env.env.action(env.action(choices))
        scale = np.array([env.camera_rotation_step, env.camera_zooming_step])
        step_size = env.unwrapped.batch.target_step_size[..., np.newaxis]
        cameras = decode(np.tile(choices[0], (3, 1)), action_grid(Team.CAMERA, 5), scale)
        targets = decode(choices[1][np.newaxis], action_grid(Team.TARGET, 7), step_size)
        assert (cameras == actions[0]).all() and cameras.shape == (3, 4, 2)
        assert (targets[0] == actions[1]).all()


def test_a_choice_beside_the_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 8, not 0 or 9"):
        decode(np.array([[0, 9]]), action_grid(Team.CAMERA, 3), np.ones(2))
