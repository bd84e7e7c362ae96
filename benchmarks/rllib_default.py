"""The baseline for training without our environment runner: RLlib's multi-agent environment, connectors and episodes.

The game, its wrappers, the network, the loss and the hyperparameters are those of ``training``. Only the data flow
between them is RLlib's default, with a Python environment for each copy. In its favour, the critic's memory is zero at
the start of each sequence, so that no critic has to run while sampling.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import torch
from ray.rllib.algorithms import Algorithm
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.columns import Columns
from ray.rllib.core.distribution.torch.torch_distribution import TorchMultiCategorical
from ray.rllib.core.rl_module.apis.value_function_api import ValueFunctionAPI
from ray.rllib.core.rl_module.rl_module import RLModuleSpec
from ray.rllib.core.rl_module.torch import TorchRLModule
from ray.rllib.env.multi_agent_env import MultiAgentEnv

import mate
from mate import wrappers
from training.configuration import TrainingConfiguration
from training.networks import TimedNetwork
from training.recipes import coefficients_of, recipe_of


class CameraEnvironment(MultiAgentEnv):
    """Hierarchical cameras against greedy targets, with the wrappers of upstream's training."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        configuration: TrainingConfiguration = config["configuration"]
        env: Any = mate.make(config["scenario"] + "-v0")
        env = wrappers.MultiCamera(env, target_agent=mate.GreedyTargetAgent())
        env = wrappers.RescaledObservation(wrappers.RelativeCoordinates(env))
        env = wrappers.RepeatedRewardIndividualDone(env)
        env = wrappers.AuxiliaryCameraRewards(env, coefficients_of(configuration), reduction="mean")
        env = wrappers.HierarchicalCamera(env, multi_selection=True, frame_skip=configuration["frame_skip"])
        self.env = wrappers.RLlibMultiAgentCentralizedTraining(wrappers.RLlibMultiAgentAPI(env))
        self.possible_agents = self.agents = list(self.env.agent_ids)
        parts: dict[str, gym.Space] = {name: _box(self.env.observation_space[name]) for name in ("obs", "state")}
        self.observation_spaces = dict.fromkeys(self.agents, gym.spaces.Dict(parts))
        self.action_spaces = dict.fromkeys(self.agents, self.env.action_space)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, Any]:
        """Begin the next episode; return its first observations and no infos."""
        return _keep(self.env.reset()), {}

    def step(self, action_dict: Any) -> Any:
        """Play a decision of each camera."""
        observations, rewards, dones, _ = self.env.step(action_dict)
        return _keep(observations), rewards, dones, {"__all__": False}, {}


def _box(space: gym.Space) -> gym.spaces.Box:
    return gym.spaces.Box(-np.inf, np.inf, space.shape, np.float32)


def _keep(observations: dict[str, Any]) -> dict[str, Any]:
    return {
        agent: {name: parts[name].astype(np.float32) for name in ("obs", "state")}
        for agent, parts in observations.items()
    }


class SharedModule(TorchRLModule, ValueFunctionAPI):
    """The networks of ``training.modules`` behind RLlib's default interface of recurrent modules."""

    def setup(self) -> None:
        """Build both networks."""
        model: Any = self.model_config
        recipe: Any = recipe_of(model["configuration"])
        self.recipe = recipe
        self.actor = TimedNetwork(recipe.architecture, recipe.observation_size, recipe.output_size, 0.01)
        self.critic = TimedNetwork(recipe.architecture, recipe.scenario.state_size, 1)

    def get_initial_state(self) -> dict[str, np.ndarray]:
        """Return the actor's memory at the start of an episode."""
        return {"memory": np.zeros(2 * self.recipe.architecture.memory_size, np.float32)}

    def get_train_action_dist_cls(self) -> Any:
        """Return the distribution of decisions: a yes or no for each target."""
        distribution: Any = TorchMultiCategorical
        return distribution.get_partial_dist_cls(input_lens=[2] * self.recipe.scenario.targets)

    get_exploration_action_dist_cls = get_train_action_dist_cls
    get_inference_action_dist_cls = get_train_action_dist_cls

    def _forward(self, batch: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        logits, memory = self.actor(batch[Columns.OBS]["obs"], batch[Columns.STATE_IN]["memory"])
        return {Columns.ACTION_DIST_INPUTS: logits, Columns.STATE_OUT: {"memory": memory}}

    def compute_values(self, batch: dict[str, Any], embeddings: Any | None = None) -> torch.Tensor:
        """Return the critic's estimates (B, T)."""
        states = batch[Columns.OBS]["state"]
        memory = torch.zeros(len(states), 2 * self.recipe.architecture.memory_size, device=states.device)
        return self.critic(states, memory)[0].squeeze(-1)


def build(configuration: TrainingConfiguration, scenario: str, environments: int, runners: int) -> Algorithm:
    """Return RLlib's default PPO with this number of environments in each runner (0 runners: in the driver)."""
    one = configuration.hyperparameters
    decisions = one["episodes_at_once"] * one["fragment_length"]
    config = PPOConfig()
    config.environment(
        CameraEnvironment, env_config={"configuration": configuration, "scenario": scenario}, disable_env_checking=True
    )
    config.env_runners(
        num_env_runners=runners, num_envs_per_env_runner=environments,
        rollout_fragment_length=max(1, decisions // (environments * max(runners, 1))),
    )  # fmt: skip
    config.multi_agent(policies={"shared"}, policy_mapping_fn=lambda agent, episode, **unused: "shared")
    model = {"configuration": configuration, "max_seq_len": one["fragment_length"]}
    config.rl_module(rl_module_spec=RLModuleSpec(SharedModule, model_config=model))
    config.training(
        train_batch_size_per_learner=decisions, num_epochs=one["passes"], minibatch_size=one["minibatch_size"],
        lr=1e-3, gamma=one["gamma"], lambda_=one["gae_lambda"], clip_param=one["clip"], grad_clip=one["gradient_clip"],
        use_kl_loss=True, kl_coeff=one["kl_coefficient"], vf_loss_coeff=one["value_coefficient"],
        vf_clip_param=one["value_clip"],
    )  # fmt: skip
    config.debugging(log_level="ERROR")
    return config.build_algo()
