"""Compilation of the inference kernels in advance: ``python -m policies.warm``."""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass, replace

import numpy as np

from mate.scenario import Scenario
from policies.architectures import POOLINGS, Architecture, EntityArchitecture
from policies.checkpoint import Checkpoint
from policies.fields import Dimensions
from policies.graphs.elementwise import ELEMENTWISE
from policies.graphs.graph import GraphMessages
from policies.graphs.products import PRODUCTS
from policies.inference import BatchedPolicy
from policies.recipe import Action, Preprocessing, Recipe
from policies.speaking import Channel


@dataclass(frozen=True)
class _Sizes:
    num_cameras: int = 1
    num_targets: int = 2
    num_obstacles: int = 0
    enhanced_observation: str = "none"


def _architectures() -> list[Architecture | EntityArchitecture]:
    return [
        Architecture((2,), "tanh", "lstm", 2, skip_connection=True),
        Architecture((2,), "relu", "gru", 2),
        Architecture((2,), "tanh", head="dueling", head_size=2),
        *(EntityArchitecture((2,), (2,), pooling=pooling, head_size=2) for pooling in POOLINGS),
    ]


def _actions() -> list[Action]:
    return [
        Action("levels", 2),
        Action("levels", 2, outputs="values", epsilon=0.5),
        Action("box"),
        Action("select-many"),
        Action("select-one", masked=True),
        Action("select-pose"),
        Action("pose", 2),
    ]


def warm() -> None:
    """Play one step with each kind of network and action, so that all kernels are compiled and cached."""
    sizes = _Sizes()
    dimensions = Dimensions(sizes.num_cameras, sizes.num_targets, sizes.num_obstacles)
    for architecture, action in itertools.product(_architectures(), _actions()):
        if isinstance(architecture, EntityArchitecture) and not action.parts[0]:
            architecture = replace(architecture, head_size=0)
        recipe = Recipe("camera", architecture, action, dimensions, preprocessing=Preprocessing(egocentric=True))
        weights = {name: np.zeros(shape, np.float32) for name, shape in recipe.tensor_shapes.items()}
        observations = np.ones((1, 1, recipe.observation_size))
        for deterministic in (False, True):
            policy = BatchedPolicy(Checkpoint(recipe, weights), sizes, 1, deterministic)
            policy.reset(np.array([0]), np.array([0], np.uint64), observations)
            policy.act(observations, np.zeros((1, 1, 2)), np.array([True]))
    warm_graphs()
    warm_messages()


def warm_messages() -> None:
    """Let two cameras exchange messages between decisions and within a decision."""
    sizes = Scenario.load("MATE-2v2-9", message_dropout=0.5)
    slots, step, observations = np.array([0]), np.zeros(1, np.int64), np.ones((1, 2, sizes.camera_observation_dim))
    for spoken in (GraphMessages("message", 1), GraphMessages(recipients="recipients")):
        channel = Channel(spoken, sizes, "camera", 1, 2, 2)
        channel.reset(slots, np.array([0], np.uint64))
        channel.speak(slots, step, observations, channel.listen(slots, step, observations))
        channel.begin_step(step, observations, np.array([True]))


def warm_graphs() -> None:
    """Compute each kind of operator once."""
    x = np.ones((2, 3), np.float32)
    for op in ("Tanh", "Sigmoid", "Exp"):
        ELEMENTWISE[op]([x], {})
    ELEMENTWISE["Pow"]([x, np.float32(1.5)], {})
    lstm = [x[:, np.newaxis], np.ones((1, 8, 3), np.float32), np.ones((1, 8, 2), np.float32)]
    gru = [x[:, np.newaxis], np.ones((1, 6, 3), np.float32), np.ones((1, 6, 2), np.float32)]
    arguments: dict[str, tuple[list[np.ndarray], dict[str, int]]] = {
        "Gemm": ([x, x], {"transB": 1}),
        "GRU": (gru, {"linear_before_reset": 1}),
        "LayerNormalization": ([x, x[0]], {}),
        "LSTM": (lstm, {}),
        "MatMul": ([x[np.newaxis], x.T[np.newaxis]], {}),
        "ReduceSum": ([x], {}),
        "Softmax": ([x], {}),
    }
    for op, (values, attributes) in arguments.items():
        PRODUCTS[op][0](values, attributes)


if __name__ == "__main__":
    warm()
    sys.exit(0)
