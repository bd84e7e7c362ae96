import math

import numpy as np
import pytest

from mate.geometry import greatest_square, normalize_angle, wrap

LENGTHS = [0.0, 5e-324, 1e-160, 0.1, 1.0, 1.5, 500.0, 540.0, 1e154, 1e200, math.inf]


def beside(numbers):
    """These numbers and the two next to each."""
    return [float(np.nextafter(number, side)) for number in numbers for side in (-math.inf, number, math.inf)]


@pytest.mark.parametrize("angle", [*beside([-900.0, -540.0, -360.0, -180.0, 0.0, 180.0, 360.0, 540.0]), 1e-9, 12345.6])
def test_the_compiled_direction_is_that_of_numpys_remainder_to_the_bit(angle):
    assert np.float64(wrap(angle)).tobytes() == np.float64(normalize_angle(angle)).tobytes()


@pytest.mark.parametrize("length", [*LENGTHS, *np.random.default_rng(0).uniform(0.0, 3000.0, 200)])
def test_the_greatest_square_is_the_last_whose_root_is_within_the_length(length):
    square = greatest_square(length)
    assert math.sqrt(square) <= length
    assert square == math.inf or math.sqrt(math.nextafter(square, math.inf)) > length


def test_nothing_is_within_a_length_below_zero():
    assert greatest_square(-1.0) < 0.0
