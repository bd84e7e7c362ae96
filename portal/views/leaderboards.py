"""The leaderboard of each scenario: the newest and every earlier snapshot."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from mate import Team
from portal.drawing import heatmaps
from portal.inputs import takes
from portal.listing import columns
from portal.server.visitor_pages import kept_for_visitors
from portal.wording import TEAM_TITLES, tell_name
from tournament import attacks, boards, history
from tournament.arranging import by_similarity
from tournament.boards import Board, BoardLine, Cell
from tournament.models import Pairing, Purpose, Scenario, Tournament
from tournament.ratings import find_limit

ORDERS = {"rating": gettext_lazy("Elo"), "nash": gettext_lazy("Nash"), "similarity": gettext_lazy("similarity")}
TRUSTED = {"nash": gettext_lazy("Nash"), "deviation": gettext_lazy("Deviation"), "margin": gettext_lazy("Margin")}
"""Sort orders that a board may recommend instead of Elo: names and labels of columns."""
OF_OTHERS = (Purpose.MILESTONE, Purpose.PSRO, Purpose.ATTACK)
"""Purposes of tournaments that only their training, PSRO run or attack links to, and whose agents are not listed."""
SMALL_MASS = 0.01
LARGEST_TABLE = 600
"""Maximum number of cells of a payoff table on the page of its board. A larger table has its own page."""
LARGEST_PICTURE = 40_000
"""Maximum number of pairings of a heat map of all agents. Of larger boards, only the page of all payoffs shows them."""
BOARD = ("sort", "figures", "order", "team", "search", "page", "payoffs")
"""Query parameters of pages with a board."""
PAGE, PAYOFF_ROWS = 50, 20
LINES = 50
"""Number of rows of a board per page."""


@require_safe
def leaderboards(request: HttpRequest) -> HttpResponse:
    """Redirect to the board of the scenario with the most episodes."""
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
@kept_for_visitors(10)
@takes(*BOARD)
def leaderboard(request: HttpRequest, slug: str) -> HttpResponse:
    scenario = get_object_or_404(Scenario, slug=slug)
    board = boards.latest_board(scenario)
    rated = list(boards.rated_scenarios())
    context = {
        "scenario": scenario,
        "rated": rated if board else [scenario, *rated],
        "unrated": Scenario.objects.exclude(pk__in=[scenario.pk, *(row.pk for row in rated)]),
        "board": board,
        "tournaments": Tournament.objects.filter(scenario=scenario, is_private=False)
        .exclude(purpose__in=OF_OTHERS)
        .select_related("scenario", "owner")[:5],
        "citation": board and cite(request, board),
        **describe_board(board, request.GET),
    }
    return render(request, "leaderboards/leaderboard.html", context)


@require_safe
@takes("page")
def snapshots(request: HttpRequest, slug: str) -> HttpResponse:
    """All published snapshots of a scenario's board."""
    scenario = get_object_or_404(Scenario, slug=slug)
    page = Paginator(boards.snapshots_of(scenario).defer("table"), PAGE).get_page(request.GET.get("page"))
    return render(request, "leaderboards/snapshots.html", {"scenario": scenario, "page": page})


