"""An ONNX graph while it is written: its nodes and constants, and where each tensor of the core is found in it."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fashioncnn.exchange import layouts
from fashioncnn.exchange.layouts import Layout
from fashioncnn.exchange.onnx_description import Description, Node
from fashioncnn.layers.graph import Shape
from fashioncnn.layers.symbolic import Extents


class Writer:
    """Writes nodes of ONNX for nodes of the core.

    Args:
        onnx: The package.
        description: What is written.
    """

    def __init__(self, onnx: Any, description: Description) -> None:
        self.description = description
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.position = 0  # of the core's node that is being written
        self.is_given: list[bool] = []  # of each node: whether its output is the same for every image
        for node in description.nodes:
            self.is_given.append(node["type"] in ("constant", "weight") or (
                node["type"] != "input" and all(self.is_given[source] for source in node["inputs"])))
        self._onnx = onnx
        self._tensors: list[dict[Layout, str]] = [{} for _ in description.nodes]
        self._constant_names: dict[bytes, str] = {}
        self._taken: set[str] = set()

    # ---- the node that is being written ----

    @property
    def node(self) -> Node:
        """The core's node."""
        return self.description.nodes[self.position]

    @property
    def parameters(self) -> dict[str, NDArray[np.float32]]:
        """Its parameters."""
        return self.description.parameters[self.position]

    @property
    def inputs(self) -> Sequence[int]:
        """The positions of the nodes whose outputs it takes."""
        return self.node["inputs"]  # type: ignore[no-any-return]

    def shape(self, position: int) -> Extents:
        """The shape of a node's output, without the batch axis."""
        return self.description.shapes[position]

    def known_shape(self, position: int) -> Shape:
        """The same, which must not have unknown extents."""
        shape = self.shape(position)
        if None in shape:
            self.refuse("depends on an extent that is not known; give Input() the whole shape")
        return shape  # type: ignore[return-value]

    def refuse(self, why: str) -> NoReturn:
        """Raises NotImplementedError for the layer."""
        raise NotImplementedError(f"layer '{self.node['name']}' cannot be written as ONNX by fashioncnn: it {why}")

    # ---- tensors ----

    def is_there(self, position: int) -> bool:
        """Whether a node's output is written already."""
        return bool(self._tensors[position])

    def put(self, name: str, layout: Layout, position: int | None = None) -> None:
        """Notes that the output of the node (or of that at `position`) is the tensor `name`."""
        self._tensors[self.position if position is None else position][layout] = name

    def layout(self, position: int) -> Layout:
        """How the output of the node at `position` was written."""
        return next(iter(self._tensors[position]))

    def primary(self, position: int) -> str:
        """The tensor that was written for it."""
        return next(iter(self._tensors[position].values()))

    def hand_on(self) -> None:
        """The node's output is its input."""
        self._tensors[self.position] = self._tensors[self.inputs[0]]

    def arranged(self, position: int, layout: Layout) -> str:
        """The tensor with its axes in an order of choice, transposed once if need be."""
        known = self._tensors[position]
        if layout not in known:
            known[layout] = self._rearranged(position, layout)
        return known[layout]

    def ours(self, position: int) -> str:
        """The tensor with its axes in our order."""
        return self.arranged(position, layouts.ours(len(self.shape(position))))

    def channels_first(self, position: int) -> str:
        """The tensor with its channels first."""
        return self.arranged(position, layouts.channels_first(len(self.shape(position))))

    def _rearranged(self, position: int, layout: Layout) -> str:
        given, name = self.layout(position), self.primary(position)
        if given.image is not None:
            image = self.op("Reshape", name, self.integers([0, *(given.image[axis] for axis in given.order)]))
            ordered = self.op("Transpose", image, perm=[0, *(axis + 1 for axis in layouts.inverse(given.order))])
            return self.op("Reshape", ordered, self.integers([0, -1]))
        return self.op("Transpose", name, perm=[0, *(given.order.index(axis) + 1 for axis in layout.order)])

    def common_layout(self, positions: Iterable[int]) -> Layout:
        """The layout in which several tensors of as many axes meet."""
        found = [self.layout(position) for position in positions]
        if all(layout == found[0] for layout in found):
            return found[0]
        return next((layout for layout in found if not layout.is_ours and layout.image is None),
                    layouts.ours(found[0].rank))

    def only_user(self, position: int, node_type: str) -> int | None:
        """The position of the node that takes a node's output, if it is the only one, and of that type."""
        users = [user for user, node in enumerate(self.description.nodes) if position in node["inputs"]]
        fits = (len(users) == 1 and position not in self.description.outputs
                and self.description.nodes[users[0]]["type"] == node_type)
        return users[0] if fits else None

    # ---- what the graph is made of ----

    def op(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Writes a node with one output; returns its name."""
        return self.ops(operator, *inputs, outputs=1, **attributes)[0]

    def ops(self, operator: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """Writes a node with several outputs."""
        name = self.unique(f"{self.node['name']}/{operator}")
        made = [name] if outputs == 1 else [f"{name}:{number}" for number in range(outputs)]
        self.nodes.append(self._onnx.helper.make_node(operator, inputs, made, name, **attributes))
        return made

    def as_floats(self, name: str) -> str:
        """A tensor of truth values as 1 and 0."""
        return self.op("Cast", name, to=self._onnx.TensorProto.FLOAT)

    def numbers(self, array: ArrayLike, what: str | None = None) -> str:
        """A constant of floats. Where it has a name, only the uses of one layer have it together."""
        owner = "" if what is None else f"{what} of {self.node.get('shares', self.position)}"
        return self._constant(np.ascontiguousarray(array, np.float32), what or "number", owner)

    def integers(self, array: ArrayLike, what: str = "integers") -> str:
        """A constant of integers."""
        return self._constant(np.asarray(array, np.int64), what, "")

    def _constant(self, array: NDArray[Any], what: str, owner: str) -> str:
        key = hashlib.sha256(f"{owner} {array.dtype}{array.shape}".encode() + array.tobytes()).digest()
        if key not in self._constant_names:
            name = self.unique(f"{self.node['name']}/{what}")
            self.constants.append(self._onnx.numpy_helper.from_array(array, name))
            self._constant_names[key] = name
        return self._constant_names[key]

    def weights(self, array: NDArray[Any], along: Sequence[int], layout: Layout, what: str) -> str:
        """A constant with an extent for each of some axes, to be broadcast over a tensor of that layout.

        Args:
            array: Its axes are those where `along` is 1.
            along: One flag an axis.
            layout: That of the tensor.
            what: Its name.
        """
        extents = iter(array.shape)
        wide = array.reshape([next(extents) if chosen else 1 for chosen in along])
        if array.size > 1:
            wide = layout.to_theirs(wide)
        return self.numbers(wide, what)

    def unique(self, name: str) -> str:
        """The name, with a number where it is taken."""
        numbered = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(1)))
        free = next(each for each in numbered if each not in self._taken)
        self._taken.add(free)
        return free
