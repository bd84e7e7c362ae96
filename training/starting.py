"""Initialisation of the actor from an earlier agent's weights."""

from __future__ import annotations

from pathlib import Path

from training.configuration import ConfigurationError, TrainingConfiguration
from training.modules import TeamModule
from training.opponents import load_checkpoint
from training.recipes import recipe_of

_COMPARED = ("team", "architecture", "action", "scenario")


def start_from(module: TeamModule, configuration: TrainingConfiguration, folder: Path) -> None:
    """Load the weights of the configuration's ``start_from`` into the actor; the critic stays newly initialised.

    Raises ConfigurationError if that checkpoint cannot be read, or names what differs: the team, scenario or network.
    """
    assert configuration.start_from is not None
    path = folder / configuration.start_from
    checkpoint = load_checkpoint(path, "checkpoint to start from")
    recipe, wanted = checkpoint.recipe, recipe_of(configuration)
    problems = [
        f"The checkpoint to start from, {path}, has {name} {_describe(getattr(recipe, name))}, and the run "
        f"{_describe(getattr(wanted, name))}."
        for name in _COMPARED
        if getattr(recipe, name) != getattr(wanted, name)
    ]
    if problems:
        raise ConfigurationError(
            [*problems, "Give the run the same hyperparameters, or start from another checkpoint."]
        )
    module.load_actor(checkpoint.weights)


def _describe(part: object) -> str:
    return part if isinstance(part, str) else f"({part})" if hasattr(part, "team_size") else repr(part)
