"""The game's engine: compiled, batch first."""

import numpy as np

from mate import streams
from mate.engine.batch import Batch, InvalidAction
from mate.scenario import Scenario

VERSION = "1"
"""Changes whenever any episode could come out differently; part of every episode's identity."""

__all__ = ["VERSION", "Batch", "InvalidAction", "warm"]


def warm() -> None:
    """Compile every kernel that Python calls, by calling it."""
    batch = Batch(Scenario.load("MATE-2v2-9"), 2)
    batch.reset([streams.derive(0, 1), 1])
    batch.step(batch.camera_orientation[..., None] * [0.0, 0.0], batch.target_location * 0.0)
    batch.observe()
    Batch(batch.scenario, 1, np.float32).observe()
    batch.state()
    batch.refresh()
    batch.soft_coverage_scores(0)
