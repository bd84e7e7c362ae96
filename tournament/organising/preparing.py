"""The first round of a large tournament, written part by part.

Each part is a transaction that continues after the choices that are written already. So parts are played while others
are written, a process that dies loses at most one of them, and nothing is written for a cancelled tournament.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import transaction
from django.db.models import F, Q

from tournament import formats
from tournament.clock import Now, ahead
from tournament.contents import Contents
from tournament.models import Tournament, TournamentState
from tournament.organising.rounds import PART, Fields, evidence_of, fields_of, format_of, write

SECONDS_A_PART = 60.0
"""Seconds after which a worker that has written no further part is believed to be dead."""
BEYOND_ALL = 2**63 - 1


def claim_unprepared() -> Tournament | None:
    """Return a tournament that is being prepared and that no live worker prepares, for this worker; else None."""
    is_due = Q(prepared_until=None) | Q(prepared_until__lte=Now())
    waiting = Tournament.objects.filter(is_due, num_unwritten__gt=0, state=TournamentState.PLAYING)
    for key in waiting.order_by("pk").values_list("pk", flat=True):
        if waiting.filter(pk=key).update(prepared_until=ahead(SECONDS_A_PART)):
            return Tournament.objects.select_related("scenario").get(pk=key)
    return None


def release_unprepared(tournament: Tournament) -> None:
    """Let another worker prepare the rest of a tournament at once."""
    Tournament.objects.filter(pk=tournament.pk, num_unwritten__gt=0).update(prepared_until=None)


def prepare(tournament: Tournament) -> Iterator[int]:
    """Write the parts of a claimed tournament that are missing; yield the number of choices after each part.

    Several processes that do this at the same time write every part once.
    """
    fields = fields_of(tournament)
    choices = format_of(tournament, fields).choose(evidence_of(tournament, 0, fields), 0)
    contents = Contents(tournament, beyond=BEYOND_ALL)  # No two choices are of one pairing.
    while done := _write_part(tournament, fields, choices, contents):
        yield done
    tournament.refresh_from_db()


def _write_part(
    tournament: Tournament, fields: Fields, choices: Sequence[formats.ChosenEpisodes], contents: Contents
) -> int:
    """Write the next part; return the number of choices that are written now, or 0 if there is nothing to write."""
    with transaction.atomic():
        still = Tournament.objects.filter(pk=tournament.pk, state=TournamentState.PLAYING, num_unwritten__gt=0)
        if not still.update(prepared_until=ahead(SECONDS_A_PART)):  # This also locks the row.
            return 0
        start = tournament.choices.count()
        part = choices[start : start + PART]
        write(tournament, 1, fields, part, contents)
        done = start + len(part)
        if done < len(choices):
            still.update(num_unwritten=F("num_unwritten") - sum(choice.count for choice in part))
        else:
            still.update(num_unwritten=0, round=1, prepared_until=None)
    return done
