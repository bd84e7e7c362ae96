"""Schemas that several modules of the API share."""

from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from django.http import Http404
from ninja import Field, Schema
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from portal.keys import LARGEST_KEY
from tournament import names
from training import configuration

TeamName = Literal["camera", "target"]
ALGORITHM = f"One of {', '.join(configuration.ALGORITHMS)}; targets cannot train with hierarchical (hrl) ones."


NO_NULL = "^[^\\u0000]*$"
NO_CONTROL = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
"""Patterns of texts and of names, for descriptions."""


def check_text(text: str) -> str:
    """Return the text. Raises ValueError for characters that no database stores: null and lone surrogates."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("has a null character or half a surrogate pair in it; leave it out")
    return text


def check_agent_name(name: str) -> str:
    """Return the name. Raises ValueError if an agent may not have it."""
    if problem := names.find_agent_problem(name):
        raise ValueError(problem)
    return name


def insist_on_key(number: int) -> int:
    """Return the number. Raises Http404 before any query if no row can have it as its key."""
    if not 0 <= number <= LARGEST_KEY:
        raise Http404("There is nothing of this number here.")
    return number


Key = Annotated[int, AfterValidator(insist_on_key)]
"""The key of a row in a URL."""
Text = Annotated[str, AfterValidator(check_text), Field(json_schema_extra={"pattern": NO_NULL})]
AgentName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(check_agent_name),
    Field(json_schema_extra={"pattern": NO_CONTROL}),
]


def insist_on_text_of_time(value: Any) -> Any:
    """Return the value. Raises ValueError for a number, which Pydantic would take for seconds since 1970."""
    try:
        float(value)
    except (TypeError, ValueError):
        return value
    raise ValueError("is a number; send a time in ISO 8601, such as 2026-11-30T12:00:00Z")


Moment = Annotated[
    datetime,
    BeforeValidator(insist_on_text_of_time),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}),
]
"""A time in a query. A date alone is its first moment."""


class Asked(Schema):
    """A request body, as strict as its description.

    Unknown fields are refused, so that a misspelt field is not taken for a missing one. So are numbers for truth values
    and the other way round, which Pydantic would convert.
    """

    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def insist_on_type(cls, value: Any, field: ValidationInfo) -> Any:
        """Return the value. Raises ValueError if JSON has another type for it."""
        declared = cls.model_fields[field.field_name or ""].annotation
        kinds = get_args(declared) or (declared,)
        if bool in kinds and not isinstance(value, bool | None):
            raise ValueError("is no truth value; send true or false, without quotes")
        if {int, float} & set(kinds) and isinstance(value, str | bool):
            raise ValueError("is no number; send digits without quotes")
        return value


class ErrorBody(Schema):
    code: str
    message: str = Field(description="What was wrong, where, and what to do.")
    where: str


class ReasonOut(Schema):
    where: str = Field(description="Parameter or field, such as `cameras` or `settings.width`; empty: the whole.")
    message: str


class ErrorOut(Schema):
    """A problem (RFC 9457)."""

    type: str = Field(description="Address at which this kind of problem is explained.")
    title: str = Field(description="The kind of problem, in words.")
    status: int
    detail: str = Field(description="What is wrong, where, and what to do.")
    instance: str = Field(description="Path of the request.")
    code: str = Field(description="The kind of problem, for programs; GET /problems lists them.")
    where: str = Field(description="The first parameter or field that is wrong; empty: the whole.")
    errors: list[ReasonOut] = Field(description="Every reason.")
    error: ErrorBody = Field(description="The same in the form of the first release.")


class AgentRef(Schema):
    slug: str
    name: str
    team: TeamName
    digest: str


Owner = Annotated[str | None, BeforeValidator(lambda user: user and user.get_username())]
"""The name of the user who owns a row; null if the portal itself owns it."""
Seed = Annotated[str, BeforeValidator(str)]
"""A seed as a string. Seeds have up to 63 bits, and many JSON parsers keep only 53."""


def answers(shape: Any, *refusals: int, status: int = 200) -> dict[int, Any]:
    """Return the responses of an endpoint by status: its schema, and an error for each code of `refusals`."""
    return {status: shape, **dict.fromkeys(refusals, ErrorOut)}
