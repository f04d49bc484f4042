"""Draws networks: branches, shared layers, several inputs and outputs, odd sizes, batch normalization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fashioncnn._core import Network

Node = dict[str, Any]
LARGEST = 4000  # numbers of a node's output
SMOOTH = ("tanh", "gelu", "sigmoid", "softplus", "silu", "elu")


class Drawn(NamedTuple):
    """A network's description, and what it is trained with."""

    nodes: list[Node]
    outputs: tuple[int, ...]
    losses: tuple[dict[str, Any] | None, ...]
    x: tuple[np.ndarray, ...]
    y: tuple[np.ndarray | None, ...]
    weights: tuple[np.ndarray | None, ...]
    trainable: float  # share of parameters


def draw(seed: int) -> Drawn:
    """The network of a seed."""
    random = np.random.RandomState(seed)
    draft = Draft(random)
    for _ in range(random.choice([1, 1, 2, 3])):
        draft.add_input()
    for _ in range(random.randint(2, 16)):
        draft.add_node()
    return draft.finish()


def origin(nodes: list[Node], position: int) -> int:
    """The node whose numbers a node hands on: itself, unless it only penalizes them."""
    while nodes[position]["type"] == "activity_regularization":
        (position,) = nodes[position]["inputs"]
    return position


class Draft:
    """A network in the making.

    Args:
        random: Where all choices come from.
    """

    def __init__(self, random: np.random.RandomState) -> None:
        self.random = random
        self.nodes: list[Node] = []
        self.shapes: list[tuple[int, ...]] = []
        self.images = int(random.choice([1, 2, 3, 7, 16, 17, 33, 50]))

    def choose(self, *choices: Any) -> Any:
        return choices[self.random.randint(len(choices))]

    def chance(self, share: float) -> bool:
        return bool(self.random.uniform() < share)

    def size(self, most: int) -> int:
        return int(self.random.randint(1, most + 1))

    def add_input(self) -> None:
        if self.shapes and self.chance(0.5):
            shape = self.shapes[0]
        elif self.chance(0.75):
            shape = (self.size(9), self.size(9), self.choose(1, 2, 3, 5, 17))
        else:
            shape = (self.size(30),)
        self.append({"type": "input", "shape": shape, "inputs": ()})

    def append(self, node: Node) -> bool:
        """Whether the node fits behind the others, and is not too large."""
        position = len(self.nodes)
        named = {"name": f"{node['type']}_{position}", **node}
        try:
            shape = Network([*self.nodes, named]).output_shapes[0] if node["type"] != "input" else node["shape"]
        except ValueError as error:
            if "not used" not in str(error):
                return False
            shape = Network([*self.nodes, named], outputs=[*self.loose(), position]).output_shapes[-1]
        if np.prod(shape) > LARGEST:
            return False
        self.nodes.append(named)
        self.shapes.append(tuple(shape))
        return True

    def loose(self) -> list[int]:
        """Nodes that nobody uses yet."""
        used = {source for node in self.nodes for source in node["inputs"]}
        return [position for position, node in enumerate(self.nodes)
                if position not in used and node["type"] != "input"]

    def add_node(self) -> None:
        while not self.try_node():
            pass

    def try_node(self) -> bool:
        source = len(self.nodes) - 1 if self.chance(0.7) else self.random.randint(len(self.nodes))
        kinds = IMAGE_KINDS if len(self.shapes[source]) == 3 else OTHER_KINDS
        node = kinds[self.random.randint(len(kinds))](self, source)
        if node is None:
            return False
        node.setdefault("inputs", (source,))
        partners = [position for position, other in enumerate(self.nodes)
                    if other["type"] == node["type"] and "shares" not in other
                    and node["type"] in ("conv2d", "dense", "batch_normalization")]
        if partners and self.chance(0.3):
            position = self.choose(*partners)
            own = dict(self.nodes[position], inputs=node["inputs"], shares=position)
            node = {key: value for key, value in own.items() if key not in ("name", "training")}
        return self.append(node)

    def finish(self) -> Drawn:
        """Outputs are the nodes that nobody uses, and sometimes others."""
        others = [n for n, node in enumerate(self.nodes) if node["type"] != "input" and self.chance(0.1)]
        outputs = tuple(dict.fromkeys([*self.loose(), *others])) or (len(self.nodes) - 1,)
        losses = tuple(self.loss_of(output) for output in outputs)
        if not any(losses):
            losses = ({"type": "mean_squared_error"}, *losses[1:])
        weights = tuple(self.weights() if loss and self.chance(0.3) else None for loss in losses)
        x = tuple(self.random.standard_normal((self.images, *node["shape"])).astype(np.float32)
                  for node in self.nodes if node["type"] == "input")
        y = tuple(self.target_of(loss, self.shapes[output]) for loss, output in zip(losses, outputs, strict=True))
        return Drawn(self.nodes, outputs, losses, x, y, weights, self.choose(1.0, 1.0, 0.6))

    def weights(self) -> np.ndarray:
        return self.random.uniform(0.2, 2, self.images).astype(np.float32)

    def loss_of(self, output: int) -> dict[str, Any] | None:
        node = self.nodes[origin(self.nodes, output)]
        factor = round(float(self.random.uniform(0.2, 2)), 2)
        if self.chance(0.1):
            return None
        if node["type"] == "softmax" and self.shapes[output][-1] > 1:
            return {"type": "sparse_categorical_crossentropy", "factor": factor}
        if node.get("function") == "sigmoid" and self.chance(0.7):
            return {"type": "binary_crossentropy", "factor": factor}
        return {"type": "mean_squared_error", "factor": factor}

    def target_of(self, loss: dict[str, Any] | None, shape: tuple[int, ...]) -> np.ndarray | None:
        if loss is None:
            return None
        if loss["type"] == "sparse_categorical_crossentropy":
            return self.random.randint(0, shape[-1], (self.images, *shape[:-1]))
        if loss["type"] == "binary_crossentropy":
            return self.random.randint(0, 2, (self.images, *shape)).astype(np.float32)
        return self.random.standard_normal((self.images, *shape)).astype(np.float32)


