"""A network as a list of steps for inference: what a C program would do, before it is written down.

Nodes that do nothing for predictions vanish, batch normalization is multiplied into the convolution or dense layer in
front of it, and a ReLU becomes limits of the step before. Steps work on tensors, which are numbered as the nodes that
make them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import Network

Shape = tuple[int, ...]
Array = NDArray[Any]
Node = Mapping[str, Any]

HANDS_ON = ("activity_regularization", "alpha_dropout", "dropout", "gaussian_dropout", "gaussian_noise",
            "random_brightness", "random_contrast", "random_erasing", "random_flip", "random_rotation",
            "random_translation", "random_zoom", "reshape")
ACTS_IN_TRAINING = ("alpha_dropout", "batch_normalization", "dropout", "gaussian_dropout", "gaussian_noise")
PRODUCTS = ("conv2d", "conv2d_transpose", "dense", "depthwise_conv2d", "grouped_conv2d")
LIMITED = (*PRODUCTS, "add", "affine")


@dataclass
class Step:
    """What one node does, or several in one.

    Args:
        kind: The node's type in the core; "affine" for batch normalization, too.
        layer: The layer's name.
        inputs: Tensors.
        input_shapes: How the step sees them.
        output: The tensor that is made.
        shape: Its shape.
        attributes: The node's.
        weights: Its parameters by name.
        limits: What the output is kept between.
    """

    kind: str
    layer: str
    inputs: list[int]
    input_shapes: list[Shape]
    output: int
    shape: Shape
    attributes: Mapping[str, Any]
    weights: dict[str, Array]
    limits: tuple[float, float] = (-math.inf, math.inf)
    joined: list[str] = field(default_factory=list)  # layers whose work it does, too
    pool: Step | None = None  # of a convolution: the max pool behind it

    @property
    def is_limited(self) -> bool:
        return self.limits != (-math.inf, math.inf)


@dataclass
class Steps:
    """A network: its steps in order, and the tensors that go in and come out.

    Args:
        steps: Inputs before their users.
        inputs: The tensors that the caller gives.
        outputs: The tensors that the caller gets; one may be an input, or come twice.
        output_shapes: How the caller sees them.
        shapes: Of all nodes' outputs, without the batch axis.
    """

    steps: list[Step]
    inputs: list[int]
    outputs: list[int]
    output_shapes: list[Shape]
    shapes: list[Shape]

    def users(self) -> Counter[int]:
        """How often each tensor is read, by steps or by the caller."""
        return Counter([*self.outputs, *(tensor for step in self.steps for tensor in step.inputs)])

    def size(self, tensor: int) -> int:
        return math.prod(self.shapes[tensor])


def steps_of(nodes: Sequence[Node], outputs: Sequence[int], network: Network) -> Steps:
    """The steps of a network whose description is `nodes` and `outputs`.

    Raises:
        NotImplementedError: If a layer was told to act as in training.
    """
    weights = _weights_of(network)
    shapes = [tuple(shape) for shape in network.node_shapes]
    stands_for: list[int] = []  # the tensor that has a node's output
    steps = []
    for position, node in enumerate(nodes):
        inputs = [stands_for[source] for source in node["inputs"]]
        if node.get("training") and node["type"] in ACTS_IN_TRAINING:
            raise NotImplementedError(f"layer '{node['name']}' was called with training=True, and acts as in training "
                                      "in predictions too; C code does not: call it without `training`")
        is_handed_on = node["type"] in HANDS_ON or node.get("function") == "linear"
        stands_for.append(inputs[0] if is_handed_on else position)
        if not is_handed_on and node["type"] != "input":
            steps.append(Step(node["type"], node["name"], inputs, [shapes[source] for source in node["inputs"]],
                              position, shapes[position], node, dict(weights.get(node.get("shares", position), {}))))
    result = Steps(steps, [position for position, node in enumerate(nodes) if node["type"] == "input"],
                   [stands_for[output] for output in outputs], [shapes[output] for output in outputs], shapes)
    _settle(result)
    _join(result, _normalization_in_product)
    _join(result, _relu_as_limits)
    _join(result, _pool_behind_convolution)
    return result


def _weights_of(network: Network) -> dict[int, dict[str, Array]]:
    weights: dict[int, dict[str, Array]] = {}
    for position, name, shape, offset in network.parameters:
        values = np.empty(shape, np.float32)
        network.read("weights", offset, values)
        weights.setdefault(position, {})[name] = values
    return weights


def _settle(network: Steps) -> None:
    """What layers do that act in another way in training: batch normalization, with statistics that do not move any
    more, is a scale and an offset for each channel; a random window is that in the middle."""
    for step in network.steps:
        if step.kind == "batch_normalization":
            own = {name: values.astype(np.float64) for name, values in step.weights.items()}
            scale = own.get("gamma", 1.0) / np.sqrt(own["moving_variance"] + step.attributes["epsilon"])
            step.weights = {"scale": scale, "offset": own.get("beta", 0.0) - own["moving_mean"] * scale}
            step.kind = "affine"
            step.attributes = {"type": step.kind, "along": (*(0 for _ in step.shape[1:]), 1), "settled": True}
        elif step.kind == "standardization":
            _settle_standardization(step)
        elif step.kind == "random_crop":
            margins = [extent - window for extent, window in zip(step.input_shapes[0], step.shape, strict=True)][:2]
            sides = tuple(side for margin in margins for side in (margin // 2, margin - margin // 2))
            step.kind, step.attributes = "cropping2d", {"type": "cropping2d", "cropping": sides}


def _settle_standardization(step: Step) -> None:
    """A normalization by numbers that never change is a scale and an offset, too."""
    along = step.attributes["along"]
    shape = [extent for extent, chosen in zip(step.shape, along, strict=True) if chosen]
    mean, variance = (np.asarray(step.weights.get(name, step.attributes.get(name)), np.float64).reshape(shape)
                      for name in ("mean", "variance"))
    deviation = np.maximum(np.sqrt(variance), 1e-7)
    is_inverse = step.attributes["invert"]
    step.weights = {"scale": deviation if is_inverse else 1.0 / deviation,
                    "offset": mean if is_inverse else -mean / deviation}
    step.kind, step.attributes = "affine", {"type": "affine", "along": along}


def _join(network: Steps, join: Any) -> None:
    """Leaves out each step that `join` lets the step before it do, where nobody else reads that one's output."""
    users = network.users()
    makers: dict[int, Step] = {}
    kept = []
    for step in network.steps:
        before = makers.get(step.inputs[0])
        if before is not None and users[before.output] == 1 and len(step.inputs) == 1 and join(before, step):
            before.output = step.output
            before.joined.append(step.layer)
            makers[step.output] = before
        else:
            makers[step.output] = step
            kept.append(step)
    network.steps = kept


