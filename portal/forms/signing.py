"""Sign-in forms: those of django-allauth with this portal's field names and labels."""

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
    """A user name and a password. The session has the portal's usual lifetime."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["login"].widget.attrs.update(autocomplete="username", autofocus=True)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
            field.help_text = ""

    def add_prefix(self, field_name: str) -> str:
        """Rename the field `login` to `username`, because only user names are accepted."""
        return "username" if field_name == "login" else str(super().add_prefix(field_name))


class NewPasswordForm(allauth.ResetPasswordKeyForm):
    """A new password for the user with the reset link, and whether all API tokens are revoked."""

    revoke_tokens = forms.BooleanField(
        label=_("Revoke my API tokens as well"),
        help_text=_("Do this if somebody else may know your password. Other browsers are signed out in any case."),
        required=False,
    )

    def save(self) -> None:
        super().save()
        if self.cleaned_data["revoke_tokens"]:
            ApiToken.objects.filter(user=self.user).delete()
