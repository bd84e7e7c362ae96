"""Hyperparameters of the algorithms that learn from a replay buffer."""

from __future__ import annotations

from training.algorithms import ACTOR_CRITIC, PPO, Q_LEARNING, named
from training.hyperparameter import EVERY_ALGORITHM, Hyperparameter

OFF_POLICY = tuple(name for name in EVERY_ALGORITHM if name not in named(learner=PPO))
VALUES = named(learner=Q_LEARNING)
MIXING = named(mixing="monotonic")
CONTINUOUS = named(learner=ACTOR_CRITIC)

REPLAY_NETWORK = (
    Hyperparameter(
        "dueling_size", "network", "integer",
        "width of the two branches of a dueling head, value and advantages (Wang et al., 2016); 0 for a plain head",
        0, 0, "units", 0, 4096, algorithms=VALUES,
    ),
    Hyperparameter(
        "mixing_size", "network", "integer", "width of the mixing network that joins the members' values",
        128, 32, "units", 1, 1024, algorithms=MIXING,
    ),
)  # fmt: skip

REPLAY_LEARNING = (
    Hyperparameter(
        "epsilon", "learning", "schedule", "share of decisions that are drawn at random, all alike, while sampling",
        [[0.0, 1.0], [0.005, 0.02], [1.0, 0.02]], [[0.0, 1.0], [0.2, 0.05], [1.0, 0.02]], "", 0.0, 1.0,
        algorithms=VALUES,
    ),
    Hyperparameter(
        "double_q", "learning", "choice",
        "whether the trained network chooses the decision that the target network values (van Hasselt et al., 2016)",
        "yes", "yes", choices=("yes", "no"), algorithms=VALUES,
    ),
    Hyperparameter(
        "exploration_noise", "learning", "schedule",
        "standard deviation of the noise on actions while sampling, as a share of the largest action",
        [[0.0, 1.0], [0.001, 1.0], [0.001, 0.1], [1.0, 0.1]], [[0.0, 1.0], [0.1, 0.4], [1.0, 0.1]], "", 0.0, 10.0,
        algorithms=CONTINUOUS,
    ),
    Hyperparameter(
        "policy_delay", "learning", "integer",
        "gradient steps of the critics for one of the actors (Fujimoto et al., 2018)",
        2, 2, "gradient steps", 1, 1000, algorithms=CONTINUOUS,
    ),
    Hyperparameter(
        "target_noise", "learning", "number",
        "standard deviation of the noise on the actions that target networks value, as a share of the largest action",
        0.2, 0.2, "", 0.0, 10.0, algorithms=CONTINUOUS,
    ),
    Hyperparameter(
        "target_noise_clip", "learning", "number", "largest noise on the actions that target networks value",
        0.5, 0.5, "", 0.0, 10.0, algorithms=CONTINUOUS,
    ),
    Hyperparameter(
        "target_rate", "learning", "number", "share of the trained weights in each update of the target network",
        1.0, 1.0, "", 1e-6, 1.0, algorithms=OFF_POLICY,
    ),
    Hyperparameter(
        "target_period", "learning", "integer", "gradient steps between two updates of the target network",
        4, 200, "gradient steps", 1, 1_000_000, algorithms=OFF_POLICY,
    ),
    Hyperparameter(
        "error_clip", "learning", "number",
        "TD error from which on the loss grows linearly instead of quadratically (Huber); 0 for never",
        1.0, 1.0, "", 0.0, 1e6, algorithms=OFF_POLICY,
    ),
)  # fmt: skip

REPLAY_BATCHES = (
    Hyperparameter(
        "replay_size", "batches", "integer", "decisions of the team that the replay buffer keeps",
        500_000, 200_000, "decisions", 100, 10_000_000, algorithms=OFF_POLICY,
    ),
    Hyperparameter(
        "learning_starts", "batches", "integer", "decisions of the team in the replay buffer before learning starts",
        5000, 5000, "decisions", 1, 10_000_000, algorithms=OFF_POLICY,
    ),
    Hyperparameter(
        "updates", "batches", "integer", "gradient steps in an iteration",
        25, 16, "gradient steps", 1, 10_000, algorithms=OFF_POLICY,
    ),
    Hyperparameter(
        "priority_exponent", "batches", "number",
        "power of a decision's TD error in its probability of being replayed (Schaul et al., 2016); 0 for all alike",
        0.6, 0.0, "", 0.0, 1.0, algorithms=OFF_POLICY,
    ),
    Hyperparameter(
        "priority_correction", "batches", "number",
        "power of the importance weights that correct for prioritised replay: 0 for none, 1 for all of it",
        0.4, 0.4, "", 0.0, 1.0, algorithms=OFF_POLICY,
    ),
)  # fmt: skip
