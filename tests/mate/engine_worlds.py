"""Small hand-made worlds for tests of the engine."""

import numpy as np

from mate.engine import Batch
from mate.scenario import Scenario


def world(
    targets=((0.0, 0.0),),
    discs=(),
    cameras=(),
    size: int = 1,
    camera_pose: tuple[float, float] = (0.0, 180.0),
    seed: int = 0,
    **overrides,
) -> Batch:
    """A batch whose every slot has targets (x, y), obstacles (x, y, radius) and cameras (x, y), in this order.

    Cameras face ``camera_pose``: orientation and viewing angle in degrees. Target speed is 20 at capacity 1.
    """
    config = {
        "num_cargoes_per_target": 8,
        "high_capacity_target_split": 0.0,
        "shuffle_entities": False,
        "targets_start_with_cargoes": False,
        "target": {"location": [[0, 0] for _ in targets], "step_size": 20, "sight_range": 500},
        "camera": {
            "location": [[500, 500] for _ in cameras],
            "min_viewing_angle": 30,
            "max_sight_range": 1500,
        },
        "obstacle": {"location": [[-500, -500] for _ in discs], "radius": 1},
    }
    batch = Batch(Scenario.load(config, **overrides), size)
    batch.reset(np.full(size, seed))
    batch.target_location[:] = targets
    if len(discs):
        batch.obstacle_location[:] = np.array(discs)[:, :2]
        batch.obstacle_radius[:] = np.array(discs)[:, 2]
    if len(cameras):
        batch.camera_location[:] = cameras
        batch.camera_orientation[:], batch.camera_viewing_angle[:] = camera_pose
        batch.camera_sight_range[:] = np.sqrt(batch.scenario.camera_area_product / camera_pose[1])
    batch.refresh()
    return batch


def step(batch: Batch, target_actions=None, camera_actions=None) -> None:
    """One step with the same actions in every slot; nobody moves by default."""
    scenario = batch.scenario
    cameras = np.zeros((batch.size, scenario.num_cameras, 2))
    targets = np.zeros((batch.size, scenario.num_targets, 2))
    if camera_actions is not None:
        cameras[:] = camera_actions
    if target_actions is not None:
        targets[:] = target_actions
    batch.step(cameras, targets)
