"""The audit log: who did what, filtered, newest first."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe

from portal.inputs import takes
from portal.models import AuditEntry
from portal.views.administration import for_administrators

PAGE = 100
FILTERS = ("user", "action", "path", "from", "until")


@for_administrators
@require_safe
@takes(*FILTERS, "before")
def log(request: HttpRequest) -> HttpResponse:
    """One page of the log: the entries before the one with the key `before`."""
    asked = {name: request.GET.get(name, "").replace("\0", "")[:100].strip() for name in FILTERS}
    found = filter_entries(asked)
    before = request.GET.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found.order_by("-pk")[: PAGE + 1])
    context = {
        "rows": rows[:PAGE],
        "next": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "asked": asked,
        "is_later": bool(before),
        "is_filtered": any(asked.values()),
    }
    return render(request, "administration/log.html", context)


def filter_entries(asked: dict[str, str]) -> QuerySet[AuditEntry]:
    """Return the entries that match: by user, by parts of action and path, by days in UTC."""
    found = AuditEntry.objects.all()
    if asked["user"]:
        found = found.filter(username=asked["user"])
    for name in ("action", "path"):
        if asked[name]:
            found = found.filter(**{f"{name}__icontains": asked[name]})
    if first := read_day(asked["from"]):
        found = found.filter(created__gte=first)
    if last := read_day(asked["until"]):
        found = found.filter(created__lt=last + timedelta(days=1))
    return found


def read_day(text: str) -> datetime | None:
    """Return the beginning of a day in UTC; None if the text is no date."""
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_default_timezone()) if day else None
