"""The first page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.server.visitor_pages import kept_for_visitors
from tournament import boards, organising, queries
from tournament.models import Agent, Episode, Scenario, Tournament, TournamentState, Upload
from tournament.ratings import find_limit

FEW = 5


@require_safe
@kept_for_visitors(5)
def home(request: HttpRequest) -> HttpResponse:
    tournaments = Tournament.objects.select_related("scenario", "owner")
    running = tournaments.filter(state=TournamentState.PLAYING)[:FEW]
    board = boards.busiest_board()
    context = {
        "counts": {
            "agents": Agent.objects.count(),
            "scenarios": Scenario.objects.count(),
            "episodes": Episode.objects.count(),
        },
        "num_workers": queries.live_workers().count(),
        "board": board,
        "sides": [] if board is None else [side_of("camera", board.cameras), side_of("target", board.targets)],
        "running": [(tournament, organising.progress(tournament)) for tournament in running],
        "tournaments": tournaments[:FEW],
        "uploads": Upload.objects.select_related("owner")[:FEW],
    }
    return render(request, "home.html", context)


def side_of(team: str, lines: tuple[boards.Line, ...]) -> dict[str, Any]:
    """The first of a team's board, and the axis of their intervals."""
    least, most = boards.axis_of(lines[:FEW])
    limit = find_limit(team, [line.rating for line in lines])
    return {
        "team": team,
        "title": f"{team.capitalize()}s",
        "rows": lines[:FEW],
        "least": least,
        "most": most,
        "limit": limit,
    }
