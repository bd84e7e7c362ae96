"""Adaptive Nash: episodes that identify the equilibrium of the meta-game, until its NashConv is at most epsilon.

After each round the table of means is solved, and NashConv is bounded with the cells' correlated errors
(`shared_seeds`). NashConv is the best gain of any camera against the targets' strategy plus that of any target against
the cameras'. It depends only on the cells against the other team's support. Among these, the format plays the agents
that may still gain: the support itself and near-best responses. Agents that are far worse play no more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tournament import intervals
from tournament.formats.evidence import Array, ChosenEpisodes, Evidence, Numbers
from tournament.formats.format import Chart, Figure, Finding, FormatInfo, extend
from tournament.formats.settings import ROUND_SIZE, Rule, at_most, setting
from tournament.formats.table import PayoffTable
from tournament.intervals import NORMAL

GROWTH = 20
"""Minimum size of a round, as a divisor of the episodes played so far, so that long tournaments need few rounds."""
FORESIGHT = 10
"""Maximum length that is planned ahead, as a multiple of the episodes played so far."""


@dataclass(frozen=True)
class Solution:
    """The equilibrium of the table of means, and the gains from deviating.

    `camera` (M,) and `target` (N,) are the strategies. `camera_gain` (M,) is each camera's gain over the value against
    the targets' strategy, `camera_error` its standard error; likewise for targets. With `quantile` all bounds hold
    simultaneously.
    """

    table: PayoffTable
    camera: Array
    target: Array
    value: float
    quantile: float

    @classmethod
    def of(cls, table: PayoffTable, confidence: float) -> Solution:
        """Solve the table; bounds are one-sided and hold for all agents simultaneously (Bonferroni)."""
        from tournament import meta_solvers

        solved = meta_solvers.nash(table.payoff)
        quantile = float(intervals.quantile(1 - 2 * (1 - confidence) / sum(table.payoff.shape), np.inf))
        return cls(table, solved.camera, solved.target, solved.value, quantile)

    @cached_property
    def camera_gain(self) -> Array:
        return self.table.payoff @ self.target - self.value

    @cached_property
    def target_gain(self) -> Array:
        return self.value - self.camera @ self.table.payoff

    @cached_property
    def camera_bound(self) -> Array:
        """The upper bound of each camera's gain (M,)."""
        return self.camera_gain + self.quantile * np.sqrt(self.table.luck.of_cameras(self.target))

    @cached_property
    def target_bound(self) -> Array:
        """The upper bound of each target's gain (N,)."""
        return self.target_gain + self.quantile * np.sqrt(self.table.luck.of_targets(self.camera))

    @property
    def nash_conv(self) -> float:
        """The upper bound of NashConv: the largest bound of a camera's gain plus the largest of a target's."""
        return float(self.camera_bound.max() + self.target_bound.max())

    def after(self, added: Numbers) -> Solution:
        """Return this solution with more episodes (M, N) and unchanged means."""
        return replace(self, table=self.table.after(added))