def conv2d(draft: Draft, source: int) -> Node:
    dilation = (draft.choose(1, 2), draft.choose(1, 2)) if draft.chance(0.2) else (1, 1)
    strides = (draft.size(3), draft.size(3)) if dilation == (1, 1) and draft.chance(0.4) else (1, 1)
    kernel = draft.choose((3, 3), (3, 3), (1, 1), (5, 5), (draft.size(4), draft.size(4)))
    return {"type": "conv2d", "filters": draft.choose(1, 2, 3, 8, 9, 17, draft.shapes[source][-1]),
            "kernel_size": kernel, "strides": strides, "padding": draft.choose("same", "same", "valid"),
            "dilation_rate": dilation, "use_bias": draft.chance(0.6)}


def dense(draft: Draft, source: int) -> Node:
    units = draft.choose(1, 3, 8, 17, draft.shapes[source][-1])
    return {"type": "dense", "units": units, "use_bias": draft.chance(0.7)}


def normalization(draft: Draft, source: int) -> Node:
    mode = {"training": draft.chance(0.5)} if draft.chance(0.2) else {}
    return {"type": "batch_normalization", "epsilon": draft.choose(1e-3, 0.05), "momentum": draft.choose(0.5, 0.99),
            "center": draft.chance(0.8), "scale": draft.chance(0.8), **mode}


def activation(draft: Draft, source: int) -> Node:
    if draft.chance(0.5):
        return {"type": "activation", "function": draft.choose(*SMOOTH)}
    return {"type": "activation", "function": "relu",
            **draft.choose({}, {}, {"max_value": 6.0}, {"negative_slope": 0.2})}


def add(draft: Draft, source: int) -> Node | None:
    alike = [n for n, shape in enumerate(draft.shapes) if shape == draft.shapes[source]]
    if alike == [source] and draft.chance(0.9):
        return None
    return {"type": "add", "inputs": (source, *(draft.choose(*alike) for _ in range(draft.size(2))))}


def pool(draft: Draft, source: int) -> Node:
    size = draft.choose((2, 2), (2, 2), (3, 3), (draft.size(3), draft.size(3)))
    strides = size if draft.chance(0.6) else (draft.size(3), draft.size(3))
    return {"type": draft.choose("max_pooling2d", "average_pooling2d"), "pool_size": size, "strides": strides,
            "padding": draft.choose("valid", "same")}


def global_pool(draft: Draft, source: int) -> Node:
    return {"type": draft.choose("global_average_pooling2d", "global_max_pooling2d"), "keepdims": draft.chance(0.5)}


def padding(draft: Draft, source: int) -> Node:
    return {"type": "zero_padding2d", "padding": tuple(int(n) for n in draft.random.randint(0, 3, 4))}


def flatten(draft: Draft, source: int) -> Node:
    return {"type": "reshape", "target_shape": (int(np.prod(draft.shapes[source])),)}


def softmax(draft: Draft, source: int) -> Node:
    return {"type": "softmax"}


def penalized(draft: Draft, source: int) -> Node:
    return {"type": "activity_regularization", **draft.choose({"l2": 0.1}, {"l2": 0.02}, {"l1": 0.05, "l2": 0.03})}


def rescaling(draft: Draft, source: int) -> Node:
    return {"type": "rescaling", "scale": 0.7, "offset": -0.1}


def moved(draft: Draft, source: int) -> Node:
    """An image that is one pixel lower and farther left, in training and in inference."""
    height, width = draft.shapes[source][:2]
    return {"type": "random_translation", "height_factor": (1.0 / height,) * 2, "width_factor": (-1.0 / width,) * 2,
            "fill_mode": "constant", "fill_value": 0.5, "interpolation": draft.choose("nearest", "bilinear"), "seed": 1,
            "training": True, "firm": True}


def standardization(draft: Draft, source: int) -> Node:
    channels = draft.shapes[source][-1]
    return {"type": "standardization", "mean": tuple(0.1 * n for n in range(channels)), "variance": (0.5,) * channels,
            "along": (*(0 for _ in draft.shapes[source][1:]), 1), "invert": draft.chance(0.5)}


def nothing_dropped(draft: Draft, source: int) -> Node:
    return {"type": "dropout", "rate": 0.0, "seed": 1}


Kind = Callable[[Draft, int], "Node | None"]
OTHER_KINDS: tuple[Kind, ...] = (
    dense, dense, dense, normalization, normalization, activation, activation, add, softmax, rescaling, penalized,
    nothing_dropped, flatten, standardization,
)  # fmt: skip
IMAGE_KINDS: tuple[Kind, ...] = (
    conv2d, conv2d, conv2d, conv2d, normalization, normalization, normalization, activation, activation, activation,
    add, add, add, pool, pool, global_pool, padding, flatten, dense, softmax, rescaling, penalized, nothing_dropped,
    standardization, moved,
)  # fmt: skip
