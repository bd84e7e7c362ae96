"""What does not change during an episode: is it what the configuration says, and do sight tables follow from the obstacles?"""

from typing import Any

import numpy as np

from mate.conformance.recording import Recording
from mate.conformance.report import Report
from mate.constants import TERRAIN_SIZE, WAREHOUSE_RADIUS, WAREHOUSES
from mate.engine.tables import build_table, look_up
from mate.geometry import RAD2DEG, normalize_angle
from mate.scenario import Scenario

STRIP = 0.0101
"""Degrees around an obstacle's tangents in which rounding decides."""


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
    """Rebuild the sight tables. Knots beside a tangent are decided by rounding; there the curves only have to agree further off."""
    report.cover("sight_phi", "sight_rho")
    for prefix in ("sight", "sight_outer"):
        if f"{prefix}_ptr" not in recording:
            continue
        pointers, phi, rho = (recording[f"{prefix}_{part}"] for part in ("ptr", "phi", "rho"))
        count = scenario.num_cameras
        is_cut = pointers.shape == (count + 1,) and pointers[0] == 0 and pointers[-1] == len(phi) == len(rho)
        fits = is_cut and (np.diff(pointers) > 1).all()
        report.demand(f"{prefix}_ptr", fits, "it cuts the knots into one part for each camera")
        for c in range(count if fits else 0):
            part = slice(pointers[c], pointers[c + 1])
            _check_table(recording, report, scenario, prefix, c, (phi[part], rho[part]))


def _check_table(
    recording: Recording,
    report: Report,
    scenario: Scenario,
    prefix: str,
    c: int,
    recorded: tuple[np.ndarray, np.ndarray],
) -> None:
    ours = build_table(
        recording["camera_location"][c],
        recording["obstacle_location"],
        recording["obstacle_radius"],
        scenario.camera_max_sight_range,
        scenario.obstacle_transmittance,
        outer=prefix == "sight_outer",
    )
    phi, rho = recorded
    report.demand(f"{prefix}_phi", np.diff(phi) > 0, "bearings ascend")
    within = (rho >= 0.0) & (rho <= scenario.camera_max_sight_range * (1.0 + 1e-9))
    report.demand(f"{prefix}_rho", within, "nothing is seen beyond the maximum range")
    report.compare(f"{prefix}_phi", [phi[0] + 360.0], [phi[-1]])
    report.compare(f"{prefix}_rho", [rho[0]], [rho[-1]])
    if not (np.diff(phi) > 0).all():
        return
    tangents = _tangents(recording, scenario, c)
    # Within a table, samples that coincide up to rounding may be merged or not: compare away from tangents, both ways round.
    report.compare(f"{prefix}_phi", *_match(phi, ours[0], tangents))
    slivers = STRIP if prefix == "sight" else 1.01
    report.compare(
        f"{prefix}_rho", _interpolate(ours, phi), rho, ignore=_is_beside(phi, tangents, slivers), tolerance=1e-8
    )
    report.compare(
        f"{prefix}_rho",
        ours[1],
        _interpolate(recorded, ours[0]),
        ignore=_is_beside(ours[0], tangents, slivers),
        tolerance=1e-8,
    )


def _match(phi: np.ndarray, ours: np.ndarray, tangents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each recorded bearing and ours nearest to it, and the other way round."""
    nearest = ours[np.abs(ours[None, :] - phi[:, None]).argmin(axis=1)]
    other = phi[np.abs(phi[None, :] - ours[:, None]).argmin(axis=1)]
    return np.concatenate([nearest, ours]), np.concatenate([phi, other])


def _interpolate(table: tuple[np.ndarray, np.ndarray], angles: np.ndarray) -> np.ndarray:
    return np.array([look_up(*table, float(angle)) for angle in angles])


def _tangents(recording: Recording, scenario: Scenario, c: int) -> np.ndarray:
    """Bearings of the tangents from camera c to the obstacles that it can see."""
    offsets = recording["obstacle_location"] - recording["camera_location"][c]
    distances, radii = np.sqrt((offsets**2).sum(axis=1)), recording["obstacle_radius"]
    is_near = (distances < scenario.camera_max_sight_range + radii) & (scenario.obstacle_transmittance != 1.0)
    bearings = np.arctan2(offsets[:, 1], offsets[:, 0])[is_near] * RAD2DEG
    with np.errstate(invalid="ignore", divide="ignore"):
        halves = np.arcsin(np.minimum(1.0, radii / distances))[is_near] * RAD2DEG
    return normalize_angle(np.concatenate([bearings - halves, bearings + halves]))


def _is_beside(angles: np.ndarray, tangents: np.ndarray, width: float) -> np.ndarray:
    if not tangents.size:
        return np.zeros(angles.shape, dtype=bool)
    return (np.abs(normalize_angle(angles[:, None] - tangents)) <= width).any(axis=1)


def _distances(recording: Recording) -> np.ndarray:
    offsets = recording["camera_location"][:, None] - recording["obstacle_location"]
    return np.sqrt((offsets**2).sum(axis=-1))
