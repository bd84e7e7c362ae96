"""Adaptive ranking: episodes only for agents whose order is still open.

All agents first play a few episodes. An agent then plays on while some pair with another agent of its team is open: the
two are neither separated nor known to be within `resolution` of each other. Two agents are compared by paired
differences: the same seeds against the same opponents, with independent seeds for each opponent. Most of an episode's
luck comes from its seed and cancels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mate import Team
from tournament.formats.evidence import ChosenEpisodes, Evidence, Numbers, View
from tournament.formats.format import Chart, Figure, Finding, FormatInfo, extend
from tournament.formats.gaps import LEAST_FREEDOM, Gaps, Side, measure
from tournament.formats.settings import ROUND_SIZE, Rule, SettingsRefused, TeamName, at_most, setting

MIN_PROMISE = 0.5
"""Minimum promise of a pair that plays, as a share of the most promising pair's."""


@dataclass(frozen=True)
class TeamComparisons:
    """The comparisons of one team's agents at one moment."""

    side: Side
    gaps: Gaps
    resolution: float
    most: int

    @cached_property
    def start(self) -> int:
        """Number of shared episodes that every agent first plays against each opponent."""
        opponents = len(self.side.opponents)
        enough = 1 if opponents > LEAST_FREEDOM else 1 + ceil(LEAST_FREEDOM / max(opponents, 1))
        return min(enough, self.most)

    @cached_property
    def undecided(self) -> NDArray[np.bool_]:
        """Pairs (A, A) whose order matters and is unknown."""
        open_pairs = ~self.gaps.separated & ~self.gaps.closer_than(self.resolution)
        np.fill_diagonal(open_pairs, False)
        return open_pairs

    @cached_property
    def playable(self) -> NDArray[np.bool_]:
        """Undecided pairs that have episodes left."""
        return self.undecided & (self.gaps.common < self.most)

    @cached_property
    def needed(self) -> NDArray[np.float64]:
        """Shared episodes per opponent (A, A) that would decide a playable pair of the estimated gap and variance."""
        gaps, gap = self.gaps, np.abs(self.gaps.gap)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.minimum(gaps.half_width / gap, gaps.margin / np.maximum(self.resolution - gap, 0.0))
        wanted: NDArray[np.float64] = np.ceil(gaps.common * np.where(self.playable, ratio, 0.0) ** 2)
        return wanted

    @cached_property
    def playing(self) -> NDArray[np.bool_]:
        """The most promising pairs, which play in this round.

        A pair's promise is the probability that it differs by the resolution or more, divided by the episodes that it
        still needs. Large differences are therefore found first, and few episodes go to pairs that turn out to be
        close.
        """
        from scipy.special import ndtr

        if not self.playable.any():
            return self.playable
        gap, error = np.abs(self.gaps.gap), np.maximum(self.gaps.error, 1e-300)
        differs = ndtr((gap - self.resolution) / error) + ndtr((-gap - self.resolution) / error)
        missing = (self.needed - self.side.level[:, None]).clip(min=0)
        promise = np.where(self.playable, differs / np.maximum(missing + missing.T, 1.0), 0.0)
        return np.asarray(self.playable & (promise >= MIN_PROMISE * promise.max()))

    @cached_property
    def order(self) -> Numbers:
        """The agents' rows, best first."""
        return np.argsort(-np.nan_to_num(self.side.means, nan=-np.inf), kind="stable")


