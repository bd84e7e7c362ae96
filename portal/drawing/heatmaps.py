"""Payoff heat maps, drawn by the server and readable without JavaScript, from 2 x 2 to 200 x 200 pairings.

The cells are an image with one pixel each, which the browser enlarges. Names, payoffs and shares are SVG. A script
(`heatmap.js`) adds the cross-hair and a tooltip.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from django.urls import reverse
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from portal.wording import tell_name

# The colour map Cividis from dark to bright: perceptually uniform, and safe for readers with colour blindness.
SCALE = ((0, 34, 78), (65, 77, 107), (124, 123, 120), (188, 175, 111), (254, 232, 56))
COLOURS = 255
UNPLAYED = 255
"""Palette index of the transparent colour, for pairings without episodes."""
FIRST = 20
"""Number of agents of each team that are shown until the reader requests all."""
MOST_LINKS = 400
"""Maximum number of cells that are links. In a larger heat map, a script finds the pairing under the pointer."""
FITS = 400.0
"""Maximum width that a narrow screen shrinks. It scrolls a wider map, so that names and payoffs can be read."""
WIDEST = 900.0
SMALLEST, LARGEST = 5.0, 64.0
"""Minimum and maximum side of a cell in pixels."""
LEAST_NAMED = 8.5
"""Minimum side of cells with names, in pixels. Names of smaller cells would overlap."""
LEAST_FIGURE = 40.0
"""Minimum side of cells that show their payoff, in pixels."""
LETTER = 0.6
"""Width of a character as a fraction of its height."""
NAME, TAIL = 26, 10
BAR = 34.0


@dataclass(frozen=True)
class Named:
    """An agent of a row or column: its name, and its share in the Nash equilibrium or an iteration's strategy."""

    name: str
    share: float


@dataclass(frozen=True)
class Payoffs:
    """The data of a heat map: (N_c, N_t) payoffs, NaN for pairings without episodes, and keys of pairings or None."""

    cameras: Sequence[Named]
    targets: Sequence[Named]
    payoff: NDArray[np.float64]
    pairing: Sequence[Sequence[int | None]]

    @property
    def bounds(self) -> tuple[float, float]:
        """The minimum and the maximum of the known payoffs."""
        played = self.payoff[np.isfinite(self.payoff)]
        return (float(played.min()), float(played.max())) if played.size else (0.0, 0.0)


def read_figures(figures: Mapping[str, Any]) -> Payoffs:
    """Return the payoffs from the JSON of the page's script, which has None for pairings without episodes."""
    cameras, targets = ([Named(one["name"], one["nash"]) for one in figures[team]] for team in ("cameras", "targets"))
    payoff = np.array(figures["payoff"], np.float64).reshape(len(cameras), len(targets))
    return Payoffs(cameras, targets, payoff, figures["pairing"])


@dataclass(frozen=True)
class MapLayout:
    """The layout of the heat map in pixels: cells of side `side` begin at (`left`, `top`)."""

    side: float
    left: float
    top: float
    rows: int
    columns: int

    @property
    def right(self) -> float:
        return self.left + self.columns * self.side

    @property
    def bottom(self) -> float:
        return self.top + self.rows * self.side

    @property
    def has_names(self) -> bool:
        return self.side >= LEAST_NAMED

    @property
    def letters(self) -> float:
        """The font size of the names."""
        return min(12.0, self.side - 0.5)

    def find_corners(self, within: float = 0.0) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the left ends of the columns and the upper ends of the rows, moved by `within`, as texts for SVG."""
        across = pixels(*(self.left + column * self.side + within for column in range(self.columns)))
        return across, pixels(*(self.top + row * self.side + within for row in range(self.rows)))

    def find_centres(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the middles of the columns and rows as texts for SVG."""
        return self.find_corners(0.5 * self.side)


