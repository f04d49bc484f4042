"""What the layers of a model make of images, and the kernels that they do it with."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.layers import Layer
from fashioncnn.models import Model
from fashioncnn.pictures.picture import Picture, draw_image, grid, stretched
from fashioncnn.utils import checks


def layer_of(model: Model, layer: Any) -> Layer:
    """A layer of the model by its name, its position, or itself.

    Raises:
        ValueError: If the model does not have it.
    """
    if isinstance(layer, Layer):
        if all(layer is not other for other in model.layers):
            raise ValueError(f"{layer!r} is not a layer of model '{model.name}'")
        return layer
    return model.get_layer(layer) if isinstance(layer, str) else model.get_layer(index=layer)


def refuse_channels_first(model: Model) -> None:
    """Raises NotImplementedError if a layer of the model has its channels before the pixels."""
    for layer in model._flatten_layers():
        if getattr(layer, "data_format", None) == "channels_first":
            raise NotImplementedError(f"pictures of what a model with data_format='channels_first' finds, as "
                                      f"{type(layer).__name__} '{layer.name}' has it, are not supported by fashioncnn "
                                      "(yet); make the model with channels last")


def features(model: Model, images: Any, layer: Any) -> NDArray[np.float32]:
    """What a layer of a model makes of images, as `predict` of a model that ends there. The model is not changed.

    Args:
        model: A model with weights.
        images: As its `predict` takes them.
        layer: A layer of it: itself, its name, or its position.

    Returns:
        The layer's output, (N, ...).

    Raises:
        ValueError: If the model has no such layer.

    Example:
        >>> from fashioncnn import Input, Sequential, layers
        >>> model = Sequential([Input((8, 8, 1)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])
        >>> features(model, np.zeros((5, 8, 8, 1)), 0).shape
        (5, 6, 6, 4)
    """
    position = model.layers.index(layer_of(model, layer))
    twin = copy.copy(model)  # in which a layer's output is that of its call in this model, whatever was called before
    return Model(twin.inputs, twin.layers[position].output).predict(images, verbose=0)  # type: ignore[no-any-return]


def feature_maps(model: Model, image: Any, layer: Any, columns: int = 8, limit: int = 64) -> Picture:
    """Every channel of what a layer makes of one image, each stretched from black to white by itself.

    Args:
        model: A model with weights.
        image: One image, without a batch axis.
        layer: A layer whose output is (N, height, width, channels): itself, its name, or its position.
        columns: Channels in a line.
        limit: How many are drawn at most.

    Raises:
        ValueError: If the layer's output is no image.
    """
    refuse_channels_first(model)
    maps = features(model, np.asarray(image)[None], layer)[0]
    if maps.ndim != 3:
        raise ValueError(f"layer '{layer_of(model, layer).name}' makes {maps.shape}, not (height, width, channels)")
    planes = stretched(np.moveaxis(maps, -1, 0)[: checks.integer("limit", limit, at_least=1)], (1, 2))
    picture, places = grid(len(planes), checks.integer("columns", columns, at_least=1), 1.0, 0.2)
    for number, (axes, plane) in enumerate(zip(places, planes, strict=True)):
        draw_image(axes, plane, "viridis")
        axes.set_title(str(number), fontsize=7)
    return picture


def filters(layer: Layer, columns: int = 8, limit: int = 64) -> Picture:
    """The kernels of a convolution, a column of pictures for each filter: one for each channel that it reads, where red
    is positive and blue negative. Where it reads three channels it is one picture in colour, and where it reads one,
    one in red and blue; then filters fill line after line.

    Args:
        layer: A layer with a kernel (height, width, inputs, filters).
        columns: Pictures in a line.
        limit: How many pictures are drawn at most.

    Raises:
        ValueError: If the layer has no such kernel.

    Example:
        >>> from fashioncnn import layers
        >>> convolution = layers.Conv2D(6, 3)
        >>> convolution.build((None, 8, 8, 1))
        >>> len(filters(convolution).axes)
        6
    """
    kernels = [weight.numpy() for weight in layer.weights if weight.name.endswith("kernel") and len(weight.shape) == 4]
    if not kernels:
        raise ValueError(f"layer '{layer.name}' has no kernel (height, width, inputs, filters)")
    limit, columns = checks.integer("limit", limit, at_least=1), checks.integer("columns", columns, at_least=1)
    height, width, inputs, outputs = kernels[0].shape
    if inputs == 3:
        planes = list(stretched(np.moveaxis(kernels[0], -1, 0), (1, 2, 3)))
        low, high = 0.0, 1.0
    else:
        shown = kernels[0] if 1 in (inputs, outputs) else kernels[0][..., :columns]
        planes = list(np.moveaxis(shown, (2, 3), (0, 1)).reshape(-1, height, width))
        high = float(np.abs(kernels[0]).max()) or 1.0
        low, columns = -high, min(columns, len(planes) if 1 in (inputs, outputs) else outputs)
    picture, places = grid(min(len(planes), limit), columns, 0.8, 0.1)
    for axes, plane in zip(places, planes, strict=False):
        draw_image(axes, plane, "bwr", low, high)
    return picture
