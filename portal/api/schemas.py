"""The shapes that several subjects of the API share."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.http import Http404
from ninja import Field, Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, StringConstraints

from portal.keys import LARGEST_KEY
from tournament import names
from training import configuration

TeamName = Literal["camera", "target"]
if TYPE_CHECKING:  # A type checker cannot read the choices, which the registries hold.
    AlgorithmName = str
    PresetName = str
else:
    AlgorithmName = Literal[tuple(configuration.ALGORITHMS)]
    PresetName = Literal[tuple(configuration.PRESETS)]
ALGORITHM = f"One of {', '.join(configuration.ALGORITHMS)}; targets cannot train with hierarchical (hrl) ones."


def check_text(text: str) -> str:
    """Raises ValueError for what no database stores: null characters, and halves of surrogate pairs."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("has a null character or half a surrogate pair in it; leave it out")
    return text


def check_agent_name(name: str) -> str:
    """Raises ValueError for a name that an agent may not have."""
    if problem := names.find_agent_problem(name):
        raise ValueError(problem)
    return name


def insist_on_key(number: int) -> int:
    """Raises Http404 for a number that no row can have, so that no database is asked for it."""
    if not 0 <= number <= LARGEST_KEY:
        raise Http404("There is nothing of this number here.")
    return number


Key = Annotated[int, AfterValidator(insist_on_key)]
"""A number in an address."""
Text = Annotated[str, AfterValidator(check_text)]
AgentName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), AfterValidator(check_agent_name)
]


class Asked(Schema):
    """A request's body. Unknown fields are refused: a misspelt one must not pass for one that was left out."""

    model_config = ConfigDict(extra="forbid")


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
"""A user's name, from the user; null: the portal itself."""
Seed = Annotated[str, BeforeValidator(str)]
"""A string, since it has up to 63 bits, more than numbers of JSON are read with."""


def answers(shape: Any, *refusals: int, status: int = 200) -> dict[int, Any]:
    """What an endpoint answers with: the shape, or errors of these codes."""
    return {status: shape, **dict.fromkeys(refusals, ErrorOut)}
