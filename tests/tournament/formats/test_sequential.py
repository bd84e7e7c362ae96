"""The head-to-head test as a format.

`python -m benchmarks.ratings sequential` measures its error rates more closely.
"""

import numpy as np
import pytest

from benchmarks.ratings.league import MEASURED, League, play
from benchmarks.ratings.sequential import Duel
from tournament.formats import FORMATS, Evidence, SettingsRefused
from tournament.formats.likelihood import ELO


def duel(elo, opponents=4, seed=0):
    """Two cameras of which the first is better by so much."""
    noise = MEASURED["MATE-4v8-9"]
    gap = elo / ELO * noise.deviation * np.sqrt(2 * (1 - noise.seed))
    base = np.linspace(-0.2, 0.2, opponents)
    return Duel(np.stack([base + gap, base]), noise, seed)


def decide(league, **settings):
    format = FORMATS["sequential"].make(settings, league.cameras, league.targets)
    return format, play(league, format)


def test_much_better_and_much_worse_agents_are_told_soon():
    for elo, verdict in ((300, "better"), (-300, "not-better")):
        format, evidence = decide(duel(elo))
        finding = format.find(evidence)
        assert finding.details["verdict"] == verdict
        assert finding.is_decided
        assert len(evidence) < 300


def test_errors_of_either_kind_are_as_rare_as_wanted():
    verdicts = {0: [], 100: []}
    for elo, found in verdicts.items():
        for seed in range(250):
            format, evidence = decide(duel(elo, seed=seed), upper=100, round_size=32)
            found.append(format.judge(evidence).verdict)
    assert verdicts[0].count("better") / 250 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 250)
    assert verdicts[100].count("not-better") / 250 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 250)


def test_the_trace_is_the_tests_own_and_ends_where_a_bound_is_reached():
    format, evidence = decide(duel(80))
    trace = format.find(evidence).trace
    assert all(point["reject"] < point["ratio"] < point["accept"] for point in trace[:-1])
    assert not trace[-1]["reject"] < trace[-1]["ratio"] < trace[-1]["accept"]
    assert [point["episodes"] for point in trace] == sorted(point["episodes"] for point in trace)


def test_episodes_beyond_the_end_change_nothing():
    league = duel(300)
    format, evidence = decide(league)
    more = FORMATS["sequential"].make({"lower": 299, "upper": 301}, league.cameras, league.targets)
    longer = league.answer(evidence, more.choose(evidence, 1))
    assert len(longer) > len(evidence)
    assert format.find(longer) == format.find(evidence)


def test_both_agents_meet_every_opponent_from_the_same_seeds():
    _, evidence = decide(duel(50))
    assert (evidence.count == evidence.count[0, 0]).all()
    assert (evidence.number % 2 == 0).all()


def test_targets_are_compared_by_their_own_payoff():
    league = League.draw(3, 2, MEASURED["MATE-4v8-9"], 0)
    better = int(league.true.mean(axis=0).argmin())
    format, evidence = decide(league, team="target")
    assert format.judge(evidence).verdict == ("better" if better == 0 else "not-better")


def test_the_headline_and_the_reasons_have_minus_signs():
    league = duel(1)
    format = FORMATS["sequential"].make({"lower": -20, "upper": 20}, league.cameras, league.targets)
    nothing = Evidence.of(league.cameras, league.targets)
    evidence = league.answer(nothing, format.choose(nothing, 0))
    assert "of 20 or more against −20 or less" in format.find(evidence).headline
    for text in (format.find(evidence).headline, format.choose(evidence, 1)[0].reason):
        assert "-" not in text.replace("log-likelihood", "") and "−" in text


def test_a_test_that_reaches_its_limit_stays_undecided():
    format, evidence = decide(duel(1), lower=0, upper=2, most=20)
    finding = format.find(evidence)
    assert finding.details["verdict"] == "undecided"
    assert not finding.is_decided
    assert (evidence.count == 20).all()


def test_identical_agents_are_not_better_than_each_other():
    league = duel(0)
    same = Evidence.of(league.cameras, league.targets)
    format = FORMATS["sequential"].make({}, league.cameras, league.targets)
    number = 0
    while choices := format.choose(same, number):
        answered = league.answer(Evidence.of(league.cameras, league.targets), choices)
        same = same.with_episodes(answered.camera, answered.target, answered.number, np.cos(answered.number))
        number += 1
    assert format.judge(same).verdict == "not-better"


def test_the_expected_length_shrinks_as_the_test_comes_nearer_to_a_bound():
    league = duel(100)
    format = FORMATS["sequential"].make({}, league.cameras, league.targets)
    assert format.find(Evidence.of(league.cameras, league.targets)).expected_left > 300
    assert format.find(play(league, format)).expected_left == 0


@pytest.mark.parametrize(
    ("settings", "cameras", "reason"),
    [
        ({"lower": 10, "upper": 10}, ["a", "b"], r"lower bound \(10\) must be below the upper bound \(10\)"),
        ({}, ["a", "b", "c"], "camera field has 3. Choose exactly two"),
        ({}, ["a"], "camera field has 1"),
    ],
)
def test_a_test_that_makes_no_sense_is_refused(settings, cameras, reason):
    with pytest.raises(SettingsRefused, match=reason):
        FORMATS["sequential"].make(settings, cameras, ["x"])
