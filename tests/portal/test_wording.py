"""Values of settings and names that the software made, in the reader's language."""

import pytest
from django.utils import translation

from portal.wording import NAMES, VALUES, tell_algorithm, tell_name, tell_value
from tests.portal.english import find_english
from tournament import new_scenarios
from training.configuration import ALGORITHMS, HYPERPARAMETERS, PRESETS

CHOICES = {choice for one in HYPERPARAMETERS.values() for choice in one.choices} | set(PRESETS)


def test_every_preset_and_every_value_to_choose_has_words() -> None:
    assert set(VALUES) == CHOICES


@pytest.mark.parametrize("value", sorted(CHOICES))
def test_a_value_of_a_setting_is_told_in_chinese_and_stays_as_it_is_in_english(value: str) -> None:
    with translation.override("zh-hans"):
        assert find_english(f"<p>{tell_value(value)}</p>") == []
    with translation.override("en"):
        assert tell_value(value) == value


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_algorithm_is_told_by_its_title(name: str) -> None:
    with translation.override("zh-hans"):
        assert find_english(f"<p>{tell_algorithm(name)}</p>") == []
    with translation.override("en"):
        assert tell_algorithm(name) == ALGORITHMS[name].title


@pytest.mark.parametrize("text", NAMES)
def test_a_name_that_the_software_made_is_told_in_chinese(text: str) -> None:
    name = text.format("Greedy", "4v8-9", "2") if "MATE" in text else text.format("Greedy", "4", "2")
    with translation.override("zh-hans"):
        assert find_english(f"<p>{tell_name(name)}</p>") == []
    with translation.override("en"):
        assert tell_name(name) == name


VARIANT = {
    "enhanced_observation": "both",
    "shared_field_of_view": "target",
    "no_communication": "camera",
    "communication_range": 1e7,
    "message_dropout": 0.25,
    "communication_delay": 2,
}


@pytest.mark.parametrize("names", [*([name] for name in VARIANT), [*VARIANT]])
def test_a_variant_of_a_scenario_is_told_in_chinese(names: list[str]) -> None:
    name = new_scenarios.suggest_name("2v4", {name: VARIANT[name] for name in names})
    with translation.override("zh-hans"):
        assert tell_name(name).startswith("2v4（") and find_english(f"<p>{tell_name(name)}</p>") == []
    with translation.override("en"):
        assert tell_name(name) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Attack 3 on Growing, cameras of iteration 2, seed 1", "对 Growing，迭代 2 的相机 的攻击 3，种子 1"),
        ("Hierarchical MAPPO camera vs Greedy, iteration 12", "分层 MAPPO 相机对 Greedy，迭代 12"),
        ("MATE-4v8-9 adaptive ranking", "MATE-4v8-9 自适应排名"),
        ("Owl: baseline, seed 4", "Owl: baseline，种子 4"),
        ("MATE-4v8-9 (enhanced: both) round robin", "MATE-4v8-9（增强观测：两队） 循环赛"),
        ("Night owl", "Night owl"),
        ("Owls (ranged, enhanced: perhaps)", "Owls (ranged, enhanced: perhaps)"),
        ("Owls, my favourites", "Owls, my favourites"),
    ],
)
def test_names_within_names_are_told_too_and_those_that_people_gave_stay(name: str, expected: str) -> None:
    with translation.override("zh-hans"):
        assert tell_name(name) == expected
