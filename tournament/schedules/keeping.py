"""Saving, pausing and resuming schedules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from mate import Team
from tournament import formats, names, organising, queries, withdrawal
from tournament.fields import enter, in_order
from tournament.models import Agent, Schedule, ScheduleKind
from tournament.refusals import RequestRefused
from tournament.schedules.times import ScheduleRefused, check_times, following

PLACING = tuple(name for name, info in sorted(formats.FORMATS.items()) if info.places_newcomers)
"""Formats with which a watch can place an agent."""

Fields = tuple[list[Agent], list[Agent]]


def save(schedule: Schedule, cameras: Iterable[Agent] = (), targets: Iterable[Agent] = ()) -> Schedule:
    """Validate and save a new or changed schedule; its next start is counted from now. Raises ScheduleRefused."""
    fields = list(cameras), list(targets)
    schedule.name, schedule.expression = schedule.name.strip(), " ".join(schedule.expression.split())
    _check(schedule, *fields)
    schedule.next_start = _next_start(schedule)
    with transaction.atomic():
        schedule.save()
        enter(schedule.cameras, [] if schedule.has_everyone else fields[0])
        enter(schedule.targets, [] if schedule.has_everyone else fields[1])
    return schedule


def _next_start(schedule: Schedule) -> datetime | None:
    if schedule.is_paused or schedule.kind == ScheduleKind.WATCH:
        return None
    return following(schedule.expression, timezone.now())


def _check(schedule: Schedule, cameras: Sequence[Agent], targets: Sequence[Agent]) -> None:
    problems = []
    if not schedule.name or len(schedule.name) > 100:
        problems.append(("name", "A schedule needs a name of at most 100 characters."))
    elif problem := names.find_problem(schedule.name):
        problems.append(("name", problem))
    is_watch = schedule.kind == ScheduleKind.WATCH
    for check in (_check_watch, _check_placing) if is_watch else (_check_times, _check_tournament):
        try:
            check(schedule, cameras, targets)
        except RequestRefused as refusal:
            problems += refusal.problems
    if problems:
        raise ScheduleRefused(problems)


def _check_times(schedule: Schedule, *_: Sequence[Agent]) -> None:
    check_times(schedule.expression)


def _check_tournament(schedule: Schedule, cameras: Sequence[Agent], targets: Sequence[Agent]) -> None:
    """Check that a tournament could be started now."""
    if schedule.has_everyone:
        cameras, targets = (everyone(schedule, team) for team in (Team.CAMERA, Team.TARGET))
    if problems := [problem for agent in (*cameras, *targets) if (problem := withdrawal.find_problem(agent))]:
        raise ScheduleRefused([("cameras", problems[0])])
    organising.check_tournament(
        organising.TournamentRequest(
            schedule.name or "Name", schedule.scenario, cameras, targets, base_seed=schedule.base_seed,
            format=schedule.format, settings=schedule.settings,
        )
    )  # fmt: skip


def _check_watch(schedule: Schedule, cameras: Sequence[Agent], targets: Sequence[Agent]) -> None:
    """Check that at least one agent could play the opponents."""
    problems = []
    if schedule.expression:
        text = "Times (expression) are for the kind cron; a watch starts with every new agent. Leave them out."
        problems.append(("expression", text))
    if not schedule.has_everyone and not (cameras or targets):
        problems.append(("cameras", "Choose the cameras or the targets that new agents play, or everyone."))
    problems += [("cameras", problem) for one in (*cameras, *targets) if (problem := withdrawal.find_problem(one))]
    if problems:
        raise ScheduleRefused(problems)


def _check_placing(schedule: Schedule, *_: Sequence[Agent]) -> None:
    """Check that the format can place an agent."""
    if schedule.format not in PLACING:
        text = f"A new agent can be placed by {' or '.join(PLACING)}, not by {schedule.format}."
        raise ScheduleRefused([("format", text)])
    formats.FORMATS[schedule.format].check(schedule.settings)


def pause(schedule: Schedule) -> None:
    """Stop starting tournaments; those that have started continue."""
    Schedule.objects.filter(pk=schedule.pk).update(is_paused=True, next_start=None)
    schedule.refresh_from_db()


def resume(schedule: Schedule) -> None:
    """Resume a schedule: missed times are skipped, and agents that joined in the meantime are placed."""
    schedule.is_paused = False
    following_start = _next_start(schedule)
    Schedule.objects.filter(pk=schedule.pk).update(is_paused=False, next_start=following_start)
    schedule.refresh_from_db()


def fields_of(schedule: Schedule) -> Fields:
    """Return the present fields: the chosen agents, or all that can play."""
    if schedule.has_everyone:
        return everyone(schedule, Team.CAMERA), everyone(schedule, Team.TARGET)
    return chosen(schedule)


def chosen(schedule: Schedule) -> Fields:
    """Return the chosen agents, which are ignored where everyone takes part."""
    return in_order(schedule.cameras), in_order(schedule.targets)


def everyone(schedule: Schedule, team: str) -> list[Agent]:
    """Return all agents of a team that can play in the schedule's scenario."""
    return list(queries.find_agents(team=team, scenario=schedule.scenario).order_by("pk"))
