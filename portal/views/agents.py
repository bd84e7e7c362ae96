"""The list of agents, and the page of one agent."""

import shlex
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mate import Team
from portal.drawing import timelines
from portal.forms.agents import AgentForm
from portal.inputs import takes
from portal.listing import keyset
from portal.listing.lists import read_page, sort_rows
from portal.people import quotas
from portal.people.permissions import insist_on_change, may_change
from portal.provenance import describe_provenance
from portal.server.kept_values import kept
from portal.server.visitor_pages import kept_for_visitors
from portal.sharing.downloading import answer_agent, may_download, read_networks
from portal.texts import in_language
from portal.wording import tell_name
from tasks import hints
from tournament import boards, entries, history, homes, queries, reevaluation, visibility
from tournament.agents import from_json
from tournament.boards import BoardLine
from tournament.leaderboards import DEVICE
from tournament.models import TEAM_CHOICES, Agent, AgentKind, Episode, Pairing, RatingSnapshot, Scenario
from tournament.refusals import RequestRefused

PAGE = 50
TILES = 4
SORTS = {name: name for name in ("name", "team", "kind", "architecture", "created")} | {"owner": "owner_name"}
MOST_ATTACKS = 5
"""Maximum number of attacks on an agent's page, newest first."""
WATCHED = 8
"""Maximum number of opponents whose best and worst episodes an agent's page links to."""


@require_safe
@kept_for_visitors(10)
@takes("team", "kind", "scenario", "search", "owner", "mine", "sort", "page", *keyset.CURSORS)
def agents(request: HttpRequest) -> HttpResponse:
    names = ("team", "kind", "scenario", "search", "owner", "mine", "sort")
    asked = {name: request.GET.get(name, "").replace("\0", "") for name in names}
    scenario = Scenario.objects.filter(slug=asked["scenario"]).first()
    found = queries.find_agents(asked["team"], asked["kind"], scenario, asked["search"].strip(), viewer=request.user)
    if asked["owner"]:
        found = found.filter(owner__username=asked["owner"])
    if asked["mine"] and request.user.is_authenticated:
        found = found.filter(visibility.is_own(request.user))
    if asked["sort"].removeprefix("-") == "owner":
        found = found.annotate(owner_name=Coalesce("owner__username", Value("")))
    context = {
        "page": keyset.read_page(sort_rows(found, asked["sort"], SORTS), request.GET, PAGE),
        "asked": asked,
        "teams": TEAM_CHOICES,
        "kinds": AgentKind.choices,
        "scenarios": Scenario.objects.all(),
    }
    return render(request, "agents/agents.html", context)


@require_safe
@kept_for_visitors(10)
@takes("scenario", "page")
def agent(request: HttpRequest, slug: str) -> HttpResponse:
    asked, number = request.GET.get("scenario", ""), request.GET.get("page")
    shown = kept(("agent", slug, asked, number), lambda: describe(slug, asked, number))
    mine = {
        "may_change": may_change(request.user, shown["agent"]),
        "may_download": may_download(request.user, shown["agent"]),
        "origin": (origin := request.build_absolute_uri("/")[:-1]),
        "remote_command": (
            f"python -m mate.remote MODULE:CLASS --url {origin} --token TOKEN --name {shlex.quote(shown['agent'].name)}"
        ),
    }
    return render(request, "agents/agent.html", shown | mine)


def describe(slug: str, asked: str, number: str | None) -> dict[str, Any]:
    """Return the context of the page that is the same for all users, with details on the requested scenario."""
    agent = get_object_or_404(Agent.objects.select_related("owner", "lab"), slug=slug)
    standings = boards.standings_of(agent)
    described = describe_standings(agent, standings)
    page = read_page(queries.pairings_of(agent), PAGE, number)
    return {
        "agent": agent,
        "standings": described,
        "tiles": sorted(described, key=lambda row: -row["rating"].num_episodes)[:TILES],
        "detail": describe_detail(agent, standings, asked),
        "page": page,
        "replays": find_replays(agent, list(page)[:WATCHED]),
        "members": list_members(agent),
        "attacks": list(agent.attacks.select_related("scenario")[:MOST_ATTACKS]),
        "play_mode": play_mode(agent),
        "upload": agent.uploads.order_by("created").first(),
        "milestone": agent.milestones.select_related("run").first(),
        "provenance": describe_provenance(agent.provenance),
        "remarks": scenario_notes(agent),
        "homeless": homes.find_homeless([agent]),
    }


def find_replays(agent: Agent, pairings: list[Any]) -> list[dict[str, Any]]:
    """Return the agent's best and worst episode in each pairing. The reward of an episode is that of the targets."""
    keys = [pairing.pk for pairing in pairings]
    ends = Episode.objects.filter(pairing=OuterRef("pk"), device=DEVICE).order_by("normalised_reward", "id")
    found = Pairing.objects.filter(pk__in=keys).annotate(
        least=Subquery(ends.values("pk")[:1]), most=Subquery(ends.reverse().values("pk")[:1])
    )
    rows = {key: (least, most) for key, least, most in found.values_list("pk", "least", "most")}
    names = ("best", "worst") if agent.team == Team.CAMERA else ("worst", "best")
    return [{"pairing": one, **dict(zip(names, rows[one.pk], strict=True))} for one in pairings if one.pk in rows]


