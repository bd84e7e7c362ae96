"""Generalised advantage estimation (Schulman et al., ICLR 2016) over arrays of fragments."""

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
    """Return the advantages (T, ...) of T decisions.

    ``rewards`` is (T, ...); ``values`` is (T + 1, ...), where the last row estimates what follows the fragment.
    ``is_terminal`` (T, ...) marks the last decision of an episode. ``is_last`` (T, ...) marks the last decision of an
    episode within the fragment: unless it is terminal, the next row of values estimates the rest of the return. The
    fragment's last decision must be marked by one of the two.
    """
    advantages = np.zeros_like(rewards)
    following = np.zeros_like(rewards[0])
    for t in range(len(rewards) - 1, -1, -1):
        td_error = rewards[t] + gamma * np.where(is_terminal[t], 0.0, values[t + 1]) - values[t]
        following = td_error + gamma * gae_lambda * np.where(is_last[t], 0.0, following)
        advantages[t] = following
    return advantages
