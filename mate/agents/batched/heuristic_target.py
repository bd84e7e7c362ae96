"""Teams of greedy targets that drift around the views of cameras (object form: ``mate.agents.heuristic``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mate.agents.batched.greedy_target import BatchedGreedyTarget
from mate.agents.batched.team import CAMERA_RECORD, TARGET_OWN_END
from mate.agents.laws.walk import NOISE_SCALE
from mate.depth import Depth

if TYPE_CHECKING:
    from mate.scenario import Scenario


class BatchedHeuristicTarget(BatchedGreedyTarget):
    """A team of heuristic targets; ``noise_scale`` is the size of noise and of drift as a share of the longest step."""

    depth = Depth.OPPONENTS

    def __init__(self, team: str, scenario: Scenario, size: int, noise_scale: float = NOISE_SCALE) -> None:
        super().__init__(team, scenario, size, noise_scale)
        cameras_end = TARGET_OWN_END + CAMERA_RECORD * self.num_opponents
        self.rules = (float(noise_scale), cameras_end)
