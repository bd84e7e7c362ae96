"""The model of Bradley and Terry (1952): P(one does better than other) = 1 / (1 + exp(other's strength - one's strength)).

Fitted by Newton's method. Every pair that was compared counts a tenth of a comparison more, a tie: that keeps the strength of an agent that always wins
finite and is lost among the rest where there are many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tournament.payoffs import Array

PRIOR = 0.1
"""Even comparisons that each compared pair has besides the played ones."""
DOUBT = PRIOR * np.log(7.38 / PRIOR) / 1.96
"""How many comparisons the prior may be wrong by. Of an agent that has won all of n independent comparisons the estimated odds are 2 n / PRIOR, the
lower limit of Clopper and Pearson's (1934) interval n / 3.69: with this, the interval of the strength begins there too."""


@dataclass(frozen=True)
class Strengths:
    """Strengths (m,) in logits, of mean 0, and the inverse (m, m) of their information on strengths of sum 0."""

    values: Array
    inverse: Array


def fit(wins: Array, count: Array, prior: float = PRIOR, start: Array | None = None) -> Strengths:
    """Maximum likelihood from (m, m) numbers of wins of rows over columns and of comparisons, which must connect all agents.

    `start` (m,) are strengths to begin from.

    Raises ArithmeticError if there is no maximum, which needs `prior` to be 0 and one part of the agents to have won all its comparisons with the rest.
    """
    weight = count + prior * (count > 0)
    surplus = (wins + prior / 2 * (count > 0)).sum(axis=1)
    size = len(wins)
    values = np.zeros(size) if start is None else start - start.mean()
    for _ in range(100):
        expected = expect(values)
        try:
            step = np.linalg.solve(_information(weight, expected), surplus - (weight * expected).sum(axis=1))
        except np.linalg.LinAlgError:
            break
        largest = np.abs(step).max()
        values = values + step / max(1.0, largest / 2.0)  # Far from the optimum full steps may overshoot.
        if largest < 1e-10:
            inverse: Array = np.linalg.inv(_information(weight, expect(values))).astype(np.float64)
            return Strengths(values, inverse - 1.0 / size)
    raise ArithmeticError("The ratings have no maximum of likelihood: some agents won all comparisons with the others.")


def expect(values: Array) -> Array:
    """(m, m) probabilities that rows do better than columns."""
    from scipy.special import expit

    return np.asarray(expit(values[:, None] - values[None, :]))


def _information(weight: Array, expected: Array) -> Array:
    """The negative Hessian, made regular in the one direction that play says nothing about: all strengths alike."""
    terms = weight * expected * (1.0 - expected)
    return np.diag(terms.sum(axis=1)) - terms + 1.0 / len(terms)


def prior_scores(count: Array) -> Array:
    """(m, m) by how much the prior may err, one row an agent: its score if `DOUBT` comparisons with each other one were won and not even.

    Their variance counts with the data's. Without it, an agent that always won would have a rating that seems certain.
    """
    compared = (count > 0).astype(np.float64)
    number = compared.sum(axis=1)
    # An agent's doubts are in its opponents' rows too: with this, they are counted once.
    return DOUBT / 2 * np.sqrt(number / (number + 1))[:, None] * (np.diag(number) - compared)
