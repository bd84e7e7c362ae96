"""The details of a row of a leaderboard: the hardest opponents, notable replays, the trend."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from mate import Team
from portal.server.visitor_pages import kept_for_visitors
from tournament import boards, history
from tournament.models import Agent, Episode, Scenario

OPPONENTS = 3


@require_safe
@kept_for_visitors(10)
def board_row(request: HttpRequest, slug: str, agent: str) -> HttpResponse:
    """The details below the row of an agent. The page of the agent has all of them."""
    scenario = get_object_or_404(Scenario, slug=slug)
    row = get_object_or_404(Agent, slug=agent)
    board = boards.latest_board(scenario)
    line = next((one for one in board.of(row.team) if one.agent.pk == row.pk), None) if board else None
    if board is None or line is None:
        raise Http404
    context = {
        "agent": row,
        "scenario": scenario,
        "rating": line.rating,
        "hardest": find_hardest(board, line),
        "trend": history.past_of(board.snapshot, row.team).trends.get(row.digest, []),
    }
    return render(request, "leaderboards/row_detail.html", context)


def find_hardest(board: boards.Board, line: boards.BoardLine) -> list[dict[str, Any]]:
    """Return the opponents against which the agent's payoff is lowest, each with the agent's best and worst episode."""
    is_camera = line.agent.team == Team.CAMERA
    others = board.of(Team.TARGET if is_camera else Team.CAMERA)
    if is_camera:
        cells = boards.payoff_cells(board, (line,), others)[0]
    else:
        cells = [row[0] for row in boards.payoff_cells(board, others, (line,))]
    sign = 1 if is_camera else -1
    played = [(other.agent, cell) for other, cell in zip(others, cells, strict=True) if cell]
    played.sort(key=lambda one: sign * one[1].payoff)
    # The camera's payoff is the negative of the episode's reward.
    best, worst = (
        ("normalised_reward", "-normalised_reward") if is_camera else ("-normalised_reward", "normalised_reward")
    )
    return [
        {
            "agent": agent,
            "pairing": cell.pairing,
            "payoff": sign * cell.payoff,
            "error": cell.error,
            "best": Episode.objects.filter(pairing=cell.pairing).order_by(best).values_list("pk", flat=True).first(),
            "worst": Episode.objects.filter(pairing=cell.pairing).order_by(worst).values_list("pk", flat=True).first(),
        }
        for agent, cell in played[:OPPONENTS]
    ]
