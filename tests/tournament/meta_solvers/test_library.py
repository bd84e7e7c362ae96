"""nashpy's meta-solvers agree with ours as closely as they can, and disturb nothing."""

import numpy as np
import pytest

from tournament.meta_solvers import META_SOLVERS, fictitious_play, library, nash
from tournament.meta_solvers.matrices import Array

RNG = np.random.default_rng(7)
GAMES = {
    "rock-paper-scissors": np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]),
    "constant": np.zeros((4, 3)),
    "one camera": RNG.normal(size=(1, 5)),
    "dominated": RNG.normal(size=(6, 1)) + RNG.normal(size=(1, 4)),
    "wide payoffs": 50.0 * RNG.normal(size=(3, 3)),
    "random": 0.1 * RNG.normal(size=(20, 30)),
}
LOSSES = {"nashpy-lp": 1e-9, "nashpy-fictitious": 0.04, "nashpy-replicator": 0.03}


def nash_conv(game: Array, camera: Array, target: Array) -> float:
    """In units of the payoffs' range."""
    return float((game @ target).max() - (camera @ game).min()) / (float(np.ptp(game)) or 1.0)


@pytest.mark.parametrize("game", GAMES.values(), ids=GAMES)
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.filterwarnings("error")
def test_strategies_lose_no_more_than_is_documented(name: str, game: Array) -> None:
    camera, target = META_SOLVERS[name](game)
    assert camera.shape == (game.shape[0],) and target.shape == (game.shape[1],)
    for strategy in (camera, target):
        assert strategy.min() >= 0 and strategy.sum() == pytest.approx(1.0)
    assert nash_conv(game, camera, target) <= LOSSES[name]


def test_the_linear_program_finds_our_value() -> None:
    for game in GAMES.values():
        camera, target = library.linear_program(game)
        assert camera @ game @ target == pytest.approx(nash(game).value, abs=1e-6 * (np.ptp(game) or 1.0))


def test_fictitious_play_repeats_ours_where_no_ties_are_broken() -> None:
    game = GAMES["random"]
    ours, theirs = fictitious_play(game, 2000), library.fictitious_play(game, 2000)
    for own, other in zip(ours, theirs, strict=True):
        assert np.abs(own - other).max() < 0.1


def test_equal_payoffs_give_equal_strategies_and_the_global_generator_is_left_alone() -> None:
    np.random.seed(3)
    before = np.random.get_state()[1].copy()
    first = library.fictitious_play(GAMES["constant"])
    np.random.seed(3)
    assert [own.tolist() for own in library.fictitious_play(GAMES["constant"])] == [own.tolist() for own in first]
    assert (np.random.get_state()[1] == before).all()
