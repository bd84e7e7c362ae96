"""Arrows between those who talk."""

from __future__ import annotations

from typing import Any

import numpy as np

from mate.layers import Wrapper
from mate.messages import Team
from mate.wrappers.typing import assert_mate_environment

__all__ = ["RenderCommunication"]


class RenderCommunication(Wrapper):
    """Shows every message as an arrow that fades within ``duration`` steps."""

    def __init__(self, env: Any, duration: int = 20) -> None:
        assert_mate_environment(env)
        assert int(duration) == duration and duration > 0, (
            f"the duration is a positive number of steps; got {duration!r}"
        )
        super().__init__(env)
        self.duration = int(duration)
        self.refresh()
        self.unwrapped.add_render_callback("communication", self.draw)

    def refresh(self) -> None:
        """Forget all arrows."""
        sizes = {Team.CAMERA: self.num_cameras, Team.TARGET: self.num_targets}
        self.counters = {team: np.zeros((size, size), np.int64) for team, size in sizes.items()}
        """By team, (N, N) steps for which the arrow from row to column still shows."""

    def reset(self, **kwargs: Any) -> Any:
        self.refresh()
        return self.env.reset(**kwargs)

    def step(self, action: Any) -> Any:
        base = self.unwrapped
        edges = base.camera_communication_edges.copy(), base.target_communication_edges.copy()
        result = self.env.step(action)
        for counters, sent in zip(self.counters.values(), edges, strict=True):
            np.maximum(counters - 1, 0, out=counters)
            counters[sent > 0] = self.duration
        return result

    def draw(self, env: Any, mode: str) -> None:
        """Add the arrows to the picture."""
        from mate.rendering.overlays import communication_arrows  # only who draws imports drawing

        for team, locations in ((Team.CAMERA, env.camera_locations), (Team.TARGET, env.target_locations)):
            arrows = communication_arrows(team.name.lower(), locations, self.counters[team], self.duration)
            env.viewer.below.extend(arrows)
