"""Ratings: known answers, intervals with correct coverage, and no estimates without data."""

import json

import numpy as np
import pytest

from tournament.payoffs import Episodes, MetaGame
from tournament.ratings import ANCHORS, PROVISIONAL_EPISODES, Ratings, complete_part, outcome, rate

ROCK_PAPER_SCISSORS = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], dtype=float)


def play(shares, episodes, seed=0, noise=0.08, names=None):
    """A league whose cameras' expected shares (m, n) are given; seeds are shared as in a tournament."""
    random = np.random.default_rng(seed)
    num_cameras, num_targets = np.shape(shares)
    camera, target, number = (axis.ravel() for axis in np.indices((num_cameras, num_targets, episodes)))
    is_even = number % 2 == 0
    seeds = np.where(is_even, target * episodes + number, 10**6 + camera * episodes + number)
    luck = dict(zip(np.unique(seeds), random.normal(0, noise, len(np.unique(seeds))), strict=True))
    y = np.asarray(shares)[camera, target] + [luck[s] for s in seeds] + random.normal(0, noise, len(camera))
    cameras, targets = names or ([f"c{i}" for i in range(num_cameras)], [f"t{i}" for i in range(num_targets)])
    return MetaGame.from_episodes(cameras, targets, Episodes(camera, target, seeds, 1.5 * (1 - y) - 0.5))


def logistic(values):
    return 1 / (1 + np.exp(-np.asarray(values)))


def league(cameras, targets):
    return logistic(np.subtract.outer(np.asarray(cameras), np.asarray(targets)))


def test_the_outcome_is_the_cameras_share_between_loose_bounds():
    assert outcome(np.array([-0.5, 1.0, 0.25, -3.0, 2.0])).tolist() == [1.0, 0.0, 0.5, 1.0, 0.0]


def test_a_transitive_league_gets_back_its_skills():
    skills = np.array([0.6, 0.2, -0.1, -0.7])
    ratings = rate(play(league(skills, [0.3, 0.0, -0.3]), 400, noise=0.02))
    scale = 400 / np.log(10)
    found = [ratings.of(f"c{i}").margin for i in range(4)]
    assert found == pytest.approx(1000 + scale * (skills - skills.mean()), abs=4)
    assert [line.digest for line in ratings.cameras] == ["c0", "c1", "c2", "c3"]
    assert [line.digest for line in ratings.targets] == ["t0", "t1", "t2"]
    assert [line.rank for line in ratings.cameras] == [1, 2, 3, 4]
    assert all(line.best_rank == line.rank == line.worst_rank for line in ratings.cameras)


def test_ten_to_one_odds_are_four_hundred_points():
    shares = np.array([[10 / 11], [1 / 2]])
    game = MetaGame.from_payoffs(-(1.5 * (1 - shares) - 0.5), count=np.full((2, 1), 10**6))
    ratings = rate(game)
    assert ratings.of("c0").margin - ratings.of("c1").margin == pytest.approx(400, abs=0.1)


def test_each_team_is_anchored_on_its_greedy_agent():
    names = (["c0", ANCHORS["camera"]], [ANCHORS["target"], "t1"])
    ratings = rate(play(league([1.0, 0.0], [0.5, 0.0]), 50, names=names))
    for team in ("camera", "target"):
        anchor = ratings.of(ANCHORS[team])
        assert (anchor.rating, anchor.lower, anchor.upper, anchor.is_anchor) == (1000.0, 1000.0, 1000.0, True)
    assert ratings.of("c0").rating > 1000 > ratings.of("t1").rating


def test_without_an_anchor_a_teams_mean_is_1000():
    ratings = rate(play(league([1.0, 0.0, -0.3], [0.5, 0.0]), 50))
    assert np.mean([line.rating for line in ratings.cameras]) == pytest.approx(1000)
    assert np.mean([line.rating for line in ratings.targets]) == pytest.approx(1000)


def test_rock_paper_scissors_makes_all_agents_equal():
    ratings = rate(MetaGame.from_payoffs(ROCK_PAPER_SCISSORS / 4))
    for line in (*ratings.cameras, *ratings.targets):
        assert line.margin == pytest.approx(1000)
        assert line.nash_mass == pytest.approx(1 / 3)
        assert line.nash_skill == pytest.approx(0, abs=1e-9)
    assert ratings.nash.value == pytest.approx(0)
    assert ratings.nash.uniform_camera_exploitability == pytest.approx(0, abs=1e-9)


def test_a_dominated_agent_has_no_nash_mass_and_negative_skill():
    ratings = rate(MetaGame.from_payoffs([[0.1, 0.2], [0.0, 0.1], [-0.3, -0.2]]))
    assert [ratings.of(name).nash_mass for name in ("c0", "c1", "c2")] == pytest.approx([1, 0, 0])
    assert ratings.of("c2").nash_skill == pytest.approx(-0.4)


def test_ties_everywhere_leave_nobody_ahead():
    ratings = rate(play(np.full((3, 3), 0.5), 20, noise=0))
    for line in (*ratings.cameras, *ratings.targets):
        assert line.rating == pytest.approx(1000)
        assert (line.best_rank, line.worst_rank) == (1, 3)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_an_agent_that_always_gets_all_or_nothing_has_a_finite_rating(share):
    ratings = rate(play(np.array([[share], [0.5]]), 20, noise=0))
    assert np.isfinite(ratings.of("c0").rating)
    assert (ratings.of("c0").rating > ratings.of("c1").rating) == (share == 1.0)


