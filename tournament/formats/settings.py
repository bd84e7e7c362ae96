"""The settings of formats: declared as the fields of a model, which validates them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo

from tournament.formats.numbers import write
from tournament.refusals import RequestRefused

MAX_ROUND_SIZE = 10_000
TeamName = Literal["camera", "target"]
SIDES = ("ge", "le")
"""The bounds of a number as Pydantic names them."""


class SettingsRefused(RequestRefused):
    """Invalid settings of a format (such as `settings.width`), or fields that it cannot take (`cameras`, `targets`)."""


@dataclass(frozen=True)
class Setting:
    """One setting as forms and the API show it: a number from `lowest` to `highest`, or one of `options`."""

    name: str
    title: str
    explanation: str
    kind: Literal["integer", "number", "option"]
    default: Any
    lowest: float | None
    highest: float | None
    options: tuple[str, ...]
    unit: str

    @classmethod
    def of(cls, name: str, field: FieldInfo) -> Setting:
        """Return the setting that a field made by `setting` declares."""
        options = get_args(field.annotation)
        kind: Any = "option" if options else "integer" if field.annotation is int else "number"
        low, high = (next((getattr(one, side) for one in field.metadata if hasattr(one, side)), None) for side in SIDES)
        words, unit = (field.title or "", field.description or ""), field.json_schema_extra
        assert isinstance(unit, dict)
        return cls(name, *words, kind, field.default, low, high, options, str(unit["unit"]))

    @property
    def bounds(self) -> str:
        """The valid values, in words."""
        if self.kind == "option":
            return f"one of {', '.join(self.options)}"
        kind = "a whole number" if self.kind == "integer" else "a number"
        return f"{kind} from {write(self.lowest or 0)} to {write(self.highest or 0)}"


def setting(default: Any, title: str, explanation: str, low: Any = None, high: Any = None, unit: str = "") -> Any:
    """Declare a setting: a number from `low` to `high`, or an option, whose type lists the valid values."""
    more: dict[str, Any] = {"unit": unit}
    return Field(default, title=title, description=explanation, ge=low, le=high, json_schema_extra=more)


ROUND_SIZE = setting(
    128,
    "Episodes a round",
    "About this many episodes are chosen at a time. Small rounds waste fewer; large ones keep more workers busy.",
    *(1, MAX_ROUND_SIZE, "episodes"),
)


def at_most(default: int) -> Any:
    """Declare the setting that limits the length of a format without a natural end."""
    explanation = "Maximum number of episodes of each pairing; what is undecided by then stays undecided."
    return setting(default, "At most, a pairing", explanation, 2, 10_000, "episodes")


class Rule(BaseModel):
    """A format for two fields (digests of agents). Its other members are its settings, each declared by `setting`."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    cameras: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()

    @field_validator("*", mode="before")
    @classmethod
    def _insist_on_number(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError(value)
        return value

    @classmethod
    def list_settings(cls) -> tuple[Setting, ...]:
        """Return the settings in the order of their declarations."""
        return tuple(Setting.of(name, one) for name, one in cls.model_fields.items() if one.title)

    @classmethod
    def check(cls, title: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return all settings with defaults filled in. Raises SettingsRefused that names everything that is wrong."""
        known = {one.name: one for one in cls.list_settings()}
        problems = [
            (f"settings.{name}", f"{title} has no setting {name!r}: it has {', '.join(known)}.")
            for name in sorted(set(given) - set(known))
        ]
        try:
            found = cls.model_validate({name: value for name, value in given.items() if name in known})
        except ValidationError as error:
            for name in (str(problem["loc"][0]) for problem in error.errors()):
                text = f"{known[name].title} ({name}) is {given[name]!r}: expected {known[name].bounds}."
                problems.append((f"settings.{name}", text))
        if problems:
            raise SettingsRefused(problems)
        return found.model_dump(include=set(known))

    def check_fields(self) -> None:
        """Raise SettingsRefused if the format cannot be played with these fields and settings."""
