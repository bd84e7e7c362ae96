"""Forms of signing in: django-allauth's, with the names of fields and the words of this portal."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as allauth
from django import forms
from django.utils.translation import gettext_lazy as _

from portal.models import ApiToken

SIGN_IN_FIELDS = ("username", "password", "next")
ADDRESS_FIELDS = ("email", "action_add", "action_send", "action_remove", "next")
CODE_FIELDS = ("code", "action", "email", "next")


class SignInForm(allauth.LoginForm):
    """A name and a password. The session lasts as long as sessions of this portal do."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["login"].widget.attrs.update(autocomplete="username", autofocus=True)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
            field.help_text = ""

    def add_prefix(self, field_name: str) -> str:
        """Send the field `login` as `username`, which is what it is here."""
        return "username" if field_name == "login" else str(super().add_prefix(field_name))


class NewPasswordForm(allauth.ResetPasswordKeyForm):
    """A new password for who has the link, and whether the API tokens end with the old one."""

    revoke_tokens = forms.BooleanField(
        label=_("Revoke my API tokens as well"),
        help_text=_("Do this if somebody else may know your password. Other browsers are signed out in any case."),
        required=False,
    )

    def save(self) -> None:
        super().save()
        if self.cleaned_data["revoke_tokens"]:
            ApiToken.objects.filter(user=self.user).delete()
