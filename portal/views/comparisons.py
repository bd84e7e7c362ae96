"""Comparison of two agents of one team."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from mate import Team
from portal.drawing import dumbbells, findings
from portal.drawing.dumbbells import OpponentPair
from portal.forms.offering import FOUND, SHOWN, find_name
from portal.inputs import takes
from portal.wording import tell_name
from tournament import boards
from tournament.boards import Board, BoardLine
from tournament.comparing import Against, Comparison, PairedInterval
from tournament.formats import Finding
from tournament.matchups import Matchup, find_matchup
from tournament.models import Agent, Episode, Scenario
from tournament.visibility import seen_agents

NEAR = 20
"""Number of opponents shown at either end of a long list, ordered by difference, until the reader requests all."""


@require_safe
@takes("first", "second", "opponents", *map(find_name, ("first", "second")))
def compare(request: HttpRequest, slug: str) -> HttpResponse:
    """The comparison of the agents `first` and `second`; without them, a form to choose two agents."""
    scenario = get_object_or_404(Scenario, slug=slug)
    board = boards.latest_board(scenario)
    first, second, problem = read_choice(request)
    context: dict[str, Any] = {
        "scenario": scenario,
        "board": board,
        "teams": [(team, *choices_of(board, team, request.GET, (first, second))) for team in Team],
        "first": first,
        "second": second,
        "problem": problem,
    }
    if first and second and not problem:
        context |= describe(board, find_matchup(scenario, first, second), request.GET.get("opponents") == "all")
    return render(request, "leaderboards/compare.html", context, status=400 if problem else 200)


def read_choice(request: HttpRequest) -> tuple[Agent | None, Agent | None, str]:
    """Return the two requested agents, and an error message if they cannot be compared."""
    slugs = [request.GET.get(name, "") for name in ("first", "second")]
    rows = seen_agents(request.user).in_bulk([slug for slug in slugs if slug], field_name="slug")
    first, second = (rows.get(slug) for slug in slugs)
    unknown = [slug for slug in slugs if slug and slug not in rows]
    if unknown:
        return first, second, f"There is no agent {unknown[0]!r}: choose two from the lists."
    if first and second and first.team != second.team:
        return (
            first,
            second,
            f"{first.name} is a {first.team} and {second.name} a {second.team}: agents of different teams meet, "
            f"and cannot be compared. Choose two of one team.",
        )
    if first and first == second:
        return first, second, f"{first.name} was chosen twice: choose two different agents."
    return first, second, ""


def choices_of(
    board: Board | None, team: str, asked: Mapping[str, str], chosen: tuple[Agent | None, ...]
) -> tuple[list[Agent], bool]:
    """Return the agents to choose from, by name, and whether these are not all of the team that are on the board.

    Of a large team, they are the best, the chosen ones and those that a search finds.
    """
    agents = [line.agent for line in board.of(team)] if board else []
    has_more = len(agents) > SHOWN
    if has_more:
        searches = [text for name in ("first", "second") if (text := asked.get(find_name(name), "").strip().lower())]
        found = [agent for agent in agents[SHOWN:] if any(text in agent.name.lower() for text in searches)]
        missing = [agent for agent in chosen if agent and agent.team == team]
        agents = list({agent.pk: agent for agent in [*agents[:SHOWN], *found[:FOUND], *missing]}.values())
    return sorted(agents, key=lambda agent: agent.name.lower()), has_more


def describe(board: Board | None, matchup: Matchup, is_whole: bool = False) -> dict[str, Any]:
    """Return the context of the page for a comparison, with all opponents or the first and last NEAR by difference."""
    comparison, tested = matchup.compare(), describe_test(matchup)
    against = sorted(comparison.against, key=lambda one: -(one.difference.value or 0.0))
    is_long = len(against) > 2 * NEAR
    first, last = (against[:NEAR], against[-NEAR:]) if is_long and not is_whole else (against, [])
    least, most = axis_of([comparison.difference, *(one.difference for one in against)])
    return {
        "comparison": comparison,
        "verdict": verdict_of(matchup, comparison, tested["finding"]),
        "first_rows": [describe_row(matchup, one) for one in first],
        "last_rows": [describe_row(matchup, one) for one in last],
        "num_against": len(against),
        "num_left": len(against) - len(first) - len(last),
        "near": NEAR,
        "is_whole": is_long and is_whole,
        "least": least,
        "most": most,
        "unmatched": matchup.unmatched,
        "is_cut": matchup.is_cut,
        "lines": [find_line(board, agent) for agent in (matchup.first, matchup.second)],
        "notable": notable_pairs(matchup),
        "overlay": draw_payoffs(matchup, [*first, *last], NEAR if last else None),
        **tested,
    }


def draw_payoffs(matchup: Matchup, shown: list[Against], gap: int | None) -> SafeString:
    """Return the chart of both agents' payoffs against these opponents, for wide and for narrow screens.

    Others are left out after `gap` of them.
    """
    pairs = [OpponentPair(tell_name(matchup.opponents[one.opponent].name), one.first, one.second) for one in shown]
    names = tell_name(matchup.first.name), tell_name(matchup.second.name)
    layouts = ((dumbbells.draw(pairs, *names, gap, layout),) for layout in (dumbbells.WIDE, dumbbells.NARROW))
    return format_html_join("", "{}", layouts)


def describe_row(matchup: Matchup, one: Against) -> dict[str, Any]:
    """Return a row of the table of opponents."""
    return {
        "result": one,
        "opponent": matchup.opponents[one.opponent],
        "pairings": matchup.pairings[one.opponent],
        "episodes": telling_pair(matchup, one.opponent),
    }


def describe_test(matchup: Matchup) -> dict[str, Any]:
    """Return the result of a sequential test on existing episodes, and the address of a form that starts a test."""
    finding = matchup.judge()
    opponents = [*matchup.opponents.values(), *matchup.unmatched]
    asked = {
        "scenario": matchup.scenario.slug,
        "format": "sequential",
        "team": matchup.first.team,
        "first": matchup.first.pk,
        "second": matchup.second.pk,
        "targets" if matchup.first.team == Team.CAMERA else "cameras": [agent.pk for agent in opponents],
    }
    return {
        "finding": finding,
        "test_verdict": finding and findings.VERDICTS.get(finding.details["verdict"]),
        "test_picture": finding and findings.draw("sequential", {}, finding),
        "test_address": f"{reverse('tournament_create')}?{urlencode(asked, doseq=True)}",
    }


FEW_PAIRS = 20
"""Number of pairs of episodes below which the verdict says that they are few."""


def verdict_of(matchup: Matchup, comparison: Comparison, finding: Finding | None) -> str:
    """Return the verdict in a sentence. It combines the interval of the difference and the stricter sequential test."""
    first, second, difference = matchup.first.name, matchup.second.name, comparison.difference
    if difference.value is None:
        return f"{first} and {second} have not played enough of the same episodes to be compared."
    if difference.lower is None:
        return judge_alike(matchup, comparison)
    if difference.sign == 0:
        return f"It is open whether {first} or {second} is better: the 95 % interval of the difference contains zero."
    better, worse = (first, second) if difference.sign > 0 else (second, first)
    test = finding.details["verdict"] if finding else "open"
    excludes = "the 95 % interval of the difference excludes zero"
    few = [f"{comparison.num_pairs} pairs of episodes are few."] if comparison.num_pairs < FEW_PAIRS else []
    if test not in ("better", "not-better"):
        probably = f"{better} is probably better than {worse}: {excludes}, the stricter sequential test is open."
        return " ".join([probably, *few])
    if (test == "better") != (difference.sign > 0):
        return (
            f"{better} is better than {worse}, but by little: {excludes}, and the sequential test finds less than it "
            f"looks for."
        )
    surely = f"{better} is better than {worse}: {excludes}, and the stricter sequential test agrees."
    return " ".join([surely, *few])  # Sentences are translated one by one.


def judge_alike(matchup: Matchup, comparison: Comparison) -> str:
    """Return the verdict if all differences are equal and thus have no interval.

    The win rate has an interval, which is used instead.
    """
    first, second, better = matchup.first.name, matchup.second.name, comparison.better
    if better.lower is not None and better.upper is not None and not better.lower <= 0.5 <= better.upper:
        names = (first, second) if better.lower > 0.5 else (second, first)
        return (
            f"{names[0]} is probably better than {names[1]}: it did better by the same in all {comparison.num_pairs} "
            f"pairs of episodes."
        )
    return f"It is open whether {first} or {second} is better: all differences are alike, so there is no interval."


def axis_of(intervals: list[PairedInterval]) -> tuple[float, float]:
    """Return the range of differences to draw, symmetric around zero. Very wide intervals are cut."""
    values = [abs(interval.value) for interval in intervals if interval.value is not None]
    ends = [abs(end) for interval in intervals for end in (interval.lower, interval.upper) if end is not None]
    farthest = min(max(ends, default=0.0), 3 * max(values, default=0.0) + 0.02)
    farthest = max(farthest, max(values, default=0.0), 0.01)
    return -farthest, farthest


def find_line(board: Board | None, agent: Agent) -> BoardLine | None:
    lines = board.of(agent.team) if board else ()
    return next((line for line in lines if line.agent == agent), None)


def telling_pair(matchup: Matchup, opponent: int) -> tuple[int, int] | None:
    """Return the keys of the two episodes against an opponent whose difference is closest to the mean difference."""
    mine = np.flatnonzero(matchup.pairs.opponent == opponent)
    gains = matchup.pairs.gain[mine]
    place = mine[np.argmin(np.abs(gains - gains.mean()))]
    return int(matchup.first_episode[place]), int(matchup.second_episode[place])


def notable_pairs(matchup: Matchup) -> list[dict[str, Any]]:
    """Return pairs of episodes to watch side by side: those with the largest, median and smallest difference."""
    count = len(matchup.pairs)
    if count == 0:
        return []
    order = np.argsort(matchup.pairs.gain, kind="stable")
    places = {
        gettext("Best for %(name)s") % {"name": tell_name(matchup.first.name)}: order[-1],
        gettext("The median"): order[count // 2],
        gettext("Best for %(name)s") % {"name": tell_name(matchup.second.name)}: order[0],
    }
    keys = [
        int(column[place]) for place in places.values() for column in (matchup.first_episode, matchup.second_episode)
    ]
    episodes = Episode.objects.in_bulk(keys)
    return [
        {
            "label": label,
            "first": episodes[int(matchup.first_episode[place])],
            "second": episodes[int(matchup.second_episode[place])],
            "opponent": matchup.opponents[int(matchup.pairs.opponent[place])],
            "gain": float(matchup.pairs.gain[place]),
        }
        for label, place in (places.items() if count > 2 else [*places.items()][:1])
    ]
