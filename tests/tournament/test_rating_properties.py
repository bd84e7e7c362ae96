"""Invariances of ratings, and inputs that they must refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tournament.payoffs import Episodes, MetaGame
from tournament.ratings import ANCHORS, Ratings, rate

SEEDS = st.integers(0, 10**6)
quick = settings(deadline=None, max_examples=15)


def league(seed, cameras=4, targets=3, episodes=6, cells=1.0):
    """A league with the arena's plan of seeds, in which a share of the pairings has played."""
    random = np.random.default_rng(seed)
    camera, target, number = (axis.ravel() for axis in np.indices((cameras, targets, episodes)))
    seeds = np.where(number % 2 == 0, target * 100 + number, 10_000 + camera * 100 + number)
    luck = random.normal(0, 0.1, seeds.max() + 1)[seeds]
    rewards = 0.3 + luck + 0.1 * (random.normal(0, 1, cameras)[camera] + random.normal(0, 1, targets)[target])
    rewards = rewards + random.normal(0, 0.05, len(rewards))
    kept = random.random((cameras, targets))[camera, target] <= cells
    return Episodes(camera[kept], target[kept], seeds[kept], rewards[kept])


def make(episodes, cameras=None, targets=None):
    return MetaGame.from_episodes(
        cameras or [f"c{n}" for n in range(episodes.camera.max() + 1)],
        targets or [f"t{n}" for n in range(episodes.target.max() + 1)],
        episodes,
    )


def change(episodes, **columns):
    names = ("camera", "target", "seed", "reward")
    return Episodes(**{name: columns.get(name, getattr(episodes, name)) for name in names})


def figures(ratings: Ratings, *names):
    return {line.digest: [getattr(line, name) for name in names] for line in (*ratings.cameras, *ratings.targets)}


def same(first, second):
    assert first.keys() == second.keys()
    for digest, values in first.items():
        assert second[digest] == pytest.approx(values, abs=1e-6), digest


ELO = ("rating", "lower", "upper", "rank", "best_rank", "worst_rank")
MARGIN = ("margin", "margin_lower", "margin_upper")
NASH = ("nash_mass", "nash_skill", "deviation")


@quick
@given(SEEDS, st.permutations(range(4)), st.permutations(range(3)))
def test_the_order_of_agents_does_not_matter(seed, cameras, targets):
    episodes = league(seed)
    moved = change(episodes, camera=np.argsort(cameras)[episodes.camera], target=np.argsort(targets)[episodes.target])
    game = make(moved, [f"c{n}" for n in cameras], [f"t{n}" for n in targets])
    names = (*ELO, *MARGIN, *NASH)
    same(figures(rate(make(episodes), replicates=0), *names), figures(rate(game, replicates=0), *names))


@quick
@given(SEEDS)
def test_the_order_of_episodes_and_the_names_of_seeds_do_not_matter(seed):
    episodes = league(seed)
    order = np.random.default_rng(seed).permutation(len(episodes))
    moved = Episodes(
        episodes.camera[order], episodes.target[order], 7 * 10**12 - 3 * episodes.seed[order], episodes.reward[order]
    )
    names = (*ELO, *MARGIN, *NASH, "first_probability")
    same(figures(rate(make(episodes), replicates=0), *names), figures(rate(make(moved), replicates=0), *names))


@quick
@given(SEEDS, st.floats(0.1, 50), st.floats(-5, 5))
def test_elo_sees_the_order_of_rewards_alone_and_nash_any_scale(seed, factor, shift):
    episodes = league(seed)
    scaled = rate(make(change(episodes, reward=factor * episodes.reward + shift)), replicates=0)
    plain = rate(make(episodes), replicates=0)
    same(figures(plain, *ELO, "nash_mass"), figures(scaled, *ELO, "nash_mass"))
    bent = rate(make(change(episodes, reward=np.exp(3 * episodes.reward))), replicates=0)
    same(figures(plain, *ELO), figures(bent, *ELO))
    skills = figures(plain, "nash_skill", "deviation"), figures(scaled, "nash_skill", "deviation")
    for digest, values in skills[0].items():
        assert skills[1][digest] == pytest.approx(factor * np.array(values), abs=1e-5 * max(factor, 1))


@quick
@given(SEEDS)
def test_the_teams_boards_are_mirrors_of_each_other(seed):
    """Who plays which side is a convention: exchanged teams and negated rewards exchange the boards."""
    episodes = league(seed)
    mirrored = Episodes(episodes.target, episodes.camera, episodes.seed, -episodes.reward)
    plain, other = rate(make(episodes), {}, replicates=0), rate(make(mirrored), {}, replicates=0)
    for line in plain.cameras:
        twin = other.of(line.digest.replace("c", "t"))
        assert (twin.rating, twin.lower, twin.rank) == pytest.approx((line.rating, line.lower, line.rank), abs=1e-6)
        assert twin.nash_skill == pytest.approx(line.nash_skill, abs=1e-6)


