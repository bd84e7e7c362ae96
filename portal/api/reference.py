"""The reference page of the API: the OpenAPI description as a page of the portal, with a command for each operation."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from ninja.openapi.docs import DocsBase

METHODS = ("get", "head", "post", "put", "patch", "delete")
ORIGIN = "https://origin.invalid"
"""Address of the portal in the kept part of the page; each request puts its own in place of it."""
NAMED = "#/components/schemas/"
OWN = "#/$defs/"
"""Prefixes of references to the document's schemas, and to those that a schema brings with it."""
LONGEST_LIST = 8
"""Maximum number of values of an enumeration that are listed."""


@dataclass(frozen=True)
class ValueType:
    """The type of a value. `name` is a named schema, with a section of its own; `before` and `after` surround it."""

    before: str = ""
    name: str = ""
    after: str = ""


@dataclass(frozen=True)
class Field:
    """A parameter, or a property of a schema. `place` is where a parameter is sent."""

    name: str
    kind: ValueType
    is_required: bool
    text: str
    place: str = ""


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    anchor: str
    summary: str
    description: str
    needs_token: bool
    parameters: list[Field]
    body: ValueType | None
    body_fields: list[Field]
    command: str
    answers: list[tuple[str, str, ValueType]]
    errors: list[tuple[str, str]]
    event_fields: list[Field]


class Reference(DocsBase):
    """The page at the reference's address."""

    def render_page(self, request: HttpRequest, api: Any, **kwargs: Any) -> HttpResponse:
        origin = request.build_absolute_uri("/")[:-1]
        whole = render_operations(api, get_language() or "en").replace(ORIGIN, origin)
        context = {"api": api, "operations": mark_safe(whole), "address": self.get_openapi_url(api, kwargs)}
        return render(request, "ninja/reference.html", context)


@cache
def render_operations(api: Any, language: str) -> SafeString:
    """Return the part of the page that is the same for all users, which takes half a second to render."""
    document = json.loads(json.dumps(api.get_openapi_schema(), default=str))
    groups: dict[str, list[Operation]] = {}
    for operation in read_operations(document):
        groups.setdefault(operation[0], []).append(operation[1])
    schemas = [
        (name, schema.get("description", ""), list(read_fields(schema)))
        for name, schema in sorted(document["components"]["schemas"].items())
    ]
    return render_to_string("ninja/operations.html", {"groups": groups, "schemas": schemas})


