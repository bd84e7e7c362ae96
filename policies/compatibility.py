"""Whether a learned agent can play a team in a scenario, and what to know about it."""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import splitext
from typing import Any

from policies.fields import Dimensions
from policies.graphs.graph import Graph
from policies.recipe import Recipe


@dataclass(frozen=True)
class Remark:
    """One thing about an agent in a scenario: a ``problem`` that forbids it, or a ``note`` to show."""

    kind: str
    text: str


def dimensions_of(scenario: Any) -> Dimensions:
    """The dimensions of a ``mate.Scenario``."""
    return Dimensions(int(scenario.num_cameras), int(scenario.num_targets), int(scenario.num_obstacles))


def compatibility(recipe: Recipe, scenario: Any, team: str) -> list[Remark]:
    """What stands against, or is to be known about, an agent of this recipe playing ``team`` in ``scenario``.

    The other team, or other numbers of cameras, targets or obstacles than it was trained for, are problems, told with
    both figures. Limits on communication that do not bind it are a note. Another enhanced observation is a note too: it
    belongs to the scenario, not to the agent.
    """
    remarks = []
    if recipe.team != team:
        remarks.append(Remark("problem", f"it was trained as a {recipe.team} agent and cannot play the {team} team"))
    trained, offered = recipe.scenario, dimensions_of(scenario)
    if trained is None:
        trained = offered
    for name in ("cameras", "targets", "obstacles"):
        before, now = getattr(trained, name), getattr(offered, name)
        if before != now:
            remarks.append(Remark("problem", f"it was trained for {before} {name}, and the scenario has {now}"))
    if _is_unlimited(recipe) and _limits_messages(scenario, team):
        remarks.append(
            Remark("note", "its network decides for the whole team, past the scenario's limits on communication")
        )
    enhanced = getattr(scenario, "enhanced_observation", "none")
    if recipe.enhanced_observation != enhanced:
        remarks.append(
            Remark(
                "note",
                f"it was trained under enhanced observation {recipe.enhanced_observation!r}, "
                f"and the scenario has {enhanced!r}",
            )
        )
    return remarks


def _is_unlimited(recipe: Recipe) -> bool:
    """Whether members can exchange what they know inside the network, whatever a scenario says."""
    graph = recipe.architecture
    if not isinstance(graph, Graph) or graph.rows != "team":
        return False
    return graph.messages is None or (not graph.messages.message and "links" not in graph.inputs)


def _limits_messages(scenario: Any, team: str) -> bool:
    """Whether a ``mate.Scenario`` keeps messages of a team from arriving, or from arriving at once."""
    from mate.communication import limits_of  # not needed by the process that reads uploads

    if not hasattr(scenario, "communication_delay"):
        return False
    return limits_of(scenario, team).is_limited or scenario.communication_delay > 0


def find_preset(recipe: Recipe) -> str | None:
    """The packaged scenario with the numbers that an agent was trained for, such as ``MATE-2v4-0``; None if there is
    none.

    Of several, the one that the agent's provenance names is taken. An agent for any scenario has none.
    """
    from mate.scenario import Scenario, preset_names  # not needed by the process that reads uploads

    told = splitext(str(recipe.provenance.get("scenario", "")))[0]
    names = sorted(preset_names(), key=lambda name: (name != told, -len(name), name))
    return next((name for name in names if dimensions_of(Scenario.load(name)) == recipe.scenario), None)


def problems(recipe: Recipe, scenario: Any, team: str) -> list[str]:
    """The texts of the problems alone."""
    return [remark.text for remark in compatibility(recipe, scenario, team) if remark.kind == "problem"]
