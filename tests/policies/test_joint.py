"""TarMAC, I2C and MADDPG are imported and decide as independent transcriptions of them do."""

import io

import numpy as np
import pytest
import torch

import mate
from policies import CheckpointError, Dimensions
from policies.importing import ImportRefused
from policies.importing.reading import read_file
from policies.inference import BatchedPolicy
from policies.preprocessing import preprocess
from policies.rehearsing import rehearse
from tests.policies.checkpoints import Sizes
from tests.policies.joint_models import MODELS, Shape, files_of
from tests.policies.trials import zip_of

SCENARIO = Dimensions(4, 2, 9)
STEPS = 6


def make(algorithm: str, team: str = "camera", **changes):
    torch.manual_seed(1)
    return MODELS[algorithm](Shape(SCENARIO, team, **changes))


def read(files: dict[str, bytes]):
    return read_file(io.BytesIO(zip_of(files))).agents[0]


def observe(team: str, seed: int) -> np.ndarray:
    """Raw observations (1, N, D) of a played episode."""
    batch = mate.engine.Batch(mate.Scenario.load("MATE-4v2-9"), 1)
    batch.reset(np.array([seed], np.uint64))
    batch.observe()
    return np.array(batch.camera_observation if team == "camera" else batch.target_observation)


def decisions(model, checkpoint, team: str) -> tuple[np.ndarray, np.ndarray]:
    """Outputs of the graph and of the transcription over some decisions, (steps, N, A)."""
    recipe = checkpoint.recipe
    policy = BatchedPolicy(checkpoint, Sizes(4, 2, 9), 1, deterministic=True)
    first = observe(team, 0)
    policy.reset(np.array([0]), np.array([0], np.uint64), first)
    ours, theirs = [], []
    for step in range(STEPS):
        raw = observe(team, step)
        inputs = preprocess(np.ascontiguousarray(raw[0]), team, SCENARIO, recipe.preprocessing)
        if policy.channel is not None:
            policy.channel.begin_step(policy.step, raw, np.array([True]))
        ours.append(policy.infer(np.array([0]), raw))
        with torch.inference_mode():
            theirs.append(model.decide(torch.from_numpy(inputs)).numpy())
    return np.array(ours), np.array(theirs)


@pytest.mark.parametrize("team", ["camera", "target"])
@pytest.mark.parametrize("algorithm", ["tarmac", "i2c"])
def test_logits_over_several_decisions_are_those_of_the_transcription(algorithm: str, team: str) -> None:
    model = make(algorithm, team)
    agent = read(files_of(model, algorithm))
    ours, theirs = decisions(model, agent.checkpoint, team)
    assert np.abs(ours - theirs).max() < 1e-5
    assert np.abs(theirs[1:] - theirs[:-1]).max() > 1e-3
    assert algorithm.upper() in agent.name


def test_hierarchical_tarmac_selects_targets_as_the_transcription_does() -> None:
    model = make("tarmac", outputs=2 * SCENARIO.targets)
    checkpoint = read(files_of(model, "tarmac", is_hierarchical=True)).checkpoint
    assert checkpoint.recipe.action.decoding == "select-many"
    ours, theirs = decisions(model, checkpoint, "camera")
    assert np.abs(ours - theirs).max() < 1e-5


@pytest.mark.parametrize("team", ["camera", "target"])
def test_actions_of_maddpg_are_those_of_the_transcription(team: str) -> None:
    model = make("maddpg", team)
    checkpoint = read(files_of(model, "maddpg")).checkpoint
    ours, theirs = decisions(model, checkpoint, team)
    largest = model.largest.numpy()
    assert np.abs(ours[..., :2] * largest - theirs).max() < 1e-4
    assert np.allclose(np.exp(ours[..., 2:]) * largest, 0.1, rtol=1e-5)


def test_messages_change_what_tarmac_decides() -> None:
    model = make("tarmac")
    checkpoint = read(files_of(model, "tarmac")).checkpoint
    ours, _ = decisions(model, checkpoint, "camera")
    silent = make("tarmac")
    silent.actor.hidden["actor_hidden_0"].weight.data[:, silent.shape.observed :] = 0
    quiet, _ = decisions(silent, read(files_of(silent, "tarmac")).checkpoint, "camera")
    assert np.array_equal(ours[0], quiet[0]) and not np.allclose(ours[1], quiet[1])


def test_i2c_asks_some_teammates_and_not_all() -> None:
    model = make("i2c")
    decisions(model, read(files_of(model, "i2c")).checkpoint, "camera")
    assert 0 < model.asked < STEPS * 4 * 3


@pytest.mark.parametrize("algorithm", MODELS)
def test_an_imported_team_plays_and_a_single_member_of_it_is_refused(algorithm: str) -> None:
    checkpoint = read(files_of(make(algorithm), algorithm)).checkpoint
    assert rehearse(checkpoint, deterministic=False).steps > 1
    with pytest.raises(CheckpointError, match="whole team at once"):
        BatchedPolicy(checkpoint, Sizes(4, 2, 9), 1, members=[0])


def test_the_members_of_another_team_size_are_refused() -> None:
    files = files_of(make("maddpg"), "maddpg", env_config={"config": "MATE-2v2-9.yaml"})
    with pytest.raises(ImportRefused, match="belong to different trials"):
        read(files)


def test_a_missing_part_is_named() -> None:
    model = make("tarmac")
    policies = model.policies()
    del policies["shared_policy"]["message_aggregator.query_predictor.weight"]
    model.policies = lambda: policies
    with pytest.raises(ImportRefused, match=r"query\.weight is missing"):
        read(files_of(model, "tarmac"))


def test_a_checkpoint_without_members_is_refused() -> None:
    model = make("i2c")
    model.policies = lambda: {"default_policy": {}}
    with pytest.raises(ImportRefused, match="has no policy 'camera_0'"):
        read(files_of(model, "i2c"))
