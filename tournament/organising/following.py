"""How far tournaments are, and what they have shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from tournament import queries
from tournament.forecasts import Span, forecast, left_by_pair
from tournament.formats import Finding
from tournament.models import Agent, BlockState, Tournament, TournamentState
from tournament.organising.rounds import OPEN

UNKNOWN_SECONDS = 0.1
"""What an episode is taken to need before any was played: about 10,000 steps of rule-based agents."""


@dataclass(frozen=True)
class Progress:
    """How far a tournament is. Counts are of episodes; `rate` is episodes a second, None while it is not known and without workers.

    `seconds_left` is what is expected of `span`, from the least to the most, by what each pairing took; a guess where there is none. `done` includes the `reused` ones; `failed` are those of failed blocks that were not played; `workers` play for it now.
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
    span: Span | None = None

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
        failed=Sum(F("num_episodes") - F("num_played"), filter=Q(state=BlockState.FAILED)),
        playing=Count("id", filter=Q(state=BlockState.LEASED, leased_until__gte=now)),
        left=Sum(F("num_episodes") - F("num_played"), filter=Q(state__in=OPEN)),
    )
    over = tournament.state != TournamentState.PLAYING
    left = 0 if over else sums["left"] or 0
    further = 0 if over else expected_later(tournament)
    workers = sums["playing"] or queries.live_workers().count()
    span = None if over or not workers else _forecast(tournament, left, further, workers)
    expected = _expect(span, left + further, workers)
    done = min(tournament.num_reused + (sums["played"] or 0), tournament.num_episodes)
    return Progress(
        done=done,
        total=tournament.num_episodes + further,
        chosen=tournament.num_episodes,
        reused=tournament.num_reused,
        failed=sums["failed"] or 0,
        rate=None if over or not expected else (left + further) / expected,
        seconds_left=0.0 if over or not left + further else expected,
        workers=0 if over else sums["playing"],
        span=span,
    )


def _expect(span: Span | None, left: int, workers: int) -> float | None:
    """Seconds for what is left; None without workers, and where an agent like one of these was never played."""
    if span is None:
        return left * UNKNOWN_SECONDS / workers if workers else None
    return None if span.high is None else span.expected


def _forecast(tournament: Tournament, left: int, further: int, workers: int) -> Span | None:
    """How long the open blocks take, and what later rounds may bring, which is taken to be spread as these are, or over all pairings."""
    by_pair = left_by_pair(Q(tournament=tournament, state__in=OPEN))
    if left + further <= 0:
        return None
    if not left:
        by_pair = dict.fromkeys(tournament.pairings.values_list("camera", "target"), 1)
    share = (left + further) / max(sum(by_pair.values()), 1)
    episodes = {pair: math.ceil(count * share) for pair, count in by_pair.items()}
    # Later rounds are a guess of the format.
    return forecast(tournament.scenario, episodes, workers, least=left / (left + further))


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
