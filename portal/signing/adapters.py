"""Adapters of django-allauth with this portal's rules.

django-axes limits attempts at passwords, and `portal.server.throttling` limits everything else. Of allauth's own
limits, only the one on codes of the second factor is used.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.account.stages import EmailVerificationStage
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from portal.people.languages import follow_account
from portal.signing import secrets

SILENT = ("logged_in", "logged_out", "password_changed", "password_set")
"""Messages of allauth that are left out, because the page shows the same."""


class ArenaAccounts(DefaultAccountAdapter):
    """The portal's rules for sign-in and sign-up, and for messages."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Do nothing: django-axes counts attempts."""

    def _rollback_login_failed_rl_usage(self) -> None:
        """Do nothing: nothing was counted."""

    def get_login_stages(self) -> list[str]:
        return ["portal.signing.adapters.ConfirmedAddress", "allauth.mfa.stages.AuthenticateStage"]

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return str(settings.ARENA_SIGN_UP) == "open"

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *rest: Any, **named: Any
    ) -> None:
        if not (message_template or "").endswith(tuple(f"{name}.txt" for name in SILENT)):
            super().add_message(request, level, message_template, *rest, **named)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")

    def format_email_subject(self, subject: str) -> str:
        return f"[MATE Arena] {subject}"

    def post_login(self, request: HttpRequest, user: Any, **named: Any) -> Any:
        """Switch to the language of the account after signing in."""
        response = super().post_login(request, user, **named)
        follow_account(user, response)
        return response

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send mail, if mail is set up. It is in the language of the page from which it was requested."""
        if settings.ARENA_MAIL:
            super().send_mail(template_prefix, email, context)


class ConfirmedAddress(EmailVerificationStage):
    """Require the code that was sent to a new address. Accounts without an address, such as old ones, pass."""

    def handle(self) -> tuple[Any, bool]:
        user = self.login.user  # None if the address already has an account, which must not be disclosed.
        if not settings.ARENA_MAIL or (user and not EmailAddress.objects.filter(user=user).exists()):
            return None, True
        found: tuple[Any, bool] = super().handle()
        return found


class ArenaSecondFactor(DefaultMFAAdapter):
    """The second factor: encrypted secrets, and the label in authenticator apps."""

    def encrypt(self, text: str) -> str:
        return secrets.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.decrypt(encrypted_text)

    def get_totp_label(self, user: Any) -> str:
        return str(user.get_username())

    def get_totp_issuer(self) -> str:
        return "MATE Arena"
