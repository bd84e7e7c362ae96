"""The two-team environment of upstream's interface: a batch of one episode, with objects and messages around it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from mate.agents.base import AgentBase
from mate.attributes import EnvironmentAttributes
from mate.configuration import ASSETS_DIR, DEFAULT_CONFIG_FILE, read_config, validate_config
from mate.engine import Batch
from mate.entities import Camera, Entity, Obstacle, Target
from mate.layers import EnvMeta
from mate.mailbox import Mailbox
from mate.messages import Message, Team
from mate.scenario import Scenario
from mate.streams import Stream, derive

__all__ = [
    "ASSETS_DIR",
    "DEFAULT_CONFIG_FILE",
    "EnvMeta",
    "MultiAgentTracking",
    "read_config",
    "validate_config",
]

DEFAULT_WINDOW_SIZE = 800
"""Pixels from edge to edge of a picture."""
EPISODE = 0x3100
"""Word for ``derive``: the seed of a later episode, which was not seeded by itself."""
MAX_ENTITY_SEED = 2**63 - 1

JointObservation = tuple[np.ndarray, np.ndarray]
RenderCallback = Callable[[Any, str], None]


class MultiAgentTracking(EnvironmentAttributes, metaclass=EnvMeta):
    """Cameras track targets, targets carry cargo; both teams are played from outside.

    Args:
        config: a preset's name, the path of a YAML or JSON file, or a mapping; the default preset if None and nothing
            is overridden.
        overrides: keys of the configuration; mappings merge.

    Raises ValueError for a configuration that cannot be found, read or accepted.
    """

    metadata: ClassVar[dict[str, Any]] = {
        "render.modes": ["human", "rgb_array"],
        "render_modes": ["human", "rgb_array"],
        "video.frames_per_second": 60,
        "render_fps": 60,
    }
    DEFAULT_CONFIG_FILE = DEFAULT_CONFIG_FILE
    reward_range = (-float("inf"), float("inf"))
    spec: Any = None

    def __init__(self, config: Any = None, **overrides: Any) -> None:
        self.viewer: Any = None
        self.render_callbacks: dict[str, RenderCallback] = {}
        self._construct(config, **overrides)

    def _construct(self, config: Any = None, **overrides: Any) -> None:
        self._config = validate_config(read_config(config, **overrides))
        self.scenario = Scenario.from_config(self._config)
        self._forget_cached()
        self.batch = Batch(self.scenario, 1)
        self.cameras_ordered = [Camera(self.batch, order) for order in range(self.num_cameras)]
        self.targets_ordered = [Target(self.batch, order) for order in range(self.num_targets)]
        self.obstacles_ordered = [Obstacle(self.batch, order) for order in range(self.num_obstacles)]
        sizes = {Team.CAMERA: self.num_cameras, Team.TARGET: self.num_targets}
        self._mailboxes = {team: Mailbox(team, size) for team, size in sizes.items()}
        self.seed(0)
        self._episode_seed = 0
        self.batch.reset([self._episode_seed])
        self.arrange_entities()

    def _forget_cached(self) -> None:
        """Drop the spaces and tables of an earlier configuration."""
        for cls in type(self).__mro__:
            for name, attribute in vars(cls).items():
                if isinstance(attribute, cached_property):
                    self.__dict__.pop(name, None)

    # Episodes

    @property
    def unwrapped(self) -> MultiAgentTracking:
        """This environment itself."""
        return self

    @property
    def np_random(self) -> Stream:
        """The environment's random stream; the game itself draws from the episode's seed instead."""
        return self._np_random

    def seed(self, seed: int | None = None) -> list[int]:
        """Start new random streams for the environment and its entities; return all their seeds.

        The next episode is the one of this seed; those after it follow from the seed and their number.
        """
        self._seed = secrets.randbits(63) if seed is None else int(seed)
        self._num_episodes = 0
        self._np_random = Stream(self._seed)
        seeds = [self._seed]
        for entity in self._entities_ordered:
            seeds += entity.seed(int(self._np_random.randint(MAX_ENTITY_SEED)))
        return seeds

    @property
    def episode_seed(self) -> int:
        """The seed of the present episode, which decides all that is drawn in it."""
        return self._episode_seed

    @property
    def _entities_ordered(self) -> list[Entity]:
        return [*self.cameras_ordered, *self.targets_ordered, *self.obstacles_ordered]

    def reset(self, *, seed: int | None = None) -> JointObservation:
        """Begin an episode, of ``seed`` if given; the cameras' (N_c, D_c) and the targets' (N_t, D_t) observations."""
        if seed is not None:
            self.seed(seed)
        self._episode_seed = self._seed if self._num_episodes == 0 else derive(self._seed, EPISODE, self._num_episodes)
        self._num_episodes += 1
        self.batch.reset(np.array([self._episode_seed], np.uint64))
        for mailbox in self._mailboxes.values():
            mailbox.clear()
        self.arrange_entities()
        return self.joint_observation()

    def arrange_entities(self) -> None:
        """Put the entities into the order of the batch's episode; to be called when the batch was changed by hand."""
        self.cameras = _arranged(self.cameras_ordered, self.batch.camera_order[0])
        self.targets = _arranged(self.targets_ordered, self.batch.target_order[0])
        self.obstacles = _arranged(self.obstacles_ordered, self.batch.obstacle_order[0])
        for camera in self.cameras:
            camera.arrive(self.obstacles)

    def step(
        self, action: tuple[Any, Any]
    ) -> tuple[JointObservation, tuple[float, float], bool, tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
        """One step with the joint actions of the cameras, (N_c, 2) degrees, and of the targets, (N_t, 2) map units.

        Returns the joint observations, the teams' rewards, whether the episode is over, and an info for each agent.
        Raises AssertionError for an action that is not finite and ValueError for a wrong number of actions; then
        nothing was done.
        """
        camera_action, target_action = action
        self.batch.step(camera_action, target_action)
        rewards = self.batch.camera_reward.item(), self.batch.target_reward.item()
        infos = self._all_infos(rewards)
        for mailbox in self._mailboxes.values():
            mailbox.end_step()
        return self.joint_observation(), rewards, self.batch.done.item(), infos

    def _all_infos(self, rewards: Sequence[float]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The infos of both teams' agents after a step."""
        batch = self.batch
        facts = {
            "coverage_rate": batch.coverage_rate.item(),
            "real_coverage_rate": batch.real_coverage_rate.item(),
            "mean_transport_rate": batch.mean_transport_rate.item(),
            "num_delivered_cargoes": batch.num_delivered_cargoes.item(),
        }
        return self._infos(Team.CAMERA, rewards[0], facts), self._infos(Team.TARGET, rewards[1], facts)

    def _infos(self, team: Team, reward: float, facts: dict[str, Any]) -> list[dict[str, Any]]:
        mailbox = self._mailboxes[team]
        common = {
            "raw_reward": reward,
            "normalized_raw_reward": reward / self._reward_unit,
            **facts,
            "messages": [],
            "out_communication_edges": 0,
            "in_communication_edges": 0,
        }
        infos = [common.copy() for _ in range(mailbox.num_members)]
        for info, messages in zip(infos, mailbox.buffer.values(), strict=True):
            info["messages"] = list(messages)
        if not mailbox.is_idle:
            for info, sent, received in zip(infos, *mailbox.degrees(), strict=True):
                info["out_communication_edges"], info["in_communication_edges"] = sent, received
        return infos

    def joint_observation(self) -> JointObservation:
        """The cameras' (N_c, D_c) and the targets' (N_t, D_t) observations."""
        camera, target = self.batch.observe()
        return camera[0].copy(), target[0].copy()

    def load_config(self, config: Any = None) -> None:
        """Become an environment of another configuration, with a seed drawn from this one's stream."""
        seed = int(self.np_random.randint(2**31 - 1))
        self._construct(config)
        self.seed(seed)

    # Messages

    def route_messages(self, messages: Message | Iterable[Message]) -> list[Message]:
        """One message for each recipient: broadcasts become copies to every member of the team, the sender included.

        Raises AssertionError for messages of both teams, IndexError for senders or recipients that do not exist.
        """
        messages = self._as_messages(messages)
        assert len({message.team for message in messages}) <= 1, "messages sent together must be of one team"
        return [copy for message in messages for copy in self._mailboxes[message.team].expand(message)]

    def send_messages(self, messages: Message | Iterable[Message]) -> None:
        """Deliver messages of one team to its members' queues and buffers; they can be received at once."""
        if isinstance(messages, (tuple, list)) and not messages:
            return  # what most agents send in most steps
        routed = self.route_messages(messages)
        if routed:
            self._mailboxes[routed[0].team].post(routed)

    def receive_messages(
        self, agent_id: tuple[Team, int] | AgentBase | None = None, agent: AgentBase | None = None
    ) -> list[Any]:
        """The messages that wait for an agent, given as ``(team, index)`` or as the agent; then none do.

        Without arguments: everybody's, as a pair of lists with one list for each member.
        """
        if agent is not None:
            return self._mailboxes[agent.TEAM].collect(agent.index)
        if isinstance(agent_id, AgentBase):
            return self._mailboxes[agent_id.TEAM].collect(agent_id.index)
        if agent_id is not None:
            team, index = agent_id
            return self._mailboxes[Team(team)].collect(index)
        everybody = (
            [mailbox.collect(index) for index in range(mailbox.num_members)] for mailbox in self._mailboxes.values()
        )
        return tuple(everybody)  # type: ignore[return-value]

    # Pictures

    def add_render_callback(self, name: str, callback: RenderCallback) -> None:
        """Call ``callback(env, mode)`` before every picture; a callback of the same name is replaced."""
        self.render_callbacks[name] = callback

    def render(
        self, mode: str = "human", window_size: int = 800, onetime_callbacks: Iterable[RenderCallback] = ()
    ) -> bool | np.ndarray:
        """Draw the episode: ``rgb_array`` gives (H, W, 3) uint8, ``human`` shows it in a window.

        A window needs pygame and a display; a NoWindowWarning says once what is missing, and the episode continues.
        ``human`` returns whether the window is open: False without one, and after somebody has closed it.
        Callbacks, the persistent ones first, may add shapes to ``env.viewer``. The size counts at the first call only.
        """
        from mate.rendering.viewer import Viewer  # drawing libraries are slow to import, and most never draw

        if self.viewer is None:
            self.viewer = Viewer(window_size)
        self.viewer.begin(self.batch)
        for callback in (*self.render_callbacks.values(), *onetime_callbacks):
            callback(self, mode)
        shown: bool | np.ndarray = self.viewer.show(mode)
        return shown

    def close(self) -> None:
        """Close the window, if there is one."""
        if self.viewer is not None:
            self.viewer.close()
            self.viewer = None

    def __enter__(self) -> MultiAgentTracking:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    def __str__(self) -> str:
        counts = ((self.num_cameras, "camera"), (self.num_targets, "target"), (self.num_obstacles, "obstacle"))
        sizes = ", ".join(f"{count} {name}{'s' if count > 1 else ''}" for count, name in counts)
        name = type(self).__name__
        return f"{name}({sizes})" if self.spec is None else f"{name}<{self.spec.id}>({sizes})"

    __repr__ = __str__


def _arranged(ordered: list[Any], order: np.ndarray) -> list[Any]:
    """Return the entities by index, with their index set."""
    arranged = [ordered[place] for place in order]
    for index, entity in enumerate(arranged):
        entity.index = index
    return arranged
