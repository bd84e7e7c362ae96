"""Hyperparameters of observations, the choice of actions, networks over entities, and warm starts."""

from __future__ import annotations

from training.algorithms import PPO, named
from training.hyperparameter import Hyperparameter

ON_POLICY = named(learner=PPO, network="shared")
FLAT = named(learner=PPO, network="shared", is_hierarchical=False)
HIERARCHICAL = named(learner=PPO, network="shared", is_hierarchical=True)

ACTIONS = (
    Hyperparameter(
        "actions", "game", "choice", "what a decision is: a movement on a grid (levels), a camera's pose "
            "relative to its own (pose), or two continuous numbers (box)",
        "levels", "levels", choices=("levels", "pose", "box"), algorithms=FLAT,
    ),
    Hyperparameter(
        "selection", "game", "choice", "what a camera chooses: any set of targets (many), one target or none (one), or "
            "a pose relative to one target, or one of seven others (pose)",
        "many", "many", choices=("many", "one", "pose"), algorithms=HIERARCHICAL,
    ),
    Hyperparameter(
        "action_masks", "game", "choice", "targets that cannot be chosen: those out of sight (unseen), or none",
        "none", "unseen", choices=("none", "unseen"), algorithms=HIERARCHICAL,
    ),
    Hyperparameter(
        "egocentric", "game", "choice", "whether observations have bearings and distances as the observer sees them",
        "no", "no", choices=("no", "yes"), algorithms=ON_POLICY,
    ),
)  # fmt: skip

ENTITY_NETWORK = (
    Hyperparameter(
        "architecture", "network", "choice", "layers over the whole observation (layers), or weights shared by all "
            "entities, so that the agent plays in every scenario (entity)",
        "layers", "layers", choices=("layers", "entity"), algorithms=ON_POLICY,
    ),
    Hyperparameter(
        "entity_sizes", "network", "sizes", "widths of the layers that embed an entity; for the architecture entity",
        [64], [32], "units", 1, 4096, algorithms=ON_POLICY,
    ),
    Hyperparameter(
        "pooling", "network", "choice", "function that joins the entities of a kind; for the architecture entity",
        "max", "max", choices=("max", "mean", "attention"), algorithms=ON_POLICY,
    ),
    Hyperparameter(
        "head_size", "network", "integer", "width of the layer that judges a target; for the architecture entity",
        64, 32, "units", 1, 4096, algorithms=HIERARCHICAL,
    ),
)  # fmt: skip

WARM_STARTS = (
    Hyperparameter(
        "critic_warmup", "learning", "number", "part of the run at its start in which the critic alone learns, if the "
            "run starts from an agent",
        0.02, 0.02, "", 0.0, 1.0, algorithms=named(learner=PPO),
    ),
    Hyperparameter(
        "start_schedules", "learning", "choice", "learning rate and entropy coefficient of a run that starts from an "
            "agent: at most what that agent's training ended with (continued), or as scheduled (anew)",
        "continued", "continued", choices=("continued", "anew"), algorithms=named(learner=PPO),
    ),
)  # fmt: skip
