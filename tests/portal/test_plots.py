"""Small curves as SVG."""

import re

import pytest

from portal import plots


def test_a_curve_has_its_ends_written_and_says_them_to_readers_of_screens() -> None:
    drawn = plots.draw_curve([(0, -1.0), (500_000, 0.5), (2_000_000, 3.25)], "Return")
    assert 'aria-label="Return: from −1 to 3.25"' in drawn
    assert ">2 M steps<" in drawn


def test_larger_numbers_are_higher_up() -> None:
    drawn = plots.draw_curve([(0, 0.0), (1, 1.0)], "Return")
    points = re.search(r'points="([^"]*)"', drawn)
    assert points
    (_, first), (_, last) = (map(float, point.split(",")) for point in points[1].split())
    assert last < first


@pytest.mark.parametrize("points", [[], [(1, 2.0)]])
def test_too_few_points_are_no_curve(points: list[tuple[float, float]]) -> None:
    assert plots.draw_curve(points, "Return") == ""


def test_a_constant_is_drawn_in_the_middle() -> None:
    assert plots.fit_axis([2.0, 2.0]).at(2.0) == pytest.approx((plots.TOP + plots.HEIGHT - plots.BOTTOM) / 2)


def test_a_long_curve_is_thinned_to_means_and_keeps_its_end() -> None:
    thinned = plots.thin([(float(i), float(i)) for i in range(10_000)])
    assert len(thinned) <= plots.MOST_POINTS
    assert thinned[-1] == (9999.0, 9999.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1234567, "1.23 M"), (35_000, "35 k"), (1234, "1234"), (-0.5, "−0.5"), (0.00002, "2.0e−05")],
)
def test_numbers_are_written_in_few_letters(value: float, text: str) -> None:
    assert plots.write_number(value) == text
