"""Comparison of two agents of a team, and reevaluation of an agent on fresh seeds."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status

from portal.api.authentication import tournament_token
from portal.api.errors import Refusal
from portal.api.rows import find_agent, find_scenario
from portal.api.schemas import AgentRef, Asked, answers
from portal.api.tournaments import TournamentDetailOut
from portal.people import quotas
from portal.people.viewing import viewer_of
from tasks import hints
from tournament import reevaluation
from tournament.comparing import PairedInterval
from tournament.formats import Finding
from tournament.matchups import Matchup, find_matchup
from tournament.models import Scenario, Tournament

router = Router()


class IntervalOut(Schema):
    """The bounds are null if there are too few episodes."""

    value: float | None
    error: float | None = Field(description="Standard error, clustered by seed.")
    lower: float | None = Field(description="Of the 95 % interval.")
    upper: float | None


class AgainstOut(Schema):
    opponent: AgentRef
    num_pairs: int
    first: float = Field(description="The first agent's own mean payoff in these episodes.")
    second: float
    difference: IntervalOut
    better: IntervalOut
    pairings: list[int] = Field(description="Of the first and of the second agent with the opponent.")


class TestOut(Schema):
    verdict: str = Field(description="One of better, not-better, undecided, open.")
    headline: str
    expected_left: int | None = Field(description="Episodes still expected.")


class ComparisonOut(Schema):
    scenario: str
    first: AgentRef
    second: AgentRef
    difference: IntervalOut = Field(description="Of payoffs, averaged over opponents.")
    better: IntervalOut = Field(description="Probability that the first does better in the same episode.")
    num_pairs: int = Field(description="Pairs of episodes of one seed and opponent.")
    num_seeds: int
    num_opponents: int
    test: TestOut | None = Field(description="What a sequential test of these episodes says.")
    opponents: list[AgainstOut]


class ReevaluationIn(Asked):
    scenario: str


@router.get(
    "/scenarios/{slug}/comparison",
    response=answers(ComparisonOut, 400, 404),
    summary="Two agents of a team, by what they score from the same seeds against the same opponents",
)
def compare(request: HttpRequest, slug: str, first: str, second: str) -> ComparisonOut:
    """Name the agents by slug or digest. All opponents have equal weight."""
    scenario = get_object_or_404(Scenario, slug=slug)
    agents = find_agent(first, viewer_of(request)), find_agent(second, viewer_of(request))
    if agents[0].team != agents[1].team:
        raise Refusal(409, "refused", "Agents of different teams meet, and cannot be compared.", "second")
    if agents[0] == agents[1]:
        raise Refusal(409, "refused", "This is one agent twice: name two different ones.", "second")
    return describe(find_matchup(scenario, *agents))


@router.post(
    "/agents/{slug}/reevaluations",
    auth=tournament_token,
    response=answers(TournamentDetailOut, 400, 401, 404, 409, 422, status=201),
    summary="Play an agent again on fresh seeds",
)
def reevaluate(request: HttpRequest, slug: str, wanted: ReevaluationIn) -> Status[Tournament]:
    """The agent plays the opponents that it has met. The greedy agent of its team plays too, for comparison."""
    with quotas.within(request.user, "tournaments", "episodes"):
        tournament = reevaluation.reevaluate(
            find_agent(slug, viewer_of(request)), find_scenario(wanted.scenario), request.user
        )
    hints.send()
    return Status(201, tournament)


def describe(matchup: Matchup) -> ComparisonOut:
    found, finding = matchup.compare(), matchup.judge()
    against = [
        AgainstOut(
            opponent=AgentRef.from_orm(matchup.opponents[one.opponent]),
            num_pairs=one.count,
            first=one.first,
            second=one.second,
            difference=describe_interval(one.difference),
            better=describe_interval(one.better),
            pairings=list(matchup.pairings[one.opponent]),
        )
        for one in found.against
    ]
    counts: dict[str, Any] = {name: getattr(found, name) for name in ("num_pairs", "num_seeds", "num_opponents")}
    return ComparisonOut(
        scenario=matchup.scenario.slug,
        first=AgentRef.from_orm(matchup.first),
        second=AgentRef.from_orm(matchup.second),
        difference=describe_interval(found.difference),
        better=describe_interval(found.better),
        test=describe_test(finding) if finding else None,
        opponents=against,
        **counts,
    )


def describe_test(finding: Finding) -> TestOut:
    return TestOut(verdict=finding.details["verdict"], headline=finding.headline, expected_left=finding.expected_left)


def describe_interval(interval: PairedInterval) -> IntervalOut:
    return IntervalOut(value=interval.value, error=interval.error, lower=interval.lower, upper=interval.upper)
