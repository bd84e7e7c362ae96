"""This portal's rules for accounts of other sites. Imported only if a provider is set up."""

from __future__ import annotations

from typing import Any

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class ArenaSocialAccounts(DefaultSocialAccountAdapter):
    """New users may sign up with an account of another site if sign-up is open.

    They choose a user name like all others.
    """

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return str(settings.ARENA_SIGN_UP) == "open"
