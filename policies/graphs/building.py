"""Building of a graph, operator by operator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from policies.graphs.graph import Graph, GraphMessages, GraphState, Node

ACTIVATIONS = {"tanh": "Tanh", "relu": "Relu", "linear": "Identity"}


class GraphBuilder:
    """A graph under construction; values are identified by their names."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.tensors: dict[str, np.ndarray] = {}
        self.constants: dict[str, np.ndarray] = {}

    def add(self, op: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        """Add an operator. Return the name of its first output; ``further`` gives the names of the others."""
        names = tuple(f"{op.lower()}{len(self.nodes)}_{place}" for place in range(outputs))
        self.nodes.append(Node(op, inputs, names, attributes))
        return names[0]

    @staticmethod
    def further(first: str, place: int) -> str:
        """Return the name of the output with this number of the operator whose first output is ``first``."""
        return f"{first[: first.rindex('_') + 1]}{place}"

    def tensor(self, name: str, array: np.ndarray) -> str:
        """Add a weight under a name, and return the name."""
        self.tensors[name] = np.ascontiguousarray(array, np.float32)
        return name

    def integers(self, *values: int) -> str:
        """Return the name of a constant with these integers."""
        return self.constant(np.array(values, np.int64))

    def constant(self, array: np.ndarray) -> str:
        """Return the name of a constant of integers; equal constants are stored once."""
        for name, known in self.constants.items():
            if np.array_equal(known, array) and known.shape == array.shape:
                return name
        name = f"constant{len(self.constants)}"
        self.constants[name] = array
        return name

    def linear(self, name: str, value: str, weight: np.ndarray, bias: np.ndarray) -> str:
        """Add ``value @ weight.T + bias`` for rows (R, D), as PyTorch's ``Linear``."""
        weights = self.tensor(f"{name}.weight", weight), self.tensor(f"{name}.bias", bias)
        return self.add("Gemm", value, *weights, transB=1)

    def product(self, name: str, value: str, weight: np.ndarray, bias: np.ndarray | None = None) -> str:
        """Add ``value @ weight + bias`` for values of any rank; weights are (..., D, H)."""
        out = self.add("MatMul", value, self.tensor(f"{name}.weight", weight))
        return out if bias is None else self.add("Add", out, self.tensor(f"{name}.bias", bias))

    def finish(
        self,
        rows: str,
        inputs: Sequence[str],
        output: str,
        states: Mapping[str, tuple[str, tuple[int, ...]]],
        messages: GraphMessages | None = None,
    ) -> Graph:
        """Return the graph; ``states`` maps the input's name of each state to its next value and its shape."""
        return Graph(
            rows=rows,
            inputs=tuple(inputs),
            output=output,
            nodes=tuple(self.nodes),
            states=tuple(GraphState(name, after, shape) for name, (after, shape) in states.items()),
            tensors={name: array.shape for name, array in self.tensors.items()},
            constants=self.constants,
            messages=messages,
        )
