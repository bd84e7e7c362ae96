"""The opponents of a training: rule-based agents, checkpoints, and mixtures of them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from mate.agents import batched
from mate.agents.batched import BatchedAgent
from mate.episodes import AgentFactory
from mate.messages import Team
from mate.scenario import Scenario
from policies import Checkpoint, CheckpointError
from policies.compatibility import problems
from policies.inference import BatchedPolicy
from training.configuration import ConfigurationError, Opponent, TrainingConfiguration

Member = tuple[AgentFactory, float]


def opponents_of(configuration: TrainingConfiguration, folder: Path) -> AgentFactory:
    """Return the factory of the other team; with several opponents each episode draws one of them by weight.

    Raises ConfigurationError for a checkpoint that cannot be read or cannot play the scenario against the trained team.
    """
    team = Team(configuration.team).opponent
    chosen = [opponent for opponent in configuration.opponents if opponent.weight > 0.0]
    members = [(_factory_of(opponent, team, configuration.scenarios, folder), opponent.weight) for opponent in chosen]
    return members[0][0] if len(members) == 1 else partial(_mix, members)


def _factory_of(opponent: Opponent, team: str, scenarios: tuple[Scenario, ...], folder: Path) -> AgentFactory:
    if opponent.name:
        return partial(batched.make, opponent.name, team)
    checkpoint = load_checkpoint(folder / opponent.checkpoint, "opponent")
    for scenario in scenarios:
        if found := problems(checkpoint.recipe, scenario, team):
            raise ConfigurationError(
                [f"The opponent {opponent.checkpoint} cannot play {scenario.name}: {'; '.join(found)}. Choose another."]
            )
    return partial(BatchedPolicy, checkpoint, device="cpu")


def load_checkpoint(path: Path, what: str) -> Checkpoint:
    """Load the native checkpoint of a file. Raises ConfigurationError."""
    try:
        return Checkpoint.load(path)
    except OSError as error:
        raise ConfigurationError(
            [f"The {what} {path} cannot be read ({error.strerror}). Name a file that exists."]
        ) from None
    except CheckpointError as error:
        raise ConfigurationError([f"The {what} {path} is not a native checkpoint: {error}."]) from None


def _mix(members: list[Member], scenario: Scenario, size: int) -> BatchedAgent:
    teams = [make(scenario, size) for make, _ in members]
    return batched.BatchedMixture(teams, [weight for _, weight in members])
