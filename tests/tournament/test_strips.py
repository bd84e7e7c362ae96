"""Sums over strips say of the errors what all episodes say: compared with going through all of them, seed by seed."""

from collections import defaultdict

import numpy as np
import pytest

from tournament.intervals import Variance, fewest
from tournament.meta_solvers import Noise
from tournament.payoffs import Episodes, MetaGame
from tournament.ratings import BoardEvidence, bradley_terry, elo, margin, outcome
from tournament.strips import split

SHAPE = 4, 3
PLANS = "arena", "uneven", "mixed", "the same everywhere", "anything"


def invent(plan, generator=0, episodes=24):
    """A game in which all have played; its seeds are shared as the plan says. Rewards are coarse, so that some tie."""
    random = np.random.default_rng(generator)
    camera, target, number = (axis.ravel() for axis in np.indices((*SHAPE, episodes)))
    seed = np.where(number % 2 == 0, 100 * target, 1000 + 100 * camera) + number
    if plan == "the same everywhere":
        seed = number
    elif plan == "anything":
        seed = random.integers(0, 40, len(camera))
    elif plan == "mixed":  # Also seeds of a single pairing, and of everybody.
        own = 10_000 + np.arange(len(camera))
        seed = np.select([number % 6 == 4, number % 6 == 5], [own, number], seed)
    rows = np.stack([camera, target, seed])
    if plan != "arena":  # The last pairing has one episode.
        is_last = (camera == SHAPE[0] - 1) & (target == SHAPE[1] - 1)
        rows = rows[:, (random.random(len(camera)) < 0.7) & ~is_last | is_last & (number == 0)]
    rows = np.unique(rows, axis=1)
    reward = (0.3 + 0.1 * (rows[1] - rows[0]) + random.normal(0, 0.3, rows.shape[1])).round(1)
    names = [f"c{n}" for n in range(SHAPE[0])], [f"t{n}" for n in range(SHAPE[1])]
    return MetaGame.from_episodes(*names, Episodes(rows[0], rows[1], rows[2], reward))


def kinds(episodes):
    """Return the cells of each seed."""
    cells = defaultdict(set)
    for camera, target, seed in zip(episodes.camera, episodes.target, episodes.seed, strict=True):
        cells[seed].add((camera, target))
    return {
        seed: 1 * (len({camera for camera, _ in found}) > 1) + 2 * (len({target for _, target in found}) > 1)
        for seed, found in cells.items()
    }


@pytest.mark.parametrize("generator", range(3))
@pytest.mark.parametrize("plan", PLANS)
def test_the_covariances_of_a_tables_errors_are_those_of_its_seeds(plan, generator):
    game = invent(plan, generator)
    episodes, noise = game.episodes, Noise.of(game)
    count, cell = game.count.ravel(), episodes.camera * SHAPE[1] + episodes.target
    seeds, place = np.unique(episodes.seed, return_inverse=True)
    shares = np.zeros((game.payoff.size, len(seeds)))
    scale = np.sqrt(count * np.maximum(count - 1, 1))
    shares[cell, place] = (-episodes.reward - game.payoff.ravel()[cell]) / scale[cell]
    lone = np.where(count == 1, np.nanmean(game.error**2 * game.count), 0.0)
    found = np.diag(noise.error.ravel() ** 2)
    for part in noise.parts:
        matrix = part.shares if isinstance(part.shares, np.ndarray) else part.shares.toarray()
        found[np.ix_(part.cells, part.cells)] += matrix @ matrix.T
    assert found == pytest.approx(shares @ shares.T + np.diag(lone), abs=1e-12)
    assert all(part.shares.shape[1] <= len(part.cells) for part in noise.parts if isinstance(part.shares, np.ndarray))


