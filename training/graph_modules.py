"""RLlib modules whose actor is a graph for a whole team, whose members exchange messages."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np
from torch import Tensor

from policies import Dimensions
from policies.graphs.graph import Graph
from training.configuration import TrainingConfiguration
from training.modules import ScenarioModule, TeamModule
from training.networks import TimedNetwork
from training.recipes import action_of, critic_layers_of, recipe_with


class GraphTeamModule(TeamModule):
    """A team's actor over (R, N, T, D) and its memory (R, N, W), and MAPPO's critic on the whole state."""

    configuration: TrainingConfiguration

    def make_networks(self, configuration: TrainingConfiguration, sizes: list[Dimensions], has_own: bool) -> None:
        """Build the networks and the recipe; see ``TeamModule``."""
        self.configuration, (dimensions,) = configuration, sizes
        action, layers = action_of(configuration), critic_layers_of(configuration)
        self.make_actor(configuration, dimensions, action.output_size(dimensions.targets))
        self.recipe = recipe_with(configuration, self.parts()[0], action)
        self.critic = TimedNetwork(
            layers, dimensions.state_size, dimensions.team_size(configuration.team) if has_own else 1
        )
        self.critic_memory_width = layers.num_states * layers.memory_size

    @abstractmethod
    def make_actor(self, configuration: TrainingConfiguration, dimensions: Dimensions, choices: int) -> None:
        """Build the actor, and set the size of its memory."""

    @abstractmethod
    def parts(self) -> tuple[Graph, dict[str, np.ndarray]]:
        """Return the actor as a graph for the whole team, and its tensors."""

    def view(self, dimensions: Dimensions) -> ScenarioModule:
        """Return the module as it acts in a scenario of these dimensions."""
        return TeamView(self, dimensions)


class TeamView(ScenarioModule):
    """A module whose actor decides for whole teams at once."""

    def act(self, observations: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (R, A) and the next memory (R, W) of whole teams, one after the other."""
        teams = [part.unflatten(0, (-1, self.num_members)) for part in (observations, memory)]
        logits, after = self.module.actor(teams[0].unsqueeze(2), teams[1])
        return logits.squeeze(2).flatten(0, 1), after.flatten(0, 1)

    def logits(self, batch: Mapping[str, Tensor]) -> Tensor:
        """Return the actor's logits (R, N, T, A)."""
        outputs: Tensor = self.module.actor(batch["obs"], batch["actor_memory"])[0]
        return outputs
