"""How tournaments go on from round to round, end, are cancelled and taken up again."""

from __future__ import annotations

import logging

from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone

from mate.errors import UserError
from tournament import leaderboards
from tournament.formats import Finding
from tournament.models import BlockState, Tournament, TournamentState
from tournament.organising.rounds import OPEN, next_round

log = logging.getLogger(__name__)

SORRY = "Something failed on our side; the administrators can see the error in the logs."


def finish_if_complete(tournament: Tournament) -> bool:
    """If nothing of the round is left to play, go on to the next; if there is none, publish the ratings and end the tournament.

    Returns whether it is over. Safe to call at any time by anybody, at the same time too: whoever dies in between leaves it
    to the next. A round whose episodes all exist is passed at once. Send hints afterwards: there may be new work.
    """
    while True:
        # The round is read before its blocks: if somebody begins the next one in between, nothing of ours counts.
        tournament.refresh_from_db(fields=["state", "round", "finding", "num_episodes", "num_reused"])
        if tournament.state != TournamentState.PLAYING:
            return True
        if tournament.blocks.filter(state__in=OPEN).exists():
            return False
        if not _go_on(tournament):
            break
    tournament.refresh_from_db(fields=["finding"])
    leaderboards.refit_tournament(tournament)
    leaderboards.refit(tournament.scenario)
    failed = (
        "error" in tournament.finding.get("details", {}) or tournament.blocks.filter(state=BlockState.FAILED).exists()
    )
    Tournament.objects.filter(pk=tournament.pk, state=TournamentState.PLAYING).update(
        state=TournamentState.FAILED if failed else TournamentState.FINISHED, finished=timezone.now()
    )
    tournament.refresh_from_db()
    return True


def _go_on(tournament: Tournament) -> bool:
    """Whether there is a next round. One that cannot be chosen is none: the finding says why."""
    try:
        return next_round(tournament)
    except DatabaseError:
        raise  # It is away or busy: whoever comes next tries again.
    except Exception as error:
        log.exception("The next round of tournament %s could not be chosen", tournament.pk)
        reason = str(error) if isinstance(error, UserError) else SORRY
    finding = Finding(f"The next round could not be chosen. {reason}", details={"error": reason})
    Tournament.objects.filter(pk=tournament.pk).update(finding=finding.to_json())
    return False


def cancel_tournament(tournament: Tournament) -> bool:
    """Stop a tournament at once: waiting blocks are never played, and playing ones stop within moments. Episodes stay.

    Returns whether it was still playing.
    """
    with transaction.atomic():
        stopped = Tournament.objects.filter(pk=tournament.pk, state=TournamentState.PLAYING).update(
            state=TournamentState.CANCELLED, finished=timezone.now()
        )
        if stopped:
            # A new token fences off whoever plays the block now.
            tournament.blocks.filter(state__in=OPEN).update(
                state=BlockState.CANCELLED, token=F("token") + 1, finished=timezone.now()
            )
    tournament.refresh_from_db()
    return bool(stopped)


def retry_failed_blocks(tournament: Tournament) -> int:
    """Give the failed blocks of a finished tournament another chance; returns how many there are."""
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
