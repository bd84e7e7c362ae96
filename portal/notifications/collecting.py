"""Collection of notifications: what has ended or changed rank since the last sweep, and whom it concerns.

Notifications are derived from rows, so nothing is lost if a process dies. Each has a subject that is unique per user.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from portal.models import Delivery, Notification, NotificationKind, Webhook
from portal.notifications.letters import write_letters
from portal.people.languages import language_of
from portal.texts import in_language
from portal.wording import tell_name
from tournament import boards
from tournament.models import (
    Agent,
    PsroRun,
    PsroState,
    Purpose,
    RatingSnapshot,
    Tournament,
    TournamentState,
    TrainingRun,
    TrainingState,
    Upload,
)

LOOK_BACK = timedelta(hours=6)
"""Age up to which finished work is still reported. It is longer than any pause between sweeps."""
BATCH = 200
FEW = 10
"""Maximum number of tournaments whose boards are compared after one sweep, because tables of boards are large."""
_compared: set[tuple[int, datetime | None]] = set()
"""Keys and ends of the tournaments whose boards this process has compared. A restored backup may use a key again.

Other processes compare them again, but nothing is reported twice.
"""


def collect() -> int:
    """Write the missing notifications and their deliveries; return the number of notifications."""
    since = timezone.now() - LOOK_BACK
    wanted = [*find_uploads(since), *find_tournaments(since), *find_trainings(since), *find_runs(since)]
    wanted += find_ranks(since)
    subjects = [one.subject for one in wanted]
    known = set(Notification.objects.filter(subject__in=subjects).values_list("user_id", "subject"))
    fresh = [one for one in wanted if (one.user_id, one.subject) not in known]
    Notification.objects.bulk_create(fresh, ignore_conflicts=True)
    written = Notification.objects.filter(subject__in=[one.subject for one in fresh], deliveries=None, letter=None)
    deliver(written)
    write_letters(written)
    return len(fresh)


def deliver(written: Iterable[Notification]) -> None:
    """Write a delivery for each webhook that wants a notification."""
    for one in written:
        hooks = Webhook.objects.filter(user=one.user_id, is_active=True)
        Delivery.objects.bulk_create(
            [Delivery(webhook=hook, notification=one) for hook in hooks if one.kind in hook.kinds],
            ignore_conflicts=True,
        )


def make(user: int, kind: NotificationKind, subject: str, text: str, path: str) -> Notification:
    return Notification(user_id=user, kind=kind, subject=subject, text=text[:300], path=path)


def lately(rows: Any, since: datetime) -> Iterator[Any]:
    """Yield rows that ended since a moment. Each is processed in the language of its owner."""
    for row in rows.filter(finished__gte=since, owner__is_active=True).order_by("-finished")[:BATCH]:
        with translation.override(language_of(row.owner_id)):
            yield row


def find_uploads(since: datetime) -> Iterator[Notification]:
    for row in lately(Upload.objects.all(), since):
        name = row.name or row.filename
        text = {
            "accepted": _("%(name)s was accepted."),
            "refused": _("%(name)s was refused: %(reason)s"),
        }.get(row.state, _("%(name)s could not be checked: %(reason)s"))
        text %= {"name": name, "reason": in_language(row.reason)}
        address = reverse("upload", args=[row.pk])
        yield make(row.owner_id, NotificationKind.UPLOAD, f"upload:{row.pk}", text, address)


def find_tournaments(since: datetime) -> Iterator[Notification]:
    over = Tournament.objects.filter(state__in=(TournamentState.FINISHED, TournamentState.FAILED))
    for row in lately(over.exclude(purpose__in=(Purpose.MILESTONE, Purpose.PSRO, Purpose.ATTACK)), since):
        text = _("The tournament %(name)s has ended.")
        if row.state == TournamentState.FAILED:
            text = _("The tournament %(name)s has ended, and some episodes could not be played.")
        text %= {"name": tell_name(row.name)}
        address = reverse("tournament", args=[row.pk])
        yield make(row.owner_id, NotificationKind.TOURNAMENT, f"tournament:{row.pk}", text, address)


def find_trainings(since: datetime) -> Iterator[Notification]:
    over = TrainingRun.objects.filter(state__in=(TrainingState.FINISHED, TrainingState.FAILED), purpose="")
    for row in lately(over, since):
        text = _("The training %(name)s has ended.")
        if row.state == TrainingState.FAILED:
            text = _("The training %(name)s failed: %(reason)s")
        text %= {"name": tell_name(row.name), "reason": in_language(row.error)}
        subject = f"training:{row.pk}:{row.finished:%Y%m%d%H%M%S}"  # It may be resumed or extended, and then end again.
        yield make(row.owner_id, NotificationKind.TRAINING, subject, text, reverse("training", args=[row.pk]))


def find_runs(since: datetime) -> Iterator[Notification]:
    for row in lately(PsroRun.objects.filter(state__in=(PsroState.FINISHED, PsroState.FAILED)), since):
        text = _("The PSRO run %(name)s has ended.") % {"name": tell_name(row.name)}
        if row.state == PsroState.FAILED:
            reason = in_language(row.reason)
            text = _("The PSRO run %(name)s has stopped: %(reason)s") % {"name": tell_name(row.name), "reason": reason}
        subject = f"psro:{row.pk}:{row.finished:%Y%m%d%H%M%S}"
        yield make(row.owner_id, NotificationKind.TRAINING, subject, text, reverse("psro_run", args=[row.pk]))


def find_ranks(since: datetime) -> Iterator[Notification]:
    """Compare a scenario's board after a tournament with the one before it."""
    over = Tournament.objects.filter(state=TournamentState.FINISHED, finished__gte=since)
    ended = over.exclude(purpose=Purpose.MILESTONE).order_by("-finished").values_list("pk", "finished")
    fresh = [row[0] for row in ended if row not in _compared][:FEW]
    for cup in Tournament.objects.filter(pk__in=fresh).select_related("scenario").order_by("-finished"):
        yield from compare_boards(cup)


def compare_boards(cup: Tournament) -> Iterator[Notification]:
    """Yield notifications to the owners of a tournament's agents about changed ranks in its scenario."""
    played = cup.pairings.values_list("camera", "target")
    owned = list(Agent.objects.filter(pk__in={key for pair in played for key in pair}, owner__is_active=True))
    published = RatingSnapshot.objects.filter(scenario=cup.scenario, tournament=None).order_by("-number").defer("table")
    after, before = published.first(), published.filter(created__lt=cup.created).first()
    if owned and (after is None or after.created < cup.created):
        return  # Its last fit is not published yet.
    _compared.add((cup.pk, cup.finished))
    if after is None or before is None:
        return
    for agent in owned:
        old, new = boards.line_on(before, agent), boards.line_on(after, agent)
        if new is None or new.rank is None or (old is not None and old.rank == new.rank):
            continue
        words: dict[str, Any] = {"name": agent.name, "new": new.rank, "old": old and old.rank}
        with translation.override(language_of(agent.owner_id)):
            words["scenario"] = tell_name(cup.scenario.name)
            text = _("%(name)s has rank %(new)s in %(scenario)s; it had rank %(old)s.") % words
            if old is None or old.rank is None:
                text = _("%(name)s has rank %(new)s in %(scenario)s.") % words
        address = reverse("leaderboard", args=[cup.scenario.slug])
        yield make(agent.owner_id or 0, NotificationKind.RANK, f"rank:{cup.pk}:{agent.pk}", text, address)
