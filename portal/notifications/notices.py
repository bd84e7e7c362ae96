"""Notices on every page: announcements of administrators, and the number of unread notifications."""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from portal.models import Announcement, Notification


def current(request: HttpRequest) -> dict[str, Any]:
    """The context processor. It queries the database only if a template uses the values."""

    def read_announcements() -> list[Announcement]:
        now = timezone.now()
        try:
            return list(Announcement.objects.filter(Q(ends=None) | Q(ends__gt=now), begins__lte=now))
        except DatabaseError:  # Pages that need no database work during an outage.
            return []

    def count_unread() -> int:
        return Notification.objects.filter(user=request.user.pk, is_read=False).count()

    return {"announcements": read_announcements, "num_unread": count_unread}
