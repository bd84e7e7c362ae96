"""PSRO runs: the list, the form of a new one, and the page of one."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from mate import Team
from portal.actions.confirming import ask_to_cancel_run
from portal.actions.starting import start
from portal.actions.steering import SteeringAction, ask_first, list_buttons, steer
from portal.drawing import heatmaps, psro_plots
from portal.drawing.psro_plots import Bounded
from portal.forms.psro import PsroForm, list_solvers, wishes_like
from portal.forms.steering import ExtendRunForm, ForkForm
from portal.inputs import takes
from portal.listing.lists import LIST, find_like, list_page
from portal.people import quotas
from portal.people.permissions import insist_on_change, may_change
from portal.sharing.downloading import answer_populations, read_networks
from portal.templatetags.arena import percent
from portal.texts import in_language
from portal.wording import tell_name
from tournament import organising, psro_runs, trainings
from tournament.meta_solvers import META_SOLVERS
from tournament.models import Pairing, PsroIteration, PsroKind, PsroPhase, PsroRound, PsroRun, PsroState, Scenario
from tournament.psro_runs import PopulationMember

USUAL_SCENARIO = "mate-2v4-0"


@require_safe
@takes(*LIST)
def runs(request: HttpRequest) -> HttpResponse:
    found = PsroRun.objects.select_related("scenario", "owner", "camera_agent", "target_agent")
    listed = list_page(request, found)
    rows = [(run, psro_runs.iterations_done(run), name_method(run)) for run in listed["page"]]
    return render(request, "psro/runs.html", {**listed, "rows": rows})


def name_method(run: PsroRun) -> str:
    """Return how a run finds its strategies: its meta-solver's title, or its kind."""
    if run.kind == PsroKind.ORDINARY:
        return in_language(META_SOLVERS[run.meta_solver].title)
    return str(PsroKind(run.kind).label)


# A new run


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes(*PsroForm.names(), "like", form=PsroForm.names())
def create(request: HttpRequest) -> HttpResponse:
    asked: QueryDict = request.POST if request.method == "POST" else request.GET
    earlier = find_like(request, PsroRun.objects.select_related("scenario").filter(upload=None))
    asked, rest = wishes_like(earlier) if earlier else (asked, {})
    scenarios = Scenario.objects.exclude(num_cameras=0)
    wanted = (asked.get("scenario"), USUAL_SCENARIO)
    scenario = next(filter(None, (scenarios.filter(slug=slug).first() for slug in wanted)), None) or scenarios.first()
    if scenario is None:
        return render(request, "leaderboards/none.html", status=404)
    form = PsroForm(scenario, request.POST if request.method == "POST" else None, asked, rest)
    if request.method == "POST" and (made := start(form, request.user, psro_runs.create_run, "psro")):
        return redirect("psro_run", made.pk)
    context = {"form": form, "scenarios": scenarios, **trainings.describe_trainers()}
    template = "psro/fields.html" if request.htmx else "psro/create.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=400 if form.errors else 200)


# The page of a run


@require_safe
@takes("iteration", "seen")
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """The page of a run; its slider loads it again for another iteration.

    For other htmx requests, only the part that changes.
    """
    row = get_object_or_404(PsroRun.objects.select_related("scenario", "owner", "forked_from", "upload"), pk=run_id)
    if request.htmx and request.htmx.target != "iteration":  # type: ignore[attr-defined]
        context = describe(request, row)
        response = render(request, "psro/progress.html", context)
        if request.GET.get("seen", context["seen"]) != context["seen"]:
            response["HX-Refresh"] = "true"  # The state has changed: reload the whole page.
        return response
    return show(request, row)


