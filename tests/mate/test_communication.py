"""Messages of whole teams: batched teams and single agents send the same, under any limits of the scenario."""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest

import mate
from mate.agents.batched import BatchedMixture, make
from mate.communication import GOAL, OBSERVATION, SIGHTINGS, STATE, WAREHOUSES
from mate.configuration import ConfigError, read_config
from mate.episodes import play
from mate.evaluate.entrants import Entrant, Evaluation
from mate.evaluate.lockstep import play_lockstep
from mate.evaluate.options import Options
from mate.evaluate.turns import play_turns
from mate.scenario import Scenario

EMPTYING = {
    **{key: value for key, value in read_config().items() if key not in ("camera", "target", "obstacle")},
    "num_cargoes_per_target": 4,
    "target": {"step_size": 300.0, "sight_range": 900.0, "location_random_range": [[-900, 900, -900, 900]] * 3},
    "camera": {
        "location_random_range": [[-900, 0, -900, 900], [0, 900, -900, 900], [-500, 500, -500, 500]],
        "max_sight_range": 1100.0,
        "min_viewing_angle": 40.0,
        "radius": 40.0,
        "rotation_step": 5.0,
        "zooming_step": 2.5,
    },
    "max_episode_steps": 60,
}
"""Three entities of each kind, so fast that warehouses become empty within a few steps."""


@cache
def entrant(name, team):
    agent_class = getattr(mate, f"{name.capitalize()}{team.capitalize()}Agent")
    return Entrant(name, partial(make, name, team), agent_class)


def both_forms(camera, target, seeds, **variant):
    scenario = Scenario.load(EMPTYING, **variant)
    pairing = Evaluation(Options(EMPTYING, **variant), scenario, entrant(camera, "camera"), entrant(target, "target"))
    batched = play(scenario, pairing.camera.factory, pairing.target.factory, seeds)
    return batched, play_turns(pairing, seeds)


def total(results, name):
    return sum(sum(getattr(result, name)) for result in results)


@pytest.mark.parametrize(("camera", "target"), [("greedy", "greedy"), ("heuristic", "heuristic")])
def test_edges_of_200_episodes_are_those_of_the_agents_one_by_one(camera, target):
    batched, objects = both_forms(camera, target, range(100))
    assert batched == objects
    for team in ("camera", "target"):
        sent, received = total(batched, f"{team}_edges_sent"), total(batched, f"{team}_edges_received")
        assert sent == received > 100


LIMITS = [
    {"no_communication": "both"},
    {"no_communication": "camera"},
    {"message_dropout": 0.4},
    {"communication_range": 700.0},
    {"communication_delay": 1},
    {"communication_delay": 3, "message_dropout": 0.3, "communication_range": 1200.0},
]


@pytest.mark.parametrize("limits", LIMITS, ids=str)
@pytest.mark.parametrize("name", ["greedy", "heuristic"])
def test_limits_do_to_whole_teams_what_the_wrappers_do_to_agents(name, limits):
    batched, objects = both_forms(name, name, range(12), **limits)
    assert batched == objects
    unlimited = play(Scenario.load(EMPTYING), partial(make, name, "camera"), partial(make, name, "target"), range(12))
    assert [result.digest for result in batched] != [result.digest for result in unlimited]


def test_a_silent_team_sends_nothing_and_the_other_speaks():
    batched, _ = both_forms("greedy", "greedy", range(6), no_communication="camera")
    assert total(batched, "camera_edges_sent") == 0 < total(batched, "target_edges_sent")


def test_limited_episodes_do_not_depend_on_the_batch():
    scenario = Scenario.load(EMPTYING, message_dropout=0.3, communication_delay=2)
    teams = partial(make, "heuristic", "camera"), partial(make, "greedy", "target")
    assert play(scenario, *teams, range(7)) == play(scenario, *teams, range(7), batch_size=3)


