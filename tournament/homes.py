"""Agents that no scenario of the portal fits: what they need, and which scenario would fit.

The scenario that fits is the one on which the agent was trained, if its archive says which (`scenario_config` and
`scenario_overrides` of its provenance), or a packaged one with the same numbers of entities.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from posixpath import splitext
from typing import Any
from urllib.parse import urlencode

from mate import scenario as game
from mate.errors import UserError
from tournament import drafts, entries, names, new_scenarios
from tournament.models import Agent, Scenario
from tournament.refusals import RequestRefused

COMMAND = "python manage.py add_scenario FILE.yaml"


@dataclass(frozen=True)
class Homeless:
    """An agent that no scenario here fits, and what it needs.

    `preset` names the packaged scenario that fits it; empty if there is none. `trained_on` is the document of the map
    on which it was trained, if that map is known and not a packaged one.
    """

    agent: Agent
    needs: str
    preset: str
    trained_on: Mapping[str, Any] | None = None
    command: str = COMMAND

    @property
    def offer(self) -> str:
        """Name of the scenario that can be added for the agent; empty if there is none."""
        return str(self.trained_on["name"]) if self.trained_on else self.preset

    @property
    def problem(self) -> str:
        return f"No scenario of this portal fits {self.agent.name}, so it cannot play yet: it needs {self.needs}."

    @property
    def remedy(self) -> str:
        if self.offer:
            return f"Its owner or an administrator can add {self.offer} to the scenarios, on the agent's page."
        return (
            "No packaged scenario has these numbers. Add one: on the page Scenarios, by POST /api/v1/scenarios, or as "
            f"an administrator by {self.command}"
        )

    @property
    def query(self) -> str:
        """Query with which the page of a new scenario generates one with these numbers of entities."""
        numbers = {key: getattr(self.agent, key) for key in entries.DIMENSIONS}
        return urlencode({key: number for key, number in numbers.items() if number is not None})

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}"


def find_homeless(agents: Sequence[Agent]) -> list[Homeless]:
    """Return the agents that can play in no scenario of the portal."""
    scenarios = list(Scenario.objects.all())
    return [
        Homeless(agent, describe_needs(agent), find_preset(agent), find_map(agent))
        for agent in agents
        if describe_needs(agent) and all(entries.check_fitness(agent, scenario).problems for scenario in scenarios)
    ]


def describe_needs(agent: Agent) -> str:
    """Return the numbers of entities that an agent was trained for, such as "8 cameras, 1 target and 9 obstacles"."""
    words = ("camera", "target", "obstacle")
    numbers = [(getattr(agent, key), word) for key, word in zip(entries.DIMENSIONS, words, strict=True)]
    told = [f"{number} {word}{'' if number == 1 else 's'}" for number, word in numbers if number is not None]
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


def find_preset(agent: Agent) -> str:
    """Return the name of the packaged scenario with an agent's numbers of entities; empty if there is none.

    If there are several, the one that the agent's provenance names is preferred.
    """
    told = splitext(str(agent.provenance.get("scenario", "")))[0]
    wanted = [getattr(agent, key) for key in entries.DIMENSIONS]
    fitting = [
        name
        for name, numbers in preset_numbers()
        if all(one in (None, other) for one, other in zip(wanted, numbers, strict=True))
    ]
    return min(fitting, key=lambda name: (name != told, -len(name), name), default="")


def find_map(agent: Agent) -> dict[str, Any] | None:
    """Return the document, with its name, of the map in an agent's archive; None if the archive has no playable map.

    Also None if that map is a packaged one, or does not have the numbers of entities that the agent needs.
    """
    told = agent.provenance
    if not isinstance(told.get("scenario_config") or told.get("scenario_overrides"), str):
        return None
    try:
        document = _read_map(told)
        name = str(document.get("name") or _stem(told))[: new_scenarios.MAX_NAME]
        document["name"] = f"Map of {agent.slug}" if names.find_problem(name) else name
        if agent.trained_enhanced_observation not in ("", "none"):
            document["enhanced_observation"] = agent.trained_enhanced_observation
        scenario = drafts.check(document)
    except (UserError, TypeError, ValueError, ArithmeticError, LookupError):
        return None
    numbers = [getattr(agent, key) for key in entries.DIMENSIONS]
    fits = all(one in (None, getattr(scenario, key)) for one, key in zip(numbers, entries.DIMENSIONS, strict=True))
    packaged = {game.Scenario.load(name, **scenario.variant).digest for name in game.preset_names()}
    return document if fits and scenario.digest not in packaged else None


def _stem(provenance: Mapping[str, Any]) -> str:
    return splitext(str(provenance.get("scenario", "")))[0] or "Map"


def _read_map(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of the map in a provenance. Raises RequestRefused or UserError if there is none."""
    if text := provenance.get("scenario_config"):
        document = drafts.read(str(text))
        if "camera_boxes" in document:  # The form in which this portal's trainings write a scenario.
            return drafts.to_document(game.Scenario.from_json(str(text)))
    else:
        document = drafts.to_document(game.Scenario.load(_stem(provenance)))
        document["name"] = f"{_stem(provenance)} (as trained)"
    changes = provenance.get("scenario_overrides")
    return drafts.merge(document, drafts.read(str(changes))) if changes else document


@cache
def preset_numbers() -> tuple[tuple[str, tuple[int, int, int]], ...]:
    """Return the numbers of cameras, targets and obstacles of each packaged scenario in which two teams play."""
    loaded = [(name, game.Scenario.load(name)) for name in game.preset_names()]
    return tuple(
        (name, (one.num_cameras, one.num_targets, one.num_obstacles)) for name, one in loaded if one.num_cameras
    )


def add_home(agent: Agent) -> Scenario:
    """Add the scenario that an agent was trained on, or the packaged one that it needs.

    It gets the enhanced observation with which the agent was trained. Raises RequestRefused if a scenario fits the
    agent already, or if no scenario is known that would fit it.
    """
    found = find_homeless([agent])
    if not found:
        raise RequestRefused([("", f"{agent.name} can play here already. Start a tournament with it.")])
    if (document := found[0].trained_on) is not None:
        offered = (str(document["name"]), f"{agent.name}: map", f"Map of {agent.slug}")
        name = next((one for one in offered if not new_scenarios.find_name_problem(one)), offered[-1])
        return new_scenarios.add(document, name, agent.owner)[0]
    if not found[0].preset:
        raise RequestRefused([("", str(found[0]))])
    return entries.register_scenario(found[0].preset, agent.trained_enhanced_observation or "none")
