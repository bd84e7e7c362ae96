"""Reading of the variables. All invalid ones are reported together, by name, with what is allowed."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from portal.variables.declared import LARGE, Variables

FIELDS = Variables.model_fields
GROUPS = (("ARENA_GITHUB_ID", "ARENA_GITHUB_SECRET"), ("ARENA_OIDC_SERVER", "ARENA_OIDC_ID", "ARENA_OIDC_SECRET"))
"""Variables that are set together or not at all."""
OTHERS = (
    "ARENA_URL",
    "ARENA_TOKEN",
    "ARENA_REFERENCE_DATA",
    "ARENA_TEST_PROCESS",
    "ARENA_NAME",
    "ARENA_BIND",
    "ARENA_WEB",
)
"""Variables of other programs: the portal's client, tests and containers."""


class VariablesRefused(Exception):
    """Some variables are invalid. The message has a line for each."""


def read_variables() -> Variables:
    """Return the checked variables. Raises VariablesRefused if any are invalid."""
    problems = [*half_groups(os.environ), *missing_cluster(os.environ)]
    try:
        found = Variables()
    except ValidationError as error:
        problems = list(dict.fromkeys(map(explain, error.errors()))) + problems
    if problems:
        raise VariablesRefused("\n".join(problems))
    return found


def explain(problem: Any) -> str:
    """Return a sentence with the variable, its value and what is allowed."""
    name = str(problem["loc"][0])
    field = FIELDS[name]
    allowed = str(problem["ctx"]["error"]) if problem["type"] == "value_error" else describe(field)
    shown = "cannot be read" if more(field)["secret"] else f"is {os.environ[name][:100]!r}"
    return f"{name} {shown}; it must be {allowed}."


def describe(field: FieldInfo) -> str:
    """Return what is allowed for a number, a switch or a choice."""
    if field.annotation is bool:
        return "1 (on) or 0 (off)"
    if choices := get_args(field.annotation):
        return f"one of {', '.join(choices)}"
    least = next(one.ge for one in field.metadata if hasattr(one, "ge"))
    most = next(one.le for one in field.metadata if hasattr(one, "le"))
    kind = "a whole number" if field.annotation is int else "a number"
    return f"{kind} of at least {least:g}" if most == LARGE else f"{kind} from {least:g} to {most:g}"


def half_groups(environment: Mapping[str, str]) -> Iterator[str]:
    for names in GROUPS:
        missing = [name for name in names if not environment.get(name)]
        if missing and len(missing) < len(names):
            present = next(name for name in names if name not in missing)
            yield f"{present} is set; {' and '.join(missing)} must be set as well."


def missing_cluster(environment: Mapping[str, str]) -> Iterator[str]:
    if environment.get("ARENA_PLAY") == "ray" and not environment.get("RAY_ADDRESS"):
        yield "ARENA_PLAY is ray; RAY_ADDRESS must name the cluster."


def remarks(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a warning for each variable that looks like the portal's, but has no effect."""
    for name in sorted(environment):
        if name.startswith("ARENA_") and name not in FIELDS and name not in OTHERS:
            near = difflib.get_close_matches(name, FIELDS, n=1)
            yield f"{name} is no variable of the portal and has no effect." + "".join(f" Is it {one}?" for one in near)


def table() -> str:
    """Return the table of docs/operations.md."""
    rows = [f"| `{name}` | {default(field)} | {field.description} |" for name, field in FIELDS.items()]
    return "\n".join(["| variable | default | meaning |", "| --- | --- | --- |", *rows])


def default(field: FieldInfo) -> str:
    if usual := more(field)["usual"]:
        return str(usual)
    if field.annotation is bool:
        return "off"
    value = ",".join(field.default) if isinstance(field.default, list) else field.default
    return f"`{value}`" if value != "" else "none"


def more(field: FieldInfo) -> dict[str, Any]:
    assert isinstance(field.json_schema_extra, dict)
    return field.json_schema_extra
