"""A newcomer's placement: enough episodes that its mean payoff is known to a chosen width.

The newcomer meets every opponent from the seeds that these opponents give to everybody, so that it can be compared with agents that
played before. Opponents against whom it varies more are met more often (Neyman 1934), in rounds that at most treble
the episodes: the spread is only as well known as episodes have shown it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tournament.formats.evidence import Array, Choice, Evidence, Numbers, View
from tournament.formats.format import Figure, Finding, FormatInfo, extend
from tournament.formats.settings import ROUND_SIZE, TEAM, Setting, most

CONFIDENCE = 0.95
START = 8
"""Episodes an opponent before anything is judged."""
PRIOR = 4.0
"""An opponent's variance is mixed with all opponents' as if the latter had shown itself in so many episodes."""


@dataclass(frozen=True)
class Place:
    """One newcomer's mean payoff over its opponents, which count alike, as far as it is known.

    `opponents` (J,) are indices, `held` (J,) episodes against each, `spread` (J,) standard deviations of one episode's payoff.
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
    """What the episodes say about one agent. Raises nothing for missing episodes: errors are infinite then."""
    from scipy.stats import t as student

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
        float(student.ppf(0.5 + CONFIDENCE / 2, freedom.sum())),
    )


@dataclass(frozen=True)
class Placement:
    """Places every agent of `team`: until each one's 95 % interval of mean payoff is at most `width` wide."""

    cameras: tuple[str, ...]
    targets: tuple[str, ...]
    team: str
    width: float
    most: int
    round_size: int

    @property
    def limit(self) -> int:
        return len(self.cameras) * len(self.targets) * self.most

    def place(self, evidence: Evidence) -> list[Place]:
        """What is known about each newcomer."""
        view = evidence.seen_by(self.team)
        return [place(view, agent) for agent in range(len(view.payoff))]

    def choose(self, evidence: Evidence, round: int) -> list[Choice]:
        """Episodes for the newcomers that are not known well enough."""
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
        """Whether nothing more is wanted: the interval is narrow enough, or every pairing has had its most."""
        return 2 * known.half_width <= self.width or bool((known.held >= self.most).all())

    def plan(self, known: Place) -> Numbers:
        """Episodes against each opponent (J,) that would make the interval as wide as is wanted."""
        if not known.is_started or int(known.held.min()) < min(START, self.most):
            return np.maximum(known.held, min(START, self.most))
        if self.is_placed(known):
            return known.held
        error = self.width / 2 / known.quantile
        share = known.spread / known.spread.sum()
        total = (known.spread.sum() / len(known.opponents) / error) ** 2
        wanted = np.maximum(np.ceil(total * share).astype(np.int64), known.held)
        # Where rounding and opponents met too often leave nothing to add, one more each does.
        return np.minimum(wanted if (wanted > known.held).any() else known.held + 1, self.most)

    def _stage(self, known: Place) -> Numbers:
        """The part of the plan that the next round plays."""
        wanted = self.plan(known)
        more = wanted - known.held
        allowed = max(2 * int(known.held.sum()), self.round_size)
        if not known.held.any() or more.sum() <= allowed:
            return wanted
        return known.held + np.ceil(more * (allowed / more.sum())).astype(np.int64)

    def _explain(self, known: Place) -> str:
        if not np.isfinite(known.error):
            return f"A newcomer first plays {min(START, self.most)} episodes with each opponent."
        return f"Its mean payoff is known to ± {known.half_width:.4f}; ± {self.width / 2:.4f} is wanted."

    def find(self, evidence: Evidence, earlier: Finding | None = None) -> Finding:
        """Each newcomer's mean payoff with its interval."""
        places = self.place(evidence)
        left = sum(int((self.plan(known) - known.held).sum()) for known in places)
        placed = sum(self.is_placed(known) for known in places)
        widest = max((2 * known.half_width for known in places), default=np.inf)
        width = float(widest) if np.isfinite(widest) else None
        wording = "not known yet" if width is None else f"{width:.4f} wide"
        field = self.cameras if self.team == "camera" else self.targets
        return Finding(
            headline=f"{placed} of {len(places)} placed: the widest interval is {wording}, {self.width:g} is wanted.",
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
    "The agents of one team play all opponents until each one's mean payoff is known to the chosen width (95 %).",
    (
        Setting("team", "Team", "Whose agents are new.", "option", "camera", options=TEAM.options),
        Setting(
            "width",
            "Width of the interval",
            "Of the newcomer's mean payoff over all opponents, from end to end.",
            "number",
            0.03,
            0.001,
            1.0,
            unit="payoff",
        ),
        most(1000),
        ROUND_SIZE,
    ),
    Placement,
)
