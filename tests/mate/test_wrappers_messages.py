"""Wrappers that keep messages from arriving, or from arriving at once."""

import numpy as np
import pytest

import mate
from mate import Message, Team


def contents(env, team=Team.CAMERA):
    return [[message.content for message in messages] for messages in env.receive_messages()[team.value]]


def reset(env):
    env.reset(seed=0)
    return env


def step(env):
    return env.step((np.zeros((env.num_cameras, 2)), np.zeros((env.num_targets, 2))))


def test_a_filter_sees_expanded_broadcasts_and_may_change_messages():
    def shout(env, message):
        message.content = message.content.upper()
        return message.recipient != 2

    env = reset(mate.MessageFilter(mate.make("MATE-4v2-9-v0"), shout))
    env.send_messages(Message(0, None, "hey", Team.CAMERA))
    assert contents(env) == [["HEY"], ["HEY"], [], ["HEY"]]
    assert env.camera_communication_edges[0].tolist() == [1, 1, 0, 1]


def test_messages_reach_only_who_is_near_enough():
    base = mate.make("MATE-4v2-9-v0")
    base.reset(seed=0)
    limit = sorted(base.cameras[0].distance(camera) for camera in base.cameras)[2]
    env = reset(mate.RestrictedCommunicationRange(base, range_limit=limit))
    env.send_messages(Message(0, None, "hey", Team.CAMERA))
    assert sum(map(len, contents(env))) == 3


def test_dropped_messages_are_as_frequent_as_asked_for_and_follow_from_the_seed():
    def arrivals(rate):
        env = reset(mate.RandomMessageDropout(mate.make("MATE-4v2-9-v0"), dropout_rate=rate))
        env.send_messages([Message(0, 1, number, Team.CAMERA) for number in range(400)])
        return contents(env)[1]

    assert arrivals(0.25) == arrivals(0.25)
    assert 250 < len(arrivals(0.25)) < 350
    assert (len(arrivals(0.0)), len(arrivals(1.0))) == (400, 0)
    with pytest.raises(AssertionError, match="probability"):
        mate.RandomMessageDropout(mate.make("MATE-4v2-9-v0"), dropout_rate=1.5)


@pytest.mark.parametrize("team", ["both", "camera", "target", "none"])
def test_the_named_teams_are_silent(team):
    env = reset(mate.NoCommunication(mate.make("MATE-4v2-9-v0"), team=team))
    env.send_messages(Message(0, 1, "hey", Team.CAMERA))
    env.send_messages(Message(0, 1, "hey", Team.TARGET))
    cameras, targets = env.receive_messages()
    assert bool(cameras[1]) == (team in ("target", "none"))
    assert bool(targets[1]) == (team in ("camera", "none"))


def test_q42_silence_around_a_single_team_environment_leaves_its_team_visible():
    env = mate.NoCommunication(mate.MultiCamera(mate.make("MATE-4v2-9-v0"), mate.GreedyTargetAgent(seed=0)))
    env = mate.RescaledObservation(mate.RelativeCoordinates(env))
    assert env.team is Team.CAMERA
    assert np.abs(env.reset(seed=0)[:, 13:15]).max() <= 1


def test_messages_arrive_after_their_delay_with_the_next_call_of_anybody():
    env = reset(mate.ExtraCommunicationDelays(mate.make("MATE-4v2-9-v0"), delay=2))
    env.send_messages(Message(0, 1, "hey", Team.CAMERA))
    assert contents(env)[1] == []
    step(env), step(env)
    assert contents(env)[1] == []
    env.send_messages([])
    assert contents(env)[1] == ["hey"]


def test_q36_messages_due_together_keep_their_order_and_teams_do_not_mix():
    env = reset(mate.ExtraCommunicationDelays(mate.make("MATE-4v2-9-v0"), delay=1))
    for number in range(5):
        env.send_messages(Message(0, 1, number, Team.CAMERA))
        env.send_messages(Message(0, 1, -number, Team.TARGET))
    step(env)
    env.send_messages(())
    cameras, targets = env.receive_messages()
    assert [message.content for message in cameras[1]] == [0, 1, 2, 3, 4]
    assert [message.content for message in targets[1]] == [0, -1, -2, -3, -4]


def test_q36_broadcasts_are_expanded_before_they_are_delayed():
    delays = iter([3, 1, 2, 5])
    env = reset(mate.ExtraCommunicationDelays(mate.make("MATE-4v2-9-v0"), delay=lambda env, message: next(delays)))
    env.send_messages(Message(0, None, "hey", Team.CAMERA))
    arrived = []
    for _ in range(5):
        step(env)
        env.send_messages([])
        arrived.append([index for index, messages in enumerate(contents(env)) if messages])
    assert arrived == [[1], [2], [0], [], [3]]


@pytest.mark.parametrize("forget", [lambda env: env.reset(), lambda env: env.load_config("MATE-4v2-9.yaml")])
def test_q41_pending_messages_end_with_the_episode(forget):
    env = reset(mate.ExtraCommunicationDelays(mate.make("MATE-4v2-9-v0"), delay=1))
    env.send_messages(Message(0, 1, "hey", Team.CAMERA))
    forget(env)
    step(env)
    env.send_messages([])
    assert contents(env)[1] == []


@pytest.mark.parametrize("delay", [0, -1, 1.5])
def test_a_delay_is_a_positive_number_of_steps(delay):
    with pytest.raises(AssertionError, match="positive"):
        mate.ExtraCommunicationDelays(mate.make("MATE-4v2-9-v0"), delay=delay)


def test_arrows_fade_within_their_duration():
    env = reset(mate.RenderCommunication(mate.make("MATE-4v2-9-v0"), duration=3))
    env.send_messages(Message(0, 1, "hey", Team.CAMERA))
    shown = []
    for _ in range(4):
        step(env)
        shown.append(int(env.counters[Team.CAMERA][0, 1]))
    assert shown == [3, 2, 1, 0]
    assert env.counters[Team.TARGET].shape == (2, 2)
    env.send_messages(Message(0, 1, "hey", Team.CAMERA))
    step(env)
    env.reset()
    assert not env.counters[Team.CAMERA].any()


def test_arrows_are_drawn():
    env = reset(mate.RenderCommunication(mate.make("MATE-4v2-9-v0")))
    plain = env.render(mode="rgb_array", window_size=200)
    env.send_messages(Message(0, None, "hey", Team.CAMERA))
    step(env)
    assert env.render(mode="rgb_array").shape == plain.shape
    assert len(env.viewer.below) > 0
    env.close()


def test_opponents_inside_are_filtered_too_and_those_outside_are_not():
    inside = mate.MultiTarget(mate.NoCommunication(mate.make("MATE-4v8-9-v0")), mate.GreedyCameraAgent(seed=0))
    outside = mate.NoCommunication(mate.MultiTarget(mate.make("MATE-4v8-9-v0"), mate.GreedyCameraAgent(seed=0)))
    sent = []
    for env in (inside, outside):
        env.reset(seed=0)
        env.step(np.zeros((8, 2)))
        sent.append(int(env.camera_total_communication_edges.sum()))
    assert sent[0] == 0
    assert sent[1] > 0
