"""The kinds of environments that wrappers accept, and the checks that distinguish them."""

from __future__ import annotations

from typing import Any

from mate.agents.base import AgentType
from mate.environment import MultiAgentTracking
from mate.layers import EnvMeta as WrapperMeta
from mate.layers import Wrapper, WrapperSpec
from mate.wrappers.single_team import MultiCamera, MultiTarget, SingleCamera, SingleTarget, SingleTeam

__all__ = [
    "AgentType",
    "BaseEnvironmentType",
    "MateEnvironmentType",
    "MultiAgentEnvironmentType",
    "WrapperMeta",
    "WrapperSpec",
    "assert_base_environment",
    "assert_mate_environment",
    "assert_multi_agent_environment",
    "assert_once",
    "assert_team_environment",
]

BaseEnvironmentType = MultiAgentTracking | Wrapper
MultiAgentEnvironmentType = MultiAgentTracking | MultiCamera | MultiTarget | Wrapper
MateEnvironmentType = MultiAgentTracking | MultiCamera | MultiTarget | SingleCamera | SingleTarget | Wrapper


def assert_mate_environment(env: Any) -> None:
    """Raise AssertionError unless there is a ``MultiAgentTracking`` at the bottom."""
    assert isinstance(env, MultiAgentTracking), f"this wrapper goes around a MATE environment, not around {env!r}"


def assert_base_environment(env: Any) -> None:
    """Raise AssertionError unless both teams are played from outside."""
    assert_mate_environment(env)
    assert not isinstance(env, SingleTeam), (
        f"this wrapper goes around a two-team environment: put it inside the single-team wrapper of {env}"
    )


def assert_multi_agent_environment(env: Any) -> None:
    """Raise AssertionError unless at least one whole team is played from outside."""
    assert_mate_environment(env)
    assert not isinstance(env, SingleCamera) and not isinstance(env, SingleTarget), (
        f"this wrapper goes around an environment of a whole team, not of a single agent: {env}"
    )


def assert_team_environment(env: Any) -> None:
    """Raise AssertionError unless exactly one whole team is played from outside."""
    assert_mate_environment(env)
    assert isinstance(env, (MultiCamera, MultiTarget)), (
        f"this wrapper goes around MultiCamera or MultiTarget, not around {env}"
    )


def assert_once(env: Any, *wrappers: type) -> None:
    """Raise AssertionError if one of the wrappers is already a layer of ``env``."""
    for wrapper in wrappers:
        assert not isinstance(env, wrapper), f"{wrapper.__name__} is already a layer of {env}; it cannot be used here"