def read_operations(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    """Yield all operations, each with the name of its group."""
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                yield methods[method]["tags"][0], read_operation(method, path, methods[method], document)


def read_operation(method: str, path: str, told: dict[str, Any], document: dict[str, Any]) -> Operation:
    content: dict[str, dict[str, Any]] = told.get("requestBody", {}).get("content", {})
    media = next(iter(content), "")
    body = content.get(media, {})
    schema = resolve(body.get("schema", {}), document)
    examples: list[dict[str, Any]] = list(body.get("examples", {}).values())
    example = body.get("example", examples[0].get("value") if examples else None)
    answers: list[tuple[str, str, ValueType]] = []
    errors: list[tuple[str, str]] = []
    for status, answer in sorted(told["responses"].items()):
        kinds = [kind_of(one.get("schema", {})) for one in answer.get("content", {}).values()]
        if status < "400":
            answers.append((status, answer["description"], kinds[0] if kinds else ValueType()))
        else:
            errors.append((status, answer["description"]))
    return Operation(
        method=method.upper(), path=path, anchor=told["operationId"], summary=told.get("summary", ""),
        description=told.get("description", ""), needs_token=bool(told.get("security")),
        parameters=[read_parameter(one) for one in told.get("parameters", ())],
        body=kind_of(body["schema"]) if body.get("schema") else None, body_fields=list(read_fields(schema)),
        command=write_command(method, path, bool(told.get("security")), media, example),
        answers=answers, errors=errors, event_fields=list(read_event_fields(told)),
    )  # fmt: skip


def resolve(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """Return a schema, or the named one that it refers to."""
    name = schema.get("$ref", "").removeprefix(NAMED)
    named: dict[str, dict[str, Any]] = document["components"]["schemas"]
    return named[name] if name else schema


def read_parameter(told: dict[str, Any]) -> Field:
    text = told.get("description") or told["schema"].get("description", "")
    return Field(told["name"], kind_of(told["schema"]), bool(told.get("required")), text, told["in"])


def read_fields(schema: dict[str, Any]) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, told in schema.get("properties", {}).items():
        yield Field(name, kind_of(told), name in required, told.get("description", ""))


def read_event_fields(told: dict[str, Any]) -> Iterator[Field]:
    """Yield the fields of the JSON in the events of an operation that answers with a stream."""
    for answer in told["responses"].values():
        event = answer.get("content", {}).get("text/event-stream", {}).get("schema", {})
        yield from read_inner_fields(event.get("properties", {}).get("data", {}).get("contentSchema", {}))


def read_inner_fields(schema: dict[str, Any], definitions: Any = None, owner: str = "") -> Iterator[Field]:
    """Yield the fields of a schema that brings its own definitions; those of inner objects are `owner.name`."""
    definitions = definitions or schema.get("$defs", {})
    for field in read_fields(schema):
        told = schema["properties"][field.name]
        yield replace(field, name=owner + field.name)
        for one in (told, told.get("items", {}), *told.get("anyOf", ())):
            if name := one.get("$ref", "").removeprefix(OWN):
                yield from read_inner_fields(definitions[name], definitions, f"{owner}{field.name}.")


def kind_of(schema: dict[str, Any]) -> ValueType:
    """Return the type that a schema describes, with its bounds, choices and default."""
    if schema.get("$ref", "").startswith(OWN):
        return ValueType("object")
    if "$ref" in schema:
        return ValueType(name=schema["$ref"].removeprefix(NAMED))
    if several := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        kinds = [kind_of(one) for one in several]
        named = next((kind for kind in kinds if kind.name), kinds[0])
        others = [kind.before + kind.name + kind.after for kind in kinds if kind is not named]
        return ValueType(named.before, named.name, named.after + "".join(f" or {one}" for one in others))
    if schema.get("type") == "array":
        inner = kind_of(schema.get("items", {}))
        return ValueType(f"list of {inner.before}", inner.name, inner.after)
    return ValueType(before=str(schema.get("type", "any")) + describe_limits(schema))


def describe_limits(schema: dict[str, Any]) -> str:
    """Return the format, choices, bounds and default of a plain type."""
    parts = [schema["format"]] if "format" in schema else []
    if choices := [str(one) for one in schema.get("enum", ()) if one != ""]:
        parts.append(" | ".join(choices[:LONGEST_LIST]) + (" | ..." if len(choices) > LONGEST_LIST else ""))
    parts += [f"≥ {schema['minimum']}"] if "minimum" in schema else []
    parts += [f"≤ {schema['maximum']}"] if "maximum" in schema else []
    parts += [f"at most {schema['maxLength']} characters"] if "maxLength" in schema else []
    if schema.get("default") not in (None, "", [], {}):
        parts.append(f"default {json.dumps(schema['default'])}")
    return f" ({'; '.join(parts)})" if parts else ""


def write_command(method: str, path: str, needs_token: bool, media: str, example: Any) -> str:
    """Return a command that sends the request; its parts are on lines of their own."""
    words = [f'curl "{ORIGIN}{path}"' if method == "get" else f'curl -X {method.upper()} "{ORIGIN}{path}"']
    if needs_token:
        words.append('-H "Authorization: Bearer $TOKEN"')
    if media == "application/json":
        words.append('-H "Content-Type: application/json"')
        words.append(f"-d {shlex.quote(json.dumps({} if example is None else example, ensure_ascii=False))}")
    elif media == "multipart/form-data":
        words.append("-F file=@FILE")
    return " \\\n  ".join(words)