def show(request: HttpRequest, row: PsroRun, status: int = 200, **bound: Any) -> HttpResponse:
    """Return the whole page. `bound` holds refused forms, which replace the empty ones."""
    solved = list(row.iterations.filter(phase=PsroPhase.SOLVED).select_related("camera", "target"))
    can_extend = row.state in EXTENDABLE and may_change(request.user, row) and not row.upload_id
    can_fork = solved and request.user.is_authenticated and not row.upload_id
    context = (
        describe(request, row)
        | describe_solved(request, row, solved)
        | {
            "extension": ExtendRunForm() if can_extend else None,
            "fork": ForkForm(row, [one.number for one in solved]) if can_fork else None,
        }
    )
    return render(request, "psro/run.html", context | bound, status=status)


def describe(request: HttpRequest, row: PsroRun) -> dict[str, Any]:
    num_solved = row.iterations.filter(phase=PsroPhase.SOLVED).count()
    newest = row.iterations.select_related("camera_training", "target_training", "tournament").last()
    refined = newest.rounds.last() if newest and newest.phase == PsroPhase.REFINING else None
    is_playing = newest is not None and newest.phase == PsroPhase.PLAYING
    is_training = newest is not None and newest.phase == PsroPhase.TRAINING
    tournament = newest.tournament if newest and is_playing else refined.tournament if refined else None
    return {
        "run": row,
        "method": name_method(row),
        "solver": next(one for one in list_solvers() if one["name"] == row.meta_solver),
        "newest": newest,
        "is_moving": row.state == PsroState.RUNNING,
        "done": psro_runs.iterations_done(row),
        "seen": f"{row.state}-{num_solved}",
        "round": refined,
        "trainings": psro_runs.trainings_of(row) if is_training or refined else [],
        "progress": organising.progress(tournament) if tournament else None,
        "remaining": psro_runs.estimate_rest(row),
        "actions": list_buttons(row, ACTIONS, "psro_act")
        if may_change(request.user, row) and not row.upload_id
        else [],
    }


def describe_solved(request: HttpRequest, row: PsroRun, solved: list[PsroIteration]) -> dict[str, Any]:
    """Return the context for the solved iterations, with the payoffs of the requested iteration."""
    if not solved:
        return {"solved": []}
    wanted = request.GET.get("iteration", "")
    shown = next((one for one in solved if str(one.number) == wanted), solved[-1])
    pools: dict[str, list[psro_runs.PopulationMember]] = {
        team: psro_runs.members(row, team, solved[-1].number) for team in Team
    }
    return {
        "solved": solved,
        "solved_last": solved[-1].number,
        "shown": shown,
        "rows": mark_rises(list(map(describe_iteration, solved))),
        "rounds": list(map(describe_round, shown.rounds.all())),
        "nash_conv": psro_plots.draw_intervals(
            [bound(one) for one in solved if "nash_conv" in one.figures], "NashConv", shown.number
        ),
        "failed": [one["number"] for one in map(describe_iteration, solved) if has_failed(one)],
        "strategies": [describe_strategies(row, team, pools[team], solved, shown) for team in Team],
        **describe_payoffs(row, shown, pools),
    }


def bound(iteration: PsroIteration) -> Bounded:
    """Return NashConv with its interval for the previous iteration's strategies, to which this one responds."""
    low, high = iteration.figures.get("nash_conv_interval") or (None, None)
    return Bounded(iteration.number - 1, iteration.figures["nash_conv"], low, high)


def describe_iteration(iteration: PsroIteration) -> dict[str, Any]:
    told = bound(iteration) if "nash_conv" in iteration.figures else None
    gains = [describe_gain(iteration.figures.get(f"{team}_gain")) for team in Team]
    return {"number": iteration.number, "nash_conv": told, "gains": gains, "figures": iteration.figures}


