"""Batched teams of rule-based agents make the same decisions as single agents, for any batch."""

import numpy as np
import pytest

from mate.agents.batched import BUILTIN_NAMES, make, object_class
from mate.agents.draws import EpisodeDraws, agent_key
from mate.engine import Batch
from mate.mailbox import Mailbox
from mate.messages import Team
from mate.scenario import Scenario

FORMS = {(name, team): object_class(name, team) for name in BUILTIN_NAMES for team in Team}


class ObjectTeam:
    """One team of agent objects that talk to each other."""

    def __init__(self, agent_class, rows, team_key, **kwargs):
        self.members = [agent_class(seed=0, **kwargs) for _ in rows]
        for index, (agent, row) in enumerate(zip(self.members, rows, strict=True)):
            agent.next_draws = EpisodeDraws(agent_key(team_key, index))
            agent.reset(row)

    def act(self, rows):
        for agent, row in zip(self.members, rows, strict=True):
            agent.observe(row)
        self._exchange("requests")
        self._exchange("responses")
        actions = [agent.act(row) for agent, row in zip(self.members, rows, strict=True)]
        return np.array(actions).reshape(len(self.members), 2)

    def _exchange(self, kind):
        mailbox = Mailbox(Team.CAMERA, len(self.members))
        for agent in self.members:
            for message in getattr(agent, f"send_{kind}")():
                mailbox.post(mailbox.expand(message))
        for index, agent in enumerate(self.members):
            getattr(agent, f"receive_{kind}")(mailbox.collect(index))


class Match:
    """Two batched teams playing on a batch of the engine."""

    def __init__(self, scenario, camera, target, seeds):
        self.batch = Batch(scenario, len(seeds))
        self.batch.reset(seeds)
        self.batch.observe()
        self.teams = {"camera": camera, "target": target}
        self.keys = np.asarray(seeds, np.uint64) + np.uint64(1000)
        self.actions = {
            "camera": np.zeros((len(seeds), scenario.num_cameras, 2)),
            "target": np.zeros((len(seeds), scenario.num_targets, 2)),
        }
        for team, player in self.teams.items():
            player.reset(np.arange(len(seeds)), self.keys, self.observations(team))

    def observations(self, team):
        return self.batch.camera_observation if team == "camera" else self.batch.target_observation

    def decide(self, active=None):
        active = np.ones(self.batch.size, bool) if active is None else active
        for team, player in self.teams.items():
            player.act(self.observations(team), self.actions[team], active)
        return self.actions

    def step(self):
        self.batch.step(self.actions["camera"], self.actions["target"])
        self.batch.observe()


def play(
    scenario_name,
    camera="greedy",
    target="greedy",
    seeds=(7, 8, 9),
    camera_kwargs=None,
    target_kwargs=None,
    **overrides,
):
    scenario = Scenario.load(scenario_name, **overrides)
    cameras = make(camera, "camera", scenario, len(seeds), **(camera_kwargs or {}))
    targets = make(target, "target", scenario, len(seeds), **(target_kwargs or {}))
    return Match(scenario, cameras, targets, seeds)


def assert_forms_agree(match, classes, steps, kwargs=None):
    kwargs = kwargs or {}
    objects = {
        team: [
            ObjectTeam(classes[team], match.observations(team)[slot], int(key), **kwargs.get(team, {}))
            for slot, key in enumerate(match.keys)
        ]
        for team in classes
    }
    for step in range(steps):
        match.decide()
        for team, slots in objects.items():
            for slot, player in enumerate(slots):
                expected = player.act(match.observations(team)[slot])
                np.testing.assert_array_equal(
                    match.actions[team][slot], expected, err_msg=f"{team} slot {slot} step {step}"
                )
        match.step()


@pytest.mark.parametrize("kind", BUILTIN_NAMES)
@pytest.mark.parametrize(("scenario", "steps"), [("MATE-4v8-9", 200), ("MATE-8v8-9", 60), ("MATE-Navigation", 60)])
def test_both_forms_give_equal_actions(scenario, steps, kind):
    match = play(scenario, kind, kind, seeds=(7, 8))
    assert_forms_agree(match, {team: FORMS[kind, team] for team in ("camera", "target")}, steps)


@pytest.mark.parametrize("kind", ["greedy", "heuristic"])
@pytest.mark.parametrize("scenario", ["MATE-2v4-0", "MATE-1v1-9"])
def test_both_forms_give_equal_actions_for_hundreds_of_steps(scenario, kind):
    """The episode is long enough for deliveries, and for messages about empty warehouses."""
    match = play(scenario, kind, kind, seeds=(7,), num_cargoes_per_target=4)
    assert_forms_agree(match, {team: FORMS[kind, team] for team in ("camera", "target")}, steps=600)


