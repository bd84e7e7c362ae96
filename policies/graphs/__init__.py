"""Networks as graphs of ONNX operators, computed exactly: each row by itself, in a fixed order of rounded
operations.
"""

from policies.graphs.graph import Graph, GraphState, Node

__all__ = ["Graph", "GraphState", "Node"]
