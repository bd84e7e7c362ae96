"""Refusal of unknown names in query, form or body of an operation, with the name that was probably meant."""

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
    """Make every operation of a router refuse names that its signature does not have."""
    for path in router.path_operations.values():
        for operation in path.operations:
            operation.models = [make_check(operation), *operation.models]
            operation.response_models.setdefault(422, operation._create_response_model(ErrorOut))


def make_check(operation: Operation) -> Any:
    """Return a parameter model without parameters that only checks names.

    Ninja resolves it with the other models, after authentication, and reports all errors together.
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
            """Read nothing from the request."""

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
    """Return the names in the body of a request, for operations that expect a form or no body."""
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
    """Return the hint for a query parameter that is a form field, or the reverse; empty for other names."""
    other = "form" if place == "query" else "query"
    return f"It is a {KINDS[other]}, not a {KINDS[place]}. Send it there." if name in known[other] else ""


# Bodies


def describe_extra(model: Any, location: tuple[Any, ...]) -> str:
    """Return the error about an unknown field at a location in a body."""
    return describe_unknown("field", str(location[-1]), fields_at(model, location[:-1]))


def fields_at(model: Any, location: Iterable[Any]) -> list[str]:
    """Return the names of the fields at a location; none if the location has no schema."""
    here = model
    for part in location:
        shape = next(iter(shapes_of(here)), None)
        if shape is not None and part in shape.model_fields:
            here = shape.model_fields[part].annotation
    return [name for shape in shapes_of(here) for name in shape.model_fields]


def shapes_of(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the schemas in an annotation: the annotation itself, or those in its type arguments."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from shapes_of(part)
