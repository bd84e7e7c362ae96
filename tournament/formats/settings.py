"""What users may set in a format, within which bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

from tournament.formats.numbers import write
from tournament.refusals import RequestRefused


class SettingsRefused(RequestRefused):
    """A format cannot be had with these settings (such as `settings.width`) or for these agents (`cameras`, `targets`)."""


@dataclass(frozen=True)
class Setting:
    """One setting: an integer or a number from `lowest` to `highest`, or one of `options`."""

    name: str
    title: str
    explanation: str
    kind: Literal["integer", "number", "option"]
    default: Any
    lowest: float | None = None
    highest: float | None = None
    options: tuple[str, ...] = ()
    unit: str = ""

    @property
    def bounds(self) -> str:
        """What is possible, in words."""
        if self.kind == "option":
            return f"one of {', '.join(self.options)}"
        kind = "a whole number" if self.kind == "integer" else "a number"
        return f"{kind} from {_tell(self.lowest)} to {_tell(self.highest)}"

    def read(self, given: Any) -> Any:
        """The value as it is used. Raises ValueError if it is not possible."""
        if self.kind == "option":
            if given not in self.options:
                raise ValueError(given)
            return given
        if isinstance(given, bool):
            raise ValueError(given)
        number = float(given)
        if not isfinite(number) or not (self.lowest or 0.0) <= number <= (self.highest or 0.0):
            raise ValueError(given)
        if self.kind == "number":
            return number
        if number != int(number):
            raise ValueError(given)
        return int(number)


def _tell(bound: float | None) -> str:
    return "anything" if bound is None else write(bound)


def check(title: str, known: Sequence[Setting], given: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of a format, defaults filled in. Raises SettingsRefused that names everything that is wrong."""
    problems, settings = [], {}
    for name in sorted(set(given) - {setting.name for setting in known}):
        names = ", ".join(setting.name for setting in known)
        problems.append((f"settings.{name}", f"{title} has no setting {name!r}: it has {names}."))
    for setting in known:
        try:
            settings[setting.name] = setting.read(given.get(setting.name, setting.default))
        except (TypeError, ValueError, OverflowError):
            text = f"{setting.title} ({setting.name}) is {given[setting.name]!r}: expected {setting.bounds}."
            problems.append((f"settings.{setting.name}", text))
    if problems:
        raise SettingsRefused(problems)
    return settings


TEAM = Setting(
    "team",
    "Team",
    "Whose agents are compared; those of the other team are their opponents.",
    "option",
    "camera",
    options=("camera", "target"),
)
ROUND_SIZE = Setting(
    "round_size",
    "Episodes a round",
    "After about so many episodes the next ones are chosen. Small rounds waste fewer episodes, large ones keep more workers busy.",
    "integer",
    128,
    1,
    10_000,
    unit="episodes",
)


def most(default: int) -> Setting:
    """The setting that limits a format which could go on for long."""
    return Setting(
        "most",
        "At most, a pairing",
        "No pairing is given more episodes than this; what is undecided by then stays so.",
        "integer",
        default,
        2,
        10_000,
        unit="episodes",
    )
