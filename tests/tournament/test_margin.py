"""The regression behind the margin ratings."""

import numpy as np
import pytest

from tournament.payoffs import Episodes
from tournament.ratings import BoardEvidence
from tournament.ratings.margin import Observations, fit
from tournament.strips import split

ALL = np.ones(3, dtype=bool)


def gather(shape, camera, target, seeds, outcomes):
    """Observations of episodes with these outcomes, the camera's shares."""
    evidence = BoardEvidence(
        "abcdef"[: shape[0]],
        "klmnopqrstuvwxyz"[: shape[1]],
        split(Episodes(camera, target, seeds, 1.5 * (1 - outcomes) - 0.5)),
    )
    return Observations.from_sums(evidence.game.count, evidence.deviations)


def observe(seed=0, episodes=6, shared=True):
    random = np.random.default_rng(seed)
    camera, target, number = (axis.ravel() for axis in np.indices((3, 3, episodes)))
    seeds = target * episodes + number if shared else np.arange(len(camera))
    luck = random.normal(0, 0.1, seeds.max() + 1)
    outcomes = np.clip(0.5 + 0.1 * (camera - 1) + luck[seeds] + random.normal(0, 0.02, len(camera)), 0, 1)
    return gather((3, 3), camera, target, seeds, outcomes)


def test_shared_seeds_make_differences_between_cameras_sharper():
    shared, apart = (fit(observe(shared=is_shared), ALL, ALL, (0, 0))[0] for is_shared in (True, False))
    assert shared.half_widths()[2] < apart.half_widths()[2] / 2


def test_the_anchor_minus_itself_is_known():
    cameras, targets = fit(observe(), ALL, ALL, (1, 2))
    assert cameras.half_widths()[1] == targets.half_widths()[2] == 0


def test_skills_have_mean_zero_in_each_team():
    for board in fit(observe(), ALL, ALL):
        assert board.skills.mean() == pytest.approx(0, abs=1e-12)
        assert (board.half_widths() > 0).all()


def test_agents_that_are_left_out_have_no_influence():
    some = np.array([True, True, False])
    part = Observations.from_means(observe().mean[:2], np.full((2, 3), 0.01), np.full((2, 3), 6))
    whole = Observations.from_means(observe().mean, np.full((3, 3), 0.01), np.full((3, 3), 6))
    assert fit(whole, some, ALL)[0].skills == pytest.approx(fit(part, np.ones(2, dtype=bool), ALL)[0].skills)


def test_an_agent_seen_on_one_seed_alone_has_no_interval():
    camera, target, seeds = np.array([0, 0, 1, 1, 2]), np.array([0, 0, 0, 0, 0]), np.array([0, 1, 0, 1, 0])
    outcomes = np.array([0.3, 0.5, 0.4, 0.7, 0.2])
    cameras, _ = fit(gather((3, 1), camera, target, seeds, outcomes), ALL, ALL[:1], (0, 0))
    assert np.isfinite(cameras.half_widths()).tolist() == [True, True, False]


@pytest.mark.parametrize("episodes", [4, 10, 50])
def test_intervals_cover_the_truth_about_as_often_as_they_say(episodes):
    """150 leagues of 6 x 5: seeds that a whole row or column shares, and interactions that no rating explains."""
    random = np.random.default_rng(episodes)
    camera, target, number = (axis.ravel() for axis in np.indices((6, 5, episodes)))
    seeds = np.where(number % 2 == 0, target * episodes + number, 10**6 + camera * episodes + number)
    _, cluster = np.unique(seeds, return_inverse=True)
    cameras, targets, covered = np.ones(6, dtype=bool), np.ones(5, dtype=bool), []
    for _ in range(150):
        logits = np.subtract.outer(random.normal(0, 0.4, 6), random.normal(0, 0.4, 5)) + random.normal(0, 0.1, (6, 5))
        shares = 1 / (1 + np.exp(-logits))
        luck = random.normal(0, 0.1, cluster.max() + 1)[cluster]
        outcomes = shares[camera, target] + luck + random.normal(0, 0.08, len(camera))
        found = fit(gather((6, 5), camera, target, cluster, outcomes), cameras, targets, (0, 0))
        exact = Observations.from_means(shares, np.zeros((6, 5)), np.full((6, 5), 10**6))
        for board, truth in zip(found, fit(exact, cameras, targets, (0, 0)), strict=True):
            errors = (board.skills - board.skills[0]) - (truth.skills - truth.skills[0])
            covered += list(np.abs(errors[1:]) <= board.half_widths()[1:])
    assert 0.92 <= np.mean(covered) <= 0.98
