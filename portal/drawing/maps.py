"""Maps of scenarios: the boxes in which entities are placed at random, and fixed positions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import ceil, isfinite, sqrt
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from mate.constants import TERRAIN_SIZE, WAREHOUSE_RADIUS, WAREHOUSES
from tournament import drafts

KINDS = ("obstacle", "target", "camera")
MARKS = {"camera": 22, "target": 18}
"""Radius with which targets, and cameras without a radius, are drawn, in map units."""
MAX_PLACES = 200
Box = tuple[float, float, float, float]


def draw(document: Mapping[str, Any], title: str) -> SafeString:
    """Return the map of a scenario document as SVG. Invalid positions are left out, so drafts can be drawn."""
    size = TERRAIN_SIZE
    depots = (
        (round(x) - WAREHOUSE_RADIUS, -round(y) - WAREHOUSE_RADIUS, 2 * WAREHOUSE_RADIUS, 2 * WAREHOUSE_RADIUS)
        for x, y in WAREHOUSES
    )
    return format_html(
        '<svg class="map" viewBox="-1050 -1050 2100 2100" role="img"><title>{}</title>'
        '<rect class="ground" x="-{}" y="-{}" width="{}" height="{}"/>{}{}{}</svg>',
        title, size, size, 2 * size, 2 * size,
        format_html_join("", '<rect class="depot" x="{}" y="{}" width="{}" height="{}"/>', depots),
        format_html_join("", '<rect class="{} box" x="{}" y="{}" width="{}" height="{}"/>', areas(document)),
        format_html_join("", '<circle class="{}" cx="{}" cy="{}" r="{}"/>', marks(document)),
    )  # fmt: skip


def areas(document: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield each box once: kind, x, y, width and height."""
    for kind in KINDS:
        for x_low, x_high, y_low, y_high in dict.fromkeys(boxes_of(document, kind)):
            if (x_low, y_low) != (x_high, y_high):
                yield kind, number(x_low), number(-y_high), number(x_high - x_low), number(y_high - y_low)


def marks(document: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield a circle for each entity: kind, x, y and radius. Circles of equal boxes are side by side."""
    for kind in KINDS:
        radius = radius_of(document, kind)
        for box, count in Counter(boxes_of(document, kind)).items():
            width = ceil(sqrt(count))
            for place in range(count):
                row, column = divmod(place, width)
                x = (box[0] + box[1]) / 2 + 2.5 * radius * (column - (width - 1) / 2)
                y = (box[2] + box[3]) / 2 - 2.5 * radius * (row - (ceil(count / width) - 1) / 2)
                yield kind, number(x), number(-y), number(radius)


def boxes_of(document: Mapping[str, Any], kind: str) -> list[Box]:
    section = document.get(kind)
    places = section if isinstance(section, Mapping) else {}
    fixed = [numbers(place, 2) for place in listed(places.get("location"))]
    random = [numbers(place, 4) for place in listed(places.get("location_random_range"))]
    boxes: list[Box] = [(x, x, y, y) for x, y in filter(None, fixed)]
    return [*boxes, *((x, max(x, right), y, max(y, top)) for x, right, y, top in filter(None, random))]


def listed(places: Any) -> Sequence[Any]:
    return places[:MAX_PLACES] if isinstance(places, list) else ()


def numbers(place: Any, count: int) -> list[float]:
    """Return the numbers of a position or box, clipped near the terrain; empty if it is invalid."""
    if not isinstance(place, list) or len(place) != count:
        return []
    values = [value for value in place if isinstance(value, (int, float)) and abs(value) < 1e6 and isfinite(value)]
    return [min(max(float(value), -2000.0), 2000.0) for value in values] if len(values) == count else []


def radius_of(document: Mapping[str, Any], kind: str) -> float:
    section = document.get(kind)
    values = section if isinstance(section, Mapping) else {}
    given = values.get("radius", values.get("radius_random_range", MARKS.get(kind, 60)))
    low, high = (given[0], given[-1]) if isinstance(given, list) and given else (given, given)
    sizes = [size for size in (low, high) if isinstance(size, (int, float)) and 0 < size < 1e4]
    return sum(sizes) / len(sizes) if sizes and kind != "target" else MARKS.get(kind, 60)


def number(value: float) -> str:
    return f"{value + 0.0:g}"  # no -0


def draw_scenario(row: Any) -> SafeString:
    """Return the map of a stored scenario as SVG."""
    from tournament import entries

    return draw(drafts.to_document(entries.load_scenario(row)), row.name)
