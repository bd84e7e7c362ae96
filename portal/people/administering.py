"""Administration of users: block them, end their sessions and tokens, set their limits."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Count, Max, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from portal.models import ApiToken, UserLimits
from tournament.models import Upload


def find_users(text: str = "", state: str = "") -> QuerySet[User]:
    """Return users with a text in name or e-mail address, of one state (`active`, `blocked`, `staff`) or of all."""
    found = User.objects.order_by("username")
    if text:
        found = found.filter(username__icontains=text) | found.filter(email__icontains=text)
    only: dict[str, dict[str, bool]] = {
        "active": {"is_active": True}, "blocked": {"is_active": False}, "staff": {"is_staff": True},
    }  # fmt: skip
    return found.filter(**only.get(state, {}))


def describe_users(users: list[User]) -> list[dict[str, Any]]:
    """Return users with the number and the bytes of their uploads, and the number of their tokens."""
    keys = [user.pk for user in users]
    uploads = {
        row["owner"]: row
        for row in Upload.objects.filter(owner__in=keys)
        .order_by()
        .values("owner")
        .annotate(number=Count("id"), size=Coalesce(Sum("size"), 0), newest=Max("created"))
    }
    tokens = dict(ApiToken.objects.filter(user__in=keys).order_by().values_list("user").annotate(number=Count("id")))
    nothing = {"number": 0, "size": 0}
    return [
        {"user": user, "uploads": uploads.get(user.pk, nothing), "tokens": tokens.get(user.pk, 0)} for user in users
    ]


def set_blocked(user: User, is_blocked: bool) -> None:
    """Block or unblock a user. A blocked user can neither sign in nor use tokens; open sessions end."""
    User.objects.filter(pk=user.pk).update(is_active=not is_blocked)
    if is_blocked:
        end_sessions(user)


def find_sessions(user: User) -> list[Session]:
    """Return a user's sessions that have not expired. All sessions are read, because the user is stored inside them."""
    found = Session.objects.filter(expire_date__gt=timezone.now()).iterator()
    return [session for session in found if session.get_decoded().get("_auth_user_id") == str(user.pk)]


def end_sessions(user: User) -> int:
    """Sign a user out in every browser; return the number of sessions."""
    keys = [session.pk for session in find_sessions(user)]
    Session.objects.filter(pk__in=keys).delete()
    return len(keys)


def end_access(user: User) -> tuple[int, int]:
    """End all sessions and revoke all tokens of a user; return both numbers."""
    with transaction.atomic():
        return end_sessions(user), ApiToken.objects.filter(user=user).delete()[0]


def set_limits(user: User, quotas: dict[str, int], most_bytes: int | None) -> None:
    """Set a user's own limits. Without any, the portal's limits apply."""
    if not quotas and most_bytes is None:
        UserLimits.objects.filter(user=user).delete()
    else:
        UserLimits.objects.update_or_create(user=user, defaults={"quotas": quotas, "bytes": most_bytes})