def arrange(payoffs: Payoffs) -> MapLayout:
    """Return the layout: names get the room that they need, cells the rest."""
    rows, columns = payoffs.payoff.shape
    side = min(LARGEST, max(SMALLEST, WIDEST / max(rows, columns, 1)))
    if max(rows, columns) <= 110:  # Names of a hundred agents are still readable.
        side = max(side, LEAST_NAMED + 1.0)
    frame = MapLayout(side, 0.0, 0.0, rows, columns)
    if not frame.has_names:
        return MapLayout(side, 24.0, 24.0, rows, columns)

    def room(agents: Sequence[Named]) -> float:
        return 14.0 + LETTER * frame.letters * max((len(cut(tell_name(agent.name))) for agent in agents), default=0)

    return MapLayout(side, room(payoffs.cameras), max(room(payoffs.targets), 24.0), rows, columns)


def cut(name: str) -> str:
    """Return a name; a long one loses its middle, because related names differ at the end."""
    return name if len(name) <= NAME else f"{name[: NAME - TAIL - 1]}…{name[-TAIL:]}"


def describe_map(figures: Mapping[str, Any], address: str = "") -> dict[str, Any]:
    """Return the context of `partials/heatmap_figure.html`. Data is inline if it is small or has no `address`."""
    payoffs = read_figures(figures)
    low, high = payoffs.bounds
    is_small = payoffs.payoff.size <= MOST_LINKS or not address
    return {
        "heatmap": draw_heatmap(payoffs),
        "heatmap_low": low,
        "heatmap_high": high,
        "heatmap_figures": figures if is_small else None,
        "heatmap_address": address,
    }


def draw_heatmap(payoffs: Payoffs) -> SafeString:
    """Return the picture as SVG, with the cells as an image inside."""
    frame = arrange(payoffs)
    width, height = f"{frame.right + BAR + 8:.0f}", f"{frame.bottom + BAR + 8:.0f}"
    links = link_cells(payoffs, frame)  # The role "img" would hide links from screen readers.
    cells = pixels(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top)
    return format_html(
        '<svg class="payoff-map" viewBox="0 0 {} {}" width="{}" height="{}" role="{}" aria-label="{}" '
        'data-cells="{} {} {} {} {}"{}>'
        '<rect class="unplayed" x="{}" y="{}" width="{}" height="{}"/>'
        '<image href="{}" x="{}" y="{}" width="{}" height="{}" preserveAspectRatio="none"/>{}{}{}{}</svg>',
        width, height, width, height, "group" if links else "img",
        _("Heat map of payoffs: cameras in rows, targets in columns; the table has the same figures"),
        f"{frame.left:.2f}", f"{frame.top:.2f}", f"{frame.side:.3f}", frame.rows, frame.columns,
        mark_safe(' data-fits=""') if frame.right <= FITS else "",
        *cells, paint(payoffs), *cells,
        write_names(payoffs, frame), write_figures(payoffs, frame), draw_shares(payoffs, frame), links,
    )  # fmt: skip


def pixels(*numbers: float) -> tuple[str, ...]:
    """Return numbers of pixels as texts for SVG."""
    return tuple(f"{number:.1f}" for number in numbers)


