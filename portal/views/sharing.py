"""Boards for other sites: a picture for link previews, and a table to embed."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from portal.server.headers import embeddable
from portal.server.visitor_pages import kept_for_visitors
from portal.sharing.cards import draw_board
from tournament import boards
from tournament.boards import Board
from tournament.models import Scenario

EMBEDDED_LINES = 10


def find_board(slug: str) -> Board:
    board = boards.latest_board(get_object_or_404(Scenario, slug=slug))
    if board is None:
        raise Http404("Nothing is rated in this scenario yet.")
    return board


@require_safe
@kept_for_visitors(60)
def board_picture(request: HttpRequest, slug: str) -> HttpResponse:
    """A PNG picture of the newest board."""
    response = HttpResponse(draw_board(find_board(slug)), content_type="image/png")
    response["Cache-Control"] = "public, max-age=600"
    return response


@require_safe
@kept_for_visitors(60)
@embeddable
def embedded_board(request: HttpRequest, slug: str) -> HttpResponse:
    """The first rows of both teams' boards, for frames on other sites."""
    board = find_board(slug)
    sides = [(team, lines[:EMBEDDED_LINES]) for team, lines in (("camera", board.cameras), ("target", board.targets))]
    return render(request, "leaderboards/embedded.html", {"board": board, "sides": sides})
