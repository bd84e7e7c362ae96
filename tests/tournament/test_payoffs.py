"""The meta-game: means, standard errors and counts by cell."""

import numpy as np
import pytest

from tournament.payoffs import Episodes, MetaGame


def episodes(rows):
    camera, target, seed, reward = (np.array(column) for column in zip(*rows, strict=True))
    return Episodes(camera, target, seed, reward.astype(float))


def test_a_payoff_is_the_cameras_mean_normalised_reward():
    game = MetaGame.from_episodes(["a"], ["x"], episodes([(0, 0, 1, 0.25), (0, 0, 2, 0.75)]))
    assert game.payoff[0, 0] == -0.5
    assert game.count[0, 0] == game.num_episodes == 2
    assert game.error[0, 0] == pytest.approx(np.std([0.25, 0.75], ddof=1) / np.sqrt(2))


def test_cells_without_episodes_are_nan_and_one_episode_has_no_error():
    game = MetaGame.from_episodes(["a", "b"], ["x", "y"], episodes([(0, 1, 1, 0.5)]))
    assert game.count.tolist() == [[0, 1], [0, 0]]
    assert np.isnan(game.payoff).sum() == 3
    assert np.isnan(game.error).all()


def test_it_agrees_with_cell_by_cell_arithmetic():
    random = np.random.default_rng(0)
    rows = list(
        zip(random.integers(0, 5, 400), random.integers(0, 7, 400), range(400), random.normal(size=400), strict=True)
    )
    game = MetaGame.from_episodes("abcde", "tuvwxyz", episodes(rows))
    for i in range(5):
        for j in range(7):
            cell = np.array([-reward for camera, target, _, reward in rows if (camera, target) == (i, j)])
            assert game.payoff[i, j] == pytest.approx(cell.mean())
            assert game.error[i, j] == pytest.approx(cell.std(ddof=1) / np.sqrt(len(cell)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_reward_that_is_no_number_is_refused(bad):
    with pytest.raises(ValueError, match="Episode 1 has the reward"):
        episodes([(0, 0, 1, 0.5), (0, 0, 2, bad)])


def test_json_has_null_where_there_is_no_number():
    game = MetaGame.from_episodes(["a"], ["x", "y"], episodes([(0, 0, 1, 0.25)]))
    assert game.to_json() == {
        "cameras": ["a"],
        "targets": ["x", "y"],
        "payoff": [[-0.25, None]],
        "error": [[None, None]],
        "count": [[1, 0]],
    }


def test_matrices_of_the_wrong_shape_are_refused():
    with pytest.raises(ValueError, match="shape"):
        MetaGame(("a",), ("x",), np.zeros((2, 1)), np.zeros((1, 1)), np.ones((1, 1), dtype=int))
