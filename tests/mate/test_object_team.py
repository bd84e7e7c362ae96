"""Teams of agent objects play in batches as they do one by one."""

from functools import partial

import numpy as np
import pytest

import mate
from mate.agents.batched import BatchedMixture, make
from mate.configuration import read_config
from mate.episodes import play
from mate.errors import UserError
from mate.evaluate.entrants import Entrant, Evaluation
from mate.evaluate.object_team import ObjectTeam
from mate.evaluate.options import Options
from mate.evaluate.turns import play_turns
from mate.scenario import Scenario

CONFIG = read_config("MATE-4v8-9.yaml") | {"max_episode_steps": 40}
LIMITS = {"communication_delay": 2, "message_dropout": 0.3, "communication_range": 1500.0}


class Gossip(mate.TargetAgentBase):
    """Walks as its teammates' last messages say, and sends them its random draws."""

    def __init__(self, seed=None, pace=1.0):
        super().__init__(seed)
        self.pace = pace

    def reset(self, observation):
        super().reset(observation)
        self.heard = np.zeros(2)

    def send_responses(self):
        return [self.pack_message({"hint": self.np_random.normal(size=2)}, None if self.index == 0 else 0)]

    def receive_responses(self, messages):
        super().receive_responses(messages)
        self.heard = sum((message["hint"] for message in messages), np.zeros(2))

    def act(self, observation, info=None, deterministic=None):
        self.state, observation, info, messages = self.check_inputs(observation, info)
        return np.clip(self.heard + 0.01 * len(messages), -1, 1) * self.state.step_size * self.pace


def objects(build, team):
    return lambda scenario, size: ObjectTeam(build, team, scenario, size)


CAMERA = partial(make, "greedy", "camera")


@pytest.mark.parametrize("limits", [{}, LIMITS, {"no_communication": "both"}], ids=["free", "limited", "silent"])
@pytest.mark.parametrize("build", [Gossip, mate.GreedyTargetAgent])
def test_a_class_plays_the_episodes_of_the_evaluation_in_any_batch(build, limits):
    options = Options(CONFIG, **limits)
    camera = Entrant("greedy", CAMERA, mate.GreedyCameraAgent)
    expected = play_turns(Evaluation(options, options.scenario(), camera, Entrant("own", None, build)), range(5))
    target = objects(build, "target")
    for size in (1, 3):
        assert play(options.scenario(), CAMERA, target, range(5), size) == expected
    assert (sum(expected[0].target_edges_sent) > 0) == (build is Gossip and "no_communication" not in limits)


def test_what_an_info_has_of_a_step_is_its_messages():
    seen = []

    class Listener(Gossip):
        def observe(self, observation, info=None):
            super().observe(observation, info)
            seen.append(info and sorted(info))

    play(Scenario.load("MATE-4v8-9"), CAMERA, objects(Listener, "target"), [1], 1, 3)
    names = ["in_communication_edges", "messages", "out_communication_edges"]
    assert seen == [None] * 8 + [names] * 16


def test_an_agent_that_draws_from_global_generators_repeats_itself_alone():
    class Global(Gossip):
        def act(self, observation, info=None, deterministic=None):
            return np.random.uniform(-1, 1, 2)

    scenario, target = Scenario.load("MATE-4v8-9"), objects(Global, "target")
    first = play(scenario, CAMERA, target, [1, 2], 1, 10)
    assert play(scenario, CAMERA, target, [2, 1], 1, 10) == first[::-1]


@pytest.mark.parametrize("action", [7, np.zeros(3), [np.nan, 0.0], "left", None], ids=str)
def test_an_action_that_is_none_is_told_with_who_gave_it(action):
    class Broken(Gossip):
        def act(self, observation, info=None, deterministic=None):
            return action

    with pytest.raises(UserError, match="target_0 gave the action"):
        play(Scenario.load("MATE-4v8-9"), CAMERA, objects(Broken, "target"), [1], 1, 3)


def test_a_team_of_objects_shares_the_messages_of_a_mixture():
    def mixed(scenario, size):
        return BatchedMixture([make("greedy", "target", scenario, size), objects(Gossip, "target")(scenario, size)])

    results = play(Scenario.load("MATE-4v8-9"), CAMERA, mixed, range(8), 8, 5)
    assert {sum(result.target_edges_sent) > 0 for result in results} == {True, False}