def paint(payoffs: Payoffs) -> str:
    """Return the cells as a data URL of a PNG image with one pixel per cell."""
    from PIL import Image

    low, high = payoffs.bounds
    with np.errstate(invalid="ignore"):
        places = (payoffs.payoff - low) / ((high - low) or 1.0) * (COLOURS - 1)
    indices = np.where(np.isfinite(payoffs.payoff), np.rint(np.nan_to_num(places)), UNPLAYED).astype(np.uint8)
    image = Image.fromarray(indices, "P")
    image.putpalette(palette().tobytes())
    file = BytesIO()
    image.save(file, "PNG", transparency=UNPLAYED, optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def palette() -> NDArray[np.uint8]:
    """Return the (256, 3) colours from the minimum payoff to the maximum. The last colour is transparent."""
    ends = np.array(SCALE, np.float64)
    places = np.linspace(0, len(ends) - 1, COLOURS)
    mixed = np.stack([np.interp(places, np.arange(len(ends)), ends[:, part]) for part in range(3)], axis=-1)
    return np.vstack([np.rint(mixed), [[255, 255, 255]]]).astype(np.uint8)


def write_names(payoffs: Payoffs, frame: MapLayout) -> SafeString:
    """Return the agents' names: cameras on the left, targets rotated above.

    Small cells get every tenth number instead.
    """
    middle = 0.5 * frame.side
    size = f"{frame.letters:.1f}"
    if frame.has_names:
        rows = [
            (frame.top + place * frame.side + middle, cut(tell_name(one.name)))
            for place, one in enumerate(payoffs.cameras)
        ]
        across = [
            (frame.left + place * frame.side + middle, cut(tell_name(one.name)))
            for place, one in enumerate(payoffs.targets)
        ]
    else:
        size = "10"
        rows = [(frame.top + place * frame.side + middle, str(place + 1)) for place in range(0, frame.rows, 10)]
        across = [(frame.left + place * frame.side + middle, str(place + 1)) for place in range(0, frame.columns, 10)]
    return format_html_join(
        "",
        '<text x="{0}" y="{1}" font-size="{2}" text-anchor="end" dominant-baseline="central">{3}</text>',
        ((*pixels(frame.left - 6, y), size, name) for y, name in rows),
    ) + format_html_join(
        "",
        '<text transform="translate({0} {1}) rotate(-90)" font-size="{2}" dominant-baseline="central">{3}</text>',
        ((*pixels(x, frame.top - 6), size, name) for x, name in across),
    )


def write_figures(payoffs: Payoffs, frame: MapLayout) -> SafeString:
    """Return the payoffs for the cells, in black or white by contrast; empty if the cells are too small."""
    if frame.side < LEAST_FIGURE:
        return SafeString("")
    low, high = payoffs.bounds
    across, down = frame.find_centres()
    texts = []
    for row, line in enumerate(payoffs.payoff.tolist()):
        for column, value in enumerate(line):
            if not math.isfinite(value):
                continue
            is_bright = (value - low) / (high - low) > 0.47 if high > low else True
            figure = f"{value:+.2f}".replace("-", "−")
            texts.append(
                f'<text x="{across[column]}" y="{down[row]}" class="{"on-bright" if is_bright else "on-dark"}" '
                f'font-size="13" text-anchor="middle" dominant-baseline="central">{figure}</text>'
            )
    return SafeString("".join(texts))


def draw_shares(payoffs: Payoffs, frame: MapLayout) -> SafeString:
    """Return bars of the agents' shares: cameras on the right, targets below."""
    thick = max(1.0, 0.7 * frame.side)
    gap = 0.5 * (frame.side - thick)
    bars = [
        (frame.right + 4, frame.top + place * frame.side + gap, BAR * one.share, thick, "camera")
        for place, one in enumerate(payoffs.cameras)
        if one.share > 0
    ] + [
        (frame.left + place * frame.side + gap, frame.bottom + 4, thick, BAR * one.share, "target")
        for place, one in enumerate(payoffs.targets)
        if one.share > 0
    ]
    bar = '<rect x="{}" y="{}" width="{}" height="{}" class="share {}"/>'
    return format_html_join("", bar, ((*pixels(*numbers), team) for *numbers, team in bars))


def link_cells(payoffs: Payoffs, frame: MapLayout) -> SafeString:
    """Return a link to the pairing for each cell of a small heat map."""
    if frame.rows * frame.columns > MOST_LINKS:
        return SafeString("")
    base = reverse("pairing", args=[0]).removesuffix("0/")
    across, down = frame.find_corners()
    (side,) = pixels(frame.side)
    cameras, targets = ([escape(tell_name(one.name)) for one in team] for team in (payoffs.cameras, payoffs.targets))
    links = []
    for row, line in enumerate(payoffs.pairing):
        for column, pairing in enumerate(line):
            if pairing is None:
                continue
            links.append(
                f'<a href="{base}{pairing}/" tabindex="-1"><rect class="cell" x="{across[column]}" y="{down[row]}" '
                f'width="{side}" height="{side}"><title>{cameras[row]}, {targets[column]}</title></rect></a>'
            )
    return SafeString("".join(links))
