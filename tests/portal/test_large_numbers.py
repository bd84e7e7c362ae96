"""Numbers that are too large for the database, in every address, parameter, form and body of all routes."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from copy import copy, deepcopy
from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, reverse

from portal.api import api
from portal.inputs import Names
from tests.portal.access import OPERATIONS, PAGES, Rule, find_arguments, find_pages

World = dict[str, Any]
MARK = 987654321
"""Placeholder in an address for a number that addresses cannot be built with."""
HUGE = 2**63
"""The smallest number that does not fit into a 64-bit column, nor into Python's SQLite driver."""

FIELDS = 24
"""Number of form fields that are tried at once: each is read separately, and the forms have a hundred."""


def find_addresses(world: World, number: int) -> Iterator[tuple[str, Rule]]:
    """Yield each page's address that contains numbers, with one of them replaced by this one, and the page's rule."""
    for template, pattern in find_pages():
        if template.startswith("admin/"):
            continue
        names = set(pattern.pattern.converters) | set(pattern.pattern.regex.groupindex)
        for rule in rules_of(pattern):
            arguments = find_arguments(world, template, names) | rule.arguments[0]
            for name in names:
                if isinstance(arguments[name], int):
                    address = reverse(str(pattern.name), kwargs=arguments | {name: MARK})
                    yield address.replace(str(MARK), str(number)), rule


