"""Accounts: signing up, in and out, passwords and API tokens."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.models import ApiToken
from tests.portal.conftest import PASSWORD

Visit = Callable[..., Client]


def test_a_newcomer_signs_up_and_is_signed_in(client: Client, db: None) -> None:
    fields = {"username": "carol", "password1": PASSWORD, "password2": PASSWORD, "next": reverse("upload_create")}
    answer = client.post(reverse("sign_up"), fields)
    assert answer["Location"] == reverse("upload_create")
    assert client.get(reverse("account")).status_code == 200


def test_signing_up_leads_to_no_other_site(client: Client, db: None) -> None:
    fields = {"username": "carol", "password1": PASSWORD, "password2": PASSWORD, "next": "https://elsewhere.example/"}
    assert client.post(reverse("sign_up"), fields)["Location"] == "/"


def test_the_account_page_leads_to_ones_own_things(visit: Visit, alice: User) -> None:
    page = visit(alice).get(reverse("account")).content.decode()
    for name in ("uploads", "tournaments", "trainings", "psro_runs"):
        assert f'href="{reverse(name)}?mine=1"' in page


def test_a_weak_password_is_refused_with_a_reason(client: Client, db: None) -> None:
    answer = client.post(reverse("sign_up"), {"username": "carol", "password1": "12345", "password2": "12345"})
    assert b"too short" in answer.content
    assert not User.objects.exists()


def test_a_form_from_another_site_is_refused(visit: Visit, alice: User) -> None:
    answer = visit(alice, csrf=True).post(reverse("token_create"), {"name": "stolen"})
    assert answer.status_code == 403
    assert not ApiToken.objects.exists()


def test_the_account_page_needs_an_account(client: Client, db: None) -> None:
    assert client.get(reverse("account"))["Location"].startswith(reverse("sign_in"))


def test_guessing_passwords_ends_after_ten_attempts(client: Client, alice: User) -> None:
    wrong = {"username": alice.username, "password": "a guess"}
    answers = [client.post(reverse("sign_in"), wrong).status_code for _ in range(10)]
    assert answers == [200] * 9 + [429]
    right = client.post(reverse("sign_in"), wrong | {"password": PASSWORD})
    assert right.status_code == 429
    assert b"Wait 10 minutes" in right.content
    elsewhere = Client(REMOTE_ADDR="192.0.2.7").post(reverse("sign_in"), wrong | {"password": PASSWORD})
    assert elsewhere.status_code == 302


def test_signing_out_takes_a_form_and_ends_the_session(visit: Visit, alice: User) -> None:
    browser = visit(alice)
    assert browser.get(reverse("sign_out")).status_code == 405
    browser.post(reverse("sign_out"))
    assert browser.get(reverse("account")).status_code == 302


def test_a_token_is_shown_once_and_stored_as_its_hash(visit: Visit, alice: User) -> None:
    browser = visit(alice)
    answer = browser.post(reverse("token_create"), {"name": "laptop", "days": "90"})
    key = answer.context["key"]
    token = ApiToken.objects.get()
    assert key in answer.content.decode()
    assert key not in str(token.__dict__)
    assert key.startswith(token.prefix)
    assert key not in browser.get(reverse("account")).content.decode()


def test_the_owner_revokes_a_token(visit: Visit, alice: User) -> None:
    token, key = ApiToken.issue(alice, "laptop")
    visit(alice).post(reverse("token_revoke", args=[token.pk]))
    assert ApiToken.find(key) is None


def test_another_user_cannot_revoke_a_token(visit: Visit, alice: User, bob: User) -> None:
    token, key = ApiToken.issue(alice, "laptop")
    assert visit(bob).post(reverse("token_revoke", args=[token.pk])).status_code == 404
    assert ApiToken.find(key) == token


def test_an_anonymous_visitor_makes_and_revokes_no_token(client: Client, alice: User) -> None:
    token, _ = ApiToken.issue(alice, "laptop")
    for address in (reverse("token_create"), reverse("token_revoke", args=[token.pk])):
        assert client.post(address, {"name": "x"})["Location"].startswith(reverse("sign_in"))
    assert ApiToken.objects.count() == 1


def test_one_sees_only_ones_own_tokens(visit: Visit, alice: User, bob: User) -> None:
    ApiToken.issue(alice, "secret project")
    assert b"secret project" not in visit(bob).get(reverse("account")).content


def test_a_token_of_a_user_who_may_no_longer_sign_in_opens_nothing(alice: User) -> None:
    _, key = ApiToken.issue(alice, "laptop")
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert ApiToken.find(key) is None


def test_the_command_prints_a_working_token(alice: User) -> None:
    out = StringIO()
    call_command("create_token", "alice", stdout=out)
    token: Any = ApiToken.find(out.getvalue().strip())
    assert token.user == alice


def test_the_command_names_the_users_there_are(alice: User) -> None:
    with pytest.raises(CommandError, match="alice"):
        call_command("create_token", "nobody")


def test_changing_the_password_needs_the_old_one(visit: Visit, alice: User) -> None:
    browser = visit(alice)
    fields = {"old_password": "wrong", "new_password1": "another pass phrase", "new_password2": "another pass phrase"}
    assert b"incorrectly" in browser.post(reverse("password_change"), fields).content
    answer = browser.post(reverse("password_change"), fields | {"old_password": PASSWORD})
    assert answer["Location"] == reverse("account")


def test_changing_the_password_revokes_tokens_where_that_is_asked(visit: Visit, alice: User, bob: User) -> None:
    fields = {"old_password": PASSWORD, "new_password1": "another pass phrase", "new_password2": "another pass phrase"}
    for user in (alice, bob):
        ApiToken.issue(user, "laptop")
    visit(bob).post(reverse("password_change"), fields)
    assert ApiToken.objects.filter(user=bob).exists()
    visit(alice).post(reverse("password_change"), fields | {"revoke_tokens": "on"})
    assert not ApiToken.objects.filter(user=alice).exists()
    assert ApiToken.objects.filter(user=bob).exists()


def test_a_token_has_the_scopes_and_the_expiry_that_were_chosen(visit: Visit, alice: User) -> None:
    visit(alice).post(reverse("token_create"), {"name": "laptop", "scopes": ["uploads"], "days": "30"})
    token = ApiToken.objects.get()
    assert token.scopes == ["uploads"]
    assert token.expires is not None
    assert 29 <= (token.expires - timezone.now()).days <= 30
    assert visit(alice).post(reverse("token_create"), {"name": "x", "scopes": ["everything"]}).status_code == 400
    assert visit(alice).post(reverse("token_create"), {"name": "x", "days": "-1"}).status_code == 400


def test_the_account_page_tells_what_a_token_may_and_until_when(visit: Visit, alice: User) -> None:
    ApiToken.issue(alice, "nightly", ["tournaments"], timezone.now() - timedelta(days=1))
    page = visit(alice).get(reverse("account")).content.decode()
    assert "tournaments" in page
    assert "expired" in page


def test_the_command_makes_tokens_of_few_scopes_that_expire(alice: User) -> None:
    out = StringIO()
    call_command("create_token", "alice", "--scope", "uploads", "agents", "--days", "7", stdout=out)
    token: Any = ApiToken.find(out.getvalue().strip())
    assert token.scopes == ["uploads", "agents"]
    assert not token.is_expired
    with pytest.raises(CommandError, match="--days"):
        call_command("create_token", "alice", "--days", "-3")
