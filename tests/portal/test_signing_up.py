"""Who may sign up, and under which names."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from tests.portal.conftest import PASSWORD


def sign_up(name: str, invitation: str = "") -> Any:
    fields = {"username": name, "password1": PASSWORD, "password2": PASSWORD, "invitation": invitation}
    return Client().post(reverse("sign_up"), fields)


def invite(name: str, *options: str) -> str:
    out = StringIO()
    call_command("invite", name, *options, stdout=out)
    return out.getvalue().strip().rsplit("invitation=", 1)[1]


@pytest.mark.parametrize("name", ["аlice", "alіce", "αlice", "ａlice"])
def test_a_name_that_looks_like_anothers_is_refused(name: str, alice: User) -> None:
    assert sign_up(name).status_code == 200
    assert User.objects.count() == 1


def test_a_name_in_one_other_alphabet_that_reads_like_a_taken_one_is_refused(db: None) -> None:
    User.objects.create_user("coco")
    assert "looks like one that is taken" in sign_up("сосо").content.decode()  # in Cyrillic letters


@pytest.mark.parametrize("name", ["маша", "张伟", "josé", "ολγα", "alice-2"])
def test_names_of_other_alphabets_are_welcome(name: str, alice: User) -> None:
    assert sign_up(name).status_code == 302


def test_a_closed_portal_takes_nobody_and_says_so(settings: Any, db: None) -> None:
    settings.ARENA_SIGN_UP = "closed"
    assert sign_up("carol").status_code == 403
    page = Client().get(reverse("sign_up"))
    assert page.status_code == 403 and "administrator" in page.content.decode()
    assert not User.objects.exists()


def test_an_invitation_is_for_one_name_and_one_account(settings: Any, db: None) -> None:
    settings.ARENA_SIGN_UP = "invitation"
    assert sign_up("carol").status_code == 403
    key = invite("carol")
    assert sign_up("dave", key).status_code == 200
    assert sign_up("carol", key).status_code == 302
    assert sign_up("carol", key).status_code == 200
    assert list(User.objects.values_list("username", flat=True)) == ["carol"]


@pytest.mark.parametrize("forge", [lambda key: key[:-1] + "x", lambda key: "", lambda key: "carol"])
def test_a_forged_invitation_opens_nothing(settings: Any, db: None, forge: Any) -> None:
    settings.ARENA_SIGN_UP = "invitation"
    assert sign_up("carol", forge(invite("carol"))).status_code == 403
    assert not User.objects.exists()


def test_an_invitation_expires(settings: Any, db: None) -> None:
    settings.ARENA_SIGN_UP = "invitation"
    assert sign_up("carol", invite("carol", "--days=0")).status_code == 403


def test_nobody_is_invited_under_a_name_that_is_taken(alice: User) -> None:
    with pytest.raises(CommandError, match="alice"):
        invite("alice")
