"""Trainings: the list, the form of a new one, and the page of one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from mate.messages import TEAMS
from portal.actions.confirming import ask_to_cancel_training
from portal.actions.starting import start
from portal.actions.steering import Button, SteeringAction, ask_first, list_buttons, steer
from portal.forms.steering import ExtendTrainingForm
from portal.forms.training import TrainingForm, title_of, wishes_like, write_value
from portal.inputs import takes
from portal.listing.lists import LIST, find_like, list_page
from portal.people import quotas
from portal.people.permissions import insist_on_change, may_change
from portal.texts import in_language
from portal.views.training_curves import draw_curves
from portal.wording import tell_value
from tournament import measuring, organising, paces
from tournament import trainings as domain
from tournament.forecasts import Span
from tournament.models import TEAM_CHOICES, Milestone, Scenario, TrainingRun, TrainingState
from training import configuration

USUAL = {"scenario": "mate-2v4-0", "team": "camera", "algorithm": "hrl-mappo", "preset": "quick"}
KEPT = (
    "name", "opponent", "start_from", "find_opponent", "find_start_from", "seed", "cores", "evaluation_episodes",
)  # fmt: skip
"""Fields that keep their values, if possible, when another choice changes the form."""
LAST_POINTS = 20
MOVING = (TrainingState.WAITING, TrainingState.TRAINING, TrainingState.EVALUATING)


@require_safe
@takes(*LIST)
def trainings(request: HttpRequest) -> HttpResponse:
    found = TrainingRun.objects.filter(purpose="").select_related("scenario", "owner", "opponent", "agent")
    context = {**list_page(request, found), **domain.describe_trainers()}
    return render(request, "training/trainings.html", context)


# A new training


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes(*TrainingForm.names(), "like", form=TrainingForm.names())
def create(request: HttpRequest) -> HttpResponse:
    asked: Any = request.POST if request.method == "POST" else request.GET
    earlier = find_like(request, TrainingRun.objects.select_related("scenario"))
    like = wishes_like(earlier) if earlier else {}
    chosen = choose(like | asked.dict())
    if chosen is None:
        return render(request, "leaderboards/none.html", status=404)
    if request.method == "POST":
        form = TrainingForm(*chosen, request.POST)
        if run := start(form, request.user, domain.create_training, "trainings"):
            return redirect("training", run.pk)
        return render(request, "training/create.html", describe_form(form), status=400)
    kept = {name: asked[name] for name in KEPT if asked.get(name)}
    form = TrainingForm(*chosen, initial=like | kept)
    template = "training/fields.html" if request.htmx else "training/create.html"  # type: ignore[attr-defined]
    return render(request, template, describe_form(form))


def choose(asked: Any) -> tuple[Scenario, str, str, str] | None:
    """Return the requested scenario, team, algorithm and preset, else the defaults.

    Return None in a portal without scenarios.
    """
    scenarios = Scenario.objects.exclude(num_cameras=0)
    found = [scenarios.filter(slug=slug).first() for slug in (asked.get("scenario"), USUAL["scenario"]) if slug]
    scenario = next(filter(None, found), None) or scenarios.first()
    if scenario is None:
        return None
    team = asked.get("team") if asked.get("team") in TEAMS else USUAL["team"]
    algorithm = asked.get("algorithm") if asked.get("algorithm") in configuration.ALGORITHMS else USUAL["algorithm"]
    if not configuration.ALGORITHMS[algorithm].can_train(team):
        algorithm = next(iter(configuration.algorithms_of(team)))
    preset = asked.get("preset") if asked.get("preset") in configuration.PRESETS else USUAL["preset"]
    return scenario, team, algorithm, preset


def describe_form(form: TrainingForm) -> dict[str, Any]:
    pace = paces.pace_of(form.scenario, form.team, form.algorithm, form.preset)
    algorithms = [
        (name, in_language(algorithm.title), in_language(algorithm.explanation))
        for name, algorithm in configuration.algorithms_of(form.team).items()
    ]
    return {
        "form": form,
        "scenarios": Scenario.objects.exclude(num_cameras=0),
        "teams": TEAM_CHOICES,
        "algorithms": algorithms,
        "explanation": configuration.ALGORITHMS[form.algorithm].explanation,
        "presets": list(configuration.PRESETS.items()),
        "preset_explanation": f"{configuration.PRESETS[form.preset]}.",
        **domain.describe_trainers(),
        "pace": pace,
        "span": forecast(form, pace),
    }


def forecast(form: TrainingForm, pace: paces.Pace | None) -> Span | None:
    """Return the time that the form's steps would take at this pace."""
    try:
        steps = form.fields["steps"].clean(form["steps"].value())
    except ValidationError:
        return None
    return pace.forecast(steps) if pace and steps else None


# The page of a training


@require_safe
@takes("state")
def training(request: HttpRequest, run_id: int) -> HttpResponse:
    """The page of a training. For htmx, only the part that changes during training."""
    rows = TrainingRun.objects.select_related(
        "scenario", "owner", "opponent", "start_from", "agent", "milestone_tournament", "reevaluation"
    )
    run = get_object_or_404(rows, pk=run_id)
    context = describe(request, run)
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "training/refresh.html", context)
        if request.GET.get("state", run.state) != run.state:
            response["HX-Refresh"] = "true"  # The buttons have changed.
        return response
    return render(request, "training/training.html", context)


