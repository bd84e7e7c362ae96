"""Checkpoints as agents of the game."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest

import mate
from policies import Action, CheckpointError, Dimensions
from policies.agents import CheckpointCameraAgent, CheckpointTargetAgent, load_agent, open_checkpoint
from policies.inference import BatchedPolicy
from tests.policies.checkpoints import Sizes, make_checkpoint, make_observations
from tests.policies.trials import Trial, files_of, zip_of


def test_an_agent_plays_as_its_member_of_the_batched_team() -> None:
    checkpoint = make_checkpoint(frame_skip=2, action=Action("select-many"))
    observations = make_observations(checkpoint.recipe, 1)
    policy = BatchedPolicy(checkpoint, Sizes(), 1, deterministic=True)
    policy.reset(np.array([0]), np.array([0], np.uint64), observations)
    agents = [CheckpointCameraAgent(checkpoint, seed=index, deterministic=True) for index in range(2)]
    for agent, observation in zip(agents, observations[0], strict=True):
        agent.reset(observation)
    for frame in range(5):
        seen = make_observations(checkpoint.recipe, 1, frame)
        actions = np.zeros((1, 2, 2))
        policy.act(seen, actions, np.array([True]))
        for agent, observation, action in zip(agents, seen[0], actions[0], strict=True):
            agent.observe(observation)
            assert np.array_equal(agent.act(observation), action)


def test_an_agent_repeats_itself_from_its_seed() -> None:
    checkpoint = make_checkpoint(team="target", frame_skip=1)
    observation = make_observations(checkpoint.recipe, 1)[0, 2]

    def play(seed: int) -> np.ndarray:
        agent = CheckpointTargetAgent(checkpoint, seed=seed)
        agent.reset(observation)
        actions = []
        for _ in range(8):
            agent.observe(observation)
            actions.append(agent.act(observation))
        return np.array(actions)

    assert np.array_equal(play(1), play(1)) and not np.array_equal(play(1), play(2))


def test_clones_share_weights_and_play_on_their_own() -> None:
    agent = CheckpointCameraAgent(make_checkpoint(), seed=1)
    first, second = agent.spawn(2)
    assert first.checkpoint is second.checkpoint is agent.checkpoint
    for index, clone in enumerate((first, second)):
        clone.reset(make_observations(clone.checkpoint.recipe, 1)[0, index])
        clone.observe(make_observations(clone.checkpoint.recipe, 1)[0, index])
    copied = copy.deepcopy(first).policy
    assert copied is not None and first.policy is not None and copied.network is first.policy.network


def test_deterministic_play_can_be_asked_for_in_each_call() -> None:
    checkpoint = make_checkpoint()
    observation = make_observations(checkpoint.recipe, 1)[0, 0]
    agents = [CheckpointCameraAgent(checkpoint, seed=seed) for seed in range(6)]
    actions = []
    for agent in agents:
        agent.reset(observation)
        agent.observe(observation)
        actions.append(tuple(agent.act(observation, deterministic=True)))
    assert len(set(actions)) == 1


def test_the_other_team_is_refused() -> None:
    with pytest.raises(CheckpointError, match="camera checkpoint cannot play as a target"):
        CheckpointTargetAgent(make_checkpoint())


def test_another_scenario_is_refused_at_reset() -> None:
    agent = CheckpointCameraAgent(make_checkpoint())
    other = make_checkpoint(scenario=Dimensions(2, 4, 0)).recipe
    with pytest.raises(CheckpointError, match="trained for 1 obstacles, and the scenario has 0"):
        agent.reset(make_observations(other, 1)[0, 0])


def test_the_entry_point_gives_teams_for_the_game(tmp_path: Path) -> None:
    checkpoint = make_checkpoint(scenario=Dimensions(2, 4, 0))
    checkpoint.save(tmp_path / "agent.zip")
    factory = load_agent(str(tmp_path / "agent.zip"), "camera", deterministic=True)
    scenario = mate.Scenario.load("MATE-2v4-0")
    for build in (factory, pickle.loads(pickle.dumps(factory))):
        team = build(scenario, 3)
        assert team.size == 3 and team.num_agents == 2 and team.is_deterministic


def test_the_entry_point_reads_foreign_formats_and_checks_the_team(tmp_path: Path) -> None:
    (tmp_path / "trial.zip").write_bytes(zip_of(files_of(Trial())))
    assert open_checkpoint(tmp_path / "trial.zip", "camera").recipe.team == "camera"
    with pytest.raises(CheckpointError, match="trained as a camera agent; target was asked for"):
        load_agent(str(tmp_path / "trial.zip"), "target")


def test_several_agents_in_a_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "two.zip").write_bytes(zip_of(files_of(Trial(), "a/") | files_of(Trial(seed=1), "b/")))
    with pytest.raises(CheckpointError, match="has 2 camera agents"):
        open_checkpoint(tmp_path / "two.zip", "camera")


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(CheckpointError, match=r"notes.txt: this is neither"):
        load_agent(str(tmp_path / "notes.txt"), "camera")
