"""What does not change during an episode: is it what the configuration says, and do sight tables follow from the
obstacles?
"""

from typing import Any

import numpy as np

from mate.constants import TERRAIN_SIZE, WAREHOUSE_RADIUS, WAREHOUSES
from mate.engine.tables import Table, build_table
from mate.geometry import RAD2DEG, normalize_angle
from mate.scenario import Scenario
from mate_arena.conformance.recording import Recording
from mate_arena.conformance.report import Report

STRIP = 0.0101
"""Degrees around an obstacle's tangents in which rounding decides what is seen."""
STRIPS = {"sight": 1e-6, "sight_outer": STRIP}
"""Degrees around an obstacle's tangents in which rounding decides a knot's range, by table."""
SHORT_CHORD = 4.4e-7
"""A ray's range to an obstacle at distance d errs by up to 4e-16 d**2 / chord: by 1e-9 on half chords of this times
d**2.
"""


def check_configuration(recording: Recording, report: Report, scenario: Scenario) -> None:
    """Compare the constants with what the configuration in ``meta`` gives."""
    counts = [scenario.num_cameras, scenario.num_targets, scenario.num_obstacles]
    expected: dict[str, Any] = {
        "num_entities": counts,
        "warehouses": WAREHOUSES,
        "warehouse_radius": WAREHOUSE_RADIUS,
        "terrain_size": TERRAIN_SIZE,
        "preserved_data": [*counts, 0.0, *WAREHOUSES.ravel(), WAREHOUSE_RADIUS],
        "max_episode_steps": int(scenario.max_episode_steps),
        "num_cargoes_per_target": scenario.num_cargoes_per_target,
        "num_high_capacity_targets": scenario.num_high_capacity_targets,
        "bounty_factor": scenario.bounty_factor,
        "transmittance": scenario.obstacle_transmittance,
        "freight_scale": scenario.freight_scale,
        "bounty_scale": scenario.bounty_scale,
        "reward_scale": scenario.reward_scale,
        "max_target_team_episode_reward": scenario.max_target_team_episode_reward,
        "sparse_reward": scenario.reward_type == "sparse",
    }
    for name, value in expected.items():
        report.compare(name, value, recording[name])
    steps = recording.meta.get("inner_T", recording.meta.get("T", len(recording["done"])))
    report.demand("done", len(recording["done"]) == steps, "there are as many steps as `meta` says")
    if "ended_done" in recording.meta:
        report.demand("done", recording["done"].any() == recording.meta["ended_done"], "it ended as `meta` says")


def check_statics(recording: Recording, report: Report, scenario: Scenario) -> None:
    """Compare what every camera, target and obstacle has, and the order they were shuffled into."""
    c, t, o = scenario.num_cameras, scenario.num_targets, scenario.num_obstacles
    capacity = recording["target_capacity"]
    expected = {
        "camera_radius": np.full(c, scenario.camera_radius),
        "camera_max_sight_range": np.full(c, scenario.camera_max_sight_range),
        "camera_min_viewing_angle": np.full(c, scenario.camera_min_viewing_angle),
        "camera_rotation_step": np.full(c, scenario.camera_rotation_step),
        "camera_zooming_step": np.full(c, scenario.camera_zooming_step),
        "camera_area_product": np.full(c, scenario.camera_area_product),
        "obstacle_transmittance": np.full(o, scenario.obstacle_transmittance),
        "target_sight_range": np.full(t, scenario.target_sight_range),
        "target_transport_product": np.full(t, scenario.target_step_size),
        "target_step_size": scenario.target_step_size / capacity,
        "env_target_capacities": capacity,
        "camera_obstacle_view_mask": _distances(recording)
        < scenario.camera_max_sight_range + recording["obstacle_radius"],
    }
    for name, value in expected.items():
        report.compare(name, value, recording[name])
    for name, count in (("camera_order", c), ("target_order", t), ("obstacle_order", o)):
        order = recording[name]
        is_permutation = np.array_equal(np.sort(order), np.arange(count))
        report.demand(name, is_permutation, f"it is a permutation of 0 to {count - 1}")
        if not scenario.shuffle_entities:
            report.demand(name, np.array_equal(order, np.arange(count)), "nothing is shuffled")


def check_sight(recording: Recording, report: Report, scenario: Scenario) -> None:
    """Rebuild the sight tables and compare them knot by knot, except beside tangents, where rounding decides (Q17)."""
    report.cover("sight_phi", "sight_rho")
    for prefix, strip in STRIPS.items():
        if f"{prefix}_ptr" not in recording:
            continue
        pointers, phi, rho = (recording[f"{prefix}_{part}"] for part in ("ptr", "phi", "rho"))
        count = scenario.num_cameras
        is_cut = pointers.shape == (count + 1,) and pointers[0] == 0 and pointers[-1] == len(phi) == len(rho)
        fits = is_cut and (np.diff(pointers) > 1).all()
        report.demand(f"{prefix}_ptr", fits, "it cuts the knots into one part for each camera")
        within = (rho >= 0.0) & (rho <= scenario.camera_max_sight_range * (1.0 + 1e-9))
        report.demand(f"{prefix}_rho", within, "nothing is seen beyond the maximum range")
        if fits:
            _check_tables(recording, report, scenario, prefix, strip)