@pytest.mark.parametrize("number", [HUGE, 10**30])
def test_no_page_has_a_row_of_a_huge_number(
    world: World, visit: Callable[..., Client], admin: User, number: int
) -> None:
    browser = visit(admin)
    browser.raise_request_exception = False
    wrong = []
    for address, rule in find_addresses(world, number):
        for method in rule.methods:
            with transaction.atomic():
                answer = browser.generic(method, address)
                transaction.set_rollback(True)
            if answer.status_code != 404:
                wrong.append(f"{method} {address}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


def find_inputs(world: World, number: int) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield (method, address, form) for each input of a page's address or form, with the number as the value."""
    for template, pattern in find_pages():
        if template.startswith("admin/") or any(rule.is_costly for rule in rules_of(pattern)):
            continue
        names = set(pattern.pattern.converters) | set(pattern.pattern.regex.groupindex)
        declared = getattr(pattern.callback, "input_names", Names())
        for rule in rules_of(pattern):
            for more in rule.arguments:
                address = reverse(str(pattern.name), kwargs=find_arguments(world, template, names) | more)
                size = FIELDS if len(declared.query) > FIELDS else 1  # A form that is filled from its address.
                for group in batched(declared.query, size) if "GET" in rule.methods else ():
                    yield "GET", f"{address}?{urlencode(dict.fromkeys(group, number))}", {}
                for group in batched(declared.form, FIELDS) if "POST" in rule.methods else ():
                    yield "POST", address, rule.body | dict.fromkeys(group, str(number))


def batched(names: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield the names in lists of this size."""
    ordered = sorted(names)
    return (ordered[start : start + size] for start in range(0, len(ordered), size))


def rules_of(pattern: URLPattern) -> tuple[Rule, ...]:
    rules = PAGES[str(pattern.name)]
    return rules if isinstance(rules, tuple) else (rules,)


def test_no_parameter_or_field_of_a_page_fails_on_a_huge_number(
    world: World, visit: Callable[..., Client], admin: User
) -> None:
    browser = visit(admin)
    browser.raise_request_exception = False
    cookies = copy(browser.cookies)
    wrong = []
    for method, address, form in find_inputs(world, HUGE):
        browser.cookies = copy(cookies)
        with transaction.atomic():
            answer = browser.generic(method, address, urlencode(form), "application/x-www-form-urlencoded")
            transaction.set_rollback(True)
        if answer.status_code >= 500:
            wrong.append(f"{method} {address} {form}: {answer.status_code}")
    assert not wrong, "\n".join(wrong)


@cache
def description() -> dict[str, Any]:
    return json.loads(json.dumps(api.get_openapi_schema(), default=str))


def resolve(schema: Any) -> Any:
    """Return a schema of the OpenAPI description without references."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return resolve(description()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]])
        return {key: resolve(value) for key, value in schema.items()}
    return [resolve(part) for part in schema] if isinstance(schema, list) else schema


def kinds_of(schema: dict[str, Any]) -> set[str]:
    parts = schema.get("anyOf") or schema.get("allOf") or [schema]
    return {str(part.get("type")) for part in parts}


def object_of(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a schema's object; empty if the schema is not one of an object."""
    parts = [schema, *schema.get("anyOf", ()), *schema.get("allOf", ())]
    return next((part["properties"] for part in parts if "properties" in part), {})


def places_of_numbers(fields: dict[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, schema in fields.items():
        if kinds_of(schema) & {"integer", "number"}:
            yield (*before, name)
        yield from places_of_numbers(object_of(schema), (*before, name))


def with_number(body: dict[str, Any], place: tuple[str, ...], number: float) -> dict[str, Any]:
    changed = deepcopy(body)
    here = changed
    for name in place[:-1]:
        here = here.setdefault(name, {})
    here[place[-1]] = number
    return changed


BODIES: dict[str, dict[str, Any]] = {
    "POST /tournaments": {"name": "Cup", "scenario": "mate-2v4-0", "cameras": ["greedy-camera"],
    "targets": ["greedy-target"]},
    "POST /trainings": {"name": "Run", "scenario": "mate-2v4-0", "team": "camera", "opponent": "greedy-target",
    "preset": "hrl-mappo"},
    "POST /psro": {
        "name": "Run", "scenario": "mate-2v4-0", "cameras": ["random-camera"], "targets": ["random-target"],
        "camera_training": {"algorithm": "mappo", "steps": 1000},
        "target_training": {"algorithm": "mappo", "steps": 1000},
    },
    "POST /psro/{run_id}/fork": {"name": "Fork", "number": 0},
    "POST /schedules": {
        "name": "Weekly", "scenario": "mate-2v4-0", "kind": "cron", "expression": "0 3 * * 1",
        "cameras": ["greedy-camera"], "targets": ["greedy-target"], "settings": {},
    },
}  # fmt: skip


def calls_with(world: World, number: int) -> Iterator[tuple[str, str, dict[str, Any], bool]]:
    """Yield (method, address, body, whether the number is in the path) for each number that an operation takes."""
    for path, methods in description()["paths"].items():
        template = path.removeprefix("/api/v1")
        arguments = find_arguments(world, template, set(re.findall(r"{(\w+)}", template)))
        for method, operation in methods.items():
            name = f"{method.upper()} {template}"
            body = BODIES.get(name, OPERATIONS[name].body)
            for parameter in operation.get("parameters", ()):
                if "integer" in kinds_of(resolve(parameter["schema"])):
                    if parameter["in"] == "path":
                        yield method, path.format(**arguments | {parameter["name"]: number}), body, True
                    else:
                        yield method, f"{path.format(**arguments)}?{parameter['name']}={number}", body, False
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            for place in places_of_numbers(object_of(resolve(content["schema"]))) if content else ():
                yield method, path.format(**arguments), with_number(body, place, number), False


@pytest.mark.parametrize("number", [HUGE, -HUGE - 1])
def test_no_operation_fails_on_a_huge_number(
    world: World, call: Callable[..., Client], admin: User, number: int
) -> None:
    program = call(admin)
    program.raise_request_exception = False
    wrong = []
    for method, address, body, is_path in calls_with(world, number):
        with transaction.atomic():
            answer = program.generic(method.upper(), address, json.dumps(body), "application/json")
            transaction.set_rollback(True)
        if answer.status_code != 404 if is_path else answer.status_code >= 500:
            wrong.append(f"{method} {address} {json.dumps(body)}: {answer.status_code} {answer.content[:120]!r}")
    assert not wrong, "\n".join(wrong)
