"""The base classes of agents: lifecycle, observations, messages and randomness.

An agent plays one member of a team. Each episode begins with ``reset`` and the first observation. In every step its
team then calls ``observe``, ``send_requests``, ``receive_requests``, ``send_responses``, ``receive_responses``,
``act``.
"""

from __future__ import annotations

import copy
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from itertools import count
from typing import Any, ClassVar, Self

import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike

from mate.agents.states import (
    FLOAT,
    CameraStatePrivate,
    CameraStatePublic,
    ObstacleState,
    StateBase,
    TargetStatePrivate,
    TargetStatePublic,
)
from mate.layout import (
    CAMERA_DEFAULT_ACTION,
    TARGET_DEFAULT_ACTION,
    observation_indices_of,
    observation_slices_of,
    observation_space_of,
)
from mate.messages import Message, Team
from mate.observations import convert_coordinates, rescale_observation, split_observation
from mate.streams import Stream, derive

__all__ = ["AgentBase", "CameraAgentBase", "TargetAgentBase"]

MAX_SEED = 2**31 - 1
ACTION_SPACE, FRESH = 0x3200, 0x3201
"""Words for ``derive``: the seed of a reseeded agent's action space, the seeds of agents made without one."""

_source_of_seeds: ContextVar[Callable[[], int] | None] = ContextVar("source_of_seeds", default=None)


@contextmanager
def fixed_fresh_seeds(seed: int) -> Iterator[None]:
    """Draw the seeds of agents that are made without one from ``seed``, in order, instead of from fresh entropy."""
    numbers = count()
    token = _source_of_seeds.set(lambda: derive(seed, FRESH, next(numbers)) % MAX_SEED)
    try:
        yield
    finally:
        _source_of_seeds.reset(token)


def fresh_seed() -> int:
    """Return a seed in [0, MAX_SEED) for an agent that was given none."""
    source = _source_of_seeds.get()
    return secrets.randbelow(MAX_SEED) if source is None else source()


def _maker_of(kind: type[StateBase]) -> Callable[[np.ndarray, int], Any]:
    """Return what makes a state of a row. A subclass whose constructor does more than ours keeps it."""
    return kind.of_row if kind.__init__ is StateBase.__init__ else kind