def test_one_pairing_is_rated():
    ratings = rate(play([[0.4]], 10))
    assert ratings.of("c0").rating == ratings.of("t0").rating == 1000
    assert ratings.of("c0").nash_mass is None  # Who has no choice plays no strategy.
    assert ratings.of("c0").payoff == -ratings.of("t0").payoff


def test_without_episodes_nobody_is_rated():
    empty = np.empty(0, dtype=np.int64)
    ratings = rate(MetaGame.from_episodes(["c"], ["t"], Episodes(empty, empty, empty, np.empty(0))))
    assert not ratings.of("c").is_rated and ratings.nash is None


def test_agents_that_play_does_not_connect_are_unrated():
    payoff = [[0.1, np.nan, np.nan], [0.2, np.nan, np.nan], [np.nan, 0.3, np.nan]]
    ratings = rate(MetaGame.from_payoffs(payoff, count=np.array([[9, 0, 0], [9, 0, 0], [0, 5, 0]])))
    assert [line.digest for line in ratings.cameras] == ["c1", "c0", "c2"]
    assert [line.digest for line in ratings.targets] == ["t0", "t1", "t2"]
    for name in ("c2", "t1", "t2"):
        assert (ratings.of(name).rating, ratings.of(name).rank) == (None, None)


def test_the_component_of_the_anchors_is_rated_though_another_is_larger():
    names = ("c0", ANCHORS["camera"]), ("t0", "t1")
    count = np.array([[90, 0], [0, 5]])
    game = MetaGame(names[0], names[1], np.where(count > 0, 0.1, np.nan), np.where(count > 0, 0.01, np.nan), count)
    ratings = rate(game)
    assert ratings.of(ANCHORS["camera"]).margin == 1000 and ratings.of("c0").margin is None


def test_few_episodes_are_provisional_and_wide():
    few, many = (rate(play(league([0.5, 0.0], [0.0, 0.1]), n)) for n in (4, 200))
    assert few.of("c0").is_provisional and not many.of("c0").is_provisional
    assert many.of("c0").num_episodes >= 2 * PROVISIONAL_EPISODES
    assert few.of("c0").upper - few.of("c0").lower > 3 * (many.of("c0").upper - many.of("c0").lower)


def test_one_episode_has_no_interval():
    ratings = rate(play([[0.4, 0.5], [0.6, 0.3]], 1))
    assert ratings.of("c0").rating is not None
    assert ratings.of("c0").payoff_error is None
    line = rate(play([[0.4], [0.6]], 1)).of("c0")
    assert (line.lower, line.upper, line.best_rank, line.worst_rank) == (None, None, 1, 2)


def test_ratings_are_pure_and_do_not_depend_on_the_order_of_agents():
    game = play(league([0.5, 0.0, -0.3], [0.2, 0.0]), 12)
    assert rate(game) == rate(game)
    order = [2, 0, 1]
    episodes = game.episodes
    moved = Episodes(np.argsort(order)[episodes.camera], episodes.target, episodes.seed, episodes.reward)
    again = rate(MetaGame.from_episodes([f"c{i}" for i in order], game.targets, moved))
    for line in rate(game).cameras:
        assert again.of(line.digest).rating == pytest.approx(line.rating, abs=1e-6)
        assert again.of(line.digest).upper == pytest.approx(line.upper, abs=1e-6)
        assert again.of(line.digest).rank == line.rank


def test_it_is_the_bradley_terry_model_where_outcomes_are_wins():
    """Wins and losses alone: maximum likelihood by another route, scipy's general minimiser."""
    from scipy.optimize import minimize

    random = np.random.default_rng(5)
    wins, count = random.integers(3, 20, (3, 4)), np.full((3, 4), 23)
    game = MetaGame.from_payoffs(-(1.5 * (1 - wins / count) - 0.5), count=count)

    def loss(x):
        p = logistic(x[0] + np.append(0, x[1:3])[:, None] - np.append(0, x[3:])[None])
        return -(wins * np.log(p) + (count - wins) * np.log(1 - p)).sum()

    skills = np.append(0, minimize(loss, np.zeros(6), tol=1e-12).x[1:3])
    ratings = rate(game)
    found = np.array([ratings.of(f"c{i}").margin for i in range(3)])
    assert found - found[0] == pytest.approx(400 / np.log(10) * skills, abs=0.15)


def test_ratings_survive_json():
    ratings = rate(play(league([0.5, 0.0], [0.2, 0.0]), 6))
    assert Ratings.from_json(json.loads(json.dumps(ratings.to_json(), allow_nan=False))) == ratings


def test_nash_is_of_the_part_of_the_table_that_is_complete():
    payoff = [[0.1, 0.2, np.nan], [0.3, 0.0, np.nan], [np.nan, np.nan, 0.4]]
    ratings = rate(MetaGame.from_payoffs(payoff))
    assert (ratings.nash.num_cameras, ratings.nash.num_targets) == (2, 2)
    assert ratings.nash.value == pytest.approx(0.15)
    assert ratings.of("c2").nash_mass is None
    rows, columns = complete_part(np.zeros((2, 2), dtype=bool))
    assert len(rows) == len(columns) == 0
