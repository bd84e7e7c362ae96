"""All agents, and one of them."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from portal.forms.agents import AgentForm
from portal.permissions import may_change
from tournament import boards, entries, queries
from tournament.agents import from_json
from tournament.models import Agent, AgentKind, Scenario, Team

PAGE = 50


@require_safe
def agents(request: HttpRequest) -> HttpResponse:
    asked = {name: request.GET.get(name, "") for name in ("team", "kind", "scenario", "search")}
    scenario = Scenario.objects.filter(slug=asked["scenario"]).first()
    found = queries.find_agents(asked["team"], asked["kind"], scenario, asked["search"])
    context = {
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "asked": asked,
        "teams": Team.choices,
        "kinds": AgentKind.choices,
        "scenarios": Scenario.objects.all(),
    }
    return render(request, "agents/agents.html", context)


@require_safe
def agent(request: HttpRequest, slug: str) -> HttpResponse:
    agent = get_object_or_404(Agent.objects.select_related("owner"), slug=slug)
    pairings = queries.pairings_of(agent)
    context = {
        "agent": agent,
        "standings": boards.standings_of(agent),
        "page": Paginator(pairings, PAGE).get_page(request.GET.get("page")),
        "members": list_members(agent),
        "play_mode": play_mode(agent),
        "milestone": agent.milestones.select_related("run").first(),
        "provenance": [(key.replace("_", " "), describe_value(value)) for key, value in agent.provenance.items()],
        "remarks": scenario_notes(agent),
        "may_change": may_change(request.user, agent),
    }
    return render(request, "agents/agent.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Give an agent of one's own another name or description."""
    agent = get_object_or_404(Agent, slug=slug)
    if not may_change(request.user, agent):
        raise PermissionDenied("Only the agent's owner or an administrator can rename or describe it.")
    form = AgentForm(request.POST or None, instance=agent)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Changed. It is the same agent as before, with the same ratings.")
        return redirect("agent", agent.slug)
    status = 400 if form.is_bound else 200
    return render(request, "agents/edit.html", {"form": form, "agent": agent}, status=status)


def scenario_notes(agent: Agent) -> list[str]:
    """What is different, in the scenarios it can play in, from what it was trained for."""
    if not agent.trained_enhanced_observation:
        return []
    fitnesses = [entries.check_fitness(agent, scenario) for scenario in Scenario.objects.all()]
    return [note for fitness in fitnesses if not fitness.problems for note in fitness.notes]


def list_members(agent: Agent) -> list[dict[str, Any]]:
    """A mixture's members with their weights, heaviest first, and their own pages where they have one."""
    members = [(member["weight"], from_json(member["agent"])) for member in agent.spec.get("members", [])]
    rows = Agent.objects.in_bulk([spec.digest for _, spec in members], field_name="digest")
    listed = [
        {"weight": weight, "record": rows.get(spec.digest), "label": spec.digest[:12]} for weight, spec in members
    ]
    return sorted(listed, key=lambda member: -member["weight"])


def describe_value(value: Any) -> str:
    """A value of the provenance in a line."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {describe_value(part)}" for key, part in value.items())
    if isinstance(value, list):
        return "; ".join(map(describe_value, value))
    return str(value)


def play_mode(agent: Agent) -> str:
    if agent.kind == AgentKind.CHECKPOINT:
        return "always the likeliest action" if agent.spec.get("deterministic") else "samples from its policy"
    if agent.kind == AgentKind.MIXTURE:
        return "draws one member for each episode"
    return "its rules, with its own random stream"
