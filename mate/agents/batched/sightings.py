"""The targets that cameras see together."""

from __future__ import annotations

from mate.agents.batched.team import CAMERA_OWN_END, TARGET_RECORD
from mate.compilation import part


@part
def gather_targets(position, rows):
    """Write the positions of the targets that any camera sees, by ascending index; how many there are."""
    count = 0
    for target in range(len(position)):
        start = CAMERA_OWN_END + TARGET_RECORD * target
        for camera in range(len(rows)):
            if rows[camera, start + TARGET_RECORD - 1] != 0.0:
                position[count, 0], position[count, 1] = rows[camera, start], rows[camera, start + 1]
                count += 1
                break
    return count
