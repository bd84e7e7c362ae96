"""The times of schedules: cron expressions of five fields, in UTC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

from cronsim import CronSim, CronSimError
from django.utils import timezone

from tournament.models import Schedule, ScheduleKind
from tournament.refusals import RequestRefused

LEAST_GAP = timedelta(minutes=10)
FIELDS = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31, as far as the month has it",
    "month": "1 to 12, or JAN to DEC",
    "day-of-week": "0 to 7 (0 and 7 are Sundays), or SUN to SAT",
}


class ScheduleRefused(RequestRefused):
    """An invalid schedule; nothing was saved."""


def refuse_times(text: str) -> ScheduleRefused:
    """Return the refusal of a cron expression."""
    return ScheduleRefused([("expression", text)])


def following(expression: str, after: datetime) -> datetime:
    """Return the first moment after `after` that a cron expression matches, in UTC. Raises ScheduleRefused."""
    return next(_moments(expression, after))


def _moments(expression: str, after: datetime) -> Iterator[datetime]:
    if len(expression.split()) != 5:
        raise refuse_times(
            f"The times {expression!r} are not five cron fields: minute, hour, day of the month, month, day of the "
            f"week. "
            f"'0 3 * * 1' is Mondays at 03:00 UTC."
        )
    try:
        yield from CronSim(expression, after.astimezone(UTC))
    except CronSimError as error:
        raise refuse_times(f"The times {expression!r} cannot be read: {_say_what_is_allowed(error)}.") from error
    raise refuse_times(f"The times {expression!r} never occur.")


def _say_what_is_allowed(error: CronSimError) -> str:
    """Translate the library's messages, such as "Bad hour", into the valid range."""
    field = str(error).removeprefix("Bad ")
    return (
        f"the {field.replace('-', ' ').replace('day of', 'day of the')} is {FIELDS[field]}"
        if field in FIELDS
        else str(error)
    )


def explain(schedule: Schedule) -> str:
    """Return when the schedule starts tournaments, in words."""
    if schedule.kind == ScheduleKind.WATCH:
        return f"For every new agent of {schedule.scenario.name}"
    return explain_times(schedule.expression)


def explain_times(expression: str) -> str:
    """Return a cron expression in words. Raises ScheduleRefused."""
    following(expression, timezone.now())
    return f"{CronSim(expression, timezone.now()).explain()}, UTC"


def check_times(expression: str) -> None:
    """Raise ScheduleRefused for times that cannot be read, never occur, or occur too often."""
    soon = list(islice(_moments(expression, timezone.now()), 50))
    if any(after - before < LEAST_GAP for before, after in pairwise(soon)):
        minutes = LEAST_GAP.seconds // 60
        raise refuse_times(
            f"The times {expression!r} occur too often: leave at least {minutes} minutes between starts."
        )


# Simple times

SIMPLE = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* (\*|[0-7])")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def weekly(day: int, hour: int, minute: int) -> str:
    """Return the expression of a time on a day of every week; day 1 is Monday, 7 Sunday."""
    return f"{minute} {hour} * * {day % 7}"


def daily(hour: int, minute: int) -> str:
    """Return the expression of a time of every day."""
    return f"{minute} {hour} * * *"


def read_simple(expression: str) -> tuple[int | None, int, int] | None:
    """Return day (1 Monday to 7 Sunday, None for every day), hour and minute of a simple expression, else None."""
    found = SIMPLE.fullmatch(expression)
    if found is None:
        return None
    minute, hour, day = found.groups()
    return (None if day == "*" else int(day) or 7), int(hour), int(minute)