class Ranking(Rule):
    """Plays until every pair of a team's agents is separated, or known to be within `resolution` (payoff) of each
    other.
    """

    team: Literal[TeamName, "both"] = setting("both", "Team", "Team whose agents are ranked.")
    resolution: float = setting(
        0.01, "Resolution", "Differences of mean payoff below this do not matter.", 0.0005, 0.5, "payoff"
    )
    confidence: float = setting(99.0, "Confidence", "Confidence of a pair's verdict.", 80.0, 99.99, "%")
    most: int = at_most(1000)
    round_size: int = ROUND_SIZE

    def check_fields(self) -> None:
        for team, field in zip(self.teams, (self._field(team) for team in self.teams), strict=True):
            if len(field) < 2:
                raise SettingsRefused(
                    [(f"{team}s", f"A ranking compares agents: the {team} field needs at least two. Choose more.")]
                )

    @property
    def teams(self) -> tuple[str, ...]:
        return tuple(Team) if self.team == "both" else (self.team,)

    def _field(self, team: str) -> tuple[str, ...]:
        return self.cameras if team == Team.CAMERA else self.targets

    @property
    def limit(self) -> int:
        return len(self.cameras) * len(self.targets) * self.most * len(self.teams)

    def stand(self, view: View) -> TeamComparisons:
        """Return the comparisons of the view's team."""
        side = Side.of(view)
        return TeamComparisons(side, measure(side, self.confidence / 100), self.resolution, self.most)

    def choose(self, evidence: Evidence, round: int) -> list[ChosenEpisodes]:
        """Return episodes for the agents with an undecided pair."""
        views = [evidence.seen_by(team) for team in self.teams]
        return [choice for view in views for choice in self._choose(view, self.stand(view))]

    def _choose(self, view: View, standing: TeamComparisons) -> list[ChosenEpisodes]:
        wanted = self._raise_levels(standing)
        level = standing.side.level
        reasons = {int(row): _explain(standing, int(row)) for row in np.flatnonzero(wanted > level)}
        return [
            view.choice(int(standing.side.agents[row]), int(opponent), int(held), int(wanted[row] - held), reason)
            for row, reason in reasons.items()
            for opponent, held in zip(standing.side.opponents, _held(view, standing, row), strict=True)
            if wanted[row] > held
        ]

    def _raise_levels(self, standing: TeamComparisons) -> Numbers:
        """Return the shared episodes for each opponent that each agent (A,) should have after the next round."""
        level, opponents = standing.side.level, max(len(standing.side.opponents), 1)
        if not len(level):
            return level
        if level.min() < standing.start:
            return np.maximum(level, standing.start)
        playing = standing.playing
        batch = max(1, self.round_size // (opponents * max(int(playing.any(axis=1).sum()), 1)))
        # The agent of a pair with fewer episodes first plays the other's; then both play new ones.
        ahead = playing & (level[None, :] > level[:, None])
        even = playing & (level[None, :] == level[:, None])
        furthest = np.where(ahead, level[None, :], 0).max(axis=1)
        catch_up = np.minimum(furthest, level + batch)
        wanted = np.maximum(catch_up, np.where(even.any(axis=1), level + batch, level))
        raised: Numbers = np.minimum(wanted, self.most).clip(min=level)
        return raised

    def find(self, evidence: Evidence, earlier: Finding | None = None) -> Finding:
        """Return the known ranks, the gaps between neighbours, and the pairs that are still open."""
        standings = {team: self.stand(evidence.seen_by(team)) for team in self.teams}
        counts = {team: _count(standing) for team, standing in standings.items()}
        point: dict[str, float | None] = {"episodes": float(len(evidence))}
        for name in ("separated", "close", "open"):
            point[name] = float(sum(count[name] for count in counts.values()))
        left = sum(_expect(standing) for standing in standings.values())
        started = all((standing.side.level >= standing.start).all() for standing in standings.values())
        return Finding(
            headline=_summarise(point, self.resolution),
            figures=tuple(figure for team, standing in standings.items() for figure in self._figures(team, standing)),
            trace=extend(earlier, point),
            is_decided=started and not any(standing.undecided.any() for standing in standings.values()),
            expected_left=left,
            details={"ranking": {team: _list(standing) for team, standing in standings.items()}},
        )

    def _figures(self, team: str, standing: TeamComparisons) -> list[Figure]:
        counts = _count(standing)
        pairs = max(sum(counts.values()), 1)
        return [
            Figure(f"Pairs of {team} agents whose order is known", float(counts["separated"])),
            Figure(f"Pairs of {team} agents within {self.resolution:g}", float(counts["close"])),
            Figure(f"Pairs of {team} agents still open", float(counts["open"])),
            Figure(f"Share of {team} pairs decided", 1 - counts["open"] / pairs),
        ]


def _held(view: View, standing: TeamComparisons, row: int) -> Numbers:
    """Return the leading episodes of an agent against each opponent, some of which may have been cut short."""
    return np.asarray(view.count[standing.side.agents[row]][standing.side.opponents])


def _explain(standing: TeamComparisons, row: int) -> str:
    """Return why an agent plays on: its narrowest undecided pair."""
    if standing.side.level[row] < standing.start:
        return f"Every agent first plays {standing.start} shared episodes against each opponent."
    ranks = np.empty(len(standing.order), dtype=np.int64)
    ranks[standing.order] = np.arange(1, len(ranks) + 1)
    pairs = np.flatnonzero(standing.playing[row])
    other = pairs[np.abs(standing.gaps.gap[row, pairs]).argmin()]
    gap, width = abs(standing.gaps.gap[row, other]), standing.gaps.half_width[row, other]
    more = f", and {len(pairs) - 1} more pairs" if len(pairs) > 1 else ""
    return f"The order of ranks {ranks[row]} and {ranks[other]} is open: they differ by {gap:.4f} ± {width:.4f}{more}."


def _count(standing: TeamComparisons) -> dict[str, int]:
    """Return the numbers of pairs that are separated, close and open."""
    upper = np.triu_indices(len(standing.side.agents), 1)
    separated, undecided = standing.gaps.separated[upper], standing.undecided[upper]
    return {
        "separated": int(separated.sum()),
        "close": int((~separated & ~undecided).sum()),
        "open": int(undecided.sum()),
    }


def _summarise(point: dict[str, float | None], resolution: float) -> str:
    pairs = sum(point[name] or 0 for name in ("separated", "close", "open"))
    return (
        f"Of {pairs:,.0f} pairs of agents, {point['separated']:,.0f} are in a known order, {point['close']:,.0f} "
        f"are closer than "
        f"{resolution:g}, and {point['open']:,.0f} are open."
    )


def _expect(standing: TeamComparisons) -> int:
    """Return the episodes that would decide all pairs with the estimated gaps and variances."""
    level, opponents = standing.side.level, len(standing.side.opponents)
    if not len(level) or level.min() < standing.start:
        return int((standing.start - level).clip(0).sum()) * opponents
    wanted = standing.needed.max(axis=1, initial=0.0)
    return int((np.minimum(wanted, standing.most) - level).clip(0).sum()) * opponents


def _list(standing: TeamComparisons) -> list[dict[str, float | int | bool | None]]:
    """Return the agents, best first, with the gap to the next one."""
    order, gaps = standing.order, standing.gaps
    lines: list[dict[str, float | int | bool | None]] = []
    for place, row in enumerate(order):
        below = order[place + 1] if place + 1 < len(order) else None
        width = None if below is None else float(gaps.half_width[row, below])
        mean = float(standing.side.means[row])
        lines.append(
            {
                "agent": int(standing.side.agents[row]),
                "payoff": mean if np.isfinite(mean) else None,
                "episodes": int(standing.side.level[row]) * len(standing.side.opponents),
                "gap": None if below is None else float(gaps.gap[row, below]),
                "half_width": width if width is not None and np.isfinite(width) else None,
                "is_separated": None if below is None else bool(gaps.separated[row, below]),
                "is_open": None if below is None else bool(standing.undecided[row, below]),
            }
        )
    return lines


RANKING = FormatInfo(
    "ranking",
    "Adaptive ranking",
    "Rank everybody",
    "Agents whose order is open play on, from shared seeds, until all pairs are separated or within the resolution.",
    Ranking,
    Chart("Pairs of agents whose order is open", {"open": "pairs"}),
)
