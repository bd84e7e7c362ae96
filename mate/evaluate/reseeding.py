"""Reseeding of agent objects for each episode, so that they do not depend on earlier episodes."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from mate.agents.base import AgentBase, fixed_fresh_seeds
from mate.agents.draws import agent_key
from mate.streams import derive

__all__ = ["LARGEST_SEED", "reseed", "spawn_afresh"]

LARGEST_SEED = 2**31 - 1
_PLAIN = (int, float, str, bytes, np.ndarray, np.generic, type(None))


def spawn_afresh(prototype: AgentBase, count: int, team_key: int) -> list[AgentBase]:
    """Return ``count`` agents spawned from a copy of ``prototype``, their randomness decided by ``team_key``.

    The copy keeps from later episodes what agents share with the one they were spawned from. An agent that cannot be
    copied is used itself. What a class or a module keeps is beyond reach.
    """
    try:
        parent = copy.deepcopy(prototype)
    except Exception:  # The class is the user's, and so is what its copying raises.
        parent = prototype
    with fixed_fresh_seeds(team_key):
        reseed(parent, team_key)
        agents = list(parent.spawn(count))
        for index, agent in enumerate(agents):
            reseed(agent, agent_key(team_key, index))
    return agents


def reseed(agent: AgentBase, key: int) -> None:
    """Seed an agent and every agent, generator and space that it holds, each with its own number."""
    seen = {id(agent)}
    agent.seed(key % LARGEST_SEED)
    seen |= {id(agent.np_random), id(agent.action_space)}
    for number, source in enumerate(_sources(vars(agent), _home(agent), seen)):
        _seed(source, derive(key, number) % LARGEST_SEED)


def _home(agent: AgentBase) -> str:
    """The top-level package in which the agent's class was written."""
    return type(agent).__module__.split(".")[0]


def _sources(value: Any, home: str, seen: set[int]) -> Iterator[Any]:
    """Yield the sources of randomness in a value: its members, if it is a container or an object of ``home``."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if _is_source(value):
        yield value
    if isinstance(value, AgentBase):
        seen |= {id(value.np_random), id(value.action_space)}  # These are seeded with it.
    for member in _members(value, home):
        yield from _sources(member, home, seen)


def _members(value: Any, home: str) -> list[Any]:
    found: Iterable[Any] = ()
    if isinstance(value, Mapping):
        found = value.values()
    elif isinstance(value, (list, tuple)):
        found = value
    elif isinstance(value, AgentBase) or type(value).__module__.split(".")[0] == home != "mate":
        found = getattr(value, "__dict__", {}).values()
    return [member for member in found if not isinstance(member, _PLAIN)]


def _is_source(value: Any) -> bool:
    kinds = (AgentBase, np.random.Generator, np.random.RandomState, random.Random, spaces.Space)
    return isinstance(value, kinds) or (type(value).__name__ == "Generator" and hasattr(value, "manual_seed"))


def _seed(source: Any, seed: int) -> None:
    """Seed in place, so that other holders of the source continue from the same seed."""
    if isinstance(source, np.random.Generator):
        source.bit_generator.state = type(source.bit_generator)(seed).state
    elif hasattr(source, "manual_seed"):
        source.manual_seed(seed)
    else:
        source.seed(seed)
