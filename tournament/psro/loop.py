"""PSRO as a loop without a portal, for games whose best responses are computed or trained in this process.

    iterations = grow(cameras=[0], targets=[0], respond=respond, play=play, meta_solver=META_SOLVERS["nash"])
    for iteration in iterations:
        print(iteration.number, iteration.figures.get("nash_conv"))
        if iteration.number == 40:
            break

With exact best responses and Nash strategies this is the double oracle (McMahan, Gordon and Blum 2003), which ends in
an equilibrium of the whole game; with uniform strategies it is fictitious play. The portal's runs take the same steps,
one transaction at a time (`tournament.psro_runs`), with the same `accounts`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from mate import Team
from tournament.payoffs import Array, MetaGame
from tournament.psro import accounts

Agent = TypeVar("Agent", bound=Hashable)
MetaStrategies = tuple[Array, Array]


@dataclass(frozen=True)
class PairResult:
    """The result of two agents' episodes: the camera's mean payoff, its standard error, and their number."""

    payoff: float
    error: float = 0.0
    count: int = 1


@dataclass(frozen=True)
class Iteration(Generic[Agent]):
    """The populations after an iteration, oldest agents first, their meta-game (m, n) and meta-strategies (m,), (n,).

    `figures` are those of `accounts.figures`: from iteration 1 on, `nash_conv` is the exploitability of the previous
    iteration's strategies by this one's responses.
    """

    number: int
    cameras: tuple[Agent, ...]
    targets: tuple[Agent, ...]
    game: MetaGame
    camera: Array
    target: Array
    figures: dict[str, Any]

    def is_solved(self, epsilon: float) -> bool:
        """Return whether NashConv of the previous strategies, or its interval's upper limit, is below epsilon."""
        limit = accounts.bound_nash_conv(self.figures)
        return limit is not None and limit < epsilon


@dataclass
class PayoffCells(Generic[Agent]):
    """Cells by pairs of agents; equal agents share cells, and none is played twice."""

    play: Callable[[Agent, Agent], PairResult]
    cells: dict[tuple[Agent, Agent], PairResult] = field(default_factory=dict)

    def tabulate(self, cameras: Sequence[Agent], targets: Sequence[Agent]) -> MetaGame:
        """Return the meta-game of these agents; missing cells are played."""
        rows, columns = list(dict.fromkeys(cameras)), list(dict.fromkeys(targets))
        table = [[self._cell(camera, target) for target in columns] for camera in rows]
        places = np.ix_([rows.index(camera) for camera in cameras], [columns.index(target) for target in targets])
        payoff, error, count = (
            np.array([[getattr(cell, name) for cell in row] for row in table])[places]
            for name in ("payoff", "error", "count")
        )
        return MetaGame.from_payoffs(payoff, error, count)

    def _cell(self, camera: Agent, target: Agent) -> PairResult:
        pair = camera, target
        if pair not in self.cells:
            self.cells[pair] = self.play(camera, target)
        return self.cells[pair]


def grow(
    cameras: Sequence[Agent],
    targets: Sequence[Agent],
    respond: Callable[[Team, Sequence[Agent], Array], Agent],
    play: Callable[[Agent, Agent], PairResult],
    meta_solver: Callable[[Array], MetaStrategies],
) -> Iterator[Iteration[Agent]]:
    """Grow two populations from these agents, for as long as the caller asks for iterations.

    `respond(team, opponents, weights)` returns an agent of the team that does well against the weighted mixture of
    opponents; both teams respond to strategies of the same iteration. `play(camera, target)` returns a cell. An agent
    may join again: it then counts twice for meta-solvers that count, and its cells are not played again.
    """
    payoffs = PayoffCells(play)
    earlier: MetaStrategies | None = None
    number = 0
    while True:
        game = payoffs.tabulate(cameras, targets)
        camera, target = meta_solver(game.payoff)
        figures = accounts.figures(game, (camera, target), earlier)
        yield Iteration(number, tuple(cameras), tuple(targets), game, camera, target, figures)
        responses = respond(Team.CAMERA, targets, target), respond(Team.TARGET, cameras, camera)
        cameras, targets = [*cameras, responses[0]], [*targets, responses[1]]
        earlier, number = (camera, target), number + 1


@dataclass(frozen=True)
class MatrixGame:
    """A game whose agents are the rows and columns of the cameras' payoffs (m, n): exact responses and payoffs for
    `grow`.
    """

    payoff: Array

    def respond(self, team: Team, opponents: Sequence[int], weights: Array) -> int:
        """Return the first best row or column against a mixture of the others."""
        if team == Team.CAMERA:
            return int(np.argmax(self.payoff[:, list(opponents)] @ weights))
        return int(np.argmin(weights @ self.payoff[list(opponents)]))

    def play(self, camera: int, target: int) -> PairResult:
        """Return the exact payoff."""
        return PairResult(float(self.payoff[camera, target]))
