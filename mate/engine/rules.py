"""What a scenario tells the kernels: its numbers as one vector, its places as one table of boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba.extending import register_jitable
from numba.np.unsafe.ndarray import to_fixed_tuple

from mate.geometry import greatest_square

if TYPE_CHECKING:
    from mate.scenario import Scenario


class Rules(NamedTuple):
    """The numbers of a scenario, all float64; truth values are 0 or 1."""

    camera_radius: float
    camera_min_viewing_angle: float
    camera_max_sight_range: float
    camera_rotation_step: float
    camera_zooming_step: float
    camera_area_product: float
    target_sight_range: float
    target_step_size: float
    obstacle_radius_low: float
    obstacle_radius_high: float
    transmittance: float
    freight_scale: float
    bounty_scale: float
    reward_scale: float
    max_episode_steps: float
    num_cargoes_per_target: float
    num_high_capacity_targets: float
    targets_start_with_cargoes: float
    shuffle_entities: float
    is_sparse: float
    camera_is_enhanced: float
    target_is_enhanced: float
    camera_is_shared: float
    target_is_shared: float
    camera_visibility: float  # greatest square of the distance at which a target sees a camera
    target_visibility: float  # and another target


NUM_RULES = len(Rules._fields)


@register_jitable
def read_rules(vector):
    """The Rules in the vector that ``write_rules`` made."""
    return Rules(*to_fixed_tuple(vector, NUM_RULES))  # type: ignore[call-arg]


def write_rules(scenario: Scenario) -> np.ndarray:
    """The scenario's Rules as a float64 vector."""
    low, high = scenario.obstacle_radius_range
    rules = Rules(
        camera_radius=scenario.camera_radius,
        camera_min_viewing_angle=scenario.camera_min_viewing_angle,
        camera_max_sight_range=scenario.camera_max_sight_range,
        camera_rotation_step=scenario.camera_rotation_step,
        camera_zooming_step=scenario.camera_zooming_step,
        camera_area_product=scenario.camera_area_product,
        target_sight_range=scenario.target_sight_range,
        target_step_size=scenario.target_step_size,
        obstacle_radius_low=low,
        obstacle_radius_high=high,
        transmittance=scenario.obstacle_transmittance,
        freight_scale=scenario.freight_scale,
        bounty_scale=scenario.bounty_scale,
        reward_scale=scenario.reward_scale,
        max_episode_steps=scenario.max_episode_steps,
        num_cargoes_per_target=scenario.num_cargoes_per_target,
        num_high_capacity_targets=scenario.num_high_capacity_targets,
        targets_start_with_cargoes=scenario.targets_start_with_cargoes,
        shuffle_entities=scenario.shuffle_entities,
        is_sparse=scenario.reward_type == "sparse",
        camera_is_enhanced=scenario.is_enhanced("camera"),
        target_is_enhanced=scenario.is_enhanced("target"),
        camera_is_shared=scenario.is_shared("camera"),
        target_is_shared=scenario.is_shared("target"),
        camera_visibility=greatest_square(scenario.target_sight_range + scenario.camera_radius),
        target_visibility=greatest_square(scenario.target_sight_range),
    )
    return np.array(rules, dtype=np.float64)


def write_boxes(scenario: Scenario) -> np.ndarray:
    """(C + T + O, 4) boxes x_low, x_high, y_low, y_high of cameras, targets and obstacles in configuration order."""
    boxes = [*scenario.camera_boxes, *scenario.target_boxes, *scenario.obstacle_boxes]
    return np.array(boxes, dtype=np.float64).reshape(len(boxes), 4)
