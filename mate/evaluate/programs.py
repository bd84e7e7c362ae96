"""Upstream's ``mate.evaluate`` for other programs: entry points, one episode at a time, the table's columns."""

from __future__ import annotations

import argparse
import importlib
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import nan
from typing import Any

import mate
from mate.errors import UserError
from mate.evaluate.entrants import import_class
from mate.evaluate.options import read_options
from mate.messages import Team
from mate.rendering import Film

__all__ = ["COLUMNS", "Column", "evaluate", "load_entry", "parse_arguments"]


@dataclass(frozen=True)
class Column:
    """A column of the table of steps: its name, its width in characters, and how a value is written."""

    name: str
    width: int
    fmt: Callable[[Any], str] = "{}".format

    def title(self, width: int | None = None) -> str:
        """Return the name, right-aligned, with a space on either side."""
        return f" {self.name.rjust(width or self.width)} "

    def separator(self, width: int | None = None) -> str:
        """Return the line under the title."""
        return f" {':'.rjust(width or self.width, '-')} "

    def format(self, value: Any, width: int | None = None) -> str:
        """Return a cell."""
        return f" {self.fmt(value).rjust(width or self.width)} "


COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column("Step", 6, "{:d}".format),
        Column("Cargo", 5, "{:d}".format),
        Column("Reward", 8, "{:+.2f}".format),
        Column("Target Episode Reward", 21, "{:+.2f}".format),
        Column("Step / Cargo", 12, "{:.1f}".format),
        Column("Mean Transport Rate", 19, "{:.3%}".format),
        Column("Mean Coverage Rate", 18, "{:.3%}".format),
        Column("Normalized Target Episode Reward", 32, "{:+.5f}".format),
        Column("FPS", 5, "{:.1f}".format),
    )
}


def load_entry(entry_point: str) -> Any:
    """Return what ``module:name`` names. Raises ImportError or AttributeError if there is no such thing."""
    module, _, name = entry_point.partition(":")
    return getattr(importlib.import_module(module), name)


def evaluate(env: Any, target_agents: Sequence[Any], render: bool = False, video_path: Any = None) -> dict[str, Any]:
    """Play one episode of ``target_agents`` in ``env`` (with ``MultiTarget`` around it) and return its last row.

    The row maps the names of ``COLUMNS`` to values; it is empty where the step limit came before the end and nothing
    was delivered. With ``render`` every row is printed, and every picture shown, or filmed to ``video_path``. The
    episode is the next of the environment: seed it, and the agents, before.
    """
    filming: AbstractContextManager[Film | None] = (
        Film(os.fspath(video_path)) if render and video_path else nullcontext()
    )
    with filming as film:
        return _play(env, target_agents, _Printer(env, film) if render else None)


class _Printer:
    """Shows what happens: rows as text, pictures in a film or on the screen."""

    def __init__(self, env: Any, film: Film | None) -> None:
        self.env, self.film = env, film
        print("|".join(["", *(column.title() for column in COLUMNS.values()), ""]))
        print("|".join(["", *(column.separator() for column in COLUMNS.values()), ""]))

    def __call__(self, values: Sequence[Any]) -> None:
        cells = (column.format(value) for column, value in zip(COLUMNS.values(), values, strict=True))
        print("|".join(["", *cells, ""]))
        if self.film is not None:
            self.film.add(self.env.render(mode="rgb_array"))
        else:
            self.env.render()


def _play(env: Any, target_agents: Sequence[Any], show: _Printer | None) -> dict[str, Any]:
    observation, infos, done = env.reset(), None, False
    mate.group_reset(target_agents, observation)
    row: dict[str, Any] = {}
    total = coverage = 0.0
    start = time.perf_counter()
    while not done and env.episode_step < env.max_episode_steps:
        action = mate.group_step(env, target_agents, observation, infos)
        observation, reward, done, infos = env.step(action)
        total, coverage = total + reward, coverage + env.coverage_rate
        step, cargo = int(env.episode_step), int(env.num_delivered_cargoes)
        values = (
            *(step, cargo, reward, total, step / cargo if cargo else nan),
            *(env.mean_transport_rate, coverage / step, total / env.max_target_team_episode_reward),
            step / max(time.perf_counter() - start, 1e-9),
        )
        if cargo or done:
            row = dict(zip(COLUMNS, values, strict=True))
        if show is not None:
            show(values)
    return row


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of a command line (default: of this process), with the agents' classes in place of their
    names.

    ``seed`` is among the agents' arguments, ``camera_name`` and ``target_name`` are for people. Raises ``UserError``
    for values that cannot be used, and for agents that are no classes, such as checkpoints.
    """
    options = argparse.Namespace(**vars(read_options(arguments)))
    for team in Team:
        agent_class = _class_of(getattr(options, f"{team}_agent"), team, getattr(options, f"{team}_kwargs"))
        kwargs = dict(sorted((getattr(options, f"{team}_kwargs") | {"seed": options.seed}).items()))
        kwargs["seed"] = kwargs.pop("seed")  # at the end
        shown = ", ".join(f"{name}={value!r}" for name, value in kwargs.items())
        setattr(options, f"{team}_agent", agent_class)
        setattr(options, f"{team}_kwargs", kwargs)
        setattr(options, f"{team}_name", f"{agent_class.__module__}.{agent_class.__name__}({shown})")
    return options


def _class_of(text: str, team: str, kwargs: dict[str, Any]) -> type:
    name = f"{text.capitalize()}{team.capitalize()}Agent"
    if ":" not in text and not hasattr(mate, name):
        raise UserError(f"--{team}-agent {text} is no class. Write module:Class, or run `python -m mate.evaluate`.")
    return import_class(text if ":" in text else f"mate:{name}", team, kwargs)
