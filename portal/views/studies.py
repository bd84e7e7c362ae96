"""Studies: the list, the form of a new one, the page of one, and its files."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from mate.messages import TEAMS
from portal.actions.confirming import ask_to_cancel_study
from portal.actions.starting import start
from portal.actions.steering import Button, SteeringAction, ask_first, list_buttons, steer
from portal.drawing import study_plots
from portal.forms.studies import FIRST_ROWS, StudyForm, wishes_like
from portal.forms.training import title_of
from portal.inputs import takes
from portal.listing.lists import LIST, find_like, list_page
from portal.people.permissions import may_change
from portal.sharing import study_files
from portal.texts import in_language
from portal.views.training_curves import draw_curves
from portal.wording import tell_algorithm, tell_value
from tournament import studies as domain
from tournament import trainings
from tournament.models import TEAM_CHOICES, Scenario, Study, StudyRun, StudyState, TrainingRun, TrainingState

MEASURES = {
    "payoff": (gettext_lazy("Payoff"), gettext_lazy("the team's mean normalised reward against the opponent")),
    "gain": (gettext_lazy("Gain over greedy"), gettext_lazy("the payoff beyond the greedy agent's on the same seeds")),
}
STOPPED = (TrainingState.FAILED, TrainingState.CANCELLED, TrainingState.PAUSED)


@require_safe
@takes(*LIST)
def studies(request: HttpRequest) -> HttpResponse:
    found = Study.objects.select_related("owner", "opponent").prefetch_related("scenarios", "runs__training")
    return render(request, "studies/studies.html", list_page(request, found))


# A new study


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes(*StudyForm.names(), "like", form=StudyForm.names())
def create(request: HttpRequest) -> HttpResponse:
    asked: Any = request.POST if request.method == "POST" else request.GET
    earlier = find_like(request, TrainingRun.objects.select_related("scenario"))
    team = asked.get("team") if asked.get("team") in TEAMS else earlier.team if earlier else TEAMS[0]
    if not Scenario.objects.exclude(num_cameras=0).exists():
        return render(request, "leaderboards/none.html", status=404)
    if request.method == "POST":
        form = StudyForm(team, read_rows(asked), request.POST)
        if made := start(form, request.user, domain.create_study, "studies"):
            return redirect("study", made.pk)
        return render(request, "studies/create.html", describe_form(form), status=400)
    kept = {name: asked[name] for name in asked if asked[name] and name not in ("like", "team", "rows", "scenarios")}
    if "scenarios" in asked:
        kept["scenarios"] = asked.getlist("scenarios")
    form = StudyForm(team, read_rows(asked), initial=(wishes_like(earlier) if earlier else {}) | kept)
    template = "studies/fields.html" if request.htmx else "studies/create.html"  # type: ignore[attr-defined]
    return render(request, template, describe_form(form))


def read_rows(asked: Any) -> int:
    """Return the requested number of configurations in the form."""
    text = asked.get("rows", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else FIRST_ROWS
    return min(max(number, 1), domain.MAX_CONFIGURATIONS)


def describe_form(form: StudyForm) -> dict[str, Any]:
    can_add = form.num_rows < domain.MAX_CONFIGURATIONS
    return {"form": form, "teams": TEAM_CHOICES, "can_add": can_add, **trainings.describe_trainers()}


# The page of a study


@require_safe
@takes("measure", "seen")
def study(request: HttpRequest, study_id: int) -> HttpResponse:
    """The page of a study. For htmx, only the progress of its runs."""
    row = get_object_or_404(Study.objects.select_related("owner", "opponent"), pk=study_id)
    runs = list(row.runs.select_related("scenario", "training__agent"))
    context = describe_progress(row, runs)
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "studies/progress.html", context)
        if request.GET.get("seen", context["seen"]) != context["seen"]:
            response["HX-Refresh"] = "true"  # The state has changed: reload the whole page.
        return response
    measure = request.GET.get("measure", "")
    context |= describe_results(row, runs, measure if measure in MEASURES else "payoff")
    context["actions"] = buttons_of(row, runs) if may_change(request.user, row) else []
    return render(request, "studies/study.html", context)


def describe_progress(row: Study, runs: list[StudyRun]) -> dict[str, Any]:
    states = [run.training.state for run in runs]
    scored = sum(bool(run.payoffs) for run in runs)
    return {
        "study": row,
        "is_moving": row.state == StudyState.RUNNING,
        "num_runs": len(runs),
        "num_scored": scored,
        "num_failed": states.count(TrainingState.FAILED),
        "num_training": states.count(TrainingState.TRAINING),
        "num_evaluating": states.count(TrainingState.EVALUATING),
        "num_waiting": states.count(TrainingState.WAITING),
        "steps_done": sum(run.training.steps_done for run in runs),
        "seen": f"{row.state}-{scored}-{states.count(TrainingState.FAILED)}",
    }


def describe_results(row: Study, runs: list[StudyRun], measure: str) -> dict[str, Any]:
    figures = row.figures.get(measure)
    groups = study_plots.group_runs(row, runs)
    title, told = MEASURES[measure]
    curves = [
        (study_plots.draw_milestones(row, runs), _("against the opponent, on seeds that choose the best")),
        *draw_curves([[run.training for run in group] for _name, group in groups], [name for name, _group in groups]),
    ]
    return {
        "measure": measure,
        "measures": [(name, words[0]) for name, words in MEASURES.items()],
        "measure_title": title,
        "measure_told": told,
        "runs": [(run, row.configurations[run.configuration]["name"], mean_of(run, measure)) for run in runs],
        "figures": figures,
        "rows": list_rows(row, figures) if figures else [],
        "aggregates": draw_aggregates(figures) if figures else [],
        "profile": study_plots.draw_profiles(figures, str(title)) if figures else None,
        "charts": [(chart, explanation) for chart, explanation in curves if not chart.is_empty],
        "scenarios": list(row.scenarios.all()),
        "min_runs": domain.MIN_RUNS,
        "min_runs_per_scenario": domain.MIN_RUNS_PER_SCENARIO,
        "files": study_files.NAMES,
    }


def draw_aggregates(figures: dict[str, Any]) -> list[tuple[str, Any]]:
    titles = {"iqm": _("Interquartile mean"), "mean": _("Mean")}
    return [(title, study_plots.draw_aggregates(figures, key, title)) for key, title in titles.items()]


def mean_of(run: StudyRun, measure: str) -> float | None:
    scores = run.payoffs if measure == "payoff" else run.gains
    return sum(scores) / len(scores) if scores else None


def list_rows(row: Study, figures: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each configuration: its changes, its aggregates, and its comparison with the first one."""
    compared = {one["name"]: one for one in figures["ablations"]}
    first = row.configurations[0]
    return [
        {**found, "differs": tell_difference(first, chosen), "compared": compared.get(found["name"])}
        for found, chosen in zip(figures["rows"], row.configurations, strict=True)
    ]


