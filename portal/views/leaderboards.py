"""The leaderboard of each scenario."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from tournament import boards
from tournament.boards import Board, Cell, Line
from tournament.models import Scenario, Tournament


@require_safe
def leaderboards(request: HttpRequest) -> HttpResponse:
    """Leads to the scenario most is known about."""
    board = boards.busiest_board()
    scenario = (
        board.snapshot.scenario
        if board
        else Scenario.objects.filter(name="MATE-4v8-9").first() or Scenario.objects.first()
    )
    if scenario is None:
        return render(request, "leaderboards/none.html")
    return redirect("leaderboard", scenario.slug)


@require_safe
def leaderboard(request: HttpRequest, slug: str) -> HttpResponse:
    scenario = get_object_or_404(Scenario, slug=slug)
    board = boards.latest_board(scenario)
    rated = list(boards.rated_scenarios())
    context = {
        "scenario": scenario,
        "rated": rated if board else [scenario, *rated],
        "unrated": Scenario.objects.exclude(pk__in=[scenario.pk, *(row.pk for row in rated)]),
        "board": board,
        "tournaments": Tournament.objects.filter(scenario=scenario).select_related("scenario", "owner")[:5],
        **describe_board(board),
    }
    return render(request, "leaderboards/leaderboard.html", context)


def describe_board(board: Board | None) -> dict[str, Any]:
    """The payoffs, as the heat map reads them and as rows of the table below it."""
    if board is None:
        return {}
    cameras = [describe_line(line) for line in board.cameras]
    targets = [describe_line(line) for line in board.targets]
    cells = [[describe_cell(cell) for cell in row] for row in boards.payoff_cells(board)]
    return {
        "camera_axis": boards.axis_of(board.cameras),
        "target_axis": boards.axis_of(board.targets),
        "meta_game": {"cameras": cameras, "targets": targets, "cells": cells},
        "meta_game_rows": list(zip(cameras, cells, strict=True)),
    }


def describe_line(line: Line) -> dict[str, Any]:
    return {"name": line.agent.name, "nash": line.rating.nash_mass or 0.0}


def describe_cell(cell: Cell | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    address = reverse("pairing", args=[cell.pairing])
    return {"url": address, "payoff": cell.payoff, "error": cell.error, "count": cell.count}
