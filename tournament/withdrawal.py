"""Withdrawal of agents: unlisted or retired ones stay as facts, and lists and boards pass over them."""

from __future__ import annotations

from django.utils import timezone

from tournament.models import Agent, AgentKind, Withdrawal
from tournament.refusals import RequestRefused


def withdraw(agent: Agent, how: str) -> None:
    """Unlist or retire an agent, or list it again where `how` is empty. The sweep refits the boards that rated it.

    Raises RequestRefused for built-in agents and for milestones, which no list has.
    """
    if how == agent.withdrawn:
        return
    if problem := find_obstacle(agent):
        raise RequestRefused([("withdrawn", problem)])
    agent.withdrawn, agent.is_listed, agent.listing_changed = how, not how, timezone.now()
    agent.save(update_fields=["withdrawn", "is_listed", "listing_changed"])


def find_obstacle(agent: Agent) -> str:
    """Return why an agent cannot be withdrawn or listed; empty where it can."""
    if agent.kind == AgentKind.BUILTIN:
        return "Built-in agents are the references of all ratings. They stay listed."
    if agent.kind == AgentKind.OPERATOR:
        return "The portal's operator lists this agent, by installing its code."
    if not agent.is_listed and not agent.withdrawn:
        return "This is a milestone of a training. No list has it, so it cannot be withdrawn."
    return ""


def find_problem(agent: Agent) -> str:
    """Return why an agent cannot begin anything new; empty where it can."""
    if agent.withdrawn == Withdrawal.RETIRED:
        return f"{agent.name} is retired. Choose another agent, or ask its owner to list it again."
    return ""