def tell_difference(first: dict[str, Any], chosen: dict[str, Any]) -> str:
    """Return how a configuration differs from the first, in words."""
    parts = [tell_algorithm(chosen["algorithm"])] if chosen["algorithm"] != first["algorithm"] else []
    if chosen["preset"] != first["preset"]:
        parts.append(f"{_('preset')} {tell_value(chosen['preset'])}")
    own, theirs = chosen["hyperparameters"], first["hyperparameters"]
    for name in sorted(own.keys() | theirs.keys()):
        if own.get(name) != theirs.get(name):
            title = in_language(title_of(name))
            as_preset = _("%(name)s as preset") % {"name": title}
            parts.append(f"{title} = {tell_value(own[name])}" if name in own else as_preset)
    return ", ".join(parts)


@require_safe
@takes("measure")
def export(request: HttpRequest, study_id: int, name: str) -> HttpResponse:
    """A file of the study's figures."""
    row = get_object_or_404(Study, pk=study_id)
    measure = request.GET.get("measure", "")
    found = study_files.write(row, name, measure if measure in MEASURES else "payoff")
    if found is None:
        raise Http404
    content, kind = found
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="study-{row.pk}-{name}"'
    return answer


# Changes to a study


ACTIONS = {
    "resume": SteeringAction(
        gettext_lazy("Resume stopped runs"),
        tuple(StudyState),
        domain.resume_study,
        gettext_lazy("They go on from their last states."),
    ),
    "cancel": SteeringAction(
        gettext_lazy("Cancel study"),
        (StudyState.RUNNING,),
        domain.cancel_study,
        gettext_lazy("Cancelled. Stopped runs can be resumed."),
        ask_to_cancel_study,
    ),
}


def buttons_of(row: Study, runs: list[StudyRun]) -> list[Button]:
    """Return the actions that are possible now for a study."""
    has_stopped = any(run.training.state in STOPPED for run in runs)
    return [one for one in list_buttons(row, ACTIONS, "study_act") if has_stopped or one.name != "resume"]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes(form=[])
def act(request: HttpRequest, study_id: int, action: str) -> HttpResponse:
    """Resume or cancel a study. Cancelling asks for confirmation first."""
    row = get_object_or_404(Study, pk=study_id)
    if request.method != "POST":
        return ask_first(request, row, ACTIONS, action, reverse("study", args=[row.pk]))
    steer(request, row, ACTIONS, action)
    return redirect("study", row.pk)
