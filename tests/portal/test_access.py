"""Every page and API operation is tried by every actor with every method, against the rules of ``access.py``."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLResolver, include, path, reverse
from django.urls.resolvers import RegexPattern
from django.utils import timezone
from ninja import NinjaAPI

from portal.api import api
from portal.models import ApiToken, Scope
from tests.portal.access import (
    ACTORS,
    METHODS,
    OPERATIONS,
    OWNERS,
    PAGES,
    Rule,
    find_arguments,
    find_operations,
    find_pages,
    find_unruled,
)
from tournament.models import Tournament

pytestmark = pytest.mark.one_database
Call = Callable[..., Client]
Cells = Iterator[tuple[str, dict[str, Rule]]]
World = dict[str, Any]
READING = {"GET", "HEAD"}
WRITE = re.compile(r'(?:INSERT INTO|UPDATE|DELETE FROM) "?(\w+)')
PASSING = ("axes_", "django_session", "portal_cache")
"""Prefixes of tables whose rows any request may change."""


@pytest.fixture
def browsers(world: World, visit: Call, alice: User, bob: User, admin: User) -> dict[str, Client]:
    return dict(zip(ACTORS, (visit(), visit(bob), visit(alice), visit(admin)), strict=True))


@pytest.fixture
def programs(world: World, call: Call, alice: User, bob: User, admin: User) -> dict[str, Client]:
    found = dict(zip(ACTORS, (call(), call(bob), call(alice), call(admin)), strict=True))
    ApiToken.objects.update(last_used=timezone.now())  # Otherwise the first call of each token writes it.
    return found


@contextmanager
def recorded_writes() -> Iterator[list[str]]:
    """Yield a list of the statements sent to the database that change the portal's rows."""
    writes: list[str] = []

    def record(execute: Any, sql: str, *arguments: Any) -> Any:
        if (found := WRITE.match(sql)) and not found[1].startswith(PASSING):
            writes.append(sql[:80])
        return execute(sql, *arguments)

    with connection.execute_wrapper(record):
        yield writes


def judge(answer: Any) -> str:
    """Return whether an answer grants or denies access, in a word."""
    if answer.status_code == 401 or (answer.status_code == 302 and "/sign-in/" in answer["Location"]):
        return "sign in"
    return {403: "forbidden", 404: "not there", 405: "no such method"}.get(answer.status_code, "allowed")


def expected(rule: Rule | None, actor: str) -> set[str]:
    """Return the answers that fit a rule. Without a rule the method does not exist, and any kind of refusal fits."""
    if rule is None:
        return {"no such method", "sign in", "forbidden", "not there"}
    if actor in rule.who:
        return {"allowed", "not there"} if rule.is_empty else {"allowed"}
    return {"sign in"} if actor == "anonymous" else {"not there" if rule.others == 404 else "forbidden"}


def try_cell(client: Client, method: str, address: str, rule: Rule | None, actor: str, as_json: bool) -> str | None:
    """Try one cell of the matrix; return the problem, or None. All its changes are rolled back."""
    is_refused = rule is None or actor not in rule.who
    if rule is not None and rule.is_costly and not is_refused:
        return None
    cookies = copy(client.cookies)
    with transaction.atomic(), recorded_writes() as writes:
        body = rule.body if rule else {}
        answer = client.generic(method, address, **(encode(body, as_json) if method not in READING else {}))
        transaction.set_rollback(True)
    client.cookies = cookies  # A browser that signed out is signed in again, as in the database.
    verdict = judge(answer)
    if verdict not in expected(rule, actor):
        return f"{actor} {method} {address}: {answer.status_code}, {verdict} instead of {expected(rule, actor)}"
    return f"{actor} {method} {address} wrote: {writes}" if is_refused and writes else None


def encode(body: dict[str, Any], as_json: bool) -> dict[str, Any]:
    if as_json:
        return {"content_type": "application/json", "data": json.dumps(body)}
    return {"content_type": "application/x-www-form-urlencoded", "data": urlencode(body)}


def try_cells(clients: dict[str, Client], cells: Cells, as_json: bool = False) -> list[str]:
    """Return the problems of these addresses, each with its rule by method."""
    return [
        wrong
        for address, rules in cells
        for method, actor in product(METHODS, ACTORS)
        if method != "HEAD" or actor == "anonymous"
        if (wrong := try_cell(clients[actor], method, address, rules.get(method), actor, as_json))
    ]


