"""Notifications: created once each, shown to the users concerned, and sent to webhooks with a signature."""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.models import Delivery, Notification, Webhook
from portal.notifications import collecting, webhooks
from portal.notifications.webhooks import BadAddress
from tasks.sweeping import sweep
from tournament import leaderboards
from tournament.models import Agent, PsroRun, RatingSnapshot, Tournament, TrainingRun, Upload

Visit = Callable[..., Client]
Call = Callable[..., Client]
V1 = "/api/v1"


class Receiver:
    """An HTTP server that keeps the requests it gets."""

    def __init__(self) -> None:
        self.status = 204
        self.requests: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests.append((dict(self.headers.items()), body))
                self.send_response(receiver.status)
                self.send_header("Location", "http://127.0.0.1:9/")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?key=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.ARENA_WEBHOOKS = "any"
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()


@pytest.fixture(autouse=True)
def nothing_compared() -> None:
    collecting._compared.clear()


def told(user: User) -> set[str]:
    return set(Notification.objects.filter(user=user).values_list("text", flat=True))


# What is told


def test_owners_are_told_once_of_what_ended(alice: User, bob: User, world: dict[str, Any]) -> None:
    now = timezone.now()
    Upload.objects.update(state="refused", reason="It is a letter.", finished=now)
    TrainingRun.objects.filter(purpose="").update(state="failed", error="No space.", finished=now)
    PsroRun.objects.update(state="finished", finished=now)
    sweep()
    sweep()
    assert told(alice) == {
        "Mine was refused: It is a letter.",
        "The tournament Alice's cup has ended.",
        "The training Learner failed: No space.",
        "The PSRO run Growing has ended.",
    }
    assert not told(bob)
    assert Notification.objects.count() == 4


def test_a_training_that_ends_again_is_told_again(alice: User, world: dict[str, Any]) -> None:
    rows = TrainingRun.objects.filter(pk=world["training"])
    for seconds in (20, 10):
        rows.update(state="finished", finished=timezone.now() - timedelta(seconds=seconds))
        collecting.collect()
    assert Notification.objects.filter(kind="training").count() == 2


def test_what_ended_long_ago_is_not_told(alice: User, played: Tournament) -> None:
    Tournament.objects.update(finished=timezone.now() - timedelta(days=2))
    assert collecting.collect() == 0


def test_owners_are_told_of_new_ranks_after_a_tournament(alice: User, played: Tournament) -> None:
    agent = Agent.objects.get(slug="random-camera")
    Agent.objects.filter(pk=agent.pk).update(owner=alice)
    after = leaderboards.latest(played.scenario)
    assert after is not None
    table = json.loads(json.dumps(after.table))
    [line] = [line for line in table["cameras"] if line["digest"] == agent.digest]
    line["rank"] = 7
    before = RatingSnapshot.objects.create(
        scenario=played.scenario, number=0, num_episodes=1, engine=after.engine, code=after.code, table=table
    )
    RatingSnapshot.objects.filter(pk=before.pk).update(created=played.created - timedelta(hours=1))
    collecting.collect()
    assert "Random has rank 2 in MATE-2v4-0; it had rank 7." in told(alice)


def test_notifications_are_read_by_their_user_alone(
    visit: Visit, call: Call, alice: User, bob: User, played: Tournament
) -> None:
    collecting.collect()
    assert "Alice&#x27;s cup" in visit(alice).get(reverse("notifications")).content.decode()
    assert "cup" not in visit(bob).get(reverse("notifications")).content.decode()
    assert "(1 new)" in visit(alice).get(reverse("account")).content.decode()
    program = call(alice)
    [item] = program.get(f"{V1}/notifications", {"unread": "true"}).json()["items"]
    assert (item["kind"], item["path"]) == ("tournament", reverse("tournament", args=[played.pk]))
    assert call(bob).post(f"{V1}/notifications/read").json() == {"count": 0}
    assert program.post(f"{V1}/notifications/read").json() == {"count": 1}
    assert program.get(f"{V1}/notifications", {"unread": "true"}).json()["count"] == 0


# Webhooks


def deliver() -> None:
    """Deliver notifications as after a sweep, in this thread."""
    collecting.collect()
    webhooks.send_due()


def create(program: Client, **body: Any) -> Any:
    return program.post(f"{V1}/webhooks", body, content_type="application/json")


