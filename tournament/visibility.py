"""Visibility of private agents: only their owner, the members of their lab, and administrators see them.

The uploads, pairings, episodes and tournaments of a private agent are private too. It is on no scenario's board,
because boards leave out agents that are not listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from tournament.models import Agent, Membership, Pairing, Tournament, Upload, Withdrawal

Row = TypeVar("Row", bound=Model)


def labs_of(user: Any) -> QuerySet[Membership]:
    """Return the keys of a user's labs, as a query."""
    return Membership.objects.filter(user=user.pk, accepted=True).values("lab")  # type: ignore[return-value]


def is_own(user: Any) -> Q:
    """Return the condition for rows that belong to a user or to one of their labs."""
    return Q(owner=user.pk) | Q(lab__in=labs_of(user))


def hidden_agents(user: Any) -> QuerySet[Agent]:
    """Return the private agents that a user does not see; ``user`` None is an anonymous visitor."""
    private = Agent.objects.filter(withdrawn=Withdrawal.PRIVATE)
    if user is None or not user.is_authenticated:
        return private
    return private.none() if user.is_staff else private.exclude(pk__in=Agent.objects.filter(is_own(user)).values("pk"))


def seen_agents(user: Any) -> QuerySet[Agent]:
    """Return the agents whose pages a user may open."""
    return Agent.objects.exclude(pk__in=hidden_agents(user).values("pk"))


def seen_tournaments(rows: QuerySet[Tournament], user: Any) -> QuerySet[Tournament]:
    """Keep the tournaments that a user sees: public ones, and private ones all of whose agents the user sees."""
    if user is None or not user.is_authenticated:
        return rows.filter(is_private=False)
    if user.is_staff:
        return rows
    hidden = hidden_agents(user).values("pk")
    own = Tournament.objects.filter(is_private=True).exclude(cameras__in=hidden).exclude(targets__in=hidden)
    return rows.filter(Q(is_private=False) | Q(pk__in=own.values("pk")))


def seen_pairings(rows: QuerySet[Pairing], user: Any) -> QuerySet[Pairing]:
    """Keep the pairings both of whose agents a user sees."""
    hidden = hidden_agents(user).values("pk")
    return rows.exclude(camera__in=hidden).exclude(target__in=hidden)


def seen_uploads(rows: QuerySet[Upload], user: Any) -> QuerySet[Upload]:
    """Keep the uploads that are not private, and those of a user and their labs."""
    if user is not None and user.is_authenticated:
        return rows if user.is_staff else rows.filter(Q(is_private=False) | is_own(user))
    return rows.filter(is_private=False)


def are_private(agents: Iterable[Agent]) -> bool:
    """Return whether any of these agents is private."""
    return any(agent.withdrawn == Withdrawal.PRIVATE for agent in agents)


def publish_tournaments(agent: Agent) -> None:
    """Publish the tournaments of an agent that is no longer private, unless they have another private agent."""
    private = Agent.objects.filter(withdrawn=Withdrawal.PRIVATE).values("pk")
    rows = Tournament.objects.filter(Q(cameras=agent) | Q(targets=agent), is_private=True)
    still = Tournament.objects.filter(Q(cameras__in=private) | Q(targets__in=private)).values("pk")
    Tournament.objects.filter(pk__in=rows.values("pk")).exclude(pk__in=still).update(is_private=False)