def by_method(rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(rule.methods, rule)


@pytest.mark.parametrize("part", range(4))
def test_every_page_lets_in_whom_its_rule_names(world: World, browsers: dict[str, Client], part: int) -> None:
    patterns = {pattern.name: (address, pattern) for address, pattern in find_pages() if not is_admin(address)}

    def cells() -> Cells:
        for name in sorted(PAGES)[part::4]:
            template, pattern = patterns[name]
            names = set(pattern.pattern.converters) | set(pattern.pattern.regex.groupindex)
            rules = PAGES[name]
            for rule in rules if isinstance(rules, tuple) else (rules,):
                for more in rule.arguments:
                    arguments = find_arguments(world, template, names) | more
                    yield reverse(name, kwargs=arguments), by_method(rule)

    assert try_cells(browsers, cells()) == []


@pytest.mark.parametrize("subject", sorted({name.split("/")[1] for name in OPERATIONS}))
def test_every_operation_lets_in_whom_its_rule_names(world: World, programs: dict[str, Client], subject: str) -> None:
    by_path: dict[str, dict[str, Rule]] = defaultdict(dict)
    for name, rule in OPERATIONS.items():
        method, template = name.split(" ")
        if template.split("/")[1] == subject:
            by_path[template][method] = rule

    def cells() -> Cells:
        for template, rules in by_path.items():
            names = set(re.findall(r"{(\w+)}", template))
            yield f"/api/v1{template.format(**find_arguments(world, template, names))}", rules

    assert try_cells(programs, cells(), as_json=True) == []


def is_admin(address: str) -> bool:
    return address.startswith("admin/")


def test_administration_is_for_staff_alone(world: World, browsers: dict[str, Client]) -> None:
    addresses = ["/admin/" + address[len("admin/") :] for address, _ in find_pages() if is_admin(address)]
    plain = [address for address in addresses if "<" not in address and "(" not in address]
    open_to_all = {"/admin/login/", "/admin/logout/"}
    for address in set(plain) - open_to_all:
        for actor in ("anonymous", "stranger", "owner"):
            for method in METHODS:
                with recorded_writes() as writes:
                    answer = browsers[actor].generic(method, address)
                assert answer.status_code in (302, 403, 405), f"{actor} {method} {address}: {answer.status_code}"
                assert answer.status_code != 302 or "/login/" in answer["Location"]
                assert not writes
    assert browsers["staff"].get("/admin/").status_code == 200


def test_every_page_and_operation_has_a_rule_and_every_rule_its_page() -> None:
    assert find_unruled(api=api) == []
    names = {pattern.name for address, pattern in find_pages() if not is_admin(address)}
    assert names == set(PAGES)
    assert {name for name, _ in find_operations(api)} == set(OPERATIONS)


def delete_all(request: HttpRequest) -> HttpResponse:
    Tournament.objects.all().delete()
    return HttpResponse()


def test_a_page_that_is_added_without_a_rule_is_found() -> None:
    added = [
        path("tournaments/delete-all/", delete_all, name="delete_all"),
        path("x/", include([path("y/", delete_all)])),
    ]
    assert find_unruled(URLResolver(RegexPattern(r"^/"), added)) == ["delete_all", "x/y/"]


def test_an_operation_that_is_added_without_a_rule_is_found() -> None:
    added = NinjaAPI(urls_namespace="added")
    added.delete("/tournaments")(delete_all)
    assert "DELETE /tournaments" in find_unruled(api=added)


def test_a_page_that_changes_things_without_asking_who_calls_is_found(
    world: World, browsers: dict[str, Client], settings: Any
) -> None:
    """Test of the matrix itself: a rule for owners fails on a page that admits everybody."""
    settings.ROOT_URLCONF = type("urls", (), {"urlpatterns": [path("delete-all/", delete_all, name="delete_all")]})
    wrong = try_cells(browsers, iter([("/delete-all/", by_method(Rule(OWNERS, ("POST",))))]))
    assert any(line.startswith("anonymous POST /delete-all/: 200") for line in wrong)


def test_every_operation_that_changes_something_needs_a_token_with_a_scope() -> None:
    free = {"POST /episodes/{episode_id}/verify"}  # It plays an episode again and changes no row.
    for name, operation in find_operations(api):
        if name.split(" ")[0] not in READING | {"OPTIONS"} and name not in free:
            scopes = [callback.scope for callback in operation.auth_callbacks]
            assert scopes and set(scopes) <= set(Scope), f"{name} needs no scope"