def mark_rises(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mark the iterations whose NashConv surely lies above that of an earlier one, with `has_risen`."""
    least = None
    for row in rows:
        told = row["nash_conv"]
        row["has_risen"] = bool(told and told.low is not None and least is not None and told.low > least)
        if told and told.high is not None:
            least = told.high if least is None else min(least, told.high)
    return rows


def describe_round(row: PsroRound) -> dict[str, Any]:
    """Return a round of anytime PSRO: each team's strategy, and its payoff against the other team's response."""
    found: dict[str, Any] = {"row": row}
    for team in Team:
        strategy, gains = getattr(row, f"{team}_strategy"), getattr(row, f"{team}_gains")
        found[team] = {
            "strategy": ", ".join(percent(share) for share in strategy),
            "payoff": sum(a * b for a, b in zip(strategy, gains, strict=True)) if gains else None,
            "training": getattr(row, f"{team}_training_id"),
        }
    return found


def has_failed(iteration: dict[str, Any]) -> bool:
    """Return whether a response of the iteration failed, so that its NashConv has no upper limit."""
    return any(gain and gain.get("verdict") == "failed" for gain in iteration["gains"])


REMARKS = {
    "none": ("", gettext_lazy("no better answer")),
    "failed": ("bad", gettext_lazy("response failed")),
    "unknown": ("warn", gettext_lazy("not known: its episodes do not differ")),
}
"""Tone and text of a badge by `accounts.ResponseVerdict`."""


def describe_gain(gain: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a best response's gain with its remark.

    In figures of an earlier version, the verdict comes from `is_answer`.
    """
    if gain is None:
        return None
    verdict = gain.get("verdict", "better" if gain["is_answer"] else "none")
    return gain | {"remark": REMARKS.get(verdict)}


def describe_strategies(
    row: PsroRun, team: str, pool: list[PopulationMember], solved: list[PsroIteration], shown: PsroIteration
) -> dict[str, Any]:
    """Return a team's strategies: the chart over iterations, and for each agent its origin and its share in `shown`."""
    shares = [one.camera_strategy if team == Team.CAMERA else one.target_strategy for one in solved]
    origins = {
        one.number: one
        for one in row.iterations.defer("table").select_related(
            f"{team}_training__opponent", f"{team}_training__start_from"
        )
    }
    place = solved.index(shown)
    members = []
    for number, member in enumerate(pool):
        origin = origins.get(member.iteration) if member.iteration else None
        members.append(
            {
                "member": member,
                "colour": psro_plots.colour(number, len(pool)),
                "shares": [each[number] if number < len(each) else None for each in shares],
                "share": share_in(shares[place], number),
                "training": getattr(origin, f"{team}_training") if origin else None,
            }
        )
    title = _("Cameras' strategies") if team == Team.CAMERA else _("Targets' strategies")
    svg = psro_plots.draw_strategies(shares, title, place)
    return {"team": team, "title": title, "svg": svg, "members": members}


def share_in(strategy: list[float], number: int) -> float | None:
    """Return a member's share in a strategy; None if it was not in the population yet."""
    return strategy[number] if number < len(strategy) else None


def describe_payoffs(row: PsroRun, shown: PsroIteration, pools: dict[str, list[PopulationMember]]) -> dict[str, Any]:
    """Return an iteration's payoffs for the heat map and the table."""
    size = {team: len(getattr(shown, f"{team}_strategy")) for team in Team}
    cameras, targets = (pools[team][: size[team]] for team in Team)
    found = find_pairings(row.scenario, cameras, targets)
    pairings = [[found.get((key_of(camera), key_of(target))) for target in targets] for camera in cameras]
    table = shown.table
    lines = [
        (camera, [
            {"payoff": table["payoff"][i][j], "error": table["error"][i][j], "count": table["count"][i][j],
            "pairing": pairings[i][j]}
            for j in range(len(targets))
        ])
        for i, camera in enumerate(cameras)
    ]  # fmt: skip
    payoffs = {
        "cameras": [{"name": tell_name(one.name), "nash": share} for one,
        share in zip(cameras, shown.camera_strategy, strict=True)],
        "targets": [{"name": tell_name(one.name), "nash": share} for one,
        share in zip(targets, shown.target_strategy, strict=True)],
        "payoff": table["payoff"], "error": table["error"], "count": table["count"], "pairing": pairings,
        "address": reverse("pairing", args=[0]),
    }  # fmt: skip
    return {
        "payoffs": payoffs,
        **heatmaps.describe_map(payoffs),
        "payoff_lines": lines,
        "payoff_targets": targets,
    }


def key_of(member: PopulationMember) -> int | None:
    return member.agent.pk if member.agent else None


def find_pairings(
    scenario: Scenario, cameras: list[PopulationMember], targets: list[PopulationMember]
) -> dict[tuple[int | None, int | None], int]:
    """Return the keys of the existing pairings by camera and target."""
    rows = Pairing.objects.filter(
        scenario=scenario, camera__in=filter(None, map(key_of, cameras)), target__in=filter(None, map(key_of, targets))
    )
    return {(camera, target): key for key, camera, target in rows.values_list("pk", "camera_id", "target_id")}


@require_safe
@takes("format")
def download(request: HttpRequest, run_id: int) -> HttpResponseBase:
    """Both populations and their strategies as one file, without agents that the user may not download."""
    run = get_object_or_404(PsroRun.objects.select_related("scenario"), pk=run_id)
    return answer_populations(request.user, run, read_networks(request))


# Changes to a run


EXTENDABLE = (*psro_runs.OPEN, PsroState.FINISHED)
ACTIONS = {
    "pause": SteeringAction(
        gettext_lazy("Pause"),
        (PsroState.RUNNING,),
        psro_runs.pause_run,
        gettext_lazy("It pauses: trainings write their state first."),
    ),
    "resume": SteeringAction(
        gettext_lazy("Resume"), psro_runs.RESUMABLE, psro_runs.resume_run, gettext_lazy("It goes on where it stood.")
    ),
    "cancel": SteeringAction(
        gettext_lazy("Cancel run"),
        psro_runs.OPEN,
        psro_runs.cancel_run,
        gettext_lazy("Cancelled. What it has made stays."),
        ask_to_cancel_run,
    ),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes(form=["iterations", "number", "meta_solver", "name"])
def act(request: HttpRequest, run_id: int, action: str) -> HttpResponse:
    """Pause, resume, cancel, extend or fork a run. Any user may fork."""
    row = get_object_or_404(PsroRun, pk=run_id)
    if request.method != "POST":
        return ask_first(request, row, ACTIONS, action, reverse("psro_run", args=[row.pk]))
    if action in FORMS:
        return FORMS[action](request, row)
    steer(request, row, ACTIONS, action)
    return redirect("psro_run", row.pk)


def extend(request: HttpRequest, row: PsroRun) -> HttpResponse:
    """Extend a run by the iterations of the form. If this is refused, return the page with the form's errors."""
    insist_on_change(request.user, row)
    form = ExtendRunForm(request.POST)
    if form.is_valid():
        try:
            with quotas.within(request.user, "psro"):
                psro_runs.extend_run(row, form.cleaned_data["iterations"])
            messages.success(request, _("The run now has %(count)d iterations.") % {"count": row.iterations_wanted})
            return redirect("psro_run", row.pk)
        except (psro_runs.PsroRefused, quotas.QuotaExceeded) as refusal:
            form.tell(refusal)
    return show(request, row, 400, extension=form)


def fork(request: HttpRequest, row: PsroRun) -> HttpResponse:
    """Create the fork that the form describes; any user may.

    If this is refused, return the page with the form's errors.
    """
    solved = row.iterations.filter(phase=PsroPhase.SOLVED).values_list("number", flat=True)
    form = ForkForm(row, list(solved), request.POST)
    if made := start(form, request.user, partial(psro_runs.fork_run, row), "psro"):
        return redirect("psro_run", made.pk)
    return show(request, row, 400, fork=form)


FORMS = {"extend": extend, "fork": fork}
