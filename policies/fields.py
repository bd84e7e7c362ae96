"""Checks of the fields of ``policy.json``, each with an error that names the field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mate.messages import Team
from policies.errors import CheckpointError

MAX_ENTITIES = 64


def refuse(where: str, problem: str) -> CheckpointError:
    """Return the error about one field of a recipe."""
    return CheckpointError(f"policy.json: {where}: {problem}")


def check_choice(where: str, value: Any, choices: tuple[str, ...]) -> None:
    """Raise CheckpointError unless ``value`` is one of ``choices``."""
    if not isinstance(value, str) or value not in choices:
        raise refuse(where, f"got {shorten(value)}, expected one of {', '.join(choices)}")


def check_integer(where: str, value: Any, low: int, high: int) -> None:
    """Raise CheckpointError unless ``value`` is an integer from ``low`` to ``high``."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise refuse(where, f"got {shorten(value)}, expected an integer from {low} to {high}")


def check_boolean(where: str, value: Any) -> None:
    """Raise CheckpointError unless ``value`` is a boolean."""
    if not isinstance(value, bool):
        raise refuse(where, f"got {shorten(value)}, expected true or false")


def shorten(value: Any, length: int = 60) -> str:
    """Return a value for an error message, at most ``length`` characters of it."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**length:
        return "a number of more than 60 digits"
    text = repr(value) if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"
    return text if len(text) <= length else text[: length - 3] + "..."


@dataclass(frozen=True)
class Dimensions:
    """How many cameras, targets and obstacles a scenario has."""

    cameras: int
    targets: int
    obstacles: int

    def __post_init__(self) -> None:
        check_integer("scenario.cameras", self.cameras, 0, MAX_ENTITIES)
        check_integer("scenario.targets", self.targets, 1, MAX_ENTITIES)
        check_integer("scenario.obstacles", self.obstacles, 0, MAX_ENTITIES)

    def __str__(self) -> str:
        return f"{self.cameras} cameras, {self.targets} targets and {self.obstacles} obstacles"

    def observation_size(self, team: str) -> int:
        """Return the length of one raw observation of a member of ``team``."""
        shared = 7 * self.cameras + 5 * self.targets + 4 * self.obstacles
        return shared + (22 if team == Team.CAMERA else 27)

    @property
    def state_size(self) -> int:
        """Length of the global state vector, which centralised critics are trained on."""
        return 29 + 9 * self.cameras + 16 * self.targets + 3 * self.obstacles

    def team_size(self, team: str) -> int:
        """Return how many agents ``team`` has."""
        return self.cameras if team == Team.CAMERA else self.targets
