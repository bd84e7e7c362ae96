"""Charts with axes: several curves, bands and points of note."""

import re
from xml.etree import ElementTree

import pytest

from portal.drawing import charts
from portal.drawing.charts import CurveChart, Mark, Series


def parts(svg: str, name: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(name))


def test_curves_share_their_axes_and_larger_numbers_are_higher_up() -> None:
    chart = CurveChart(
        "Return", "steps", [Series("a", [(0, 0.0), (100, 1.0)]), Series("b", [(50, 3.0), (200, 2.0)], 1)]
    )
    first, second = (
        [tuple(map(float, point.split(","))) for point in line.get("points", "").split()]
        for line in parts(chart.svg, "polyline")
    )
    assert first[0][0] == charts.LEFT and second[-1][0] == charts.WIDTH - charts.RIGHT
    assert first[0][1] > first[1][1] > second[1][1] > second[0][1]
    assert [group.get("class") for group in parts(chart.svg, "g")][-2:] == ["series-0", "series-1"]
    assert parts(chart.svg, "svg")[0].get("aria-label") == "Return: a, b"


def test_a_band_runs_along_its_top_and_back_along_its_bottom() -> None:
    svg = CurveChart("x", "y", [Series("a", [(0, 1.0), (1, 1.0)], 0, [(0, 0.0, 2.0), (1, 0.5, 1.5)])]).svg
    [band] = parts(svg, "polygon")
    heights = [float(point.split(",")[1]) for point in band.get("points", "").split()]
    assert heights[0] < heights[1] < heights[2] < heights[3]


def test_points_of_note_are_links_where_they_lead_somewhere() -> None:
    marks = [Mark(0, 1.0, "first", "/agents/hawk/"), Mark(1, 2.0, "second")]
    svg = CurveChart("x", "y", [Series("a", [(0, 1.0), (1, 2.0)], marks=marks)]).svg
    assert [link.get("href") for link in parts(svg, "a")] == ["/agents/hawk/"]
    assert [title.text for title in parts(svg, "title")] == ["first", "second"]


@pytest.mark.parametrize("points", [[], [(1, 2.0)]])
def test_too_few_points_are_no_chart(points: list[tuple[float, float]]) -> None:
    assert CurveChart("x", "y", [Series("a", points)]).svg == ""


def test_a_constant_is_drawn_in_the_middle() -> None:
    _, up = CurveChart("x", "y", [Series("a", [(0, 2.0), (1, 2.0)])]).axes
    assert up.at(2.0) == pytest.approx((charts.TOP + charts.HEIGHT - charts.BOTTOM) / 2)


@pytest.mark.parametrize(
    ("low", "high", "values"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (-3, 12, [0, 5, 10]), (0.001, 0.0025, [0.001, 0.0015, 0.002, 0.0025])],
)
def test_axes_have_round_figures(low: float, high: float, values: list[float]) -> None:
    assert charts.round_values(low, high, 5) == pytest.approx(values)


def test_seeds_are_one_curve_with_a_band_where_all_are_known() -> None:
    means, band = charts.mean_band([[(0, 0.0), (10, 10.0), (20, 20.0)], [(5, 10.0), (15, 10.0)]])
    assert means == [(5, 7.5), (10, 10.0), (15, 12.5)]
    assert band[0] == (5, 5.0, 10.0)


def test_labels_with_markup_are_shown_as_they_are() -> None:
    svg = CurveChart("<b>", "y", [Series("<i>", [(0, 1.0), (1, 2.0)])]).svg
    assert not re.search("<[bi]>", svg)
