"""Teams whose actions are simple functions of what they see, as agents and as batches."""

from typing import Any

import numpy as np

import mate


def drift(observations: np.ndarray) -> np.ndarray:
    """Return small actions (..., 2) that depend only on the observer's position."""
    return np.stack([observations[..., 14] * 0.004, observations[..., 13] * -0.002], axis=-1)


class BatchedDrift:
    """The batched form of either team."""

    def __init__(self, scenario: Any, size: int) -> None:
        pass

    def reset(self, slots: np.ndarray, keys: np.ndarray, observations: np.ndarray) -> None:
        pass

    def act(self, observations: np.ndarray, actions: np.ndarray, active: np.ndarray) -> None:
        actions[active] = drift(observations)[active]


class DriftingCamera(mate.CameraAgentBase):
    def act(self, observation: Any, info: Any = None, deterministic: bool | None = None) -> np.ndarray:
        return drift(np.asarray(observation))


class DriftingTarget(mate.TargetAgentBase):
    def act(self, observation: Any, info: Any = None, deterministic: bool | None = None) -> np.ndarray:
        return drift(np.asarray(observation))
