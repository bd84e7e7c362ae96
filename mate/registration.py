"""Environments by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import gymnasium
from gymnasium.envs.registration import EnvSpec

from mate.configuration import preset_names
from mate.environment import MultiAgentTracking
from mate.errors import UserError

__all__ = ["UnknownEnvironment", "environment_ids", "make", "make_environment"]

UNBOUND_IDS = ("MultiAgentTracking-v0", "MATE-v0")


class UnknownEnvironment(UserError, ValueError):
    """No environment is registered under that id."""


def make_environment(config: Any = None, wrappers: Iterable[Callable[[Any], Any]] = (), **overrides: Any) -> Any:
    """A ``MultiAgentTracking`` of a configuration, with wrappers around it.

    Args:
        config: a preset's name, the path of a file, or a mapping; the default preset if None and nothing is overridden.
        wrappers: callables that take an environment, innermost first: wrapper classes or ``WrapperSpec`` objects.
        overrides: keys of the configuration; mappings merge.
    """
    env: Any = MultiAgentTracking(config, **overrides)
    for wrapper in wrappers:
        env = wrapper(env)
    return env


def environment_ids() -> dict[str, str | None]:
    """Every registered id, and the preset it is bound to (Q47)."""
    bound = {f"{name}-v0": f"{name}.yaml" for name in preset_names() if name != "MATE"}
    return {**dict.fromkeys(UNBOUND_IDS), **bound}


def make(id: str, **kwargs: Any) -> Any:
    """Make the environment registered as ``id``; keywords are those of ``make_environment``.

    Nothing is wrapped around it, and ``max_episode_steps`` is a key of the configuration like any other (Q48).
    ``disable_env_checker``, without which newer versions of gym cannot make it, is accepted: there is no checker.
    Raises UnknownEnvironment (a ValueError).
    """
    ids = environment_ids()
    if id not in ids:
        raise UnknownEnvironment(f"There is no environment {id!r}; there are {', '.join(sorted(ids))}.")
    kwargs.pop("disable_env_checker", None)
    if ids[id] is not None:
        kwargs.setdefault("config", ids[id])
    env = make_environment(**kwargs)
    env.unwrapped.spec = EnvSpec(id, entry_point="mate:make_environment", kwargs=kwargs)
    return env


def register() -> None:
    """Make the ids known to ``gymnasium.make`` and ``gymnasium.make_vec``, where one team is played as one agent."""
    for id, config in environment_ids().items():
        if id not in gymnasium.registry:
            gymnasium.register(
                id=id,
                entry_point="mate.interfaces.gymnasium:make",
                vector_entry_point="mate.interfaces.gymnasium_vector:make",
                kwargs={} if config is None else {"config": config},
            )
