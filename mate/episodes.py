"""Playing whole episodes: two teams of batched agents over one batch of the engine.

An episode is a pure function of the scenario, the two agents and the seed. It does not depend on the batch size, on the
order of the seeds or on which other episodes share the batch: a slot whose episode is over is given the next seed, and
every random draw is addressed by the episode's own keys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mate.communication import Messages, edges_by_member, messages_of
from mate.depth import Depth, depth_of
from mate.engine import Batch
from mate.messages import Team
from mate.streams import TEAM, derive

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mate.agents.batched import BatchedAgent
    from mate.scenario import Scenario

AgentFactory = Callable[["Scenario", int], "BatchedAgent"]

BATCH_SIZE = 32
"""Episodes at a time: enough that Python's part of a step is small, few enough that all of it stays in a core's
cache.
"""


@dataclass(frozen=True, slots=True)
class EpisodeResult:
    """What one episode came to.

    Rewards are the target team's; the camera team's are their negatives. Rates are fractions of one: the coverage rates
    are means over the steps, the transport rate is the one after the last step.
    """

    seed: int
    steps: int
    completed: bool  # all cargo was delivered
    target_reward: float
    normalised_reward: float  # target_reward / scenario.max_target_team_episode_reward
    mean_coverage_rate: float
    mean_real_coverage_rate: float
    mean_transport_rate: float
    delivered_cargoes: int
    digest: int  # running 64-bit hash of the trajectory
    # Messages that each member of a team sent, and received, by the rules of the game: empty if nobody counted.
    camera_edges_sent: tuple[int, ...] = ()
    camera_edges_received: tuple[int, ...] = ()
    target_edges_sent: tuple[int, ...] = ()
    target_edges_received: tuple[int, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The fields by name, ready for JSON."""
        return asdict(self)


