"""What all formats promise, played to their end in synthetic leagues; settings, evidence, and the round robin."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.ratings.league import MEASURED, League
from tournament.formats import FORMATS, Evidence, Finding, SettingsRefused

CAMERAS, TARGETS = ("a", "b"), ("x", "y", "z")
SHORT = {
    "round-robin": {"episodes": 3},
    "placement": {"width": 0.06},
    "ranking": {"most": 20},
    "nash": {"epsilon": 0.1},
    "sequential": {"upper": 200},
    "budget": {"episodes": 333},
}
"""Settings with which a format ends soon."""


def rounds(name, league, given=None):
    """Each round's choices, the evidence before it and after it."""
    format = FORMATS[name].make(SHORT.get(name, {}) | (given or {}), league.cameras, league.targets)
    evidence, number = Evidence.of(league.cameras, league.targets), 0
    while choices := format.choose(evidence, number):
        after = league.answer(evidence, choices)
        yield format, choices, evidence, after
        evidence, number = after, number + 1


def draw(cameras=2, targets=3, seed=1):
    return League.draw(cameras, targets, MEASURED["MATE-4v8-9"], seed)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_asks_for_every_episode_once_and_for_no_more_than_its_limit(name):
    seen = set()
    for format, choices, _, after in rounds(name, draw()):
        asked = [(choice.camera, choice.target, number) for choice in choices for number in choice.numbers]
        assert len(set(asked)) == len(asked)
        assert not seen.intersection(asked)
        seen.update(asked)
        assert all(0 < choice.probability <= 1 and choice.reason for choice in choices)
        assert len(after) == len(seen) <= format.limit
    assert seen


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_chooses_alike_whatever_the_order_in_which_episodes_came(name):
    for format, choices, evidence, _ in rounds(name, draw()):
        order = np.random.default_rng(0).permutation(len(evidence))
        columns = (column[order] for column in (evidence.camera, evidence.target, evidence.number, evidence.reward))
        number = 1 if len(evidence) else 0
        if name != "budget":  # Its draws depend on the round's number.
            assert format.choose(Evidence.of(evidence.cameras, evidence.targets, *columns), number) == choices


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_tells_after_every_round_what_it_found_and_at_its_end_that_nothing_is_left(name):
    finding = None
    for format, _, before, after in rounds(name, draw(seed=3)):
        assert not format.find(before).is_decided
        finding = format.find(after, finding)
        assert Finding.from_json(json.loads(json.dumps(finding.to_json(), allow_nan=False))) == finding
        assert finding.trace[-1]["episodes"] > 0
        assert {*finding.trace[0]} == {*finding.trace[-1]}
    assert finding.is_decided or name in ("ranking", "sequential")
    assert finding.expected_left == 0


@pytest.mark.parametrize("name", FORMATS)
def test_closed_pairings_are_left_alone_and_the_others_are_judged(name):
    league = draw(cameras=2, targets=4)
    closed = np.zeros((2, 4), dtype=bool)
    closed[1, 2] = True
    format = FORMATS[name].make(SHORT.get(name, {}), league.cameras, league.targets)
    evidence, number = Evidence.of(league.cameras, league.targets, closed=closed), 0
    while choices := format.choose(evidence, number):
        assert not any(closed[choice.camera, choice.target] for choice in choices)
        evidence, number = replace(league.answer(evidence, choices), closed=closed), number + 1
    assert len(evidence) > 0
    assert format.find(evidence).expected_left == 0


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_ends_when_everything_is_closed(name):
    closed = np.ones((2, 3), dtype=bool)
    format = FORMATS[name].make({}, CAMERAS, TARGETS)
    evidence = Evidence.of(CAMERAS, TARGETS, closed=closed)
    assert format.choose(evidence, 0) == []
    json.dumps(format.find(evidence).to_json(), allow_nan=False)


@pytest.mark.parametrize("name", FORMATS)
def test_a_game_in_which_nothing_varies_is_understood(name):
    league = draw()
    league.true[:] = 0.25
    league = replace(league, noise=replace(league.noise, deviation=0.0))
    for format, _, _, after in rounds(name, league):
        json.dumps(format.find(after).to_json(), allow_nan=False)
        assert len(after) <= format.limit


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_fields_and_results_give_the_same_tournament(name):
    first, second = ([choices for _, choices, _, _ in rounds(name, draw(seed=7))] for _ in range(2))
    assert first == second


