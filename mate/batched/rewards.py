"""Rewards composed from components with coefficients, for all members of a team in all episodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from mate.batched.soft_coverage import SoftCoverage
from mate.compilation import kernel
from mate.constants import TERRAIN_WIDTH, WAREHOUSE_RADIUS
from mate.engine import Batch
from mate.messages import Team

UNLOADED_GOAL_DISTANCE = 1000.0
"""Map units to the goal of a target that believes all warehouses empty."""

Component = Callable[[Batch], np.ndarray]
Coefficient = float | Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""A number, or a function of the arrays (agent_index (1, N), episode_id (B, 1), episode_step (B, 1), raw_reward (B, 1),
component (B, N)) that gives the coefficients (B, N)."""

REDUCTIONS: Mapping[str, Callable[..., np.ndarray]] = {"mean": np.mean, "sum": np.sum, "max": np.max, "min": np.min}


@kernel
def _measure_goals(distances, goals, empty_bits, out):
    for slot in range(goals.shape[0]):
        for target in range(goals.shape[1]):
            nearest = np.inf
            for w in range(distances.shape[2]):
                outside = max(distances[slot, target, w] - WAREHOUSE_RADIUS, 0.0)
                is_candidate = goals[slot, target] == w if goals[slot, target] >= 0 else not empty_bits[slot, target, w]
                if is_candidate:
                    nearest = min(nearest, outside)
            out[slot, target] = (nearest if nearest < np.inf else UNLOADED_GOAL_DISTANCE) / TERRAIN_WIDTH


def normalized_goal_distances(batch: Batch) -> np.ndarray:
    """(B, T) distances to the goals, over the width of the terrain.

    An unloaded target's goal is the nearest warehouse that it does not believe empty, or 1000 map units away if it
    believes so of all.
    """
    out = np.empty(batch.target_goal.shape)
    _measure_goals(batch.target_warehouse_distances, batch.target_goal, batch.target_empty_bits, out)
    return out


@kernel
def _score_members(matrix, is_tracking, out):
    for slot in range(matrix.shape[0]):
        for member in range(matrix.shape[1]):
            total, best, tracks = 0.0, -np.inf, False
            for other in range(matrix.shape[2]):
                best = max(best, matrix[slot, member, other])
                if is_tracking[slot, member, other]:
                    tracks = True
                    total += matrix[slot, member, other]
            out[slot, member] = total if tracks else np.tanh(best) if matrix.shape[2] else 0.0


def score_members(matrix: np.ndarray, is_tracking: np.ndarray) -> np.ndarray:
    """(B, N) one score for each member: the sum over what it tracks or is tracked by, or ``tanh`` of the best of (B,
    N, M).
    """
    out = np.empty(matrix.shape[:2])
    _score_members(np.ascontiguousarray(matrix), np.ascontiguousarray(is_tracking), out)
    return out


def _of_team(values: np.ndarray) -> np.ndarray:
    return values[:, np.newaxis]


_TEAM_COMPONENTS: dict[str, Component] = {
    "coverage_rate": lambda batch: _of_team(batch.coverage_rate),
    "real_coverage_rate": lambda batch: _of_team(batch.real_coverage_rate),
    "mean_transport_rate": lambda batch: _of_team(batch.mean_transport_rate),
    "baseline": lambda batch: np.ones((batch.size, 1)),
}
COMPONENTS: Mapping[Team, Mapping[str, Component]] = {
    Team.CAMERA: {
        "raw_reward": lambda batch: _of_team(batch.camera_reward),
        **_TEAM_COMPONENTS,
        "num_tracked": lambda batch: batch.camera_target_view_mask.sum(axis=2),
    },
    Team.TARGET: {
        "raw_reward": lambda batch: _of_team(batch.target_reward),
        **_TEAM_COMPONENTS,
        "normalized_goal_distance": normalized_goal_distances,
        "sparse_delivery": lambda batch: batch.target_dones,
        "is_tracked": lambda batch: batch.tracked_bits,
        "is_colliding": lambda batch: batch.target_is_colliding,
    },
}
"""What a team's members can be rewarded for besides ``soft_coverage_score``; (B, N) or (B, 1) after a step."""


