"""Public profiles, export of a user's data, and deletion of accounts."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from portal.forms.accounts import DeletionForm
from portal.inputs import takes
from portal.people import leaving
from portal.server.visitor_pages import kept_for_visitors
from tournament import boards, queries
from tournament.models import PsroRun, Tournament, TrainingRun
from tournament.refusals import RequestRefused

FEW = 10
MOST_AGENTS = 200


@require_safe
@kept_for_visitors(30)
@takes()
def profile(request: HttpRequest, username: str) -> HttpResponse:
    """The public profile of a user. Deleted accounts have none."""
    owner = get_object_or_404(User, username=username, is_active=True)
    agents = queries.find_agents().filter(owner=owner).order_by("-created")[:MOST_AGENTS]
    tournaments = Tournament.objects.filter(owner=owner, purpose="", is_private=False)
    context = {
        "owner": owner,
        "agents": [(agent, boards.standings_of(agent)) for agent in agents[:FEW]],
        "num_agents": len(agents),
        "tournaments": tournaments.select_related("scenario")[:FEW],
        "trainings": TrainingRun.objects.filter(owner=owner, purpose="").select_related("scenario")[:FEW],
        "runs": PsroRun.objects.filter(owner=owner).select_related("scenario")[:FEW],
    }
    return render(request, "people/profile.html", context)


@login_required
@never_cache
@require_safe
@takes()
def download_data(request: HttpRequest) -> HttpResponse:
    """Everything that the portal stores about the user, as a JSON file."""
    found = leaving.export_data(request.user)  # type: ignore[arg-type]
    response = JsonResponse(found, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = 'attachment; filename="mate-arena-account.json"'
    return response


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@takes(form=DeletionForm.base_fields)
def delete_account(request: HttpRequest) -> HttpResponse:
    """Ask for the password, then delete the user's account."""
    form = DeletionForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            leaving.delete_account(request.user)  # type: ignore[arg-type]
        except RequestRefused as refusal:
            form.add_error(None, str(refusal))
        else:
            logout(request)
            messages.success(request, _("Your account is deleted."))
            return redirect("home")
    return render(request, "people/delete.html", {"form": form}, status=400 if form.is_bound else 200)
