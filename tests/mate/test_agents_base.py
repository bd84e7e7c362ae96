"""The base classes of user-written agents."""

import copy

import numpy as np
import pytest

import mate
from mate.agents.base import AgentBase


class StillCamera(mate.CameraAgentBase):
    def act(self, observation, info=None, deterministic=None):
        self.state, observation, info, _messages = self.check_inputs(observation, info)
        return self.DEFAULT_ACTION


class StillTarget(mate.TargetAgentBase):
    def act(self, observation, info=None, deterministic=None):
        self.state, observation, info, _messages = self.check_inputs(observation, info)
        return self.DEFAULT_ACTION


@pytest.fixture
def env():
    env = mate.MultiAgentTracking("MATE-4v8-9")
    env.reset(seed=1)
    return env


def test_an_agent_without_act_cannot_be_made():
    with pytest.raises(TypeError, match="act"):
        mate.CameraAgentBase()


def test_reset_reads_who_the_agent_is_from_its_observation(env):
    camera, target = StillCamera(seed=0), StillTarget(seed=0)
    camera_observation, target_observation = env.joint_observation()
    camera.reset(camera_observation[3])
    target.reset(target_observation[5])
    assert (camera.agent_id, target.agent_id) == ("camera_3", "target_5")
    assert (camera.num_teammates, camera.num_opponents, target.num_adversaries) == (4, 8, 4)
    assert camera.observation_space == env.camera_observation_space
    assert camera.episode_step == -1
    assert camera.last_observation is None
    assert target.action_space.high.tolist() == [env.targets[5].step_size] * 2


@pytest.mark.parametrize("cut", [slice(None, -1), slice(None, 3)])
def test_reset_refuses_an_observation_of_another_length(env, cut):
    with pytest.raises(AssertionError):
        StillCamera(seed=0).reset(env.joint_observation()[0][0][cut])


def test_reset_refuses_a_joint_observation(env):
    with pytest.raises(AssertionError, match="one-dimensional"):
        StillCamera(seed=0).reset(env.joint_observation()[0])


def test_q33_the_step_is_counted_on_every_odd_call(env):
    agent, observation = StillCamera(seed=0), env.joint_observation()[0][0]
    agent.reset(observation)
    counted = []
    for _ in range(5):
        agent.check_inputs(observation)
        counted.append(agent.episode_step)
    assert counted == [0, 0, 1, 1, 2]


def test_observe_remembers_and_messages_come_from_the_info(env):
    agent, observation = StillCamera(seed=0), env.joint_observation()[0][2]
    agent.reset(observation)
    message = agent.pack_message("hi", recipient=1)
    agent.observe(observation, {"messages": [message]})
    assert np.array_equal(agent.last_observation, observation)
    assert agent.last_info == {"messages": [message]}
    assert agent.check_inputs(observation, agent.last_info)[3] == [message]
    assert (message.sender, message.recipient, message.broadcasting) == (2, 1, False)
    assert agent.pack_message("all").broadcasting


def test_states_of_others_come_with_their_visibility(env):
    agent, observation = StillCamera(seed=0), env.joint_observation()[0][1]
    agent.reset(observation)
    states, flags = agent.get_all_opponent_states(observation)
    assert list(flags) == env.camera_target_view_mask[1].tolist()
    for state, flag, target in zip(states, flags, env.targets, strict=True):
        assert np.array_equal(state.state, target.state() if flag else np.zeros(4))
    own, is_visible = agent.get_teammate_state(observation, 1)
    assert is_visible
    assert np.array_equal(own.state, env.cameras[1].state())
    assert agent.get_obstacle_state(observation, 8)[0].index == 8
    assert len(agent.get_all_obstacle_states(observation)[0]) == 9
    for read in (agent.get_teammate_state, agent.get_opponent_state, agent.get_obstacle_state):
        with pytest.raises(IndexError):
            read(observation, 9)
        with pytest.raises(IndexError):
            read(observation, -1)


def test_q35_there_is_a_pair_of_empty_tuples_where_nobody_is():
    env = mate.MultiAgentTracking("MATE-Navigation")
    _, observation = env.reset(seed=0)
    agent = StillTarget(seed=0)
    agent.reset(observation[0])
    states, flags = agent.get_all_opponent_states(observation[0])
    assert (states, flags) == ((), ())


def test_private_states_have_named_values(env):
    observations = env.joint_observation()
    camera, target = StillCamera(seed=0), StillTarget(seed=0)
    camera.reset(observations[0][0])
    target.reset(observations[1][0])
    entity = env.cameras[0]
    for name in ("orientation", "viewing_angle", "sight_range", "max_sight_range", "min_viewing_angle", "radius"):
        assert getattr(camera.state, name) == pytest.approx(getattr(entity, name), rel=1e-12), name
    assert camera.state.action_space == entity.action_space
    assert target.state.capacity == env.targets[0].capacity
    assert target.state.goal_bits.tolist() == env.targets[0].goal_bits.tolist()
    assert target.state.empty_bits.dtype == bool


def test_q37_private_target_states_have_the_public_properties_without_extending_their_class(env):
    state = mate.TargetStatePrivate(env.targets[0].state(private=True), 0)
    assert state.sight_range == 500.0
    assert state.is_loaded is True
    assert not isinstance(state, mate.TargetStatePublic)


def test_the_difference_of_states_is_a_vector_between_them():
    one, other = mate.ObstacleState([1, 2, 3], 0), mate.ObstacleState([4, 6, 1], 1)
    vector = other - one
    assert vector.norm == 5.0
    assert vector.origin.tolist() == [1.0, 2.0]
    assert vector.endpoint.tolist() == [4.0, 6.0]
    with pytest.raises(TypeError):
        other - np.zeros(2)


def test_clones_have_random_streams_of_their_own_that_follow_from_the_seed():
    def draws(seed):
        return [agent.np_random.random() for agent in StillCamera(seed=seed).spawn(3)]

    assert draws(5) == draws(5)
    assert len({*draws(5), *draws(6)}) == 6


def test_seeding_also_reseeds_the_action_space(env):
    agent = StillTarget(seed=0)
    agent.reset(env.joint_observation()[1][0])
    samples = []
    for _ in range(2):
        agent.seed(9)
        samples.append(agent.action_space.sample())
    assert np.array_equal(*samples)


def test_bound_transforms_survive_a_deep_copy(env):
    agent, observation = StillCamera(seed=0), env.joint_observation()[0][0]
    agent.reset(observation)
    clone = copy.deepcopy(agent)
    ours, theirs = (one.convert_coordinates(observation) for one in (clone, agent))  # type: ignore[call-arg]
    assert np.array_equal(ours, theirs)
    assert len(clone.split_observation(observation)) == 5  # type: ignore[call-arg]
    assert clone.rescale_observation(observation).max() <= 9  # type: ignore[call-arg]


def test_predict_and_calling_are_other_names_of_act(env):
    agent, observation = StillCamera(seed=0), env.joint_observation()[0][0]
    agent.reset(observation)
    assert np.array_equal(agent.predict(observation), agent(observation))
    assert isinstance(agent, AgentBase)
    assert agent.receive_requests([1]) is None
    assert agent.last_requests == (1,)
    assert (tuple(agent.send_requests()), tuple(agent.send_responses())) == ((), ())
