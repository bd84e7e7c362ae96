"""The regression behind the ratings."""

import numpy as np
import pytest

from tournament.regression import Observations, fit

ALL = np.ones(3, dtype=bool)


def observe(seed=0, episodes=6, shared=True):
    random = np.random.default_rng(seed)
    camera, target, number = (axis.ravel() for axis in np.indices((3, 3, episodes)))
    seeds = target * episodes + number if shared else np.arange(len(camera))
    luck = random.normal(0, 0.1, seeds.max() + 1)
    outcomes = np.clip(0.5 + 0.1 * (camera - 1) + luck[seeds] + random.normal(0, 0.02, len(camera)), 0, 1)
    return Observations.from_episodes((3, 3), camera, target, seeds, outcomes)


def test_shared_seeds_make_differences_between_cameras_sharper():
    shared, apart = (fit(observe(shared=is_shared), ALL, ALL) for is_shared in (True, False))
    widths = [found.gap_half_widths("camera", 0.95)[0, 2] for found in (shared, apart)]
    assert widths[0] < widths[1] / 2


def test_an_agent_minus_itself_is_known():
    widths = fit(observe(), ALL, ALL).gap_half_widths("target", 0.95)
    assert np.diag(widths).tolist() == [0, 0, 0]
    assert widths == pytest.approx(widths.T)


def test_widths_from_the_anchor_are_those_of_the_differences():
    found = fit(observe(), ALL, ALL)
    assert found.half_widths("camera", 1, 0.95) == pytest.approx(found.gap_half_widths("camera", 0.95)[1])


def test_many_clusters_take_the_same_way_in_pieces(monkeypatch):
    from tournament import regression

    whole = fit(observe(episodes=30), ALL, ALL)
    monkeypatch.setattr(regression, "_CHUNK", 7)
    pieces = fit(observe(episodes=30), ALL, ALL)
    assert pieces.covariance == pytest.approx(whole.covariance)
    assert pieces.clusters == pytest.approx(whole.clusters)


def test_an_agent_whose_episodes_share_their_seeds_has_fewer_independent_ones():
    found = fit(observe(episodes=6), ALL, ALL)
    assert found.clusters[:3] == pytest.approx([18, 18, 18])
    assert found.clusters[3:] == pytest.approx([6, 6, 6])


def test_agents_that_are_left_out_have_no_influence():
    some = np.array([True, True, False])
    part = Observations.from_means(observe().mean[:2], np.full((2, 3), 0.01), np.full((2, 3), 6))
    whole = Observations.from_means(observe().mean, np.full((3, 3), 0.01), np.full((3, 3), 6))
    assert fit(whole, some, ALL).camera == pytest.approx(fit(part, np.ones(2, dtype=bool), ALL).camera)


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
        found = fit(Observations.from_episodes((6, 5), camera, target, seeds, outcomes), cameras, targets)
        exact = np.full((6, 5), 10**6)
        truth = fit(Observations.from_means(shares, np.zeros((6, 5)), exact), cameras, targets)
        for team in ("camera", "target"):
            errors = (found.skills(team) - found.skills(team)[0]) - (truth.skills(team) - truth.skills(team)[0])
            covered += list(np.abs(errors[1:]) <= found.half_widths(team, 0, 0.95)[1:])
    assert 0.92 <= np.mean(covered) <= 0.98
