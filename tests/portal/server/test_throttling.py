"""Too many requests are refused with 429, by user and by address; without Redis there are no limits."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from portal.server import throttling
from tests.portal.conftest import PASSWORD

Visit = Callable[..., Client]


@pytest.fixture(autouse=True)
def few(settings: Any) -> Iterator[None]:
    """Limits so low that a test reaches them, counted in this process."""
    throttling.limiter.cache_clear()
    settings.ARENA_LIMITS_STORE = "memory://"
    settings.ARENA_LIMITS = "sign-in=3/hour,sign-up=2/hour,tokens=2/hour,starts=2/hour,changes=3/hour,files=2/hour"
    yield
    throttling.limiter.cache_clear()


def sign_up(client: Client, name: str) -> Any:
    return client.post(reverse("sign_up"), {"username": name, "password1": PASSWORD, "password2": PASSWORD})


def test_an_address_signs_up_so_often_and_no_more_and_is_told_when_again(db: None) -> None:
    answers = [sign_up(Client(), f"newcomer-{number}") for number in range(3)]
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    assert User.objects.count() == 2
    assert 0 < int(answers[2]["Retry-After"]) <= 7200
    assert answers[2]["X-RateLimit-Limit"] == "2"
    assert "Too many attempts to sign up: at most 2 in an hour. Try again in" in answers[2].content.decode()
    assert sign_up(Client(REMOTE_ADDR="192.0.2.7"), "elsewhere").status_code == 302


def test_one_password_is_tried_on_few_names_from_an_address(alice: User, bob: User) -> None:
    tries = [Client().post(reverse("sign_in"), {"username": name, "password": "spring2026"}) for name in "abcd"]
    assert [answer.status_code for answer in tries] == [200, 200, 200, 429]
    admins = Client().post(reverse("admin:login"), {"username": "root", "password": "spring2026"})
    assert admins.status_code == 429
    elsewhere = Client(REMOTE_ADDR="192.0.2.7").post(reverse("sign_in"), {"username": "alice", "password": PASSWORD})
    assert elsewhere.status_code == 302


def test_a_written_address_gives_no_more_tries(alice: User) -> None:
    statuses = [
        Client(headers={"x-forwarded-for": f"198.51.100.{number}"})
        .post(reverse("sign_in"), {"username": "alice", "password": "guess"})
        .status_code
        for number in range(4)
    ]
    assert statuses[-1] == 429


def test_a_user_is_counted_at_every_address(visit: Visit, alice: User, bob: User) -> None:
    def create(user: User, address: str) -> int:
        client = Client(REMOTE_ADDR=address)
        client.force_login(user)
        return client.post(reverse("token_create"), {"name": "x", "scopes": [], "days": "30"}).status_code

    statuses = [create(alice, f"192.0.2.{number}") for number in range(3)]
    assert statuses[:2] == [201, 201] and statuses[2] == 429
    assert create(bob, "192.0.2.9") == 201


@pytest.mark.parametrize("path", ["/api/v1/tournaments", "/api/v1/trainings", "/api/v1/schedules"])
def test_programs_are_refused_in_the_apis_form(call: Callable[..., Client], alice: User, path: str) -> None:
    program = call(alice)
    answers = [program.post(path, "{}", content_type="application/json") for _ in range(3)]
    assert [answer.status_code for answer in answers][-1] == 429 and answers[1].status_code != 429
    assert answers[2].json()["error"]["code"] == "too_many"


def test_large_files_are_limited_for_those_who_are_not_signed_in(client: Client, db: None) -> None:
    address = "/api/v1/scenarios/nowhere/episodes?format=csv"
    assert [client.get(address).status_code for _ in range(3)] == [404, 404, 429]
    assert client.get(reverse("home")).status_code == 200


def test_without_redis_nobody_is_refused_and_that_is_counted(settings: Any, db: None) -> None:
    settings.ARENA_LIMITS_STORE = "redis://127.0.0.1:9/0"
    throttling.limiter.cache_clear()
    before = throttling.silence.count
    assert {sign_up(Client(), f"newcomer-{number}").status_code for number in range(4)} == {302}
    assert throttling.silence.count >= before + 4


def test_limits_can_be_switched_off(settings: Any, db: None) -> None:
    settings.ARENA_LIMITS = "off"
    assert {sign_up(Client(), f"newcomer-{number}").status_code for number in range(4)} == {302}