def test_a_webhook_gets_a_signed_request(call: Call, alice: User, played: Tournament, receiver: Receiver) -> None:
    made = create(call(alice), url=receiver.url, kinds=["tournament"]).json()
    deliver()
    [(headers, body)] = receiver.requests
    moment, code = (part.split("=")[1] for part in headers["Arena-Signature"].split(","))
    expected = hmac.new(made["secret"].encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    assert code == expected
    assert json.loads(body)["text"] == "The tournament Alice's cup has ended."
    assert headers["Host"] == receiver.url.split("/")[2]
    deliver()
    assert len(receiver.requests) == 1


def test_a_webhook_gets_only_the_kinds_that_it_wants(
    call: Call, alice: User, played: Tournament, receiver: Receiver
) -> None:
    create(call(alice), url=receiver.url, kinds=["upload"])
    deliver()
    assert not receiver.requests


def test_a_delivery_that_fails_is_repeated_later_and_given_up_at_last(
    call: Call, alice: User, played: Tournament, receiver: Receiver
) -> None:
    receiver.status = 302  # The redirect is not followed.
    create(call(alice), url=receiver.url)
    collecting.collect()
    for attempt in range(1 + len(webhooks.PAUSES)):
        assert not Delivery.objects.get().is_over
        assert webhooks.send_due() == 1
        assert Delivery.objects.get().attempts == attempt + 1
        assert webhooks.send_due() == 0
        Delivery.objects.update(due=timezone.now())
    assert Delivery.objects.get().is_over and Delivery.objects.get().error == "HTTP 302"
    assert Webhook.objects.get().failures == 1


def test_a_webhook_that_always_fails_is_switched_off(alice: User, played: Tournament, receiver: Receiver) -> None:
    hook = Webhook.objects.create(user=alice, url=receiver.url, secret="s", failures=webhooks.MOST_FAILURES - 1)
    receiver.status = 500
    collecting.collect()
    Delivery.objects.update(attempts=len(webhooks.PAUSES))
    webhooks.send_due()
    hook.refresh_from_db()
    assert not hook.is_active


@pytest.mark.parametrize(
    "address",
    [
        *(
            "http://example.org/",
            "ftp://example.org/",
            "https://",
            "https://user:secret@example.org/",
            "https://x:99999/",
        ),
        *("https://127.0.0.1/", "https://10.0.0.1/", "https://169.254.169.254/", "https://[::1]/"),
        *("https://[::ffff:127.0.0.1]/", "https://[fd00::1]/", "https://224.0.0.1/", "https://0.0.0.0/"),
    ],
)
def test_addresses_that_are_not_public_are_refused(call: Call, alice: User, address: str) -> None:
    answer = create(call(alice), url=address)
    assert (answer.status_code, answer.json()["where"]) == (409, "url")
    assert not Webhook.objects.exists()


def test_a_name_that_leads_into_a_private_network_gets_nothing(alice: User, played: Tournament) -> None:
    hook = Webhook.objects.create(user=alice, url="https://localhost/hook", secret="s")
    with pytest.raises(BadAddress, match="private network"):
        webhooks.send(hook, {})
    collecting.collect()
    webhooks.send_due()
    assert "private network" in Delivery.objects.get().error


def test_the_operator_switches_webhooks_off(settings: Any, alice: User, played: Tournament, receiver: Receiver) -> None:
    Webhook.objects.create(user=alice, url=receiver.url, secret="s")
    collecting.collect()
    settings.ARENA_WEBHOOKS = "off"
    assert webhooks.send_due() == 0
    assert not receiver.requests


def test_a_webhook_is_made_and_deleted_on_its_page(visit: Visit, alice: User) -> None:
    browser = visit(alice)
    answer = browser.post(reverse("webhooks"), {"url": "https://example.org/hook", "kinds": ["rank"]})
    hook = Webhook.objects.get()
    assert answer.status_code == 201 and hook.secret in answer.content.decode()
    assert hook.secret not in browser.get(reverse("webhooks")).content.decode()
    assert "example.org" in browser.get(reverse("webhook_delete", args=[hook.pk])).content.decode()
    browser.post(reverse("webhook_delete", args=[hook.pk]))
    assert not Webhook.objects.exists()


def test_a_user_has_only_so_many_webhooks(call: Call, alice: User) -> None:
    for number in range(10):
        Webhook.objects.create(user=alice, url=f"https://example.org/{number}", secret="s")
    assert create(call(alice), url="https://example.org/hook").status_code == 409


@pytest.mark.django_db(transaction=True)
def test_a_sweep_sends_in_a_thread_of_its_own(alice: User, played: Tournament, receiver: Receiver) -> None:
    Webhook.objects.create(user=alice, url=receiver.url, secret="s")
    sweep()
    assert webhooks._sender is not None
    webhooks._sender.join()
    assert len(receiver.requests) == 1 and Delivery.objects.get().is_over
