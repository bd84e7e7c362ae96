"""The Bradley-Terry model (1952): P(one beats other) = 1 / (1 + exp(other's strength - one's strength)).

It is fitted by Newton's method. The prior adds a tenth of a tied comparison to every compared pair. It keeps the
strength of an agent that always wins finite, and is negligible for many comparisons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tournament.payoffs import Array

PRIOR = 0.1
"""Number of tied comparisons that each compared pair has as a prior."""
DOUBT = PRIOR * np.log(7.38 / PRIOR) / 1.96
"""Number of comparisons by which the prior may be wrong. For an agent that won all of n independent comparisons the
estimated odds are 2 n / PRIOR; the lower limit of Clopper and Pearson's interval (1934) is n / 3.69. With this value,
the interval of the strength begins there too."""


@dataclass(frozen=True)
class Strengths:
    """Strengths (m,) in logits with mean 0, and the inverse (m, m) of their information on strengths of sum 0."""

    values: Array
    inverse: Array


def fit(wins: Array, count: Array, prior: float = PRIOR, start: Array | None = None) -> Strengths:
    """Return the maximum likelihood strengths, from (m, m) wins of rows over columns and numbers of comparisons.

    The comparisons must connect all agents. `start` (m,) are the initial strengths. Raises ArithmeticError if the
    likelihood has no maximum, which needs a `prior` of 0 and a group of agents that won all comparisons with the
    others.
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
        # The comparisons do not determine a common shift, and with millions of them rounding alone shifts by 1e-8.
        largest = np.abs(step - step.mean()).max()
        values = values + step / max(1.0, largest / 2.0)  # Far from the optimum full steps may overshoot.
        if largest < 1e-10:
            inverse: Array = np.linalg.inv(_information(weight, expect(values))).astype(np.float64)
            return Strengths(values, inverse - 1.0 / size)
    raise ArithmeticError("The ratings' likelihood has no maximum: some agents won all comparisons with the others.")


def expect(values: Array) -> Array:
    """Return the probabilities (m, m) that rows beat columns."""
    from scipy.special import expit

    return np.asarray(expit(values[:, None] - values[None, :]))


def _information(weight: Array, expected: Array) -> Array:
    """Return the negative Hessian, regularised in the unidentified direction: a common shift of all strengths."""
    terms = weight * expected * (1.0 - expected)
    return np.diag(terms.sum(axis=1)) - terms + 1.0 / len(terms)


def prior_scores(count: Array) -> Array:
    """Return the prior's possible error as scores (m, m), a row for each agent: `DOUBT` comparisons won, not tied.

    Their variance is added to the data's. Without it, the rating of an agent that always won would seem certain.
    """
    compared = (count > 0).astype(np.float64)
    number = compared.sum(axis=1)
    # An agent's doubts are in its opponents' rows too; the factor counts them once.
    added: Array = DOUBT / 2 * np.sqrt(number / (number + 1))[:, None] * (np.diag(number) - compared)
    return added
