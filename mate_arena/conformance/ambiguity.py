"""Marks of a recording that say where rounding decides, and how many blockers a step meets."""

import numpy as np

from mate.constants import WAREHOUSE_RADIUS, WAREHOUSES
from mate.geometry import RAD2DEG, normalize_angle
from mate.scenario import Scenario
from mate_arena.conformance.recording import Recording
from mate_arena.conformance.report import Report
from mate_arena.conformance.statics import STRIP

CLOSE = 1e-6
"""Relative distance from a limit that every mark must be within; recordings mark what is within a tenth of it."""
CERTAIN = 1e-9
"""Closer to a limit than this, the mark must be there."""


def check_ambiguity(recording: Recording, report: Report, scenario: Scenario) -> None:
    """A mark must have a reason, since it excuses differences; and what is clearly at a limit must be marked."""
    check_warehouse_marks(recording, report)
    check_distance_marks(recording, report, scenario)
    if scenario.num_cameras:
        check_camera_marks(recording, report, scenario, "ambig_ct", recording["target_location"])
        cameras = np.broadcast_to(recording["camera_location"], (len(recording["state"]), scenario.num_cameras, 2))
        check_camera_marks(recording, report, scenario, "ambig_cc", cameras)
    report.cover("ambig_ct", "ambig_cc")
    check_blockers(recording, report, scenario)


def check_warehouse_marks(recording: Recording, report: Report) -> None:
    """Marked targets stand on the edge of a warehouse."""
    away = np.abs(np.abs(recording["target_location"][:, :, None] - WAREHOUSES).max(axis=-1) - WAREHOUSE_RADIUS)
    nearest = away.min(axis=-1)
    marked = recording["ambig_warehouse"]
    report.demand(
        "ambig_warehouse", ~marked | (nearest < WAREHOUSE_RADIUS * CLOSE), "marked targets stand on a warehouse's edge"
    )
    report.demand("ambig_warehouse", marked | (nearest > CERTAIN), "targets on a warehouse's edge are marked")


def check_distance_marks(recording: Recording, report: Report, scenario: Scenario) -> None:
    """What targets see depends on distances alone: marked pairs are at the limit, and pairs at the limit are marked."""
    place = recording["target_location"][:, :, None]
    reach = scenario.target_sight_range
    others = {
        "ambig_tc": (recording["camera_location"][None, None], reach + scenario.camera_radius),
        "ambig_to": (recording["obstacle_location"][None, None], reach + recording["obstacle_radius"]),
        "ambig_tt": (recording["target_location"][:, None], reach),
    }
    for name, (other, limit) in others.items():
        margin = np.abs(np.sqrt(((place - other) ** 2).sum(axis=-1)) / limit - 1.0)
        marked = recording[name]
        report.demand(name, ~marked | (margin < CLOSE), "marked pairs are at the limit of sight")
        report.demand(name, marked | (margin > CERTAIN), "pairs at the limit of sight are marked")


def check_camera_marks(recording: Recording, report: Report, scenario: Scenario, name: str, others: np.ndarray) -> None:
    """Marked pairs are at the limit of range, sector or boundary, or beside an obstacle's tangent."""
    offsets = others[:, None] - recording["camera_location"][:, None]
    distances = np.sqrt((offsets**2).sum(axis=-1))
    bearings = np.arctan2(offsets[..., 1], offsets[..., 0]) * RAD2DEG
    turn = np.abs(normalize_angle(recording["camera_orientation"][:, :, None] - bearings))
    reaches = [
        recording["camera_sight_range"][:, :, None] / np.maximum(distances, 1e-12),
        recording["camera_viewing_angle"][:, :, None] / np.maximum(2.0 * turn, 1e-12),
        _boundary_at(recording, bearings) / np.maximum(distances, 1e-12),
    ]
    at_limit = np.any([np.abs(reach - 1.0) < 2.0 * CLOSE for reach in reaches], axis=0)
    beside, behind = _tangent_strips(recording, scenario, bearings, distances)
    report.demand(name, ~recording[name] | at_limit | beside, "marked pairs are at a limit of sight")
    report.demand(name, recording[name] | ~behind, "pairs beside a tangent, and beyond it, are marked")