def _normalization_in_product(before: Step, step: Step) -> bool:
    if before.kind not in PRODUCTS or "settled" not in step.attributes or step.shape[-1] != before.shape[-1]:
        return False
    scale = step.weights["scale"]
    kernel = before.weights["kernel"].astype(np.float64)
    if before.kind == "conv2d_transpose":
        kernel = kernel * scale[:, np.newaxis]
    elif before.kind == "depthwise_conv2d":
        kernel = kernel * scale.reshape(kernel.shape[2:])
    else:
        kernel = kernel * scale
    before.weights = {"kernel": kernel, "bias": before.weights.get("bias", 0.0) * scale + step.weights["offset"]}
    return True


def _relu_as_limits(before: Step, step: Step) -> bool:
    options = {"negative_slope": 0.0, "threshold": 0.0}
    if (before.kind not in LIMITED or before.is_limited or step.attributes.get("function") != "relu"
            or any(step.attributes.get(name, value) != value for name, value in options.items())):
        return False
    most = step.attributes.get("max_value")
    before.limits = (0.0, math.inf if most is None else float(most))
    return True


def _pool_behind_convolution(before: Step, step: Step) -> bool:
    """A pool whose windows do not overlap, so that each output of the convolution is computed at most once."""
    if (before.kind not in ("conv2d", "grouped_conv2d") or before.pool is not None or step.kind != "max_pooling2d"
            or any(size > stride for size, stride in zip(step.attributes["pool_size"], step.attributes["strides"],
                                                         strict=True))):
        return False
    before.pool = step
    before.shape = step.shape
    return True


def axes_of(shape: Shape, along: Sequence[int] | None) -> tuple[int, int, int, int]:
    """An image as (outer, lines, inner, columns), of which lines and columns are the axes along which a step works.

    Args:
        shape: Of the image.
        along: 1 for each such axis, 0 for the others; None: the last axis.
    """
    flags = list(along) if along is not None else [*(0 for _ in shape[1:]), 1]
    left = list(zip(shape, flags, strict=True))

    def take(flag: int) -> Iterator[int]:
        while left and left[-1][1] == flag:
            yield left.pop()[0]

    columns, inner, lines, outer = (math.prod(take(flag)) for flag in (1, 0, 1, 0))
    return outer, lines, inner, columns
