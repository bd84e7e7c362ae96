"""One action for several environment steps."""

from __future__ import annotations

from typing import Any

from mate.layers import Wrapper
from mate.wrappers.hierarchical_camera import HierarchicalCamera
from mate.wrappers.macro_step import play_macro_step
from mate.wrappers.metrics import SUB_STEP_METRICS
from mate.wrappers.typing import assert_once, assert_team_environment

__all__ = ["FrameSkip"]


class FrameSkip(Wrapper):
    """Repeats the joint action ``frame_skip`` times, or until everybody is done; rewards are summed for each agent."""

    def __init__(self, env: Any, frame_skip: int = 1) -> None:
        assert_team_environment(env)
        assert_once(env, FrameSkip, HierarchicalCamera)
        assert int(frame_skip) == frame_skip and frame_skip >= 1, f"frame_skip is at least 1; got {frame_skip!r}"
        super().__init__(env)
        self.frame_skip = int(frame_skip)

    def step(self, action: Any) -> Any:
        return play_macro_step(lambda: self.env.step(action), self.frame_skip, SUB_STEP_METRICS)

    def description(self) -> str:
        return f"(frame_skip={self.frame_skip})"
