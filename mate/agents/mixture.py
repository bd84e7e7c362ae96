"""An agent that is, in each episode, one of several agents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np

from mate.agents.base import MAX_SEED, AgentBase, CameraAgentBase, TargetAgentBase
from mate.agents.draws import Draws
from mate.messages import Message
from mate.streams import Stream


class MixtureAgentMixIn(AgentBase):
    """Chooses one of its candidates at every reset, and lets it play the episode.

    The choice has a random stream of its own (``seed_mixture``). Spawned agents share its seed, so that all members of
    a team choose alike: the team plays one candidate per episode.

    Args:
        candidates: agents of the team, at least one.
        weights: non-negative, one per candidate, default all 1; those of weight 0 are dropped.
        mixture_seed: seed of the choice.
        seed: seed of the agent and, through it, of the candidates.

    Raises AssertionError if the weights do not fit the candidates, are negative or all zero.
    """

    def __init__(
        self,
        candidates: Iterable[AgentBase],
        weights: Iterable[float] | None = None,
        mixture_seed: int | None = None,
        seed: int | None = None,
    ) -> None:
        candidates = list(candidates)
        assert all(candidate.TEAM is self.TEAM for candidate in candidates), (
            f"candidates of a {self.TEAM.name.lower()} mixture must play the {self.TEAM.name.lower()} team"
        )
        shares = np.ones(len(candidates)) if weights is None else np.asarray(list(weights), np.float64)
        assert shares.shape == (len(candidates),), (
            f"{len(candidates)} candidates need as many weights, got {shares.size}"
        )
        assert np.all(shares >= 0.0) and np.any(shares > 0.0), (
            f"weights must be positive or zero, not all zero: {shares}"
        )
        self.candidates = [candidate for candidate, share in zip(candidates, shares, strict=True) if share > 0.0]
        self.weights = shares[shares > 0.0] / shares.sum()
        self.current_agent: AgentBase = self.candidates[0]
        self.next_draws: Draws | None = None
        super().__init__(seed)
        self.seed_mixture(mixture_seed)

    def seed(self, seed: int | None = None) -> list[int]:
        """Seed the agent, and every candidate from its stream; the choice of candidates keeps its own."""
        seeds = super().seed(seed)
        for candidate in self.candidates:
            seeds.extend(candidate.seed(self._draw_seed()))
        return seeds

    def seed_mixture(self, seed: int | None = None) -> None:
        """Seed the choice of candidates; from the agent's stream if None."""
        self.np_random_mixture = Stream(self._draw_seed() if seed is None else seed)

    def _draw_seed(self) -> int:
        return int(self.np_random.randint(MAX_SEED))

    def clone(self) -> Self:
        """Return a copy with cloned candidates and new seeds, for itself and its choice, from this agent's stream."""
        clone = super().clone()
        clone.seed_mixture(self._draw_seed())
        return clone

    def spawn(self, num_agents: int) -> list[Self]:
        """Return ``num_agents`` clones that choose the same candidate in every episode."""
        clones = super().spawn(num_agents)
        mixture_seed = self._draw_seed()
        for clone in clones:
            clone.seed_mixture(mixture_seed)
        return clones

    def reset(self, observation: np.ndarray) -> None:
        super().reset(observation)
        self.current_agent = self.candidates[int(self.np_random_mixture.choice(len(self.candidates), p=self.weights))]
        if hasattr(self.current_agent, "next_draws"):
            self.current_agent.next_draws = self.next_draws
        self.next_draws = None
        self.current_agent.reset(observation)

    def observe(self, observation: np.ndarray, info: Mapping[str, Any] | None = None) -> None:
        super().observe(observation, info)
        self.current_agent.observe(observation, info)

    def send_requests(self) -> Iterable[Message]:
        return self.current_agent.send_requests()

    def receive_requests(self, messages: Iterable[Message]) -> None:
        super().receive_requests(messages)
        self.current_agent.receive_requests(self.last_requests)

    def send_responses(self) -> Iterable[Message]:
        return self.current_agent.send_responses()

    def receive_responses(self, messages: Iterable[Message]) -> None:
        super().receive_responses(messages)
        self.current_agent.receive_responses(self.last_responses)

    def act(
        self,
        observation: np.ndarray,
        info: Mapping[str, Any] | None = None,
        deterministic: bool | None = None,
    ) -> int | np.ndarray:
        self.state, observation, _, _ = self.check_inputs(observation, info)
        return self.current_agent.act(observation, info, deterministic)


class MixtureCameraAgent(MixtureAgentMixIn, CameraAgentBase):
    """A camera that is, in each episode, one of several agents."""


class MixtureTargetAgent(MixtureAgentMixIn, TargetAgentBase):
    """A target that is, in each episode, one of several agents."""
