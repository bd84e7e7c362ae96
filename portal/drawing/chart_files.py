"""Charts as files for papers: SVG and PDF, in light colours and with a legend."""

from __future__ import annotations

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal.drawing.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TICKS_ACROSS,
    TICKS_UP,
    WIDTH,
    CurveChart,
    Series,
    draw,
    tick_places,
)
from portal.drawing.plots import thin

HUES = ("#6d3fc8", "#12805c", "#b4256b", "#0e7c86", "#7c6a0a", "#8a4b2d", "#5b6573", "#a33bb5")
"""Colours of the curves, as in `css/chart.css` for light pages."""
INK, LINE = "#3f4046", "#e4e4e7"
LEGEND_ROW = 18
STYLE = (
    "text{font:13px Inter,Arial,sans-serif;fill:#3f4046}.axes line{stroke:#e4e4e7}.axes .level{stroke:#5f6067}"
    "polyline{fill:none;stroke-width:1.8;stroke-linejoin:round}.band{opacity:.15;stroke:none}.mark{fill:#fff}"
) + "".join(
    f".series-{number} polyline,.series-{number} .mark{{stroke:{hue}}}.series-{number} .band,.series-{number} rect"
    f"{{fill:{hue}}}"
    for number, hue in enumerate(HUES)
)


def write_svg(chart: CurveChart) -> str:
    """Return the chart as a complete SVG document with title and legend."""
    height = HEIGHT + 24 + LEGEND_ROW * len(chart.series)
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -24 {} {}" width="{}" height="{}"><style>{}</style>'
        '<text x="{}" y="-8">{}</text>{}{}</svg>',
        WIDTH, height, WIDTH, height, SafeString(STYLE), LEFT, chart.title, draw(chart), _legend(chart),
    )  # fmt: skip


def _legend(chart: CurveChart) -> SafeString:
    rows = ((one.css, HEIGHT + LEGEND_ROW * number, one.label) for number, one in enumerate(chart.series))
    return format_html_join(
        "",
        '<g class="{0}"><rect x="62" y="{1}" width="12" height="4"/><text x="82" y="{1}" dy="7">{2}</text></g>',
        rows,
    )


def write_pdf(chart: CurveChart) -> bytes:
    """Return the chart as a PDF page with vector graphics, 560 points wide."""
    from fpdf import FPDF

    x, y = chart.axes
    height = HEIGHT + 24 + LEGEND_ROW * len(chart.series)
    page = FPDF(unit="pt", format=(WIDTH, height))
    page.set_auto_page_break(False)
    page.set_creator("MATE Arena")
    page.add_page()
    page.set_font("Helvetica", size=10)
    page.set_text_color(INK)
    page.text(LEFT, 16, _latin(chart.title))
    page.set_draw_color(LINE)
    for at, figure in tick_places(y, TICKS_UP):
        page.line(LEFT, float(at) + 24, WIDTH - RIGHT, float(at) + 24)
        page.text(LEFT - 6 - page.get_string_width(_latin(figure)), float(at) + 27, _latin(figure))
    for at, figure in tick_places(x, TICKS_ACROSS):
        page.text(float(at) - page.get_string_width(_latin(figure)) / 2, 24 + HEIGHT - BOTTOM + 16, _latin(figure))
    page.text(WIDTH - RIGHT - page.get_string_width(_latin(chart.across)), 24 + HEIGHT - 6, _latin(chart.across))
    for number, one in enumerate(chart.series):
        _draw_series(page, chart, one, number)
    return bytes(page.output())


def _draw_series(page: object, chart: CurveChart, one: Series, number: int) -> None:
    from fpdf import FPDF

    assert isinstance(page, FPDF)
    x, y = chart.axes
    hue = HUES[one.colour % len(HUES)] if isinstance(one.colour, int) else INK
    page.set_draw_color(hue)
    page.set_fill_color(hue)
    if one.thin_band:
        tops = [(x.at(a), y.at(high) + 24) for a, _, high in one.thin_band]
        bottoms = [(x.at(a), y.at(low) + 24) for a, low, _ in one.thin_band]
        with page.local_context(fill_opacity=0.15):
            page.polygon([*tops, *bottoms[::-1]], style="F")
    page.set_line_width(1.5)
    page.polyline([(x.at(a), y.at(b) + 24) for a, b in thin(one.points)])
    page.set_line_width(0.5)
    top = 24 + HEIGHT + LEGEND_ROW * number
    page.rect(LEFT, top, 12, 4, style="F")
    page.text(LEFT + 20, top + 7, _latin(one.label))


def _latin(text: str) -> str:
    """Return a text in the characters of PDF's standard fonts; other characters become question marks."""
    return text.replace("−", "-").encode("latin-1", "replace").decode("latin-1")
