"""Teams of agent objects over a batch: every class of upstream's interface plays where batched agents do."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mate.agents.base import AgentBase, fixed_fresh_seeds
from mate.agents.batched.team import OWN
from mate.agents.draws import EpisodeDraws, agent_key
from mate.communication import OTHER, Messages, clear_messages, is_lost, limits_of, new_messages
from mate.errors import UserError
from mate.evaluate.reseeding import LARGEST_SEED, spawn_afresh
from mate.groups import group_reset, group_step
from mate.mailbox import Mailbox
from mate.messages import Message, Team
from mate.reproducibility import seed_everything

if TYPE_CHECKING:
    from mate.scenario import Scenario


def spawn_team(prototype: AgentBase, size: int, team_key: int) -> list[AgentBase]:
    """Return the ``size`` members of a team for one episode, whose draws are decided by the team's key."""
    agents = spawn_afresh(prototype, size, team_key)
    for index, agent in enumerate(agents):
        if hasattr(agent, "seed_mixture"):  # members of a team choose alike
            agent.seed_mixture(team_key % LARGEST_SEED)
        if hasattr(agent, "next_draws"):  # the draws that the batched form would make
            agent.next_draws = EpisodeDraws(agent_key(team_key, index))
    return agents


class Post:
    """The messages of one team in one episode: an environment, for those who send and receive.

    Limits and delays are those that ``mate.wrappers.limited_communication`` puts around an environment, with the same
    draws.
    """

    def __init__(self, team: Team, scenario: Scenario, team_key: int) -> None:
        size = scenario.num_cameras if team is Team.CAMERA else scenario.num_targets
        self.box = Mailbox(team, size)
        self.limits, self.delay = limits_of(scenario, team), scenario.communication_delay
        self.keys = [np.uint64(agent_key(team_key, index)) for index in range(size)]
        self.step = 0
        self.places = np.zeros((size, 2))
        self._pending: list[tuple[int, int, Message]] = []
        self._numbers = count()
        self._sent: Counter[tuple[int, int]] = Counter()

    def begin_step(self, step: int, observations: NDArray[np.float64]) -> None:
        """Forget the last step; members (N, D) are where they observe themselves."""
        self.box.end_step()
        self.step, self.places = step, observations[:, OWN : OWN + 2]
        self._sent.clear()

    def send_messages(self, messages: Message | Iterable[Message]) -> None:
        """Send what the limits let pass; late messages arrive with the first call of a step."""
        listed = [messages] if isinstance(messages, Message) else list(messages)
        passing = [one for message in listed for one in self.box.expand(message) if self._passes(one)]
        if self.delay == 0:
            self.box.post(passing)
            return
        for message in passing:
            heapq.heappush(self._pending, (self.step + self.delay, next(self._numbers), message))
        while self._pending and self._pending[0][0] <= self.step:
            self.box.post([heapq.heappop(self._pending)[2]])

    def receive_messages(self, agent: AgentBase) -> list[Message]:
        """Return what waits for an agent, and remove it."""
        return self.box.collect(agent.index)

    def infos(self) -> list[dict[str, Any]]:
        """Return what each member's info says of the messages of the step."""
        sent, received = self.box.degrees()
        return [
            {
                "messages": list(self.box.buffer[index]),
                "out_communication_edges": sent[index],
                "in_communication_edges": received[index],
            }
            for index in range(self.box.num_members)
        ]

    def _passes(self, message: Message) -> bool:
        sender, recipient = message.sender, message.recipient
        assert recipient is not None
        if self.limits.is_silent or np.hypot(*(self.places[sender] - self.places[recipient])) > self.limits.range:
            return False
        place = recipient + self.box.num_members * self._sent[sender, recipient]
        self._sent[sender, recipient] += 1
        return not is_lost(self.keys[sender], self.step, place, self.limits.dropout)


class ObjectTeam:
    """A team of agent objects in each of ``size`` episodes: a ``mate.agents.batched.BatchedAgent``.

    Each episode is played by freshly spawned agents, whose randomness is decided by its key, as in ``mate.evaluate``.
    Agents that draw from global generators repeat themselves with a ``size`` of 1 alone. An agent's ``info`` has its
    messages and their numbers, and nothing of the environment.

    Args:
        build: makes the object from which teams are spawned, for a seed.
        team: the side that it plays.
        scenario: a ``mate.Scenario``.
        size: the number of slots, B.
        seed: what ``build`` is called with.
        deterministic: handed to ``act``.
    """

    def __init__(
        self,
        build: Callable[[int], AgentBase],
        team: Team,
        scenario: Scenario,
        size: int,
        seed: int = 0,
        deterministic: bool | None = None,
    ) -> None:
        self.team, self.scenario, self.size, self.deterministic = Team(team), scenario, size, deterministic
        self.num_agents = scenario.num_cameras if self.team is Team.CAMERA else scenario.num_targets
        with fixed_fresh_seeds(seed):
            self.prototype = build(seed)
        self.messages: Messages = new_messages(size, self.num_agents)
        self.agents: list[list[AgentBase]] = [[] for _ in range(size)]
        self.posts: list[Post | None] = [None] * size
        self.infos: list[list[dict[str, Any]] | None] = [None] * size
        self.step = np.zeros(size, np.int64)

    def share_messages(self, messages: Messages) -> None:
        """Count in these messages, which are of the same batch and scenario, from now on."""
        self.messages = messages

    def reset(self, slots: NDArray[np.int64], keys: NDArray[np.uint64], observations: NDArray[np.float64]) -> None:
        """Begin new episodes in ``slots``."""
        clear_messages(self.messages, np.asarray(slots, np.int64))
        for slot, key in zip(slots, keys, strict=True):
            if self.size == 1:
                seed_everything(int(key) % LARGEST_SEED)
            with fixed_fresh_seeds(int(key)):
                self.agents[slot] = spawn_team(self.prototype, self.num_agents, int(key))
                group_reset(self.agents[slot], observations[slot].copy())
            self.posts[slot] = Post(self.team, self.scenario, int(key))
            self.infos[slot], self.step[slot] = None, 0

    def act(self, observations: NDArray[np.float64], actions: NDArray[np.float64], active: NDArray[np.bool_]) -> None:
        """Write the actions of the active slots. Raises UserError for an action that is none."""
        for slot in np.flatnonzero(active).tolist():
            post, seen = self.posts[slot], observations[slot].copy()
            assert post is not None, "act is called after reset"
            post.begin_step(int(self.step[slot]), seen)
            chosen = group_step(post, self.agents[slot], seen, self.infos[slot], self.deterministic)
            for index, action in enumerate(chosen):
                actions[slot, index] = self._read_action(index, action)
            self._count(slot, post)
            self.infos[slot] = post.infos()
            self.step[slot] += 1

    def _read_action(self, index: int, action: Any) -> NDArray[np.float64]:
        try:
            values = np.asarray(action, np.float64)
        except (TypeError, ValueError):
            values = np.zeros(0)
        if values.shape != (2,) or not np.isfinite(values).all():
            raise UserError(
                f"{self.team}_{index} gave the action {str(action)[:80]}: an action is two finite numbers. "
                "Agents that choose by number need their grid turned into them."
            )
        return values

    def _count(self, slot: int, post: Post) -> None:
        edges = post.box.edges
        self.messages.kinds[slot] = np.where(edges > 0, OTHER, 0)
        self.messages.edges[slot] += edges
        self.messages.is_quiet[slot] = post.box.is_idle