@require_safe
@kept_for_visitors(10)
@takes(*BOARD)
def snapshot(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """The snapshot of a leaderboard with a number. It never changes."""
    return show_snapshot(request, get_object_or_404(Scenario, slug=slug), number)


@require_safe
@kept_for_visitors(10)
@takes(*BOARD)
def tournament_snapshot(request: HttpRequest, tournament_id: int, number: int) -> HttpResponse:
    return show_snapshot(request, get_object_or_404(Tournament, pk=tournament_id), number)


def find_snapshot(of: Scenario | Tournament, number: int) -> Board:
    """Return a numbered board. Raises Http404 if there is none."""
    board = boards.numbered_board(of, number)
    if board is None:
        raise Http404(f"{of} has no snapshot number {number}.")
    return board


def show_snapshot(request: HttpRequest, of: Scenario | Tournament, number: int) -> HttpResponse:
    board = find_snapshot(of, number)
    before, after = boards.neighbours(board.snapshot)
    context = {
        "board": board,
        "scenario": board.snapshot.scenario,
        "tournament": board.snapshot.tournament,
        "before": before,
        "after": after,
        "citation": cite(request, board),
        **describe_board(board, request.GET),
    }
    return render(request, "leaderboards/snapshot.html", context)


@require_safe
@kept_for_visitors(10)
@takes("order", "page")
def payoffs(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """The payoff table of a snapshot, paginated by cameras, for boards that are too large for one page."""
    return show_payoffs(request, get_object_or_404(Scenario, slug=slug), number)


@require_safe
@kept_for_visitors(10)
@takes("order", "page")
def tournament_payoffs(request: HttpRequest, tournament_id: int, number: int) -> HttpResponse:
    return show_payoffs(request, get_object_or_404(Tournament, pk=tournament_id), number)


def show_payoffs(request: HttpRequest, of: Scenario | Tournament, number: int) -> HttpResponse:
    board = find_snapshot(of, number)
    cameras, targets = arrange(board, chosen_order(request.GET))
    page = Paginator(cameras, PAYOFF_ROWS).get_page(request.GET.get("page"))
    shown = tuple(page)
    cells = boards.payoff_cells(board, shown, targets)
    context = {
        "of": of,
        "number": number,
        "address": address_of(board, "snapshot"),
        "page": page,
        "targets": targets,
        "rows": list(zip(shown, cells, strict=True)),
    }
    return render(request, "leaderboards/payoffs.html", context)


def address_of(board: Board, page: str) -> str:
    """Return the address of a snapshot's page ("snapshot" or "payoffs"), for the board of a scenario or tournament."""
    snapshot = board.snapshot
    if snapshot.tournament_id:
        return reverse(f"tournament_{page}", args=[snapshot.tournament_id, snapshot.number])
    return reverse(page, args=[snapshot.scenario.slug, snapshot.number])


# The contexts of pages with boards, of scenarios and tournaments


def describe_board(board: Board | None, asked: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the table of the chosen team and the payoffs, in the requested orders."""
    if board is None:
        return {}
    asked = asked or {}
    order = chosen_order(asked)
    cameras, targets = arrange(board, order)
    has_table = len(cameras) * len(targets) <= LARGEST_TABLE
    is_drawable = len(cameras) * len(targets) <= LARGEST_PICTURE
    sort = columns.chosen_sort(asked)
    team = asked.get("team", "")
    return {
        "columns": columns.choose_columns(asked),
        "has_extra": columns.shows_all(asked),
        "sort": sort,
        "trusted": TRUSTED.get(board.cyclicity.trusted) if board.cyclicity else None,
        "teams": [(value, title, len(board.of(value))) for value, title in TEAM_TITLES.items()],
        "side": describe_side(board, team if team in TEAM_TITLES else Team.CAMERA, sort, asked),
        "kept": [(name, asked[name]) for name in ("team", "sort", "figures", "order") if asked.get(name)],
        "order": order,
        "orders": ORDERS.items(),
        "evolution": describe_evolution(board),
        **describe_map(board, order, is_drawable and asked.get("payoffs") == "all"),
        "is_drawable": is_drawable,
        "payoff_targets": targets,
        "payoff_address": address_of(board, "payoffs"),
        "payoff_rows": list(zip(cameras, boards.payoff_cells(board, cameras, targets), strict=True))
        if has_table
        else None,
    }


def describe_map(board: Board, order: str, is_whole: bool) -> dict[str, Any]:
    """Return the heat map of the first agents by Elo, or of all agents. Its data is inline if it is small."""
    cameras, targets = arrange(board, order)
    count = max(len(cameras), len(targets))
    if not is_whole:
        cameras, targets = choose_first(board.cameras, cameras), choose_first(board.targets, targets)
    cells = boards.payoff_cells(board, cameras, targets)
    figures = describe_payoffs(cameras, targets, cells)
    return {
        "payoffs": figures,
        **heatmaps.describe_map(figures, f"{address_of(board, 'payoffs')}figures/?{urlencode({'order': order})}"),
        "heatmap_left": count - max(len(cameras), len(targets)),
        "is_whole_map": is_whole and count > heatmaps.FIRST,
    }


def choose_first(ranked: tuple[BoardLine, ...], arranged: tuple[BoardLine, ...]) -> tuple[BoardLine, ...]:
    """Return the first lines of a ranking in the order of `arranged`."""
    first = {line.agent.pk for line in ranked[: heatmaps.FIRST]}
    return tuple(line for line in arranged if line.agent.pk in first)


@require_safe
@kept_for_visitors(10)
@takes("order")
def payoff_figures(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """All payoffs of a large heat map as JSON."""
    return show_figures(request, get_object_or_404(Scenario, slug=slug), number)


@require_safe
@kept_for_visitors(10)
@takes("order")
def tournament_payoff_figures(request: HttpRequest, tournament_id: int, number: int) -> HttpResponse:
    return show_figures(request, get_object_or_404(Tournament, pk=tournament_id), number)


def show_figures(request: HttpRequest, of: Scenario | Tournament, number: int) -> HttpResponse:
    board = find_snapshot(of, number)
    cameras, targets = arrange(board, chosen_order(request.GET))
    return JsonResponse(describe_payoffs(cameras, targets, boards.payoff_cells(board, cameras, targets)))


def describe_side(board: Board, team: str, sort: str, asked: Mapping[str, str]) -> dict[str, Any]:
    """Return a page of one team's table in the requested order, filtered by a part of the agents' names."""
    ranked = board.of(team)
    rivals = {line.agent.pk: find_rival(ranked, place) for place, line in enumerate(ranked)}
    search = asked.get("search", "").strip()[:100]
    found = [line for line in columns.sort_lines(ranked, sort) if search.lower() in line.agent.name.lower()]
    page = Paginator(found, LINES).get_page(asked.get("page"))
    past = history.past_of(board.snapshot, team)
    pairings = find_worst_pairings(board, list(page))
    least, most = boards.axis_of(ranked)
    found_by = attacks.strongest_of([line.agent for line in page], board.snapshot.scenario)
    return {
        "team": team,
        "title": TEAM_TITLES[Team(team)],
        "rows": [
            describe_row(board, line, rivals, pairings, past) | {"attack": found_by.get(line.agent.pk)} for line in page
        ],
        "page": page,
        "search": search,
        "limit": find_limit(team, [line.rating for line in ranked]),
        "least": least,
        "most": most,
    }


def find_worst_pairings(board: Board, lines: list[BoardLine]) -> dict[tuple[str, str], int]:
    """Return the keys of pairings of agents with their hardest opponents, by the digests of camera and target."""
    digests = {line.agent.digest for line in lines} | {line.rating.worst_opponent for line in lines}
    found = Pairing.objects.filter(
        scenario=board.snapshot.scenario, camera__digest__in=digests, target__digest__in=digests
    )
    return {
        (camera, target): key for key, camera, target in found.values_list("pk", "camera__digest", "target__digest")
    }


def describe_row(
    board: Board,
    line: BoardLine,
    rivals: Mapping[int, BoardLine | None],
    pairings: dict[tuple[str, str], int],
    past: history.Past,
) -> dict[str, Any]:
    """Return a row of the table: rating, rival, hardest opponent, change of rank, and trend."""
    worst = line.rating.worst_opponent or ""
    is_camera = line.agent.team == Team.CAMERA
    return {
        "line": line,
        "rating": line.rating,
        "rival": rivals[line.agent.pk],
        "worst": board.agents.get(worst),
        "worst_pairing": pairings.get((line.agent.digest, worst) if is_camera else (worst, line.agent.digest)),
        "move": past.moves.get(line.agent.digest, 0),
        "trend": past.trends.get(line.agent.digest, []),
    }


def describe_evolution(board: Board) -> dict[str, Any] | None:
    """Return the masses of alpha-Rank, largest first, and its sink components; None if the board has none."""
    found = board.alpha_rank
    if not found:
        return None
    sides = []
    for team, title in TEAM_TITLES.items():
        masses = sorted(found[f"{team}_mass"].items(), key=lambda item: -item[1])
        known = [(board.agents[digest], mass) for digest, mass in masses if digest in board.agents]
        rows = [(agent, mass) for agent, mass in known if mass >= SMALL_MASS]
        sides.append({"team": team, "title": title, "rows": rows, "left": len(known) - len(rows)})
    sinks = [
        sink | {key: [board.agents[one] for one in sink[key] if one in board.agents] for key in ("cameras", "targets")}
        for sink in found["sinks"]
    ]
    return {"sides": sides, "sinks": sinks}


def find_rival(ranked: tuple[BoardLine, ...], place: int) -> BoardLine | None:
    """Return the line with which another is compared: the one above it, or the second for the first.

    None if one is not rated.
    """
    other = place - 1 if place else 1
    if other >= len(ranked) or not (ranked[place].rating.is_rated and ranked[other].rating.is_rated):
        return None
    return ranked[other]


def chosen_order(asked: Mapping[str, str]) -> str:
    order = asked.get("order", "")
    return order if order in ORDERS else "rating"


def arrange(board: Board, order: str) -> tuple[tuple[BoardLine, ...], tuple[BoardLine, ...]]:
    """Return cameras and targets in the order of the payoff table."""
    if order == "rating":
        return board.cameras, board.targets
    if order == "nash":
        return columns.sort_lines(board.cameras, "nash"), columns.sort_lines(board.targets, "nash")
    game = board.meta_game
    table = np.array(game["payoff"], dtype=float).reshape(len(game["cameras"]), len(game["targets"]))
    places = [{digest: place for place, digest in enumerate(game[team])} for team in ("cameras", "targets")]
    rows = [places[0][line.agent.digest] for line in board.cameras]
    across = [places[1][line.agent.digest] for line in board.targets]
    table = table[np.ix_(rows, across)]
    return (
        tuple(board.cameras[place] for place in by_similarity(table)),
        tuple(board.targets[place] for place in by_similarity(-table.T)),
    )


def describe_payoffs(
    cameras: tuple[BoardLine, ...], targets: tuple[BoardLine, ...], cells: list[list[Cell | None]]
) -> dict[str, Any]:
    """Return the payoffs for the heat map: matrices with null for pairings without episodes."""

    def matrix(name: str, digits: int = 5) -> list[list[Any]]:
        return [[shorten(getattr(cell, name) if cell else None, digits) for cell in row] for row in cells]

    return {
        "cameras": [describe_line(line) for line in cameras],
        "targets": [describe_line(line) for line in targets],
        **{name: matrix(name) for name in ("payoff", "error", "count", "pairing")},
        "address": reverse("pairing", args=[0]),
    }


def cite(request: HttpRequest, board: Board) -> dict[str, str]:
    """Return the citation of a snapshot, with its permanent address."""
    snapshot = board.snapshot
    address = request.build_absolute_uri(address_of(board, "snapshot"))
    of = snapshot.tournament.name if snapshot.tournament else snapshot.scenario.name
    key = f"mate-arena-{slugify(of)}-{snapshot.number}"
    lines = (
        f"@misc{{{key},",
        f"  title = {{{{MATE Arena}}: ratings of {of}, snapshot {snapshot.number}}},",
        f"  year = {{{snapshot.created:%Y}}},",
        f"  note = {{{snapshot.num_episodes} episodes, engine {snapshot.engine}, rating code {snapshot.code}}},",
        f"  url = {{{address}}}",
        "}",
    )
    return {"bibtex": "\n".join(lines), "address": address}


def shorten(value: float | None, digits: int) -> float | None:
    return round(value, digits) if isinstance(value, float) else value


def describe_line(line: BoardLine) -> dict[str, Any]:
    return {"name": tell_name(line.agent.name), "nash": shorten(line.rating.nash_mass or 0.0, 4)}
