"""Agents in the style of forks play with their overridden methods, and with the built-in ones otherwise."""

import json

import pytest

from mate.configuration import read_config
from mate.evaluate.entrants import pair
from mate.evaluate.options import read_options
from mate.evaluate.turns import play_turns

CHANGED = {
    "camera": (
        *("camera:SweepingCamera", "greedy_camera:Forgetful", "greedy_camera:Farsighted", "greedy_camera:Remembering"),
        *("greedy_camera:Overreaching", "heuristic:Wide", "heuristic:Chooser", "mixture:Cameras"),
    ),
    "target": (
        *("target:NearestWarehouse", "greedy_target:Avoiding", "greedy_target:Shifted", "greedy_target:ShiftedPatrol"),
        *("heuristic:Bold", "mixture:Targets"),
    ),
}
UNCHANGED = (
    ("camera", "greedy_camera:Unchanged", "greedy"),
    ("camera", "heuristic:Unchanged", "heuristic"),
    ("target", "greedy_target:Unchanged", "greedy"),
    ("target", "heuristic:UnchangedTarget", "heuristic"),
)


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    path = tmp_path_factory.mktemp("scenarios") / "short.json"
    changes = {"name": "short", "max_episode_steps": 40, "targets_start_with_cargoes": False}
    path.write_text(json.dumps(read_config("MATE-4v4-9") | changes))
    return str(path)


def digests(scenario, team, agent, seeds=(3, 4)):
    options = read_options(["--config", scenario, f"--{team}-agent", agent])
    return [result.digest for result in play_turns(pair(options), seeds)]


@pytest.mark.parametrize(("team", "agent", "builtin"), UNCHANGED)
def test_a_subclass_that_changes_nothing_plays_the_episodes_of_the_built_in(scenario, team, agent, builtin):
    assert digests(scenario, team, f"tests.mate.forks.{agent}") == digests(scenario, team, builtin)


@pytest.mark.parametrize(("team", "agent"), [(team, agent) for team, agents in CHANGED.items() for agent in agents])
def test_what_a_subclass_overrides_is_played(scenario, team, agent):
    kinds = {"heuristic": "heuristic", "greedy_target:ShiftedPatrol": "naive"}
    builtin = kinds.get(agent, kinds.get(agent.split(":")[0], "greedy"))
    played = digests(scenario, team, f"tests.mate.forks.{agent}")
    assert played == digests(scenario, team, f"tests.mate.forks.{agent}")
    assert set(played).isdisjoint(digests(scenario, team, builtin))
