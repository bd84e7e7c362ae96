"""Vectors with a length, an angle and an origin."""

import numpy as np
import pytest

from mate.vectors import Vector2D


def test_a_vector_comes_from_components_or_from_length_and_angle():
    assert Vector2D([3, 4]).norm == 5.0
    assert Vector2D(norm=2.0, angle=90.0).vector == pytest.approx([0.0, 2.0])
    with pytest.raises(ValueError, match="angle"):
        Vector2D(norm=2.0)


def test_a_negative_length_turns_the_vector_round():
    vector = Vector2D(norm=1.0, angle=30.0)
    vector.norm = -2.0
    assert (vector.norm, vector.angle) == (2.0, -150.0)


def test_setting_the_angle_wraps_it_and_keeps_the_length():
    vector = Vector2D([0.0, 2.0])
    vector.angle = 270.0
    assert vector.angle == -90.0
    assert vector.vector == pytest.approx([0.0, -2.0])


def test_the_endpoint_follows_the_origin_and_can_be_moved():
    vector = Vector2D([1, 2], origin=[10, 20])
    assert vector.endpoint.tolist() == [11.0, 22.0]
    vector.endpoint = [10, 25]
    assert (vector.x, vector.y) == (0.0, 5.0)
    assert vector.origin.tolist() == [10.0, 20.0]


def test_arithmetic_keeps_the_origin():
    vector = Vector2D([1, 2], origin=[5, 5])
    assert np.asarray(vector + np.array([1, 1])).tolist() == [2.0, 3.0]
    assert np.asarray(vector - Vector2D([1, 1])).tolist() == [0.0, 1.0]
    assert np.asarray(np.float64(2.0) * vector).tolist() == [2.0, 4.0]
    assert np.asarray(-vector).tolist() == [-1.0, -2.0]
    assert (+vector).origin.tolist() == [5.0, 5.0]


def test_q56_multiplication_in_place_and_division_work():
    vector = Vector2D([1, 2])
    vector *= 3
    assert np.asarray(vector).tolist() == [3.0, 6.0]
    assert np.asarray(vector / 3).tolist() == [1.0, 2.0]


def test_q56_equality_compares_angles_only():
    assert Vector2D([1, 1]) == Vector2D([5, 5])
    assert Vector2D([1, 1]) != Vector2D([1, -1])


def test_a_copy_is_independent():
    vector = Vector2D([1, 2], origin=[0, 0])
    copy = vector.copy()
    copy.norm = 10.0
    assert vector.norm == pytest.approx(5**0.5)
