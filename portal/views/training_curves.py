"""Curves of several trainings over common axes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from portal.drawing.charts import COLOURS, CurveChart, Mark, Series, interpolate, mean_band
from portal.inputs import takes
from portal.wording import tell_name
from tournament.models import Milestone, TrainingPoint, TrainingRun

CURVES = (
    ("return_mean", gettext_lazy("Return"), gettext_lazy("of an episode of training, in the team's own reward")),
    ("coverage", gettext_lazy("Coverage"), gettext_lazy("share of targets in view")),
    ("transport", gettext_lazy("Transport rate"), gettext_lazy("share of their full pay that deliveries earned")),
    ("entropy", gettext_lazy("Entropy"), gettext_lazy("how varied decisions are, in nats")),
    ("kl", gettext_lazy("KL divergence"), gettext_lazy("how far an iteration moves the policy, in nats")),
    ("decisions_per_second", gettext_lazy("Throughput"), gettext_lazy("agents' decisions a second")),
)
"""Fields of a training point with their titles and explanations."""
MOST_RUNS = 40
MOST_POINTS = 400
"""Maximum number of points of a curve. Longer curves are thinned when they are read."""
CurvePoints = list[tuple[float, float]]


@require_safe
@takes("run", "seeds")
def compare(request: HttpRequest) -> HttpResponse:
    """The curves of the runs in the address.

    With `seeds=band`, runs that differ only in their seeds become one curve with a band.
    """
    keys = list(
        dict.fromkeys(
            int(key) for key in request.GET.getlist("run") if key.isascii() and key.isdigit() and len(key) < 19
        )
    )
    found = TrainingRun.objects.select_related("scenario", "opponent", "agent").in_bulk(keys[:MOST_RUNS])
    runs = [found[key] for key in keys if key in found]
    is_banded = request.GET.get("seeds") == "band"
    groups = group_by_settings(runs) if is_banded else [[run] for run in runs]
    context = {
        "runs": [(run, colour) for colour, group in enumerate(groups) for run in group],
        "left_out": max(0, len(keys) - MOST_RUNS),
        "most": MOST_RUNS,
        "is_banded": is_banded,
        "can_band": len(group_by_settings(runs)) < len(runs),
        "query": "&".join(f"run={run.pk}" for run in runs),
        "charts": [(chart, explanation) for chart, explanation in draw_curves(groups) if not chart.is_empty],
    }
    return render(request, "training/compare.html", context)


def group_by_settings(runs: Sequence[TrainingRun]) -> list[list[TrainingRun]]:
    """Return groups of runs that differ only in their seeds."""
    groups: dict[Any, list[TrainingRun]] = defaultdict(list)
    for run in runs:
        settings = run.configuration.get("hyperparameters", {})
        key = (run.scenario_id, run.team, run.algorithm, run.preset, run.opponent_id, run.start_from_id)
        groups[key, repr(sorted(settings.items()))].append(run)
    return list(groups.values())


def draw_curves(groups: Sequence[Sequence[TrainingRun]], names: Sequence[str] = ()) -> list[tuple[CurveChart, str]]:
    """Return a chart of each field with its explanation; each group of runs has a colour.

    Without `names`, groups are named after their first run.
    """
    names = names or [tell_name(group[0].name) for group in groups]
    curves = read_curves([run.pk for group in groups for run in group])
    milestones = Prefetch("milestones", Milestone.objects.select_related("agent"))
    prefetch_related_objects([run for [run, *others] in groups if not others], milestones)
    charts = []
    for name, title, told in CURVES:
        series = [make_series(group, curves[name], colour, names[colour]) for colour, group in enumerate(groups)]
        charts.append((CurveChart(str(title), _("steps"), series), str(told)))
    return charts


def read_curves(runs: Sequence[int]) -> dict[str, dict[int, CurvePoints]]:
    """Return the curves of each field by run."""
    curves: dict[str, dict[int, CurvePoints]] = {name: {run: [] for run in runs} for name, *_ in CURVES}
    fields = ("run_id", "steps", *(name for name, *_ in CURVES))
    rows: dict[int, list[Any]] = defaultdict(list)
    for row in TrainingPoint.objects.filter(run__in=runs).order_by("run_id", "iteration").values_list(*fields):
        rows[row[0]].append(row)
    for run, points in rows.items():
        stride = max(1, -(-len(points) // MOST_POINTS))
        for _run, steps, *figures in [*points[:-1:stride], points[-1]]:
            for (name, *_rest), figure in zip(CURVES, figures, strict=True):
                if figure is not None:
                    curves[name][run].append((float(steps), figure))
    return curves


def make_series(group: Sequence[TrainingRun], curves: dict[int, CurvePoints], colour: int, name: str) -> Series:
    """Return the curve of a run with its milestones, or the mean of several runs with their band."""
    if len(group) == 1:
        [run] = group
        points = curves[run.pk]
        return Series(name, points, colour % COLOURS, marks=mark_milestones(run, points))
    points, band = mean_band([curves[run.pk] for run in group])
    label = ngettext("%(name)s, %(count)d seed", "%(name)s, %(count)d seeds", len(group))
    return Series(label % {"name": name, "count": len(group)}, points, colour % COLOURS, band)


def mark_milestones(run: TrainingRun, points: CurvePoints) -> list[Mark]:
    """Return markers of a run's milestones on a curve. Milestones that became agents link to them."""
    if len(points) < 2:
        return []
    marks = []
    for row in run.milestones.all():
        if not points[0][0] <= row.steps <= points[-1][0]:
            continue
        payoff = _("not played") if row.payoff is None else f"{row.payoff:+.3f}".replace("-", "−")
        title = _("Milestone of iteration %(iteration)d, payoff %(payoff)s")
        address = reverse("agent", args=[row.agent.slug]) if row.agent else ""
        told = title % {"iteration": row.iteration, "payoff": payoff}
        marks.append(Mark(float(row.steps), interpolate(points, float(row.steps)), told, address))
    return marks
