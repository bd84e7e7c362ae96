"""The studies of `python -m benchmarks.ratings` in small: adaptive formats need fewer episodes, and the test keeps
its errors.
"""

import argparse

import numpy as np
import pytest

from benchmarks.ratings import adaptive, sequential
from benchmarks.ratings.league import MEASURED, League


def test_an_adaptive_ranking_needs_fewer_episodes_than_uniform_schedules():
    results = [adaptive.study_ranking(League.draw(10, 10, MEASURED["MATE-4v8-9"], seed), 0.02) for seed in range(3)]
    needed = np.median([result.adaptive or np.inf for result in results])
    assert needed < 0.5 * np.median([result.independent for result in results])
    assert sum(result.wrong for result in results) <= 1


def test_an_adaptive_search_for_the_equilibrium_needs_fewer_episodes_and_keeps_its_bound():
    results = [
        adaptive.study_nash(League.draw(8, 8, MEASURED["MATE-4v8-9"], seed, 0.06, 0.05), 0.02, 60) for seed in range(3)
    ]
    assert np.median([result.adaptive_for_good for result in results]) < 0.5 * np.median(
        [result.uniform_for_good or np.inf for result in results]
    )
    assert all(result.true <= result.bound <= 0.02 for result in results)


@pytest.mark.parametrize("kind", sequential.KINDS)
def test_the_sequential_test_is_shorter_than_one_of_fixed_size(kind):
    parser = argparse.ArgumentParser()
    sequential.add_sequential_arguments(parser)
    arguments = parser.parse_args(["--tests", "60"])
    summary = sequential.study(arguments, kind, 0.0)
    assert summary.better < 0.2
    assert summary.mean < 800 < 1046  # The fixed size.


def test_a_leagues_episode_is_the_same_whenever_it_is_asked_for():
    first, second = (League.draw(3, 4, MEASURED["MATE-2v4-0"], 9) for _ in range(2))
    camera, target, number = (index.ravel() for index in np.indices((3, 4, 150)))
    every = first.payoff(camera, target, number)
    order = np.random.default_rng(0).permutation(len(every))[:200]
    assert (second.payoff(camera[order], target[order], number[order]) == every[order]).all()


def test_a_leagues_noise_has_the_measured_shares():
    noise = MEASURED["MATE-4v8-9"]
    league = League(np.zeros((4, 5)), noise, 1)
    camera, target, number = (index.ravel() for index in np.indices((4, 5, 4000)))
    payoff = league.payoff(camera, target, number).reshape(4, 5, 4000)
    assert payoff.std() == pytest.approx(noise.deviation, rel=0.03)
    even, odd = payoff[:, :, 0::2], payoff[:, :, 1::2]

    def correlate(one, other):
        return np.corrcoef(one.ravel(), other.ravel())[0, 1]

    assert correlate(even[0], even[1]) == pytest.approx(noise.seed + noise.target_by_seed, abs=0.04)
    assert correlate(odd[:, 0], odd[:, 1]) == pytest.approx(noise.seed + noise.camera_by_seed, abs=0.04)
    assert correlate(even[:, 0], even[:, 1]) == pytest.approx(0, abs=0.04)
