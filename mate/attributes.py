"""Read-only attributes of an environment: its configuration, its spaces and the state of its episode."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from mate.constants import (
    CAMERA_ACTION_DIM,
    CAMERA_STATE_DIM_PRIVATE,
    CAMERA_STATE_DIM_PUBLIC,
    NUM_WAREHOUSES,
    PRESERVED_DIM,
    TARGET_STATE_DIM_PRIVATE,
    TARGET_STATE_DIM_PUBLIC,
    WAREHOUSE_RADIUS,
    WAREHOUSES,
)
from mate.engine import Batch
from mate.entities import Camera, Obstacle, Target
from mate.layout import (
    CAMERA_STATE_SPACE_PRIVATE,
    CAMERA_STATE_SPACE_PUBLIC,
    OBSTACLE_STATE_SPACE,
    TARGET_STATE_SPACE_PRIVATE,
    TARGET_STATE_SPACE_PUBLIC,
    camera_observation_space_of,
    state_space_of,
    target_observation_space_of,
)
from mate.mailbox import Mailbox
from mate.messages import Message, Team
from mate.scenario import Scenario

__all__ = ["EnvironmentAttributes"]


def _of_config(key: str, section: str | None = None) -> property:
    """A value of the configuration; KeyError if the configuration does not have it."""
    if section is None:
        return property(lambda self: self._config[key], doc=f"``{key}`` of the configuration.")
    return property(lambda self: self._config[section][key], doc=f"``{section}.{key}`` of the configuration.")


def _of_scenario(name: str) -> property:
    return property(lambda self: getattr(self.scenario, name), doc=f"``{name}`` of the scenario.")


def _array(name: str, doc: str) -> property:
    """Return a copy of a view of the batch, which later steps do not change."""
    return property(lambda self: getattr(self.batch, name)[0].copy(), doc=doc)


def _number(name: str, kind: type, doc: str) -> property:
    return property(lambda self: kind(getattr(self.batch, name)[0]), doc=doc)


class ConfigurationAttributes:
    """Attributes that the configuration determines."""

    scenario: Scenario
    _config: dict[str, Any]

    @property
    def config(self) -> dict[str, Any]:
        """The complete configuration."""
        return self._config

    name = _of_config("name")
    max_episode_steps = _of_config("max_episode_steps")
    camera_min_viewing_angle = _of_config("min_viewing_angle", "camera")
    camera_max_sight_range = _of_config("max_sight_range", "camera")
    camera_rotation_step = _of_config("rotation_step", "camera")
    camera_zooming_step = _of_config("zooming_step", "camera")
    target_step_size = _of_config("step_size", "target")
    target_sight_range = _of_config("sight_range", "target")
    num_cargoes_per_target = _of_config("num_cargoes_per_target")
    targets_start_with_cargoes = _of_config("targets_start_with_cargoes")
    bounty_factor = _of_config("bounty_factor")
    shuffle_entities = _of_config("shuffle_entities")
    high_capacity_target_split = _of_config("high_capacity_target_split")
    reward_type = _of_config("reward_type")

    num_cameras = _of_scenario("num_cameras")
    num_targets = _of_scenario("num_targets")
    num_obstacles = _of_scenario("num_obstacles")
    num_high_capacity_targets = _of_scenario("num_high_capacity_targets")
    num_low_capacity_targets = _of_scenario("num_low_capacity_targets")
    camera_observation_dim = _of_scenario("camera_observation_dim")
    target_observation_dim = _of_scenario("target_observation_dim")
    obstacle_transmittance = _of_scenario("obstacle_transmittance")
    freight_scale = _of_scenario("freight_scale")
    bounty_scale = _of_scenario("bounty_scale")
    reward_scale = _of_scenario("reward_scale")
    max_target_team_episode_reward = _of_scenario("max_target_team_episode_reward")

    @cached_property
    def _reward_unit(self) -> float:
        """What rewards are divided by."""
        return float(self.max_target_team_episode_reward)

    @property
    def num_warehouses(self) -> int:
        return NUM_WAREHOUSES

    @property
    def _sizes(self) -> tuple[int, int, int]:
        return self.num_cameras, self.num_targets, self.num_obstacles

    @cached_property
    def preserved_data(self) -> np.ndarray:
        """The (13,) head of every observation: the sizes, an index, the warehouses."""
        data = np.concatenate([self._sizes, [0.0], WAREHOUSES.ravel(), [WAREHOUSE_RADIUS]]).astype(np.float64)
        data.flags.writeable = False
        return data


class SpaceAttributes(ConfigurationAttributes):
    """The bounds of actions, observations and states. Every space is built once for a configuration."""

    camera_state_space_public: ClassVar[spaces.Box] = CAMERA_STATE_SPACE_PUBLIC
    camera_state_space_private: ClassVar[spaces.Box] = (
        CAMERA_STATE_SPACE_PRIVATE  # upstream has the number 9 here (Q38)
    )
    target_state_space_public: ClassVar[spaces.Box] = TARGET_STATE_SPACE_PUBLIC
    target_state_space_private: ClassVar[spaces.Box] = TARGET_STATE_SPACE_PRIVATE
    obstacle_state_space: ClassVar[spaces.Box] = OBSTACLE_STATE_SPACE

    @cached_property
    def camera_action_space(self) -> spaces.Box:
        """Bounds of one rotation step and one zooming step in either direction; empty without cameras."""
        high = np.zeros(CAMERA_ACTION_DIM)
        if self.num_cameras > 0:
            high = np.array([self.camera_rotation_step, self.camera_zooming_step], np.float64)
        return spaces.Box(-high, high, dtype=np.float64)

    @cached_property
    def target_action_space(self) -> spaces.Box:
        """Bounds of the configured step size in each coordinate, for targets of any capacity (Q07)."""
        high = np.full(2, float(self.target_step_size))
        return spaces.Box(-high, high, dtype=np.float64)

    @cached_property
    def camera_joint_action_space(self) -> spaces.Tuple:
        return spaces.Tuple([self.camera_action_space] * self.num_cameras)

    @cached_property
    def target_joint_action_space(self) -> spaces.Tuple:
        return spaces.Tuple([self.target_action_space] * self.num_targets)

    @cached_property
    def action_space(self) -> spaces.Tuple:
        return spaces.Tuple((self.camera_joint_action_space, self.target_joint_action_space))

    @cached_property
    def camera_observation_space(self) -> spaces.Box:
        return camera_observation_space_of(*self._sizes)

    @cached_property
    def target_observation_space(self) -> spaces.Box:
        return target_observation_space_of(*self._sizes)

    @cached_property
    def camera_joint_observation_space(self) -> spaces.Tuple:
        return spaces.Tuple([self.camera_observation_space] * self.num_cameras)

    @cached_property
    def target_joint_observation_space(self) -> spaces.Tuple:
        return spaces.Tuple([self.target_observation_space] * self.num_targets)

    @cached_property
    def observation_space(self) -> spaces.Tuple:
        return spaces.Tuple((self.camera_joint_observation_space, self.target_joint_observation_space))

    @cached_property
    def state_space(self) -> spaces.Box:
        return state_space_of(*self._sizes)


class EpisodeAttributes(SpaceAttributes):
    """The state of the episode; arrays are copies."""

    batch: Batch
    cameras: list[Camera]
    targets: list[Target]
    obstacles: list[Obstacle]

    episode_step = _number("episode_step", int, "Steps taken since the reset.")
    coverage_rate = _number("coverage_rate", float, "Share of the targets that are tracked.")
    real_coverage_rate = _number("real_coverage_rate", float, "Share of the targets with a bounty that are tracked.")
    mean_transport_rate = _number("mean_transport_rate", float, "Earnings over what untracked deliveries earn.")
    num_delivered_cargoes = _number("num_delivered_cargoes", int, "Weights delivered since the reset.")
    target_team_episode_reward = _number("target_team_episode_reward", float, "Sum of the dense rewards.")
    delayed_target_team_episode_reward = _number(
        "delayed_target_team_episode_reward", float, "Sum of the sparse rewards."
    )

    camera_target_view_mask = _array("camera_target_view_mask", "(N_c, N_t) whether a camera sees a target.")
    target_camera_view_mask = _array("target_camera_view_mask", "(N_t, N_c) whether a target sees a camera.")
    camera_obstacle_view_mask = _array("camera_obstacle_view_mask", "(N_c, N_o) whether an obstacle is in reach.")
    target_obstacle_view_mask = _array("target_obstacle_view_mask", "(N_t, N_o) whether a target sees an obstacle.")
    camera_camera_view_mask = _array("camera_camera_view_mask", "(N_c, N_c) whether a camera sees another.")
    target_target_view_mask = _array("target_target_view_mask", "(N_t, N_t) whether a target sees another.")
    tracked_bits = _array("tracked_bits", "(N_t,) whether any camera sees the target.")

    target_locations = _array("target_location", "(N_t, 2) positions.")
    camera_locations = _array("camera_location", "(N_c, 2) positions.")
    target_capacities = _array("target_capacity", "(N_t,) weights that the targets can carry.")
    target_goals = _array("target_goal", "(N_t,) warehouses that the targets carry to, -1 for none.")
    target_goal_bits = _array("target_goal_bits", "(N_t, 4) weights carried to each warehouse.")
    target_empty_bits = _array("target_empty_bits", "(N_t, 4) warehouses that the targets believe empty.")
    target_dones = _array("target_dones", "(N_t,) whether the target delivered in this step.")
    target_steps = _array("target_steps", "(N_t,) steps since the target was last served in a warehouse.")
    tracked_steps = _array("tracked_steps", "(N_t,) how many of these it was tracked.")
    target_warehouse_distances = _array("target_warehouse_distances", "(N_t, 4) distances to the centres.")
    target_orientations = _array("target_orientation", "(N_t,) direction of the last movement in degrees.")
    remaining_cargoes = _array("remaining_cargoes", "(4, 4) weights not picked up, by origin and destination.")
    awaiting_cargo_counts = _array("awaiting_cargo_counts", "(4,) weights not delivered, by destination.")
    freights = _array("freights", "(N_t,) what the targets earn by delivering.")
    bounties = _array("bounties", "(N_t,) what they earn on top; less by 1 for each tracked step.")

    def state(self) -> np.ndarray:
        """The global state, of length ``29 + 9 N_c + 16 N_t + 3 N_o``."""
        state: np.ndarray = self.batch.state()[0].copy()
        return state

    def _block(self, offset: int, count: int, dim: int) -> np.ndarray:
        return self.state()[offset : offset + count * dim].reshape(count, dim)

    @property
    def camera_states(self) -> np.ndarray:
        """(N_c, 9) private states."""
        return self._block(PRESERVED_DIM, self.num_cameras, CAMERA_STATE_DIM_PRIVATE)

    @property
    def camera_states_public(self) -> np.ndarray:
        """(N_c, 6) public states."""
        return self.camera_states[:, :CAMERA_STATE_DIM_PUBLIC]

    @property
    def target_states(self) -> np.ndarray:
        """(N_t, 14) private states."""
        offset = PRESERVED_DIM + CAMERA_STATE_DIM_PRIVATE * self.num_cameras
        return self._block(offset, self.num_targets, TARGET_STATE_DIM_PRIVATE)

    @property
    def target_states_public(self) -> np.ndarray:
        """(N_t, 4) public states."""
        return self.target_states[:, :TARGET_STATE_DIM_PUBLIC]

    @property
    def obstacle_states(self) -> np.ndarray:
        """(N_o, 3) states."""
        return np.column_stack([self.batch.obstacle_location[0], self.batch.obstacle_radius[0]])

    @property
    def obstacle_states_flagged(self) -> np.ndarray:
        """(N_o, 4) states, each followed by 1."""
        return np.column_stack([self.obstacle_states, np.ones(self.num_obstacles)])

    @property
    def camera_obstacle_observations(self) -> np.ndarray:
        """(N_c, 4 N_o) records of obstacles in the cameras' observations; zero where out of reach."""
        mask = self.batch.camera_obstacle_view_mask[0]
        return np.where(mask[:, :, np.newaxis], self.obstacle_states_flagged, 0.0).reshape(self.num_cameras, -1)


