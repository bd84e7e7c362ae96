"""Egocentric features: where each entity lies as its observer sees it, appended to the entity's record.

Bearings are relative to the axis of view of the camera that looks, so a camera learns to aim from two columns instead
of from Cartesian coordinates of both. Features of an entity out of sight are 0.
"""

from __future__ import annotations

import math

import numpy as np

from mate.compilation import kernel, part
from mate.constants import NUM_WAREHOUSES, OBSERVATION_OFFSET, TERRAIN_SIZE
from mate.messages import Team
from mate.sizes import FEATURES, RECORDS, size_of

GREATEST_LOG = 3.0
"""Bound of the logarithms of distance over sight range."""


@part
def _log_ratio(distance, reach):
    """Logarithm of distance over reach, bounded."""
    if reach <= 0.0:
        return GREATEST_LOG
    return min(max(math.log(max(distance, 1e-9) / reach), -GREATEST_LOG), GREATEST_LOG)


@part
def _look(axis_x, axis_y, dx, dy, out):
    """Write sine and cosine of the angle from an axis to a direction, and the logarithm of distance over the axis."""
    reach, distance = math.sqrt(axis_x * axis_x + axis_y * axis_y), math.sqrt(dx * dx + dy * dy)
    scale = reach * distance
    out[0] = (axis_x * dy - axis_y * dx) / scale if scale > 0.0 else 0.0
    out[1] = (axis_x * dx + axis_y * dy) / scale if scale > 0.0 else 1.0
    out[2] = _log_ratio(distance, reach)
    return distance


@part
def _point(dx, dy, radius, out):
    """Write the direction of a vector, and its length to the surface of a disc."""
    distance = math.sqrt(dx * dx + dy * dy)
    out[0] = dx / distance if distance > 0.0 else 0.0
    out[1] = dy / distance if distance > 0.0 else 0.0
    out[2] = (distance - radius) / TERRAIN_SIZE


@part
def _share_of_watchers(mates, num_mates, x, y):
    """Return the share of a camera's team mates in sight that have a point within angle and range of view."""
    watching, seen = 0, 0
    for j in range(num_mates):
        mate = mates[j * 7 :]
        if mate[6] == 0.0:
            continue
        seen += 1
        dx, dy = x - mate[0], y - mate[1]
        reach, distance = math.sqrt(mate[3] * mate[3] + mate[4] * mate[4]), math.sqrt(dx * dx + dy * dy)
        cosine = mate[3] * dx + mate[4] * dy
        if distance <= reach and cosine >= reach * distance * math.cos(mate[5] * math.pi / 360.0):
            watching += 1
    return watching / seen if seen > 0 else 0.0


@part
def _features_of_camera(row, kind, record, mates, num_mates, out):
    """Write what a camera's features of an entity are: opponents, obstacles and team mates are kinds 0, 1 and 2."""
    own = row[OBSERVATION_OFFSET:]
    out[3] = _look(own[3], own[4], record[0] - own[0], record[1] - own[1], out) / TERRAIN_SIZE
    if kind == 0:
        out[4] = record[3]
        out[5] = _share_of_watchers(mates, num_mates, record[0], record[1])
    elif kind == 1:
        out[4] = record[2] / max(out[3] * TERRAIN_SIZE, record[2]) if record[2] > 0.0 else 0.0


@part
def _features_of_target(row, kind, record, out):
    own = row[OBSERVATION_OFFSET:]
    dx, dy = record[0] - own[0], record[1] - own[1]
    if kind == 0:
        distance = _look(record[3], record[4], -dx, -dy, out)
        out[3] = distance / TERRAIN_SIZE
        out[4] = (record[5] / 2.0 - abs(math.atan2(out[0], out[1])) * 180.0 / math.pi) / 180.0
    else:
        _point(dx, dy, record[2] if kind == 1 else 0.0, out)


@kernel
def append_features(rows, transformed, is_camera, counts, records, features, out):
    """Write transformed observations (R, D) to ``out`` (R, E), each part followed by its egocentric features.

    ``rows`` (R, D) float64 are the raw observations; ``counts`` the numbers of opponents, obstacles and team mates;
    ``records`` and ``features`` are ``Widths``.
    """
    for number in range(rows.shape[0]):
        row, own, end = rows[number], rows[number, OBSERVATION_OFFSET:], OBSERVATION_OFFSET + records[0]
        out[number, :end] = transformed[number, :end]
        place = end
        if not is_camera:
            for w in range(NUM_WAREHOUSES):
                _point(row[4 + 2 * w] - own[0], row[5 + 2 * w] - own[1], 0.0, out[number, place:])
                place += 3
        mates = row[end + counts[0] * records[1] + counts[1] * records[2] :]
        for kind in range(3):
            width, more = records[1 + kind], features[1 + kind]
            for _ in range(counts[kind]):
                record = row[end : end + width]
                out[number, place : place + width] = transformed[number, end : end + width]
                place, end = place + width, end + width
                found = out[number, place : place + more]
                found[:] = 0.0
                if record[width - 1] != 0.0:
                    if is_camera:
                        _features_of_camera(row, kind, record, mates, counts[2], found)
                    else:
                        _features_of_target(row, kind, record, found)
                place += more


def append(observations: np.ndarray, transformed: np.ndarray, team: Team, counts: tuple[int, int, int]) -> np.ndarray:
    """Return transformed observations (..., D) with the egocentric features of the raw ones (..., D): (..., E) float32.

    ``counts`` are the scenario's cameras, targets and obstacles.
    """
    cameras, targets, obstacles = counts
    opponents, mates = (targets, cameras) if team is Team.CAMERA else (cameras, targets)
    out = np.empty((*observations.shape[:-1], size_of(team, *counts)), np.float32)
    width = observations.shape[-1]
    append_features(
        np.ascontiguousarray(observations, np.float64).reshape(-1, width),
        np.ascontiguousarray(transformed, np.float32).reshape(-1, width),
        team is Team.CAMERA, (opponents, obstacles, mates), tuple(RECORDS[team]), tuple(FEATURES[team]),
        out.reshape(-1, out.shape[-1]),
    )  # fmt: skip
    return out
