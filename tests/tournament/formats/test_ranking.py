"""Adaptive ranking and the gaps that it measures."""

import numpy as np
import pytest

from benchmarks.ratings.league import MEASURED, League, play
from tournament.formats import FORMATS, Evidence, SettingsRefused
from tournament.formats.gaps import Side, measure


def rank(league, **settings):
    """The format and the evidence at its end."""
    format = FORMATS["ranking"].make({"team": "camera"} | settings, league.cameras, league.targets)
    return format, play(league, format)


def league_of(means, targets=6, seed=0):
    """Cameras with these mean payoffs."""
    noise = MEASURED["MATE-4v8-9"]
    drawn = League.draw(len(means), targets, noise, seed)
    drawn.true += np.asarray(means)[:, None] - drawn.true.mean(axis=1, keepdims=True)
    return drawn


def test_agents_that_are_far_apart_are_ranked_with_few_episodes_each():
    format, evidence = rank(league_of([0.3, 0.1, -0.1, -0.3]))
    ranking = format.find(evidence).details["ranking"]["camera"]
    assert [line["agent"] for line in ranking] == [0, 1, 2, 3]
    assert all(line["is_separated"] for line in ranking[:-1])
    assert evidence.count.max() <= 3


def test_episodes_go_to_the_agents_whose_order_is_unknown():
    _, evidence = rank(league_of([0.3, 0.005, -0.005, -0.3]), resolution=0.005)
    played = evidence.count.sum(axis=1)
    assert played[1:3].min() > 10 * max(played[0], played[3])


def test_compared_agents_meet_the_same_seeds_without_gaps():
    _, evidence = rank(league_of([0.02, 0.01, 0.0, -0.01]))
    assert (evidence.number % 2 == 0).all()
    for camera in range(4):
        for target in range(6):
            numbers = evidence.number[(evidence.camera == camera) & (evidence.target == target)]
            assert sorted(numbers) == list(range(0, 2 * len(numbers), 2))
    assert (evidence.count == evidence.count[:, :1]).all()


def test_targets_are_ranked_on_seeds_that_cameras_bring():
    league = League.draw(3, 4, MEASURED["MATE-4v8-9"], 5)
    format, evidence = rank(league, team="target")
    assert (evidence.number % 2 == 1).all()
    order = [line["agent"] for line in format.find(evidence).details["ranking"]["target"]]
    assert order == list(np.argsort(league.true.mean(axis=0)))


def test_both_teams_are_ranked_in_one_tournament():
    league = League.draw(3, 4, MEASURED["MATE-4v8-9"], 5)
    format, evidence = rank(league, team="both", most=30)
    assert set(evidence.number % 2) == {0, 1}
    assert set(format.find(evidence).details["ranking"]) == {"camera", "target"}


def test_twins_are_found_to_be_close_and_not_ranked():
    league = league_of([0.0, 0.0], seed=4)
    format, evidence = rank(league, resolution=0.02)
    finding = format.find(evidence)
    assert finding.is_decided
    assert "1 are closer than 0.02" in finding.headline


def test_what_cannot_be_decided_ends_at_the_limit_and_is_said_to_be_open():
    format, evidence = rank(league_of([0.005, 0.0]), most=15)
    finding = format.find(evidence)
    assert (evidence.count == 15).all()
    assert not finding.is_decided
    assert "1 are open" in finding.headline


def test_a_ranking_of_one_agent_is_refused():
    with pytest.raises(SettingsRefused, match="the camera field needs at least two"):
        FORMATS["ranking"].make({"team": "camera"}, ["a"], ["x", "y"])


def test_verdicts_about_separated_pairs_are_seldom_wrong():
    wrong = pairs = 0
    for seed in range(20):
        league = League.draw(6, 4, MEASURED["MATE-4v8-9"], seed, spread=0.02)
        _, evidence = rank(league)
        gaps = measure(Side.of(evidence.seen_by("camera")), 0.99)
        means = league.true.mean(axis=1)
        upper = np.triu(gaps.separated, 1)
        wrong += (upper & (gaps.gap * (means[:, None] - means[None, :]) < 0)).sum()
        pairs += upper.sum()
    assert pairs > 150
    assert wrong <= 0.02 * pairs


def test_a_gap_is_the_mean_of_paired_differences_with_their_standard_error():
    generator = np.random.default_rng(0)
    payoff = generator.normal(size=(2, 3, 5))
    camera, target, place = (index.ravel() for index in np.indices(payoff.shape))
    evidence = Evidence.of(["a", "b"], ["x", "y", "z"], camera, target, 2 * place, -payoff.ravel())
    gaps = measure(Side.of(evidence.seen_by("camera")), 0.95)
    differences = payoff[0] - payoff[1]
    assert gaps.gap[0, 1] == pytest.approx(differences.mean())
    assert gaps.error[0, 1] == pytest.approx(np.sqrt(differences.var(axis=1, ddof=1).mean() / 15))
    assert gaps.gap[1, 0] == -gaps.gap[0, 1]


def test_intervals_of_gaps_contain_the_truth_as_often_as_they_say():
    held = 0
    for seed in range(400):
        league = League.draw(2, 4, MEASURED["MATE-2v4-0"], seed)
        choices = (
            FORMATS["round-robin"]
            .make({"episodes": 8}, league.cameras, league.targets)
            .choose(Evidence.of(league.cameras, league.targets), 0)
        )
        evidence = league.answer(Evidence.of(league.cameras, league.targets), choices)
        gaps = measure(Side.of(evidence.seen_by("camera")), 0.95)
        means = league.true.mean(axis=1)
        held += abs(gaps.gap[0, 1] - (means[0] - means[1])) <= gaps.half_width[0, 1]
    assert 0.91 <= held / 400 <= 0.98