class AgentBase(ABC):
    """Base of camera and target agents.

    Args:
        seed: seed of the agent's random stream; fresh entropy if None.
    """

    TEAM: ClassVar[Team]
    DEFAULT_ACTION: ClassVar[np.ndarray]
    STATE_CLASS: ClassVar[type[StateBase]]
    TEAMMATE_STATE_CLASS: ClassVar[type[StateBase]]
    OPPONENT_STATE_CLASS: ClassVar[type[StateBase]]

    def __init__(self, seed: int | None = None) -> None:
        self._np_random: Stream | None = None
        self.action_space: spaces.Box | None = None
        self.state: Any = None
        self.num_cameras = self.num_targets = self.num_obstacles = self.index = -1
        self.agent_id = f"{self.TEAM.name.lower()}_0"  # the team and the index, once there is one
        self.episode_step = -1
        self.last_observation: np.ndarray | None = None
        self.last_info: Mapping[str, Any] | None = None
        self.last_requests: tuple[Message, ...] = ()
        self.last_responses: tuple[Message, ...] = ()
        self._num_checks = 0
        self.seed(seed)

    # Randomness

    @property
    def np_random(self) -> Stream:
        """The agent's own random stream."""
        if self._np_random is None:
            self.seed()
        assert self._np_random is not None
        return self._np_random

    def seed(self, seed: int | None = None) -> list[int]:
        """Start a new random stream, and with it that of ``action_space``; return the seeds used."""
        seed = fresh_seed() if seed is None else int(seed)
        self._np_random = Stream(seed)
        seeds = [seed]
        if self.action_space is not None:  # Derived, not drawn: it must not depend on earlier episodes.
            seeds.append(derive(seed, ACTION_SPACE) % MAX_SEED)
            self.action_space.seed(seeds[-1])
        return seeds

    def clone(self) -> Self:
        """Return a deep copy with its own random stream, seeded from this agent's."""
        clone = copy.deepcopy(self)
        clone.seed(int(self.np_random.randint(MAX_SEED)))
        return clone

    def spawn(self, num_agents: int) -> list[Self]:
        """Return ``num_agents`` clones."""
        return [self.clone() for _ in range(num_agents)]

    # Who is who

    @property
    def num_teammates(self) -> int:
        """Size of the own team, this agent included."""
        return self.num_cameras if self.TEAM is Team.CAMERA else self.num_targets

    @property
    def num_opponents(self) -> int:
        """Size of the other team."""
        return self.num_targets if self.TEAM is Team.CAMERA else self.num_cameras

    @property
    def num_adversaries(self) -> int:
        """Size of the other team."""
        return self.num_opponents

    # Lifecycle

    def reset(self, observation: np.ndarray) -> None:
        """Begin an episode with its first observation (D,); the sizes and the agent's index are read from it.

        Raises AssertionError unless the observation is one-dimensional and of the length its header implies.
        """
        observation = np.asarray(observation, np.float64)
        assert observation.ndim == 1 and observation.size >= 4, (
            f"reset takes one observation, a one-dimensional array; got shape {observation.shape}"
        )
        header = np.rint(observation[:4]).astype(np.int64)
        self.num_cameras, self.num_targets, self.num_obstacles, self.index = map(int, header)
        self.agent_id = f"{self.TEAM.name.lower()}_{self.index}"
        self._bind_layout()
        assert observation.size == self.observation_dim, (
            f"the observation announces {self.num_cameras} cameras, {self.num_targets} targets and "
            f"{self.num_obstacles} "
            f"obstacles, hence {self.observation_dim} entries for a {self.TEAM.name.lower()}; it has {observation.size}"
        )
        self.state = self.STATE_CLASS(observation[self._own_slice].copy(), self.index)
        self.action_space = copy.deepcopy(self.state.action_space)
        self.action_space.seed(int(self.np_random.randint(MAX_SEED)))
        self.episode_step = -1
        self._num_checks = 0
        self.last_observation = self.last_info = None
        self.last_requests = self.last_responses = ()

    def _bind_layout(self) -> None:
        sizes = (self.num_cameras, self.num_targets, self.num_obstacles)
        self.observation_indices = observation_indices_of(self.TEAM, *sizes)
        self.observation_slices = dict(observation_slices_of(self.TEAM, *sizes))
        self.observation_space = observation_space_of(self.TEAM, *sizes)
        self.observation_dim = int(self.observation_indices[-1])
        self._observation_shape = (self.observation_dim,)
        self._own_slice = self.observation_slices["self_state"]
        self._make_own, self._make_opponent = map(_maker_of, (self.STATE_CLASS, self.OPPONENT_STATE_CLASS))
        bound: dict[str, Any] = {
            "team": self.TEAM,
            "num_cameras": self.num_cameras,
            "num_targets": self.num_targets,
            "num_obstacles": self.num_obstacles,
        }
        self.convert_coordinates = partial(convert_coordinates, **bound)
        self.rescale_observation = partial(rescale_observation, **bound)
        self.split_observation = partial(split_observation, **bound)

    def observe(self, observation: np.ndarray, info: Mapping[str, Any] | None = None) -> None:
        """Take in the observation of this step and the info of the last one."""
        self.state, observation, info, _ = self.check_inputs(observation, info)
        self.last_observation, self.last_info = observation, info

    def send_requests(self) -> Iterable[Message]:
        """Return the messages of the first round of this step."""
        return ()

    def receive_requests(self, messages: Iterable[Message]) -> None:
        """Take in the teammates' messages of the first round."""
        self.last_requests = tuple(messages)

    def send_responses(self) -> Iterable[Message]:
        """Return the messages of the second round of this step."""
        return ()

    def receive_responses(self, messages: Iterable[Message]) -> None:
        """Take in the teammates' messages of the second round."""
        self.last_responses = tuple(messages)

    @abstractmethod
    def act(
        self,
        observation: np.ndarray,
        info: Mapping[str, Any] | None = None,
        deterministic: bool | None = None,
    ) -> int | np.ndarray:
        """Choose the action of this step."""

    def predict(
        self,
        observation: np.ndarray,
        info: Mapping[str, Any] | None = None,
        deterministic: bool | None = None,
    ) -> int | np.ndarray:
        """Alias of ``act``."""
        return self.act(observation, info, deterministic)

    def __call__(
        self,
        observation: np.ndarray,
        info: Mapping[str, Any] | None = None,
        deterministic: bool | None = None,
    ) -> int | np.ndarray:
        """Alias of ``act``."""
        return self.act(observation, info, deterministic)

    def check_inputs(
        self, observation: ArrayLike, info: Mapping[str, Any] | None = None
    ) -> tuple[Any, np.ndarray, Mapping[str, Any], list[Message]]:
        """Check an observation (D,); return the own state, the observation, the info and its messages.

        Called once by ``observe`` and once by ``act``; every odd call since ``reset`` begins a new step (Q33).
        """
        if type(observation) is not np.ndarray or observation.dtype is not FLOAT:  # the check is cheap
            observation = np.asarray(observation, np.float64)
        assert observation.shape == self._observation_shape, (
            f"{self.agent_id} expects an observation of shape ({self.observation_dim},), got {observation.shape}"
        )
        if self._num_checks % 2 == 0:
            self.episode_step += 1
        self._num_checks += 1
        state = self._make_own(observation[self._own_slice].copy(), self.index)
        return (state, observation, info, info.get("messages", [])) if info else (state, observation, {}, [])

    # Messages

    def pack_message(self, content: Any, recipient: int | None = None) -> Message:
        """Return a message from this agent, to the whole team if ``recipient`` is None."""
        return Message(
            sender=self.index,
            recipient=recipient,
            content=content,
            team=self.TEAM,
            broadcasting=recipient is None,
        )

    # Records of an observation

    def _record(
        self, kind: str, state_class: type[StateBase], count: int, observation: np.ndarray, index: int
    ) -> tuple[Any, bool]:
        if not 0 <= index < count:
            raise IndexError(f"{kind} {index} is out of range: there are {count}")
        start = self.observation_slices[f"{kind}_states_with_mask"].start + index * (state_class.DIM + 1)
        stop = start + state_class.DIM
        return state_class(np.array(observation[start:stop], np.float64), index), bool(observation[stop])

    def _records(
        self, kind: str, state_class: type[StateBase], count: int, observation: np.ndarray
    ) -> tuple[tuple[Any, ...], tuple[bool, ...]]:
        records = np.array(observation[self.observation_slices[f"{kind}_states_with_mask"]], np.float64)
        rows = records.reshape(count, state_class.DIM + 1)
        states = tuple([state_class(row[:-1], index) for index, row in enumerate(rows)])
        return states, tuple((rows[:, -1] != 0.0).tolist())  # a pair even if empty (Q35)

    def get_teammate_state(self, observation: np.ndarray, index: int) -> tuple[Any, bool]:
        """Return teammate ``index`` and whether it is visible. Raises IndexError if there is none."""
        return self._record("teammate", self.TEAMMATE_STATE_CLASS, self.num_teammates, observation, index)

    def _visible_opponents(self, observation: np.ndarray) -> list[Any]:
        """Return the opponents that an observation (D,) of float64 shows, by index."""
        dim, make = self.OPPONENT_STATE_CLASS.DIM, self._make_opponent
        records = observation[self.observation_slices["opponent_states_with_mask"]]
        seen = records[dim :: dim + 1].nonzero()[0].tolist()
        return [make(records[index * (dim + 1) :][:dim].copy(), index) for index in seen]

    def get_opponent_state(self, observation: np.ndarray, index: int) -> tuple[Any, bool]:
        """Return opponent ``index`` and whether it is visible. Raises IndexError if there is none."""
        return self._record("opponent", self.OPPONENT_STATE_CLASS, self.num_opponents, observation, index)

    def get_obstacle_state(self, observation: np.ndarray, index: int) -> tuple[ObstacleState, bool]:
        """Return obstacle ``index`` and whether it is visible. Raises IndexError if there is none."""
        return self._record("obstacle", ObstacleState, self.num_obstacles, observation, index)

    def get_teammate_states(self, observation: np.ndarray) -> tuple[tuple[Any, ...], tuple[bool, ...]]:
        """Return all teammates, this agent included, and whether each is visible."""
        return self._records("teammate", self.TEAMMATE_STATE_CLASS, self.num_teammates, observation)

    def get_all_opponent_states(self, observation: np.ndarray) -> tuple[tuple[Any, ...], tuple[bool, ...]]:
        """Return all opponents and whether each is visible."""
        return self._records("opponent", self.OPPONENT_STATE_CLASS, self.num_opponents, observation)

    def get_all_obstacle_states(self, observation: np.ndarray) -> tuple[tuple[ObstacleState, ...], tuple[bool, ...]]:
        """Return all obstacles and whether each is visible."""
        return self._records("obstacle", ObstacleState, self.num_obstacles, observation)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(index={self.index})"


class CameraAgentBase(AgentBase):
    """Plays a camera: actions are changes of orientation and viewing angle, in degrees."""

    TEAM = Team.CAMERA
    DEFAULT_ACTION = CAMERA_DEFAULT_ACTION
    STATE_CLASS = CameraStatePrivate
    TEAMMATE_STATE_CLASS = CameraStatePublic
    OPPONENT_STATE_CLASS = TargetStatePublic


class TargetAgentBase(AgentBase):
    """Plays a target: actions are displacements in map units."""

    TEAM = Team.TARGET
    DEFAULT_ACTION = TARGET_DEFAULT_ACTION
    STATE_CLASS = TargetStatePrivate
    TEAMMATE_STATE_CLASS = TargetStatePublic
    OPPONENT_STATE_CLASS = CameraStatePublic


AgentType = AgentBase | CameraAgentBase | TargetAgentBase
StatePublicType = CameraStatePublic | TargetStatePublic
StatePrivateType = CameraStatePrivate | TargetStatePrivate
