"""Context of sign-in templates: whether mail is set up, and the providers of accounts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def offered(request: HttpRequest) -> dict[str, Any]:
    """The context processor."""

    def list_providers() -> list[dict[str, str]]:
        if not settings.ARENA_PROVIDERS.apps:
            return []
        from allauth.socialaccount.adapter import get_adapter

        found = get_adapter(request).list_providers(request)
        return [{"name": one.name, "address": one.get_login_url(request)} for one in found]

    return {"has_mail": bool(settings.ARENA_MAIL), "sign_in_providers": list_providers}
