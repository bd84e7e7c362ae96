"""The errors of payoff tables: drawn by seed, split into parts, taken back."""

import numpy as np
import pytest

from tournament.meta_solvers import Noise
from tournament.meta_solvers.variation import Parts
from tournament.payoffs import Episodes, MetaGame


def play(truth, seeds, random, shared=1.0, own=0.3):
    """A meta-game whose pairings all play these seeds."""
    shape = truth.shape
    camera, target, number = (
        axis.ravel() for axis in np.meshgrid(range(shape[0]), range(shape[1]), range(seeds), indexing="ij")
    )
    reward = shared * random.normal(size=seeds)[number] + own * random.normal(size=camera.size) - truth[camera, target]
    cameras, targets = ([f"{name}{i}" for i in range(n)] for name, n in zip("ct", shape, strict=True))
    return MetaGame.from_episodes(cameras, targets, Episodes(camera, target, number, reward))


def test_parts_add_up_to_the_table_and_their_squares_to_its_own():
    table = np.random.default_rng(1).normal(size=(4, 6))
    parts = Parts.of(table)
    assert parts.weighed(1, 1, 1) == pytest.approx(table)
    assert sum(parts.squares()) + table.size * parts.mean**2 == pytest.approx((table**2).sum())


def test_parts_of_several_tables_are_those_of_each_to_the_last_bit():
    tables = np.random.default_rng(2).normal(size=(5, 17, 33))
    together = Parts.of(tables)
    alone = [Parts.of(table) for table in tables]
    assert np.array_equal(together.weighed(0.3, 0.5, 0.7), [parts.weighed(0.3, 0.5, 0.7) for parts in alone])
    assert np.array_equal(np.transpose(together.squares()), [parts.squares() for parts in alone])


@pytest.mark.parametrize("has_episodes", [True, False])
def test_expected_squares_are_those_of_the_draws(has_episodes):
    game = play(np.zeros((3, 5)), 40, np.random.default_rng(2))
    if not has_episodes:
        game = MetaGame(game.cameras, game.targets, game.payoff, game.error, game.count)
    noise = Noise.of(game)
    drawn = np.mean([Parts.of(table).squares() for table in noise.draw(4000, seed=1)], axis=0)
    assert noise.squares() == pytest.approx(drawn, rel=0.15)


def test_draws_have_the_cells_standard_errors():
    game = play(np.zeros((3, 4)), 50, np.random.default_rng(3))
    drawn = np.std(list(Noise.of(game).draw(3000, seed=1)), axis=0)
    assert drawn == pytest.approx(game.error, rel=0.1)


def test_cells_that_share_seeds_err_together():
    game = play(np.zeros((2, 2)), 50, np.random.default_rng(4))
    drawn = np.array(list(Noise.of(game).draw(2000, seed=1))).reshape(-1, 4)
    assert np.corrcoef(drawn.T).min() > 0.8


def test_a_cell_of_one_episode_has_the_errors_of_the_others():
    error = np.array([[0.1, np.nan], [0.1, 0.1]])
    count = np.array([[4, 1], [4, 4]])
    noise = Noise.of(MetaGame.from_payoffs(np.zeros((2, 2)), error, count))
    assert noise.error == pytest.approx(np.array([[0.1, 0.2], [0.1, 0.1]]))


def test_nothing_is_known_where_no_cell_has_two_episodes():
    error = np.full((2, 2), np.nan)
    assert Noise.of(MetaGame.from_payoffs(np.zeros((2, 2)), error)) is None


def test_what_is_left_without_noise_is_nearer_to_the_truth():
    random = np.random.default_rng(5)
    truth = random.normal(size=(12, 1)) + 0.1 * random.normal(size=(12, 12))
    error = np.full(truth.shape, 0.3)
    observed = truth + error * random.normal(size=truth.shape)
    shrunk = np.mean(list(Noise(error).shrink(observed).draw(300, seed=1)), axis=0)
    assert ((shrunk - truth) ** 2).mean() < 0.5 * ((observed - truth) ** 2).mean()


def test_equal_seeds_draw_equal_tables():
    noise = Noise(np.ones((2, 3)))
    assert np.array_equal(list(noise.draw(3, seed=5)), list(noise.draw(3, seed=5)))
    assert not np.array_equal(list(noise.draw(3, seed=5)), list(noise.draw(3, seed=6)))