def _boundary_at(recording: Recording, bearings: np.ndarray) -> np.ndarray:
    """(K, C, N) boundary of each camera at the bearings of others."""
    boundary = np.empty_like(bearings)
    for c in range(bearings.shape[1]):
        part = slice(recording["sight_ptr"][c], recording["sight_ptr"][c + 1])
        boundary[:, c] = np.interp(
            normalize_angle(bearings[:, c]), recording["sight_phi"][part], recording["sight_rho"][part]
        )
    return boundary


def _tangent_strips(
    recording: Recording, scenario: Scenario, bearings: np.ndarray, distances: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which bearings lie in the strip beside a tangent, and which of these clearly so and clearly beyond the
    obstacle's rim.
    """
    beside, behind = np.zeros(bearings.shape, dtype=bool), np.zeros(bearings.shape, dtype=bool)
    for c in range(bearings.shape[1]):
        for place, radius in zip(recording["obstacle_location"], recording["obstacle_radius"], strict=True):
            x, y = place - recording["camera_location"][c]
            d = np.sqrt(x * x + y * y)
            if d >= scenario.camera_max_sight_range + radius or scenario.obstacle_transmittance == 1.0 or radius >= d:
                continue
            half, centre = np.arcsin(radius / d) * RAD2DEG, np.arctan2(y, x) * RAD2DEG
            for tangent in (centre - half, centre + half):
                away = np.abs(normalize_angle(bearings[:, c] - tangent))
                beside[:, c] |= away < STRIP + 1e-4
                behind[:, c] |= (away < STRIP - 1e-4) & (distances[:, c] > 1.001 * np.sqrt(d * d - radius * radius))
    return beside, behind


def check_blockers(recording: Recording, report: Report, scenario: Scenario) -> None:
    """Discs that the straight step of each target runs into, or that contain its start; and moves that hinge on
    rounding.
    """
    start, action = recording["target_location"][:-1], recording["target_action"]
    limit = (scenario.target_step_size / recording["target_capacity"])[None, :]
    length = np.sqrt((action**2).sum(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        step = action * np.where(length > limit, limit / length, 1.0)[..., None]
    centres = np.concatenate([recording["obstacle_location"], recording["camera_location"]])
    radii = np.concatenate([recording["obstacle_radius"], np.full(scenario.num_cameras, scenario.camera_radius)])
    hits, is_close, is_on = (
        np.zeros(length.shape, dtype=np.int64),
        np.zeros(length.shape, bool),
        np.zeros(length.shape, bool),
    )
    for centre, radius in zip(centres, radii, strict=True):
        meets, grazes, rim = _meet(start, step, centre, radius)
        hits += meets
        is_close |= grazes | (rim < CLOSE * max(1.0, radius))
        is_on |= rim < CERTAIN
    marked = recording["ambig_move"]
    report.compare("num_blockers_hit", hits, recording["num_blockers_hit"], ignore=marked)
    report.demand("ambig_move", ~marked | is_close, "marked moves start on a disc's rim, graze one or hit one head-on")
    report.demand("ambig_move", marked | ~is_on, "moves that start on a disc's rim are marked")


def _meet(
    start: np.ndarray, step: np.ndarray, centre: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether steps run into a disc, whether they graze or go straight through its centre, and how far off its rim
    they start.
    """
    offset = centre - start
    distance, length = np.sqrt((offset**2).sum(axis=-1)), np.sqrt((step**2).sum(axis=-1))
    along = (offset * step).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = np.clip(along / (distance * length), -1.0, 1.0)
        miss = distance * np.sqrt(1.0 - cosine**2)
        entry = np.maximum(0.0, distance * cosine - np.sqrt(radius**2 - miss**2))
        is_fine = (np.abs(miss / radius - 1.0) < CLOSE) | (1.0 - np.abs(cosine) < CLOSE)
    meets = (along >= 0.0) & (distance < length + radius) & (radius > miss) & (entry < length)
    is_near = distance < length + radius + CLOSE
    return (distance < radius) | ((length > 0.0) & meets), is_fine & is_near, np.abs(distance - radius)
