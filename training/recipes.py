"""The training environment's layers and the exported agent's recipe, both derived from the same configuration."""

from __future__ import annotations

from mate.batched.rewards import COMPONENTS
from mate.batched.team_play import Layers
from mate.messages import Team
from policies import Action, Architecture, Dimensions, Recipe
from policies.graphs.graph import Graph
from training.algorithms import ACTOR_CRITIC, ALGORITHMS, PPO, Q_LEARNING
from training.configuration import TrainingConfiguration

Provenance = str | int | float | bool | None
_PREFIX = "coefficient_"


def team_of(configuration: TrainingConfiguration) -> Team:
    """Return the team that is trained."""
    return Team[configuration.team.upper()]


def architecture_of(configuration: TrainingConfiguration) -> Architecture:
    """Return the actor's network: upstream's MAPPO has a skip connection past the LSTM, its IPPO has none."""
    has_memory = configuration["memory"] != "none"
    is_ppo = ALGORITHMS[configuration.algorithm].learner == PPO
    dueling = configuration.hyperparameters.get("dueling_size", 0)
    return Architecture(
        hidden_sizes=tuple(configuration["hidden_sizes"]),
        activation=configuration["activation"],
        memory=configuration["memory"],
        memory_size=configuration["memory_size"] if has_memory else 0,
        skip_connection=has_memory and is_ppo and configuration.has_central_critic,
        head="dueling" if dueling else "linear",
        head_size=dueling,
    )


def action_of(configuration: TrainingConfiguration) -> Action:
    """Return the interpretation of the actor's outputs."""
    learner = ALGORITHMS[configuration.algorithm].learner
    if learner == ACTOR_CRITIC:
        return Action("box")
    has_values = learner == Q_LEARNING
    outputs = "values" if has_values else "logits"
    if configuration.is_hierarchical:
        return Action("select-subset" if has_values else "select-many", outputs=outputs)
    return Action("levels", levels=configuration["levels"], outputs=outputs)


def dimensions_of(configuration: TrainingConfiguration) -> Dimensions:
    """Return the sizes of the scenario."""
    scenario = configuration.scenario
    return Dimensions(scenario.num_cameras, scenario.num_targets, scenario.num_obstacles)


def recipe_of(configuration: TrainingConfiguration, **provenance: Provenance) -> Recipe:
    """Return the recipe of the exported agents. Raises CheckpointError for a network that is too large."""
    return recipe_with(configuration, architecture_of(configuration), action_of(configuration), **provenance)


def recipe_with(
    configuration: TrainingConfiguration, architecture: Architecture | Graph, action: Action, **provenance: Provenance
) -> Recipe:
    """Return the recipe of agents with this network and decoding. Raises CheckpointError if it is too large."""
    return Recipe(
        team=configuration.team,
        architecture=architecture,
        action=action,
        scenario=dimensions_of(configuration),
        frame_skip=configuration["frame_skip"],
        enhanced_observation=configuration["enhanced_observation"],
        play=configuration.hyperparameters.get("play", "deterministic"),
        provenance=provenance,
    )


def coefficients_of(configuration: TrainingConfiguration) -> dict[str, float]:
    """Return the non-zero coefficients of the reward by component."""
    known = (*COMPONENTS[team_of(configuration)], "soft_coverage_score")
    weights = {name: configuration.hyperparameters.get(_PREFIX + name, 0.0) for name in known}
    return {name: float(weight) for name, weight in weights.items() if weight}


def layers_of(configuration: TrainingConfiguration) -> Layers:
    """Return the layers around the team in training."""
    return Layers(
        relative_coordinates=True,
        rescaled=True,
        levels=configuration.hyperparameters.get("levels"),
        selection="many" if configuration.is_hierarchical else None,
        frame_skip=configuration["frame_skip"],
        coefficients=coefficients_of(configuration),
        reduction=configuration["reduction"],
    )