@quick
@given(SEEDS)
def test_a_clone_has_the_same_figures_and_shares_the_nash_mass(seed):
    episodes = league(seed)
    own = episodes.camera == 1
    doubled = Episodes(
        np.append(episodes.camera, np.full(own.sum(), 4)),
        np.append(episodes.target, episodes.target[own]),
        np.append(episodes.seed, episodes.seed[own]),
        np.append(episodes.reward, episodes.reward[own]),
    )
    before, after = rate(make(episodes), replicates=0), rate(make(doubled), replicates=0)
    names = (*ELO, *MARGIN, *NASH)
    one, two = figures(after, *names)["c1"], figures(after, *names)["c4"]
    assert one == pytest.approx(two, abs=1e-6)
    assert after.of("c1").nash_mass == pytest.approx(before.of("c1").nash_mass / 2, abs=1e-4)
    for line in before.cameras:
        assert after.of(line.digest).nash_skill == pytest.approx(line.nash_skill, abs=1e-6)
        assert after.of(line.digest).deviation == pytest.approx(line.deviation, abs=1e-6)
    assert after.nash.value == pytest.approx(before.nash.value, abs=1e-7)


@quick
@given(SEEDS)
def test_an_agent_that_is_worse_in_every_episode_changes_no_order_and_no_equilibrium(seed):
    episodes = league(seed)
    own = episodes.camera == 0
    seeds = episodes.seed[own] + np.where(
        episodes.seed[own] >= 10_000, 10**6, 0
    )  # its own, and those that all have met
    joined = Episodes(
        np.append(episodes.camera, np.full(own.sum(), 4)),
        np.append(episodes.target, episodes.target[own]),
        np.append(episodes.seed, seeds),
        np.append(episodes.reward, np.full(own.sum(), episodes.reward.max() + 1)),
    )
    before, after = rate(make(episodes), replicates=0), rate(make(joined), replicates=0)
    assert [line.digest for line in after.cameras] == [*(line.digest for line in before.cameras), "c4"]
    assert after.of("c4").nash_mass == pytest.approx(0, abs=1e-9)
    same(figures(before, *NASH), {k: v for k, v in figures(after, *NASH).items() if k != "c4"})
    assert np.isfinite(after.of("c4").rating)


def test_an_anchor_moves_all_ratings_alike():
    episodes = league(3)
    free, anchored = rate(make(episodes), {}), rate(make(episodes), {"camera": "c2", "target": "t0"})
    assert anchored.of("c2").rating == anchored.of("t0").rating == anchored.of("c2").margin == 1000
    for team in ("cameras", "targets"):
        shifts = [anchored.of(line.digest).rating - line.rating for line in getattr(free, team)]
        assert shifts == pytest.approx([shifts[0]] * len(shifts))


def test_cameras_that_share_no_seed_with_the_anchor_have_a_margin_and_no_elo():
    episodes = league(5)
    apart = change(episodes, seed=np.where(episodes.camera == 3, 10**6 + np.arange(len(episodes)), episodes.seed))
    greedy = rate(make(apart, ["c0", ANCHORS["camera"], "c2", "c3"]), replicates=0)
    line = greedy.of("c3")
    assert (line.rating, line.lower, line.rank, line.first_probability) == (None, None, None, None)
    assert line.margin is not None and line.nash_mass is not None
    assert greedy.cameras[-1] == line
    assert {other.worst_rank for other in greedy.cameras[:-1]} <= {1, 2, 3}


def test_two_groups_that_never_share_a_deal_are_rated_where_the_anchor_is():
    episodes = league(6)
    seeds = episodes.seed + np.where(episodes.camera >= 2, 10**6, 0)
    game = make(change(episodes, seed=seeds), ["c0", "c1", "c2", ANCHORS["camera"]])
    rated = {line.digest for line in rate(game, replicates=0).cameras if line.is_rated}
    assert rated == {"c2", ANCHORS["camera"]}


@pytest.mark.parametrize("reward", [np.nan, np.inf, -np.inf])
def test_a_reward_that_is_no_number_is_refused(reward):
    episodes = league(1)
    rewards = episodes.reward.copy()
    rewards[7] = reward
    with pytest.raises(ValueError, match="Episode 7"):
        change(episodes, reward=rewards)


def test_a_constant_game_is_a_tie_of_all():
    episodes = league(2)
    ratings = rate(make(change(episodes, reward=np.full(len(episodes), 0.25))), replicates=5)
    for line in (*ratings.cameras, *ratings.targets):
        assert (line.rating, line.margin, line.rank) == pytest.approx((1000, 1000, 1))
        assert line.lower < 1000 < line.upper
        assert line.first_probability == pytest.approx(1 / len(ratings.board(line.team)), abs=0.05)
    assert ratings.influences == ()
    assert ratings.cyclicity.share == 0


@pytest.mark.parametrize("cells", [0.3, 0.6])
@pytest.mark.parametrize("seed", range(4))
def test_tables_with_holes_are_rated_as_far_as_they_go(cells, seed):
    episodes = league(seed, 5, 4, 8, cells)
    ratings = rate(make(episodes, [f"c{n}" for n in range(5)], [f"t{n}" for n in range(4)]), replicates=3)
    for line in (*ratings.cameras, *ratings.targets):
        assert line.is_rated == (line.num_comparisons is not None)
        assert line.lower is None or line.lower <= line.rating <= line.upper
        if line.is_rated:
            assert line.best_rank <= line.rank <= line.worst_rank


def test_what_version_1_stored_still_loads():
    line = {"digest": "c", "team": "camera", "num_episodes": 4, "num_opponents": 1, "is_provisional": True}
    stored = {"cameras": [line | {"rating": 1000.0, "rank": 1}], "targets": [], "nash": None, "num_episodes": 4}
    loaded = Ratings.from_json(stored | {"version": "1"})
    assert (loaded.of("c").rating, loaded.of("c").margin, loaded.cyclicity) == (1000.0, None, None)
