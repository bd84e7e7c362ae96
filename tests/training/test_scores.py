"""Aggregates over runs: they agree with rliable, their intervals cover, and they say nothing of too few runs."""

import numpy as np
import pytest

from training.scores import (
    RunScores,
    compare_means,
    interquartile_mean,
    iqm_of,
    mean_of,
    probability_of_improvement,
    profile_of,
    summarise,
)

FIRST = [
    [0.001, 0.299, -0.274],
    [-0.891, -0.455, -0.992],
    [0.060, 1.340, -0.492],
    [-0.620, 0.490, 0.357],
    [0.105, -0.930, -0.029],
    [0.695, -1.344, -0.458],
    [-1.901, -1.290, -1.842],
    [-0.235, -1.267, 0.271],
    [0.157, -0.187, -2.517],
    [-0.539, -0.049, 0.113],
]
"""Ten runs of three tasks, from which rliable 1.2.0 computed the figures below."""
SECOND = [
    [-1.130, -0.078, -0.579],
    [-0.409, 1.461, -0.408],
    [0.367, 1.284, -0.184],
    [0.288, 0.510, 0.464],
    [-0.825, 0.476, 1.759],
    [-1.147, 1.259, 0.519],
    [-0.241, 2.400, 1.162],
    [-0.799, 0.475, 0.977],
    [0.211, 1.083, 0.333],
    [1.067, 1.839, -0.276],
]
THRESHOLDS = (-1.0, -0.5, 0.0, 0.5, 1.0)


def tabulate(name, rows):
    """The runs of a table (runs, tasks), each of one episode."""
    return RunScores(
        name, {f"task {number}": [[score] for score in column] for number, column in enumerate(zip(*rows, strict=True))}
    )


@pytest.fixture(scope="module")
def tables():
    return tabulate("first", FIRST), tabulate("second", SECOND)


@pytest.fixture
def draw():
    """Runs whose true mean is 0, of forty episodes each."""
    generator = np.random.default_rng(5)

    def draw(runs, scenarios=1):
        def run():
            return generator.normal(generator.normal(0.0, 0.05), 0.1, 40)

        return RunScores("drawn", {str(number): [run() for _ in range(runs)] for number in range(scenarios)})

    return draw


def test_interquartile_means_are_those_of_rliable(tables):
    assert [iqm_of(one).value for one in tables] == pytest.approx([-0.30500000000000005, 0.3744375])


def test_means_are_those_of_rliable(tables):
    assert [mean_of(one).value for one in tables] == pytest.approx([-0.4141333333333333, 0.39526666666666666])


def test_the_probability_of_improvement_is_that_of_rliable(tables):
    first, second = tables
    assert probability_of_improvement(second, first).value == pytest.approx(0.7233333333333333)
    assert probability_of_improvement(first, second).value == pytest.approx(1 - 0.7233333333333333)


def test_performance_profiles_are_those_of_rliable(tables):
    for one, expected in zip(
        tables,
        [
            [0.8, 0.6333333333333333, 0.36666666666666664, 0.06666666666666667, 0.03333333333333333],
            [0.9333333333333333, 0.8333333333333334, 0.6333333333333333, 0.4, 0.3],
        ],
        strict=True,
    ):
        assert [share.value for share in profile_of(one, THRESHOLDS)] == pytest.approx(expected)


def test_intervals_are_a_little_wider_than_the_plain_percentiles_of_rliable(tables):
    for one, (low, high) in zip(
        tables, [[-0.6419390625, -0.03931093750000014], [0.06868593750000004, 0.6926953124999994]], strict=True
    ):
        found = iqm_of(one)
        assert found.low < low + 0.01 and found.high > high - 0.01
        assert 1.0 < (found.high - found.low) / (high - low) < 1.25


def test_a_quarter_is_cut_off_at_each_end():
    assert interquartile_mean([0.0, 1.0, 2.0, 100.0]) == 1.5
    assert interquartile_mean([1.0, 2.0, 9.0]) == 4.0


@pytest.mark.parametrize(("runs", "scenarios"), [(5, 1), (3, 3)])
def test_intervals_cover_in_about_95_of_100(draw, monkeypatch, runs, scenarios):
    monkeypatch.setattr("training.scores.estimates.RESAMPLES", 300)
    drawn = [draw(runs, scenarios) for _ in range(120)]
    for estimate in (iqm_of, mean_of):
        covered = np.mean([found.low <= 0.0 <= found.high for found in map(estimate, drawn)])
        assert covered > 0.88


def test_equal_configurations_are_not_found_better(draw):
    found = [probability_of_improvement(draw(3), draw(3)) for _ in range(100)]
    assert np.mean([one.low <= 0.5 <= one.high for one in found]) > 0.9
    differences = [compare_means(draw(3), draw(3)) for _ in range(100)]
    assert np.mean([one.low <= 0.0 <= one.high for one in differences]) > 0.88


def test_complete_separation_of_a_few_runs_is_no_certainty():
    better, worse = (RunScores(name, {"one": [[score + n] for n in range(3)]}) for name, score in (("b", 9), ("w", 0)))
    found = probability_of_improvement(better, worse)
    assert found.value == found.high == 1.0 and 0.1 < found.low < 0.6


def test_one_run_has_no_interval_and_four_have_no_bootstrap(draw):
    assert mean_of(draw(1)).low is None and probability_of_improvement(draw(1), draw(3)).low is None
    assert mean_of(draw(2)).low is not None
    assert iqm_of(draw(4)).low is None and iqm_of(draw(5)).low is not None
    assert all(share.low is None for share in profile_of(draw(4), THRESHOLDS))


def test_runs_that_are_all_alike_say_nothing_of_their_spread():
    assert mean_of(RunScores("constant", {"one": [[1.0], [1.0], [1.0]]})).low is None


def test_configurations_without_a_common_scenario_are_not_compared():
    one, other = RunScores("one", {"a": [[1.0]]}), RunScores("other", {"b": [[1.0]]})
    with pytest.raises(ValueError, match="no scenario in common"):
        compare_means(one, other)
    assert summarise([one, other]).ablations == []


def test_a_summary_compares_all_with_the_first(draw):
    first, second, none = draw(5), draw(5), RunScores("waiting", {"0": []})
    found = summarise([first, RunScores("second", second.scenarios), none])
    assert [row.num_runs for row in found.rows] == [5, 5, 0]
    assert [one.name for one in found.ablations] == ["second"]
    assert found.profiles["second"][0].value == 1.0 and found.profiles["second"][-1].value == 0.0
    assert found.to_json()["rows"][2]["iqm"] is None
