"""RLlib's PPO learner, fed with whole fragments of prepared experience instead of lists of episodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.columns import Columns
from ray.rllib.evaluation.postprocessing import Postprocessing
from ray.rllib.policy.sample_batch import MultiAgentBatch, SampleBatch
from ray.rllib.utils.metrics import NUM_ENV_STEPS_SAMPLED_LIFETIME

from mate.streams import derive
from training.configuration import TrainingConfiguration
from training.experience import Experience
from training.modules import pick

SHUFFLE = 0x4001
"""Word for ``derive``: the order of fragments in a pass."""

_COLUMNS = {
    "actions": Columns.ACTIONS,
    "logits": Columns.ACTION_DIST_INPUTS,
    "log_probability": Columns.ACTION_LOGP,
    "advantages": Postprocessing.ADVANTAGES,
    "value_targets": Postprocessing.VALUE_TARGETS,
}
_INPUTS = ("obs", "state", "actor_memory", "critic_memory", "mask")


class TeamLearner(PPOTorchLearner):
    """PPO of RLlib: loss, adaptive KL coefficient, optimiser and schedules. Only the minibatches are made here.

    ``learner_config_dict`` is ``{"configuration": TrainingConfiguration}``.
    """

    def before_gradient_based_update(self, *, timesteps: dict[str, Any]) -> None:
        """Set the learning rate and the entropy coefficient for these steps; RLlib itself does so one update late."""
        super().before_gradient_based_update(timesteps=timesteps)
        steps = timesteps.get(NUM_ENV_STEPS_SAMPLED_LIFETIME, 0)
        self.entropy_coeff_schedulers_per_module[DEFAULT_MODULE_ID].update(timestep=steps)
        for optimizer, schedule in self._optimizer_lr_schedules.items():
            self._set_optimizer_lr(optimizer, lr=schedule.update(timestep=steps))
        self._steps = steps

    def _create_iterator_if_necessary(
        self, *, training_data: Any, num_epochs: int = 1, minibatch_size: int | None = None, **kwargs: Any
    ) -> Iterator[MultiAgentBatch]:
        experience: Experience = training_data.batch
        settings: TrainingConfiguration = self.config.learner_config_dict["configuration"]
        random = np.random.Generator(np.random.Philox(derive(settings.seed, SHUFFLE, self._steps)))
        return self._minibatches(experience, num_epochs, minibatch_size or experience.decisions, random)

    def _minibatches(
        self, experience: Experience, passes: int, size: int, random: np.random.Generator
    ) -> Iterator[MultiAgentBatch]:
        """Yield minibatches of whole fragments with about ``size`` decisions each, shuffled in each pass."""
        tensors = {name: torch.from_numpy(array).to(self.device) for name, array in experience.arrays.items()}
        count = min(experience.rows, max(1, round(experience.decisions / size)))
        steps = max(1, experience.decisions // count)
        for _ in range(passes):
            for rows in np.array_split(random.permutation(experience.rows), count):
                yield self._minibatch(tensors, torch.from_numpy(rows).to(self.device), steps)

    def _minibatch(self, tensors: dict[str, torch.Tensor], rows: torch.Tensor, steps: int) -> MultiAgentBatch:
        chosen = {name: tensor[rows] for name, tensor in tensors.items()}
        columns = {name: chosen[name] for name in _INPUTS}
        columns |= {column: pick(chosen[name], chosen["mask"]) for name, column in _COLUMNS.items()}
        if columns[Columns.ACTIONS].shape[1] == 1:
            columns[Columns.ACTIONS] = columns[Columns.ACTIONS].squeeze(1)
        return MultiAgentBatch({DEFAULT_MODULE_ID: SampleBatch(columns)}, env_steps=steps)
