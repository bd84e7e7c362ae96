"""Quotas: how many runs a user may have in progress and how many objects a user may keep.

Administrators have no quotas. Other modules limit rates (`portal.server.throttling`), a user's open uploads
(`portal.server.receiving`) and the bytes of uploads (`portal.server.uploaders`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.models import ApiToken, UserLimits
from portal.variables.allowances import read_quotas
from tournament import attacks
from tournament.models import (
    Attack,
    Block,
    BlockState,
    PsroComparison,
    PsroRun,
    PsroState,
    Purpose,
    Schedule,
    Study,
    StudyState,
    Tournament,
    TournamentState,
    TrainingRun,
    TrainingState,
)
from tournament.refusals import RequestRefused

OVER = (TrainingState.FINISHED, TrainingState.CANCELLED, TrainingState.FAILED)
STANDING = (PsroState.RUNNING, PsroState.PAUSED)
OF_OTHERS = (Purpose.MILESTONE, Purpose.PSRO, Purpose.ATTACK)
"""Purposes of tournaments that belong to a training, a PSRO run or an attack, and count with it."""


@dataclass(frozen=True)
class Quota:
    """A quota: its noun, its count for a user, and advice for a user who exceeds it."""

    plural: str | Promise
    count: Callable[[Any], int]
    advice: str | Promise


def list_counted(user: Any) -> QuerySet[Tournament]:
    """Return a user's tournaments, without those that count with a training, a PSRO run or an attack.

    A comparison of two PSRO runs counts with neither, since anybody may start it.
    """
    comparisons = PsroComparison.objects.filter(tournament=OuterRef("pk"))
    return Tournament.objects.filter(Exists(comparisons) | ~Q(purpose__in=OF_OTHERS), owner=user).order_by()


def count_tournaments(user: Any) -> int:
    return list_counted(user).filter(state=TournamentState.PLAYING).count()


def count_episodes(user: Any) -> int:
    waiting = Block.objects.filter(state__in=(BlockState.WAITING, BlockState.LEASED)).order_by()
    mine = waiting.filter(tournament__in=list_counted(user))
    written = mine.aggregate(left=Sum(F("num_episodes") - F("num_played")))["left"] or 0
    prepared = list_counted(user).filter(num_unwritten__gt=0)
    return int(written + (prepared.aggregate(left=Sum("num_unwritten"))["left"] or 0))


QUOTAS = {
    "tournaments": Quota(
        _("unfinished tournaments"),
        count_tournaments,
        _("Wait until one is finished, or cancel one, then try again."),
    ),
    "episodes": Quota(
        _("episodes waiting to be played"),
        count_episodes,
        _("Ask for fewer episodes, or wait until more of your others are played."),
    ),
    "trainings": Quota(
        _("unfinished trainings"),
        lambda user: TrainingRun.objects.filter(owner=user, purpose="").exclude(state__in=OVER).order_by().count(),
        _("Wait until one is finished, or cancel one, then try again."),
    ),
    "psro": Quota(
        _("unfinished PSRO runs"),
        lambda user: PsroRun.objects.filter(owner=user, state__in=STANDING).order_by().count(),
        _("Wait until one is finished, or cancel one, then try again."),
    ),
    "studies": Quota(
        _("unfinished studies"),
        lambda user: Study.objects.filter(owner=user, state=StudyState.RUNNING).order_by().count(),
        _("Wait until one is finished, or cancel one, then try again."),
    ),
    "attacks": Quota(
        _("unfinished attacks"),
        lambda user: Attack.objects.filter(owner=user, state__in=attacks.OPEN).order_by().count(),
        _("Wait until one is finished, or cancel one, then try again."),
    ),
    "schedules": Quota(
        _("schedules"),
        lambda user: Schedule.objects.filter(owner=user).order_by().count(),
        _("Delete one, then try again."),
    ),
    "tokens": Quota(
        _("tokens"),
        lambda user: ApiToken.objects.filter(user=user).order_by().count(),
        _("Revoke one, then try again."),
    ),
}
"""Quotas by their names in ARENA_QUOTAS."""


class QuotaExceeded(RequestRefused):
    """A user would exceed a quota."""

    status, code = 409, "quota"


@contextmanager
def within(user: Any, *names: str) -> Iterator[None]:
    """Roll back the block and raise QuotaExceeded if the user then exceeds a quota.

    The user's row is locked meanwhile, so of two concurrent requests the second counts what the first has created.
    """
    quotas = quotas_of(user)
    with transaction.atomic():
        if quotas:
            get_user_model().objects.select_for_update().get(pk=user.pk)
        before = {name: QUOTAS[name].count(user) for name in names if name in quotas}
        yield
        for name, had in before.items():
            quota, allowed = QUOTAS[name], quotas[name]
            if (count := quota.count(user)) > max(had, allowed):
                text = (
                    f"You would have {count:,} {quota.plural} with this; one user may have {allowed:,}. {quota.advice}"
                )
                raise QuotaExceeded([("", text)])


def quotas_of(user: Any) -> dict[str, int]:
    """Return the quotas of a user: the portal's, overridden by those that an administrator set for this user."""
    if user.is_staff:
        return {}
    own = limits_of(user)
    return read_quotas(settings.ARENA_QUOTAS) | (own.quotas if own else {})


def limits_of(user: Any) -> UserLimits | None:
    """Return the limits that an administrator has set for this user; None if there are none."""
    return UserLimits.objects.filter(user=user.pk).first()


def bytes_allowed(user: Any) -> int | None:
    """Return the maximum bytes of a user's uploads; None for no limit."""
    if user.is_staff:
        return None
    own = limits_of(user)
    return settings.ARENA_USER_BYTES if own is None or own.bytes is None else own.bytes


def list_usage(user: Any) -> list[dict[str, Any]]:
    """Return the user's count and limit for each quota; empty for administrators."""
    return [
        {"name": name, "title": str(QUOTAS[name].plural), "used": QUOTAS[name].count(user), "allowed": allowed}
        for name, allowed in quotas_of(user).items()
    ]
