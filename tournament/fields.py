"""Fields of agents: the participants of one side, in the order in which they were entered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tournament.models import Agent


def enter(field: Any, agents: Sequence[Agent]) -> None:
    """Set a row's field (`tournament.cameras`, say) to these agents; the keys of the links preserve the order."""
    link, owner = field.through, f"{field.source_field_name}_id"
    link.objects.filter(**{owner: field.instance.pk}).delete()
    link.objects.bulk_create(link(**{owner: field.instance.pk}, agent_id=agent.pk) for agent in agents)


def in_order(field: Any) -> list[Agent]:
    """Return the agents of a row's field in the order in which they were entered."""
    links = field.through.objects.filter(**{f"{field.source_field_name}_id": field.instance.pk}).order_by("pk")
    return [link.agent for link in links.select_related("agent")]
