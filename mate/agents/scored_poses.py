"""The search of heuristic cameras with custom scores, as ``mate.agents.laws.coverage`` does with the built-in ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mate.agents.laws.aim import orientation_of

Scores = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def find_scored_goal(
    scores: Scores,
    owns: NDArray[np.float64],
    targets: NDArray[np.float64],
    orders: NDArray[np.int64],
    limits: NDArray[np.float64],
) -> list[tuple[float, float] | None]:
    """Return the orientation and viewing angle (degrees) of each camera, None for one without a target in reach.

    ``scores`` are poses (S, 3), points (P, 2) and scores (P, S); ``owns`` (N, 9) private states of the cameras,
    ``targets`` (M, 2) positions, ``orders`` (K, N) in which the cameras choose, ``limits`` (2,) the largest turn and
    zoom of one step. A camera takes the pose of most score, a new target counting 1; of the orders that with most score
    and targets wins, then the one that costs fewest steps, then the lexicographically last.
    """
    mesh = scores[0]
    values, covers, reached = zip(*(_value_poses(scores, own, targets) for own in owns), strict=True)
    winner = max(_choose_in_order(mesh, owns, values, covers, order, limits) for order in orders)
    poses = dict(zip(winner[2], winner[3], strict=True))
    return [
        (float(mesh[poses[camera], 0]), float(mesh[poses[camera], 1])) if reached[camera] else None
        for camera in range(len(owns))
    ]


def _value_poses(
    scores: Scores, own: NDArray[np.float64], targets: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], bool]:
    """The score (S,) of each pose of one camera, the targets (S, M) it covers, and whether any is in reach."""
    _, points, table = scores
    offsets = targets - own[:2]
    reached = np.flatnonzero(np.hypot(*offsets.T) <= own[6])
    distances = np.linalg.norm(points[:, np.newaxis] - offsets[reached], axis=-1)
    at_targets = table[distances.argmin(axis=0)]
    covered = np.zeros((table.shape[1], len(targets)), np.bool_)
    covered[:, reached] = at_targets.T > 0.0
    return at_targets.sum(axis=0), covered, len(reached) > 0


def _choose_in_order(
    mesh: NDArray[np.float64],
    owns: NDArray[np.float64],
    values: tuple[NDArray[np.float64], ...],
    covers: tuple[NDArray[np.bool_], ...],
    order: NDArray[np.int64],
    limits: NDArray[np.float64],
) -> tuple[float, float, tuple[int, ...], tuple[int, ...]]:
    """Let the cameras choose one after the other: worth, negative cost, the order, and the poses in it."""
    covered, total, cost, poses = np.zeros(covers[0].shape[1], np.bool_), 0.0, 0.0, []
    for camera in order:
        pose = int(np.argmax(values[camera] + (covers[camera] & ~covered).sum(axis=1)))
        now = np.array([orientation_of(owns[camera]), owns[camera, 5]])
        cost += float((np.abs(mesh[pose, :2] - now) / limits).max())
        total += float(values[camera][pose])
        covered |= covers[camera][pose]
        poses.append(pose)
    return total + int(covered.sum()), -cost, tuple(map(int, order)), tuple(poses)