def play(
    scenario: Scenario,
    camera_factory: AgentFactory,
    target_factory: AgentFactory,
    seeds: Sequence[int],
    batch_size: int = BATCH_SIZE,
    max_steps: int | None = None,
    on_reset: Callable[[EpisodeBatch, NDArray[np.int64]], None] | None = None,
    on_step: Callable[[EpisodeBatch, NDArray[np.bool_]], None] | None = None,
    on_episode: Callable[[int, EpisodeResult], None] | None = None,
    between_steps: Callable[[], None] | None = None,
) -> list[EpisodeResult]:
    """Play one episode per seed and return their results in the order of ``seeds``.

    ``camera_factory(scenario, size)`` and ``target_factory(scenario, size)`` build the two teams for ``size`` slots.
    An episode ends when all cargo is delivered, or after ``max_episode_steps`` steps of the scenario (not one more, as
    in upstream's evaluation: Q10, Q11), or after ``max_steps`` steps when that is smaller. Actions are rounded to
    float32 before the engine sees them.

    ``on_reset(block, slots)`` is called when the (K,) ``slots`` hold a fresh episode, ``on_step(block, stepped)`` after
    each step with the (B,) flags of the slots that made it (the block's own array), before finished slots are refilled,
    and ``on_episode(number, result)`` when the episode of ``seeds[number]`` is over. ``between_steps()`` is called as
    often as ``on_step``, for who does not look at the game: without ``on_step``, what no team reads is not computed.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}: a batch needs at least one slot.")
    if max_steps is not None and max_steps < 1:
        raise ValueError(
            f"max_steps is {max_steps}: an episode has at least one step; leave it out for the scenario's own limit."
        )
    size = min(batch_size, len(seeds))
    if size == 0:
        return []
    block = EpisodeBatch(scenario, camera_factory(scenario, size), target_factory(scenario, size), size, max_steps)
    return block.play(seeds, on_reset, on_step, on_episode, between_steps)


class EpisodeBatch:
    """Episodes of one pairing in lockstep.

    Callbacks may read ``batch``, and with one row per slot ``numbers`` (B,), the position in the seed list of the
    episode in each slot, -1 for none; ``active`` (B,), whether there is one; ``seeds`` (B,); the last step's
    ``camera_actions`` (B, N_c, 2) and ``target_actions`` (B, N_t, 2) as the engine saw them; and ``camera_messages``
    and ``target_messages``, the messages that arrived before that step and the counts of all, None for a team that
    cannot speak. The observations of ``batch`` hold no more than what the teams read (``BatchedAgent.depth``), or all
    if there is an ``on_step``; so do its views of who sees whom, its distances and its draws.
    """

    def __init__(
        self, scenario: Scenario, camera: BatchedAgent, target: BatchedAgent, size: int, max_steps: int | None
    ) -> None:
        self.scenario = scenario
        self.camera = camera
        self.target = target
        self.batch = Batch(scenario, size)
        self._depths = int(depth_of(camera)), int(depth_of(target))
        self.limit = scenario.max_episode_steps if max_steps is None else min(max_steps, scenario.max_episode_steps)
        self.numbers = np.full(size, -1, dtype=np.int64)
        self.active = np.zeros(size, dtype=np.bool_)
        self.seeds = np.zeros(size, dtype=np.uint64)
        self.camera_actions = np.zeros((size, scenario.num_cameras, 2))
        self.target_actions = np.zeros((size, scenario.num_targets, 2))

    @property
    def camera_messages(self) -> Messages | None:
        return messages_of(self.camera)

    @property
    def target_messages(self) -> Messages | None:
        return messages_of(self.target)

    @property
    def target_reward(self) -> NDArray[np.float64]:
        """(B,) sum of the target team's rewards over each slot's episode so far, of the scenario's reward type."""
        if self.scenario.reward_type == "sparse":
            return self.batch.delayed_target_team_episode_reward
        return self.batch.target_team_episode_reward

    def play(self, seeds, on_reset=None, on_step=None, on_episode=None, between_steps=None) -> list[EpisodeResult]:
        """Play an episode per seed; see :func:`play`."""
        if on_step is not None:
            self._depths = int(Depth.VIEWS), int(Depth.VIEWS)
        keys = np.array([int(seed) for seed in seeds], dtype=np.uint64)
        results: list[EpisodeResult | None] = [None] * len(keys)
        begun = self._fill(np.arange(len(self.numbers)), keys, 0, on_reset)
        while self.active.any():
            num_over = 0
            while num_over == 0:
                num_over = self._step()
                if on_step is not None:
                    on_step(self, self.active)
                if between_steps is not None:
                    between_steps()
            is_over = (self.batch.episode_step >= self.limit) | self.batch.done
            finished = np.flatnonzero(is_over & self.active)
            for slot in finished.tolist():
                number = int(self.numbers[slot])
                results[number] = self.result(slot)
                if on_episode is not None:
                    on_episode(number, results[number])
            begun += self._fill(finished, keys, begun, on_reset)
        return [result for result in results if result is not None]

    def _fill(self, slots: NDArray[np.int64], keys: NDArray[np.uint64], begun: int, on_reset) -> int:
        """Begin the next episodes in the given free slots; return how many were begun."""
        self.numbers[slots], self.active[slots] = -1, False
        slots = slots[: len(keys) - begun]
        if not len(slots):
            return 0
        self.numbers[slots], self.active[slots] = np.arange(begun, begun + len(slots)), True
        self.seeds[slots] = keys[self.numbers[slots]]
        self.batch.reset(self.seeds[slots], slots)
        self.batch.observe(active=self.active, depths=self._depths)
        self._reset_agents(slots)
        if on_reset is not None:
            on_reset(self, slots)
        return len(slots)

    def _reset_agents(self, slots: NDArray[np.int64]) -> None:
        batch = self.batch
        teams = (
            (Team.CAMERA, self.camera, batch.camera_observation),
            (Team.TARGET, self.target, batch.target_observation),
        )
        for team, agent, observations in teams:
            keys = [derive(int(seed), TEAM, team.value) for seed in self.seeds[slots]]
            agent.reset(slots, np.array(keys, dtype=np.uint64), observations)

    def _step(self) -> int:
        """Step the active slots; how many of their episodes are over."""
        batch, active = self.batch, self.active
        self.camera.act(batch.camera_observation, self.camera_actions, active)
        self.target.act(batch.target_observation, self.target_actions, active)
        return batch.play(self.camera_actions, self.target_actions, active, self.limit, self._depths)

    def result(self, slot: int) -> EpisodeResult:
        """Return the result so far of the episode in a slot, after at least one step."""
        batch, steps = self.batch, int(self.batch.episode_step[slot])
        reward = float(self.target_reward[slot])
        return EpisodeResult(
            seed=int(self.seeds[slot]),
            steps=steps,
            completed=not batch.awaiting_cargo_counts[slot].any(),
            target_reward=reward,
            normalised_reward=reward / self.scenario.max_target_team_episode_reward,
            mean_coverage_rate=float(batch.coverage_rate_sum[slot]) / steps,
            mean_real_coverage_rate=float(batch.real_coverage_rate_sum[slot]) / steps,
            mean_transport_rate=float(batch.mean_transport_rate[slot]),
            delivered_cargoes=int(batch.num_delivered_cargoes[slot]),
            digest=int(batch.digest[slot]),
            **self._edges(slot),
        )

    def _edges(self, slot: int) -> dict[str, tuple[int, ...]]:
        sizes = self.scenario.num_cameras, self.scenario.num_targets
        silence = [np.zeros((size, size), np.int64) for size in sizes]
        messages = self.camera_messages, self.target_messages
        return edges_by_member(
            *(none if spoken is None else spoken.edges[slot] for spoken, none in zip(messages, silence, strict=True))
        )
