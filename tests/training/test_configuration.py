"""Valid and invalid configurations of a training."""

import json
import pickle
import subprocess
import sys

import pytest

from mate.scenario import Scenario
from tests.training.runs import configure, describe
from training.configuration import (
    HYPERPARAMETERS,
    PRESETS,
    STEPS,
    TEAMS,
    ConfigurationError,
    algorithms_of,
    check,
    defaults,
    read,
)

QUICK = {"scenario": "MATE-2v4-0", "team": "camera", "algorithm": "hrl-mappo"}


def problems_of(document) -> str:
    with pytest.raises(ConfigurationError) as caught:
        check(document)
    return "\n".join(caught.value.problems)


def test_a_configuration_needs_a_scenario_a_team_and_an_algorithm_alone() -> None:
    configuration = check(QUICK)
    assert configuration.preset == "quick" and configuration.steps == STEPS["quick"]["camera"]
    assert configuration.hyperparameters == defaults("quick", "hrl-mappo", "camera")
    assert [one.name for one in configuration.opponents] == ["greedy"]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("team", "algorithm"), [(team, name) for team in TEAMS for name in algorithms_of(team)])
def test_presets_give_possible_values_to_all_that_applies(preset, team, algorithm) -> None:
    configuration = check(QUICK | {"preset": preset, "team": team, "algorithm": algorithm})
    applying = {name for name, one in HYPERPARAMETERS.items() if one.applies_to(algorithm, team)}
    assert set(configuration.hyperparameters) == applying
    assert ("levels" in applying) == (not algorithm.startswith("hrl-") and algorithm != "maddpg")


def test_the_upstream_preset_has_upstreams_values() -> None:
    cameras = check(QUICK | {"preset": "upstream", "algorithm": "mappo"})
    assert cameras["hidden_sizes"] == [512, 256] and cameras["memory_size"] == 256
    assert (cameras["frame_skip"], cameras["levels"], cameras["gae_lambda"], cameras["clip"]) == (5, 5, 1.0, 0.3)
    assert cameras["coefficient_coverage_rate"] == 1.0 and cameras["coefficient_raw_reward"] == 0.0
    targets = check(QUICK | {"preset": "upstream", "algorithm": "mappo", "team": "target"})
    assert targets["frame_skip"] == 10 and targets["coefficient_raw_reward"] == 1.0


def test_the_upstream_preset_has_upstreams_values_of_other_algorithms() -> None:
    qmix = check(QUICK | {"preset": "upstream", "algorithm": "qmix"})
    assert (qmix["mixing_size"], qmix["memory"], qmix["learning_rate"], qmix["gradient_clip"]) == (
        128,
        "gru",
        1e-4,
        1e3,
    )
    iql = check(QUICK | {"preset": "upstream", "algorithm": "hrl-iql"})
    assert (iql["hidden_sizes"], iql["dueling_size"], iql["priority_exponent"]) == ([512, 512, 256], 256, 0.6)
    maddpg = check(QUICK | {"preset": "upstream", "algorithm": "maddpg"})
    assert (maddpg["target_rate"], maddpg["policy_delay"], maddpg["error_clip"]) == (0.01, 2, 10.0)
    tarmac = check(QUICK | {"preset": "upstream", "algorithm": "tarmac"})
    assert (tarmac["message_key_size"], tarmac["message_value_size"], tarmac["memory_size"]) == (32, 32, 256)


def test_a_choice_among_all_sets_is_refused_where_there_are_too_many() -> None:
    scenario = Scenario.load("MATE-4v8-9", target={"location_random_range": [[-100, 100, -100, 100]] * 13})
    assert "at most 12" in problems_of(QUICK | {"algorithm": "hrl-qmix", "scenario": scenario})


def test_a_replay_buffer_beyond_the_memory_is_refused_with_what_would_fit() -> None:
    document = QUICK | {"algorithm": "iql", "hyperparameters": {"replay_size": 10_000_000}}
    found = problems_of(document | {"scenario": "MATE-8v8-9"})
    assert "GB" in found and "or less" in found


def test_every_hyperparameter_says_what_it_means() -> None:
    for one in HYPERPARAMETERS.values():
        assert one.meaning and one.group in ("game", "rewards", "network", "learning", "batches")


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("team", TEAMS)
def test_every_preset_is_valid(preset, team) -> None:
    for algorithm in algorithms_of(team):
        assert check({"scenario": "MATE-2v4-0", "team": team, "algorithm": algorithm, "preset": preset}).hyperparameters


def test_a_configuration_survives_json_and_processes() -> None:
    configuration = configure(opponents=[{"name": "greedy", "weight": 2}, {"checkpoint": "a.zip"}], start_from="b.zip")
    assert check(json.loads(json.dumps(configuration.to_json()))) == configuration
    assert pickle.loads(pickle.dumps(configuration)) == configuration


