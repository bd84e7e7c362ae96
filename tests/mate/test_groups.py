"""A team of agents in the style of upstream's users plays through the group functions."""

from collections.abc import Iterable

import numpy as np
import pytest

import mate


class CallingCameraAgent(mate.CameraAgentBase):
    """Looks at the nearest target that it sees or has a message about, and tells its teammates what it sees."""

    def __init__(self, seed=None, memory_period=10):
        super().__init__(seed=seed)
        self.memory_period = memory_period
        self.sightings = {}
        self.num_requests = self.num_responses = 0

    def reset(self, observation):
        super().reset(observation)
        self.sightings = {}
        self.prev_action = self.DEFAULT_ACTION

    def observe(self, observation, info=None):
        self.state, observation, info, _ = self.check_inputs(observation, info)
        states, flags = self.get_all_opponent_states(observation)
        for state, is_visible in zip(states, flags, strict=True):
            if is_visible:
                self.sightings[state.index] = (self.episode_step, state)
        self.last_observation, self.last_info = observation, info

    def send_requests(self) -> Iterable[mate.Message]:
        yield self.pack_message({"state": self.state.copy()})

    def receive_requests(self, messages):
        super().receive_requests(messages)
        self.num_requests += len(self.last_requests)

    def send_responses(self):
        fresh = [state for step, state in self.sightings.values() if step == self.episode_step]
        senders = {message.sender for message in self.last_requests if (message["state"] - self.state).norm > 0}
        return [self.pack_message({"sightings": fresh}, recipient=sender) for sender in sorted(senders)]

    def receive_responses(self, messages):
        super().receive_responses(messages)
        for message in self.last_responses:
            self.num_responses += 1
            for state in message["sightings"]:
                self.sightings[state.index] = (self.episode_step, state)

    def act(self, observation, info=None, deterministic=None):
        self.state, observation, info, messages = self.check_inputs(observation, info)
        assert len(messages) == 0 or all(message.recipient == self.index for message in messages)
        recent = [state for step, state in self.sightings.values() if self.episode_step - step < self.memory_period]
        if not recent:
            if self.np_random.binomial(1, 0.1) != 0:
                self.prev_action = self.action_space.sample()
            return self.prev_action
        nearest = min(recent, key=lambda state: (state - self.state).norm)
        turn = mate.normalize_angle((nearest - self.state).angle - self.state.orientation)
        self.prev_action = np.array([turn, -self.state.zooming_step]).clip(
            self.action_space.low, self.action_space.high
        )
        return self.prev_action


class WanderingTargetAgent(mate.TargetAgentBase):
    """Walks to its warehouse, away from cameras that it sees."""

    def act(self, observation, info=None, deterministic=None):
        self.state, observation, info, _ = self.check_inputs(observation, info)
        (goal,) = np.flatnonzero(self.state.goal_bits)[:1] if self.state.is_loaded else [0]
        step = mate.Vector2D(vector=mate.WAREHOUSES[goal] - self.state.location)
        step.norm = min(step.norm, self.state.step_size)
        cameras, flags = self.get_all_opponent_states(observation)
        for camera, is_visible in zip(cameras, flags, strict=True):
            if is_visible:
                step = step - (camera - self.state) * 0.01
        return np.asarray(step)


def play(seed, steps=40):
    env = mate.make("MATE-4v8-9-v0")
    env = mate.MultiTarget(env, camera_agent=CallingCameraAgent(seed=seed))
    agents = WanderingTargetAgent(seed=seed).spawn(env.num_targets)
    env.seed(seed)
    observation, infos, rewards = env.reset(), None, []
    mate.group_reset(agents, observation)
    for _ in range(steps):
        observation, reward, done, infos = env.step(mate.group_step(env, agents, observation, infos))
        rewards.append(reward)
        assert not done
    return env, rewards


def test_agents_written_for_upstream_play_an_episode():
    env, rewards = play(seed=3)
    assert env.episode_step == 40
    assert sum(rewards) == env.target_team_episode_reward
    assert [agent.num_requests for agent in env.opponent_agents] == [40 * 4] * 4
    assert all(agent.num_responses == 40 * 3 for agent in env.opponent_agents)
    assert env.camera_total_communication_edges.sum() == 40 * (4 * 4 + 4 * 3)


def test_the_same_seed_gives_the_same_episode_and_another_seed_another():
    assert play(seed=3)[1] == play(seed=3)[1]
    assert play(seed=3)[1] != play(seed=4)[1]


def test_both_teams_can_be_played_in_a_two_team_loop():
    env = mate.make("MATE-4v2-9-v0", reward_type="sparse")
    cameras = mate.GreedyCameraAgent(seed=0).spawn(env.num_cameras)
    targets = WanderingTargetAgent(seed=0).spawn(env.num_targets)
    camera_observation, target_observation = env.reset(seed=0)
    mate.group_reset(cameras, camera_observation)
    mate.group_reset(targets, target_observation)
    camera_infos = target_infos = None
    for _ in range(10):
        camera_actions = mate.group_step(env, cameras, camera_observation, camera_infos)
        target_actions = mate.group_step(env, targets, target_observation, target_infos)
        observations, rewards, done, infos = env.step((camera_actions, target_actions))
        (camera_observation, target_observation), (camera_infos, target_infos) = observations, infos
    assert rewards[0] == -rewards[1]
    assert not done
    assert camera_infos[0]["raw_reward"] == rewards[0]


def test_responses_are_sent_after_all_requests_are_received():
    log = []

    class LoggingAgent(CallingCameraAgent):
        def receive_requests(self, messages):
            super().receive_requests(messages)
            log.append("request")

        def send_responses(self):
            log.append("response")
            return super().send_responses()

    env = mate.MultiAgentTracking("MATE-4v2-9")
    observation, _ = env.reset(seed=0)
    agents = LoggingAgent(seed=0).spawn(4)
    mate.group_reset(agents, observation)
    mate.group_observe(agents, observation)
    mate.group_communicate(env, agents)
    assert log == ["request"] * 4 + ["response"] * 4


def test_the_number_of_agents_must_be_the_number_of_observations():
    env = mate.MultiAgentTracking("MATE-4v2-9")
    with pytest.raises(ValueError, match="zip"):
        mate.group_reset(CallingCameraAgent(seed=0).spawn(3), env.reset()[0])
