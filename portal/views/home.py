"""The home page: introduction, leading agents and current activity; for signed-in users also their own objects."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from mate import Team
from portal.server.visitor_pages import kept_for_visitors
from portal.views.leaderboards import OF_OTHERS
from portal.wording import TEAM_TITLES
from tournament import boards, history, organising, queries, totals, visibility
from tournament.models import (
    Agent,
    Episode,
    Pairing,
    PsroRun,
    Scenario,
    Tournament,
    TournamentState,
    TrainingRun,
    Upload,
)
from tournament.ratings import find_limit

FEW, RUNNING = 5, 3
"""Number of rows of each list, and of running tournaments, whose progress costs queries."""
STEPS = (
    (
        "upload_create",
        "upload",
        gettext_lazy("Upload checkpoint"),
        gettext_lazy("It becomes an agent and gets a rank."),
    ),
    (
        "training_create",
        "graduation-cap",
        gettext_lazy("Start training"),
        gettext_lazy("Train an agent against another."),
    ),
    (
        "tournament_create",
        "swords",
        gettext_lazy("Start tournament"),
        gettext_lazy("Rank agents, or test if one is better."),
    ),
)
"""Next steps for users: URL name, icon, action, result."""


@require_safe
@kept_for_visitors(5)
def home(request: HttpRequest) -> HttpResponse:
    tournaments = Tournament.objects.exclude(purpose__in=OF_OTHERS).select_related("scenario", "owner")
    tournaments = tournaments.filter(is_private=False)
    running = tournaments.filter(state=TournamentState.PLAYING)[:RUNNING]
    board = boards.busiest_board()
    context = {
        "counts": {
            "agents": Agent.objects.filter(is_listed=True).count(),
            "scenarios": Scenario.objects.count(),
            "episodes": totals.count(),
        },
        "num_workers": queries.live_workers().count(),
        "board": board,
        "sides": [] if board is None else [describe_side(board, team) for team in TEAM_TITLES],
        "show": find_show(board),
        "scenario": board.snapshot.scenario if board else Scenario.objects.filter(name="MATE-4v8-9").first(),
        "running": [(tournament, organising.progress(tournament)) for tournament in running],
        "tournaments": tournaments[:FEW],
        "newest": queries.find_agents().exclude(kind="builtin").order_by("-created")[:FEW],
        "trainings": TrainingRun.objects.filter(purpose="").select_related("scenario")[:FEW],
        "steps": STEPS,
        "mine": find_mine(request.user, board),
    }
    return render(request, "home.html", context)


def describe_side(board: boards.Board, team: str) -> dict[str, Any]:
    """Return the first rows of a team's board with their changes of rank, and the axis of their intervals."""
    lines = board.of(team)
    moves = history.past_of(board.snapshot, team).moves
    least, most = boards.axis_of(lines[:FEW])
    return {
        "team": team,
        "title": TEAM_TITLES[Team(team)],
        "rows": [
            {"agent": line.agent, "rating": line.rating, "move": moves.get(line.agent.digest, 0)}
            for line in lines[:FEW]
        ],
        "least": least,
        "most": most,
        "limit": find_limit(team, [line.rating for line in lines]),
    }


def find_show(board: boards.Board | None) -> Episode | None:
    """Return an episode of the best camera against the best target to watch; None if there is none."""
    if board is None or not board.cameras or not board.targets:
        return None
    pairing = Pairing.objects.filter(
        scenario=board.snapshot.scenario, camera=board.cameras[0].agent, target=board.targets[0].agent
    ).first()
    episodes = Episode.objects.select_related("pairing__camera", "pairing__target", "pairing__scenario")
    return episodes.filter(pairing=pairing).order_by("-id").first() if pairing else None


def find_mine(user: User | AnonymousUser, board: boards.Board | None) -> dict[str, Any] | None:
    """Return a user's own agents with their ranks, uploads and runs; None for visitors."""
    if not user.is_authenticated:
        return None
    agents = list(queries.find_agents(viewer=user).filter(visibility.is_own(user)).order_by("-created")[:FEW])
    ranked = {line.agent.pk: line.rating for line in (*board.cameras, *board.targets)} if board else {}
    return {
        "agents": [(agent, ranked.get(agent.pk)) for agent in agents],
        "uploads": Upload.objects.filter(owner=user.pk)[:FEW],
        "trainings": TrainingRun.objects.filter(owner=user.pk, purpose="").select_related("scenario")[:FEW],
        "psro": PsroRun.objects.filter(owner=user.pk).select_related("scenario")[:FEW],
        "tournaments": Tournament.objects.filter(owner=user.pk).exclude(purpose__in=OF_OTHERS)[:FEW],
    }
