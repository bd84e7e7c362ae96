"""Networks speak to each other through the limits of the scenario."""

import io
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
import torch

import mate
from mate import episodes
from mate.agents.batched import BatchedMixture, make
from mate.streams import TEAM, derive
from mate.wrappers.limited_communication import limit_communication
from policies import Checkpoint, CheckpointError, compatibility
from policies.agents import CheckpointCameraAgent
from policies.exporting import pack, to_onnx
from policies.graphs.graph import GraphMessages
from policies.importing import read
from policies.importing.reading import read_file
from policies.inference import BatchedPolicy
from policies.preprocessing import preprocess
from tests.policies.joint_models import MODELS, Shape, files_of
from tests.policies.speakers import SIZES, make_speaker
from tests.policies.trials import zip_of

LIMITS = {"communication_range": 1500.0, "message_dropout": 0.3, "communication_delay": 2}
STEPS = 25
DECISIONS = 5  # of imported teams, which skip frames


@cache
def joint(algorithm: str) -> Checkpoint:
    torch.manual_seed(3)
    model = MODELS[algorithm](Shape(SIZES, "camera"))
    if algorithm == "tarmac":  # let it listen well
        model.actor.hidden["actor_hidden_0"].weight.data[:, model.shape.observed :] *= 50.0
    return read_file(io.BytesIO(zip_of(files_of(model, algorithm)))).agents[0].checkpoint


CAMERAS = {
    "speaker": make_speaker,
    "speaker that skips frames": lambda: make_speaker(frame_skip=3),
    "tarmac": lambda: joint("tarmac"),
    "i2c": lambda: joint("i2c"),
}


def play(checkpoint, seeds, batch_size=8, **limits):
    return episodes.play(
        mate.Scenario.load("MATE-4v8-9", **limits),
        lambda scenario, size: BatchedPolicy(checkpoint, scenario, size),
        lambda scenario, size: make("greedy", "target", scenario, size),
        seeds,
        batch_size,
        STEPS,
    )


def edges_of(policy: BatchedPolicy) -> np.ndarray:
    messages = policy.messages
    assert messages is not None
    return messages.edges[0]


def sent(results) -> int:
    return sum(sum(result.camera_edges_sent) for result in results)


@pytest.mark.parametrize("name", CAMERAS)
def test_episodes_of_a_team_that_speaks_do_not_depend_on_the_batch(name: str) -> None:
    checkpoint, limits = CAMERAS[name](), LIMITS | {"communication_delay": 0 if name == "i2c" else 2}
    alone = play(checkpoint, range(10), 1, **limits)
    assert sent(alone) > 0
    for size in (7, 64):
        assert play(checkpoint, range(10), size, **limits) == alone


@pytest.mark.parametrize("limits", [{}, LIMITS], ids=["free", "limited"])
@pytest.mark.parametrize("frame_skip", [1, 2])
def test_a_team_plays_and_speaks_as_its_members_do_one_by_one(frame_skip: int, limits: dict) -> None:
    scenario, checkpoint = mate.Scenario.load("MATE-4v8-9", **limits), make_speaker(frame_skip=frame_skip)
    env = limit_communication(mate.make_environment("MATE-4v8-9.yaml"), scenario)
    env.seed(5)
    seen, _ = env.reset()
    team = BatchedPolicy(checkpoint, scenario, 1, deterministic=True)
    team.reset(np.array([0]), np.array([derive(env.episode_seed, TEAM, 0)], np.uint64), seen[None])
    agents = CheckpointCameraAgent(checkpoint, seed=0, deterministic=True).spawn(4)
    mate.group_reset(agents, seen)
    sent, received, actions = np.zeros(4, int), np.zeros(4, int), np.zeros((1, 4, 2))
    for _ in range(STEPS):
        team.act(np.ascontiguousarray(seen)[None], actions, np.array([True]))
        assert np.array_equal(mate.group_step(env, agents, seen), actions[0])
        (seen, _), _, _, (infos, _) = env.step((actions[0], np.zeros((8, 2))))
        sent += [info["out_communication_edges"] for info in infos]
        received += [info["in_communication_edges"] for info in infos]
    edges = edges_of(team)
    assert edges.sum(axis=1).tolist() == sent.tolist() and edges.sum(axis=0).tolist() == received.tolist()
    assert 0 < sent.sum() < STEPS * 12


