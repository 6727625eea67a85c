"""Graphs: nodes (G, N, F) and edges (G, E, 2), graphs of a batch padded to one size."""

from typing import Any

import keras
import numpy as np
from keras import layers

from sslzoo.checks import check_edges, check_nodes, refused
from sslzoo.inputs.base import Input


@keras.saving.register_keras_serializable("sslzoo")
class Graph(Input):
    """Graphs with features at their nodes. One item is one graph; a single large graph is G = 1.

    An edge is a pair of node numbers (from, to); rows of -1 pad graphs with fewer edges.

    Args:
        nodes: N, or None for any number.
        features: F, of each node.
        edges: E, or None for any number.

    Example:
        >>> from sslzoo import inputs
        >>> {k: v.shape for k, v in inputs.Graph(5, 3).examples(2).items()}
        {'nodes': (2, 5, 3), 'edges': (2, 10, 2)}
    """

    field = "nodes"

    def __init__(self, nodes: int | None, features: int, edges: int | None = None) -> None:
        super().__init__((nodes, features))
        self.edges = edges
        self.layer = GraphLayer(name="read_graph")

    @property
    def fields(self) -> tuple[str, ...]:
        return ("nodes", "edges")

    def of(self, batch: dict) -> dict:
        return {field: batch[field] for field in self.fields}

    def check(self, values: Any, name: str | None = None) -> dict:
        if not isinstance(values, dict) or set(values) != {"nodes", "edges"}:
            came = sorted(values) if isinstance(values, dict) else type(values).__name__
            raise refused("nodes", f"{came}", "be a dict of nodes and edges")
        nodes = check_nodes(values["nodes"])
        count, features = self.shape
        if nodes.shape[2] != features or count not in (None, nodes.shape[1]):
            self._refuse("nodes", nodes, f"(G, {'N' if count is None else count}, {features})")
        edges = check_edges(values["edges"], nodes.shape[1])
        if len(edges) != len(nodes):
            got = f"{len(edges)} graphs for {len(nodes)} of nodes"
            raise refused("edges", got, "be one for each graph")
        if self.edges not in (None, edges.shape[1]):
            self._refuse("edges", edges, f"(G, {self.edges}, 2)")
        return {"nodes": nodes, "edges": edges}

    def examples(self, count: int, seed: int = 0, more: int = 0) -> dict:
        rng = np.random.default_rng(seed)
        nodes = self.shape[0] or 5 + more
        edges = self.edges or 2 * nodes
        return {
            "nodes": rng.normal(size=(count, nodes, self.shape[1])).astype("float32"),
            "edges": rng.integers(0, nodes, (count, edges, 2), "int32"),
        }

    @property
    def any_size(self) -> bool:
        return None in (*self.shape, self.edges)

    def specs(self) -> dict[str, tuple[tuple, str]]:
        return {
            "nodes": ((None, *self.shape), "float32"),
            "edges": ((None, self.edges, 2), "int32"),
        }

    def describe(self) -> dict:
        return {**super().describe(), "edges": self.edges}

    def get_config(self) -> dict:
        return {"nodes": self.shape[0], "features": self.shape[1], "edges": self.edges}


class GraphLayer(layers.Layer):
    """Nodes and edges as they are.

    Example:
        >>> import numpy as np
        >>> from sslzoo.inputs.graph import GraphLayer
        >>> batch = {"nodes": np.zeros((1, 3, 2)), "edges": np.zeros((1, 4, 2), "int32")}
        >>> sorted(GraphLayer()(batch))
        ['edges', 'nodes']
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(dtype="float32", trainable=False, **kwargs)
        self.autocast = False
        self.built = True

    def call(self, x: dict) -> dict:
        return x
