"""The limits that a scenario puts on messages, around an environment of upstream's interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mate.wrappers.extra_communication_delays import ExtraCommunicationDelays
from mate.wrappers.message_filter import NoCommunication, RandomMessageDropout, RestrictedCommunicationRange

if TYPE_CHECKING:
    from mate.scenario import Scenario

__all__ = ["limit_communication"]


def limit_communication(env: Any, scenario: Scenario) -> Any:
    """Return ``env`` with the wrappers that limit messages as ``scenario`` says, in the order of
    ``mate.communication``.
    """
    if scenario.communication_delay > 0:
        env = ExtraCommunicationDelays(env, scenario.communication_delay)
    if scenario.message_dropout > 0.0:
        env = RandomMessageDropout(env, scenario.message_dropout)
    if scenario.communication_range is not None:
        env = RestrictedCommunicationRange(env, scenario.communication_range)
    if scenario.no_communication != "none":
        env = NoCommunication(env, scenario.no_communication)
    return env
