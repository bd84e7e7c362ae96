"""A fixed budget."""

import numpy as np
import pytest

from benchmarks.ratings.league import MEASURED, League, play
from tournament.formats import FORMATS, Evidence
from tournament.formats.budget import inform
from tournament.formats.table import PayoffTable


def spend(league, episodes):
    format = FORMATS["budget"].make({"episodes": episodes}, league.cameras, league.targets)
    return format, play(league, format)


@pytest.mark.parametrize("episodes", [1, 2, 7, 24, 25, 1000, 1001])
def test_a_budget_is_spent_to_the_last_episode(episodes):
    format, evidence = spend(League.draw(3, 4, MEASURED["MATE-4v8-9"], 0), episodes)
    assert len(evidence) == episodes
    assert format.find(evidence).is_decided


def test_a_budget_that_is_too_small_for_all_pairings_is_drawn_evenly():
    league = League.draw(5, 5, MEASURED["MATE-4v8-9"], 0)
    choices = (
        FORMATS["budget"]
        .make({"episodes": 20}, league.cameras, league.targets)
        .choose(Evidence.of(league.cameras, league.targets), 0)
    )
    assert {choice.probability for choice in choices} == {10 / 25}
    assert sum(choice.count for choice in choices) == 20


def test_agents_whose_order_is_open_are_given_more():
    league = League.draw(4, 4, MEASURED["MATE-4v8-9"], 0)
    league.true += np.array([0.6, 0.0, 0.001, -0.6])[:, None] - league.true.mean(axis=1, keepdims=True)
    _, evidence = spend(league, 2000)
    played = evidence.count.sum(axis=1)
    assert played[1:3].min() > 1.2 * played[[0, 3]].max()


def test_pairings_are_drawn_as_often_as_their_probabilities_say():
    names = [f"agent {number}" for number in range(250)]
    drawn, expected = np.zeros((4, 4)), np.zeros((4, 4))
    evidence = None
    for name in names:
        league = League.draw(4, 4, MEASURED["MATE-4v8-9"], 3)
        cameras = (name, *league.cameras[1:])
        format = FORMATS["budget"].make({"episodes": 100, "round_size": 6}, cameras, league.targets)
        start = format.choose(Evidence.of(cameras, league.targets), 0)
        evidence = league.answer(Evidence.of(cameras, league.targets), start)
        for choice in format.choose(evidence, 1):
            drawn[choice.camera, choice.target] += 1
    information = inform(PayoffTable.of(evidence))
    expected = 3 * (0.9 * information / information.sum() + 0.1 / 16)
    assert drawn.sum() == pytest.approx(250 * 3, abs=20)
    assert drawn / 250 == pytest.approx(np.minimum(expected, 1), abs=0.1)
