"""Transitions of tournaments: the next round, the end, cancelling and retrying."""

from __future__ import annotations

import logging

from django.db import DatabaseError, transaction
from django.db.models import F

from mate.errors import UserError
from tournament import leaderboards
from tournament.clock import Now
from tournament.formats import Finding
from tournament.models import BlockState, Tournament, TournamentState
from tournament.organising.rounds import OPEN, next_round

log = logging.getLogger(__name__)

SORRY = "Something failed on our side; the administrators can see the error in the logs."


def finish_if_complete(tournament: Tournament) -> bool:
    """Begin the next round if no block of this one is open; without a next round, publish the ratings and finish.

    Returns whether the tournament is over; one that is being prepared is not. Idempotent and safe under concurrency: if
    a process dies in between, the next call continues. A round whose episodes all exist is passed at once. Send hints
    afterwards: there may be new blocks.
    """
    while True:
        # The round is read before its blocks: if another process begins the next one in between, nothing is changed.
        tournament.refresh_from_db(fields=["state", "round", "finding", "num_episodes", "num_reused", "num_unwritten"])
        if tournament.state != TournamentState.PLAYING:
            return True
        if tournament.num_unwritten:
            return False
        if tournament.blocks.filter(state__in=OPEN).exists():
            return False
        if not _begin_next_round(tournament):
            break
    tournament.refresh_from_db(fields=["finding"])
    leaderboards.refit_tournament(tournament)
    leaderboards.refit(tournament.scenario)
    failed = (
        "error" in tournament.finding.get("details", {}) or tournament.blocks.filter(state=BlockState.FAILED).exists()
    )
    Tournament.objects.filter(pk=tournament.pk, state=TournamentState.PLAYING).update(
        state=TournamentState.FAILED if failed else TournamentState.FINISHED, finished=Now()
    )
    tournament.refresh_from_db()
    return True


def _begin_next_round(tournament: Tournament) -> bool:
    """Return whether there is a next round; if choosing one fails, the tournament ends and its finding says why."""
    try:
        return next_round(tournament)
    except DatabaseError:
        raise  # The database is unavailable or busy: the next call tries again.
    except Exception as error:
        log.exception("The next round of tournament %s could not be chosen", tournament.pk)
        reason = str(error) if isinstance(error, UserError) else SORRY
    finding = Finding(f"The next round could not be chosen. {reason}", details={"error": reason})
    Tournament.objects.filter(pk=tournament.pk).update(finding=finding.to_json())
    return False


def cancel_tournament(tournament: Tournament) -> bool:
    """Cancel a tournament: waiting blocks are never played, playing ones stop within moments, episodes stay.

    Returns whether it was still playing.
    """
    with transaction.atomic():
        stopped = Tournament.objects.filter(pk=tournament.pk, state=TournamentState.PLAYING).update(
            state=TournamentState.CANCELLED, finished=Now(), num_unwritten=0
        )
        if stopped:
            # A new token fences off the worker that plays the block.
            tournament.blocks.filter(state__in=OPEN).update(
                state=BlockState.CANCELLED, token=F("token") + 1, finished=Now()
            )
    tournament.refresh_from_db()
    return bool(stopped)


def retry_failed_blocks(tournament: Tournament) -> int:
    """Make the failed blocks of a finished tournament wait again; return how many there are."""
    with transaction.atomic():
        count = tournament.blocks.filter(state=BlockState.FAILED).update(
            state=BlockState.WAITING, attempts=0, cause="", error="", leased_until=None, finished=None
        )
        if count:
            Tournament.objects.filter(pk=tournament.pk, state=TournamentState.FAILED).update(
                state=TournamentState.PLAYING, finished=None
            )
    tournament.refresh_from_db()
    return count
