"""Names that an operation does not have, in its address, its form or its body: each is refused, with the one
probably meant.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from django.http import HttpRequest
from ninja import NinjaAPI, Router
from ninja.operation import Operation
from ninja.params.models import ParamModel
from pydantic import BaseModel
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from portal.api.schemas import ErrorOut
from portal.inputs import describe_unknown

KINDS = {"query": "query parameter", "form": "form field", "body": "field"}
UNKNOWN = "unknown_name"


def guard(router: Router) -> None:
    """Have every operation of a router refuse what its signature does not name."""
    for path in router.path_operations.values():
        for operation in path.operations:
            operation.models = [make_check(operation), *operation.models]
            operation.response_models.setdefault(422, operation._create_response_model(ErrorOut))


def make_check(operation: Operation) -> Any:
    """A parameter model without parameters: ninja resolves it with the others, after authentication, and tells all
    errors at once.
    """
    known: dict[str, set[str]] = {"query": set(), "form": set()}
    has_body = False
    for model in operation.models:
        source = model.__ninja_param_source__ or ""
        has_body = has_body or source == "body"
        place = "form" if source == "file" else source
        if place in known:
            known[place] |= set(getattr(model, "__ninja_flatten_map__", None) or model.model_fields)

    class Unknown(ParamModel):
        __ninja_param_source__ = "query"  # type: ignore[assignment]
        __ninja_flatten_map_reverse__: dict[Any, Any] = {}

        @classmethod
        def get_request_data(cls, request: HttpRequest, api: NinjaAPI, path_params: dict[str, Any]) -> None:
            """Nothing is read from a request."""

        @classmethod
        def resolve(cls, request: HttpRequest, api: NinjaAPI, path_params: dict[str, Any]) -> Any:
            problems = [*find_problems("query", request.GET, known)]
            if not has_body:
                problems += find_problems("form", read_form(request), known)
            if problems:
                raise ValidationError.from_exception_data("names", problems)
            return {}

    return Unknown


def read_form(request: HttpRequest) -> Iterable[str]:
    """The names in a request's body, where none or a form is expected."""
    if request.content_type != "application/json":
        return [*request.POST, *request.FILES]
    try:
        sent = json.loads(request.body or b"{}")
    except ValueError:
        return []
    return sent if isinstance(sent, dict) else []


def find_problems(place: str, sent: Iterable[str], known: Mapping[str, set[str]]) -> Iterator[InitErrorDetails]:
    for name in dict.fromkeys(sent):
        if name not in known[place]:
            text = describe_elsewhere(place, name, known) or describe_unknown(KINDS[place], name, known[place])
            kind = PydanticCustomError(UNKNOWN, "{text}", {"text": text})
            yield InitErrorDetails(type=kind, loc=(name,), input=None)


def describe_elsewhere(place: str, name: str, known: Mapping[str, set[str]]) -> str:
    """What to do with a name that was put into the address and belongs into the form, or the other way round."""
    other = "form" if place == "query" else "query"
    return f"It is a {KINDS[other]}, not a {KINDS[place]}. Send it there." if name in known[other] else ""


# Bodies


def describe_extra(model: Any, location: tuple[Any, ...]) -> str:
    """What to say of a field at a location in a body that its shape does not have."""
    return describe_unknown("field", str(location[-1]), fields_at(model, location[:-1]))


def fields_at(model: Any, location: Iterable[Any]) -> list[str]:
    """The fields that there are at a location; none where it leads to no shape."""
    here = model
    for part in location:
        shape = next(iter(shapes_of(here)), None)
        if shape is not None and part in shape.model_fields:
            here = shape.model_fields[part].annotation
    return [name for shape in shapes_of(here) for name in shape.model_fields]


def shapes_of(annotation: Any) -> Iterator[type[BaseModel]]:
    """The shapes that an annotation holds: itself, or those of its alternatives and members."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from shapes_of(part)
