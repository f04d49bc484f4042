"""Which parts of an image speak for a class: saliency and Grad-CAM."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.layers import Layer, Resizing
from fashioncnn.models import Model
from fashioncnn.pictures.picture import Picture, as_images, draw_image, grid
from fashioncnn.pictures.training import names_of
from fashioncnn.utils import checks
from fashioncnn.visualization.features import layer_of
from fashioncnn.visualization.scores import score_gradients


def saliency_map(model: Model, images: Any, classes: Any = None) -> NDArray[np.float32]:
    """How much each pixel changes the score of a class: the size of the gradient, of the channel where it is largest.

    After Simonyan et al., "Deep Inside Convolutional Networks" (2013). The score is what goes into a final softmax or
    sigmoid.

    Args:
        model: A classifier with one input and the output (N, classes).
        images: (N, height, width, channels), or (N, height, width) of one channel.
        classes: Whose scores: a number, or one for each image; None: the class that each is taken for.

    Returns:
        (N, height, width), of at least 0.

    Raises:
        ValueError: If the model has several inputs or another output, or there is no such class.
    """
    _, gradients = score_gradients(model, images, classes, None)
    sizes = np.abs(gradients)
    return sizes.max(axis=-1) if sizes.ndim == 4 else sizes


def grad_cam_map(model: Model, images: Any, classes: Any = None, layer: Any = None) -> NDArray[np.float32]:
    """Where a convolution finds what speaks for a class: its channels, weighted by the mean gradient of the score.

    After Selvaraju et al., "Grad-CAM" (2017): the sum over the channels, where it is positive.

    Args:
        model: See `saliency_map`.
        images: See `saliency_map`.
        classes: See `saliency_map`.
        layer: A layer whose output is (N, height, width, channels): itself, its name, or its position; None: the last
            one where an image still has more than one pixel.

    Returns:
        (N, height, width) of the images, from 0 to 1; 0 where nothing speaks for the class.

    Raises:
        ValueError: If there is no such layer; else see `saliency_map`.
    """
    chosen = _last_image_layer(model) if layer is None else layer_of(model, layer)
    maps, gradients = score_gradients(model, images, classes, chosen)
    if maps.ndim != 4:
        raise ValueError(f"layer '{chosen.name}' makes {maps.shape[1:]}, not (height, width, channels)")
    weights = gradients.mean(axis=(1, 2), keepdims=True)
    heat = np.maximum((weights * maps).sum(axis=-1), 0)
    top = heat.max(axis=(1, 2), keepdims=True)
    height, width = np.shape(images)[1:3]
    large = Resizing(height, width, interpolation="bilinear")((heat / np.where(top > 0, top, 1))[..., None])
    return np.asarray(large)[..., 0]


def saliency(model: Model, images: Any, classes: Any = None, class_names: Sequence[str] | None = None,
             limit: int = 8) -> Picture:
    """Each image above what `saliency_map` finds in it.

    Args:
        model: See `saliency_map`.
        images: See `saliency_map`.
        classes: See `saliency_map`.
        class_names: Names of the classes; None: numbers.
        limit: How many images are drawn at most.
    """
    return _beside(model, images, classes, class_names, limit, saliency_map, is_laid_over=False)


def grad_cam(model: Model, images: Any, classes: Any = None, class_names: Sequence[str] | None = None,
             layer: Any = None, limit: int = 8) -> Picture:
    """Each image above itself with what `grad_cam_map` finds in it.

    Args:
        model: See `saliency_map`.
        images: See `saliency_map`.
        classes: See `saliency_map`.
        class_names: Names of the classes; None: numbers.
        layer: See `grad_cam_map`.
        limit: How many images are drawn at most.
    """
    return _beside(model, images, classes, class_names, limit, grad_cam_map, is_laid_over=True, layer=layer)


def _beside(model: Model, images: Any, classes: Any, class_names: Sequence[str] | None, limit: int, find: Any,
            is_laid_over: bool, **options: Any) -> Picture:
    some = np.asarray(images)[: checks.integer("limit", limit, at_least=1)]
    if classes is None:
        classes = model.predict(some, verbose=0).argmax(axis=-1)
    numbers = np.broadcast_to(np.asarray(classes), np.shape(classes) or len(some))[: len(some)]
    heat = find(model, some, numbers, **options)
    names = names_of(class_names, int(numbers.max()) + 1)
    pixels = as_images(some)
    picture, places = grid(2 * len(some), len(some), 1.6, 0.2)
    for i in range(len(some)):
        draw_image(places[i], pixels[i])
        places[i].set_title(names[numbers[i]], fontsize=8)
        below = places[len(some) + i]
        if is_laid_over:
            draw_image(below, pixels[i])
        below.imshow(heat[i], cmap="inferno", alpha=0.6 if is_laid_over else 1.0)
    return picture


def _last_image_layer(model: Model) -> Layer:
    for layer in reversed(model.layers):
        shape = layer.output_shape
        if isinstance(shape, tuple) and len(shape) == 4 and shape[1] != 1 and shape[2] != 1:
            return layer
    raise ValueError(f"no layer of model '{model.name}' makes images of more than one pixel")
