"""Conversion of a frame to shapes, from bottom to top."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mate.constants import TERRAIN_SIZE, WAREHOUSE_RADIUS, WAREHOUSES
from mate.engine.tables import boundary_between
from mate.rendering.frame import Frame
from mate.rendering.pictograms import pictogram
from mate.rendering.shapes import BLACK, Colour, Line, Points, Polygon, Shape, disc, placed, polar, square

WAREHOUSE_COLOURS = tuple(
    (red / 255, green / 255, blue / 255)
    for red, green, blue in ((52, 127, 212), (255, 34, 34), (149, 117, 205), (134, 110, 68))
)
OBSTACLE: Colour = (0.3, 0.3, 0.3, 1.0)
CAMERA_UNSEEN: Colour = (0.1, 0.2, 0.6, 1.0)
CAMERA_SEEN: Colour = (0.6, 0.2, 0.1, 1.0)
CAMERA_BODY: Colour = (1.0, 1.0, 1.0, 0.75)
CAMERA_LENS: Colour = (0.1, 0.1, 0.1, 0.75)
SECTOR: Colour = (0.0, 0.6, 0.8, 0.10)
VISIBLE_TRACKING: Colour = (0.0, 0.6, 0.0, 0.25)
VISIBLE_IDLE: Colour = (0.6, 0.6, 0.0, 0.25)
UNLOADED: Colour = (0.2, 0.6, 0.2, 1.0)
TRACKED: Colour = (1.0, 1.0, 0.0, 1.0)
NO_BOUNTY: Colour = (1.0, 1.0, 1.0, 0.66)

TARGET_SCALE = 27.5
_BODY = ((0.8, 0.6), (-0.8, 0.6), (-0.8, -0.6), (0.8, -0.6))
_LENS = ((1.2, 0.3), (0.7, 0.3), (0.7, -0.3), (1.2, -0.3))
_ARROWHEAD = ((1, 0), (-0.2, 0.6), (-0.8, 0.6), (-0.4, 0), (-0.8, -0.6), (-0.2, -0.6))
_PENTAGON = ((1, 0), (0.3, 0.6), (-0.8, 0.6), (-0.8, -0.6), (0.3, -0.6))


def scene(frame: Frame, below: Iterable[Shape] = (), above: Iterable[Shape] = ()) -> list[Shape]:
    """The shapes of a frame in drawing order.

    ``below`` goes under the fields of view and all that moves (communication arrows, selection lines), ``above`` on
    top.
    """
    return [*ground(frame), *below, *fields_of_view(frame), *cameras(frame), *targets(frame), *above]


def ground(frame: Frame) -> list[Shape]:
    """The border of the terrain, the warehouses and the obstacles."""
    shapes: list[Shape] = [Line(square((0, 0), TERRAIN_SIZE), BLACK, width=3, is_closed=True)]
    for index, centre in enumerate(WAREHOUSES):
        has_remaining = bool(frame.remaining_cargoes[index].any())
        is_awaiting = bool(frame.awaiting_cargo_counts[index] > 0)
        alpha = 0.6 if has_remaining or is_awaiting else 0.3
        shapes.append(Polygon(square(centre, WAREHOUSE_RADIUS), (*WAREHOUSE_COLOURS[index], alpha)))
        shapes += pictogram(centre, has_remaining, is_awaiting)
    for centre, radius in zip(frame.obstacle_location, frame.obstacle_radius, strict=True):
        if radius > 0:
            shapes.append(Polygon(disc(centre, radius), OBSTACLE))
    return shapes


def fields_of_view(frame: Frame) -> list[Shape]:
    """Return for each camera its sector and the part of it that obstacles leave visible."""
    shapes: list[Shape] = []
    for camera, centre in enumerate(frame.camera_location):
        orientation, half = frame.camera_orientation[camera], frame.camera_viewing_angle[camera] / 2
        angles, ranges = boundary_between(frame.sight[camera], orientation - half, orientation + half)
        sight_range = frame.camera_sight_range[camera]
        visible = np.clip(ranges, frame.camera_radius[camera], sight_range)
        is_tracking = frame.camera_target_view_mask[camera].any()
        shapes.append(Polygon(_fan(centre, sight_range, angles), SECTOR))
        shapes.append(Polygon(_fan(centre, visible, angles), VISIBLE_TRACKING if is_tracking else VISIBLE_IDLE))
    return shapes


def cameras(frame: Frame) -> list[Shape]:
    """The cameras: base, body and lens."""
    shapes: list[Shape] = []
    is_seen = np.logical_or.reduce(frame.target_camera_view_mask, axis=0)
    for camera, centre in enumerate(frame.camera_location):
        radius, orientation = frame.camera_radius[camera], frame.camera_orientation[camera]
        shapes += [
            Polygon(disc(centre, radius), CAMERA_SEEN if is_seen[camera] else CAMERA_UNSEEN),
            Polygon(placed(_BODY, centre, radius, orientation), CAMERA_BODY),
            Polygon(placed(_LENS, centre, radius, orientation), CAMERA_LENS),
        ]
    return shapes


def targets(frame: Frame) -> list[Shape]:
    """The markers of tracked targets, then the targets."""
    is_tracked = frame.camera_target_view_mask.any(axis=0)
    marked = frame.target_location[is_tracked]
    shapes: list[Shape] = [Polygon(disc(centre, 1.2 * TARGET_SCALE, 15), TRACKED) for centre in marked]
    for target, centre in enumerate(frame.target_location):
        outline = _ARROWHEAD if frame.target_capacity[target] == 1 else _PENTAGON
        goal, orientation = frame.target_goal[target], frame.target_orientation[target]
        colour = UNLOADED if goal < 0 else (*WAREHOUSE_COLOURS[goal], 1.0)
        shapes.append(Polygon(placed(outline, centre, TARGET_SCALE, orientation), colour))
        if goal >= 0 and frame.bounties[target] == 0:
            shapes.append(Polygon(placed(outline, centre, 0.4 * TARGET_SCALE, orientation), NO_BOUNTY))
    return shapes


def _fan(centre: Points, lengths: Points | float, angles: Points) -> Points:
    return np.concatenate([centre[None], centre + polar(lengths, angles)])
