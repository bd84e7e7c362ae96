"""How far tournaments are, and what they have shown."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from tournament import queries
from tournament.formats import Finding
from tournament.models import Agent, BlockState, Tournament, TournamentState
from tournament.organising.rounds import OPEN

UNKNOWN_SECONDS = 0.1
"""What an episode is taken to need before any was played: about 10,000 steps of rule-based agents."""


@dataclass(frozen=True)
class Progress:
    """How far a tournament is. Counts are of episodes; `rate` is episodes a second, expected while none plays, None without workers.

    `done` includes the `reused` ones; `failed` are those of failed blocks that were not played; `workers` play for it now.
    `total` is what is expected in the end, where the format decides round by round: `chosen` is what was chosen so far.
    """

    done: int
    total: int
    chosen: int
    reused: int
    failed: int
    rate: float | None
    seconds_left: float | None
    workers: int

    @property
    def fraction(self) -> float:
        return self.done / self.total if self.total else 1.0

    @property
    def is_expected(self) -> bool:
        """Whether the total is a guess."""
        return self.total > self.chosen


def finding_of(tournament: Tournament) -> Finding | None:
    """What the tournament's format found after the last complete round."""
    return Finding.from_json(tournament.finding) if tournament.finding else None


def progress(tournament: Tournament) -> Progress:
    """How far a tournament is, from its blocks and from what its format expects."""
    now = timezone.now()
    blocks = tournament.blocks.order_by()
    sums = blocks.aggregate(
        played=Sum("num_played"),
        seconds=Sum("seconds", filter=Q(num_played__gt=0)),
        failed=Sum(F("num_episodes") - F("num_played"), filter=Q(state=BlockState.FAILED)),
        playing=Count("id", filter=Q(state=BlockState.LEASED, leased_until__gte=now)),
        left=Sum(F("num_episodes") - F("num_played"), filter=Q(state__in=OPEN)),
    )
    played, seconds, left = sums["played"] or 0, sums["seconds"] or 0.0, sums["left"] or 0
    workers = sums["playing"] or queries.live_workers().count()
    each = seconds / played if played and seconds else queries.seconds_per_episode(tournament.scenario)
    rate = workers / (each or UNKNOWN_SECONDS) if workers else None
    over = tournament.state != TournamentState.PLAYING
    further = 0 if over else expected_later(tournament)
    left += further
    return Progress(
        done=min(tournament.num_reused + played, tournament.num_episodes),
        total=tournament.num_episodes + further,
        chosen=tournament.num_episodes,
        reused=tournament.num_reused,
        failed=sums["failed"] or 0,
        rate=None if over else rate,
        seconds_left=0.0 if over or not left else left / rate if rate else None,
        workers=0 if over else sums["playing"],
    )


def expected_later(tournament: Tournament) -> int:
    """Episodes that later rounds are expected to bring: what the format expected after the last complete round, less this round."""
    finding = finding_of(tournament)
    if finding is None or finding.expected_left is None or not finding.trace:
        return 0
    known = int(finding.trace[-1].get("episodes") or 0)
    return max(known + finding.expected_left - tournament.num_episodes, 0)


# Pairing by pairing


@dataclass(frozen=True)
class GridCell:
    """How far one pairing of a tournament is; `total` is what was chosen of it so far."""

    pairing: int
    done: int
    total: int
    has_failed: bool

    @property
    def is_done(self) -> bool:
        return self.done >= self.total


@dataclass(frozen=True)
class Grid:
    """Rows are cameras, columns targets, by name; None where nothing was chosen."""

    targets: list[Agent]
    rows: list[tuple[Agent, list[GridCell | None]]]


def pairing_grid(tournament: Tournament) -> Grid:
    """The progress of each pairing: what no block has left to play is done."""
    blocks = (
        tournament.blocks.order_by()
        .values("pairing")
        .annotate(left=Sum(F("num_episodes") - F("num_played")), failed=Count("id", filter=Q(state=BlockState.FAILED)))
    )
    by_pairing = {row["pairing"]: row for row in blocks}
    totals = dict(tournament.choices.order_by().values_list("pairing").annotate(Sum("count")))
    cells = {}
    for pairing in tournament.pairings.all():
        row, total = by_pairing.get(pairing.pk, {"left": 0, "failed": 0}), totals.get(pairing.pk, 0)
        left = min(max(row["left"], 0), total)
        cells[pairing.camera_id, pairing.target_id] = GridCell(pairing.pk, total - left, total, row["failed"] > 0)
    targets = list(tournament.targets.all())
    rows = [(camera, [cells.get((camera.pk, target.pk)) for target in targets]) for camera in tournament.cameras.all()]
    return Grid(targets, rows)
