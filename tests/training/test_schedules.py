"""Values that change over a run."""

import pytest
from ray.rllib.utils.schedules.piecewise_schedule import PiecewiseSchedule

from training.schedules import in_steps


def test_a_number_stays() -> None:
    assert in_steps(0.1, 100) == 0.1 and in_steps([[0.0, 2.0]], 10) == 2.0


@pytest.mark.parametrize(
    ("steps", "value"), [(0, 1.0), (25, 1.5), (49, 1.98), (50, 5.0), (75, 4.0), (100, 3.0), (200, 3.0)]
)
def test_values_lie_between_points_and_jump_where_two_share_a_fraction(steps, value) -> None:
    points = in_steps([[0.0, 1.0], [0.5, 2.0], [0.5, 5.0], [1.0, 3.0]], 100)
    assert PiecewiseSchedule(points, outside_value=3.0, framework=None).value(steps) == pytest.approx(value)


def test_the_first_points_value_holds_before_it() -> None:
    assert in_steps([[0.5, 2.0], [1.0, 1.0]], 10) == [[0, 2.0], [5, 2.0], [10, 1.0]]
