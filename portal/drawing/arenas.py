"""Small pictures of scenarios: the positions of cameras, targets, obstacles and warehouses."""

from __future__ import annotations

from collections.abc import Iterator
from math import atan2, cos, sin, sqrt
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tournament.models import Scenario

HALF = 1000
WAREHOUSE = 2 * 75
"""Side of the warehouses in map units: the squares in the corners, to which targets bring cargo."""
TURN = 2.399963  # The golden angle in radians. It spreads the entities of one box.


def picture(scenario: Scenario) -> SafeString:
    """Return the arena as an SVG picture. Each entity is drawn at the centre of its placement box."""
    circles = [
        *draw(scenario.config.get("obstacle_boxes", ()), "obstacle", 85),
        *draw(scenario.config.get("camera_boxes", ()), "camera", 95),
        *draw(scenario.config.get("target_boxes", ()), "target", 60),
    ]
    views = format_html_join(
        "", '<path class="view" d="{}"/>', ((draw_view(x, y),) for kind, x, y, _ in circles if kind == "camera")
    )
    shapes = format_html_join("", '<circle class="{}" cx="{}" cy="{}" r="{}"/>', circles)
    corners = format_html_join(
        "",
        '<rect class="depot" x="{}" y="{}" width="{}" height="{}"/>',
        ((x, y, WAREHOUSE, WAREHOUSE) for x in (-HALF, HALF - WAREHOUSE) for y in (-HALF, HALF - WAREHOUSE)),
    )
    return format_html(
        '<svg class="arena-picture" viewBox="-1100 -1100 2200 2200" aria-hidden="true">{}{}{}</svg>',
        corners,
        views,
        shapes,
    )


def draw(boxes: Any, kind: str, radius: int) -> Iterator[tuple[str, int, int, int]]:
    """Yield a circle for each box (x low, x high, y low, y high). Circles of equal boxes lie on a spiral."""
    seen: dict[tuple[float, ...], int] = {}
    for box in boxes:
        place = seen.get(tuple(box), 0)
        seen[tuple(box)] = place + 1
        x, y = (box[0] + box[1]) / 2, (box[2] + box[3]) / 2
        x, y = spread(x, y, place, radius)
        yield kind, round(x), round(-y), radius


def spread(x: float, y: float, place: int, radius: int) -> tuple[float, float]:
    distance = 1.25 * radius * sqrt(place)
    return x + distance * cos(TURN * place), y + distance * sin(TURN * place)


def draw_view(x: int, y: int, reach: float = 780.0, half: float = 0.42) -> str:
    """Return the SVG path of a camera's field of view: a sector that faces the centre of the arena."""
    middle = atan2(-y, -x)
    (x1, y1), (x2, y2) = ((x + reach * cos(middle + turn), y + reach * sin(middle + turn)) for turn in (-half, half))
    return f"M{x} {y}L{x1:.0f} {y1:.0f}A{reach:.0f} {reach:.0f} 0 0 1 {x2:.0f} {y2:.0f}z"
