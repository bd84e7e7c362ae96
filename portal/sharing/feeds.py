"""Atom feeds: new snapshots of a board, new agents, finished tournaments."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib.syndication.views import Feed
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse, reverse_lazy
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.texts import in_language
from portal.wording import tell_name
from tournament import queries
from tournament.models import Agent, RatingSnapshot, Scenario, Tournament, TournamentState

MOST = 30


class AtomFeed(Feed):
    """An Atom feed. The addresses of its entries never change, so feed readers know which entries are new."""

    feed_type = Atom1Feed

    def item_guid(self, item: Any) -> str:
        return str(self.item_link(item))


class BoardFeed(AtomFeed):
    """The published snapshots of a scenario's board."""

    def get_object(self, request: HttpRequest, slug: str) -> Scenario:
        return get_object_or_404(Scenario, slug=slug)

    def title(self, scenario: Scenario) -> str:
        return _("Leaderboard of %(scenario)s") % {"scenario": tell_name(scenario.name)}

    def link(self, scenario: Scenario) -> str:
        return reverse("leaderboard", args=[scenario.slug])

    def items(self, scenario: Scenario) -> QuerySet[RatingSnapshot]:
        found = RatingSnapshot.objects.filter(scenario=scenario, tournament=None).select_related("scenario")
        return found.defer("table").order_by("-number")[:MOST]

    def item_title(self, item: RatingSnapshot) -> str:
        return _("Snapshot %(number)d of %(scenario)s") % {
            "number": item.number,
            "scenario": tell_name(item.scenario.name),
        }

    def item_description(self, item: RatingSnapshot) -> str:
        return in_language(item.reason)

    def item_link(self, item: RatingSnapshot) -> str:
        return reverse("snapshot", args=[item.scenario.slug, item.number])

    def item_updateddate(self, item: RatingSnapshot) -> datetime.datetime:
        return item.created


class AgentFeed(AtomFeed):
    """New listed agents."""

    title = gettext_lazy("New agents of MATE Arena")
    link = reverse_lazy("agents")

    def items(self) -> QuerySet[Agent]:
        return queries.find_agents().order_by("-created", "-pk")[:MOST]

    def item_title(self, item: Agent) -> str:
        return tell_name(item.name)

    def item_description(self, item: Agent) -> str:
        return item.description

    def item_link(self, item: Agent) -> str:
        return reverse("agent", args=[item.slug])

    def item_updateddate(self, item: Agent) -> datetime.datetime:
        return item.created


class TournamentFeed(AtomFeed):
    """Tournaments that have ended."""

    title = gettext_lazy("Finished tournaments of MATE Arena")
    link = reverse_lazy("tournaments")

    def items(self) -> QuerySet[Tournament]:
        found = Tournament.objects.filter(state=TournamentState.FINISHED, purpose="", is_private=False).select_related(
            "scenario"
        )
        return found.order_by("-finished", "-pk")[:MOST]

    def item_title(self, item: Tournament) -> str:
        return tell_name(item.name)

    def item_description(self, item: Tournament) -> str:
        return tell_name(item.scenario.name)

    def item_link(self, item: Tournament) -> str:
        return reverse("tournament", args=[item.pk])

    def item_updateddate(self, item: Tournament) -> datetime.datetime:
        return item.finished or item.created