def describe(request: HttpRequest, run: TrainingRun) -> dict[str, Any]:
    points = list(run.points.all())
    milestones = list(run.milestones.select_related("agent"))
    played = [row for row in milestones if row.payoff is not None]
    ends = [end for row in played for end in interval_of(row) if end is not None]
    return {
        "run": run,
        "is_moving": run.state in MOVING,
        "actions": buttons_of(run) if may_change(request.user, run) else [],
        "extension": ExtendTrainingForm() if run.state in EXTENDABLE and may_change(request.user, run) else None,
        "evaluation": follow_evaluation(run),
        "waiting_reason": domain.explain_waiting(run) if run.state == TrainingState.WAITING else "",
        "steps_expected": paces.steps_expected(run),
        "rest": paces.forecast_rest(run),
        "charts": [(chart, told) for chart, told in draw_curves([[run]]) if not chart.is_empty],
        "phases": list_phases(run),
        "points": points[: -LAST_POINTS - 1 : -1],
        "num_points": len(points),
        "milestones": [(row, *interval_of(row)) for row in milestones],
        "best": max(played, key=lambda row: row.payoff or 0.0, default=None),
        "axis": (min(ends), max(ends)) if ends else (0.0, 1.0),
        "settings": list_settings(run),
    }


def follow_evaluation(run: TrainingRun) -> organising.Progress | None:
    """Return the progress of an evaluation's matches; None if there is no evaluation."""
    tournament = run.reevaluation or run.milestone_tournament
    if run.state != TrainingState.EVALUATING or tournament is None:
        return None
    return organising.progress(tournament)


def interval_of(row: Milestone) -> tuple[float | None, float | None]:
    """Return the 95 % interval of a milestone's payoff."""
    return measuring.interval(row.payoff or 0.0, row.error, row.num_episodes)


def list_phases(run: TrainingRun) -> list[tuple[str, str]]:
    """Return the phases of a training, each with "done", "now" or "".

    They show progress, because a start takes half a minute.
    """
    has_begun = bool(run.progress.get("iteration"))
    now = {
        TrainingState.WAITING: 0,
        TrainingState.TRAINING: 2 if has_begun else 1,
        TrainingState.PAUSED: 2,
        TrainingState.EVALUATING: 4 if run.reevaluation_id else 3,
        TrainingState.FINISHED: 5,
    }.get(TrainingState(run.state))
    names = (
        _("Waiting for a trainer"),
        _("Loading Ray and the networks"),
        _("Training"),
        _("Playing the milestones"),
        _("Playing the best again"),
    )
    if now is None:
        return []
    return [(name, "done" if place < now else "now" if place == now else "") for place, name in enumerate(names)]


def list_settings(run: TrainingRun) -> list[dict[str, Any]]:
    """Return all hyperparameters of a run with the preset's values; those that differ come first."""
    values = run.configuration.get("hyperparameters", {})
    defaults = configuration.defaults(run.preset, run.algorithm, run.team)
    settings = [
        {
            "name": title_of(name),
            "value": tell_value(write_value(value)),
            "meaning": configuration.HYPERPARAMETERS[name].meaning if name in configuration.HYPERPARAMETERS else "",
            "default": tell_value(write_value(defaults[name])) if name in defaults else "",
        }
        for name, value in values.items()
    ]
    return sorted(settings, key=lambda setting: setting["value"] == setting["default"])


# Changes to a training


EXTENDABLE = (*domain.EXTENDABLE, TrainingState.TRAINING)
ACTIONS = {
    "pause": SteeringAction(
        gettext_lazy("Pause"),
        (TrainingState.WAITING, TrainingState.TRAINING),
        domain.pause_training,
        gettext_lazy("It pauses once its state is written, within seconds."),
    ),
    "resume": SteeringAction(
        gettext_lazy("Resume"),
        domain.RESUMABLE,
        domain.resume_training,
        gettext_lazy("It goes on from its last state."),
    ),
    "cancel": SteeringAction(
        gettext_lazy("Cancel training"),
        (*domain.OPEN, TrainingState.FAILED),
        domain.cancel_training,
        gettext_lazy("Cancelled. It can be resumed from its last saved state."),
        ask_to_cancel_training,
    ),
}


def buttons_of(run: TrainingRun) -> list[Button]:
    """Return the actions that are possible now for a training. A pending pause can be revoked."""
    found = list_buttons(run, ACTIONS, "training_act")
    if run.state != TrainingState.TRAINING or run.wanted != "pause":
        return found
    instead = Button("resume", _("Do not pause"), reverse("training_act", args=[run.pk, "resume"]), None)
    return [instead if button.name == "pause" else button for button in found]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes(form=["steps"])
def act(request: HttpRequest, run_id: int, action: str) -> HttpResponse:
    """Pause, resume, cancel or extend a training. Cancelling asks for confirmation first."""
    run = get_object_or_404(TrainingRun, pk=run_id)
    if request.method != "POST":
        return ask_first(request, run, ACTIONS, action, reverse("training", args=[run.pk]))
    if action == "extend":
        return extend(request, run)
    steer(request, run, ACTIONS, action)
    return redirect("training", run.pk)


def extend(request: HttpRequest, run: TrainingRun) -> HttpResponse:
    """Extend a training by the steps of the form. If this is refused, return the page with the form's errors."""
    insist_on_change(request.user, run)
    form = ExtendTrainingForm(request.POST)
    if form.is_valid():
        try:
            with quotas.within(request.user, "trainings"):
                domain.extend_training(run, form.cleaned_data["steps"])
            messages.success(request, _("The training now makes %(count)s steps.") % {"count": f"{run.steps_wanted:,}"})
            return redirect("training", run.pk)
        except (domain.TrainingRefused, quotas.QuotaExceeded) as refusal:
            form.tell(refusal)
    return render(request, "training/training.html", describe(request, run) | {"extension": form}, status=400)
