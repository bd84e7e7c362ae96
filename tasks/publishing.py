"""Fits of ratings during and after tournaments: soon after new episodes, always at the end, and not too often."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from tasks import hints
from tournament import leaderboards, organising, ratings
from tournament.models import Agent, Episode, Pairing, RatingSnapshot, Scenario, Tournament

PAUSE_SECONDS = 20.0
"""Minimum seconds between two fits of a board while its tournament goes on, and from its beginning to the first."""
GROWTH = 1.05
"""Minimum number of episodes for another fit, relative to the last one: every fit is stored."""
SHARE = 0.0025
"""Maximum share of a worker's time for fitting a board during its tournament, and for checking whether a fit is due.
"""
BoardKey = tuple[type, int, datetime]
"""A board's kind, key and time of creation: after a restored backup, a key may mean another board."""
_durations: dict[BoardKey, float] = {}
_rests: dict[BoardKey, float] = {}
"""Time (monotonic seconds) before which a board is not fitted again."""
LOOK_BACK = timedelta(days=1)
"""Age beyond which changes of lists were taken into account before."""
_passed_over: dict[int, datetime] = {}
"""The newest change of lists for which a scenario's board was looked at."""
_caught_up: set[tuple[int, datetime | None]] = set()
"""Keys and ends of tournaments whose boards were fitted after their end."""


def publish(tournament: Tournament) -> None:
    """Finish the tournament if it is complete, or wake workers for its next round; fit the boards that are due."""
    before = tournament.round
    if organising.finish_if_complete(tournament):
        return
    if tournament.round != before:
        hints.send()
    for board in (tournament, tournament.scenario):
        if is_due(board, tournament.created):
            fit(board)


def catch_up(tournament: Tournament) -> int:
    """Fit the boards of a tournament once if they have any new episodes; return how many were fitted.

    This is for tournaments that no worker returns to.
    """
    if (tournament.pk, tournament.finished) in _caught_up:
        return 0
    behind = [board for board in (tournament, tournament.scenario) if has_grown(board, leaderboards.latest(board))]
    count = sum(fit(board) is not None for board in behind)
    _caught_up.add((tournament.pk, tournament.finished))
    return count


def renew() -> RatingSnapshot | None:
    """Fit one scenario's board again that an earlier version of the code has fitted; the new snapshot says so.

    Return the snapshot; None if there is no such board.
    """
    newer = RatingSnapshot.objects.filter(scenario=OuterRef("scenario"), tournament=None, number__gt=OuterRef("number"))
    engine = leaderboards.engine_version()
    episodes = Episode.objects.filter(pairing__scenario=OuterRef("scenario"), engine=engine, device=leaderboards.DEVICE)
    old = RatingSnapshot.objects.filter(~Exists(newer), Exists(episodes), tournament=None, engine=engine)
    found = old.exclude(code=ratings.VERSION).defer("table").select_related("scenario").order_by("pk").first()
    return None if found is None else fit(found.scenario)


def leave_out() -> int:
    """Fit the boards whose newest fit has agents that were withdrawn since, or lacks agents that were listed again.

    Return how many boards were checked. Each board is checked once per change.
    """
    changes: dict[int, datetime] = {}
    changed = Agent.objects.exclude(listing_changed=None).values_list("pk", "listing_changed")
    for agent, moment in changed.filter(listing_changed__gte=timezone.now() - LOOK_BACK):
        assert moment is not None
        played = Pairing.objects.filter(Q(camera=agent) | Q(target=agent)).order_by()
        for board in played.values_list("scenario", flat=True).distinct():
            changes[board] = max(moment, changes.get(board, moment))
    count = 0
    for scenario in Scenario.objects.filter(pk__in=changes):
        moment, newest = changes[scenario.pk], leaderboards.latest(scenario)
        if newest is not None and newest.created < moment and _passed_over.get(scenario.pk) != moment:
            fit(scenario)
            _passed_over[scenario.pk] = moment
            count += 1
    return count


def is_due(board: Tournament | Scenario, began: datetime) -> bool:
    """Return whether a board has grown enough since its last fit, and enough time has passed since then.

    The pause is proportional to the time of a fit. For a board that was never fitted, it counts from the time at which
    the tournament `began`.
    """
    key = _key_of(board)
    looked = time.monotonic()
    if looked < _rests.get(key, 0.0):
        return False
    newest = leaderboards.latest(board)
    since = timezone.now() - (newest.created if newest else began)
    pause = max(PAUSE_SECONDS, _durations.get(key, 0.0) / SHARE) - since.total_seconds()
    if pause > 0:
        _rests[key] = looked + pause
        return False
    is_of_use = has_grown(board, newest, GROWTH)
    # Counting many episodes takes a long time too.
    _rests[key] = looked + (time.monotonic() - looked) / SHARE
    return is_of_use


def has_grown(board: Tournament | Scenario, newest: RatingSnapshot | None, growth: float = 1.0) -> bool:
    """Return whether a board has more episodes than its newest fit, and at least `growth` times as many."""
    fitted = newest.num_episodes if newest else 0
    count = leaderboards.count_episodes(board)
    return count > fitted and count >= fitted * growth


def fit(board: Tournament | Scenario) -> RatingSnapshot | None:
    """Fit a board and remember the duration."""
    began = time.monotonic()
    if isinstance(board, Tournament):
        snapshot = leaderboards.refit_tournament(board)
    else:
        snapshot = leaderboards.refit(board)
    _durations[_key_of(board)] = time.monotonic() - began
    return snapshot


def _key_of(board: Tournament | Scenario) -> BoardKey:
    return type(board), board.pk, board.created
