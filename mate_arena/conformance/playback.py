"""An environment that goes through the recorded states of an episode, whatever is done in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mate.agents.base import CameraAgentBase, TargetAgentBase
from mate.entities import SightFunction
from mate.environment import JointObservation, MultiAgentTracking
from mate.messages import Team

Recording = Mapping[str, np.ndarray]

CONSTANT = (
    "camera_location",
    "obstacle_location",
    "obstacle_radius",
    "target_capacity",
    "camera_order",
    "target_order",
    "obstacle_order",
)
VARYING = (
    "camera_orientation",
    "camera_viewing_angle",
    "camera_sight_range",
    "target_location",
    "target_goal",
    "target_goal_bits",
    "target_empty_bits",
    "target_is_loaded",
    "target_is_colliding",
    "freights",
    "bounties",
    "target_steps",
    "tracked_steps",
    "remaining_cargoes",
    "awaiting_cargo_counts",
    "target_warehouse_distances",
    "camera_target_view_mask",
    "target_camera_view_mask",
    "target_obstacle_view_mask",
    "camera_camera_view_mask",
    "target_target_view_mask",
    "tracked_bits",
    "target_dones",
    "coverage_rate",
    "real_coverage_rate",
    "mean_transport_rate",
    "num_delivered_cargoes",
    "episode_step",
    "target_team_episode_reward",
    "delayed_target_team_episode_reward",
)


class PlaybackEnvironment(MultiAgentTracking):
    """The environment of a recording's configuration, in which every step leads to the next recorded state.

    ``moment`` is the index of the current state; ``actions`` collects the joint actions that the steps were given.
    """

    def __init__(self, recording: Recording, config: Mapping[str, Any]) -> None:
        super().__init__(config)
        self.recording = recording
        self.moment = 0
        self.actions: list[tuple[np.ndarray, np.ndarray]] = []

    def reset(self, *, seed: int | None = None) -> JointObservation:
        """Go to the first recorded state."""
        super().reset(seed=seed)
        self.actions.clear()
        for name in CONSTANT:
            getattr(self.batch, name)[0] = self.recording[name]
        self._go_to(0)
        self.arrange_entities()
        return self.joint_observation()

    def _go_to(self, moment: int) -> None:
        self.moment = moment
        self._write(moment)
        self.batch.refresh()  # brings what follows up to date, and may decide anew what the recording decides
        self._write(moment)

    def _write(self, moment: int) -> None:
        for name in VARYING:
            getattr(self.batch, name)[0] = self.recording[name][moment]
        self.batch.camera_obstacle_view_mask[0] = self.recording["camera_obstacle_view_mask"]

    def arrange_entities(self) -> None:
        """Also give the cameras the recorded boundaries, where there are any."""
        super().arrange_entities()
        recording = getattr(self, "recording", {})
        for kind, attribute in (("sight", "sight_range_func"), ("sight_outer", "sight_range_outer_func")):
            if f"{kind}_ptr" in recording:
                first = recording[f"{kind}_ptr"]
                for index, camera in enumerate(self.cameras):
                    span = slice(first[index], first[index + 1])
                    knots, ranges = recording[f"{kind}_phi"][span], recording[f"{kind}_rho"][span]
                    setattr(camera, attribute, SightFunction(knots, ranges))

    def step(self, action: tuple[Any, Any]) -> Any:
        """Go to the next recorded state; rewards, done and infos are the recorded step's."""
        cameras, targets = (np.asarray(part, np.float64).reshape(-1, 2) for part in action)
        self.actions.append((cameras, targets))
        step = self.moment
        self._go_to(step + 1)
        rewards = tuple(float(reward) for reward in self.recording["reward"][step])
        infos = self._all_infos(rewards)
        for mailbox in self._mailboxes.values():
            mailbox.end_step()
        return self.joint_observation(), rewards, bool(self.recording["done"][step]), infos


class _Playback:
    """An agent that acts as recorded."""

    env: PlaybackEnvironment
    index: int
    TEAM: Team

    def act(self, observation: np.ndarray, info: Any = None, deterministic: bool | None = None) -> np.ndarray:
        """The recorded action of this step."""
        return self.env.recording[f"{self.TEAM.name.lower()}_action"][self.env.moment, self.index]

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)  # all clones share the environment
        return copy


class PlaybackCamera(_Playback, CameraAgentBase):
    """A camera that acts as recorded in ``env``."""

    def __init__(self, env: PlaybackEnvironment) -> None:
        super().__init__(seed=0)
        self.env = env


class PlaybackTarget(_Playback, TargetAgentBase):
    """A target that acts as recorded in ``env``."""

    def __init__(self, env: PlaybackEnvironment) -> None:
        super().__init__(seed=0)
        self.env = env
