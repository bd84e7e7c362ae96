"""Tournaments: the list, the form of a new one, and the page of one."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from mate import Team
from mate.errors import UserError
from portal.actions.confirming import ask_to_cancel_tournament, show_question
from portal.actions.starting import start
from portal.drawing.findings import show_finding
from portal.forms.lineups import FIELDS, LineupForm, read_wishes
from portal.forms.tournaments import TournamentForm, wishes_like
from portal.inputs import takes
from portal.listing.lists import LIST, SORTS, find_like, list_page
from portal.people.permissions import insist_on_change, may_change
from portal.server.visitor_pages import kept_for_visitors
from portal.views.leaderboards import BOARD, LARGEST_TABLE, OF_OTHERS, cite, describe_board
from portal.wording import TEAM_TITLES
from tasks import hints
from tournament import boards, entries, formats, organising, queries
from tournament.forecasts import Pair
from tournament.formats import Evidence
from tournament.formats.numbers import write
from tournament.models import Agent, AgentKind, Scenario, Tournament, TournamentState
from tournament.ratings import find_limit
from tournament.visibility import seen_tournaments

CHOICES = 100
OFFERED = 30
"""Maximum number of agents that a picker shows at a time."""


@require_safe
@kept_for_visitors(2)
@takes(*LIST)
def tournaments(request: HttpRequest) -> HttpResponse:
    found = Tournament.objects.exclude(purpose__in=OF_OTHERS).select_related("scenario", "owner")
    found = seen_tournaments(found, request.user)
    return render(
        request, "tournaments/tournaments.html", list_page(request, found, sorts=SORTS | {"episodes": "num_episodes"})
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes("like", *TournamentForm.names(), form=TournamentForm.names())
def create(request: HttpRequest) -> HttpResponse:
    earlier = find_like(request, seen_tournaments(Tournament.objects.select_related("scenario"), request.user))
    usual = earlier.scenario.slug if earlier else None
    slug = request.POST.get("scenario") or request.GET.get("scenario") or usual
    scenario = chosen_scenario(slug, request.GET.getlist("agents"))
    if scenario is None:
        return render(request, "leaderboards/none.html", status=404)
    if request.method == "POST":
        form = TournamentForm(scenario, request.POST, user_key=request.user.pk, viewer=request.user)
        if tournament := start(form, request.user, organising.plan_tournament, "tournaments", "episodes"):
            organising.finish_if_complete(tournament)
            hints.send()
            return redirect("tournament", tournament.pk)
        return render(request, "tournaments/create.html", describe_form(form), status=400)
    template = "tournaments/fields.html" if request.htmx else "tournaments/create.html"  # type: ignore[attr-defined]
    wishes = (wishes_like(earlier) if earlier else {}) | read_wishes(request.GET)
    form = TournamentForm(scenario, initial=wishes, user_key=request.user.pk, viewer=request.user)
    return render(request, template, describe_form(form))


def chosen_scenario(slug: str | None, agents: list[str] | None = None) -> Scenario | None:
    """Return the requested scenario, else the one that suits the first of these agents best, else the default."""
    found = Scenario.objects.filter(slug=slug).first() if slug else None
    if found is not None:
        return found
    scenarios = sorted(Scenario.objects.all(), key=lambda row: row.name != "MATE-4v8-9")
    first = Agent.objects.filter(slug=agents[0]).first() if agents else None
    return entries.find_home(first, scenarios) if first is not None else next(iter(scenarios), None)


def describe_form(form: LineupForm) -> dict[str, Any]:
    existing = count_existing(form)
    return {
        "existing": None if existing is None else existing.total(),
        "form": form,
        "scenario": form.scenario,
        "scenarios": Scenario.objects.all(),
        "estimate": estimate(form, existing),
        "most_episodes": organising.MAX_EPISODES_PER_PAIRING,
    }


def estimate(form: LineupForm, existing: Counter[Pair] | None) -> queries.CostEstimate | None:
    """Return the estimated cost of the form's tournament, from its first round to its maximum.

    Existing episodes take no time. Return None if the form is incomplete.
    """
    try:
        settings = {field.name: field.field.clean(field.value()) for field in form.setting_fields}
        cameras, targets = (chosen_agents(form, team) for team in FIELDS)
        if not cameras or not targets:
            return None
        names = [[str(key) for key in agents] for agents in (cameras, targets)]
        format = form.info.make(settings, *names)
        first = format.choose(Evidence.of(*names), 0)
    except (ValidationError, UserError):
        return None
    most = min(format.limit, organising.MAX_EPISODES)
    # Formats without a fixed size may stop after their first round.
    least = most if form.info.has_fixed_size else min(sum(choice.count for choice in first), most)
    return queries.estimate(form.scenario, cameras, targets, least, most, existing=existing)


def count_existing(form: LineupForm) -> Counter[Pair] | None:
    """Return the number of existing episodes of a round robin by pair.

    Return None for other formats, and if there are too many episodes to look up.
    """
    if form.info.name != "round-robin":
        return None
    try:
        episodes = form["episodes"].field.clean(form["episodes"].value())
        base_seed = form["base_seed"].field.clean(form["base_seed"].value()) if "base_seed" in form.fields else 0
    except ValidationError:
        return None
    cameras, targets = (chosen_agents(form, team) for team in FIELDS)
    return queries.count_existing(form.scenario, cameras, targets, base_seed or 0, episodes)


def chosen_agents(form: LineupForm, team: str) -> list[int]:
    """Return the keys of a team's chosen agents.

    -1 and -2 stand for agents of a head-to-head test that are not chosen yet.
    """
    for one, *_rest, choices in form.lineups:
        if one == team:
            return [choice.agent.pk for choice in choices if choice.is_chosen]
    values = [str(form[name].value() or "") for name in ("first", "second")]
    return [int(value) if value.isdecimal() else -1 - place for place, value in enumerate(values)]


@require_safe
@takes("team", "scenario", "search", "only")
def pick(request: HttpRequest) -> HttpResponse:
    """The agents of a team that match the text in a picker. Agents that cannot play are marked.

    `only` is "listed" (no private agents) or "checkpoints" (which are listed too).
    """
    slug, only = request.GET.get("scenario", ""), request.GET.get("only", "")
    scenario = chosen_scenario(slug) if slug else None
    search = request.GET.get("search", "").replace("\0", "").strip()[:100]
    kind = AgentKind.CHECKPOINT if only == "checkpoints" else ""
    viewer = None if only in ("listed", "checkpoints") else request.user
    agents = queries.find_agents(request.GET.get("team", ""), kind, search=search, viewer=viewer)
    first = sorted(agents[:OFFERED], key=lambda agent: not agent.name.lower().startswith(search.lower()))
    options = [
        (agent, " ".join(entries.check_fitness(agent, scenario).problems) if scenario else "") for agent in first
    ]
    return render(request, "parts/picker_options.html", {"options": options})


@login_required
@require_safe
@takes(*TournamentForm.names())
def cost(request: HttpRequest) -> HttpResponse:
    """Only the estimate, while the user fills in the form."""
    scenario = chosen_scenario(request.GET.get("scenario"))
    if scenario is None:
        return HttpResponse(status=204)
    wishes = {"cameras": [], "targets": []} | read_wishes(request.GET)
    form = TournamentForm(scenario, initial=wishes, viewer=request.user)
    return render(request, "tournaments/estimate.html", describe_form(form))


@require_safe
@kept_for_visitors(2)
@takes(*BOARD)
def tournament(request: HttpRequest, tournament_id: int) -> HttpResponse:
    """The page of a tournament. For htmx, only the part that changes while it is played."""
    found = Tournament.objects.select_related("scenario", "owner", "start__schedule")
    tournament = get_object_or_404(found, pk=tournament_id)
    num_pairings = tournament.pairings.count()
    progress = organising.progress(tournament)
    context = {
        "tournament": tournament,
        "progress": progress,
        "is_over": tournament.state != TournamentState.PLAYING,
        "may_change": may_change(request.user, tournament),
        "question": ask_to_cancel_tournament(tournament, progress),
        "is_repeatable": request.user.is_authenticated and tournament.purpose not in OF_OTHERS,
        "num_workers": queries.live_workers().count(),
        "grid": organising.pairing_grid(tournament) if num_pairings <= LARGEST_TABLE else None,
        "num_pairings": num_pairings,
        "failures": queries.failures(tournament),
        "notes": queries.notes_of(tournament),
        "info": formats.FORMATS.get(tournament.format),
        "settings_in_words": describe_settings(tournament),
        "shown": show_finding(tournament),
    }
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "tournaments/live.html", context)
        if context["is_over"]:
            response["HX-Refresh"] = "true"  # The result is complete: reload the whole page.
        return response
    board = boards.tournament_board(tournament)
    return render(
        request,
        "tournaments/tournament.html",
        {
            **context,
            "board": board,
            "citation": board and cite(request, board),
            "leaders": find_leaders(board),
            **describe_board(board, request.GET),
        },
    )


def find_leaders(board: boards.Board | None) -> list[tuple[Team, boards.BoardLine, int]]:
    """Return the best agent of each team and the number of its agents, without teams that have no ranking."""
    found = []
    for team in TEAM_TITLES:
        lines = board.of(team) if board else ()
        if lines and lines[0].rating.rank == 1 and not find_limit(team, [line.rating for line in lines]):
            found.append((team, lines[0], len(lines)))
    return found


def describe_settings(tournament: Tournament) -> str:
    """Return the settings of a format with several rounds as a sentence."""
    info = formats.FORMATS.get(tournament.format)
    if info is None or not info.has_question:
        return ""
    values = [
        (setting, tournament.settings[setting.name]) for setting in info.settings if setting.name in tournament.settings
    ]
    words = [f"{setting.title}: {write_setting(value)} {setting.unit}".strip() for setting, value in values]
    return f"{'; '.join(words)}."


def write_setting(value: float | str) -> str:
    return value if isinstance(value, str) else write(value)


@require_safe
@takes("page")
def choices(request: HttpRequest, tournament_id: int) -> HttpResponse:
    """The log of the pairings that each round chose, and why."""
    tournament = get_object_or_404(Tournament, pk=tournament_id)
    rows = tournament.choices.select_related("pairing__camera", "pairing__target")
    page = Paginator(rows, CHOICES).get_page(request.GET.get("page"))
    info = formats.FORMATS.get(tournament.format)
    return render(request, "tournaments/log.html", {"tournament": tournament, "page": page, "info": info})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, tournament_id: int) -> HttpResponse:
    """Ask for confirmation, then cancel a tournament."""
    tournament = get_object_or_404(Tournament, pk=tournament_id)
    insist_on_change(request.user, tournament, "cancel it")
    if request.method != "POST" and tournament.state == TournamentState.PLAYING:
        question = ask_to_cancel_tournament(tournament, organising.progress(tournament))
        return show_question(request, question, reverse("tournament", args=[tournament.pk]))
    if request.method == "POST" and organising.cancel_tournament(tournament):
        messages.success(request, _("Cancelled. Episodes that were finished stay and count."))
    else:
        messages.info(request, _("The tournament was over already."))
    return redirect("tournament", tournament.pk)