def _mail(what: str, doc: str) -> tuple[property, property, property]:
    """An attribute of the cameras' mailbox, of the targets', and the pair of both."""
    camera = property(lambda self: getattr(self._mailboxes[Team.CAMERA], what), doc=f"The cameras' {doc}.")
    target = property(lambda self: getattr(self._mailboxes[Team.TARGET], what), doc=f"The targets' {doc}.")
    both = property(
        lambda self: tuple(getattr(mailbox, what) for mailbox in self._mailboxes.values()),
        doc=f"The cameras' and the targets' {doc}.",
    )
    return camera, target, both


class EnvironmentAttributes(EpisodeAttributes):
    """All there is to read, the messages included."""

    _mailboxes: dict[Team, Mailbox]

    camera_message_buffer, target_message_buffer, message_buffers = _mail("buffer", "messages since the last step")
    camera_message_queue, target_message_queue, message_queues = _mail("queue", "messages not received yet")
    camera_communication_edges, target_communication_edges, communication_edges = _mail(
        "edges", "(N, N) numbers of messages of this step, by sender and recipient"
    )
    camera_total_communication_edges, target_total_communication_edges, total_communication_edges = _mail(
        "total_edges", "(N, N) numbers of messages of the past steps, by sender and recipient"
    )

    @staticmethod
    def _as_messages(messages: Any) -> list[Message]:
        return [messages] if isinstance(messages, Message) else list(messages)