def test_both_forms_agree_when_targets_start_without_cargo_and_find_warehouses_empty():
    match = play("MATE-4v8-9", target="heuristic", targets_start_with_cargoes=False, num_cargoes_per_target=4)
    assert_forms_agree(match, {"target": FORMS["heuristic", "target"]}, steps=400)
    assert (match.teams["target"].memory.non_empty != 15).any()


@pytest.mark.parametrize("kind", ["greedy", "heuristic"])
def test_both_forms_agree_on_enhanced_observations(kind):
    """Q29: agents see exactly what the scenario shows them."""
    match = play("MATE-4v8-9", kind, kind, seeds=(3,), enhanced_observation="both")
    assert_forms_agree(match, {team: FORMS[kind, team] for team in ("camera", "target")}, steps=60)


@pytest.mark.parametrize(
    ("team", "kind", "kwargs"),
    [
        ("camera", "random", {"frame_skip": 7}),
        ("camera", "greedy", {"memory_period": 5, "filterout_unloaded": True}),
        ("camera", "greedy", {"filterout_beyond_range": False}),
        ("target", "greedy", {"noise_scale": 0.0}),
        ("target", "heuristic", {"noise_scale": 1.5}),
    ],
)
def test_parameters_mean_the_same_in_both_forms(team, kind, kwargs):
    match = play("MATE-4v4-9", **{team: kind, f"{team}_kwargs": kwargs}, targets_start_with_cargoes=False)
    assert_forms_agree(match, {team: FORMS[kind, team]}, steps=120, kwargs={team: kwargs})


@pytest.mark.parametrize("kind", BUILTIN_NAMES)
def test_an_episode_does_not_depend_on_the_size_of_its_batch_or_its_slot(kind):
    alone = play("MATE-4v8-9", kind, kind, seeds=(9,))
    crowd = play("MATE-4v8-9", kind, kind, seeds=(4, 5, 6, 9, 7))
    for _ in range(120):
        one, many = alone.decide(), crowd.decide()
        for team in ("camera", "target"):
            np.testing.assert_array_equal(one[team][0], many[team][3])
        alone.step()
        crowd.step()


@pytest.mark.parametrize("kind", BUILTIN_NAMES)
def test_slots_that_are_not_active_are_left_alone(kind):
    match, other = (play("MATE-4v8-9", kind, kind, seeds=(4, 5)) for _ in range(2))
    for actions in match.actions.values():
        actions[0] = 123.0
    for _ in range(3):
        match.decide(np.array([False, True]))
    assert all((actions[0] == 123.0).all() for actions in match.actions.values())
    now, expected = match.decide(), other.decide()
    for team in ("camera", "target"):
        np.testing.assert_array_equal(now[team][0], expected[team][0])


@pytest.mark.parametrize("kind", BUILTIN_NAMES)
def test_a_slot_begins_again_like_new(kind):
    match, fresh = play("MATE-2v4-0", kind, kind, seeds=(4, 5)), play("MATE-2v4-0", kind, kind, seeds=(4, 6))
    for _ in range(50):
        match.decide()
        match.step()
    match.batch.reset(np.array([6], np.uint64), np.array([1]))
    match.batch.observe()
    for team, player in match.teams.items():
        player.reset(np.array([1]), np.array([1006], np.uint64), match.observations(team))
    for _ in range(60):
        again, expected = match.decide(), fresh.decide()
        for team in ("camera", "target"):
            np.testing.assert_array_equal(again[team][1], expected[team][1])
        match.step()
        fresh.step()


def test_other_keys_give_other_episodes():
    match = play("MATE-4v8-9", "random", "random", seeds=(4, 5))
    actions = match.decide()
    assert (actions["camera"][0] != actions["camera"][1]).all()
    assert len(np.unique(actions["target"][0])) == actions["target"][0].size


def test_an_unknown_agent_is_named():
    with pytest.raises(ValueError, match="'psychic'"):
        make("psychic", "camera", Scenario.load("MATE-4v8-9"), 1)


def test_a_parameter_that_an_agent_does_not_have_is_refused():
    with pytest.raises(TypeError, match="frame_skip"):
        make("greedy", "camera", Scenario.load("MATE-4v8-9"), 1, frame_skip=3)
