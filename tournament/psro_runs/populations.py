"""The populations of a PSRO run, from iteration to iteration."""

from __future__ import annotations

from dataclasses import dataclass

from mate import Team
from tournament.models import Agent, PsroIteration, PsroRun


@dataclass(frozen=True)
class PopulationMember:
    """A member of a population: its name there, the iteration that added it, and the agent, if it is known."""

    name: str
    iteration: int
    agent: Agent | None


def population(run: PsroRun, team: str, number: int) -> list[Agent]:
    """Return a team's agents after iteration `number`, oldest first."""
    first = run.cameras if team == Team.CAMERA else run.targets
    added = run.iterations.filter(number__lte=number).exclude(**{team: None}).defer("table").select_related(team)
    return [*first.order_by("pk"), *(getattr(iteration, team) for iteration in added)]


def members(run: PsroRun, team: str, number: int) -> list[PopulationMember]:
    """Return a team's population after iteration `number`, oldest first, in the order of the tables."""
    first = run.cameras if team == Team.CAMERA else run.targets
    found = [PopulationMember(agent.name, 0, agent) for agent in first.order_by("pk")]
    for iteration in run.iterations.filter(number__range=(1, number)).defer("table").select_related(team):
        agent = getattr(iteration, team)
        if agent is not None or run.upload_id:
            found.append(
                PopulationMember(agent.name if agent else f"{team}/{iteration.number:05d}", iteration.number, agent)
            )
    return found


def last_trained(run: PsroRun, team: str) -> Agent | None:
    """Return the team's newest best response."""
    newest = PsroIteration.objects.filter(run=run).exclude(**{team: None}).select_related(team).last()
    return getattr(newest, team) if newest else None
