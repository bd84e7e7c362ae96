"""The files of a study: rows, figures and pictures for papers."""

from __future__ import annotations

import json

from portal.drawing import chart_files
from portal.drawing.charts import CurveChart
from portal.drawing.study_plots import draw_milestones, draw_profiles
from tournament import studies
from tournament.models import Study

NAMES = ("runs.csv", "figures.json", "table.tex", "curves.svg", "curves.pdf", "profile.svg", "profile.pdf")
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "tex": "application/x-tex; charset=utf-8",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
}


def write(study: Study, name: str, measure: str) -> tuple[bytes | str, str] | None:
    """Return content and media type of a file; None if the name is unknown or there is no data yet."""
    if name not in NAMES:
        return None
    stem, _, suffix = name.partition(".")
    content: bytes | str
    if suffix == "csv":
        content = studies.write_csv(study)
    elif suffix == "json":
        content = json.dumps({"study": study.name, "configurations": study.configurations, "figures": study.figures})
    elif suffix == "tex":
        content = studies.write_latex(study, measure)
    else:
        chart = find_chart(study, stem, measure)
        if chart is None:
            return None
        content = chart_files.write_svg(chart) if suffix == "svg" else chart_files.write_pdf(chart)
    return content, KINDS[suffix]


def find_chart(study: Study, stem: str, measure: str) -> CurveChart | None:
    """Return the chart with a name; None if there are fewer than two points."""
    if stem == "curves":
        chart = draw_milestones(study, list(study.runs.select_related("scenario")))
    elif figures := study.figures.get(measure):
        chart = draw_profiles(figures, measure)
    else:
        return None
    return None if chart.is_empty else chart
