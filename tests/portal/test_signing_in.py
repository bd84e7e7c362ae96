"""Signing in with more than a password: confirmed addresses, forgotten passwords, second factors."""

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from portal.models import ApiToken
from portal.signing.mail import read_mail
from tests.portal.conftest import PASSWORD

Visit = Callable[..., Client]
NEWCOMER = {"username": "carol", "email": "Carol@example.org", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def mail(settings: Any, mailoutbox: list[Any]) -> list[Any]:
    """Make the portal send mail; return the sent messages."""
    settings.ARENA_MAIL = "smtp://mail.example.org"
    return mailoutbox


def code_in(message: Any) -> str:
    return re.search(r"^ {4}(\S+)$", message.body, re.MULTILINE)[1]  # type: ignore[index]


def present_code(secret: str) -> str:
    """Return the current code of an authenticator application."""
    counters = list(yield_hotp_counters_from_time())
    return format_hotp_value(hotp_value(secret, counters[len(counters) // 2]))


def sign_in(browser: Client, name: str, password: str = PASSWORD, **more: str) -> Any:
    return browser.post(reverse("sign_in"), {"username": name, "password": password} | more)


def is_signed_in(browser: Client) -> bool:
    return browser.get(reverse("account")).status_code == 200


@pytest.fixture
def protected(visit: Visit, alice: User) -> tuple[Client, str, list[str]]:
    """Return alice's browser with the second factor enabled, the factor's key, and her recovery codes."""
    browser = visit(alice)
    asked = browser.get(reverse("mfa_activate_totp"))
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    browser.post(asked["Location"], {"password": PASSWORD})
    secret = browser.get(reverse("mfa_activate_totp")).context["form"].secret
    answer = browser.post(reverse("mfa_activate_totp"), {"code": present_code(secret)}, follow=True)
    return browser, secret, answer.context["unused_codes"]


def test_a_newcomer_confirms_the_address_by_a_code_and_goes_on(client: Client, db: None, mail: list[Any]) -> None:
    answer = client.post(reverse("sign_up"), NEWCOMER | {"next": reverse("upload_create")})
    assert answer["Location"] == reverse("account_email_verification_sent")
    assert not is_signed_in(client)
    assert mail[0].to == ["carol@example.org"]
    wrong = client.post(answer["Location"], {"action": "verify", "code": "000000"})
    assert wrong.status_code == 200 and not is_signed_in(client)
    right = client.post(answer["Location"], {"action": "verify", "code": code_in(mail[0])})
    assert right["Location"] == reverse("upload_create")
    assert is_signed_in(client)


def test_whoever_signs_up_with_anothers_address_learns_nothing(client: Client, alice: User, mail: list[Any]) -> None:
    EmailAddress.objects.create(user=alice, email="carol@example.org", verified=True, primary=True)
    answer = client.post(reverse("sign_up"), NEWCOMER)
    assert answer["Location"] == reverse("account_email_verification_sent")
    assert client.get(answer["Location"]).status_code == 200
    assert not User.objects.filter(username="carol").exists()
    assert "belongs to an account already" in mail[0].body


def test_accounts_without_an_address_sign_in_as_before(client: Client, alice: User, mail: list[Any]) -> None:
    assert sign_in(client, "alice").status_code == 302
    assert is_signed_in(client) and not mail


def test_a_forgotten_password_is_changed_by_a_link_that_is_good_once(
    client: Client, alice: User, mail: list[Any]
) -> None:
    EmailAddress.objects.create(user=alice, email="alice@example.org", verified=True, primary=True)
    ApiToken.issue(alice, "laptop")
    client.post(reverse("account_reset_password"), {"email": "alice@example.org"})
    link = re.search(r"https?://[^/]+(/\S+)", mail[0].body)[1]  # type: ignore[index]
    form = client.get(link)["Location"]
    fields = {"password1": "another pass phrase", "password2": "another pass phrase", "revoke_tokens": "on"}
    assert client.post(form, fields).status_code == 302
    assert not ApiToken.objects.exists()
    assert sign_in(client, "alice").status_code == 200
    assert sign_in(client, "alice", "another pass phrase").status_code == 302
    assert "used before" in Client().get(link).content.decode()


def test_an_unknown_address_is_answered_like_a_known_one(client: Client, db: None, mail: list[Any]) -> None:
    answer = client.post(reverse("account_reset_password"), {"email": "nobody@example.org"})
    assert answer["Location"] == reverse("account_reset_password_done")
    assert "no account has it" in mail[0].body


def test_a_user_adds_an_address_later(visit: Visit, alice: User, mail: list[Any]) -> None:
    browser = visit(alice)
    browser.post(reverse("account_email"), {"email": "alice@example.org", "action_add": ""})
    assert not EmailAddress.objects.filter(verified=True).exists()
    browser.post(reverse("account_email_verification_sent"), {"action": "verify", "code": code_in(mail[0])})
    assert EmailAddress.objects.get(user=alice).verified
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"


def test_a_portal_without_mail_asks_for_no_address_and_says_who_helps(client: Client, db: None) -> None:
    assert 'name="email"' not in client.get(reverse("sign_up")).content.decode()
    page = client.get(reverse("account_reset_password"))
    assert page.status_code == 404 and "administrator" in page.content.decode()


def test_a_second_factor_is_asked_for_after_the_password(protected: Any, alice: User) -> None:
    _, _, codes = protected
    assert len(codes) == 10
    browser = Client()
    answer = sign_in(browser, "alice", next=reverse("uploads"))
    assert answer["Location"] == reverse("mfa_authenticate") and not is_signed_in(browser)
    assert browser.post(answer["Location"], {"code": "12345"}).status_code == 200
    assert not is_signed_in(browser)
    done = browser.post(answer["Location"], {"code": codes[0]})
    assert done["Location"] == reverse("uploads") and is_signed_in(browser)


def test_keys_of_second_factors_are_stored_encrypted_under_the_secret_key(
    protected: Any, alice: User, settings: Any
) -> None:
    _, secret, codes = protected
    stored = [str(row.data) for row in Authenticator.objects.filter(user=alice)]
    assert stored and not any(word in text for text in stored for word in (secret, *codes))
    settings.SECRET_KEY = "another"
    browser = Client()
    sign_in(browser, "alice")
    refused = browser.post(reverse("mfa_authenticate"), {"code": present_code(secret)})
    assert refused.status_code == 400 and not is_signed_in(browser)


def test_keys_that_lay_open_are_encrypted_when_the_portal_is_migrated(protected: Any, alice: User) -> None:
    _, secret, _ = protected
    Authenticator.objects.filter(user=alice, type="totp").update(data={"secret": secret})
    import_module("portal.migrations.0008_languages_and_secrets").encrypt_factors(apps, None)
    assert secret not in str(Authenticator.objects.get(user=alice, type="totp").data)
    browser = Client()
    sign_in(browser, "alice")
    browser.post(reverse("mfa_authenticate"), {"code": present_code(secret)})
    assert is_signed_in(browser)


def test_a_recovery_code_is_good_once(protected: Any, alice: User) -> None:
    _, _, codes = protected
    for is_good in (True, False):
        browser = Client()
        sign_in(browser, "alice")
        browser.post(reverse("mfa_authenticate"), {"code": codes[0]})
        assert is_signed_in(browser) == is_good


def test_codes_are_not_guessed(protected: Any, alice: User) -> None:
    _, _, codes = protected
    browser = Client()
    sign_in(browser, "alice")
    for number in range(11):
        browser.post(reverse("mfa_authenticate"), {"code": f"{number:06}"})
    browser.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert not is_signed_in(browser)


def test_administration_asks_for_the_second_factor_too(protected: Any, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    browser = Client()
    asked = browser.post("/admin/login/", {"username": "alice", "password": PASSWORD})
    assert asked["Location"].startswith(reverse("sign_in"))
    assert browser.get("/admin/").status_code == 302


def test_the_second_factor_is_switched_off_with_its_recovery_codes(protected: Any, alice: User) -> None:
    browser, _, _ = protected
    assert b"recovery codes are deleted" in browser.get(reverse("mfa_deactivate_totp")).content
    browser.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.exists()
    assert sign_in(Client(), "alice")["Location"] == reverse("home")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("smtp://a:b%40c@mail.example.org/?from=arena@example.org", ("mail.example.org", 587, "b@c", True, False)),
        ("smtps://mail.example.org/?from=arena@example.org", ("mail.example.org", 465, "", False, True)),
        ("smtp://localhost:25/?tls=off", ("localhost", 25, "", False, False)),
    ],
)
def test_an_address_says_where_mail_is_handed_over(address: str, expected: tuple[Any, ...]) -> None:
    found = read_mail(address)
    names = ("HOST", "PORT", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    assert tuple(found[f"EMAIL_{name}"] for name in names) == expected