def test_messages_say_what_they_tell_in_the_step_in_which_they_arrive():
    seen = {"camera": [], "target": []}

    def look(block, stepped):
        seen["camera"].append(block.camera_messages.kinds[0].copy())
        seen["target"].append(block.target_messages.kinds[0].copy())

    for name in ("greedy", "heuristic"):
        play(Scenario.load(EMPTYING), partial(make, name, "camera"), partial(make, name, "target"), [3], on_step=look)
    first = np.where(np.eye(3, dtype=bool), 0, STATE)
    assert (seen["camera"][0] == first).all()
    kinds = {team: set(np.unique(matrices)) - {0} for team, matrices in seen.items()}
    assert kinds == {"camera": {STATE, SIGHTINGS, OBSERVATION, GOAL}, "target": {WAREHOUSES}}


def test_both_forms_film_the_same_arrows():
    config = EMPTYING | {"max_episode_steps": 4}
    options = Options(config, render_communication=2)
    pairing = Evaluation(options, options.scenario(), entrant("heuristic", "camera"), entrant("greedy", "target"))

    def film(play_form, pairing):
        pictures = []
        play_form(pairing, [3], lambda step, picture: pictures.append(picture()))
        return np.array(pictures)

    arrows = film(play_lockstep, pairing)
    assert (arrows == film(play_turns, pairing)).all()
    without = film(play_lockstep, replace(pairing, options=replace(pairing.options, render_communication=None)))
    assert (arrows != without).any(axis=(1, 2, 3)).all()


def test_members_of_a_mixture_share_its_messages():
    scenario = Scenario.load(EMPTYING)

    def mixed(scenario, size):
        members = [make(name, "camera", scenario, size) for name in ("greedy", "naive", "heuristic")]
        return BatchedMixture([BatchedMixture(members[:2]), members[2]])

    results = play(scenario, mixed, partial(make, "greedy", "target"), range(12))
    counts = [sum(result.camera_edges_sent) for result in results]
    assert 0 in counts and len(set(counts)) > 2
    silent = play(scenario, partial(make, "naive", "camera"), partial(make, "naive", "target"), [0])
    assert silent[0].camera_edges_sent == silent[0].target_edges_received == (0, 0, 0)


def test_counts_are_the_sums_of_what_arrived_in_each_step():
    scenario = Scenario.load(EMPTYING, message_dropout=0.2, communication_delay=2)
    arrived = []

    def look(block, stepped):
        arrived.append(block.camera_messages.kinds[0] > 0)

    [result] = play(scenario, partial(make, "greedy", "camera"), partial(make, "naive", "target"), [5], on_step=look)
    assert np.sum(arrived, axis=(0, 2)).tolist() == list(result.camera_edges_sent)
    assert np.sum(arrived, axis=(0, 1)).tolist() == list(result.camera_edges_received)


def test_the_digest_tells_limits_apart_and_stays_what_it_was_without_them():
    plain = Scenario.load("MATE-4v8-9")
    digest = "94cb07eacd435ec1e53553e07d77aec915383a0e45d5ab7cdcf48b3682df7b23"
    assert plain.digest == digest
    assert "communication" not in plain.to_json()
    variants = [Scenario.load("MATE-4v8-9", **limits) for limits in LIMITS]
    assert len({scenario.digest for scenario in (plain, *variants)}) == len(LIMITS) + 1
    for scenario, limits in zip(variants, LIMITS, strict=True):
        assert Scenario.from_json(scenario.to_json()) == scenario
        assert scenario.variant == limits
    assert Scenario.load("MATE-4v8-9", message_dropout=0, communication_delay=0.0).digest == digest


def test_all_impossible_limits_are_named_at_once():
    with pytest.raises(ConfigError) as refusal:
        Scenario.load(no_communication="all", message_dropout=1.5, communication_range=-1, communication_delay=2.5)
    for name in ("no_communication", "message_dropout", "communication_range", "communication_delay"):
        assert f"`{name}`" in str(refusal.value)
