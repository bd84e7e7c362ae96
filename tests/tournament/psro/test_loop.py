"""PSRO on games whose best responses are known."""

import itertools

import numpy as np
import pytest

from tests.tournament.meta_solvers.games import ROCK_PAPER_SCISSORS, blotto, disc
from tournament.meta_solvers import META_SOLVERS, nash
from tournament.psro.loop import MatrixGame, PairResult, grow


def run(payoff, solver, iterations):
    game = MatrixGame(np.asarray(payoff))
    return list(itertools.islice(grow([0], [0], game.respond, game.play, META_SOLVERS[solver]), iterations + 1))


@pytest.mark.parametrize(
    "payoff",
    [ROCK_PAPER_SCISSORS, blotto(6, 3), disc(30, 4), np.random.default_rng(1).normal(size=(25, 15)), [[0.5]]],
    ids=["rock paper scissors", "blotto", "disc", "random", "one agent"],
)
def test_with_nash_it_ends_in_an_equilibrium_of_the_whole_game(payoff):
    payoff = np.asarray(payoff)
    game = MatrixGame(np.asarray(payoff))
    for iteration in grow([0], [0], game.respond, game.play, META_SOLVERS["nash"]):
        # Each iteration before the end adds an agent that was not there.
        assert iteration.number <= sum(payoff.shape)
        if iteration.is_solved(1e-6):
            break
    assert iteration.figures["nash_conv"] < 1e-6
    assert iteration.figures["value"] == pytest.approx(nash(payoff).value, abs=1e-6)
    assert (np.bincount(iteration.cameras, iteration.camera, len(payoff)) @ payoff).min() > nash(payoff).value - 1e-6


def test_with_uniform_strategies_it_approaches_one_as_the_square_root_of_time():
    for payoff in (ROCK_PAPER_SCISSORS, np.random.default_rng(2).uniform(-1, 1, size=(8, 8))):
        lost = [iteration.figures["nash_conv"] for iteration in run(payoff, "uniform", 60)[1:]]
        for number in (15, 30, 60):
            assert 0 < lost[number - 1] < 4 / np.sqrt(number)


def test_self_play_goes_round_in_rock_paper_scissors_for_ever():
    iterations = run(ROCK_PAPER_SCISSORS, "self-play", 12)
    assert [iteration.cameras[-1] for iteration in iterations] == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    assert {iteration.figures["nash_conv"] for iteration in iterations[1:]} == {2.0}


def test_what_strategies_lose_is_what_their_best_responses_gain():
    payoff = np.random.default_rng(3).normal(size=(10, 12))
    before, after = run(payoff, "nash", 3)[2:]
    camera = np.bincount(before.cameras, before.camera, 10)
    target = np.bincount(before.targets, before.target, 12)
    lost = (payoff @ target).max() - (camera @ payoff).min()
    assert after.figures["nash_conv"] == pytest.approx(lost)
    assert not after.is_solved(lost) and after.is_solved(lost * 1.001)


def test_no_pairing_is_played_twice():
    game, played = MatrixGame(np.random.default_rng(4).normal(size=(5, 5))), []

    def play(camera, target):
        played.append((camera, target))
        return game.play(camera, target)

    last = list(itertools.islice(grow([0], [0], game.respond, play, META_SOLVERS["uniform"]), 20))[-1]
    assert len(played) == len(set(played)) and len(last.cameras) == 20
    assert last.game.payoff == pytest.approx(game.payoff[np.ix_(last.cameras, last.targets)])


def test_noisy_payoffs_end_it_only_when_their_interval_says_so():
    game = MatrixGame(ROCK_PAPER_SCISSORS)

    def play(camera, target):
        return PairResult(game.play(camera, target).payoff, error=0.2, count=10)

    iterations = list(itertools.islice(grow([0], [0], game.respond, play, META_SOLVERS["nash"]), 5))
    assert iterations[-1].figures["nash_conv"] < 0.05
    assert not iterations[-1].is_solved(0.05) and iterations[-1].is_solved(2.0)


def test_the_first_iteration_is_never_the_end():
    assert not run([[0.5]], "nash", 0)[0].is_solved(1.0)