def _check_tables(recording: Recording, report: Report, scenario: Scenario, prefix: str, strip: float) -> None:
    pointers, phi, rho = (recording[f"{prefix}_{part}"] for part in ("ptr", "phi", "rho"))
    expected_phi, expected_rho = np.empty(phi.shape), np.empty(rho.shape)
    is_beside, ascends = np.zeros(phi.shape, np.bool_), np.ones(phi.shape, np.bool_)
    for c in range(scenario.num_cameras):
        part = slice(pointers[c], pointers[c + 1])
        ours = _table(recording, scenario, c, outer=prefix == "sight_outer")
        nearest = np.abs(ours[0][None, :] - phi[part, None]).argmin(axis=1)
        expected_phi[part], expected_rho[part] = ours[0][nearest], ours[1][nearest]
        strips = np.maximum(strip, _find_strips(recording, scenario, c))
        is_beside[part] = _is_beside(phi[part], find_tangents(recording, scenario, c), strips)
        ascends[part] = np.diff(phi[part], prepend=-np.inf) > 0.0
        missing = np.abs(phi[part][None, :] - ours[0][:, None]).min(axis=1)
        report.demand(f"{prefix}_phi", missing < 1e-9 * 180.0, f"camera {c} has a knot at every bearing that ours has")
        ends = f"the table of camera {c} ends a turn after its beginning, at the same range"
        report.demand(f"{prefix}_phi", phi[part][-1] == phi[part][0] + 360.0, ends)
        report.demand(f"{prefix}_rho", rho[part][-1] == rho[part][0], ends)
    report.demand(f"{prefix}_phi", ascends, "a camera's bearings ascend")
    report.compare(f"{prefix}_phi", expected_phi, phi)
    report.compare(f"{prefix}_rho", expected_rho, rho, ignore=is_beside)


def _table(recording: Recording, scenario: Scenario, c: int, outer: bool) -> Table:
    return build_table(
        recording["camera_location"][c],
        recording["obstacle_location"],
        recording["obstacle_radius"],
        scenario.camera_max_sight_range,
        scenario.obstacle_transmittance,
        outer=outer,
    )


def find_tangents(recording: Recording, scenario: Scenario, c: int) -> np.ndarray:
    """Bearings of the tangents from camera c to the obstacles that it can see."""
    _, _, bearings, halves = _find_obstacles(recording, scenario, c)
    return normalize_angle(np.concatenate([bearings - halves, bearings + halves]))


def _find_obstacles(
    recording: Recording, scenario: Scenario, c: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Distances, radii, bearings and half angles of the obstacles that camera c can see."""
    offsets = recording["obstacle_location"] - recording["camera_location"][c]
    distances, radii = np.sqrt((offsets**2).sum(axis=1)), recording["obstacle_radius"]
    is_near = (distances < scenario.camera_max_sight_range + radii) & (scenario.obstacle_transmittance != 1.0)
    offsets, distances, radii = offsets[is_near], distances[is_near], radii[is_near]
    return distances, radii, np.arctan2(offsets[:, 1], offsets[:, 0]) * RAD2DEG, _half_angles(radii, distances)


def _half_angles(radii: np.ndarray, distances: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.arcsin(np.minimum(1.0, radii / distances)) * RAD2DEG


def _find_strips(recording: Recording, scenario: Scenario, c: int) -> np.ndarray:
    """Degrees on either side of each of ``find_tangents`` within which a ray cuts the obstacle so short that its
    range errs.
    """
    distances, radii, _, halves = _find_obstacles(recording, scenario, c)
    sure = np.sqrt(np.maximum(radii**2 - (SHORT_CHORD * distances**2) ** 2, 0.0))
    return np.tile(halves - _half_angles(sure, distances), 2)


def _is_beside(angles: np.ndarray, tangents: np.ndarray, widths: np.ndarray) -> np.ndarray:
    if not tangents.size:
        return np.zeros(angles.shape, dtype=bool)
    return (np.abs(normalize_angle(angles[:, None] - tangents)) <= widths).any(axis=1)


def _distances(recording: Recording) -> np.ndarray:
    offsets = recording["camera_location"][:, None] - recording["obstacle_location"]
    return np.sqrt((offsets**2).sum(axis=-1))
