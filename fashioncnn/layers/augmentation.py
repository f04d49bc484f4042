"""What layers that change images at random in training have in common: when they act, factors, what they are called on.

What is drawn for an image belongs to the layer's seed, the step of training and the image's place in the batch.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from fashioncnn.layers.call_arguments import BY_NAME
from fashioncnn.layers.dropout import RandomLayer
from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import FIRST_OF_LAYERS
from fashioncnn.layers.single_image import ImageLayer
from fashioncnn.layers.symbolic import is_symbolic
from fashioncnn.utils import checks
from fashioncnn.utils.arrays import as_array
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor

Interval = tuple[float, float]


def interval(name: str, value: Any, low: float, high: float, beyond: bool = True) -> Interval:
    """A factor as Keras takes it: a number stands for the interval around 0, as far as the bounds allow, two for one.

    Args:
        name: The argument's, for messages.
        value: What it is.
        low: The lower bound.
        high: The upper bound.
        beyond: Whether an interval may reach out of the bounds, as long as it begins and ends on the right sides.

    Raises:
        ValueError: If it is something else.

    Example:
        >>> interval("factor", 0.2, -1, 1), interval("factor", [0.5, 0.1], -1, 1), interval("factor", 0.2, 0, 1)
        ((-0.2, 0.2), (0.1, 0.5), (0, 0.2))
    """
    is_pair = isinstance(value, (list, tuple))
    numbers = value if is_pair else [value]
    try:
        first, last = min(numbers[0], numbers[-1]), max(numbers[0], numbers[-1])
        fits = len(numbers) == 1 + is_pair and all(checks.number(name, number) == number for number in numbers)
    except (TypeError, ValueError, IndexError):
        fits = False
    if fits and is_pair and beyond:
        fits = numbers[0] <= high and numbers[1] >= low
    elif fits:
        fits = low <= first <= last <= high
    if not fits:
        raise ValueError(f"The `{name}` argument should be a number (or a list of two numbers) in the range "
                         f"[{low}, {high}]. Received: {name}={value!r}")
    return (first, last) if is_pair else (max(-abs(value), low), abs(value))


def floats(pair: Interval) -> Interval:
    """Two numbers as the core takes them, in order.

    Example:
        >>> floats((255, 0))
        (0.0, 255.0)
    """
    return float(min(pair)), float(max(pair))


class Factor(Setting):
    """The setting of a factor in [low, high], kept as an interval."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(lambda name, value: interval(name, value, low, high))


def value_range(name: str, value: Any) -> Any:
    """Two numbers; else ValueError."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ValueError(f"The `{name}` argument should be a list of two numbers. Received: {name}={value}")
    for number in value:
        checks.number(name, number)
    return value


class Augmentation(RandomLayer, ImageLayer):
    """A layer that acts in training. Called by itself on an array, and not told, it acts, too, as in Keras."""

    changes_masks: ClassVar[bool] = True  # whether masks of segmentation are moved as the images are

    def __call__(self, inputs: Any = BY_NAME, /, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:
        """The images as they are changed.

        Args:
            inputs: (N, H, W, C) numbers or one image (H, W, C); a symbolic tensor; or a dict with "images", and if
                wanted "labels" and "segmentation_masks" of them, which is returned with all of them changed alike.
            args: `training`.
            training: Whether to act; None: as the model around it, and where there is none, yes.
            kwargs: `inputs`, where it is given by its name.

        Raises:
            ArgumentError: If the images are not made of numbers.
            NotImplementedError: If there are bounding boxes.
            ValueError: If they are not images, or too small.
        """
        if inputs is BY_NAME:
            inputs, kwargs = self._first_by_name(kwargs)
        if args:
            args, training = args[1:], args[0]
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, training=training, **kwargs)
        acts = training is None or bool(training)
        if isinstance(inputs, Mapping):
            return self._changed_alike(inputs, acts)
        if np.ndim(inputs) not in (3, 4):
            raise ValueError(f"{type(self).__name__} '{self.name}': Expected the input image to be rank 3 or 4. "
                             f"Received: inputs.shape={np.shape(inputs)}")
        return super().__call__(inputs, *args, training=acts, **kwargs)

    def _changed_alike(self, data: Mapping[str, Any], training: bool) -> dict[str, Any]:
        """All that belongs to a batch of images, or to one, changed by the same random numbers."""
        if "images" not in data:
            raise ValueError(f"{type(self).__name__} '{self.name}' got a dict of {sorted(data)}; expected 'images', "
                             "with 'labels' and 'segmentation_masks' where there are any")
        if "bounding_boxes" in data:
            raise NotImplementedError(f"{type(self).__name__} '{self.name}': bounding boxes are not supported by "
                                      "fashioncnn (yet)")
        changed = {**data, "images": self(data["images"], training=training)}
        if "labels" in data:
            changed["labels"] = tensor(data["labels"])
        if "segmentation_masks" in data:
            masks = data["segmentation_masks"]
            changed["segmentation_masks"] = self._moved(masks) if training and self.changes_masks else tensor(masks)
        return changed

    def _moved(self, masks: Any) -> Tensor:
        """Masks as the images of the last call were moved; no values are mixed."""
        values = as_array(type(self).__name__, "`segmentation_masks`", masks)
        batch = values if values.ndim == 4 else values[np.newaxis]
        graph = Graph()
        moving = functools.partial(self.add_moving, interpolation="nearest")
        made = self.add_nodes(graph, graph.input(batch.shape[1:], self.name), add=moving)
        assert isinstance(made, int), "layers of images have one output"
        network, _ = graph.build([made])
        network.random_step = FIRST_OF_LAYERS + self._training_calls - 1
        (shape,) = network.output_shapes
        moved = np.empty((len(batch), *shape), np.float32)
        network.predict((batch,), 0, len(batch), (moved,), True)
        return (moved if values.ndim == 4 else moved[0]).view(Tensor)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return self.add_moving(graph, *inputs)

    def add_moving(self, graph: Graph, position: int, **instead: Any) -> int:
        """Adds the nodes, with other attributes instead of the layer's where they are given."""
        raise NotImplementedError

    def add_random(self, graph: Graph, node_type: str, position: int, **attributes: Any) -> int:
        """Adds a node that acts as in training unless somebody says that it should not."""
        return graph.add(self, node_type, position, seed=self.core_seed, training=True, **attributes)

    def compute_output_shape(self, input_shape: Sequence[Any]) -> Any:
        """The output's shape for an input's: (N, H, W, C), or (H, W, C) of one image."""
        if len(input_shape) == 3:
            return super().compute_output_shape((None, *input_shape))[1:]
        return super().compute_output_shape(input_shape)