class Composed(NamedTuple):
    """The rewards of one step, and what they were made of."""

    rewards: np.ndarray  # (B, N)
    components: dict[str, np.ndarray]  # each (B, N)
    coefficients: dict[str, np.ndarray]  # each (B, N)


class AuxiliaryRewards:
    """Sums of coefficient times component for the members of a team; the batched form of the two wrappers of this name.

    Args:
        batch: whose rewards these are.
        coefficients: component name -> number or function of arrays (``Coefficient``). What is not named does not
            count, the raw reward included (Q46).
        reduction: ``mean``, ``sum``, ``max`` or ``min`` give every member the team's reduced value; ``none`` its own.
        soft_coverage_clip: cut the outline of the soft coverage score at the current sight range (Q26).

    Raises ValueError for an unknown component or reduction.
    """

    def __init__(
        self,
        team: Team,
        batch: Batch,
        coefficients: Mapping[str, Coefficient],
        reduction: str = "none",
        soft_coverage_clip: bool = False,
    ) -> None:
        known = {*COMPONENTS[team], "soft_coverage_score"}
        if not set(coefficients) <= known:
            raise ValueError(f"There are no rewards {sorted(set(coefficients) - known)}; there are {sorted(known)}.")
        if reduction != "none" and reduction not in REDUCTIONS:
            raise ValueError(f"reduction is one of none, {', '.join(REDUCTIONS)}, not {reduction!r}.")
        self.team = team
        self.batch = batch
        self.coefficients = dict(coefficients)
        self.reduction = reduction
        self.soft_coverage = SoftCoverage(batch, soft_coverage_clip)
        self.episode_id = np.full(batch.size, -1, np.int64)
        members = batch.camera_location if team is Team.CAMERA else batch.target_location
        self._shape = members.shape[:2]

    def begin(self, slots: np.ndarray) -> None:
        """Count the episodes that begin in ``slots``."""
        self.episode_id[slots] += 1

    def compose(self) -> Composed:
        """The rewards of the batch's last step."""
        rewards, components, factors = np.zeros(self._shape), {}, {}
        for key, coefficient in self.coefficients.items():
            component = np.broadcast_to(np.asarray(self._component(key), np.float64), self._shape)
            factor = np.broadcast_to(self._factor(coefficient, component), self._shape)
            rewards += factor * component
            components[key], factors[key] = component.copy(), factor.copy()
        if self.reduction != "none":
            rewards[:] = REDUCTIONS[self.reduction](rewards, axis=1, keepdims=True)
        return Composed(rewards, components, factors)

    def total(self) -> np.ndarray:
        """Return the rewards of the last step, as ``compose`` does, for coefficients that are numbers.

        Shape (B, 1) where all members have the same, else (B, N).
        """
        found = np.zeros((self.batch.size, 1))
        for key, coefficient in self.coefficients.items():
            found = found + np.asarray(self._component(key), np.float64) * coefficient  # type: ignore[operator]
        if self.reduction == "none" or (found.shape[1] == 1 and self.reduction != "sum"):
            return found
        if self.reduction == "mean":
            return found.mean(axis=1, keepdims=True)
        return REDUCTIONS[self.reduction](np.broadcast_to(found, self._shape), axis=1, keepdims=True)

    def _component(self, key: str) -> np.ndarray:
        if key != "soft_coverage_score":
            return COMPONENTS[self.team][key](self.batch)
        matrix, is_tracking = self.soft_coverage.scores(), self.batch.camera_target_view_mask
        if self.team is Team.TARGET:
            matrix, is_tracking = matrix.transpose(0, 2, 1), is_tracking.transpose(0, 2, 1)
        return score_members(matrix, is_tracking)

    def _factor(self, coefficient: Coefficient, component: np.ndarray) -> np.ndarray:
        if not callable(coefficient):
            return np.asarray(coefficient, np.float64)
        raw = COMPONENTS[self.team]["raw_reward"](self.batch)
        agents = np.arange(self._shape[1])[np.newaxis]
        return np.asarray(
            coefficient(agents, _of_team(self.episode_id), _of_team(self.batch.episode_step), raw, component)
        )
