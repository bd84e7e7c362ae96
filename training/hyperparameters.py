"""The hyperparameters of a training, each with its meaning, unit, bounds and defaults.

The preset ``upstream`` has the values of MATE's examples (Pan et al., NeurIPS 2022): PPO of RLlib 1.12, with five
frames per decision for cameras and ten for targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mate.messages import TEAMS, TEAMS_OF
from training.algorithms import ACTOR_CRITIC, ALGORITHMS, PPO, algorithms_of, named
from training.entity_hyperparameters import ACTIONS, ENTITY_NETWORK, WARM_STARTS
from training.hyperparameter import Hyperparameter
from training.message_hyperparameters import MESSAGES, PRIOR
from training.preset_changes import BASES, changes_of
from training.presets import exception
from training.replay_hyperparameters import REPLAY_BATCHES, REPLAY_LEARNING, REPLAY_NETWORK

__all__ = ["ALGORITHMS", "HYPERPARAMETERS", "PRESETS", "STEPS", "TEAMS", "Hyperparameter", "algorithms_of", "defaults"]


PRESETS: Mapping[str, str] = {
    "quick": "For a small machine: small network, many episodes at once, few passes over large batches",
    "fast": "As quick, without memory, with egocentric features and smaller batches: cameras learn in fewer steps",
    "entity": "As fast, with one network for every scenario: weights shared by all entities, poses of targets",
    "upstream": "As in MATE's examples: 10 million decisions with their network and hyperparameters",
}
GRIDS = tuple(name for name in named(is_hierarchical=False) if ALGORITHMS[name].learner != ACTOR_CRITIC)
"""Algorithms that choose movements from a grid."""
ON_POLICY = named(learner=PPO)
SHARED = named(network="shared")
RECURRENT = tuple(name for name in ALGORITHMS if name not in named(network="maddpg"))


def _coefficient(
    component: str, meaning: str, upstream: Any, quick: Any, teams: tuple[str, ...] = TEAMS
) -> Hyperparameter:
    return Hyperparameter(
        f"coefficient_{component}", "rewards", "number", f"weight in the reward of {meaning}",
        upstream, quick, "a step of the environment", -1e6, 1e6, teams=teams,
    )  # fmt: skip


_RULES = (
    Hyperparameter(
        "frame_skip", "game", "integer", "steps of the environment that a decision lasts",
        {"camera": 5, "target": 10}, {"camera": 5, "target": 10}, "steps", 1, 1000,
    ),
    Hyperparameter(
        "levels", "game", "integer", "values per coordinate of an action; decisions are points of a grid of levels "
            "times "
            "levels",
        5, 5, "values", 2, 64, algorithms=GRIDS,
    ),
    Hyperparameter(
        "horizon", "game", "integer", "decisions after which an episode of training is truncated; the critic "
            "estimates the rest of the "
            "return",
        500, 500, "decisions", 10, 100_000,
    ),
    Hyperparameter(
        "reward_type", "game", "choice", "raw rewards come while cargo is carried (dense) or on delivery (sparse)",
        "dense", "dense", choices=("dense", "sparse"),
    ),
    Hyperparameter(
        "enhanced_observation", "game", "choice", "teams with enhanced observation during the training",
        "none", "none", choices=tuple(TEAMS_OF),
    ),
)  # fmt: skip

_REWARDS = (
    _coefficient("raw_reward", "the team's raw reward, from which payoffs are "
        "computed", {"camera": 0.0, "target": 1.0}, 0.01),
    _coefficient("coverage_rate", "the share of targets that cameras track", {"camera": 1.0, "target": 0.0},
    {"camera": 0.5, "target": 0.0}),
    _coefficient("real_coverage_rate", "the share of targets carrying cargo that cameras "
        "track", 0.0, {"camera": 0.5, "target": 0.0}),
    _coefficient("mean_transport_rate", "the share of their full pay that deliveries have earned", 0.0, 0.0),
    _coefficient("soft_coverage_score", "how well targets are, or nearly are, in view (slow to compute)", 0.0, 0.0),
    _coefficient("num_tracked", "the number of targets that the camera tracks", 0.0, 0.0, ("camera",)),
    _coefficient("normalized_goal_distance", "the distance to the target's goal, over the width of the "
        "terrain", 0.0, 0.0, ("target",)),
    _coefficient("sparse_delivery", "delivering cargo in this step", 0.0, 0.0, ("target",)),
    _coefficient("is_tracked", "being tracked", 0.0, 0.0, ("target",)),
    _coefficient("is_colliding", "walking into something", 0.0, 0.0, ("target",)),
    Hyperparameter(
        "reduction", "rewards", "choice", "function that combines the members' rewards into the team's; none leaves "
            "each member its "
            "own",
        "mean", "mean", choices=("mean", "sum", "max", "min", "none"),
    ),
    Hyperparameter(
        "reward_scale", "rewards", "number", "factor on the summed rewards of a decision before learning",
        1.0, 0.2, "", 1e-6, 1e6,
    ),
)  # fmt: skip

_NETWORK = (
    Hyperparameter(
        "hidden_sizes", "network", "sizes", "widths of the fully connected layers of actor and critic",
        [512, 256], [64, 64], "units", 1, 4096,
    ),
    Hyperparameter(
        "activation", "network", "choice", "function after each fully connected "
            "layer", "tanh", "tanh", choices=("tanh", "relu"),
    ),
    Hyperparameter(
        "memory", "network", "choice", "recurrent layer of actor and critic", "lstm", "lstm",
        choices=("lstm", "gru", "none"),
        algorithms=SHARED,
    ),
    Hyperparameter("memory_size", "network", "integer", "width of the memory", 256, 64, "units", 1, 4096,
    algorithms=RECURRENT),
    Hyperparameter(
        "play", "network", "choice", "play mode of the finished agent: sample decisions as in training, or always "
            "take the "
            "likeliest",
        "stochastic", "stochastic", choices=("stochastic", "deterministic"), algorithms=ON_POLICY,
    ),
)  # fmt: skip

_LEARNING = (
    Hyperparameter(
        "learning_rate", "learning", "schedule", "step size of the optimiser (Adam)",
        [[0.0, 5e-4], [0.4, 5e-4], [0.4, 1e-4], [0.8, 1e-4], [0.8, 5e-5], [1.0, 5e-5]],
        [[0.0, 1e-3], [1.0, 1e-4]], "", 1e-8, 1.0,
    ),
    Hyperparameter(
        "entropy_coefficient", "learning", "schedule", "weight of the entropy bonus, which keeps decisions varied",
        [[0.0, 0.05], [0.2, 0.01], [0.4, 0.001], [1.0, 0.0]], [[0.0, 0.02], [0.5, 0.005], [1.0, 0.0005]], "", 0.0, 10.0,
        algorithms=ON_POLICY,
    ),
    Hyperparameter("gamma", "learning", "number", "discount of the reward one decision "
        "later", 0.99, 0.99, "", 0.0, 1.0),
    Hyperparameter(
        "gae_lambda", "learning", "number", "weight of later TD errors in advantages: 0 uses one decision, 1 all "
            "(Schulman et al., "
            "2016)",
        1.0, 0.95, "", 0.0, 1.0, algorithms=ON_POLICY,
    ),
    Hyperparameter("clip", "learning", "number", "maximum relative change of a decision's probability in an iteration "
        "(PPO's "
        "epsilon)", 0.3, 0.2, "", 0.001, 10.0, algorithms=ON_POLICY),
    Hyperparameter("value_clip", "learning", "number", "maximum of the critic's squared error", 10_000.0, 10_000.0, "",
    1e-6, 1e12, algorithms=ON_POLICY),
    Hyperparameter("value_coefficient", "learning", "number", "weight of the critic's error in the "
        "loss", 1.0, 0.5, "", 0.0, 1000.0, algorithms=ON_POLICY),
    Hyperparameter("kl_coefficient", "learning", "number", "initial weight of the KL divergence from the previous "
        "policy; 0 leaves it "
        "out", 0.2, 0.0, "", 0.0, 1000.0, algorithms=ON_POLICY),
    Hyperparameter("kl_target", "learning", "number", "KL divergence to which the weight is "
        "adapted", 0.01, 0.02, "nats", 1e-6, 100.0, algorithms=ON_POLICY),
    Hyperparameter("gradient_clip", "learning", "number", "maximum norm of the gradient; 0 for "
        "none", 0.0, 0.5, "", 0.0, 1e6),
)  # fmt: skip

_BATCHES = (
    Hyperparameter("episodes_at_once", "batches", "integer", "episodes played in parallel, over all "
        "cores", 128, 128, "episodes", 1, 4096),
    Hyperparameter(
        "fragment_length", "batches", "integer", "decisions of each episode in an iteration; also the length of "
            "backpropagation through "
            "time",
        25, 32, "decisions", 2, 1000,
    ),
    Hyperparameter(
        "minibatch_size", "batches", "integer", "decisions of single agents in a gradient step, in whole "
            "fragments", 256, 2048, "decisions", 1, 1_000_000,
    ),
    Hyperparameter("passes", "batches", "integer", "passes over each iteration's experience", 16, 4, "passes", 1, 100,
    algorithms=ON_POLICY),
    Hyperparameter("milestones", "batches", "integer", "agents exported during the training, evenly spaced; the last "
        "is the final "
        "one", 20, 10, "agents", 1, 1000),
)  # fmt: skip

HYPERPARAMETERS: Mapping[str, Hyperparameter] = {
    one.name: one
    for one in (
        *_RULES,
        *ACTIONS,
        *_REWARDS,
        *_NETWORK,
        *ENTITY_NETWORK,
        *REPLAY_NETWORK,
        *MESSAGES,
        *_LEARNING,
        *PRIOR,
        *REPLAY_LEARNING,
        *WARM_STARTS,
        *_BATCHES,
        *REPLAY_BATCHES,
    )
}
"""Every hyperparameter by name, in display order; ``group`` is game, rewards, network, learning or batches."""

STEPS: Mapping[str, Mapping[str, int]] = {
    "upstream": {"camera": 50_000_000, "target": 100_000_000},
    "quick": {"camera": 10_000_000, "target": 10_000_000},
    "fast": {"camera": 10_000_000, "target": 10_000_000},
    "entity": {"camera": 10_000_000, "target": 10_000_000},
}
"""Default number of environment steps of a run, over all episodes, by preset and team."""


def defaults(preset: str, algorithm: str, team: str) -> dict[str, Any]:
    """Return the hyperparameters that apply, with the preset's values."""
    base = BASES.get(preset, preset)
    changes = changes_of(preset, team) if ALGORITHMS[algorithm].learner == PPO else {}
    return {
        name: changes[name] if name in changes else exception(algorithm, name, base, one.default(base, team))
        for name, one in HYPERPARAMETERS.items()
        if one.applies_to(algorithm, team)
    }
