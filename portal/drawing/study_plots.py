"""Charts of a study: curves of its runs, aggregates on one axis, and performance profiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.drawing.charts import COLOURS, CurveChart, Series, mean_band, tick_places
from portal.drawing.plots import Axis
from tournament.models import Milestone, Study, StudyRun

ROW, TOP, FOOT, WIDTH, LABELS, RIGHT = 34, 10, 34, 560, 190, 24


def draw_milestones(study: Study, runs: Sequence[StudyRun]) -> CurveChart:
    """Return the payoffs of milestones over steps: a curve per configuration and scenario, with a band over seeds."""
    played: dict[int, list[tuple[float, float]]] = {run.training_id: [] for run in runs}
    rows = Milestone.objects.filter(run__in=played, payoff__isnull=False).order_by("iteration")
    for training, steps, payoff in rows.values_list("run_id", "steps", "payoff"):
        played[training].append((float(steps), float(payoff or 0.0)))
    series = []
    for colour, (label, group) in enumerate(group_runs(study, runs)):
        points, band = mean_band([played[run.training_id] for run in group])
        series.append(Series(label, points, colour % COLOURS, band))
    return CurveChart(_("Payoff of milestones"), _("steps"), series)


def group_runs(study: Study, runs: Sequence[StudyRun]) -> list[tuple[str, list[StudyRun]]]:
    """Return groups of runs that differ only in their seeds, each with a name."""
    groups: dict[tuple[int, str], list[StudyRun]] = {}
    for run in runs:
        groups.setdefault((run.configuration, run.scenario.name), []).append(run)
    has_several = len({scenario for _, scenario in groups}) > 1
    return [
        (f"{study.configurations[number]['name']}{f', {scenario}' if has_several else ''}", group)
        for (number, scenario), group in sorted(groups.items())
    ]


def draw_profiles(figures: dict[str, Any], measure: str) -> CurveChart:
    """Return the performance profile: the share of runs whose score exceeds each threshold."""
    thresholds = figures["thresholds"]
    names = [row["name"] for row in figures["rows"]]
    series = []
    for name, curve in figures["profiles"].items():
        points = [(x, share["value"]) for x, share in zip(thresholds, curve, strict=True)]
        known = [(x, one) for x, one in zip(thresholds, curve, strict=True) if one["low"] is not None]
        band = [(x, one["low"], one["high"]) for x, one in known]
        series.append(Series(name, points, names.index(name) % COLOURS, band))
    return CurveChart(_("Performance profile"), measure, series)


def draw_aggregates(figures: dict[str, Any], key: str, title: str) -> SafeString:
    """Return the aggregate `key` (`mean` or `iqm`) of each configuration with its interval, on one axis.

    Empty if there is no aggregate yet.
    """
    rows = [(number, row["name"], row[key]) for number, row in enumerate(figures["rows"]) if row[key] is not None]
    ends = [end for *_, one in rows for end in one.values() if end is not None]
    if not rows:
        return SafeString("")
    low, high = min(ends), max(ends)
    slack = 0.06 * (high - low) or 0.1 * abs(low) or 0.1
    axis = Axis(low - slack, high + slack, LABELS, WIDTH - RIGHT)
    height = TOP + ROW * len(rows) + FOOT
    ticks = format_html_join(
        "",
        '<line class="grid-line" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>'
        '<text x="{0}" y="{3}" text-anchor="middle">{4}</text>',
        ((at, TOP, height - FOOT, height - FOOT + 18, figure) for at, figure in tick_places(axis, 6)),
    )
    lines = format_html_join("", "{}", ((_draw_row(axis, place, *row),) for place, row in enumerate(rows)))
    told = ", ".join(f"{name} {one['value']:+.3f}" for _, name, one in rows)
    return format_html(
        '<svg class="aggregates" viewBox="0 0 {} {}" role="img" aria-label="{}: {}">{}{}</svg>',
        WIDTH, height, title, told, ticks, lines,
    )  # fmt: skip


def _draw_row(axis: Axis, place: int, number: int, name: str, one: dict[str, float | None]) -> SafeString:
    y = TOP + ROW * (place + 0.5)
    low, high = one["low"], one["high"]
    bar: SafeString | str = ""
    if low is not None and high is not None:
        left, right = (f"{axis.at(end):.1f}" for end in (low, high))
        bar = format_html('<line class="reach" x1="{}" x2="{}" y1="{}" y2="{}"/>', left, right, y, y)
    assert one["value"] is not None
    return format_html(
        '<g class="series-{}"><text x="{}" y="{}" text-anchor="end" dominant-baseline="central">{}</text>{}'
        '<circle cx="{}" cy="{}" r="6"/></g>',
        number % COLOURS, LABELS - 14, y, name, bar, f"{axis.at(one['value']):.1f}", y,
    )  # fmt: skip
