"""Anytime PSRO: populations whose strategies do not become easier to exploit as they grow.

The strategies of ordinary PSRO are equilibria of the meta-game, in which both teams are limited to their agents. An
iteration may therefore make them easier to exploit by agents outside the populations. Anytime PSRO (APSRO; McAleer et
al. 2022, "Anytime PSRO for two-player zero-sum games") limits one team at a time: while a best response is trained
against a team's strategy, that strategy changes by regret minimisation against what is trained. Its average is the
strategy over the population that an unlimited opponent can exploit least, up to the regret, and a larger population can
only have a better one.

Regrets are minimised by regret matching+ with linear averaging (Tammelin et al. 2015), which has no step size.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from mate import Team
from tournament.payoffs import Array
from tournament.psro import accounts
from tournament.psro.loop import Iteration, MetaStrategies, PairResult, PayoffCells

Agent = TypeVar("Agent", bound=Hashable)
Improve = Callable[[Team, Sequence[Agent], Array, Agent | None], Agent]
"""`improve(team, opponents, weights, before)` returns a better response to the weighted opponents than `before`, the
response to their last weights; None is the first call of an iteration.
"""


class RegretMatching:
    """A distribution over n agents whose average regret vanishes against any sequence of gains (regret matching+)."""

    def __init__(self, size: int) -> None:
        self.current: Array = np.full(size, 1.0 / size)
        self._regrets = np.zeros(size)
        self._sum = np.zeros(size)
        self._steps = 0

    @property
    def average(self) -> Array:
        """The average over all steps, weighted by their number (n,); the first distribution before any step."""
        return self._sum / self._sum.sum() if self._steps else self.current

    def observe(self, gains: Array) -> None:
        """Take a step after the agents had these gains (n,)."""
        self._steps += 1
        self._sum += self._steps * self.current
        self._regrets = np.maximum(self._regrets + gains - self.current @ gains, 0.0)
        total = self._regrets.sum()
        self.current = self._regrets / total if total > 0.0 else np.full(len(gains), 1.0 / len(gains))


@dataclass(frozen=True)
class AnytimeOracle(Generic[Agent]):
    """Strategies of both teams, and best responses to them, by `rounds` steps of regret minimisation each."""

    improve: Improve[Agent]
    payoffs: PayoffCells[Agent]
    rounds: int

    def find(self, cameras: Sequence[Agent], targets: Sequence[Agent]) -> tuple[MetaStrategies, tuple[Agent, Agent]]:
        """Return the strategies (m,), (n,), and the responses: a camera to the targets', a target to the cameras'."""
        camera, target_response = self._minimise(Team.CAMERA, cameras, targets)
        target, camera_response = self._minimise(Team.TARGET, targets, cameras)
        return (camera, target), (camera_response, target_response)

    def _minimise(self, team: Team, population: Sequence[Agent], others: Sequence[Agent]) -> tuple[Array, Agent]:
        """Return a team's least exploitable strategy over its population, and the opponents' response to it.

        If there are several best responses, as at an equilibrium, one that the opponents do not have yet is taken.
        """
        strategy, response = RegretMatching(len(population)), None
        met: dict[Agent, Array] = {}
        is_limited = len(set(population)) == 1  # There is only one strategy.
        for _ in range(0 if is_limited else self.rounds):
            response = self.improve(team.opponent, population, strategy.current, response)
            met[response] = self._gains(team, population, response)
            strategy.observe(met[response])
        average = strategy.average
        last = self.improve(team.opponent, population, average, response)
        unknown = [one for one in met if one not in others]
        return average, min(unknown, key=lambda one: met[one] @ average) if last in others and unknown else last

    def _gains(self, team: Team, population: Sequence[Agent], response: Agent) -> Array:
        if team == Team.CAMERA:
            return self.payoffs.tabulate(population, [response]).payoff[:, 0]
        gains: Array = -self.payoffs.tabulate([response], population).payoff[0]
        return gains


def grow_anytime(
    cameras: Sequence[Agent],
    targets: Sequence[Agent],
    improve: Improve[Agent],
    play: Callable[[Agent, Agent], PairResult],
    rounds: int,
) -> Iterator[Iteration[Agent]]:
    """Grow two populations, as `loop.grow` does, by anytime PSRO.

    The strategies of an iteration are found together with the responses to them, which join in the next one.
    """
    payoffs = PayoffCells(play)
    oracle = AnytimeOracle(improve, payoffs, rounds)
    earlier: MetaStrategies | None = None
    number = 0
    while True:
        strategies, responses = oracle.find(cameras, targets)
        game = payoffs.tabulate(cameras, targets)
        figures = accounts.figures(game, strategies, earlier)
        yield Iteration(number, tuple(cameras), tuple(targets), game, *strategies, figures)
        cameras, targets = [*cameras, responses[0]], [*targets, responses[1]]
        earlier, number = strategies, number + 1
