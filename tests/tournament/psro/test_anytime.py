"""Anytime PSRO on games whose best responses are known."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from mate import Team
from tests.tournament.meta_solvers.games import ROCK_PAPER_SCISSORS, blotto
from tournament.meta_solvers import META_SOLVERS, nash
from tournament.payoffs import Array
from tournament.psro.anytime import RegretMatching, grow_anytime
from tournament.psro.loop import Iteration, MatrixGame, grow

GAMES = {"blotto": blotto(6, 3), "random": np.random.default_rng(1).normal(size=(25, 15))}
ROUNDS = 400


def run(payoff: Array, iterations: int, rounds: int = ROUNDS) -> list[Iteration[int]]:
    game = MatrixGame(np.asarray(payoff))

    def improve(team: Team, opponents: Sequence[int], weights: Array, before: int | None) -> int:
        return game.respond(team, opponents, weights)

    return list(itertools.islice(grow_anytime([0], [0], improve, game.play, rounds), iterations + 1))


def losses(payoff: Array, iterations: Sequence[Iteration[int]]) -> Array:
    """What both strategies lose against best responses in the whole game, iteration by iteration: (n, 2)."""
    value, found = nash(payoff).value, []
    for one in iterations:
        camera = np.bincount(one.cameras, one.camera, payoff.shape[0])
        target = np.bincount(one.targets, one.target, payoff.shape[1])
        found.append([value - (camera @ payoff).min(), (payoff @ target).max() - value])
    return np.array(found)


@pytest.mark.parametrize("name", GAMES)
def test_no_iteration_makes_a_strategy_easier_to_exploit(name: str) -> None:
    payoff = GAMES[name]
    lost = losses(payoff, run(payoff, 14))
    tolerance = 0.02 * np.ptp(payoff)
    assert (np.diff(lost, axis=0) < tolerance).all()
    game = MatrixGame(payoff)
    ordinary = itertools.islice(grow([0], [0], game.respond, game.play, META_SOLVERS["nash"]), 15)
    assert np.diff(losses(payoff, list(ordinary)), axis=0).max() > 5 * tolerance, "that of ordinary PSRO does"


def test_it_ends_near_an_equilibrium_of_the_whole_game() -> None:
    payoff = GAMES["random"]
    last = run(payoff, 24, 1000)[-1]
    assert losses(payoff, [last]).max() < 0.05 and last.figures["nash_conv"] < 0.1
    assert last.figures["value"] == pytest.approx(nash(payoff).value, abs=0.05)


def test_each_response_begins_where_the_one_before_was() -> None:
    told: list[tuple[Team, int, int | None]] = []
    game = MatrixGame(np.asarray(ROCK_PAPER_SCISSORS))

    def improve(team: Team, opponents: Sequence[int], weights: Array, before: int | None) -> int:
        told.append((team, len(opponents), before))
        return game.respond(team, opponents, weights)

    list(itertools.islice(grow_anytime([0], [0], improve, game.play, 3), 2))
    first, second = told[:2], told[2:]
    assert first == [(Team.TARGET, 1, None), (Team.CAMERA, 1, None)], "a single agent has no choice"
    assert [team for team, *_ in second] == [Team.TARGET] * 4 + [Team.CAMERA] * 4
    assert (
        all(size == 2 for _, size, _ in second)
        and [one[2] is None for one in second] == [True, False, False, False] * 2
    )


def test_regret_matching_finds_the_safest_distribution() -> None:
    payoff, strategy = np.array([[0.0, 2.0], [1.0, 0.0]]), RegretMatching(2)
    for _ in range(2000):
        strategy.observe(payoff[:, int(np.argmin(strategy.current @ payoff))])
    assert strategy.average == pytest.approx([1 / 3, 2 / 3], abs=0.02)
