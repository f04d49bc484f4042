"""How a model is to be built."""

from __future__ import annotations

from typing import NamedTuple

from fashioncnn._core import Network
from fashioncnn.layers.graph import Graph, Parameter
from fashioncnn.models.objective import CompiledMetric


class Plan(NamedTuple):
    """All that can fail is done, and nothing of the model changed yet."""

    graph: Graph
    network: Network
    parameters: list[Parameter]
    metrics: list[CompiledMetric]
