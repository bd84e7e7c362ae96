"""Fixed budget: a given number of episodes, allocated where they are most informative about both teams' orders.

Pairings are drawn with probabilities proportional to the information gain of an episode. The probabilities are stored,
so that an analysis can correct for the selection. Part of every round is spread evenly, so that no probability is
small.
"""

from __future__ import annotations

import hashlib

import numpy as np

from tournament.formats.evidence import Array, ChosenEpisodes, Evidence, Numbers
from tournament.formats.format import Chart, Figure, Finding, FormatInfo, extend
from tournament.formats.settings import ROUND_SIZE, Rule, setting
from tournament.formats.table import PayoffTable

START = 2
"""Number of episodes with which a pairing starts, and of each draw: one with a seed keyed by either agent."""
EVEN = 0.1
"""Share of a round that is spread evenly over all pairings."""
DECIDED = 0.01
"""Minimum of p (1 - p) for a pair of agents: a pair of known order still gets episodes that make it more precise."""
ROUNDS = 20
"""Maximum number of rounds over which a budget is spread, approximately."""


class Budget(Rule):
    """Spends `episodes` in total."""

    episodes: int = setting(5000, "Episodes", "Total number of episodes.", 1, 1_000_000, "episodes")
    round_size: int = ROUND_SIZE

    @property
    def limit(self) -> int:
        return self.episodes

    def choose(self, evidence: Evidence, round: int) -> list[ChosenEpisodes]:
        """Return the pairings that were drawn for this round."""
        table = PayoffTable.of(evidence)
        left = self.episodes - len(evidence)
        if left <= 0 or not table.count.size:
            return []
        if not table.has(START):
            return self._start(table, left, round)
        size = min(left, max(self.round_size, self.episodes // ROUNDS))
        information = inform(table)
        total = information.sum()
        even = np.full(table.count.shape, 1 / table.count.size)
        probability = (1 - EVEN) * information / total + EVEN * even if total > 0 else even
        expected = probability * -(-size // START)
        return _list(
            table, expected, self._draw(expected, round), size, "Drawn by the information gain of its episodes."
        )

    def _start(self, table: PayoffTable, left: int, round: int) -> list[ChosenEpisodes]:
        """Return START episodes of every pairing, or of as many evenly drawn pairings as the budget allows."""
        missing = table.count < START
        if (START - table.count[missing]).sum() <= left:
            return table.start(START, "Every pairing is played before episodes are allocated by information gain.")
        expected = missing * (-(-left // START) / missing.sum())
        reason = "The budget does not cover all pairings: drawn uniformly from those not played."
        return _list(table, expected, self._draw(expected, round), left, reason)

    def _draw(self, expected: Array, round: int) -> Numbers:
        """Return how often each pairing is drawn (M, N), by systematic sampling: within one of `expected` (Madow 1949).

        The only random number is derived from the fields and the round, so that equal evidence gives equal draws.
        """
        words = "/".join((*self.cameras, "against", *self.targets, str(self.episodes), str(round)))
        start = int.from_bytes(hashlib.sha256(words.encode()).digest()[:6], "big") / 2**48
        marks = np.append(0.0, expected.ravel().cumsum())
        marks[-1] = np.rint(marks[-1])  # The sum is a whole number except for rounding.
        return np.diff(np.floor(marks + start)).astype(np.int64).reshape(expected.shape)

    def find(self, evidence: Evidence, earlier: Finding | None = None) -> Finding:
        """Return the episodes spent, and the expected number of pairs of agents in the wrong order."""
        table = PayoffTable.of(evidence)
        wrong = [_count_doubts(chance) for chance in _doubt_both(table)]
        left = max(self.episodes - len(evidence), 0) if table.count.size else 0
        return Finding(
            headline=f"{len(evidence):,} of {self.episodes:,} episodes of the budget are played.",
            figures=(
                Figure("Pairs of cameras that are expected to be in the wrong order", wrong[0]),
                Figure("Pairs of targets that are expected to be in the wrong order", wrong[1]),
            ),
            trace=extend(earlier, {"episodes": float(len(evidence)), "cameras": wrong[0], "targets": wrong[1]}),
            is_decided=left == 0,
            expected_left=left,
        )


def inform(table: PayoffTable) -> Array:
    """Return the information gain of one more episode of each pairing (M, N) about both orders.

    For a pair of agents of which the first is better with probability p, the gain is p (1 - p) times the
    reduction of the variance of their difference; each agent sums over its pairs. This is the information gain of a
    comparison in the limit of small gains.
    """
    held = table.count
    drop = table.variance / (held * (held + 1.0))
    cameras, targets = _doubt_both(table)
    rows = np.maximum(cameras * (1 - cameras), DECIDED).sum(axis=1) / held.shape[1] ** 2
    columns = np.maximum(targets * (1 - targets), DECIDED).sum(axis=1) / held.shape[0] ** 2
    drops: Array = drop * (rows[:, None] + columns[None, :])
    return drops


def _count_doubts(chance: Array) -> float:
    """Return the expected number of pairs of agents in the wrong order."""
    return float(np.minimum(chance, 1 - chance)[np.triu_indices(len(chance), 1)].sum())


def _doubt_both(table: PayoffTable) -> tuple[Array, Array]:
    """Return probabilities that the row's agent has the higher mean: cameras (M, M), targets (N, N); diagonals 0."""
    if not table.payoff.size:
        return np.zeros((0, 0)), np.zeros((0, 0))
    return _doubt(table.payoff, table.luck.of_gaps("camera")), _doubt(table.payoff.T, table.luck.of_gaps("target"))


def _doubt(payoff: Array, variance: Array) -> Array:
    """Return one team's probabilities, from its payoffs (A, opponents) and the variances (A, A) of differences."""
    from scipy.special import ndtr

    mean = payoff.mean(axis=1)
    chance = np.asarray(ndtr((mean[:, None] - mean[None, :]) / np.sqrt(np.maximum(variance, 1e-300))))
    np.fill_diagonal(chance, 0.0)
    return chance


def _list(table: PayoffTable, expected: Array, drawn: Numbers, size: int, reason: str) -> list[ChosenEpisodes]:
    """Return choices of START episodes for each time that a pairing was drawn, `size` in all."""
    choices, left = [], size
    for row, column in np.argwhere(drawn > 0):
        count = min(int(drawn[row, column]) * START, left)
        if count > 0:
            camera, target = int(table.cameras[row]), int(table.targets[column])
            probability = min(float(expected[row, column]), 1.0)
            choices.append(ChosenEpisodes(camera, target, int(table.count[row, column]), count, 1, reason, probability))
            left -= count
    return choices


BUDGET = FormatInfo(
    "budget",
    "Fixed budget",
    "Spend a fixed budget",
    "A given number of episodes, drawn where they tell most about both teams' orders; the probabilities are stored.",
    Budget,
    Chart("Pairs expected to be in the wrong order", {"cameras": "cameras", "targets": "targets"}),
    has_fixed_size=True,
)
