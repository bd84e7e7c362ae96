"""Whether tables that belong to no episode are as recorded: action grids, bounds of spaces, layouts of observations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from gymnasium import spaces

from mate.environment import MultiAgentTracking
from mate.layout import coordinate_mask_of, observation_indices_of
from mate.messages import Team
from mate.observations import rescale_space
from mate.wrappers import DiscreteCamera, DiscreteTarget, RescaledObservation
from mate_arena.conformance import poses
from mate_arena.conformance.recording import Recording
from mate_arena.conformance.report import Report

__all__ = ["check", "check_grids", "check_layouts"]

GRIDS: dict[str, Callable[[int], np.ndarray]] = {
    "discrete_camera_grid_": DiscreteCamera.discrete_action_grid,
    "discrete_target_grid_": DiscreteTarget.discrete_action_grid,
}
NUMBERS = "_numbers"


def check(recording: Recording, report: Report) -> None:
    """Compare every table of the file, those of the heuristic camera included."""
    check_grids(recording, report)
    poses.check(recording, report)
    for name in recording:
        if name.endswith(NUMBERS):
            check_layouts(recording, report, name.removesuffix(NUMBERS))
    report.cover("meta")


def check_grids(recording: Recording, report: Report) -> None:
    """Compare the normalised action grids, ``discrete_<team>_grid_<levels>``."""
    for prefix, build in GRIDS.items():
        for name in recording:
            levels = name.removeprefix(prefix)
            if name.startswith(prefix) and levels.isdecimal():
                report.compare(name, build(int(levels)), recording[name])


def check_layouts(recording: Recording, report: Report, config: str) -> None:
    """Compare the arrays of one preset, named ``<config>_...``."""
    env = MultiAgentTracking(f"MATE-{config}.yaml")
    sizes = (env.num_cameras, env.num_targets, env.num_obstacles)
    report.compare(f"{config}{NUMBERS}", np.array(sizes), recording[f"{config}{NUMBERS}"])
    for name, space in _spaces_of(env):
        report.compare(f"{config}_{name}_low", space.low, recording[f"{config}_{name}_low"])
        report.compare(f"{config}_{name}_high", space.high, recording[f"{config}_{name}_high"])
    for team in Team:
        own = f"{config}_{team.name.lower()}"
        if f"{own}_coordinate_mask" in recording:
            report.compare(
                f"{own}_coordinate_mask", coordinate_mask_of(team, *sizes), recording[f"{own}_coordinate_mask"]
            )
        if f"{own}_obs_indices" in recording:
            report.compare(f"{own}_obs_indices", observation_indices_of(team, *sizes), recording[f"{own}_obs_indices"])


def _spaces_of(env: MultiAgentTracking) -> Iterator[tuple[str, spaces.Box]]:
    """The boxes of an environment, as it and its wrappers declare them, by the names of their tables."""
    rescaled = RescaledObservation(env)
    yield "camera_obs", env.camera_observation_space
    yield "target_obs", env.target_observation_space
    yield "state", env.state_space
    yield "camera_action", env.camera_action_space
    yield "target_action", env.target_action_space
    yield "rescaled_camera_obs", rescaled.camera_observation_space
    yield "rescaled_target_obs", rescaled.target_observation_space
    yield "state_normalized", rescale_space(env.state_space)
