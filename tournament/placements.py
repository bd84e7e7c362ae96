"""Placing new agents: the tournaments that give the agents of an upload their first ranks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mate import Team
from mate.errors import UserError
from tournament import boards, organising, queries
from tournament.entries import check_fitness, find_home
from tournament.models import (
    Agent,
    AgentKind,
    Pairing,
    Purpose,
    Scenario,
    Schedule,
    ScheduleKind,
    Tournament,
    Upload,
)

MOST_OPPONENTS = 16
"""Maximum number of a newcomer's opponents: enough for a rank with a useful interval, played in a minute."""
MOST_AGENTS = 20
"""Maximum number of agents of one upload that are placed automatically; the archive of a PSRO run may have more."""


def plan(upload: Upload, agents: Iterable[Agent]) -> list[Tournament]:
    """Create the placements of an upload's new agents, in the scenario that was chosen or else in the one that fits.

    Agents that have played there, and agents that a schedule places there anyway, are left out. Continue each
    tournament with `organising.finish_if_complete` once the transaction is committed, and send hints to workers.
    """
    if upload.place_in is None:
        return []
    planned = []
    for agent in list(agents)[:MOST_AGENTS]:
        scenario = choose_scenario(agent, upload.place_in)
        if scenario is None or has_played(agent, scenario) or is_watched(scenario):
            continue
        if tournament := _plan(agent, scenario, upload):
            planned.append(tournament)
    return planned


def _plan(agent: Agent, scenario: Scenario, upload: Upload) -> Tournament | None:
    opponents = choose_opponents(agent, scenario)
    fields = ([agent], opponents) if agent.team == Team.CAMERA else (opponents, [agent])
    try:
        return organising.plan_tournament(
            organising.TournamentRequest(
                f"Placement of {agent.name}"[:120],
                scenario,
                *fields,
                owner=upload.owner,
                format="placement",
                settings={"team": agent.team},
                purpose=Purpose.PLACEMENT,
            )
        )
    except UserError:  # Nobody to play against: the agent can be placed later.
        return None


def choose_scenario(agent: Agent, wanted: Scenario) -> Scenario | None:
    """Return the wanted scenario if the agent can play there, else the one closest to its training, if any."""
    if not check_fitness(agent, wanted).problems:
        return wanted
    home = find_home(agent, list(Scenario.objects.all()))
    return home if home is not None and not check_fitness(agent, home).problems else None


def choose_opponents(agent: Agent, scenario: Scenario, most: int = MOST_OPPONENTS) -> list[Agent]:
    """Return the opponents of a newcomer: the built-in ones, then rated ones evenly from the best to the last."""
    team = Team(agent.team).opponent
    builtin = list(queries.find_agents(team, AgentKind.BUILTIN, scenario))
    board = boards.latest_board(scenario)
    rated = [line.agent for line in board.of(team) if line.agent.kind != AgentKind.BUILTIN] if board else []
    fitting = [one for one in rated if one.is_listed and not check_fitness(one, scenario).problems]
    return [*builtin, *_spread(fitting, most - len(builtin))]


def _spread(agents: Sequence[Agent], most: int) -> list[Agent]:
    """Return at most this many agents, evenly from the first to the last."""
    if most <= 1 or len(agents) <= most:
        return list(agents[: max(most, 0)])
    return [agents[round(place * (len(agents) - 1) / (most - 1))] for place in range(most)]


def has_played(agent: Agent, scenario: Scenario) -> bool:
    """Return whether the agent has episodes in a scenario."""
    return Pairing.objects.filter(scenario=scenario, **{agent.team: agent}, episodes__isnull=False).exists()


def is_watched(scenario: Scenario) -> bool:
    """Return whether a schedule places every new agent in a scenario."""
    return Schedule.objects.filter(scenario=scenario, kind=ScheduleKind.WATCH, is_paused=False).exists()


def placements_of(upload: Upload) -> list[Tournament]:
    """Return the tournaments that place the upload's agents, started by the upload or a schedule, oldest first."""
    agents = upload.agents.all()
    found = Tournament.objects.filter(purpose=Purpose.PLACEMENT, created__gte=upload.created)
    by_team = found.filter(cameras__in=agents) | found.filter(targets__in=agents)
    return list(by_team.select_related("scenario").distinct().order_by("created"))
