"""Environments in which agents play one team, or all but one member of it."""

import numpy as np
import pytest

import mate
from mate import Message, Team


class Recorder:
    """Mixed into an agent: remembers which index it played in each episode."""

    def __init__(self, seed=None):
        super().__init__(seed=seed)  # type: ignore[call-arg]
        self.indices = []

    def reset(self, observation):
        super().reset(observation)
        self.indices.append(self.index)

    def act(self, observation, info=None, deterministic=None):
        self.check_inputs(observation, info)
        return self.DEFAULT_ACTION


class RecordingCamera(Recorder, mate.CameraAgentBase):
    pass


class RecordingTarget(Recorder, mate.TargetAgentBase):
    pass


def multi_target(name="MATE-4v8-9-v0", **kwargs):
    return mate.MultiTarget(mate.make(name, **kwargs), camera_agent=RecordingCamera(seed=0))


def single_camera(name="MATE-4v8-9-v0"):
    return mate.SingleCamera(mate.make(name), RecordingCamera(seed=0), RecordingTarget(seed=1))


def test_the_caller_plays_the_whole_team():
    env = multi_target()
    observation = env.reset(seed=1)
    assert observation.shape == (8, 131)
    assert env.action_space == env.unwrapped.target_joint_action_space
    assert env.observation_space.contains(tuple(observation))
    observation, reward, done, infos = env.step(env.action_space.sample())
    assert reward == infos[0]["raw_reward"] == -env.opponent_infos[0]["raw_reward"]
    assert (len(infos), done) == (8, False)
    assert np.array_equal(env.opponent_joint_observation, env.joint_observation()[0])
    assert (env.num_teammates, env.num_opponents, env.num_adversaries) == (8, 4, 4)
    assert env.team is Team.TARGET
    assert str(env).startswith("<MultiTarget(opponent=")


def test_opponents_change_places_where_entities_are_shuffled():
    env = multi_target()
    for seed in range(8):
        env.reset(seed=seed)
        assert [agent.index for agent in env.opponent_agents] == [0, 1, 2, 3]
    assert all(len(agent.indices) == 8 for agent in env.opponent_agents_ordered)
    assert len({tuple(agent.indices) for agent in env.opponent_agents_ordered}) == 4
    assert any(len(set(agent.indices)) > 1 for agent in env.opponent_agents_ordered)


def test_opponents_keep_their_places_where_entities_do():
    config = {**mate.read_config("MATE-4v8-9"), "shuffle_entities": False}
    env = mate.MultiTarget(mate.MultiAgentTracking(config), RecordingCamera(seed=0))
    for seed in range(4):
        env.reset(seed=seed)
    assert [agent.indices for agent in env.opponent_agents_ordered] == [[index] * 4 for index in range(4)]


def test_the_caller_plays_one_member():
    env = single_camera()
    indices = set()
    for seed in range(10):
        observation = env.reset(seed=seed)
        assert observation.shape == (126,)
        assert round(observation[3]) == env.index
        others = sorted(agent.index for agent in env.teammate_agents)
        assert sorted([*others, env.index]) == [0, 1, 2, 3]
        indices.add(env.index)
    assert len(indices) > 1
    before = env.cameras[env.index].orientation
    observation, reward, _done, info = env.step(np.array([4.0, 0.0]))
    turned = mate.normalize_angle(env.cameras[env.index].orientation - before)
    assert turned == pytest.approx(4.0)
    assert np.array_equal(observation, env.joint_observation[env.index])
    assert info is env.infos[env.index]
    assert reward == info["raw_reward"]
    assert env.action_space == env.unwrapped.camera_action_space
    assert "teammate=" in str(env)


def test_the_last_member_is_the_callers_where_entities_keep_their_order():
    config = {**mate.read_config("MATE-4v8-9"), "shuffle_entities": False}
    env = mate.SingleTarget(mate.MultiAgentTracking(config), RecordingTarget(seed=0), RecordingCamera(seed=0))
    env.reset(seed=0)
    assert env.index == 7
    env.step(np.zeros(2))