class Nash(Rule):
    """Plays until the equilibrium's NashConv within these fields is at most `epsilon` (payoff), with `confidence`."""

    epsilon: float = setting(
        0.02,
        "Epsilon",
        "Maximum NashConv: the gains of the best camera and the best target from deviating, together.",
        *(0.001, 0.5, "payoff"),
    )
    confidence: float = setting(95.0, "Confidence", "Confidence of NashConv's bound.", 50.0, 99.9, "%")
    most: int = at_most(5000)
    round_size: int = ROUND_SIZE

    @property
    def limit(self) -> int:
        return len(self.cameras) * len(self.targets) * self.most

    def solve(self, evidence: Evidence) -> Solution | None:
        """Return the equilibrium of the evidence; None before all pairings have started."""
        table = PayoffTable.of(evidence)
        return Solution.of(table, self.confidence / 100) if table.has(table.least) else None

    def choose(self, evidence: Evidence, round: int) -> list[ChosenEpisodes]:
        """Return episodes of the pairings that narrow the bound most."""
        solution = self.solve(evidence)
        if solution is None:
            table = PayoffTable.of(evidence)
            return table.start(table.least, "Every pairing is played before the meta-game is solved.")
        if solution.nash_conv <= self.epsilon:
            return []
        added = self._plan(solution, max(self.round_size, len(evidence) // GROWTH))
        table = solution.table
        return [
            ChosenEpisodes(
                int(table.cameras[row]),
                int(table.targets[column]),
                int(table.count[row, column]),
                int(added[row, column]),
                1,
                _explain(solution, row, column),
            )
            for row, column in np.argwhere(added > 0)
        ]

    def _plan(self, solution: Solution, size: int) -> Numbers:
        """Return up to `size` more episodes (M, N), fewer if these lower the bound to epsilon at unchanged means."""
        table, scores = solution.table, self._score(solution)
        added = np.zeros_like(table.count)
        while (left := size - int(added.sum())) > 0 and solution.after(added).nash_conv > self.epsilon:
            more = _allocate(scores, table.count + added, self.most, min(self.round_size, left))
            if not more.any():
                break
            added += more
        return added

    def _score(self, solution: Solution) -> Array:
        """Return the importance of the cells' variances (M, N): for agents whose gain may exceed half of epsilon.

        One more episode of a cell with n episodes lowers the variances of the bounds by its score / (n (n + 1)).
        """
        rows = solution.camera_bound > self.epsilon / 2
        columns = solution.target_bound > self.epsilon / 2
        weight = np.outer(rows, solution.target**2) + np.outer(solution.camera**2, columns)
        return weight * solution.table.variance

    def find(self, evidence: Evidence, earlier: Finding | None = None) -> Finding:
        """Return the value, the bound of NashConv, and both strategies."""
        solution = self.solve(evidence)
        if solution is None:
            table = PayoffTable.of(evidence)
            return Finding(
                "Every pairing is played first.",
                trace=extend(earlier, {"episodes": float(len(evidence)), "value": None, "nash_conv": None}),
                expected_left=sum(choice.count for choice in table.start(table.least, "")),
            )
        is_decided = solution.nash_conv <= self.epsilon
        left = 0 if is_decided else int(self._plan(solution, FORESIGHT * max(self.round_size, len(evidence))).sum())
        error = float(np.sqrt(solution.table.luck.of_value(solution.camera, solution.target)))
        return Finding(
            headline=(
                f"NashConv of the equilibrium within these fields is at most {solution.nash_conv:.4f}; "
                f"the goal is {self.epsilon:g}."
            ),
            figures=(
                Figure("NashConv within these fields, at most", solution.nash_conv, unit="payoff"),
                Figure(
                    "Value of the game",
                    solution.value,
                    solution.value - NORMAL * error,
                    solution.value + NORMAL * error,
                    "payoff",
                ),
                Figure("Cameras in the support", float((solution.camera > 1e-6).sum())),
                Figure("Targets in the support", float((solution.target > 1e-6).sum())),
            ),
            trace=extend(
                earlier, {"episodes": float(len(evidence)), "value": solution.value, "nash_conv": solution.nash_conv}
            ),
            is_decided=is_decided,
            expected_left=left,
            details={
                "camera": _list(solution.table.cameras, solution.camera),
                "target": _list(solution.table.targets, solution.target),
            },
        )


def _allocate(scores: Array, count: Numbers, most: int, size: int) -> Numbers:
    """Allocate `size` more episodes (M, N) greedily to the cells that lower the bounds' variances most."""
    added = np.zeros_like(count)
    worth = np.where(count < most, scores / (count * (count + 1.0)), 0.0)
    for _ in range(size):
        cell = np.unravel_index(worth.argmax(), worth.shape)
        if worth[cell] <= 0:
            break
        added[cell] += 1
        held = count[cell] + added[cell]
        worth[cell] = scores[cell] / (held * (held + 1.0)) if held < most else 0.0
    return added


def _explain(solution: Solution, row: int, column: int) -> str:
    """Return why a pairing is played: which agent may gain how much."""
    camera, target = solution.camera[row] > 1e-6, solution.target[column] > 1e-6
    if camera and target:
        return "Both agents are in the equilibrium's support."
    gains, bounds, who = (
        (solution.camera_gain[row], solution.camera_bound[row], "camera")
        if target
        else (solution.target_gain[column], solution.target_bound[column], "target")
    )
    return (
        f"A near-best response: the {who} may gain up to {bounds:.4f} (so far {gains:.4f}) against the other team's "
        f"strategy."
    )


def _list(agents: Numbers, strategy: NDArray[np.float64]) -> list[dict[str, float | int]]:
    """Return the agents in a strategy's support, largest weight first."""
    order = np.argsort(-strategy, kind="stable")
    return [{"agent": int(agents[row]), "mass": float(strategy[row])} for row in order if strategy[row] > 1e-6]


NASH = FormatInfo(
    "nash",
    "Adaptive Nash",
    "Find the equilibrium",
    "The equilibrium's support and near-best responses play on until NashConv within the fields is at most epsilon.",
    Nash,
    Chart("NashConv within these fields, at most", {"nash_conv": "NashConv"}, goal="epsilon"),
)