def test_a_round_robin_is_one_round_of_every_pairing():
    format = FORMATS["round-robin"].make({"episodes": 4}, CAMERAS, TARGETS)
    evidence = Evidence.of(CAMERAS, TARGETS)
    choices = format.choose(evidence, 0)
    assert {(choice.camera, choice.target) for choice in choices} == {(i, j) for i in range(2) for j in range(3)}
    assert all(list(choice.numbers) == [0, 1, 2, 3] and choice.probability == 1 for choice in choices)
    assert format.choose(evidence, 1) == []
    assert format.limit == 24


@pytest.mark.parametrize("settings", [{"episodes": 0}, {"episodes": 1.5}, {"episodes": "many"}, {"episodes": True}])
def test_a_setting_out_of_bounds_is_refused_with_what_is_possible(settings):
    with pytest.raises(SettingsRefused, match="a whole number from 1 to 10,000"):
        FORMATS["round-robin"].check(settings)


def test_everything_wrong_with_settings_is_said_at_once():
    with pytest.raises(SettingsRefused, match=r"no setting 'colour'.*Episodes a pairing"):
        FORMATS["round-robin"].check({"colour": 1, "episodes": None})


@pytest.mark.parametrize("info", FORMATS.values(), ids=FORMATS)
def test_defaults_are_possible_and_settings_come_back_complete(info):
    complete = info.check({})
    assert list(complete) == [setting.name for setting in info.settings]
    assert info.check(complete) == complete
    for setting in info.settings:
        assert setting.title and setting.explanation and setting.bounds


def test_numbers_may_come_as_text_as_forms_send_them():
    assert FORMATS["placement"].check({"width": "0.05", "most": "20"}) | {"width": 0.05, "most": 20} == FORMATS[
        "placement"
    ].check({"width": 0.05, "most": 20})


def test_evidence_seen_by_a_team_has_its_own_payoffs_on_the_seeds_that_it_shares():
    evidence = Evidence.of(CAMERAS, TARGETS, [0, 0, 1], [2, 2, 1], [2, 1, 3], [0.5, 0.25, 0.75])
    cameras, targets = evidence.seen_by("camera"), evidence.seen_by("target")
    assert cameras.payoff.shape == (2, 3, 2)
    assert cameras.payoff[0, 2, 1] == -0.5
    assert np.isnan(cameras.payoff).sum() == 11
    assert targets.payoff[2, 0, 0] == 0.25
    assert targets.payoff[1, 1, 1] == 0.75
    assert targets.count.tolist() == [[0, 0], [0, 0], [1, 0]]


def test_evidence_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="different lengths"):
        Evidence.of(CAMERAS, TARGETS, [0], [1], [0], [])
    with pytest.raises(ValueError, match="not a finite number"):
        Evidence.of(CAMERAS, TARGETS, [0], [1], [0], [np.nan])
    with pytest.raises(ValueError, match="closed has the shape"):
        Evidence.of(CAMERAS, TARGETS, closed=[[True]])


@given(st.permutations(range(4)), st.integers(0, 100))
@settings(max_examples=15, deadline=None)
def test_naming_agents_in_another_order_plays_the_same_ranking(order, seed):
    league = draw(4, 3, seed)
    played = []
    for rows in (list(range(4)), list(order)):
        format = FORMATS["ranking"].make({"team": "camera", "most": 12}, league.cameras, league.targets)
        evidence, number = Evidence.of(league.cameras, league.targets), 0
        while choices := format.choose(evidence, number):
            named = [replace(choice, camera=rows[choice.camera]) for choice in choices]
            added = league.answer(Evidence.of(league.cameras, league.targets), named)
            back = np.argsort(rows)[added.camera]
            evidence = evidence.with_episodes(back, added.target, added.number, added.reward)
            number += 1
        played.append(evidence.count[np.argsort(rows)])
    assert (played[0] == played[1]).all()
