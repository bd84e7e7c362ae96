"""The language of each account: the browser's at the first sign-in, later the one chosen in the header.

Pages follow a cookie, which signing in sets. Mail and notifications follow the account.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import check_for_language, get_language
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from portal.inputs import takes
from portal.models import AccountLanguage


def language_of(user_id: int | None) -> str:
    """Return the language of a user's account; the portal's default if none is stored."""
    chosen = AccountLanguage.objects.filter(user=user_id).values_list("language", flat=True).first()
    return chosen or settings.LANGUAGE_CODE


def remember(user: Any, language: str) -> None:
    """Store the language that a user chose. Languages that the portal does not have are ignored."""
    if user.is_authenticated and language in dict(settings.LANGUAGES) and check_for_language(language):
        AccountLanguage.objects.update_or_create(user=user, defaults={"language": language})


def follow_account(user: Any, response: HttpResponseBase) -> None:
    """Set the language of the pages after signing in to that of the account.

    At the first sign-in, it is the browser's.
    """
    known, _ = AccountLanguage.objects.get_or_create(
        user=user, defaults={"language": get_language() or settings.LANGUAGE_CODE}
    )
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, known.language, max_age=settings.LANGUAGE_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE, samesite="Lax",
    )  # fmt: skip


# Without a CSRF token, so that pages for visitors need no cookie. At worst, another site could change the language.
@csrf_exempt
@takes(form=["language", "next"])
@require_POST
def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Store the language chosen in the header; for signed-in users, also in the account."""
    remember(request.user, request.POST.get("language", ""))
    return set_language(request)
