"""RLlib's PPO learner, which gets whole fragments of prepared experience instead of lists of episodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.utils.metrics import NUM_ENV_STEPS_SAMPLED_LIFETIME
from torch import Tensor

from mate.streams import derive
from training.configuration import TrainingConfiguration
from training.experience import JointExperience
from training.losses import Terms, Weights, explained_variance, loss_of, terms_of

SHUFFLE = 0x4001
"""Word for ``derive``: the order of fragments in a pass."""

_COLUMNS = (
    "obs", "state", "mask", "actor_memory", "critic_memory", "actions", "log_probability", "advantages",
    "value_targets",
)  # fmt: skip

Part = dict[str, Tensor]


@dataclass(frozen=True)
class Minibatch:
    """Fragments of each scenario (empty if it has none), in the form that RLlib's learner iterates over."""

    parts: list[Part]
    decisions: int
    is_last: bool

    @property
    def policy_batches(self) -> dict[str, dict[str, Any]]:
        """The content for each module."""
        return {DEFAULT_MODULE_ID: {"parts": self.parts, "is_last": self.is_last}}


class TeamLearner(PPOTorchLearner):
    """RLlib's PPO (adaptive KL coefficient, optimiser and schedules) with minibatches and a loss of our own.

    RLlib's loss has a row for each decision and builds distributions of all of them. Ours reads the same outputs as
    arrays, supports several scenarios and masks, and costs less. ``learner_config_dict`` is ``{"configuration":
    TrainingConfiguration}``.
    """

    def before_gradient_based_update(self, *, timesteps: dict[str, Any]) -> None:
        """Set the learning rate and the entropy coefficient for these steps; RLlib would set them one update late."""
        super().before_gradient_based_update(timesteps=timesteps)
        steps = timesteps.get(NUM_ENV_STEPS_SAMPLED_LIFETIME, 0)
        self.entropy_coeff_schedulers_per_module[DEFAULT_MODULE_ID].update(timestep=steps)
        for optimizer, schedule in self._optimizer_lr_schedules.items():
            self._set_optimizer_lr(optimizer, lr=schedule.update(timestep=steps))
        self._steps = steps

    @property
    def settings(self) -> TrainingConfiguration:
        """The configuration of the run."""
        configuration: TrainingConfiguration = self.config.learner_config_dict["configuration"]
        return configuration

    def _create_iterator_if_necessary(
        self, *, training_data: Any, num_epochs: int = 1, minibatch_size: int | None = None, **kwargs: Any
    ) -> Iterator[Minibatch]:
        experience: JointExperience = training_data.batch
        random = np.random.Generator(np.random.Philox(derive(self.settings.seed, SHUFFLE, self._steps)))
        return self._minibatches(experience, num_epochs, minibatch_size or experience.decisions, random)

    def _minibatches(
        self, experience: JointExperience, passes: int, size: int, random: np.random.Generator
    ) -> Iterator[Minibatch]:
        """Yield minibatches of whole fragments with about ``size`` decisions each, shuffled in each pass.

        Each minibatch has its share of every scenario's fragments.
        """
        names = _COLUMNS + (("logits",) if self.settings["kl_coefficient"] else ())
        tensors = [
            {name: torch.from_numpy(part.arrays[name]).to(self.device) for name in names} for part in experience.parts
        ]
        count = max(1, round(experience.decisions / size))
        count = min(count, max(part.rows for part in experience.parts))
        steps = max(1, experience.decisions // count)
        for number in range(passes):
            orders = [np.array_split(random.permutation(part.rows), count) for part in experience.parts]
            for place, rows in enumerate(zip(*orders, strict=True)):
                pairs = zip(tensors, rows, strict=True)
                parts = [_choose(columns, chosen, self.device) for columns, chosen in pairs]
                yield Minibatch(parts, steps, number == passes - 1 and place == count - 1)

    def compute_loss_for_module(
        self, *, module_id: str, config: Any, batch: Mapping[str, Any], fwd_out: Mapping[str, Any]
    ) -> Tensor:
        """Return PPO's loss of a minibatch, and log its terms if it is the last one of the iteration."""
        weights = self._weigh(config)
        module: Any = self.module[module_id].unwrapped()
        terms = Terms.join(
            [
                terms_of(module.head, *computed, part, weights)  # type: ignore[call-arg]
                for computed, part in zip(fwd_out["parts"], batch["parts"], strict=True)
                if computed is not None
            ]
        )
        ppo, figures = loss_of(terms, weights)
        loss: Tensor = ppo + module.auxiliary_loss(batch["parts"], fwd_out["parts"])
        if batch["is_last"]:
            figures["vf_explained_var"] = explained_variance(terms.values, terms.value_targets)
            plain = {name: value.detach() for name, value in figures.items()}
            self.metrics.log_dict(plain, key=module_id, window=1)
        return loss

    def _weigh(self, config: Any) -> Weights:
        warmup = self.settings["critic_warmup"] * self.settings.steps if self.settings.start_from else 0.0
        entropy = self.entropy_coeff_schedulers_per_module[DEFAULT_MODULE_ID].get_current_value()
        exact = float(self.curr_kl_coeffs_per_module[DEFAULT_MODULE_ID]) if self.settings["kl_coefficient"] else 0.0
        return Weights(
            config.clip_param, config.vf_clip_param, config.vf_loss_coeff, float(entropy), exact,
            policy=self._steps >= warmup,
        )  # fmt: skip

    def _log_metrics(self, batch: Any) -> None:
        """Log nothing of single minibatches: the run's progress counts decisions itself."""

    def _log_steps_trained_metrics(self, batch: Any) -> None:
        """Log nothing, for the same reason."""

    def _set_slicing_by_batch_id(self, batch: Any, *, value: bool) -> Any:
        return batch

    def _compute_off_policyness(self, batch: Any) -> None:
        """Compute nothing: all experience comes from the newest weights."""


def _choose(columns: Part, rows: np.ndarray, device: Any) -> Part:
    if not len(rows):
        return {}
    chosen = torch.from_numpy(rows).to(device)
    return {name: tensor[chosen] for name, tensor in columns.items()}
