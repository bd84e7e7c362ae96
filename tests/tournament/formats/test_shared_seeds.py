"""What shared seeds do to the errors of sums over a table, in leagues whose seeds bring most of the noise."""

import numpy as np
import pytest

from benchmarks.ratings.league import MEASURED, League, play
from tournament.formats import FORMATS
from tournament.formats.table import PayoffTable

SHAPE = (5, 7)
UNIFORM = [np.full(size, 1 / size) for size in SHAPE]


@pytest.fixture(scope="module")
def tables():
    """Tables of many leagues in which nobody is better, of 20 episodes a pairing."""
    leagues = (League(np.zeros(SHAPE), MEASURED["MATE-2v4-0"], seed) for seed in range(150))
    found = []
    for league in leagues:
        format = FORMATS["round-robin"].make({"episodes": 20}, league.cameras, league.targets)
        found.append(PayoffTable.of(play(league, format)))
    return found


def judge(errors, variances):
    """Said standard deviations beside the true one."""
    return np.sqrt(np.mean(variances)) / np.std(errors)


def test_a_cameras_payoff_against_a_mixture_varies_as_much_as_is_said(tables):
    said = [table.luck.of_cameras(UNIFORM[1]) for table in tables]
    assert judge([table.payoff @ UNIFORM[1] for table in tables], said) == pytest.approx(1, abs=0.1)


def test_a_mixtures_payoff_against_a_target_varies_as_much_as_is_said(tables):
    said = [table.luck.of_targets(UNIFORM[0]) for table in tables]
    assert judge([UNIFORM[0] @ table.payoff for table in tables], said) == pytest.approx(1, abs=0.1)


def test_the_value_of_two_mixtures_varies_as_much_as_is_said(tables):
    said = [table.luck.of_value(*UNIFORM) for table in tables]
    assert judge([UNIFORM[0] @ table.payoff @ UNIFORM[1] for table in tables], said) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize(("team", "axis"), [("camera", 1), ("target", 0)])
def test_the_difference_of_two_agents_varies_as_much_as_is_said(tables, team, axis):
    gaps = [np.subtract.outer(mean, mean)[0, 1:] for mean in (table.payoff.mean(axis=axis) for table in tables)]
    assert judge(gaps, [table.luck.of_gaps(team)[0, 1:] for table in tables]) == pytest.approx(1, abs=0.1)


def test_what_no_two_episodes_tell_is_taken_for_shared():
    league = League(np.zeros((3, 3)), MEASURED["MATE-2v4-0"], 0)
    format = FORMATS["round-robin"].make({"episodes": 1}, league.cameras, league.targets)
    assert PayoffTable.of(play(league, format)).luck.rows.correlation == 1
