"""Could the rules of a reset have led to the recorded beginning of an episode?"""

from collections.abc import Mapping

import numpy as np

from mate.constants import PLACEMENT_ATTEMPTS, TERRAIN_SIZE, WAREHOUSE_RADIUS, WAREHOUSES
from mate.engine.placement import WAREHOUSE_CLEARANCE
from mate.entities import CAMERA_SEPARATION
from mate.geometry import arctan2_deg, normalize_angle
from mate.messages import Team
from mate.scenario import Box, Scenario
from mate_arena.conformance.recording import Recording
from mate_arena.conformance.report import Report

Place = tuple[float, float, float]
"""x, y and radius."""


def check_start(recording: Recording, report: Report, scenario: Scenario) -> None:
    """Places, poses, loads and counters at index 0."""
    check_places(recording, report, scenario)
    check_poses(recording, report, scenario)
    check_loads(recording, report, scenario)
    check_memories(recording, report, scenario)
    total = int(recording["remaining_cargoes"][0].sum() + recording["target_goal_bits"][0].sum())
    check_draws(recording, report, scenario, total)
    zeros = ["target_steps", "tracked_steps", "target_is_colliding", "target_dones", "num_delivered_cargoes",
    "episode_step", "target_team_episode_reward", "delayed_target_team_episode_reward",
    "mean_transport_rate"]  # fmt: skip
    for name in zeros:
        report.demand(name, recording[name][0] == 0, "an episode starts from zero")
    check_derived(recording, report, scenario)


def check_places(recording: Mapping[str, np.ndarray], report: Report, scenario: Scenario) -> None:
    """Everybody stands in its box and clear of those before, unless no attempt could have managed that."""
    places: list[Place] = [(*centre, WAREHOUSE_CLEARANCE) for centre in WAREHOUSES]
    kinds = (
        (
            "camera",
            scenario.camera_boxes,
            np.full(scenario.num_cameras, scenario.camera_radius),
            scenario.target_step_size,
        ),
        ("obstacle", scenario.obstacle_boxes, recording["obstacle_radius"], scenario.target_step_size),
        ("target", scenario.target_boxes, np.zeros(scenario.num_targets), 0.0),
    )
    low, high = scenario.obstacle_radius_range
    radii = recording["obstacle_radius"]
    report.demand(
        "obstacle_radius", ((radii >= low) & (radii <= high)) | (radii == 0), "radii lie in their range, or are 0"
    )
    for kind, boxes, radii, gap in kinds:
        order, locations = recording[f"{kind}_order"], recording[f"{kind}_location"]
        locations = locations[0] if kind == Team.TARGET else locations
        if not np.array_equal(np.sort(order), np.arange(len(boxes))):
            continue
        for i, location in enumerate(locations):
            box = boxes[order[i]]
            spread = (low, high) if kind == "obstacle" else (radii[i], radii[i])
            report.demand(f"{kind}_location", _is_in_box(location, box, spread), f"{kind} {i} stands in its box")
            is_failed = kind == "obstacle" and radii[i] == 0.0 < low
            if is_failed or _overlap(location, radii[i], gap, places):
                crowd = _keep_cameras_apart(places, radii[i] + gap, scenario) if kind == Team.CAMERA else places
                report.demand(
                    f"{kind}_{'radius' if is_failed else 'location'}",
                    (is_failed or kind != "obstacle" or radii[i] == 0.0) and _can_fail(box, spread, gap, crowd),
                    f"{kind} {i} stands clear of everything",
                )
            places.append((*location, radii[i]))


def _keep_cameras_apart(places: list[Place], reach: float, scenario: Scenario) -> list[Place]:
    """The places with cameras made so large that ``reach`` away from them is as far as their sight ranges may
    demand.
    """
    apart = CAMERA_SEPARATION * scenario.camera_max_sight_range
    cameras = [(x, y, max(radius, apart - reach)) for x, y, radius in places[len(WAREHOUSES) :]]
    return [*places[: len(WAREHOUSES)], *cameras]


