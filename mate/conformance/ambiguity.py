"""Marks of a recording that say where rounding decides, and how many blockers a step meets."""

import numpy as np

from mate.conformance.recording import Recording
from mate.conformance.report import Report
from mate.constants import WAREHOUSE_RADIUS, WAREHOUSES
from mate.scenario import Scenario

MARKS = ("ambig_ct", "ambig_cc", "ambig_tc", "ambig_to", "ambig_tt", "ambig_move", "ambig_warehouse")


def check_ambiguity(recording: Recording, report: Report, scenario: Scenario) -> None:
    """Compare the marks that are simple to recompute; they decide what the other comparisons leave out."""
    report.cover(*MARKS)
    away = np.abs(np.abs(recording["target_location"][:, :, None] - WAREHOUSES).max(axis=-1) - WAREHOUSE_RADIUS)
    nearest = away.min(axis=-1)
    marked = recording["ambig_warehouse"]
    report.demand("ambig_warehouse", ~marked | (nearest < 1e-6), "marked targets stand on a warehouse's edge")
    report.demand("ambig_warehouse", marked | (nearest > 1e-8), "targets on a warehouse's edge are marked")
    check_distance_marks(recording, report, scenario)
    count_blockers(recording, report, scenario)


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
        report.demand(name, ~marked | (margin < 1e-6), "marked pairs are at the limit of sight")
        report.demand(name, marked | (margin > 1e-9), "pairs at the limit of sight are marked")


def count_blockers(recording: Recording, report: Report, scenario: Scenario) -> None:
    """Discs that the straight step of each target runs into, or that contain its start."""
    start, action = recording["target_location"][:-1], recording["target_action"]
    limit = (scenario.target_step_size / recording["target_capacity"])[None, :]
    length = np.sqrt((action**2).sum(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        step = action * np.where(length > limit, limit / length, 1.0)[..., None]
    centres = np.concatenate([recording["obstacle_location"], recording["camera_location"]])
    radii = np.concatenate([recording["obstacle_radius"], np.full(scenario.num_cameras, scenario.camera_radius)])
    hits = np.zeros(length.shape, dtype=np.int64)
    for centre, radius in zip(centres, radii, strict=True):
        hits += _is_hit(start, step, centre, radius)
    report.compare("num_blockers_hit", hits, recording["num_blockers_hit"], ignore=recording["ambig_move"])


def _is_hit(start: np.ndarray, step: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    offset = centre - start
    distance, length = np.sqrt((offset**2).sum(axis=-1)), np.sqrt((step**2).sum(axis=-1))
    along = (offset * step).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = np.minimum(1.0, along / (distance * length))
        miss = distance * np.sqrt(1.0 - cosine**2)
        entry = np.maximum(0.0, distance * cosine - np.sqrt(radius**2 - miss**2))
    meets = (along >= 0.0) & (distance < length + radius) & (radius > miss) & (entry < length)
    return (distance < radius) | ((length > 0.0) & meets)