@pytest.mark.parametrize("generator", range(3))
@pytest.mark.parametrize("plan", PLANS)
def test_margins_vary_as_their_seeds_do(plan, generator):
    game = invent(plan, generator)
    episodes, kind = game.episodes, kinds(game.episodes)
    cameras, targets = (np.ones(size, dtype=bool) for size in SHAPE)
    observations = margin.Observations.from_sums(game.count, BoardEvidence.of(game).deviations)
    found = margin.fit(observations, cameras, targets, (0, None))
    exact = margin.Observations.from_means(observations.mean, np.zeros(SHAPE), game.count)
    _, information, expected = margin._newton(game.count, observations.mean)
    assert found[0].skills == pytest.approx(margin.fit(exact, cameras, targets, (0, None))[0].skills)
    groups = defaultdict(list)
    rows = list(zip(episodes.camera, episodes.target, episodes.seed, outcome(episodes.reward), strict=True))
    for camera, target, seed, share in rows:
        groups[camera, target].append(share)
        groups[camera, target, kind[seed]].append(share)
    strata = defaultdict(lambda: defaultdict(lambda: (np.zeros(sum(SHAPE)), np.zeros(sum(SHAPE)))))
    for camera, target, seed, share in rows:
        own, every = groups[camera, target, kind[seed]], groups[camera, target]
        deviation = share - expected[camera, target]
        if len(own) > 1:
            deviation = (share - np.mean(own)) * np.sqrt(len(own) / (len(own) - 1))
        elif len(every) > 1:
            deviation = (share - np.mean(every)) * len(every) / (len(every) - 1)
        label = (kind[seed], {0: camera, 1: target, 2: camera, 3: 0}[kind[seed]])
        score, met = strata[label][seed]
        score[[camera, SHAPE[0] + target]] += deviation, -deviation
        met[[camera, SHAPE[0] + target]] = 1
    contrasts = np.linalg.solve(information, margin._contrasts(SHAPE, (0, None)).T)
    variance = Variance.known(np.zeros(sum(SHAPE)))
    for seeds in strata.values():
        scores, met = (np.stack(column) for column in zip(*seeds.values(), strict=True))
        variance.add(((scores @ contrasts) ** 2).sum(axis=0), margin._count_seeds(met.sum(axis=0), 4, (0, None)) - 1)
    for name in ("total", "squares"):
        assert np.concatenate([getattr(one.variance, name) for one in found]) == pytest.approx(getattr(variance, name))


@pytest.mark.parametrize("generator", range(3))
@pytest.mark.parametrize("plan", PLANS)
def test_ratings_vary_as_their_seeds_do(plan, generator):
    game = invent(plan, generator)
    comparisons = BoardEvidence.of(game).comparisons["camera"]
    found = elo.fit(comparisons, np.arange(SHAPE[0]))
    results = defaultdict(list)
    rows = list(zip(game.episodes.camera, game.episodes.target, game.episodes.seed, game.episodes.reward, strict=True))
    for one, opponent, seed, reward in rows:
        for other, target, number, less in rows:
            if one != other and (opponent, seed) == (target, number):
                results[one, other, opponent].append((seed, (reward < less) + 0.5 * (reward == less)))
    scores, label = defaultdict(lambda: np.zeros(SHAPE[0])), {target: {target} for target in range(SHAPE[1])}
    for (one, _, opponent), outcomes in results.items():
        mean, size = np.mean([won for _, won in outcomes]), len(outcomes)
        for seed, won in outcomes:
            scores[opponent, seed][one] += (won - mean) * np.sqrt(size / (size - 1)) if size > 1 else won - 0.5
    for first, seed in scores:  # Opponents that share a deal's seed are one stratum.
        for second, number in scores:
            if seed == number:
                joined = label[first] | label[second]
                label |= dict.fromkeys(joined, joined)
    inverse, gaps, weights = found.inverse, np.zeros((4, 4)), np.zeros((4, 4))
    for stratum in {tuple(sorted(joined)) for joined in label.values()}:
        sums = defaultdict(lambda: np.zeros(SHAPE[0]))
        met = defaultdict(set)
        for (opponent, seed), score in scores.items():
            if opponent in stratum:
                sums[seed] += score
        for one, opponent, seed, _ in rows:
            if (opponent, seed) in scores and opponent in stratum:
                met[one].add(seed)
        seeds = np.array([len(met[one]) for one in range(SHAPE[0])], dtype=float)
        influence = np.stack([*sums.values()]) @ inverse
        share = ((influence[:, :, None] - influence[:, None, :]) ** 2).sum(axis=0)
        fewer = np.array([[fewest(seeds[[one]], seeds[[two]])[0] for two in range(4)] for one in range(4)])
        gaps += share
        weights += share**2 / np.maximum(fewer - 1, 1)
    assert found.strengths == pytest.approx(bradley_terry.fit(*comparisons.wins()).values)
    assert found.gaps.total == pytest.approx(gaps, abs=1e-12)
    assert found.gaps.squares == pytest.approx(weights, abs=1e-12)


def test_the_cells_of_episodes_in_any_order_are_sorted_by_seed():
    cells = split(Episodes(np.array([1, 0, 1]), np.array([2, 0, 2]), np.array([7, 3, 5]), np.array([0.1, 0.2, 0.3])))
    assert {place: (cell.seed.tolist(), cell.reward.tolist()) for place, cell in cells.items()} == {
        (0, 0): ([3], [0.2]),
        (1, 2): ([5, 7], [0.3, 0.1]),
    }
