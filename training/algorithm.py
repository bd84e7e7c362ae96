"""RLlib's PPO algorithm with the batched engine's environment runner, module and learner."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import torch
from ray.rllib.algorithms.ppo import PPO, PPOConfig
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.rllib.utils.metrics import NUM_ENV_STEPS_SAMPLED_LIFETIME

from mate.streams import derive
from training.configuration import TrainingConfiguration
from training.experience import Experience, JointExperience, TrainingIteration
from training.learner import TeamLearner
from training.module_classes import module_class_of
from training.modules import TeamModule
from training.opponents import opponents_of
from training.private_ray import find_cluster
from training.runner import SPACES, TeamEnvRunner
from training.schedules import cap, in_steps
from training.starting import limits_of

WEIGHTS = 0x4002
"""Word for ``derive``: the initial weights of the networks."""

_FIGURES = {
    "total_loss": "total_loss",
    "entropy": "entropy",
    "mean_kl_loss": "kl",
    "vf_loss": "value_loss",
    "vf_explained_var": "explained_variance",
    "default_optimizer_learning_rate": "learning_rate",
    "curr_entropy_coeff": "entropy_coefficient",
}
"""RLlib's metrics, with their names in ``progress.jsonl``."""


class TeamPPO(PPO):
    """PPO whose runners pass whole arrays to the learner.

    ``steps`` counts the environment steps so far; ``last`` describes the last iteration.
    """

    steps: int = 0
    last: TrainingIteration
    experience: JointExperience
    # RLlib's attributes. They are None only before ``setup``.
    config: Any
    env_runner_group: Any
    learner_group: Any
    metrics: Any

    def training_step(self) -> None:
        """Sample a fragment of every episode, update the networks, and broadcast the new weights to the runners."""
        began = time.perf_counter()
        parts: list[list[Experience | None]] = self.env_runner_group.foreach_env_runner(
            lambda runner: runner.sample(), local_env_runner=self.config.num_env_runners == 0
        )
        experience = JointExperience.join(parts)
        experience.standardise_advantages()
        sampled = time.perf_counter()
        results = self.learner_group.update(
            batch=experience,
            timesteps={NUM_ENV_STEPS_SAMPLED_LIFETIME: self.steps},
            num_epochs=self.config.num_epochs,
            minibatch_size=self.config.env_config["configuration"]["minibatch_size"],
        )
        self.metrics.aggregate(results, key="learners")
        self.share_weights()
        learned = time.perf_counter()
        self.steps += experience.steps
        self.last = TrainingIteration(
            experience.steps, experience.decisions, experience.finished, sampled - began, learned - sampled,
            _figures(results),
        )  # fmt: skip
        self.experience = experience

    @property
    def learner(self) -> TeamLearner:
        """The only learner."""
        learner: TeamLearner = self.learner_group._learner
        return learner

    @property
    def team_module(self) -> TeamModule:
        """The module that is trained on the driver."""
        return self.learner.module[DEFAULT_MODULE_ID]  # type: ignore[return-value]

    @property
    def optimizers(self) -> list[torch.optim.Optimizer]:
        """The optimisers. Their moments belong to the run's state."""
        return list(self.learner._named_optimizers.values())

    @property
    def divergence_weight(self) -> float:
        """The adaptive weight of the KL divergence. It belongs to the run's state."""
        return float(self.learner.curr_kl_coeffs_per_module[DEFAULT_MODULE_ID])

    @divergence_weight.setter
    def divergence_weight(self, weight: float) -> None:
        coefficient: Any = self.learner.curr_kl_coeffs_per_module[DEFAULT_MODULE_ID]
        coefficient.data.fill_(weight)

    def share_weights(self) -> None:
        """Broadcast the learner's weights to all runners."""
        weights = {name: tensor.detach().cpu().numpy() for name, tensor in self.team_module.state_dict().items()}
        self.env_runner_group.foreach_env_runner(
            lambda runner: runner.load(weights), local_env_runner=self.config.num_env_runners == 0
        )

    def episodes(self) -> list[int]:
        """Return the number of episodes that each slot has begun."""
        parts = self.env_runner_group.foreach_env_runner(
            lambda runner: runner.episodes(), local_env_runner=self.config.num_env_runners == 0
        )
        return [number for part in parts for number in part]


