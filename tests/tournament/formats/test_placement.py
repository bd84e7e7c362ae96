"""A newcomer's placement."""

from dataclasses import replace

import numpy as np

from benchmarks.ratings.league import MEASURED, League, play
from tournament.formats import FORMATS


def place(league, **settings):
    format = FORMATS["placement"].make({"width": 0.03} | settings, league.cameras, league.targets)
    evidence = play(league, format)
    return format.place(evidence), evidence, format


def test_a_newcomer_is_known_to_the_width_that_was_chosen():
    league = League.draw(1, 6, MEASURED["MATE-4v8-9"], 0)
    for width in (0.06, 0.03, 0.01):
        (known,), evidence, format = place(league, width=width)
        assert 2 * known.half_width <= width
        assert format.find(evidence).is_decided


def test_narrower_intervals_cost_episodes_by_the_square_and_not_much_more():
    league = League.draw(1, 6, MEASURED["MATE-4v8-9"], 0)
    wide, narrow = (len(place(league, width=width)[1]) for width in (0.02, 0.01))
    assert 3 < narrow / wide < 5


def test_intervals_hold_the_truth():
    held = 0
    for seed in range(150):
        league = League.draw(1, 5, MEASURED["MATE-4v8-9"], seed)
        (known,), _, _ = place(league)
        held += abs(known.payoff - league.true.mean()) <= known.half_width
    assert 0.9 <= held / 150 <= 0.99


def test_newcomers_meet_the_seeds_that_opponents_give_to_everybody():
    league = League.draw(3, 4, MEASURED["MATE-4v8-9"], 0)
    assert set(place(league, team="camera")[1].number % 2) == {0}
    assert set(place(league, team="target")[1].number % 2) == {1}


def test_opponents_against_whom_the_newcomer_varies_more_are_met_more_often():
    class Uneven(League):
        def payoff(self, camera, target, number):
            return np.where(target == 0, super().payoff(camera, target, number), 0.1)

    league = League.draw(1, 2, replace(MEASURED["MATE-4v8-9"], deviation=0.2), 0)
    _, evidence, _ = place(Uneven(league.true, league.noise, 0), width=0.05)
    assert evidence.count[0, 0] > 2 * evidence.count[0, 1]


def test_a_limit_ends_a_placement_that_would_take_too_long():
    league = League.draw(1, 2, MEASURED["MATE-4v8-9"], 0)
    (known,), evidence, _ = place(league, width=0.001, most=20)
    assert (evidence.count == 20).all()
    assert 2 * known.half_width > 0.001