def _is_in_box(location: np.ndarray, box: Box, radii: tuple[float, float]) -> bool:
    ends = []
    for radius in radii:
        edge = TERRAIN_SIZE - 1.2 * radius
        ends.append(np.clip(box, -edge, edge))
    corners = np.array(ends)
    x_low, _, y_low, _ = corners.min(axis=0) - 1e-9
    _, x_high, _, y_high = corners.max(axis=0) + 1e-9
    return bool(x_low <= location[0] <= x_high and y_low <= location[1] <= y_high)


def _overlap(points: np.ndarray, radii: float | np.ndarray, gap: float, places: list[Place]) -> np.ndarray:
    """(...) which discs at ``points`` (..., 2) with ``radii`` (..., 1) come closer than ``gap`` to a place."""
    discs = np.array(places)
    distances = np.sqrt(((points[..., np.newaxis, :] - discs[:, :2]) ** 2).sum(axis=-1))
    return (distances * (1.0 + 1e-6) < radii + discs[:, 2] + gap).any(axis=-1)


def _can_fail(box: Box, radii: tuple[float, float], gap: float, places: list[Place]) -> bool:
    """Whether all of the permitted attempts at placing something here could plausibly have failed."""
    rng, samples = np.random.default_rng(0), 2000
    sizes = rng.uniform(*radii, (samples, 1))
    edges = TERRAIN_SIZE - 1.2 * sizes
    points = np.clip(rng.uniform((box[0], box[2]), (box[1], box[3]), (samples, 2)), -edges, edges)
    failures = _overlap(points, sizes, gap, places).sum()
    return bool((failures + 1) / (samples + 1) > 1e-6 ** (1.0 / PLACEMENT_ATTEMPTS))


def check_poses(recording: Mapping[str, np.ndarray], report: Report, scenario: Scenario) -> None:
    """Cameras start at a multiple of their rotation step, with any viewing angle and the range that it leaves."""
    turns = recording["camera_orientation"][0] / scenario.camera_rotation_step
    whole = np.round(np.mod(recording["camera_orientation"][0], 360.0) / scenario.camera_rotation_step)
    count = max(1, int(360.0 / scenario.camera_rotation_step))
    residue = np.abs(normalize_angle(whole * scenario.camera_rotation_step - recording["camera_orientation"][0]))
    is_multiple = (residue < 1e-9) & ((whole < count) | (whole * scenario.camera_rotation_step >= 360.0 - 1e-9))
    report.demand(
        "camera_orientation", is_multiple | ~np.isfinite(turns), "it starts at a multiple of the rotation step"
    )
    angle = recording["camera_viewing_angle"]
    low = scenario.camera_min_viewing_angle
    report.demand("camera_viewing_angle", (angle >= low) & (angle <= 180.0), f"it lies between {low} and 180 degrees")


def check_loads(recording: Mapping[str, np.ndarray], report: Report, scenario: Scenario) -> None:
    """Whole batches of cargo, loaded as capacities allow."""
    remaining, bits = recording["remaining_cargoes"][0], recording["target_goal_bits"][0]
    goal, weight = recording["target_goal"][0], bits.sum(axis=1)
    report.demand("remaining_cargoes", np.diagonal(remaining) == 0, "no cargo is destined to where it waits")
    awaiting = remaining.sum(axis=0) + bits.sum(axis=0)
    report.compare("awaiting_cargo_counts", awaiting, recording["awaiting_cargo_counts"][0])
    batch = scenario.num_cargoes_per_target * scenario.num_targets
    report.demand(
        "remaining_cargoes", awaiting.sum() > 0 and awaiting.sum() % batch == 0, f"cargo comes {batch} at a time"
    )
    report.demand(
        "target_goal_bits", (bits > 0) == (goal[:, None] == np.arange(4)), "the load stands at the goal's place"
    )
    capacity = recording["target_capacity"]
    high = np.arange(scenario.num_targets) < scenario.num_high_capacity_targets
    shown = np.sort(capacity)[::-1] if scenario.shuffle_entities else capacity
    report.compare("target_capacity", np.where(high, 2, 1), shown)
    report.demand("target_goal_bits", weight <= capacity, "nobody carries more than it can")
    report.compare("freights", weight * scenario.freight_scale, recording["freights"][0])
    report.compare("bounties", weight * scenario.bounty_scale, recording["bounties"][0])
    if scenario.targets_start_with_cargoes:
        report.demand("target_goal", goal >= 0, "all targets start with cargo")
    check_facing(recording, report, goal)


