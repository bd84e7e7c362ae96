"""Rows of operators' agents: classes in Python that the portal's operator trusts (`tournament.operators`)."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from tournament import entries, operators
from tournament.agents import OperatorAgent, has_foreign_code
from tournament.models import Agent, AgentKind, Withdrawal


@transaction.atomic
def register_operator_agents() -> list[Agent]:
    """Register the classes that are installed here, without owner, for every scenario; return their rows. Idempotent.

    A class whose code or options have changed is another agent. Agents whose code is not installed any more are
    retired: their episodes stay, and they play in nothing new.
    """
    rows = [_register(known) for known in operators.find_classes()]
    here = {row.pk for row in rows}
    for row in Agent.objects.filter(kind=AgentKind.OPERATOR).exclude(withdrawn=Withdrawal.RETIRED):
        if row.pk not in here:
            _set_withdrawn(row, Withdrawal.RETIRED)
    return rows


def _register(known: operators.OperatorClass) -> Agent:
    spec = OperatorAgent(known.team, known.name, known.code)
    told = " ".join(filter(None, [known.description, f"Class {known.reference}.", known.distribution]))
    row, _ = Agent.objects.get_or_create(
        digest=spec.digest,
        defaults={
            "team": spec.team,
            "kind": AgentKind.OPERATOR,
            "name": f"{known.name} ({known.code[:8]})",
            "slug": f"{slugify(known.name)}-{spec.team}-{known.code[:8]}",
            "description": told,
            "spec": spec.to_json(),
            "architecture": "Python",
            "identity": spec.digest,
            "provenance": {
                "class": known.reference,
                "distribution": known.distribution,
                "options": dict(known.options),
                "code": known.code,
            },
        },
    )
    if row.withdrawn == Withdrawal.RETIRED:
        _set_withdrawn(row, Withdrawal.NONE)
    return row


def _set_withdrawn(row: Agent, how: str) -> None:
    row.withdrawn, row.is_listed, row.listing_changed = how, not how, timezone.now()
    row.save(update_fields=["withdrawn", "is_listed", "listing_changed"])


def find_training_problem(agent: Agent) -> str:
    """Return why trainings cannot play against an agent; empty where they can."""
    if not has_foreign_code(entries.load_spec(agent)):
        return ""
    return f"{agent.name} is code outside the portal, which trainings cannot play against. Choose another agent."
