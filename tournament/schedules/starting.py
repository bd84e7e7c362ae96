"""Starting the tournaments of schedules, each exactly once."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from mate import Team
from mate.errors import UserError
from tournament import formats, organising, queries
from tournament.models import Agent, AgentKind, Purpose, Schedule, ScheduleKind, Start, Tournament
from tournament.schedules.keeping import fields_of
from tournament.schedules.times import ScheduleRefused, following

log = logging.getLogger(__name__)

PLACED_AT_ONCE = 20
"""Maximum number of new agents for which one sweep starts tournaments; the next sweep continues."""
SORRY = "Something failed on our side, and not in the schedule; the administrators can see the error in the logs."


def start_due() -> list[Tournament]:
    """Start everything that is due: each time and each agent exactly once, also under concurrency. Idempotent.

    Times that were missed while nothing ran are replaced by one start. Send hints to workers afterwards.
    """
    started = []
    schedules = Schedule.objects.filter(is_paused=False).select_related("scenario", "owner")
    for schedule in schedules.filter(next_start__lte=timezone.now()):
        if schedule.next_start:
            started.append(_start_at(schedule, schedule.next_start))
    for schedule in schedules.filter(kind=ScheduleKind.WATCH):
        for agent in new_agents(schedule)[:PLACED_AT_ONCE]:
            started.append(_place(schedule, agent))
    return [tournament for tournament in started if tournament is not None]


def place(agents: Sequence[Agent]) -> list[Tournament]:
    """Start the placements of these agents by all watches, as `start_due` does later for those that are left.

    Where an agent is accepted, its page thus knows at once that it will be ranked.
    """
    keys = [agent.pk for agent in agents]
    watches = Schedule.objects.filter(is_paused=False, kind=ScheduleKind.WATCH).select_related("scenario", "owner")
    found = [
        _place(watch, agent) for watch in watches for agent in new_agents(watch).filter(pk__in=keys)[:PLACED_AT_ONCE]
    ]
    return [tournament for tournament in found if tournament is not None]


def start_now(schedule: Schedule) -> Start:
    """Start a tournament in addition to the scheduled ones, on a user's request. Raises ScheduleRefused for a watch."""
    if schedule.kind == ScheduleKind.WATCH:
        text = "A watch starts when an agent comes; place an agent by a tournament of its own."
        raise ScheduleRefused([("", text)])
    with transaction.atomic():
        schedule = Schedule.objects.select_for_update().get(pk=schedule.pk)
        start = _record_start(schedule, due=timezone.now())
        tournament = _try(start, *fields_of(schedule), _seed(schedule, start.number))
    if tournament is not None:
        organising.finish_if_complete(tournament)
    start.refresh_from_db()
    return start


def new_agents(schedule: Schedule) -> QuerySet[Agent]:
    """Return the unplaced agents, oldest first, that joined a watched scenario after the watch was made."""
    agents = queries.find_agents(scenario=schedule.scenario).exclude(kind__in=(AgentKind.BUILTIN, AgentKind.REMOTE))
    placed = Start.objects.filter(schedule=schedule).exclude(agent=None).values("agent")
    return agents.filter(created__gte=schedule.created).exclude(pk__in=placed).order_by("created", "pk")


def _start_at(schedule: Schedule, due: datetime) -> Tournament | None:
    """Start what is due at a moment, unless another process has started it."""
    with transaction.atomic():
        mine = Schedule.objects.filter(pk=schedule.pk, is_paused=False, next_start=due)
        if not mine.update(next_start=following(schedule.expression, timezone.now())):
            return None
        start = _record_start(schedule, due=due)
        tournament = _try(start, *fields_of(schedule), _seed(schedule, start.number))
    if tournament is not None:
        organising.finish_if_complete(tournament)
    return tournament


def _place(schedule: Schedule, agent: Agent) -> Tournament | None:
    """Start the placement of an agent, unless another process has started it."""
    with transaction.atomic():
        still = Schedule.objects.select_for_update().filter(pk=schedule.pk, is_paused=False).first()
        if still is None or Start.objects.filter(schedule=schedule, agent=agent).exists():
            return None
        start = _record_start(schedule, agent=agent)
        cameras, targets = fields_of(schedule)
        fields = ([agent], targets) if agent.team == Team.CAMERA else (cameras, [agent])
        tournament = _try(start, *fields, schedule.base_seed)
    if tournament is not None:
        organising.finish_if_complete(tournament)
    return tournament


def _record_start(schedule: Schedule, **what: Any) -> Start:
    """Record the next start; the schedule's row must be locked."""
    last = Start.objects.filter(schedule=schedule).order_by("-number").values_list("number", flat=True).first()
    return Start.objects.create(schedule=schedule, number=(last or 0) + 1, **what)


def _try(start: Start, cameras: Sequence[Agent], targets: Sequence[Agent], base_seed: int) -> Tournament | None:
    """Return the tournament of a start; None where it is refused, with the reason recorded on the start."""
    schedule, agent = start.schedule, start.agent
    name = f"{schedule.name}: {agent.name}"[:120] if agent else f"{schedule.name} {start.number}"
    try:
        with transaction.atomic():
            return organising.plan_tournament(
                organising.TournamentRequest(
                    name,
                    schedule.scenario,
                    cameras,
                    targets,
                    base_seed=base_seed,
                    owner=schedule.owner,
                    format=schedule.format,
                    settings=_settings(schedule, agent),
                    purpose=Purpose.PLACEMENT if agent else Purpose.SCHEDULE,
                    start=start,
                )
            )
    except UserError as refusal:
        reason = str(refusal)
    except DatabaseError:
        raise  # The database is unavailable or busy: the next sweep tries again.
    except Exception:
        log.exception("%s failed", start)
        reason = SORRY
    Start.objects.filter(pk=start.pk).update(refusal=reason)
    return None


def _settings(schedule: Schedule, agent: Agent | None) -> Mapping[str, Any]:
    """Return the format's settings; the team of a placed agent is set here."""
    names = {setting.name for setting in formats.FORMATS[schedule.format].settings}
    return {**schedule.settings} | ({"team": agent.team} if agent and "team" in names else {})


def _seed(schedule: Schedule, number: int) -> int:
    """Return a start's base seed; fresh ones are derived from the schedule's seed, its key and the start's number."""
    if not schedule.has_fresh_seeds:
        return schedule.base_seed
    words = f"{schedule.base_seed}/schedule/{schedule.pk}/{number}"
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big")
