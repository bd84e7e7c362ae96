"""Who plays: from what a user wrote to something that can act.

An agent is written as the name of a built-in one (``greedy``), as ``module:Class``, or as the path of a checkpoint: a
file, a folder or a link. What
reads checkpoints is not part of the game: installed packages offer it through the entry-point group
``mate.agent_loaders``.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mate.agents import batched
from mate.agents.base import CameraAgentBase, TargetAgentBase
from mate.episodes import AgentFactory
from mate.errors import UserError
from mate.evaluate.options import Options
from mate.evaluate.upstream import advise
from mate.messages import Team
from mate.scenario import Scenario

LOADERS = "mate.agent_loaders"
_BASES: dict[str, Any] = {Team.CAMERA: CameraAgentBase, Team.TARGET: TargetAgentBase}


@dataclass(frozen=True)
class Entrant:
    """An agent that was found: ``label`` for people, and how to build it in each of the two forms.

    ``factory`` builds the batched form, which only a class of the user's own does not have; ``build`` makes one agent
    object with a seed, from which a team is spawned, and is None for a checkpoint.
    """

    label: str
    factory: AgentFactory | None
    build: Callable[[int], Any] | None


@dataclass(frozen=True)
class Evaluation:
    """The two entrants, the scenario, and the other options."""

    options: Options
    scenario: Scenario
    camera: Entrant
    target: Entrant


def pair(options: Options) -> Evaluation:
    """Find the scenario and both agents. Raises ``UserError`` for what does not exist or cannot play."""
    scenario = options.scenario()
    camera = find(options.camera_agent, Team.CAMERA, options.camera_kwargs, options.deterministic)
    target = find(options.target_agent, Team.TARGET, options.target_kwargs, options.deterministic)
    for team, entrant, levels in (
        ("camera", camera, options.camera_discrete_levels),
        ("target", target, options.target_discrete_levels),
    ):
        if levels is not None and entrant.factory is not None:
            raise UserError(
                f"--{team}-discrete-levels: {entrant.label} does not act with grid indices. Leave the option out."
            )
    return Evaluation(options, scenario, camera, target)


def find(text: str, team: Team, kwargs: dict[str, Any], deterministic: bool | None) -> Entrant:
    """Return the agent of ``team`` (camera or target) that ``text`` names; ``kwargs`` go to the constructor of a class.

    Raises ``UserError`` if there is none of that name, or if it cannot play for that team.
    """
    if text in batched.BUILTIN_NAMES:
        return _builtin(text, team, kwargs)
    if os.path.lexists(text):
        return _checkpoint(text, team, kwargs, deterministic)
    if ":" in text and not re.search(r"[\\/]", text):
        return _class(text, team, kwargs)
    raise UserError(
        f"--{team}-agent {text}: there is no such file and no such built-in agent. Built-in agents are "
        f"{', '.join(batched.BUILTIN_NAMES)}; a class is written as module:Class, a checkpoint as the path of its "
        f"file or its trial's folder."
    )


def _builtin(name: str, team: Team, kwargs: dict[str, Any]) -> Entrant:
    agent_class = batched.object_class(name, team)
    build = partial(construct, agent_class, team, kwargs)
    build(0)  # so that wrong arguments are noticed before anything is played
    chosen = {key: value for key, value in kwargs.items() if key != "seed"}
    return Entrant(name, partial(_make_builtin, name, team, chosen), build)


def _make_builtin(name: str, team: Team, kwargs: dict[str, Any], scenario: Any, size: int) -> batched.BatchedAgent:
    return batched.make(name, team, scenario, size, **kwargs)


def _class(text: str, team: Team, kwargs: dict[str, Any]) -> Entrant:
    agent_class = import_class(text, team, kwargs)
    for name in batched.BUILTIN_NAMES:
        if agent_class is batched.object_class(name, team):
            return _builtin(name, team, kwargs)
    return Entrant(text, None, partial(construct, agent_class, team, kwargs))


def import_class(text: str, team: str, kwargs: dict[str, Any]) -> type:
    """Return the class that ``module:Class`` names. Raises ``UserError`` unless it is an agent of the team."""
    module_name, _, class_name = text.partition(":")
    where = f"--{team}-agent {text}"
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # a module of the user's own, beside which the command was called
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        advice = advise(text, team, kwargs) or "Check its name."
        raise UserError(f"{where}: the module {module_name} cannot be imported ({error}). {advice}") from error
    agent_class = getattr(module, class_name, None)
    if not isinstance(agent_class, type):
        raise UserError(f"{where}: the module {module_name} has no class {class_name}. Check its name.")
    base = _BASES[team]
    if not issubclass(agent_class, base):
        raise UserError(f"{where}: {class_name} is no {team} agent. Derive it from mate.{base.__name__}.")
    return agent_class


def construct(agent_class: type, team: str, kwargs: dict[str, Any], seed: int) -> Any:
    """Construct an agent; constructors that take ``seed`` get it, whatever ``kwargs`` say, as in upstream."""
    if _takes_seed(agent_class):
        kwargs = kwargs | {"seed": seed}
    try:
        return agent_class(**kwargs)
    except TypeError as error:
        raise UserError(
            f"--{team}-kwargs: {agent_class.__name__} cannot be built with {kwargs} ({error}). Check the names."
        ) from error


def _takes_seed(agent_class: type) -> bool:
    parameters = inspect.signature(agent_class).parameters.values()
    return any(parameter.name == "seed" or parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


def _checkpoint(text: str, team: str, kwargs: dict[str, Any], deterministic: bool | None) -> Entrant:
    if kwargs:
        raise UserError(
            f"--{team}-kwargs: a checkpoint such as {text} takes no constructor arguments. Leave the option out."
        )
    for entry in importlib.metadata.entry_points(group=LOADERS):
        loaded = entry.load()(text, team, deterministic=deterministic)
        return Entrant(Path(text).name, loaded, None)
    raise UserError(
        f"--{team}-agent {text}: nothing that is installed reads checkpoints (no entry point in the group {LOADERS}). "
        "Install the portal with `pip install -e .`, or give a class as module:Class."
    )