def describe_standings(agent: Agent, standings: list[tuple[RatingSnapshot, BoardLine]]) -> list[dict[str, Any]]:
    """Return a row for each scenario that has rated the agent, with its worst opponent and their pairing."""
    worst = {line.rating.worst_opponent for _, line in standings} - {None}
    opponents = Agent.objects.in_bulk(worst, field_name="digest")
    other = Team(agent.team).opponent
    rows = Pairing.objects.filter(**{agent.team: agent, f"{other}__in": opponents.values()})
    pairings = {
        (scenario, digest): key for key, scenario, digest in rows.values_list("pk", "scenario", f"{other}__digest")
    }
    return [
        {
            "snapshot": snapshot,
            "rating": line.rating,
            "worst": opponents.get(line.rating.worst_opponent or ""),
            "pairing": pairings.get((snapshot.scenario_id, line.rating.worst_opponent)),
        }
        for snapshot, line in standings
    ]


def describe_detail(
    agent: Agent, standings: list[tuple[RatingSnapshot, BoardLine]], slug: str
) -> dict[str, Any] | None:
    """Return the details of the requested scenario, else of that with the most episodes.

    None if the agent is not rated.
    """
    if not standings:
        return None
    most = max(standings, key=lambda standing: standing[1].rating.num_episodes)
    snapshot, line = next((standing for standing in standings if standing[0].scenario.slug == slug), most)
    past = history.history_of(agent, snapshot.scenario)
    return {
        "scenario": snapshot.scenario,
        "rating": line.rating,
        "history": past,
        "timeline": None if line.rating.is_anchor else timelines.draw(past),
        "offer": reevaluation.find_offer(agent, snapshot.scenario),
        "reevaluations": reevaluation.reevaluations_of(agent, snapshot.scenario),
    }


@login_required
@require_POST
@takes(form=["scenario"])
def reevaluate(request: HttpRequest, slug: str) -> HttpResponse:
    """Start a reevaluation of the agent on fresh seeds."""
    agent = get_object_or_404(Agent, slug=slug)
    scenario = get_object_or_404(Scenario, slug=request.POST.get("scenario", "").replace("\0", ""))
    with quotas.within(request.user, "tournaments", "episodes"):
        tournament = reevaluation.reevaluate(agent, scenario, request.user)
    hints.send()
    text = _("Started. Both figures will stand side by side on the page of %(name)s.")
    messages.success(request, text % {"name": tell_name(agent.name)})
    return redirect("tournament", tournament.pk)


@login_required
@require_POST
@takes()
def add_scenario(request: HttpRequest, slug: str) -> HttpResponse:
    """Add the scenario that an agent was trained on, or needs, to the portal's scenarios."""
    agent = get_object_or_404(Agent, slug=slug)
    insist_on_change(request.user, agent, "add a scenario for it")
    scenario = homes.add_home(agent)
    text = _("Added %(scenario)s to the scenarios. %(agent)s can play there now.")
    messages.success(request, text % {"scenario": tell_name(scenario.name), "agent": tell_name(agent.name)})
    return redirect("agent", agent.slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes(form=AgentForm.base_fields)
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change the name, description and other settings of an agent."""
    agent = get_object_or_404(Agent, slug=slug)
    insist_on_change(request.user, agent, "rename or describe it")
    form = AgentForm(request.POST or None, instance=agent, user=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved. The agent keeps its address and its ratings."))
        return redirect("agent", agent.slug)
    status = 400 if form.is_bound else 200
    return render(request, "agents/edit.html", {"form": form, "agent": agent}, status=status)


@require_safe
@takes("format")
def download(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The download of an agent: a checkpoint, or all files of a mixture."""
    agent = get_object_or_404(Agent, slug=slug)
    try:
        return answer_agent(request.user, agent, read_networks(request))
    except RequestRefused as refusal:
        messages.error(request, in_language(refusal))
        return redirect("agent", agent.slug)


def scenario_notes(agent: Agent) -> list[str]:
    """Return the notes on how the scenarios in which the agent can play differ from its training."""
    if not agent.trained_enhanced_observation:
        return []
    fitnesses = [entries.check_fitness(agent, scenario) for scenario in Scenario.objects.all()]
    return [note for fitness in fitnesses if not fitness.problems for note in fitness.notes]


def list_members(agent: Agent) -> list[dict[str, Any]]:
    """Return the members of a mixture with their weights, largest first, and their agents if these exist."""
    members = [(member["weight"], from_json(member["agent"])) for member in agent.spec.get("members", [])]
    rows = Agent.objects.in_bulk([spec.digest for _, spec in members], field_name="digest")
    listed = [
        {"weight": weight, "record": rows.get(spec.digest), "label": spec.digest[:12]} for weight, spec in members
    ]
    return sorted(listed, key=lambda member: -member["weight"])


def play_mode(agent: Agent) -> str:
    """Return a description of how the agent chooses its actions."""
    if agent.kind == AgentKind.CHECKPOINT:
        deterministic = agent.spec.get("deterministic")
        return _("deterministic: the most likely action") if deterministic else _("stochastic: samples from its policy")
    if agent.kind == AgentKind.MIXTURE:
        return _("draws one member for each episode")
    if agent.kind == AgentKind.OPERATOR:
        return _("code in Python that the operator of this portal has installed")
    if agent.kind == AgentKind.REMOTE:
        return _("a process of its owner that plays over the network; its episodes cannot be played again")
    return _("rule-based, with its own random stream")
