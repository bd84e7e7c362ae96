"""Meta-solvers of nashpy (Knight and Campbell, JOSS 2018), with which ours can be compared.

nashpy and SciPy's integrators are imported where they are called: every process of the portal loads this module, and
they would take a third of its start.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from tournament.meta_solvers.matrices import Array, check_payoff

ROUNDS = 2000
"""Rounds of nashpy's fictitious play: 0.3 s whatever the size, because each round is a step of Python."""
STAGES, STAGE = 100, np.linspace(0.0, 5.0, 21)
"""Number of stages of the replicator dynamics, and the moments of one stage, in units of the payoffs' range. The
strategies at all moments are averaged."""


def linear_program(payoff: Any) -> tuple[Array, Array]:
    """Solve the zero-sum linear programs of both teams (von Neumann 1928).

    Return strategies (m,) and (n,). Where several equilibria exist they are a vertex, which depends on the order of the
    agents; `nash` returns the one of maximum entropy. Raises ValueError if the solver does not converge.
    """
    game, _ = _game(payoff)
    camera, target = game.linear_program()
    return _normalise(camera), _normalise(target)


def fictitious_play(payoff: Any, rounds: int = ROUNDS) -> tuple[Array, Array]:
    """Run fictitious play (Brown 1951) and return the frequencies (m,) and (n,) of past play.

    nashpy breaks ties by NumPy's global generator. It is seeded here and restored afterwards, so equal payoffs give
    equal strategies. NashConv falls with the square root of `rounds` only: about 0.05 of the payoffs' range after
    2,000.
    """
    game, _ = _game(payoff)
    state = np.random.get_state()
    try:
        np.random.seed(0)
        *_, (camera, target) = game.fictitious_play(iterations=rounds)
    finally:
        np.random.set_state(state)
    return _normalise(camera), _normalise(target)


def replicator_dynamics(payoff: Any, stages: int = STAGES) -> tuple[Array, Array]:
    """Integrate replicator dynamics of two populations (Taylor 1979) and return their averages over time (m,) and (n,).

    The dynamics circle around equilibria instead of reaching them; NashConv of the averages falls with one over the
    time, to about 0.02 of the payoffs' range. After each stage rounding errors below 0 are cut off: outside the simplex
    the dynamics explode. If nashpy's integrator fails, the average so far is returned. Agents that died out never come
    back, because there is no floor. Takes 0.2 s for 100 x 100 agents.
    """
    from scipy.integrate import ODEintWarning

    game, span = _game(payoff)
    camera, target = (np.full(size, 1.0 / size) for size in game.payoff_matrices[0].shape)
    averages = [(camera, target)]
    for _ in range(stages):
        try:
            with warnings.catch_warnings(action="error", category=ODEintWarning):
                cameras, targets = game.asymmetric_replicator_dynamics(camera, target, STAGE / span)
        except ODEintWarning:  # The integrator failed, and its result is no strategy.
            break
        camera, target = _normalise(cameras[-1]), _normalise(targets[-1])
        averages.append((cameras.mean(axis=0), targets.mean(axis=0)))
    cameras, targets = (np.mean(side, axis=0) for side in zip(*averages, strict=True))
    return _normalise(cameras), _normalise(targets)


def _game(payoff: Any) -> tuple[Any, float]:
    import nashpy

    matrix = check_payoff(payoff)
    return nashpy.Game(matrix), float(np.ptp(matrix)) or 1.0


def _normalise(weights: Any) -> Array:
    kept = np.maximum(np.asarray(weights, np.float64), 0.0)
    shares: Array = kept / kept.sum()
    return shares
