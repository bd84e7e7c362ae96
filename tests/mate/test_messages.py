"""Messages: what they hold, and how they travel through an environment."""

import numpy as np
import pytest

import mate
from mate import Message, Team


@pytest.fixture
def env():
    env = mate.MultiAgentTracking("MATE-4v2-9")
    env.reset(seed=0)
    return env


def stand_still(env):
    return env.step((np.zeros((env.num_cameras, 2)), np.zeros((env.num_targets, 2))))


def test_a_message_gives_access_to_its_content():
    message = Message(sender=0, recipient=1, content={"state": 1}, team=Team.CAMERA)
    message["goal"] = 2
    assert "goal" in message
    assert message["state"] == 1
    assert message == Message(0, 1, {"state": 1, "goal": 2}, Team.CAMERA)


def test_teams_have_upstreams_numbers():
    assert (Team.CAMERA.value, Team.TARGET.value) == (0, 1)
    assert Team.CAMERA.opponent is Team.TARGET


def test_a_message_is_received_at_once_and_only_once(env):
    env.send_messages(Message(0, 2, "hello", Team.CAMERA))
    assert [message.content for message in env.receive_messages((Team.CAMERA, 2))] == ["hello"]
    assert env.receive_messages((Team.CAMERA, 2)) == []


def test_q39_a_broadcast_reaches_everybody_its_sender_too_with_a_copy_each(env):
    content = {"list": []}
    env.send_messages([Message(1, None, content, Team.CAMERA, broadcasting=True)])
    cameras, targets = env.receive_messages()
    assert [len(messages) for messages in cameras] == [1, 1, 1, 1]
    assert targets == [[], []]
    assert all(messages[0].broadcasting and messages[0]["list"] is not content["list"] for messages in cameras)
    assert env.camera_communication_edges[1].tolist() == [1, 1, 1, 1]


def test_q39_messages_between_two_are_passed_by_reference(env):
    content = {"list": []}
    env.send_messages(Message(1, 1, content, Team.CAMERA))
    assert env.receive_messages((Team.CAMERA, 1))[0].content is content


def test_q39_messages_show_up_in_the_infos_of_the_step_and_are_gone_afterwards(env):
    env.send_messages(Message(0, 1, "one", Team.TARGET))
    env.receive_messages((Team.TARGET, 1))
    _, _, _, (camera_infos, target_infos) = stand_still(env)
    assert [message.content for message in target_infos[1]["messages"]] == ["one"]
    assert target_infos[0]["messages"] == [] == camera_infos[0]["messages"]
    assert (target_infos[0]["out_communication_edges"], target_infos[1]["in_communication_edges"]) == (1, 1)
    assert env.target_message_buffer[1] == []
    assert env.receive_messages((Team.TARGET, 1)) == []
    assert not env.target_communication_edges.any()
    assert env.target_total_communication_edges.tolist() == [[0, 1], [0, 0]]


def test_infos_keep_the_messages_of_their_own_step(env):
    _, _, _, (camera_infos, _) = stand_still(env)
    env.send_messages(Message(0, 1, "later", Team.CAMERA))
    assert [info["messages"] for info in camera_infos] == [[], [], [], []]
    _, _, _, (later_infos, _) = stand_still(env)
    assert [message.content for message in later_infos[1]["messages"]] == ["later"]


def test_unreceived_messages_do_not_survive_a_step_or_a_reset(env):
    env.send_messages(Message(0, 1, "one", Team.TARGET))
    stand_still(env)
    assert env.receive_messages((Team.TARGET, 1)) == []
    env.send_messages(Message(0, 1, "two", Team.TARGET))
    env.reset()
    assert env.receive_messages((Team.TARGET, 1)) == []
    assert not env.target_total_communication_edges.any()


@pytest.mark.parametrize(("sender", "recipient"), [(0, 4), (0, -1), (7, 0)])
def test_q39_a_message_to_or_from_nobody_is_refused_before_anything_is_queued(env, sender, recipient):
    messages = [Message(0, 1, "fine", Team.CAMERA), Message(sender, recipient, "lost", Team.CAMERA)]
    with pytest.raises(IndexError, match="camera"):
        env.send_messages(messages)
    assert env.receive_messages((Team.CAMERA, 1)) == []
    assert not env.camera_communication_edges.any()


def test_messages_of_both_teams_cannot_be_sent_together(env):
    with pytest.raises(AssertionError, match="one team"):
        env.send_messages([Message(0, 1, "a", Team.CAMERA), Message(0, 1, "b", Team.TARGET)])


def test_an_agent_object_names_the_recipient(env):
    agent = mate.GreedyTargetAgent(seed=0)
    agent.reset(env.joint_observation()[1][1])
    for receive in (lambda: env.receive_messages(agent), lambda: env.receive_messages(agent=agent)):
        env.send_messages(Message(0, 1, "hello", Team.TARGET))
        assert [message.content for message in receive()] == ["hello"]
