"""Two PSRO runs head to head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from portal.forms.offering import FOUND, SHOWN, find_name
from portal.inputs import takes
from portal.keys import is_key
from portal.people import quotas
from portal.texts import in_language
from tournament import organising, psro_runs
from tournament.models import PsroRun, PsroState, TournamentState
from tournament.refusals import RequestRefused


@require_safe
@takes("first", "second", *map(find_name, ("first", "second")))
def compare(request: HttpRequest) -> HttpResponse:
    """The head to head of two finished runs of one scenario."""
    first, second = (_find(request.GET.get(name, "")) for name in ("first", "second"))
    offered, has_more = _offer(request.GET, first, second)
    context: dict[str, Any] = {"first": first, "second": second, "offered": offered, "has_more": has_more}
    status = 200
    if first and second:
        try:
            psro_runs.check_pair(first, second)
            context |= describe(first, second)
        except psro_runs.PsroRefused as refusal:
            context["refused"] = [in_language(text) for _field, text in refusal.problems]
            status = 400
    return render(request, "psro/compare.html", context, status=status)


@login_required
@require_POST
@takes(form=["first", "second"])
def play(request: HttpRequest) -> HttpResponse:
    """Have the episodes played that a head to head needs."""
    first, second = (_find(request.POST.get(name, "")) for name in ("first", "second"))
    if first is None or second is None:
        return redirect("psro_compare")
    try:
        with quotas.within(request.user, "tournaments", "episodes"):
            psro_runs.start_comparison(first, second, request.user)
    except RequestRefused as refusal:
        messages.error(request, " ".join(in_language(text) for _field, text in refusal.problems))
    return redirect(f"{reverse('psro_compare')}?{urlencode({'first': first.pk, 'second': second.pk})}")


def _find(key: str) -> PsroRun | None:
    rows = PsroRun.objects.select_related("scenario", "camera_agent", "target_agent")
    return get_object_or_404(rows, pk=key) if is_key(key) else None


def _list_finished(scenario: str = "") -> QuerySet[PsroRun]:
    """Return the finished runs, newest first; only those of a scenario, if its slug is given."""
    runs = PsroRun.objects.filter(state=PsroState.FINISHED).select_related("scenario")
    return runs.filter(scenario__slug=scenario) if scenario else runs


def _offer(asked: Mapping[str, str], *chosen: PsroRun | None) -> tuple[list[PsroRun], bool]:
    """Return the runs to choose from, newest first, and whether there are more.

    They are finished, and of the scenario of the chosen ones. Of many, they are the newest, the chosen ones and those
    that a search finds.
    """
    kept = [run for run in chosen if run]
    runs = _list_finished(kept[0].scenario.slug if kept else "")
    newest = list(runs[: SHOWN + 1])
    searches = (_clean(asked.get(find_name(name), "")) for name in ("first", "second"))
    found = [run for text in searches if text for run in runs.filter(name__icontains=text)[:FOUND]]
    offered = {run.pk: run for run in [*newest[:SHOWN], *found, *kept]}.values()
    return sorted(offered, key=lambda run: (run.created, run.pk), reverse=True), len(newest) > SHOWN


def _clean(search: str) -> str:
    return search.replace("\0", "").strip()[:100]


@require_safe
@takes("scenario", "search")
def pick(request: HttpRequest) -> HttpResponse:
    """The finished runs whose names contain the text in a picker."""
    runs = _list_finished(request.GET.get("scenario", "").replace("\0", ""))
    search = _clean(request.GET.get("search", ""))
    return render(request, "psro/options.html", {"options": runs.filter(name__icontains=search)[:FOUND]})


def describe(first: PsroRun, second: PsroRun) -> dict[str, Any]:
    """Return what is known of a pair: the figures, or the tournament that plays what they need."""
    found = psro_runs.judge_comparison(first, second)
    row = psro_runs.find_comparison(first, second)
    played = row.tournament if row else None
    is_playing = played is not None and played.state == TournamentState.PLAYING
    rows = zip((first, second), found.payoffs, strict=True) if found else ()
    return {
        "found": found,
        "rows": list(rows),
        "leader": None if found is None or found.leader is None else (first, second)[found.leader],
        "played": played,
        "progress": organising.progress(played) if played and is_playing else None,
        "is_complete": bool(found is None and played and played.state == TournamentState.FINISHED),
    }
