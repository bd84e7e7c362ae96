"""Uploads: the list, the form of a new one, and the page of one with the steps of its check."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from mate import Team
from portal.forms.uploads import UploadForm
from portal.inputs import takes
from portal.listing.lists import LIST, list_page
from portal.server import receiving
from tournament import boards, homes, organising, queries
from tournament.models import Agent, PsroRun, Scenario, Tournament, TournamentState, Upload
from tournament.placements import placements_of as find_placements
from tournament.visibility import seen_uploads

SORTS = {"name": "filename", "state": "state", "size": "size", "created": "created"}


@require_safe
@takes(*LIST)
def uploads(request: HttpRequest) -> HttpResponse:
    found = Upload.objects.select_related("owner").prefetch_related("agents")
    found = seen_uploads(found, request.user)
    return render(request, "uploads/uploads.html", list_page(request, found, "filename", SORTS))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes(form=UploadForm.base_fields)
def create(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render_form(request, UploadForm(initial={"place_in": usual_scenario()}, user=request.user))
    too_large = receiving.was_too_large(request)
    form = UploadForm(request.POST, request.FILES, was_too_large=too_large, user=request.user)
    if not form.is_valid():
        return render_form(request, form, status=413 if form.was_too_large else 400)
    data = form.cleaned_data
    try:
        upload = receiving.store_upload(
            request.user,
            data["file"],
            data["name"],
            data["team"],
            form.is_deterministic,
            place_in=None if data["is_private"] else data["place_in"],
            lab=data["lab"],
            is_private=data["is_private"],
        )
    except receiving.TooManyUploads as refusal:
        form.add_error("file", str(refusal))
        return render_form(request, form, status=429)
    return redirect("upload", upload.pk)


def usual_scenario() -> str | None:
    """Return the slug of the scenario with the most episodes, else of the default scenario."""
    board = boards.busiest_snapshot()
    usual = Scenario.objects.filter(name="MATE-4v8-9").first() or Scenario.objects.first()
    found = board.scenario if board else usual
    return found.slug if found else None


def render_form(request: HttpRequest, form: UploadForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "limit": receiving.describe_limit(), "limit_bytes": settings.ARENA_UPLOAD_LIMIT}
    return render(request, "uploads/create.html", context, status=status)


@require_safe
def upload(request: HttpRequest, upload_id: UUID) -> HttpResponse:
    """The page of one upload. For htmx, only the part that changes."""
    upload = get_object_or_404(Upload.objects.select_related("owner"), pk=upload_id)
    agents = list(upload.agents.all())
    placements = [describe_placement(tournament, agents) for tournament in find_placements(upload)]
    context = {
        "upload": upload,
        "agents": agents,
        "lineup": urlencode([("agents", agent.slug) for agent in agents]),
        "homeless": homes.find_homeless(agents) if agents else [],
        "runs": PsroRun.objects.filter(upload=upload),
        "placements": placements,
        "is_over": upload.is_over and not any(one["is_playing"] for one in placements),
        "num_workers": queries.live_workers().count(),
    }
    template = "uploads/progress.html" if request.htmx else "uploads/upload.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def describe_placement(tournament: Tournament, agents: list[Agent]) -> dict[str, Any]:
    """Return the progress of a placement, and the current ranks of its agents on the scenario's board."""
    is_playing = tournament.state == TournamentState.PLAYING
    board = boards.latest_board(tournament.scenario)
    keys = {agent.pk for agent in agents}
    lines = (
        [(team, line, len(board.of(team))) for team in Team for line in board.of(team) if line.agent.pk in keys]
        if board
        else []
    )
    return {
        "tournament": tournament,
        "is_playing": is_playing,
        "progress": organising.progress(tournament) if is_playing else None,
        "lines": [one for one in lines if one[1].rating.rating is not None],
    }
