"""Adaptive Nash."""

import numpy as np
import pytest

from benchmarks.ratings.adaptive import true_nash_conv
from benchmarks.ratings.league import MEASURED, League, play
from tournament.formats import FORMATS

ROCK_PAPER_SCISSORS = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], dtype=float)


def find_equilibrium(league, **settings):
    format = FORMATS["nash"].make({"epsilon": 0.02} | settings, league.cameras, league.targets)
    evidence = play(league, format)
    return format.solve(evidence), evidence, format


def league_of(true, seed=0):
    return League(np.asarray(true, dtype=float), MEASURED["MATE-4v8-9"], seed)


def test_rock_paper_scissors_is_found_to_be_even():
    solution, _, _ = find_equilibrium(league_of(0.2 * ROCK_PAPER_SCISSORS))
    assert solution.camera == pytest.approx(np.full(3, 1 / 3), abs=0.05)
    assert solution.target == pytest.approx(np.full(3, 1 / 3), abs=0.05)
    assert solution.value == pytest.approx(0, abs=0.02)


def test_far_worse_agents_rest():
    true = np.full((5, 5), 0.0)
    true[:3, :3] = 0.2 * ROCK_PAPER_SCISSORS
    true[3:, :] = -1.0
    true[:, 3:] = 1.0
    true[3:, 3:] = 0.0
    _, evidence, _ = find_equilibrium(league_of(true))
    assert evidence.count[3:, :].max() <= 3
    assert evidence.count[:, 3:].max() <= 3
    assert evidence.count[:3, :3].min() > 20


def test_the_bound_on_nash_conv_holds():
    held = [
        true_nash_conv(league.true, solution.camera, solution.target) <= solution.nash_conv <= 0.03
        for league in (League.draw(6, 6, MEASURED["MATE-4v8-9"], seed, interaction=0.05) for seed in range(20))
        for solution, _, _ in [find_equilibrium(league, epsilon=0.03)]
    ]
    assert sum(held) >= 18


def test_every_pairing_is_played_first():
    league = League.draw(6, 7, MEASURED["MATE-4v8-9"], 0)
    _, evidence, _ = find_equilibrium(league)
    assert evidence.count.min() >= 1


def test_a_pairing_is_not_played_beyond_its_limit():
    solution, evidence, format = find_equilibrium(league_of(0.2 * ROCK_PAPER_SCISSORS), epsilon=0.001, most=40)
    assert evidence.count.max() == 40
    assert solution.nash_conv > 0.001
    assert not format.find(evidence).is_decided


def test_the_strategies_are_told_most_likely_first():
    true = np.array([[0.0, -0.3], [-0.1, 0.2]])
    _, evidence, format = find_equilibrium(league_of(true))
    told = format.find(evidence).details["camera"]
    assert [line["agent"] for line in told] in ([0, 1], [1, 0])
    assert told[0]["mass"] >= told[1]["mass"]
    assert sum(line["mass"] for line in told) == pytest.approx(1)
