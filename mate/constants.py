"""Numbers of the game that no configuration changes. Lengths in map units, angles in degrees."""

import numpy as np

TERRAIN_SIZE = 1000.0
"""Half the side of the terrain, the closed square [-1000, 1000] x [-1000, 1000]."""
TERRAIN_WIDTH = 2.0 * TERRAIN_SIZE

NUM_WAREHOUSES = 4
WAREHOUSE_RADIUS = 75.0
"""Half the side of each square warehouse."""
WAREHOUSES = (TERRAIN_SIZE - WAREHOUSE_RADIUS) * np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
WAREHOUSES.flags.writeable = False

MAX_CAMERA_VIEWING_ANGLE = 180.0
TARGET_RADIUS = 0.0

PLACEMENT_ATTEMPTS = 500
"""Samples tried for one entity before its placement counts as failed."""
COLLISION_TOLERANCE = 1e-6
"""Map units by which a move may miss its aim without counting as a collision."""
OCCLUSION_SLACK = 1e-6
"""Relative distance by which a point may lie beyond the sight boundary and still be seen."""

PRESERVED_DIM = 13
OBSERVATION_OFFSET = PRESERVED_DIM
CAMERA_STATE_DIM_PUBLIC = 6
CAMERA_STATE_DIM_PRIVATE = 9
TARGET_STATE_DIM_PUBLIC = 4
TARGET_STATE_DIM_PRIVATE = 14
OBSTACLE_STATE_DIM = 3
CAMERA_ACTION_DIM = 2
TARGET_ACTION_DIM = 2
