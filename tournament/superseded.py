"""Superseded fits of boards: kept for a time, or for good. The newest fit of a board always stays."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from tournament.clock import ago
from tournament.models import RatingSnapshot

AT_ONCE = 50
DAY = 24 * 3600.0


def expire() -> int:
    """Delete fits that newer ones have superseded and that were kept for long enough, some at a time; return how many.

    The number of a deleted fit is not used again.
    """
    if not settings.ARENA_KEEP_SNAPSHOTS_DAYS:
        return 0
    newer = RatingSnapshot.objects.filter(scenario=OuterRef("scenario"), number__gt=OuterRef("number"))
    of_tournament, of_scenario = newer.filter(tournament=OuterRef("tournament")), newer.filter(tournament=None)
    is_superseded = Q(Exists(of_tournament)) | Q(Exists(of_scenario), tournament=None)
    old = RatingSnapshot.objects.filter(created__lt=ago(settings.ARENA_KEEP_SNAPSHOTS_DAYS * DAY))
    keys = list(old.filter(is_superseded).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    return RatingSnapshot.objects.filter(pk__in=keys).delete()[1].get("tournament.RatingSnapshot", 0) if keys else 0
