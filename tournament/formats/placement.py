"""Placement of newcomers: episodes until a newcomer's mean payoff is known to a chosen width.

The newcomer plays the seeds that each opponent plays against all agents, so that it can be compared with agents that
played earlier. Opponents against whom its payoff varies more get more episodes (Neyman allocation, 1934). A round at
most trebles the episodes, because early estimates of the variances are poor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mate import Team
from tournament.formats.evidence import Array, ChosenEpisodes, Evidence, Numbers, View
from tournament.formats.format import Chart, Figure, Finding, FormatInfo, extend
from tournament.formats.settings import ROUND_SIZE, Rule, TeamName, at_most, setting
from tournament.intervals import student

START = 8
"""Number of episodes against each opponent before anything is judged."""
PRIOR = 4.0
"""Weight of the pooled variance in the estimate of an opponent's variance, in episodes."""


@dataclass(frozen=True)
class Place:
    """One newcomer's mean payoff over its opponents, which weigh equally.

    `opponents` (J,) are indices, `held` (J,) the episodes against each, `spread` (J,) the standard deviations of one
    episode's payoff.
    """

    agent: int
    opponents: Numbers
    held: Numbers
    spread: Array
    payoff: float
    error: float
    quantile: float

    @property
    def half_width(self) -> float:
        return self.quantile * self.error

    @property
    def is_started(self) -> bool:
        return len(self.held) > 0 and int(self.held.min()) >= 2


def place(view: View, agent: int) -> Place:
    """Estimate one agent's mean payoff; errors are infinite where episodes are missing."""
    opponents = np.flatnonzero(~view.closed[agent])
    held = view.count[agent, opponents]
    if not len(opponents) or held.min() < 2:
        return Place(agent, opponents, held, np.full(len(opponents), np.nan), np.nan, np.inf, np.inf)
    cells = [view.payoff[agent, other, :count] for other, count in zip(opponents, held, strict=True)]
    freedom = held - 1.0
    variance = np.array([cell.var(ddof=1) for cell in cells])
    pooled = (variance * freedom).sum() / freedom.sum()
    variance = (variance * freedom + pooled * PRIOR) / (freedom + PRIOR)
    return Place(
        agent,
        opponents,
        held,
        np.sqrt(variance),
        float(np.mean([cell.mean() for cell in cells])),
        float(np.sqrt((variance / held).sum()) / len(opponents)),
        student(freedom.sum()),
    )


class Placement(Rule):
    """Plays until the 95 % interval of the mean payoff of every agent of `team` is at most `width` wide."""

    team: TeamName = setting("camera", "Team", "Team of the newcomers.")
    width: float = setting(
        0.03,
        "Width of the interval",
        "Maximum full width of the interval of the newcomer's mean payoff over all opponents.",
        *(0.001, 1.0, "payoff"),
    )
    most: int = at_most(1000)
    round_size: int = ROUND_SIZE

    @property
    def limit(self) -> int:
        return len(self.cameras) * len(self.targets) * self.most

    def place(self, evidence: Evidence) -> list[Place]:
        """Return what is known about each newcomer."""
        view = evidence.seen_by(self.team)
        return [place(view, agent) for agent in range(len(view.payoff))]

    def choose(self, evidence: Evidence, round: int) -> list[ChosenEpisodes]:
        """Return episodes for the newcomers whose interval is too wide."""
        view = evidence.seen_by(self.team)
        choices = []
        for known in self.place(evidence):
            wanted = self._stage(known)
            reason = self._explain(known)
            choices += [
                view.choice(known.agent, int(other), int(held), int(more - held), reason)
                for other, held, more in zip(known.opponents, known.held, wanted, strict=True)
                if more > held
            ]
        return choices

    def is_placed(self, known: Place) -> bool:
        """Return whether the newcomer is finished: its interval is narrow enough, or all its pairings are exhausted."""
        return 2 * known.half_width <= self.width or bool((known.held >= self.most).all())

    def plan(self, known: Place) -> Numbers:
        """Return the number of episodes against each opponent (J,) that would reach the width."""
        if not known.is_started or int(known.held.min()) < min(START, self.most):
            return np.maximum(known.held, min(START, self.most))
        if self.is_placed(known):
            return known.held
        error = self.width / 2 / known.quantile
        share = known.spread / known.spread.sum()
        total = (known.spread.sum() / len(known.opponents) / error) ** 2
        wanted = np.maximum(np.ceil(total * share).astype(np.int64), known.held)
        # Where rounding and oversampled opponents leave nothing to add, add one episode to each.
        return np.minimum(wanted if (wanted > known.held).any() else known.held + 1, self.most)

    def _stage(self, known: Place) -> Numbers:
        """Return the part of the plan for the next round."""
        wanted = self.plan(known)
        more = wanted - known.held
        allowed = max(2 * int(known.held.sum()), self.round_size)
        if not known.held.any() or more.sum() <= allowed:
            return wanted
        level: Numbers = known.held + np.ceil(more * (allowed / more.sum())).astype(np.int64)
        return level

    def _explain(self, known: Place) -> str:
        if not np.isfinite(known.error):
            return f"A newcomer first plays {min(START, self.most)} episodes against each opponent."
        return f"Its mean payoff is known to ± {known.half_width:.4f}; the goal is ± {self.width / 2:.4f}."

    def find(self, evidence: Evidence, earlier: Finding | None = None) -> Finding:
        """Return each newcomer's mean payoff with its interval."""
        places = self.place(evidence)
        left = sum(int((self.plan(known) - known.held).sum()) for known in places)
        placed = sum(self.is_placed(known) for known in places)
        widest = max((2 * known.half_width for known in places), default=np.inf)
        width = float(widest) if np.isfinite(widest) else None
        wording = "not known yet" if width is None else f"{width:.4f} wide"
        field = self.cameras if Team(self.team) == Team.CAMERA else self.targets
        return Finding(
            headline=f"{placed} of {len(places)} placed: the widest interval is {wording}, the goal is {self.width:g}.",
            figures=tuple(_figure(field[known.agent], known) for known in places),
            trace=extend(earlier, {"episodes": float(len(evidence)), "placed": float(placed), "width": width}),
            is_decided=placed == len(places),
            expected_left=left,
        )


def _figure(digest: str, known: Place) -> Figure:
    if not np.isfinite(known.error):
        return Figure("Mean payoff", None, unit="payoff", agent=digest)
    low, high = known.payoff - known.half_width, known.payoff + known.half_width
    return Figure("Mean payoff", known.payoff, low, high, "payoff", digest)


PLACEMENT = FormatInfo(
    "placement",
    "Placement of newcomers",
    "Place new agents",
    "The agents of one team play all opponents until each one's mean payoff is known to the chosen width (95 %).",
    Placement,
    Chart("Width of the widest interval", {"width": "width"}, goal="width"),
    places_newcomers=True,
)
