"""Comparisons of agents that met the same opponent on the same seed."""

import numpy as np
import pytest

from tournament.payoffs import Episodes
from tournament.ratings import BoardEvidence
from tournament.ratings.comparisons import deviate
from tournament.strips import split


def invent(seed=0, size=300, cameras=5, targets=3, seeds=12):
    """Episodes of anybody against anybody, rewards so coarse that many tie."""
    random = np.random.default_rng(seed)
    rows = np.unique(np.stack([random.integers(0, top, size) for top in (cameras, targets, seeds)]), axis=1)
    rows = rows[:, random.permutation(rows.shape[1])]
    return Episodes(rows[0], rows[1], rows[2] * 10**15, random.integers(0, 4, rows.shape[1]) / 4)


def pairs(episodes, team):
    """All comparisons, by going through all pairs of episodes: (row, row, agent, agent, opponent, result of the
    first).
    """
    own, other = (episodes.camera, episodes.target) if team == "camera" else (episodes.target, episodes.camera)
    outcome = -episodes.reward if team == "camera" else episodes.reward
    for one in range(len(episodes)):
        for two in range(len(episodes)):
            if own[one] != own[two] and other[one] == other[two] and episodes.seed[one] == episodes.seed[two]:
                result = 0.5 if outcome[one] == outcome[two] else float(outcome[one] > outcome[two])
                yield one, two, own[one], own[two], other[one], result


def count(episodes, team, shape=(5, 3)):
    return BoardEvidence("abcdef"[: shape[0]], "klmnopqrstuvwxyz"[: shape[1]], split(episodes)).comparisons[team]


@pytest.mark.parametrize("team", ["camera", "target"])
def test_wins_are_those_of_all_pairs_of_episodes_of_one_seed_and_opponent(team):
    episodes = invent()
    wins, number = count(episodes, team).wins()
    expected, expected_number = np.zeros_like(wins), np.zeros_like(number)
    for _, _, one, two, _, result in pairs(episodes, team):
        expected[one, two] += result
        expected_number[one, two] += 1
    assert wins.tolist() == expected.tolist() and number.tolist() == expected_number.tolist()
    assert (wins + wins.T == number).all()


def play_all(seeds, cameras=5, targets=3):
    """Everybody against everybody on the same seeds."""
    camera, target, seed = (axis.ravel() for axis in np.indices((cameras, targets, seeds)))
    return Episodes(camera, target, seed, np.random.default_rng(seeds).integers(0, 4, len(camera)) / 4)


@pytest.mark.parametrize("team", ["camera", "target"])
@pytest.mark.parametrize("episodes", [invent(1), invent(2, 40), play_all(1), play_all(2), play_all(9)])
def test_deviations_are_from_the_mean_of_a_pair_against_its_opponent(team, episodes):
    results = {}
    for _, _, one, two, opponent, result in pairs(episodes, team):
        results.setdefault((one, two, opponent), []).append(result)
    expected = np.zeros(len(episodes))
    for row, _, one, two, opponent, result in pairs(episodes, team):
        held = results[one, two, opponent]
        scale = np.sqrt(len(held) / (len(held) - 1)) if len(held) > 1 else 1
        expected[row] += (result - (np.mean(held) if len(held) > 1 else 0.5)) * scale
    own, other = (episodes.camera, episodes.target) if team == "camera" else (episodes.target, episodes.camera)
    outcome = -episodes.reward if team == "camera" else episodes.reward
    for opponent in range(other.max() + 1):
        order = np.lexsort((own, episodes.seed))
        order = order[other[order] == opponent]
        *_, found = deviate(own[order], episodes.seed[order], outcome[order], 5)
        assert found == pytest.approx(expected[order])


@pytest.mark.parametrize("seeds", [3, 40])
def test_scores_have_the_products_of_the_deviations_summed_by_seed(seeds):
    episodes = invent(7, 400, seeds=seeds)
    episodes = Episodes(episodes.camera, episodes.target, 100 * episodes.target + episodes.seed, episodes.reward)
    counted = count(episodes, "camera")
    for opponent in range(3):
        mine = np.lexsort((episodes.camera, episodes.seed))
        mine = mine[episodes.target[mine] == opponent]
        *_, deviation = deviate(episodes.camera[mine], episodes.seed[mine], -episodes.reward[mine], 5)
        scores = np.zeros((seeds, 5))
        scores[np.unique(episodes.seed[mine], return_inverse=True)[1], episodes.camera[mine]] = deviation
        found = counted.scores[opponent]
        assert len(found) <= 5
        assert found.T @ found == pytest.approx(scores.T @ scores, abs=1e-9)


def test_against_one_opponent_and_the_others_makes_all():
    counted = count(invent(2), "camera")
    parts = [counted.wins_against(opponent) for opponent in range(3)]
    assert sum(part[0] for part in parts).tolist() == counted.wins()[0].tolist()
    assert sum(part[1] for part in parts).tolist() == counted.wins()[1].tolist()


def test_residuals_are_wins_beyond_what_was_expected():
    counted = count(invent(3), "camera")
    expected = np.full((4, 4), 0.3) + np.triu(np.full((4, 4), 0.4), 1)
    members = np.array([0, 1, 3, 4])
    found = counted.residuals(members, expected)
    for opponent in range(3):
        wins, number = (matrix[np.ix_(members, members)] for matrix in counted.wins_against(opponent))
        others = counted.wins_against(opponent)
        gone = others[0][members][:, 2] - 0.5 * others[1][members][:, 2]
        assert found[opponent] == pytest.approx((wins - number * expected).sum(axis=1) + gone)


def test_two_episodes_of_one_agent_are_no_comparison():
    one = np.array([0, 0, 1])
    episodes = Episodes(one, np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64), np.array([0.1, 0.2, 0.15]))
    wins, number = count(episodes, "camera").wins()
    assert (wins[0, 1], wins[1, 0], number[0, 1], number[0, 0]) == (1, 1, 2, 0)


def test_seeds_that_nobody_shares_compare_nothing():
    episodes = invent(4)
    apart = Episodes(episodes.camera, episodes.target, np.arange(len(episodes)), episodes.reward)
    wins, number = count(apart, "camera").wins()
    assert not wins.any() and not number.any()


def test_the_error_of_a_mean_payoff_is_that_of_its_seeds():
    """One target, two cameras on the same seeds: the target's payoff is the mean over the seeds of means of two."""
    random = np.random.default_rng(6)
    camera, seeds = np.repeat([0, 1], 40), np.tile(np.arange(40), 2)
    rewards = random.normal(0, 1, 40)[seeds] + random.normal(0, 0.1, 80)
    counted = count(Episodes(camera, np.zeros(80, dtype=np.int64), seeds, rewards), "camera", (2, 1))
    means = rewards.reshape(2, 40).mean(axis=0)
    assert counted.errors == pytest.approx([means.std(ddof=1) / np.sqrt(40)])
