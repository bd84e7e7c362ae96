"""Agents that no scenario of the portal fits: what they need, and which packaged scenario would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from posixpath import splitext
from urllib.parse import urlencode

from mate import scenario as game
from tournament import entries
from tournament.models import Agent, Scenario
from tournament.refusals import RequestRefused

COMMAND = "python manage.py add_scenario FILE.yaml"


@dataclass(frozen=True)
class Homeless:
    """What an agent needs that no scenario here has.

    `preset` names the packaged scenario that has it; empty: there is none.
    """

    agent: Agent
    needs: str
    preset: str
    command: str = COMMAND

    @property
    def problem(self) -> str:
        return f"No scenario of this portal fits {self.agent.name}, so it cannot play yet: it needs {self.needs}."

    @property
    def remedy(self) -> str:
        if self.preset:
            return f"Its owner or an administrator can add {self.preset} to the scenarios, on the agent's page."
        return (
            "No packaged scenario has these numbers. Add one: on the page Scenarios, by POST /api/v1/scenarios, or as "
            f"an administrator by {self.command}"
        )

    @property
    def query(self) -> str:
        """Query of the page of a new scenario, which generates one with these numbers."""
        numbers = {key: getattr(self.agent, key) for key in entries.DIMENSIONS}
        return urlencode({key: number for key, number in numbers.items() if number is not None})

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}"


def find_homeless(agents: Sequence[Agent]) -> list[Homeless]:
    """Those of these agents that can play in no scenario of the portal."""
    scenarios = list(Scenario.objects.all())
    return [
        Homeless(agent, describe_needs(agent), find_preset(agent))
        for agent in agents
        if describe_needs(agent) and all(entries.check_fitness(agent, scenario).problems for scenario in scenarios)
    ]


def describe_needs(agent: Agent) -> str:
    """The numbers that an agent was trained for, such as "8 cameras, 1 target and 9 obstacles"."""
    words = ("camera", "target", "obstacle")
    numbers = [(getattr(agent, key), word) for key, word in zip(entries.DIMENSIONS, words, strict=True)]
    told = [f"{number} {word}{'' if number == 1 else 's'}" for number, word in numbers if number is not None]
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


def find_preset(agent: Agent) -> str:
    """The packaged scenario with the numbers of an agent; of several, the one that its provenance names.

    Empty: none.
    """
    told = splitext(str(agent.provenance.get("scenario", "")))[0]
    wanted = [getattr(agent, key) for key in entries.DIMENSIONS]
    fitting = [
        name
        for name, numbers in preset_numbers()
        if all(one in (None, other) for one, other in zip(wanted, numbers, strict=True))
    ]
    return min(fitting, key=lambda name: (name != told, -len(name), name), default="")


@cache
def preset_numbers() -> tuple[tuple[str, tuple[int, int, int]], ...]:
    """The numbers of cameras, targets and obstacles of each packaged scenario in which two teams play."""
    loaded = [(name, game.Scenario.load(name)) for name in game.preset_names()]
    return tuple(
        (name, (one.num_cameras, one.num_targets, one.num_obstacles)) for name, one in loaded if one.num_cameras
    )


def add_home(agent: Agent) -> Scenario:
    """Add the packaged scenario that an agent needs, with the enhanced observation that it was trained under.

    Raises RequestRefused where some scenario fits the agent already, or no packaged one does.
    """
    found = find_homeless([agent])
    if not found:
        raise RequestRefused([("", f"{agent.name} can play here already. Start a tournament with it.")])
    if not found[0].preset:
        raise RequestRefused([("", str(found[0]))])
    return entries.register_scenario(found[0].preset, agent.trained_enhanced_observation or "none")
