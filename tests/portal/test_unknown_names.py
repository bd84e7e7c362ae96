"""Unknown names of inputs are refused, with a suggestion if they are misspelt."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.test.client import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse
from ninja import NinjaAPI, Router, Schema

from portal.api import api, unknown
from portal.inputs import UnknownNames, is_operation
from tournament.models import Agent, Scenario, Tournament, Upload

Visit = Callable[..., Client]
Call = Callable[..., Client]
V1 = "/api/v1"


def refusal(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.content
    return answer.json()["error"]


# The API


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("/agents?taem=camera", "team"),
        ("/agents?ofset=3", "offset"),
        ("/scenarios/mate-2v4-0/leaderboard?fromat=csv", "format"),
    ],
)
def test_a_misspelt_parameter_is_told_with_the_one_that_was_meant(
    client: Client, scenario: Scenario, address: str, meant: str
) -> None:
    error = refusal(client.get(f"{V1}{address}"))
    assert error["where"] == address.partition("?")[2].partition("=")[0]
    assert f"Did you mean '{meant}'?" in error["message"]


@pytest.mark.parametrize(("name", "meant"), [("mod", "mode"), ("Name", "name"), ("temas", "team")])
def test_a_misspelt_field_of_an_upload_is_told_and_nothing_is_kept(
    call: Call, alice: User, name: str, meant: str
) -> None:
    file = SimpleUploadedFile("a.zip", b"content")
    error = refusal(call(alice).post(f"{V1}/uploads", {"file": file, name: "deterministic"}))
    assert (error["where"], Upload.objects.count()) == (name, 0)
    assert f"Did you mean '{meant}'?" in error["message"]


def test_a_misspelt_file_field_is_told(call: Call, alice: User) -> None:
    error = refusal(call(alice).post(f"{V1}/uploads", {"fiel": SimpleUploadedFile("a.zip", b"content")}))
    assert "Did you mean 'file'?" in error["message"]


def test_a_form_field_in_the_address_is_told_where_it_belongs(call: Call, alice: User) -> None:
    answer = call(alice).post(f"{V1}/uploads?mode=deterministic", {"file": SimpleUploadedFile("a.zip", b"content")})
    assert "It is a form field, not a query parameter." in refusal(answer)["message"]


def test_a_misspelt_field_of_a_body_is_told_also_deep_inside(call: Call, alice: User, scenario: Scenario) -> None:
    caller = call(alice)
    shallow = caller.post(f"{V1}/tournaments", {"nam": "x"}, content_type="application/json")
    assert "nam: There is no field 'nam'. Did you mean 'name'?" in refusal(shallow)["message"]
    training = {"algorithm": "mappo", "step": 5}
    wanted = {"name": "x", "scenario": "mate-2v4-0", "camera_training": training, "target_training": training}
    deep = caller.post(f"{V1}/psro", wanted, content_type="application/json")
    assert "camera_training.step: There is no field 'step'. Did you mean 'steps'?" in refusal(deep)["message"]


def test_an_operation_without_a_body_refuses_one(call: Call, alice: User, tournament: Tournament) -> None:
    address = f"{V1}/tournaments/{tournament.pk}/cancel"
    assert "reason" in refusal(call(alice).post(address, {"reason": "x"}, content_type="application/json"))["message"]
    assert "reason" in refusal(call(alice).post(address, {"reason": "x"}))["message"]
    tournament.refresh_from_db()
    assert tournament.state == "playing"
    assert call(alice).post(address, {}, content_type="application/json").status_code == 200


def test_all_problems_are_told_at_once(client: Client, scenario: Scenario) -> None:
    message = refusal(client.get(f"{V1}/scenarios/mate-2v4-0/comparison?frist=a&second=b"))["message"]
    assert "Did you mean 'first'?" in message
    assert "first: Field required" in message


def test_whoever_sends_no_token_is_told_that_first(client: Client) -> None:
    assert client.post(f"{V1}/uploads?mod=x").status_code == 401


def test_every_operation_refuses_an_unknown_parameter(call: Call, admin: User) -> None:
    """All operations of the OpenAPI document are tried."""
    caller = call(admin)
    paths = api.get_openapi_schema()["paths"]
    count = 0
    for path, methods in paths.items():
        address = path
        for name in (
            "upload_id",
            "run_id",
            "number",
            "tournament_id",
            "schedule_id",
            "pairing_id",
            "episode_id",
            "slug",
            "agent",
        ):
            address = address.replace(
                f"{{{name}}}", "00000000-0000-0000-0000-000000000000" if name == "upload_id" else "1"
            )
        for method, operation in methods.items():
            answer = caller.generic(method.upper(), f"{address}?qqq=1")
            assert answer.status_code == 422 if method == "head" else refusal(answer)["where"] == "qqq", (method, path)
            assert "422" in map(str, operation["responses"]), (method, path)
            count += 1
    assert count > 50


def test_a_new_operation_has_it_by_itself() -> None:
    class Body(Schema):
        width: int

    router = Router()

    @router.post("/things")
    def make_thing(request: Any, wanted: Body, colour: str = "") -> None: ...

    unknown.guard(router)
    new = NinjaAPI(urls_namespace="new")
    new.add_router("", router)
    view = next(one.callback for one in new.urls[0] if str(one.pattern) == "things")
    request = RequestFactory().post("/things?color=red", {"width": 1}, content_type="application/json")
    answer = view(request)
    assert answer.status_code == 422
    assert b"Did you mean 'colour'?" in answer.content


# Pages


def pages(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    """Every page of the website, without the admin's and the API's operations."""
    for one in (resolver or get_resolver()).url_patterns:
        if isinstance(one, URLResolver):
            if one.namespace != "admin":
                yield from pages(one)
        elif not is_operation(one.callback):
            yield one


ARGUMENTS = {
    "slug": "greedy-camera", "number": 1, "what": "pause", "action": "pause",
    "upload_id": "00000000-0000-0000-0000-000000000000",
}  # fmt: skip


def address_of(page: URLPattern) -> str:
    names = page.pattern.regex.groupindex
    prefix = "api:" if page.name in ("openapi-json", "openapi-view", "api-root") else ""
    return reverse(f"{prefix}{page.name}", kwargs={name: ARGUMENTS.get(name, 1) for name in names})


@pytest.mark.django_db
def test_every_page_refuses_a_parameter_and_a_field_that_it_does_not_have(visit: Visit, admin: User) -> None:
    browser, count = visit(admin), 0
    for page in pages():
        address = address_of(page)
        for answer in (browser.get(f"{address}?qqq=1"), browser.post(address, {"qqq": "1"})):
            assert answer.status_code == 400, address
            assert "qqq" in answer.content.decode(), address
        count += 1
    assert count > 40


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "meant"),
    [("/agents/?taem=camera", "team"), ("/agents/?serach=x", "search"), ("/uploads/?mien=1", "mine")],
)
def test_a_page_tells_which_parameter_was_meant_and_leads_to_itself_without_it(
    client: Client, address: str, meant: str
) -> None:
    answer = client.get(f"{address}&page=1")
    path = address.partition("?")[0]
    assert answer.status_code == 400
    assert f"Did you mean &#x27;{meant}&#x27;?" in answer.content.decode()
    assert f'href="{path}?page=1"' in answer.content.decode()
    assert client.get(f"{path}?page=1").status_code == 200


def test_a_form_tells_which_field_was_meant_and_changes_nothing(
    visit: Visit, alice: User, agents: dict[str, Agent]
) -> None:
    Agent.objects.update(owner=alice)
    answer = visit(alice).post("/agents/greedy-camera/edit/", {"name": "Other", "descripton": "x"})
    assert answer.status_code == 400
    assert "Did you mean &#x27;description&#x27;?" in answer.content.decode()
    assert Agent.objects.get(slug="greedy-camera").name == "Greedy"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sent", ["utm_source=mail&utm_campaign=x", "fbclid=abc", "_x_tr_sl=de&gclid=1&page=1", "csrfmiddlewaretoken=x"]
)
def test_what_mail_programs_and_browsers_add_to_an_address_is_passed_over(client: Client, sent: str) -> None:
    assert client.get(f"/agents/?{sent}").status_code == 200


@pytest.mark.django_db
def test_a_page_that_declares_nothing_takes_nothing() -> None:
    request = RequestFactory().get("/status/?taem=x")
    request.user = User()
    request.resolver_match = resolve("/status/")
    answer = UnknownNames(lambda request: HttpResponse()).process_view(request, lambda request: HttpResponse(), (), {})
    assert answer is not None
    assert answer.status_code == 400
