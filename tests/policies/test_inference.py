"""Batched play: an episode's actions depend only on its own key and observations."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from mate.interfaces.gymnasium_vector import GymnasiumVectorEnvironment
from policies import Action, Checkpoint, CheckpointError, Dimensions, EntityArchitecture, Preprocessing
from policies.inference import BatchedPolicy
from tests.policies.checkpoints import IPPO, IQL, QMIX, Sizes, make_checkpoint, make_observations

KINDS = {
    "levels": make_checkpoint(frame_skip=3),
    "target": make_checkpoint(team="target", frame_skip=2),
    "box": make_checkpoint(action=Action("box"), architecture=IPPO),
    "select-many": make_checkpoint(action=Action("select-many"), frame_skip=5),
    "select-one": make_checkpoint(action=Action("select-one"), frame_skip=2),
    "select-subset": make_checkpoint(
        action=Action("select-subset", outputs="values", epsilon=0.5), architecture=QMIX, frame_skip=2
    ),
    "pose": make_checkpoint(action=Action("pose", 5), preprocessing=Preprocessing(egocentric=True), frame_skip=2),
    "masked": make_checkpoint(action=Action("select-one", masked=True), frame_skip=2),
    "entities": make_checkpoint(
        architecture=EntityArchitecture((6,), (7,), pooling="attention", head_size=5),
        action=Action("select-pose", masked=True),
        preprocessing=Preprocessing(egocentric=True),
        frame_skip=2,
    ),
    "entities of a target": make_checkpoint(
        team="target",
        architecture=EntityArchitecture((6,), (7,), memory="gru", memory_size=4),
        preprocessing=Preprocessing(egocentric=True),
    ),
    "values": make_checkpoint(action=Action("levels", 3, outputs="values", epsilon=0.5), architecture=IQL),
}
FRAMES = 7


def play(checkpoint: Checkpoint, size: int, slots: list[int], keys: list[int], **options: Any) -> np.ndarray:
    """Actions (FRAMES, K, N, 2) of K episodes with observations that depend on their keys, in the given slots."""
    policy = BatchedPolicy(checkpoint, Sizes(), size, **options)
    frames = [
        np.concatenate([make_observations(checkpoint.recipe, 1, key * 100 + f) for key in keys]) for f in range(FRAMES)
    ]
    observations = np.full((size, *frames[0].shape[1:]), 5.0)
    observations[slots] = frames[0]
    policy.reset(np.array(slots), np.array(keys, np.uint64), observations)
    active = np.isin(np.arange(size), slots)
    actions, played = np.zeros((size, policy.num_agents, 2)), []
    for frame in frames:
        observations[slots] = frame
        policy.act(observations, actions, active)
        played.append(actions[slots].copy())
    return np.array(played)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("deterministic", [True, False])
def test_an_episode_is_the_same_bits_alone_and_in_any_batch(kind: str, deterministic: bool) -> None:
    checkpoint = KINDS[kind]
    keys = list(range(10, 74))
    together = play(checkpoint, 64, list(range(64)), keys, deterministic=deterministic)
    alone = play(checkpoint, 1, [0], [keys[37]], deterministic=deterministic)
    assert alone.tobytes() == together[:, 37:38].tobytes()
    few = play(checkpoint, 7, [6, 1, 3], [keys[5], keys[60], keys[0]], deterministic=deterministic)
    assert few.tobytes() == np.ascontiguousarray(together[:, [5, 60, 0]]).tobytes()


def test_stochastic_play_depends_on_the_key_and_deterministic_play_does_not() -> None:
    checkpoint = make_checkpoint()
    observations = make_observations(checkpoint.recipe, 2)
    observations[1] = observations[0]

    def first_actions(deterministic: bool) -> np.ndarray:
        policy = BatchedPolicy(checkpoint, Sizes(), 2, deterministic)
        policy.reset(np.arange(2), np.array([1, 2], np.uint64), observations)
        actions = np.zeros((2, 2, 2))
        policy.act(observations, actions, np.ones(2, bool))
        return actions

    assert np.array_equal(*first_actions(True)) and not np.array_equal(*first_actions(False))


@pytest.mark.parametrize(("play_mode", "expected"), [("deterministic", True), ("stochastic", False)])
def test_the_recipe_says_how_to_play_where_nobody_else_does(play_mode: str, expected: bool) -> None:
    assert BatchedPolicy(make_checkpoint(play=play_mode), Sizes(), 1).is_deterministic is expected


def test_an_action_is_held_between_decisions() -> None:
    actions = play(KINDS["levels"], 1, [0], [4])
    assert (actions[0] == actions[1]).all() and (actions[1] == actions[2]).all()
    assert not (actions[:6:3] == actions[3]).all()


def test_a_selection_is_executed_afresh_in_every_frame() -> None:
    actions = play(KINDS["select-many"], 1, [0], [4], deterministic=True)
    assert not (actions[0] == actions[1]).all()


def test_actions_stay_within_the_bounds_of_the_first_observation() -> None:
    checkpoint = KINDS["target"]
    bound = make_observations(checkpoint.recipe, 1, 400)[0, :, 17]
    lengths = np.hypot(*np.moveaxis(play(checkpoint, 1, [0], [4])[:, 0], -1, 0))
    assert (lengths <= bound + 1e-9).all()


def test_a_reset_forgets_the_episode_before() -> None:
    checkpoint = make_checkpoint(frame_skip=2)
    policy = BatchedPolicy(checkpoint, Sizes(), 2, deterministic=True)
    observations = make_observations(checkpoint.recipe, 2)
    played = []
    for _ in range(2):
        policy.reset(np.array([1]), np.array([8], np.uint64), observations)
        actions = np.zeros((2, 2, 2))
        for _ in range(3):
            policy.act(observations, actions, np.array([False, True]))
        played.append(actions.copy())
        assert (actions[0] == 0).all() and (policy.memory[0] == 0).all()
    assert np.array_equal(played[0], played[1])


def test_members_play_as_they_do_in_the_whole_team() -> None:
    checkpoint = make_checkpoint()
    observations = make_observations(checkpoint.recipe, 1)
    everybody, second = BatchedPolicy(checkpoint, Sizes(), 1), BatchedPolicy(checkpoint, Sizes(), 1, members=[1])
    key, active = np.array([5], np.uint64), np.array([True])
    team, single = np.zeros((1, 2, 2)), np.zeros((1, 1, 2))
    everybody.reset(np.array([0]), key, observations)
    everybody.act(observations, team, active)
    second.reset(np.array([0]), key, observations[:, 1:])
    second.act(np.ascontiguousarray(observations[:, 1:]), single, active)
    assert np.array_equal(team[:, 1:], single)


def test_another_scenario_is_refused_with_both_figures() -> None:
    with pytest.raises(CheckpointError, match="trained for 4 targets, and the scenario has 8"):
        BatchedPolicy(make_checkpoint(), Sizes(num_targets=8), 1)
    assert make_checkpoint().recipe.scenario == Dimensions(2, 4, 1)


def test_a_checkpoint_can_be_the_opponent_of_a_vector_environment() -> None:
    checkpoint = make_checkpoint(team="target", scenario=Dimensions(2, 4, 0), frame_skip=2)
    env = GymnasiumVectorEnvironment("MATE-2v4-0", 3, "camera", partial(BatchedPolicy, checkpoint))
    played = []
    for _ in range(2):
        env.reset(seed=4)
        for _ in range(5):
            observations = env.step(np.zeros((3, 2, 2)))[0]
        played.append(observations)
    assert np.array_equal(*played) and not np.array_equal(played[0][0], played[0][1])
