"""The log of a tournament's choices as a table: the pairing, the round and the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from tournament.models import Tournament
from tournament.tables import Table, TableColumn

ROWS_AT_ONCE = 5000

CHOICES = {
    "round": TableColumn("round", "whole", "", "round of the tournament, from 1"),
    "pairing_id": TableColumn("pairing", "whole", "", "the pairing's number in this portal"),
    "pairing__camera__digest": TableColumn("camera", "text", "", "digest of the camera agent"),
    "pairing__target__digest": TableColumn("target", "text", "", "digest of the target agent"),
    "first": TableColumn("first", "whole", "", "number of the first episode, from 0"),
    "count": TableColumn("count", "whole", "episodes", "how many episodes were chosen"),
    "step": TableColumn("step", "whole", "", "numbers are first, first + step, ...; even ones are keyed by the target"),
    "reason": TableColumn("reason", "text", "", "why"),
    "probability": TableColumn(
        "probability", "real", "", "with which the rule would have chosen the pairing in this round"
    ),
}


def choices_of_tournament(tournament: Tournament) -> Table:
    """Return all choices in the order in which they were made."""
    facts = {"tournament": tournament.pk, "format": tournament.format, "settings": tournament.settings}
    return Table("choices", tuple(CHOICES.values()), facts, _chunks(tournament))


def _chunks(tournament: Tournament) -> Iterator[Mapping[str, Sequence[Any]]]:
    rows = tournament.choices.order_by("round", "id").values_list(*CHOICES).iterator(chunk_size=ROWS_AT_ONCE)
    names = [column.name for column in CHOICES.values()]
    while chunk := list(islice(rows, ROWS_AT_ONCE)):
        yield dict(zip(names, zip(*chunk, strict=True), strict=True))
