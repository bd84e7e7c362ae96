"""What stands around the game in a scenario: what teams observe, and what keeps their messages from arriving."""

from collections.abc import Mapping
from typing import Any

from mate.configuration import ConfigError, is_finite_number
from mate.messages import TEAMS_OF

COMMUNICATION = {
    "no_communication": "none",
    "communication_range": None,
    "message_dropout": 0.0,
    "communication_delay": 0,
}
VARIANT = {"enhanced_observation": "none", "shared_field_of_view": "none", **COMMUNICATION}
"""What stands around the game, with its defaults: observation and communication."""
MAX_DELAY = 20
"""Largest delay of messages in steps, because what is under way is kept."""


def check_variant(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``given``, keywords of ``Scenario.load`` that are among ``VARIANT``, as a scenario stores them.

    Raises ConfigError that names all problems.
    """
    problems = [f"`{key}` is none of {', '.join(VARIANT)}." for key in given if key not in VARIANT]
    checked: dict[str, Any] = {}
    for key in VARIANT:
        if key in given:
            try:
                checked[key] = _check_one(key, given[key])
            except ConfigError as error:
                problems.append(str(error))
    if problems:
        raise ConfigError(" ".join(problems))
    return checked


def _check_one(key: str, value: Any) -> Any:
    if VARIANT[key] == "none":
        if not isinstance(value, str) or value not in TEAMS_OF:
            raise ConfigError(f"`{key}` is {value!r}; it must be one of {', '.join(TEAMS_OF)}.")
        return value
    if value is None and key == "communication_range":
        return None
    if isinstance(value, bool) or not is_finite_number(value):
        raise ConfigError(f"`{key}` is {value!r}; it must be a finite number.")
    number = float(value)
    if key == "communication_delay":
        if number != int(number) or not 0 <= number <= MAX_DELAY:
            raise ConfigError(f"`{key}` is {value!r}; it must be a whole number of steps, from 0 to {MAX_DELAY}.")
        return int(number)
    if key == "message_dropout" and not 0.0 <= number <= 1.0:
        raise ConfigError(f"`{key}` is {value!r}; it must be a probability, from 0 to 1.")
    if number < 0.0:
        raise ConfigError(f"`{key}` is {value!r}; it must be a distance in map units, at least 0.")
    return number