def test_what_is_heard_changes_what_is_decided_and_a_silenced_team_hears_nothing() -> None:
    free, silent = play(make_speaker(), [1]), play(make_speaker(), [1], no_communication="camera")
    assert sent(free) > 0 == sent(silent)
    assert free[0].digest != silent[0].digest


@pytest.mark.parametrize("limits", [{"message_dropout": 1.0}, {"communication_range": 1.0}], ids=str)
@pytest.mark.parametrize("name", ["tarmac", "i2c"])
def test_imported_teams_hear_nothing_that_a_scenario_stops(name: str, limits: dict) -> None:
    checkpoint = joint(name)
    stopped, silent, free = (play(checkpoint, range(30), **one) for one in (limits, {"no_communication": "camera"}, {}))
    assert sent(stopped) == 0 < sent(free)
    digests = [[result.digest for result in results] for results in (stopped, silent, free)]
    assert digests[0] == digests[1] != digests[2]


def test_tarmac_tells_everybody_what_it_said_at_the_last_decision() -> None:
    assert play(joint("tarmac"), [1])[0].camera_edges_sent == (3 * DECISIONS,) * 4


def test_i2c_is_answered_by_the_teammates_that_it_asks() -> None:
    torch.manual_seed(3)
    model = MODELS["i2c"](Shape(SIZES, "camera"))
    policy = BatchedPolicy(joint("i2c"), mate.Scenario.load("MATE-4v8-9"), 1, deterministic=True)
    batch = mate.engine.Batch(mate.Scenario.load("MATE-4v8-9"), 1)
    batch.reset(np.array([1], np.uint64))
    batch.observe()
    raw = np.array(batch.camera_observation)
    policy.reset(np.array([0]), np.array([0], np.uint64), raw)
    policy.act(raw, np.zeros((1, 4, 2)), np.array([True]))
    with torch.inference_mode():
        model.decide(torch.from_numpy(preprocess(raw[0], "camera", SIZES, policy.recipe.preprocessing)))
    assert 0 < edges_of(policy).sum() == model.asked < 12


def test_a_late_message_is_counted_when_it_arrives() -> None:
    on_time, late = (
        sum(play(joint("tarmac"), [1], communication_delay=delay)[0].camera_edges_received) for delay in (0, 5)
    )
    assert (on_time, late) == (12 * DECISIONS, 12 * (DECISIONS - 1))


def test_members_of_a_mixture_share_messages_with_a_network_that_speaks() -> None:
    def mixed(scenario: mate.Scenario, size: int) -> BatchedMixture:
        speaking, greedy = BatchedPolicy(make_speaker(), scenario, size), make("greedy", "camera", scenario, size)
        return BatchedMixture([speaking, greedy, BatchedPolicy(joint("maddpg"), scenario, size)])

    target = partial(make, "naive", "target")
    scenario = mate.Scenario.load("MATE-4v8-9")
    results = episodes.play(scenario, mixed, target, range(12), 5, STEPS)
    assert results == episodes.play(scenario, mixed, target, range(12), 12, STEPS)
    assert {result.camera_edges_sent == (0,) * 4 for result in results} == {True, False}


@pytest.mark.parametrize(("name", "is_bound"), [("maddpg", False), ("i2c", True), ("tarmac", True)])
def test_pages_say_where_limits_do_not_bind_a_network_for_whole_teams(name: str, is_bound: bool) -> None:
    scenario = mate.Scenario.load("MATE-4v8-9", communication_range=500.0)
    notes = [remark.text for remark in compatibility(joint(name).recipe, scenario, "camera")]
    assert any("past the scenario's limits" in note for note in notes) != is_bound


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"messages": GraphMessages(recipients="v0"), "inputs": ("observation",)},
            "exchange nothing inside a decision",
        ),
        ({"inputs": ("observation", "heard")}, "must send messages"),
        ({"messages": None}, "expected one of"),
        ({"inputs": ("observation", "messages", "heard", "links")}, "whose rows are teams"),
    ],
)
def test_messages_that_cannot_be_are_refused(changes: dict, problem: str) -> None:
    graph = make_speaker().recipe.architecture
    with pytest.raises(CheckpointError, match=problem):
        replace(graph, **changes)


def test_a_speaker_leaves_as_onnx_and_comes_back_the_same(tmp_path: Path) -> None:
    path = tmp_path / "agent.zip"
    path.write_bytes(pack(*to_onnx(make_speaker())))
    back = read(path).agents[0].checkpoint
    assert back.recipe.architecture.to_json()["messages"]["size"] == 2
    assert play(back, [4]) == play(make_speaker(), [4])
