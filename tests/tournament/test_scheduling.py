"""What all formats promise, and the round robin."""

import json

import numpy as np
import pytest

from tournament.scheduling import FORMATS, Evidence, Finding, SettingsRefused

CAMERAS, TARGETS = ("a", "b"), ("x", "y", "z")


def test_a_round_robin_is_one_round_of_every_pairing():
    format = FORMATS["round-robin"].make({"episodes": 4}, CAMERAS, TARGETS)
    evidence = Evidence.of(CAMERAS, TARGETS)
    choices = format.choose(evidence, 0)
    assert {(choice.camera, choice.target) for choice in choices} == {(i, j) for i in range(2) for j in range(3)}
    assert all(list(choice.numbers) == [0, 1, 2, 3] and choice.probability == 1 for choice in choices)
    assert format.choose(evidence, 1) == []
    assert format.limit == 24


def test_a_closed_pairing_is_left_out():
    closed = np.zeros((2, 3), dtype=bool)
    closed[1, 2] = True
    choices = FORMATS["round-robin"].make({}, CAMERAS, TARGETS).choose(Evidence.of(CAMERAS, TARGETS, closed=closed), 0)
    assert (1, 2) not in {(choice.camera, choice.target) for choice in choices}
    assert len(choices) == 5


@pytest.mark.parametrize("name", FORMATS)
def test_a_finding_survives_json(name):
    format = FORMATS[name].make({}, CAMERAS, TARGETS)
    finding = format.find(Evidence.of(CAMERAS, TARGETS))
    assert Finding.from_json(json.loads(json.dumps(finding.to_json(), allow_nan=False))) == finding


@pytest.mark.parametrize("settings", [{"episodes": 0}, {"episodes": 1.5}, {"episodes": "many"}, {"episodes": True}])
def test_a_setting_out_of_bounds_is_refused_with_what_is_possible(settings):
    with pytest.raises(SettingsRefused, match="a whole number from 1 to 10,000"):
        FORMATS["round-robin"].check(settings)


def test_everything_wrong_with_settings_is_said_at_once():
    with pytest.raises(SettingsRefused, match=r"no setting 'colour'.*Episodes a pairing"):
        FORMATS["round-robin"].check({"colour": 1, "episodes": None})


def test_evidence_seen_by_a_team_has_its_own_payoffs_on_the_seeds_that_it_shares():
    evidence = Evidence.of(CAMERAS, TARGETS, [0, 0, 1], [2, 2, 1], [2, 1, 3], [0.5, 0.25, 0.75])
    cameras, targets = evidence.seen_by("camera"), evidence.seen_by("target")
    assert cameras.payoff.shape == (2, 3, 2)
    assert cameras.payoff[0, 2, 1] == -0.5
    assert np.isnan(cameras.payoff).sum() == 11
    assert targets.payoff[2, 0, 0] == 0.25
    assert targets.payoff[1, 1, 1] == 0.75
    assert targets.count.tolist() == [[0, 0], [0, 0], [1, 0]]
