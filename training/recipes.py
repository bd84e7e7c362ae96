"""The training environment's layers and the exported agent's recipe, both derived from the same configuration."""

from __future__ import annotations

from mate.batched.rewards import COMPONENTS
from mate.batched.team_play import Layers
from mate.messages import Team
from policies import Action, Architecture, EntityArchitecture, Preprocessing, Recipe
from policies.compatibility import dimensions_of
from policies.graphs.graph import Graph
from training.algorithms import ACTOR_CRITIC, ALGORITHMS, PPO, Q_LEARNING
from training.configuration import TrainingConfiguration

Provenance = str | int | float | bool | None
_PREFIX = "coefficient_"
_SELECTIONS = {"select-many": "many", "select-subset": "many", "select-one": "one", "select-pose": "pose"}
"""The kind of selection that ``TeamPlay`` gets for each decoding that selects targets; a subset is passed as its bits.
"""


def team_of(configuration: TrainingConfiguration) -> Team:
    """Return the team that is trained."""
    return Team(configuration.team)


def architecture_of(configuration: TrainingConfiguration) -> Architecture | EntityArchitecture:
    """Return the actor's network: upstream's MAPPO has a skip connection past the LSTM, its IPPO has none."""
    if configuration.has_entities:
        return _entities_of(configuration)
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


def critic_layers_of(configuration: TrainingConfiguration) -> Architecture:
    """Return the critic's network for algorithms whose actor is a graph: upstream's, with an LSTM."""
    return Architecture(
        hidden_sizes=tuple(configuration["hidden_sizes"]),
        activation=configuration["activation"],
        memory="lstm",
        memory_size=configuration["memory_size"],
        skip_connection=True,
    )


def _entities_of(configuration: TrainingConfiguration) -> EntityArchitecture:
    has_memory = configuration["memory"] != "none"
    return EntityArchitecture(
        entity_sizes=tuple(configuration["entity_sizes"]),
        hidden_sizes=tuple(configuration["hidden_sizes"]),
        activation=configuration["activation"],
        pooling=configuration["pooling"],
        memory=configuration["memory"],
        memory_size=configuration["memory_size"] if has_memory else 0,
        skip_connection=has_memory,
        head_size=configuration["head_size"] if configuration.is_hierarchical else 0,
    )


def action_of(configuration: TrainingConfiguration) -> Action:
    """Return the interpretation of the actor's outputs."""
    learner = ALGORITHMS[configuration.algorithm].learner
    if learner == ACTOR_CRITIC:
        return Action("box")
    if learner == Q_LEARNING:
        levels = 0 if configuration.is_hierarchical else configuration["levels"]
        return Action("levels" if levels else "select-subset", levels=levels, outputs="values")
    if configuration.is_hierarchical:
        selection = configuration.hyperparameters.get("selection", "many")
        return Action(f"select-{selection}", masked=configuration.hyperparameters.get("action_masks") == "unseen")
    actions = configuration.hyperparameters.get("actions", "levels")
    return Action(actions, levels=0 if actions == "box" else configuration["levels"])


def recipe_of(configuration: TrainingConfiguration, **provenance: Provenance) -> Recipe:
    """Return the recipe of the exported agents. Raises CheckpointError for a network that is too large."""
    return recipe_with(configuration, architecture_of(configuration), action_of(configuration), **provenance)


def recipe_with(
    configuration: TrainingConfiguration,
    architecture: Architecture | EntityArchitecture | Graph,
    action: Action,
    **provenance: Provenance,
) -> Recipe:
    """Return the recipe of agents with this network and decoding. Raises CheckpointError if it is too large."""
    return Recipe(
        team=configuration.team,
        architecture=architecture,
        action=action,
        scenario=None if configuration.has_entities else dimensions_of(configuration.scenario),
        preprocessing=Preprocessing(egocentric=configuration.is_egocentric),
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
    action = action_of(configuration).decoding
    return Layers(
        relative_coordinates=True,
        rescaled=True,
        egocentric=configuration.is_egocentric,
        levels=configuration["levels"] if action == "levels" else None,
        pose_levels=configuration["levels"] if action == "pose" else None,
        selection=_SELECTIONS.get(action),
        frame_skip=configuration["frame_skip"],
        coefficients=coefficients_of(configuration),
        reduction=configuration["reduction"],
    )
