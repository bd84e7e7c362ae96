"""Hierarchical cameras: choices of targets, what they mean, and the fixed law that aims at what was chosen."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mate.agents.laws.aim import aim_and_zoom
from mate.compilation import kernel
from mate.constants import CAMERA_STATE_DIM_PRIVATE, OBSERVATION_OFFSET, TARGET_STATE_DIM_PUBLIC

_OWN_STATE = OBSERVATION_OFFSET
_FIRST_RECORD = _OWN_STATE + CAMERA_STATE_DIM_PRIVATE
_RECORD_SIZE = TARGET_STATE_DIM_PUBLIC + 1


@lru_cache(maxsize=64)
def selection_table(kind: str, num_targets: int) -> np.ndarray:
    """The selections (K, num_targets) bool that the K choices of one number stand for.

    ``one``: a single target, or the last choice for none. ``subset``: all subsets, the first target the highest digit.
    """
    if kind == "one":
        table = np.vstack([np.eye(num_targets, dtype=bool), np.zeros((1, num_targets), bool)])
    else:
        choices = np.arange(2**num_targets)[:, np.newaxis]
        table = (choices >> np.arange(num_targets - 1, -1, -1)) & 1 != 0
    table.flags.writeable = False
    return table


def visible_targets(observations: np.ndarray, num_targets: int) -> np.ndarray:
    """(..., T) whether cameras' observations (..., D) show each target."""
    flags = slice(_FIRST_RECORD + _RECORD_SIZE - 1, _FIRST_RECORD + _RECORD_SIZE * num_targets, _RECORD_SIZE)
    return np.asarray(observations)[..., flags] > 0.0


def mask_choices(kind: str, visible: np.ndarray) -> np.ndarray:
    """(..., M) which choices make sense, given which targets are visible (..., T).

    ``many``: for each target whether not to and whether to choose it; ``one``: for each target, and for none.
    """
    if kind == "one":
        return np.concatenate([visible, np.ones_like(visible[..., :1])], axis=-1)
    return np.stack([np.ones_like(visible), visible], axis=-1).reshape(*visible.shape[:-1], -1)


@kernel
def _aim_at_mean(own, count, x, y, action):
    if count == 0:
        action[0], action[1] = -own[7], -own[8]
    else:
        action[0], action[1] = aim_and_zoom(own, x / count, y / count)


@kernel
def execute_selections(observations, selections, active, actions):
    """Actions (B, N, 2) of cameras that aim at the mean of their selected targets in sight.

    ``observations`` (B, N, D) raw, ``selections`` (B, N, T) bool; a camera with no selected target in sight turns
    clockwise and zooms in at full speed (Q51). Inactive episodes (B,) are left alone.
    """
    for slot in range(observations.shape[0]):
        if not active[slot]:
            continue
        for agent in range(observations.shape[1]):
            observation = observations[slot, agent]
            count, x, y = 0, 0.0, 0.0
            for target in range(selections.shape[2]):
                record = observation[_FIRST_RECORD + target * _RECORD_SIZE :]
                if selections[slot, agent, target] and record[_RECORD_SIZE - 1] != 0.0:
                    count, x, y = count + 1, x + record[0], y + record[1]
            _aim_at_mean(observation[_OWN_STATE:_FIRST_RECORD], count, x, y, actions[slot, agent])


@kernel
def aim_at_targets(own, locations, aims, actions):
    """Actions (N, 2) of cameras with private states (N, 9) that aim at the mean of the targets (T, 2) of ``aims``
    (N, T).
    """
    for agent in range(own.shape[0]):
        count, x, y = 0, 0.0, 0.0
        for target in range(locations.shape[0]):
            if aims[agent, target]:
                count, x, y = count + 1, x + locations[target, 0], y + locations[target, 1]
        _aim_at_mean(own[agent], count, x, y, actions[agent])


def count_selections(selections: np.ndarray, visible: np.ndarray) -> dict[str, np.ndarray]:
    """(...) how many targets (..., T) are selected, how many of these are visible or not, and the share that is not."""
    selected, valid = selections.sum(axis=-1), (selections & visible).sum(axis=-1)
    return {
        "num_selected_targets": selected,
        "num_valid_selected_targets": valid,
        "num_invalid_selected_targets": selected - valid,
        "invalid_target_selection_rate": (selected - valid) / np.maximum(1, selected),
    }
