"""Defaults of the presets that differ between algorithms; all others are given with their hyperparameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.algorithms import ACTOR_CRITIC, ALGORITHMS, Q_LEARNING

Exceptions = Mapping[str, tuple[Any, Any]]
"""Default in the presets ``upstream`` and ``quick``, by hyperparameter."""

_VALUES: Exceptions = {
    "fragment_length": (25, 16),
    "episodes_at_once": (128, 64),
    "minibatch_size": (1024, 512),
    "learning_rate": (
        [[0.0, 5e-4], [0.4, 5e-4], [0.4, 1e-4], [0.8, 1e-4], [0.8, 5e-5], [1.0, 5e-5]],
        [[0.0, 5e-4], [1.0, 5e-5]],
    ),
    "gradient_clip": (0.0, 10.0),
}
_INDEPENDENT: Exceptions = {
    **_VALUES,
    "hidden_sizes": ([512, 512, 256], [64, 64]),
    "memory": ("none", "none"),
    "dueling_size": (256, 64),
}
_MIXED: Exceptions = {
    **_VALUES,
    "hidden_sizes": ([256], [64]),
    "activation": ("relu", "relu"),
    "memory": ("gru", "gru"),
    "fragment_length": (25, 16),
    "minibatch_size": (4096, 2048),
    "learning_rate": (1e-4, [[0.0, 5e-4], [1.0, 5e-5]]),
    "gradient_clip": (1000.0, 10.0),
    "error_clip": (0.0, 0.0),
    "replay_size": (1_000_000, 200_000),
    "priority_exponent": (0.0, 0.0),
}


_CONTINUOUS: Exceptions = {
    **_VALUES,
    "learning_rate": (1e-4, [[0.0, 5e-4], [1.0, 1e-4]]),
    "target_rate": (0.01, 0.01),
    "target_period": (1, 1),
    "error_clip": (10.0, 10.0),
    "updates": (25, 64),
}


def exceptions_of(algorithm: str) -> Exceptions:
    """Return an algorithm's own defaults."""
    one = ALGORITHMS[algorithm]
    if one.learner == Q_LEARNING:
        return _INDEPENDENT if one.mixing == "none" else _MIXED
    return _CONTINUOUS if one.learner == ACTOR_CRITIC else {}


def exception(algorithm: str, name: str, preset: str, default: Any) -> Any:
    """Return an algorithm's own default of a hyperparameter, or the given one."""
    found = exceptions_of(algorithm).get(name)
    return default if found is None else found[("upstream", "quick").index(preset)]
