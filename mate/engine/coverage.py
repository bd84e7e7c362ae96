"""Soft coverage scores: how deep a target is inside, or how far outside, what a camera can see.

The measure of Pan et al., "MATE: Benchmarking Multi-Agent Reinforcement Learning in Distributed Target Coverage
Control" (NeurIPS 2022 Datasets and Benchmarks): the distance to the outline of the sector over the sector's in-radius.
The outline is a cloud of points: the far side of the sector, behind obstacles, and points on each edge.
"""

import math

import numpy as np

from mate.compilation import kernel
from mate.engine.tables import cut_boundary
from mate.geometry import DEG2RAD

EDGE_POINTS = 16
"""Points on each edge of a sector."""


@kernel
def outline_sector(inner_phi, inner_rho, outer_phi, outer_rho, orientation, viewing_angle):
    """(P, 2) points around a camera's field of view, relative to the camera, from its two boundary tables.

    The far side is not cut at the camera's current sight range, and its two ends are in front of obstacles (Q26).
    """
    left, right = orientation - 0.5 * viewing_angle, orientation + 0.5 * viewing_angle
    angles, ranges = cut_boundary(inner_phi, inner_rho, outer_phi, outer_rho, left, right)
    count, last = angles.shape[0], angles.shape[0] - 1
    points = np.empty((count + 2 * EDGE_POINTS, 2))
    for i in range(count):
        points[i, 0] = ranges[i] * math.cos(angles[i] * DEG2RAD)
        points[i, 1] = ranges[i] * math.sin(angles[i] * DEG2RAD)
    for i in range(EDGE_POINTS):
        share = i / EDGE_POINTS
        points[count + i] = points[0] * share
        points[count + EDGE_POINTS + i] = points[last] * share
    return points


@kernel
def _least_distance(points, x, y):
    least = np.inf
    for i in range(points.shape[0]):
        dx, dy = points[i, 0] - x, points[i, 1] - y
        least = min(least, dx * dx + dy * dy)
    return math.sqrt(least)


@kernel
def score_outline(outline, x, y, locations, is_seen, sight_range, viewing_angle, scores):
    """Write a row (T,) of scores: distances of targets at ``locations`` (T, 2) to the outline of a camera at (x, y).

    In units of the radius of the circle inside the sector; positive for targets that the camera sees, else negative.
    """
    if viewing_angle < 180.0:
        inradius = sight_range / (1.0 + 1.0 / math.sin(0.5 * viewing_angle * DEG2RAD))
    else:
        inradius = 0.5 * sight_range
    for t in range(locations.shape[0]):
        distance = _least_distance(outline, locations[t, 0] - x, locations[t, 1] - y)
        scores[t] = (distance if is_seen[t] else -distance) / inradius


@kernel
def score_camera(inner_phi, inner_rho, outer_phi, outer_rho, clip, own, locations, is_seen, scores):
    """Write one camera's row (T,) of the matrix of scores.

    ``own`` (5,) is x, y, orientation, viewing angle and sight range; ``clip`` cuts the outline at the sight range.
    """
    if clip:
        cut = np.minimum(outer_rho, own[4])
        outline = outline_sector(outer_phi, cut, outer_phi, cut, own[2], own[3])
    else:
        outline = outline_sector(inner_phi, inner_rho, outer_phi, outer_rho, own[2], own[3])
    score_outline(outline, own[0], own[1], locations, is_seen, own[4], own[3], scores)


@kernel
def score_slots(tables, knots, clip, own, locations, is_seen, scores):
    """``score_camera`` for all slots: tables (B, C, 4, K), of which (B, C, 2) knots count, own (B, C, 5), scores (B,
    C, T).
    """
    for slot in range(scores.shape[0]):
        for c in range(scores.shape[1]):
            table, inner, outer = tables[slot, c], knots[slot, c, 0], knots[slot, c, 1]
            score_camera(
                table[0, :inner],
                table[1, :inner],
                table[2, :outer],
                table[3, :outer],
                clip,
                own[slot, c],
                locations[slot],
                is_seen[slot, c],
                scores[slot, c],
            )
