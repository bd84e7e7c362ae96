"""Small networks that speak, written as graphs."""

from __future__ import annotations

import numpy as np

from policies import Action, Checkpoint, Dimensions, Recipe
from policies.graphs.building import GraphBuilder
from policies.graphs.graph import GraphMessages

SIZES = Dimensions(4, 8, 9)
WIDTH = 8


def make_speaker(team: str = "camera", frame_skip: int = 1, seed: int = 0) -> Checkpoint:
    """A member that tells some teammates two numbers, and decides by all that it hears."""
    random, builder = np.random.default_rng(seed), GraphBuilder()

    def layer(name: str, value: str, inputs: int, outputs: int) -> str:
        weight = random.normal(0, 0.6, (outputs, inputs)).astype(np.float32)
        return builder.linear(name, value, weight, random.normal(0, 0.3, outputs).astype(np.float32))

    members = SIZES.team_size(team)
    told = builder.add("Reshape", "messages", builder.integers(0, -1))
    read = builder.add("Concat", "observation", told, "heard", axis=1)
    x = builder.add("Tanh", layer("first", read, SIZES.observation_size(team) + 3 * members, WIDTH))
    message = builder.add("Tanh", layer("message", x, WIDTH, 2))
    recipients = builder.add("Sigmoid", layer("recipients", x, WIDTH, members))
    messages = GraphMessages(message, 2, recipients)
    inputs = ("observation", "messages", "heard")
    graph = builder.finish("member", inputs, layer("output", x, WIDTH, 25), {}, messages)
    return Checkpoint(Recipe(team, graph, Action("levels", 5), SIZES, frame_skip), builder.tensors)