def test_a_scenario_is_a_name_a_configuration_or_a_stored_one() -> None:
    stored = json.loads(Scenario.load("MATE-2v4-0").to_json())
    assert check(QUICK | {"scenario": stored}).scenario.digest == check(QUICK).scenario.digest


def test_the_training_scenario_has_the_trainings_own_settings() -> None:
    hyperparameters = {"reward_type": "sparse", "enhanced_observation": "target"}
    scenario = check(QUICK | {"hyperparameters": hyperparameters}).training_scenario
    assert scenario.reward_type == "sparse" and scenario.enhanced_observation == "target"


def test_everything_that_is_wrong_is_told_at_once() -> None:
    told = problems_of(
        {
            "scenario": "MATE-9v9-9",
            "team": "target",
            "algorithm": "hrl-mappo",
            "seed": -1,
            "cores": 0,
            "opponents": [{"name": "nobody"}],
            "hyperparameters": {"gamma": 2, "levels": 3, "speed": 1, "hidden_sizes": [], "learning_rate": [[0.5]]},
            "colour": "red",
        }
    )
    for word in ("MATE-9v9-9", "hrl-mappo", "seed", "cores", "nobody", "gamma", "levels", "speed", "hidden_sizes"):
        assert word in told
    assert "learning_rate" in told and "colour" in told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gamma", "0.9"),
        ("gamma", float("nan")),
        ("passes", 1.5),
        ("passes", True),
        ("memory", "rnn"),
        ("learning_rate", [[0.0, 1e-3], [0.5, 1e-4], [0.4, 1e-5]]),
        ("learning_rate", [[0.0, -1.0]]),
        ("hidden_sizes", [64, 0]),
        ("hidden_sizes", 64),
    ],
)
def test_an_impossible_value_is_refused_by_its_name(name, value) -> None:
    assert f"`{name}`" in problems_of(QUICK | {"hyperparameters": {name: value}})


def test_hyperparameters_that_contradict_each_other_are_refused() -> None:
    assert "fragment_length" in problems_of(describe(hyperparameters={"fragment_length": 100, "horizon": 50}))
    assert "episodes_at_once" in problems_of(
        describe(hyperparameters={"fragment_length": 1000, "horizon": 1000, "episodes_at_once": 4096})
    )
    nothing = {"coefficient_raw_reward": 0, "coefficient_coverage_rate": 0, "coefficient_real_coverage_rate": 0}
    assert "coefficients" in problems_of(describe(hyperparameters=nothing))


@pytest.mark.parametrize(
    "opponents",
    [[], "greedy", [{}], [{"name": "greedy", "checkpoint": "a.zip"}], [{"name": "greedy", "weight": -1}],
     [{"name": "greedy", "weight": 0}], [{"name": 3}], [{"name": "greedy", "sort": 1}]],
)  # fmt: skip
def test_impossible_opponents_are_refused(opponents) -> None:
    assert "opponents" in problems_of(QUICK | {"opponents": opponents})


@pytest.mark.parametrize("document", [None, [], "quick"])
def test_what_is_no_object_is_refused(document) -> None:
    assert "object" in problems_of(document)


def test_a_missing_or_broken_file_is_named(tmp_path) -> None:
    with pytest.raises(ConfigurationError, match=r"configuration\.json"):
        read(tmp_path)
    (tmp_path / "configuration.json").write_text("{")
    with pytest.raises(ConfigurationError, match="JSON"):
        read(tmp_path)


def test_web_processes_can_import_it_without_a_network_library() -> None:
    code = "import sys, training.configuration; sys.exit(any(name in sys.modules for name in ('torch', 'ray')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_several_scenarios_need_a_network_of_entities() -> None:
    several = QUICK | {"more_scenarios": ["MATE-4v8-9"], "test_scenarios": ["MATE-8v8-9"]}
    assert "architecture" in problems_of(several)
    configuration = check(several | {"preset": "entity"})
    assert [one.num_cameras for one in configuration.scenarios] == [2, 4]
    assert check(json.loads(json.dumps(configuration.to_json()))) == configuration
    assert check(QUICK | {"more_scenarios": []}).scenarios == (check(QUICK).scenario,)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"more_scenarios": "MATE-4v8-9"}, "list"),
        ({"test_scenarios": ["MATE-9v9-9"]}, "test_scenarios"),
        ({"more_scenarios": ["MATE-2v4-0"]}, "twice"),
        ({"more_scenarios": ["MATE-4v8-9"], "hyperparameters": {"episodes_at_once": 1}}, "episodes_at_once"),
        ({"algorithm": "mappo", "team": "target", "hyperparameters": {"actions": "pose"}}, "actions"),
    ],
)
def test_impossible_scenarios_and_actions_are_refused(changes, problem) -> None:
    assert problem in problems_of(QUICK | {"preset": "entity"} | changes)
