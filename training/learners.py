"""The interface between a learner and the run that drives it, and the learner of each algorithm."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import torch

from training import algorithm as ppo
from training.algorithms import ACTOR_CRITIC, ALGORITHMS, PPO, Q_LEARNING
from training.configuration import TrainingConfiguration
from training.experience import TrainingIteration
from training.replay.learner import ReplayLearner
from training.replay.maddpg import ActorCriticLearner
from training.replay.q_learning import QLearner

REPLAY_LEARNERS: dict[str, type[ReplayLearner]] = {Q_LEARNING: QLearner, ACTOR_CRITIC: ActorCriticLearner}


class TeamAlgorithm(Protocol):
    """A learner with its samplers.

    ``steps`` counts the environment steps so far. ``last`` and ``experience`` describe the last iteration.
    ``team_module`` holds everything that is learned; with the moments of ``optimizers`` and ``divergence_weight`` it is
    the state from which a run resumes.
    """

    steps: int
    last: TrainingIteration
    experience: Any
    divergence_weight: float

    @property
    def team_module(self) -> Any:
        """The networks that are trained."""

    @property
    def optimizers(self) -> list[torch.optim.Optimizer]:
        """The optimisers, in a fixed order."""
        ...

    def training_step(self) -> Any:
        """Sample a fragment of every episode and learn from it."""

    def share_weights(self) -> None:
        """Broadcast the learner's weights to all samplers."""

    def episodes(self) -> list[int]:
        """Return the number of episodes that each slot has begun."""
        ...

    def stop(self) -> None:
        """End the samplers."""


def build(
    configuration: TrainingConfiguration, folder: Path, cores: int, episodes: list[int] | None = None
) -> TeamAlgorithm:
    """Return the algorithm's learner, ready for its first iteration. Ray must be running.

    ``episodes`` holds the number of episodes that each slot began in earlier processes of the run.
    """
    learner = ALGORITHMS[configuration.algorithm].learner
    if learner == PPO:
        return ppo.build(configuration, folder, cores, episodes)
    return REPLAY_LEARNERS[learner](configuration, folder, cores, episodes or [0] * configuration["episodes_at_once"])
