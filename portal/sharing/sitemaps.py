"""Site maps for search engines: boards, agents, tournaments, trainings, and fixed pages."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.urls import reverse

from tournament import queries
from tournament.models import Agent, RatingSnapshot, Scenario, Tournament, TournamentState


class PageMap(Sitemap):
    """Fixed pages."""

    priority = 0.6

    def items(self) -> list[str]:
        return ["home", "agents", "tournaments", "trainings", "psro_runs", "about", "documents"]

    def location(self, item: str) -> str:
        return reverse(item)


class BoardMap(Sitemap):
    """Leaderboards with a published snapshot."""

    changefreq = "daily"
    priority = 1.0

    def items(self) -> QuerySet[Scenario]:
        boards = RatingSnapshot.objects.filter(tournament=None)
        return Scenario.objects.filter(pk__in=boards.values("scenario")).order_by("pk")

    def location(self, item: Scenario) -> str:
        return reverse("leaderboard", args=[item.slug])

    def lastmod(self, item: Scenario) -> datetime.datetime | None:
        newest = RatingSnapshot.objects.filter(scenario=item, tournament=None).defer("table").first()
        return newest.created if newest else None


class AgentMap(Sitemap):
    """Listed agents."""

    def items(self) -> QuerySet[Agent]:
        return queries.find_agents().order_by("pk")

    def location(self, item: Agent) -> str:
        return reverse("agent", args=[item.slug])


class TournamentMap(Sitemap):
    """Finished tournaments."""

    def items(self) -> QuerySet[Tournament]:
        return Tournament.objects.filter(state=TournamentState.FINISHED, purpose="", is_private=False).order_by("pk")

    def location(self, item: Tournament) -> str:
        return reverse("tournament", args=[item.pk])

    def lastmod(self, item: Tournament) -> datetime.datetime | None:
        return item.finished


SITEMAPS: dict[str, Any] = {"pages": PageMap, "boards": BoardMap, "agents": AgentMap, "tournaments": TournamentMap}