def check_memories(recording: Mapping[str, np.ndarray], report: Report, scenario: Scenario) -> None:
    """Only who stands in a warehouse was served there, or knows anything about it."""
    stands = np.abs(recording["target_location"][0][:, None] - WAREHOUSES).max(axis=-1) <= WAREHOUSE_RADIUS
    unsure = recording["ambig_warehouse"][0]
    if not scenario.targets_start_with_cargoes:
        is_idle = recording["target_goal"][0] < 0
        report.demand(
            "target_goal", is_idle | stands.any(axis=1), "only targets in warehouses are loaded", ignore=unsure
        )
    is_empty = recording["remaining_cargoes"][0].sum(axis=1) == 0
    empty = recording["target_empty_bits"][0]
    report.demand(
        "target_empty_bits", ~empty | (is_empty & stands), "only who stands in an empty warehouse knows", ignore=unsure
    )


def check_derived(recording: Mapping[str, np.ndarray], report: Report, scenario: Scenario) -> None:
    """What follows from the rest of a state, in every state."""
    sight_range = np.sqrt(scenario.camera_area_product / recording["camera_viewing_angle"])
    report.compare("camera_sight_range", sight_range, recording["camera_sight_range"])
    report.compare("target_is_loaded", recording["target_goal"] >= 0, recording["target_is_loaded"])
    counts = recording["remaining_cargoes"].sum(axis=2)
    report.compare("remaining_cargo_counts", counts, recording["remaining_cargo_counts"])
    distances = np.sqrt(((recording["target_location"][:, :, None] - WAREHOUSES) ** 2).sum(axis=-1))
    report.compare("target_warehouse_distances", distances, recording["target_warehouse_distances"])
    tracked, bounty = recording["tracked_bits"], recording["bounties"] > 0
    with np.errstate(invalid="ignore"):
        real = np.where(bounty.any(axis=1), (tracked & bounty).sum(axis=1) / bounty.sum(axis=1), 0.0)
    report.compare("coverage_rate", tracked.mean(axis=1), recording["coverage_rate"])
    report.compare("real_coverage_rate", real, recording["real_coverage_rate"])


def check_draws(recording: Recording, report: Report, scenario: Scenario, total: int) -> None:
    """The list of draws in ``meta``, where there is one, must give the capacities, and the cargo before anybody
    loaded.
    """
    choices = [result for method, result in recording.meta.get("reset_env_draws") or [] if method == "choice"]
    if not choices:
        return
    if scenario.shuffle_entities and scenario.num_high_capacity_targets > 0:
        report.compare("target_capacity", np.flatnonzero(recording["target_capacity"] == 2), np.sort(choices.pop(0)))
    stock = np.zeros((4, 4), dtype=np.int64)
    for origin, goal in choices[:total]:
        stock[origin, goal] += 1
    carried = stock - recording["remaining_cargoes"][0]
    report.demand("remaining_cargoes", carried >= 0, "it is part of the cargo drawn in `meta`")
    report.compare("target_goal_bits", carried.sum(axis=0), recording["target_goal_bits"][0].sum(axis=0))


def check_facing(recording: Mapping[str, np.ndarray], report: Report, goal: np.ndarray) -> None:
    """Loaded targets face their goal."""
    to_goal = WAREHOUSES[np.maximum(goal, 0)] - recording["target_location"][0]
    turn = normalize_angle(recording["target_orientation"][0] - arctan2_deg(to_goal[:, 1], to_goal[:, 0]))
    report.compare("target_orientation", np.zeros_like(turn), turn, ignore=goal < 0)
    angle = recording["target_orientation"]
    report.demand("target_orientation", np.abs(angle) <= 180.0, "it lies between -180 and 180 degrees")
