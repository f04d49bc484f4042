"""How a model is to be built, and what it has of its network then."""

from __future__ import annotations

from typing import NamedTuple

from fashioncnn._core import Network
from fashioncnn.layers.calls import Added
from fashioncnn.layers.graph import Graph, GraphLayer, Parameter
from fashioncnn.models.objective import CompiledMetric
from fashioncnn.utils.variable import Place, Variable


class Plan(NamedTuple):
    """All that can fail is done, and nothing of the model changed yet."""

    graph: Graph
    network: Network
    parameters: list[Parameter]
    metrics: list[CompiledMetric]
    added: list[Added]


class Weight(NamedTuple):
    """A weight of a model: where its values are in the model's network, and whose it is."""

    variable: Variable
    place: Place
    layer: GraphLayer
    name: str
