"""Reasons why an agent cannot play in a scenario."""

import mate
from policies import compatibility
from policies.compatibility import problems
from tests.policies.checkpoints import Sizes, make_recipe


def test_nothing_stands_against_what_it_was_trained_for() -> None:
    assert compatibility(make_recipe(), Sizes(), "camera") == []


def test_the_other_team_is_a_problem() -> None:
    assert problems(make_recipe(), Sizes(), "target") == [
        "it was trained as a camera agent and cannot play the target team"
    ]


def test_other_numbers_are_problems_with_both_figures() -> None:
    found = problems(make_recipe(), Sizes(3, 8, 0), "camera")
    assert found == [
        "it was trained for 2 cameras, and the scenario has 3",
        "it was trained for 4 targets, and the scenario has 8",
        "it was trained for 1 obstacles, and the scenario has 0",
    ]


def test_another_enhanced_observation_is_only_a_note() -> None:
    (remark,) = compatibility(make_recipe(enhanced_observation="target"), Sizes(), "camera")
    assert remark.kind == "note" and "'target'" in remark.text and "'none'" in remark.text
    assert problems(make_recipe(enhanced_observation="target"), Sizes(), "camera") == []


def test_a_scenario_of_the_game_is_understood() -> None:
    scenario = mate.Scenario.load("MATE-4v8-9")
    assert len(problems(make_recipe(), scenario, "camera")) == 3
