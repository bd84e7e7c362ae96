"""From the outputs of a network to actions of the game.

A network decides every few frames: ``choose`` turns its outputs into a choice. What the choice means is either an
action that is held until the next decision (``mate.batched.discrete``, ``decode_box``) or a selection of targets that
the fixed executor of hierarchical cameras aims at in every frame (``mate.batched.selections``).
"""

from __future__ import annotations

import math

import numpy as np

from mate import Team, streams
from mate.batched.poses import mask_poses
from mate.batched.selections import mask_choices, selection_table
from mate.compilation import kernel
from mate.constants import OBSERVATION_OFFSET
from policies.recipe import Action

SAMPLE = streams.PLAY + 0x10
"""Purpose of the draws that sample from a network's outputs: a is agent * 2**16 + component, b the decision's
number.
"""

GREATEST_LOG_STD = 20.0
MASKED = np.float32(-1e9)
"""Output of a choice that is masked: its probability is exactly 0."""

_OWN_STATE = OBSERVATION_OFFSET
_CAMERA_BOUND_COLUMNS = (_OWN_STATE + 7, _OWN_STATE + 8)  # rotation step and zooming step
_TARGET_BOUND_COLUMNS = (_OWN_STATE + 4, _OWN_STATE + 4)  # step size


def action_bounds(team: str, observations: np.ndarray) -> np.ndarray:
    """The largest magnitudes (..., 2) of an agent's action, read from its raw observations (..., D)."""
    columns = _CAMERA_BOUND_COLUMNS if team == Team.CAMERA else _TARGET_BOUND_COLUMNS
    return observations[..., columns]


def selections_of(kind: str, num_targets: int, choices: np.ndarray) -> np.ndarray:
    """The selections (R, num_targets) bool that choices (R, parts) of a network stand for."""
    if kind == "select-many":
        return choices == 1
    return selection_table(kind.removeprefix("select-"), num_targets)[choices[:, 0]]


def mask_outputs(action: Action, outputs: np.ndarray, visible: np.ndarray) -> None:
    """Set the outputs (R, A) of choices that make no sense to ``MASKED``, in place, for visible targets (R, T)."""
    if action.masked:
        kind = action.decoding.removeprefix("select-")
        masks = mask_poses(visible) if kind == "pose" else mask_choices(kind, visible)
        outputs[~masks] = MASKED


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
def _draw_fractions(outputs, is_deterministic, keys, agents, decisions, fractions):
    for row in range(outputs.shape[0]):
        first, second = streams.uniform_pair(keys[row], SAMPLE, agents[row] << 16, decisions[row])
        radius, angle = math.sqrt(-2.0 * math.log(1.0 - first)), 2.0 * math.pi * second
        for axis in range(2):
            fraction = np.float64(outputs[row, axis])
            if not is_deterministic:
                normal = radius * (math.cos(angle) if axis == 0 else math.sin(angle))
                fraction += math.exp(min(np.float64(outputs[row, 2 + axis]), GREATEST_LOG_STD)) * normal
            fractions[row, axis] = fraction


def decode_box(
    outputs: np.ndarray,
    bounds: np.ndarray,
    is_deterministic: bool,
    keys: np.ndarray,
    agents: np.ndarray,
    decisions: np.ndarray,
    actions: np.ndarray,
) -> None:
    """Write the actions (R, 2) of Gaussian outputs (R, 4), means then log standard deviations.

    Outputs are fractions of ``bounds`` (R, 2). Normal draws are those of Box and Muller (1958).
    """
    _draw_fractions(outputs, is_deterministic, keys, agents, decisions, actions)
    np.clip(actions, -1.0, 1.0, out=actions)
    actions *= bounds


def draw_box(outputs: np.ndarray, keys: np.ndarray, agents: np.ndarray, decisions: np.ndarray) -> np.ndarray:
    """Return the fractions (R, 2) that ``decode_box`` draws, before they are clipped."""
    fractions = np.empty((len(outputs), 2))
    _draw_fractions(outputs, False, keys, agents, decisions, fractions)
    return fractions