def _figures(results: list[dict[str, Any]]) -> dict[str, float]:
    """Return the learner's metrics as plain numbers, by their names in the progress."""
    figures = {}
    for name, known in _FIGURES.items():
        value = results[0][DEFAULT_MODULE_ID][name]
        figures[known] = float(value.peek() if hasattr(value, "peek") else value)
    return figures


def build(configuration: TrainingConfiguration, folder: Path, cores: int, episodes: list[int] | None = None) -> TeamPPO:
    """Return the algorithm, ready for its first iteration. Ray must be running.

    ``episodes`` holds the number of episodes that each slot began in earlier processes of the run. With one core the
    driver samples and learns in turn. With more, that many runners sample in parallel while the driver waits, and the
    driver then learns with as many threads. On a cluster all cores belong to the runners, and the driver learns with
    the cores of its own machine.
    """
    seed = derive(configuration.seed, WEIGHTS)
    threads = min(cores, len(os.sched_getaffinity(0)))
    torch.manual_seed(seed % 2**63)
    torch.set_num_threads(threads)
    settings = {
        "configuration": configuration,
        "opponents": opponents_of(configuration, folder),
        "episodes": episodes or [0] * configuration["episodes_at_once"],
    }
    limits = limits_of(configuration, folder)
    algorithm = _configure(configuration, settings, limits, cores).build_algo()
    assert isinstance(algorithm, TeamPPO)
    torch.set_num_threads(threads)
    algorithm.share_weights()
    return algorithm


def _configure(
    configuration: TrainingConfiguration, settings: dict[str, Any], limits: dict[str, float], cores: int
) -> PPOConfig:
    one = configuration.hyperparameters
    runners = min(cores, one["episodes_at_once"]) if cores > 1 or find_cluster() else 0
    config = PPOConfig(algo_class=TeamPPO)
    config.environment(env=None, env_config=settings, observation_space=SPACES[0], action_space=SPACES[1])
    config.env_runners(
        env_runner_cls=TeamEnvRunner, num_env_runners=runners, create_local_env_runner=not runners,
        num_cpus_per_env_runner=1, rollout_fragment_length=one["fragment_length"],
    )  # fmt: skip
    config.learners(num_learners=0, num_gpus_per_learner=int(torch.cuda.is_available()))
    config.rl_module(
        rl_module_spec=RLModuleSpec(
            module_class_of(configuration), *SPACES, model_config={"configuration": configuration}
        )
    )
    config.training(
        learner_class=TeamLearner,
        learner_config_dict={"configuration": configuration},
        lr=in_steps(cap(one["learning_rate"], limits.get("learning_rate")), configuration.steps),
        entropy_coeff=in_steps(  # type: ignore[arg-type]
            cap(one["entropy_coefficient"], limits.get("entropy_coefficient")), configuration.steps
        ),
        gamma=one["gamma"],
        lambda_=one["gae_lambda"],
        clip_param=one["clip"],
        vf_clip_param=one["value_clip"],
        vf_loss_coeff=one["value_coefficient"],
        use_kl_loss=True,  # RLlib then logs the divergence even if its coefficient is 0
        kl_coeff=one["kl_coefficient"],
        kl_target=one["kl_target"],
        grad_clip=one["gradient_clip"] or None,
        grad_clip_by="global_norm",
        num_epochs=one["passes"],
    )
    config.fault_tolerance(restart_failed_env_runners=False, ignore_env_runner_failures=False)
    config.debugging(log_level="ERROR", seed=None)
    return config
