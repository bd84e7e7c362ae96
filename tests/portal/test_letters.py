"""Notifications by e-mail: chosen by the user, collected in one mail, sent once, tried again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.models import Letter, MailSubscription, Notification
from portal.notifications import letters

Visit = Callable[..., Client]


@pytest.fixture
def told(settings: Any, alice: User, bob: User) -> list[Notification]:
    """Notifications of alice, who wants mail of uploads, and of bob, who wants none."""
    settings.ARENA_MAIL = "smtp://mail.example.org"
    settings.ARENA_ADDRESS = "https://arena.example.org"
    EmailAddress.objects.create(user=alice, email="alice@example.org", verified=True, primary=True)
    MailSubscription.objects.create(user=alice, kinds=["upload"])
    rows = [(alice, "upload", "a.zip"), (alice, "upload", "b.zip"), (alice, "rank", "rank"), (bob, "upload", "c.zip")]
    return [
        Notification.objects.create(user=user, kind=kind, subject=text, text=text, path=f"/{text}/")
        for user, kind, text in rows
    ]


def test_what_a_user_chose_comes_in_one_mail_with_addresses(told: list[Notification], mailoutbox: list[Any]) -> None:
    letters.write_letters(told)
    letters.write_letters(told)
    assert letters.send_due() == 1
    assert letters.send_due() == 0
    assert [message.to for message in mailoutbox] == [["alice@example.org"]]
    assert "2 notifications" in mailoutbox[0].subject
    assert "https://arena.example.org/b.zip/" in mailoutbox[0].body
    assert "rank" not in mailoutbox[0].body


def test_mail_that_could_not_be_handed_over_is_tried_again_later(told: list[Notification], settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    letters.write_letters(told[:1])
    assert letters.send_due() == 0
    letter = Letter.objects.get()
    assert letter.attempts == 1 and "refused" in letter.error.lower()
    assert timezone.now() < letter.due < timezone.now() + timedelta(minutes=2)


def test_nobody_writes_to_an_address_that_is_not_confirmed(told: list[Notification], mailoutbox: list[Any]) -> None:
    EmailAddress.objects.update(verified=False)
    letters.write_letters(told)
    assert letters.send_due() == 0 and not mailoutbox


def test_a_user_chooses_what_comes_by_mail(visit: Visit, bob: User, told: list[Notification]) -> None:
    browser = visit(bob)
    assert "Add an e-mail address" in browser.get(reverse("notifications")).content.decode()
    browser.post(reverse("notifications"), {"kinds": ["training", "rank"]})
    assert MailSubscription.objects.get(user=bob).kinds == ["training", "rank"]
    browser.post(reverse("notifications"), {})
    assert MailSubscription.objects.get(user=bob).kinds == []
