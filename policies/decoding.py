"""From the outputs of a network to actions of the game.

A network decides every few frames: ``choose`` turns its outputs into a choice. What the choice means is either an action
that is held until the next decision (``action_table``, ``decode_box``) or a selection of targets that the fixed
executor of hierarchical cameras aims at in every frame (``selection_table``, ``execute_selections``).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from mate import streams
from mate.agents.laws.aim import aim_and_zoom
from mate.compilation import kernel
from mate.constants import CAMERA_STATE_DIM_PRIVATE, OBSERVATION_OFFSET, TARGET_STATE_DIM_PUBLIC

SAMPLE = streams.PLAY + 0x10
"""Purpose of the draws that sample from a network's outputs: a is agent * 2**16 + component, b the decision's number."""

GREATEST_LOG_STD = 20.0

_OWN_STATE = OBSERVATION_OFFSET
_CAMERA_BOUND_COLUMNS = (_OWN_STATE + 7, _OWN_STATE + 8)  # rotation step and zooming step
_TARGET_BOUND_COLUMNS = (_OWN_STATE + 4, _OWN_STATE + 4)  # step size
_FIRST_RECORD = _OWN_STATE + CAMERA_STATE_DIM_PRIVATE
_RECORD_SIZE = TARGET_STATE_DIM_PUBLIC + 1


def action_bounds(team: str, observations: np.ndarray) -> np.ndarray:
    """The largest magnitudes (..., 2) of an agent's action, read from its raw observations (..., D)."""
    columns = _CAMERA_BOUND_COLUMNS if team == "camera" else _TARGET_BOUND_COLUMNS
    return observations[..., columns]


@lru_cache(maxsize=64)
def action_table(team: str, levels: int) -> np.ndarray:
    """The (levels * levels, 2) actions of the grid, as fractions of ``action_bounds``.

    In row k the first coordinate is grid value ``k % levels`` and the second ``k // levels``. A target's square of points
    is squeezed onto the disc, each point along its direction, because a target's step is bounded in length.
    """
    grid = np.linspace(-1.0, 1.0, levels)
    table = np.stack([np.tile(grid, levels), np.repeat(grid, levels)], axis=1)
    if team == "target":
        angle = np.arctan2(table[:, 1], table[:, 0])
        folded = np.pi * (((angle / np.pi + 0.25) % 0.5) - 0.25)
        table = table * np.cos(folded)[:, np.newaxis]
    table.flags.writeable = False
    return table


@lru_cache(maxsize=64)
def selection_table(decoding: str, num_targets: int) -> np.ndarray:
    """The selections (choices, num_targets) bool that the choices of a single categorical output stand for."""
    if decoding == "select-one":
        table = np.vstack([np.eye(num_targets, dtype=bool), np.zeros((1, num_targets), bool)])
    else:
        choices = np.arange(2**num_targets)[:, np.newaxis]
        table = (choices >> np.arange(num_targets - 1, -1, -1)) & 1 != 0  # the first target is the highest digit
    table.flags.writeable = False
    return table


@kernel
def _argmax(values):
    best = 0
    for index in range(1, values.shape[0]):
        if values[index] > values[best]:
            best = index
    return best


@kernel
def _sample(logits, fraction):
    """The index at which the cumulative softmax of the logits passes ``fraction`` of [0, 1), computed in float64."""
    highest = np.float64(logits[_argmax(logits)])
    total = 0.0
    for index in range(logits.shape[0]):
        total += math.exp(np.float64(logits[index]) - highest)
    remaining = fraction * total
    last = 0
    for index in range(logits.shape[0]):
        weight = math.exp(np.float64(logits[index]) - highest)
        if weight > 0.0:
            last = index
            if remaining < weight:
                return index
            remaining -= weight
    return last


@kernel
def choose_best(outputs, width, choices):
    """The greatest of every ``width`` outputs (R, A), the first of equals; ``choices`` (R, A // width) int64."""
    for row in range(outputs.shape[0]):
        for part in range(choices.shape[1]):
            choices[row, part] = _argmax(outputs[row, part * width : (part + 1) * width])


@kernel
def choose_by_logits(outputs, width, keys, agents, decisions, choices):
    """As ``choose_best``, but sampled from the softmax; keys (R,) uint64, agents and decisions (R,) int64."""
    for row in range(outputs.shape[0]):
        for part in range(choices.shape[1]):
            fraction = streams.uniform(keys[row], SAMPLE, (agents[row] << 16) + part, decisions[row])
            choices[row, part] = _sample(outputs[row, part * width : (part + 1) * width], fraction)


@kernel
def choose_by_values(outputs, epsilon, keys, agents, decisions, choices):
    """The greatest of the values (R, A), or in a fraction ``epsilon`` of the rows any choice, all alike."""
    for row in range(outputs.shape[0]):
        is_random, which = streams.uniform_pair(keys[row], SAMPLE, agents[row] << 16, decisions[row])
        if is_random < epsilon:
            choices[row, 0] = min(int(which * outputs.shape[1]), outputs.shape[1] - 1)
        else:
            choices[row, 0] = _argmax(outputs[row])


@kernel
def decode_box(outputs, bounds, is_deterministic, keys, agents, decisions, actions):
    """Actions (R, 2) of Gaussian outputs (R, 4), means then log standard deviations, as fractions of bounds (R, 2).

    Normal draws are those of Box and Muller (1958).
    """
    for row in range(outputs.shape[0]):
        first, second = streams.uniform_pair(keys[row], SAMPLE, agents[row] << 16, decisions[row])
        radius, angle = math.sqrt(-2.0 * math.log(1.0 - first)), 2.0 * math.pi * second
        for axis in range(2):
            fraction = np.float64(outputs[row, axis])
            if not is_deterministic:
                normal = radius * (math.cos(angle) if axis == 0 else math.sin(angle))
                fraction += math.exp(min(np.float64(outputs[row, 2 + axis]), GREATEST_LOG_STD)) * normal
            actions[row, axis] = min(max(fraction, -1.0), 1.0) * bounds[row, axis]


@kernel
def execute_selections(observations, selections, active, actions):
    """Actions (B, N, 2) of cameras that aim at the mean of their selected targets in sight.

    ``observations`` (B, N, D) raw, ``selections`` (B, N, M) bool; a camera with no selected target in sight turns
    clockwise and zooms in at full speed. Inactive episodes (B,) are left alone.
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
            own = observation[_OWN_STATE:_FIRST_RECORD]
            if count == 0:
                actions[slot, agent, 0], actions[slot, agent, 1] = -own[7], -own[8]
            else:
                rotation, zoom = aim_and_zoom(own, x / count, y / count)
                actions[slot, agent, 0], actions[slot, agent, 1] = rotation, zoom
