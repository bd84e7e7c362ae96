"""Progress of tournaments and their findings."""

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
"""Seconds that an episode is assumed to take before any was played: about 10,000 steps of rule-based agents."""


@dataclass(frozen=True)
class Progress:
    """A tournament's progress. Counts are of episodes; `rate` is episodes a second, None while it is unknown.

    `span` is the range of the remaining seconds, from the durations of each pairing; `seconds_left` is its expected
    value. Each is None while it is unknown. `done` includes the `reused` episodes; `failed` are the unplayed ones of
    failed blocks; `workers` are playing for it now. `total` is the expected final number, where the format decides
    round by round; `chosen` is the number chosen so far.
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
        """Return whether the total is an estimate."""
        return self.total > self.chosen


def finding_of(tournament: Tournament) -> Finding | None:
    """Return the finding of the tournament's format after the last complete round."""
    return Finding.from_json(tournament.finding) if tournament.finding else None


def progress(tournament: Tournament) -> Progress:
    """Return a tournament's progress, from its blocks and its format's expectation."""
    if tournament.state == TournamentState.FINISHED:
        return _sum_up(tournament)
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
    further = 0 if over else max(expected_later(tournament), tournament.num_unwritten)
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


def _sum_up(tournament: Tournament) -> Progress:
    """Return the progress of a finished tournament. Only blocks that failed are read, which are few."""
    blocks = tournament.blocks.order_by().filter(state=BlockState.FAILED)
    failed = blocks.aggregate(failed=Sum(F("num_episodes") - F("num_played")))["failed"] or 0
    total = tournament.num_episodes
    return Progress(
        done=total - failed, total=total, chosen=total, reused=tournament.num_reused, failed=failed,
        rate=None, seconds_left=0.0, workers=0, span=None,
    )  # fmt: skip


def _expect(span: Span | None, left: int, workers: int) -> float | None:
    """Return the expected seconds left; None without workers, or if a kind of agent was never played."""
    if span is None:
        return left * UNKNOWN_SECONDS / workers if workers else None
    return None if span.high is None else span.expected


def _forecast(tournament: Tournament, left: int, further: int, workers: int) -> Span | None:
    """Forecast the open blocks and later rounds, whose episodes are distributed like these or over all pairings."""
    by_pair = left_by_pair(Q(tournament=tournament, state__in=OPEN))
    if left + further <= 0:
        return None
    if not left:
        by_pair = dict.fromkeys(tournament.pairings.values_list("camera", "target"), 1)
    share = (left + further) / max(sum(by_pair.values()), 1)
    episodes = {pair: math.ceil(count * share) for pair, count in by_pair.items()}
    # The number of later episodes is the format's estimate.
    return forecast(tournament.scenario, episodes, workers, least=left / (left + further))


def expected_later(tournament: Tournament) -> int:
    """Return the episodes expected in later rounds: the format's latest estimate minus this round's episodes."""
    finding = finding_of(tournament)
    if finding is None or finding.expected_left is None or not finding.trace:
        return 0
    known = int(finding.trace[-1].get("episodes") or 0)
    return max(known + finding.expected_left - tournament.num_episodes, 0)


# Progress by pairing


@dataclass(frozen=True)
class GridCell:
    """The progress of one pairing of a tournament; `total` is what was chosen of it so far."""

    pairing: int
    done: int
    total: int
    has_failed: bool

    @property
    def is_done(self) -> bool:
        return self.done >= self.total


@dataclass(frozen=True)
class Grid:
    """Cells by camera (rows) and target (columns), sorted by name; None where nothing was chosen."""

    targets: list[Agent]
    rows: list[tuple[Agent, list[GridCell | None]]]


def pairing_grid(tournament: Tournament) -> Grid:
    """Return the progress of each pairing; episodes that no block has left to play count as done."""
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
