"""Generalised advantage estimation (Schulman, Moritz, Levine, Jordan and Abbeel, ICLR 2016) over arrays of fragments."""

from __future__ import annotations

import numpy as np


def estimate(
    rewards: np.ndarray,
    values: np.ndarray,
    is_terminal: np.ndarray,
    is_last: np.ndarray,
    gamma: float,
    gae_lambda: float,
) -> np.ndarray:
    """The advantages (T, ...) of decisions with rewards (T, ...) and values (T + 1, ...), the last of what follows the fragment.

    ``is_terminal`` (T, ...): nothing follows in the episode; ``is_last`` (T, ...): what follows is not in the fragment, and is estimated
    by the next row of values unless the decision is terminal. The fragment's last decision is always one of these.
    """
    advantages = np.zeros_like(rewards)
    following = np.zeros_like(rewards[0])
    for t in range(len(rewards) - 1, -1, -1):
        surprise = rewards[t] + gamma * np.where(is_terminal[t], 0.0, values[t + 1]) - values[t]
        following = surprise + gamma * gae_lambda * np.where(is_last[t], 0.0, following)
        advantages[t] = following
    return advantages
