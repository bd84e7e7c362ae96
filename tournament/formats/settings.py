"""The settings of formats, and their validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

from mate import Team
from tournament.formats.numbers import write
from tournament.refusals import RequestRefused


class SettingsRefused(RequestRefused):
    """Invalid settings of a format (such as `settings.width`), or fields that it cannot take (`cameras`, `targets`)."""


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
        """The valid values, in words."""
        if self.kind == "option":
            return f"one of {', '.join(self.options)}"
        kind = "a whole number" if self.kind == "integer" else "a number"
        return f"{kind} from {_write_bound(self.lowest)} to {_write_bound(self.highest)}"

    def read(self, given: Any) -> Any:
        """Return the parsed value. Raises ValueError if it is invalid."""
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


def _write_bound(bound: float | None) -> str:
    return "anything" if bound is None else write(bound)


def check(title: str, known: Sequence[Setting], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all settings with defaults filled in. Raises SettingsRefused that names everything that is wrong."""
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
    "Team whose agents are compared; the other team's agents are their opponents.",
    "option",
    "camera",
    options=tuple(Team),
)
ROUND_SIZE = Setting(
    "round_size",
    "Episodes a round",
    "About this many episodes are chosen at a time. Small rounds waste fewer; large ones keep more workers busy.",
    "integer",
    128,
    1,
    10_000,
    unit="episodes",
)


def most(default: int) -> Setting:
    """Return the setting that limits the length of a format without a natural end."""
    return Setting(
        "most",
        "At most, a pairing",
        "Maximum number of episodes of each pairing; what is undecided by then stays undecided.",
        "integer",
        default,
        2,
        10_000,
        unit="episodes",
    )
