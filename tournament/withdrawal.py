"""Withdrawal of agents: unlisted, retired or private agents stay in the database; lists and boards omit them."""

from __future__ import annotations

from django.db import transaction
from django.db.models import ManyToOneRel, Q
from django.utils import timezone

from tournament import visibility
from tournament.models import Agent, AgentKind, Pairing, Upload, Withdrawal
from tournament.refusals import RequestRefused


def withdraw(agent: Agent, how: str) -> None:
    """Unlist or retire an agent, make it private, or list it again where `how` is empty.

    The sweep refits the boards that rated it. Raises RequestRefused for built-in agents, for milestones (no list has
    them), and for an agent that has played and is to become private.
    """
    if how == agent.withdrawn:
        return
    if problem := find_obstacle(agent):
        raise RequestRefused([("withdrawn", problem)])
    if how == Withdrawal.PRIVATE and Pairing.objects.filter(Q(camera=agent) | Q(target=agent)).exists():
        text = "It has played already, and others' results rest on it. Unlist or retire it instead."
        raise RequestRefused([("withdrawn", text)])
    if how == Withdrawal.PRIVATE and is_named_in_public(agent):
        text = (
            "A training, a PSRO run, a study, an attack or a schedule names it in public. Unlist or retire it instead."
        )
        raise RequestRefused([("withdrawn", text)])
    was_private = agent.withdrawn == Withdrawal.PRIVATE
    agent.withdrawn, agent.is_listed, agent.listing_changed = how, not how, timezone.now()
    with transaction.atomic():
        agent.save(update_fields=["withdrawn", "is_listed", "listing_changed"])
        if was_private:
            visibility.publish_tournaments(agent)


def is_named_in_public(agent: Agent) -> bool:
    """Return whether any row other than its upload refers to an agent; the upload is as private as the agent."""
    rows = (one for one in Agent._meta.get_fields(include_hidden=True) if isinstance(one, ManyToOneRel))
    others = [one for one in rows if one.related_model is not Upload.agents.through]
    return any(one.related_model._base_manager.filter(**{one.field.name: agent}).exists() for one in others)


def find_obstacle(agent: Agent) -> str:
    """Return why an agent cannot be withdrawn or listed; empty where it can."""
    if agent.kind == AgentKind.BUILTIN:
        return "Built-in agents are the references of all ratings. They stay listed."
    if agent.kind == AgentKind.OPERATOR:
        return "The portal's operator lists this agent, by installing its code."
    if not agent.is_listed and not agent.withdrawn:
        return "This is a milestone of a training. No list has it, so it cannot be withdrawn."
    return ""


def find_problem(agent: Agent, is_tournament: bool = False) -> str:
    """Return why an agent cannot begin anything new, or only a tournament; empty where it can."""
    if agent.withdrawn == Withdrawal.PRIVATE and not is_tournament:
        return f"{agent.name} is private: it plays in tournaments alone. List or unlist it first."
    if agent.withdrawn == Withdrawal.RETIRED:
        return f"{agent.name} is retired. Choose another agent, or ask its owner to list it again."
    return ""
