"""What VGG's networks share: blocks of 3x3 convolutions with a pool behind each, and dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fashioncnn import layers
from fashioncnn.applications import imagenet_utils
from fashioncnn.applications.parts import Application
from fashioncnn.layers.symbolic import KerasTensor
from fashioncnn.models import Model

Blocks = Sequence[tuple[int, int]]


def network(application: Application, blocks: Blocks, units: Sequence[int], activation: Any,
            name: str | None) -> Model:
    """The model.

    Args:
        application: What the caller asked for.
        blocks: The number of channels and of convolutions of each block.
        units: Those of the dense layers before the classes.
        activation: That of the classes.
        name: The model's name.
    """
    x = application.images
    for number, (filters, count) in enumerate(blocks, 1):
        x = _block(x, filters, count, f"block{number}")
    if application.include_top:
        x = layers.Flatten(name="flatten")(x)
        for number, count in enumerate(units, 1):
            x = layers.Dense(count, activation="relu", name=f"fc{number}")(x)
        x = layers.Dense(application.classes, activation=activation, name="predictions")(x)
    else:
        x = application.pooled(x)
    return application.model(x, name)


def _block(x: KerasTensor, filters: int, count: int, name: str) -> KerasTensor:
    for number in range(1, count + 1):
        x = layers.Conv2D(filters, 3, activation="relu", padding="same", name=f"{name}_conv{number}")(x)
    pixels = [extent or 1 for extent in x.shape[1:3]]
    padding = "valid" if min(pixels) > 1 else "same"  # a single pixel, of images below 32, is kept
    x = layers.MaxPooling2D(2, strides=2, padding=padding, name=f"{name}_pool")(x)
    return x


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels as Keras's trained VGGs want them: see `imagenet_utils.preprocess_input`, mode "caffe"."""
    return imagenet_utils.preprocess_input(x, data_format, "caffe")
