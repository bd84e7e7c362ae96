"""The first page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tournament import boards, organising, queries
from tournament.models import Agent, Episode, Scenario, Tournament, TournamentState, Upload

FEW = 5


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    tournaments = Tournament.objects.select_related("scenario", "owner")
    running = tournaments.filter(state=TournamentState.PLAYING)[:FEW]
    context = {
        "counts": {
            "agents": Agent.objects.count(),
            "scenarios": Scenario.objects.count(),
            "episodes": Episode.objects.count(),
        },
        "num_workers": queries.live_workers().count(),
        "board": boards.busiest_board(),
        "running": [(tournament, organising.progress(tournament)) for tournament in running],
        "tournaments": tournaments[:FEW],
        "uploads": Upload.objects.select_related("owner")[:FEW],
    }
    return render(request, "home.html", context)
