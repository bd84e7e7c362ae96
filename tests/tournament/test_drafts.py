"""Scenarios as people write them: all that is wrong is said at once, and nothing that is read can do harm."""

import pytest
import yaml

from mate.scenario import Scenario, preset_names
from tournament import drafts
from tournament.refusals import RequestRefused

SOUND = """
name: Two rooms
num_cargoes_per_target: 8
max_episode_steps: 2000
camera:
  location: [[-500, 0], [500, 0]]
target:
  location_random_range: [[-200, 200, -200, 200]]
obstacle:
  location: [[0, 0]]
  radius: 60
message_dropout: 0.25
"""

BROKEN = {
    "an empty map": ("num_cargoes_per_target: 8", {"camera", "target"}),
    "nobody on one side": (SOUND.replace("location: [[-500, 0], [500, 0]]", "location: []"), {"camera.location"}),
    "words for numbers": (
        SOUND.replace("2000", "many").replace("radius: 60", "radius: wide"),
        {"max_episode_steps", "obstacle.radius"},
    ),
    "places of the wrong length": (
        SOUND.replace("[500, 0]]", "[500]]").replace("-200, 200]]", "-200]]"),
        {"camera.location", "target.location_random_range"},
    ),
    "misspelt keys": (
        SOUND.replace("max_episode_steps", "max_steps").replace("  radius: 60", "  radus: 60"),
        {"max_steps", "obstacle.radus", "obstacle.radius"},
    ),
    "low above high": (
        SOUND.replace("[-200, 200, -200, 200]", "[200, -200, 0, 0]") + "bounty_factor: -1",
        {"target.location_random_range", "bounty_factor"},
    ),
    "two kinds of radius": (
        SOUND.replace("radius: 60", "radius: 60\n  radius_random_range: [5, 9]\n  transmittance: 2"),
        {"obstacle.radius", "obstacle.transmittance"},
    ),
    "impossible limits of messages": (
        SOUND.replace("0.25", "1.5") + "communication_range: -3\ncommunication_delay: 0.5\nno_communication: us",
        {"message_dropout", "communication_range", "communication_delay", "no_communication"},
    ),
    "a crowd": (
        SOUND.replace("[[-200, 200, -200, 200]]", str([[0, 1, 0, 1]] * 64)) + "reward_type: kind",
        {"target.location", "reward_type"},
    ),
    "too little and too much": (
        SOUND.replace("target: 8", "target: 3").replace("2000", "1e9").replace("[[0, 0]]", "[[0, .inf]]"),
        {"num_cargoes_per_target", "max_episode_steps", "obstacle.location"},
    ),
}


@pytest.mark.parametrize(("text", "fields"), BROKEN.values(), ids=BROKEN)
def test_a_broken_map_is_refused_with_all_its_problems(text, fields):
    with pytest.raises(RequestRefused) as refusal:
        drafts.check(drafts.read(text))
    assert {field for field, _ in refusal.value.problems} == fields
    assert all(sentence.rstrip().endswith((".", "?")) for _, sentence in refusal.value.problems)


def test_messages_name_the_place_that_is_wrong():
    document = drafts.read(SOUND) | {
        "target": {"location": [[1, 2], [3, 4]], "location_random_range": [[5], [6, 7, 9, 8]]}
    }
    texts = [text for _, text in drafts.find_problems(document)]
    assert "`target.location_random_range[0]`" in texts[0] and "target 3 is placed" in texts[1]


def test_a_sound_map_is_what_it_says():
    scenario = drafts.check(drafts.read(SOUND))
    assert scenario.name == "Two rooms" and scenario.message_dropout == 0.25
    assert (scenario.num_cameras, scenario.num_targets, scenario.num_obstacles) == (2, 1, 1)


@pytest.mark.parametrize("preset", [name for name in preset_names() if name != "MATE-Navigation"])
def test_a_scenario_survives_its_document(preset):
    scenario = Scenario.load(preset, enhanced_observation="target", communication_delay=2)
    text = drafts.to_yaml(drafts.to_document(scenario))
    assert drafts.check(drafts.read(text)) == scenario
    assert "&" not in text and len(text) < 4000


def test_json_is_read_too():
    assert drafts.read('{"name": "Flat", "camera": {"location": [[0, 1e3]]}}')["camera"] == {"location": [[0, 1e3]]}


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [0]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]\n"
        "d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]\ne: [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]",
        "a: &a [*a]",
        "!!python/object/apply:os.system ['true']",
        "[" * 5000,
        "- 1\n- 2",
        "a: [1",
        "just words",
        "",
        b"\xff\xfe\xfa",
        "x: " + "9" * 200_000,
        "a: 2001-99-99",
    ],
    ids=["bomb", "ring", "code", "deep", "list", "open", "words", "nothing", "bytes", "long", "date"],
)
def test_what_is_no_document_is_refused(text):
    with pytest.raises(RequestRefused) as refusal:
        drafts.read(text)
    assert refusal.value.problems[0][0] == "document"


@pytest.mark.parametrize(
    "value", [None, [], {}, "x", "9" * 4000, -1, 10**400, float("nan"), [[None]], [[[]]], {1: 2}, True]
)
def test_no_value_of_any_key_breaks_the_check(value):
    sound = drafts.read(SOUND)
    for key in drafts.KEYS:
        drafts.find_problems(sound | {key: value})
    for section, keys in drafts.SECTIONS.items():
        for key in keys:
            drafts.find_problems(sound | {section: sound[section] | {key: value}})
    assert yaml.safe_load(drafts.to_yaml(sound)) == sound