def test_seeding_reaches_every_agent_and_reset_does_not():
    def played(env):
        env.reset()
        return [agent.np_random.random() for agent in env.opponent_agents_ordered]

    one, other = multi_target(), multi_target()
    assert len(one.seed(4)) == 1 + 21 + 1 + 4
    other.seed(4)
    assert played(one) == played(other)
    one.reset(seed=9)
    before = one.opponent_agents_ordered[0].np_random
    one.reset(seed=9)
    assert one.opponent_agents_ordered[0].np_random is before


def test_the_caller_sends_messages_of_its_own_team_only():
    env = multi_target()
    env.reset(seed=0)
    env.send_messages(Message(0, 1, "hello", Team.TARGET))
    with pytest.raises(AssertionError, match="CAMERA"):
        env.send_messages(Message(0, 1, "hello", Team.CAMERA))
    assert [len(messages) for messages in env.receive_messages()] == [0, 1, 0, 0, 0, 0, 0, 0]


def test_q61_receiving_without_arguments_reads_the_buffers_again_and_again():
    env = multi_target()
    env.reset(seed=0)
    env.send_messages(Message(0, 1, "hello", Team.TARGET))
    for _ in range(2):
        assert [message.content for message in env.receive_messages()[1]] == ["hello"]
    assert len(env.receive_messages((Team.TARGET, 1))) == 1
    assert env.receive_messages((Team.TARGET, 1)) == []
    env.step(np.zeros((8, 2)))
    assert env.receive_messages() == [[]] * 8


def test_a_single_agent_sends_and_receives_its_own_messages():
    env = single_camera()
    env.reset(seed=0)
    other = (env.index + 1) % 4
    env.send_messages(Message(env.index, env.index, "note", Team.CAMERA))
    assert [message.content for message in env.receive_messages()] == ["note"]
    assert env.receive_messages() == []
    with pytest.raises(AssertionError, match="only camera"):
        env.send_messages(Message(other, env.index, "forged", Team.CAMERA))


def test_swapping_puts_the_own_team_first_and_is_its_own_inverse():
    env = multi_target()
    assert env.swap("camera", "target") == ("target", "camera")
    assert env.swap(("camera", "target")) == ("target", "camera")
    assert env.swap((1, 2), (3, 4), (5, 6)) == ((2, 1), (4, 3), (6, 5))
    assert single_camera().swap("camera", "target") == ("camera", "target")


def test_a_new_configuration_brings_new_opponents():
    env = multi_target()
    env.load_config("MATE-8v8-9.yaml")
    assert len(env.opponent_agents) == 8
    assert env.reset().shape == (8, 159)


def test_agents_must_be_of_the_right_team():
    with pytest.raises(AssertionError, match="TargetAgentBase"):
        mate.MultiCamera(mate.make("MATE-4v8-9-v0"), RecordingCamera(seed=0))
    with pytest.raises(AssertionError, match="CameraAgentBase"):
        mate.SingleCamera(mate.make("MATE-4v8-9-v0"), RecordingTarget(seed=0), RecordingTarget(seed=0))


def test_single_team_environments_do_not_nest():
    with pytest.raises(AssertionError, match="two-team"):
        mate.MultiTarget(multi_target(), RecordingCamera(seed=0))


def test_there_must_be_somebody_to_play():
    with pytest.warns(UserWarning), pytest.raises(AssertionError, match="camera"):
        mate.MultiCamera(mate.MultiAgentTracking("MATE-Navigation"), RecordingTarget(seed=0))


def test_layers_are_seen_from_outside():
    env = mate.RescaledObservation(multi_target())
    assert isinstance(env, mate.MultiTarget)
    assert not isinstance(env, mate.MultiCamera)
    assert env.num_cameras == 4
    with pytest.raises(AttributeError, match="private"):
        _ = env._mailboxes
    with pytest.raises(AttributeError):
        _ = env.no_such_attribute
