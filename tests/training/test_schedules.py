"""Values that change over a run."""

import pytest

from training.schedules import in_steps, value_at


def test_a_number_stays() -> None:
    assert value_at(0.1, 0.7) == 0.1 and in_steps(0.1, 100) == 0.1


@pytest.mark.parametrize(
    ("fraction", "value"), [(0.0, 1.0), (0.25, 1.5), (0.5, 5.0), (0.75, 4.0), (1.0, 3.0), (2.0, 3.0)]
)
def test_values_lie_between_points_and_jump_where_two_share_a_fraction(fraction, value) -> None:
    assert value_at([[0.0, 1.0], [0.5, 2.0], [0.5, 5.0], [1.0, 3.0]], fraction) == pytest.approx(value)


def test_before_the_first_point_its_value_holds() -> None:
    assert value_at([[0.5, 2.0], [1.0, 1.0]], 0.1) == 2.0


def test_rllibs_form_counts_steps_from_zero() -> None:
    assert in_steps([[0.5, 2.0], [1.0, 1.0]], 10) == [[0, 2.0], [5, 2.0], [10, 1.0]]
    assert in_steps([[0.0, 2.0]], 10) == 2.0
