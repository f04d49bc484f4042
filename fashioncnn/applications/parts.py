"""What the applications share: the arguments that all of them take, and what is made of these."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from fashioncnn import layers
from fashioncnn.layers.arguments import extents
from fashioncnn.layers.symbolic import KerasTensor, Node
from fashioncnn.models import Model
from fashioncnn.models.functional import Functional
from fashioncnn.utils import checks

SMALLEST = 28  # pixels


class Application:
    """One network in the making: its images, its head without classes, and the model of them.

    Args:
        owner: Who makes it, for messages.
        include_top: Whether the network ends in classes.
        weights: None, or a file that `save_weights` of the same network wrote.
        input_tensor: None, or what the network is applied to in the place of an `Input`.
        input_shape: (height, width, channels), or None. Not looked at where there is an
            `input_tensor`.
        pooling: What takes the place of the top: None, "avg" or "max".
        classes: How many classes there are.
        default_shape: The `input_shape` of None; None: Keras's, (224, 224, 3) with a top, and open without one.

    Attributes:
        images: The symbolic tensor of the images.
        shape: The input's shape as it was asked for; an extent that was left open is None.

    Raises:
        ArgumentError: If an argument has the wrong type.
        ValueError: If one is out of range, or there are no such weights.
    """

    def __init__(self, owner: str, *, include_top: bool, weights: Any, input_tensor: Any, input_shape: Any,
                 pooling: Any, classes: Any, default_shape: tuple[int, int, int] | None = None) -> None:
        self.include_top = checks.truth("include_top", include_top)
        self.weights = _checked_weights(owner, weights)
        self.pooling = checks.one_of(owner, "pooling", pooling, (None, "avg", "max"))
        self.classes = checks.integer("classes", classes, at_least=1)
        usual = default_shape or ((224, 224, 3) if self.include_top else (None, None, 3))
        self.shape: tuple[int | None, ...] = usual if input_shape is None else _checked_shape(owner, input_shape)
        if input_tensor is None:
            if None in self.shape and self.include_top:
                raise ValueError(f"{owner}: input_shape={input_shape} leaves an extent open, which goes with "
                                 "include_top=False only; give it whole: input_shape=(28, 28, 1)")
            self.images = layers.Input(self.shape)
            self.inputs: Any = self.images
        else:
            self.images = _checked_tensor(owner, input_tensor)
            self.inputs = [node.output for node in _inputs_behind(self.images)]

    def pooled(self, x: KerasTensor, names: Mapping[str, str] | None = None) -> KerasTensor:
        """What a network without a top ends in: `x` itself, or one number for each of its channels.

        Args:
            x: The output of the last block.
            names: What the layers are called, by `pooling`.
        """
        kinds = {"avg": layers.GlobalAveragePooling2D, "max": layers.GlobalMaxPooling2D}
        if self.pooling is None:
            return x
        pooled: KerasTensor = kinds[self.pooling](name=(names or {}).get(self.pooling))(x)
        return pooled

    def model(self, outputs: KerasTensor, name: str | None) -> Model:
        """The model, with its weights read where a file was given."""
        model = Functional(self.inputs, outputs, name=name)
        if self.weights is not None:
            model.load_weights(self.weights)
        return model


def _checked_weights(owner: str, weights: Any) -> Any:
    if weights is None:
        return None
    if not isinstance(weights, (str, bytes, os.PathLike)):
        raise checks.ArgumentError(f"{owner}: `weights` must be None or a file's name, got {weights!r} of type "
                                   f"{type(weights).__name__}")
    if os.path.exists(weights):
        return weights
    what = ("weights trained on ImageNet do not come with fashioncnn" if weights == "imagenet" else
            f"there is no file {os.fsdecode(weights)!r}")
    raise ValueError(f"{owner}: {what}. Write weights=None to begin with random ones, or name a file that "
                     "save_weights() of the same network wrote; to take those of Keras's network, whose weights are "
                     "the same in shape and order, call model.set_weights(keras_model.get_weights())")


def _checked_shape(owner: str, shape: Any) -> tuple[int | None, ...]:
    checked = extents("input_shape", shape)
    if len(checked) != 3:
        raise ValueError(f"{owner}: `input_shape` must be (height, width, channels), got {shape}")
    if any(extent is not None and extent < SMALLEST for extent in checked[:2]):
        raise ValueError(f"{owner}: images must have at least {SMALLEST}x{SMALLEST} pixels, got input_shape={shape}")
    return checked


def _checked_tensor(owner: str, tensor: Any) -> KerasTensor:
    if not isinstance(tensor, KerasTensor):
        raise checks.ArgumentError(f"{owner}: `input_tensor` must be what Input() or a layer returned, got "
                                   f"{tensor!r} of type {type(tensor).__name__}")
    if tensor.ndim != 4:
        raise ValueError(f"{owner}: `input_tensor` must be images (N, height, width, channels), got the shape "
                         f"{tensor.shape}")
    return tensor


def _inputs_behind(tensor: KerasTensor) -> Iterator[Node]:
    """The inputs that a tensor depends on, each once."""
    waiting, met = [tensor.node], set()
    while waiting:
        node = waiting.pop()
        if node in met:
            continue
        met.add(node)
        if node.is_input:
            yield node
        waiting += reversed(node.parents)
