"""How pixels are prepared for networks that were trained on ImageNet."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from fashioncnn import layers
from fashioncnn.layers.symbolic import KerasTensor
from fashioncnn.utils import absent, checks
from fashioncnn.utils.arrays import as_array

__all__ = ["decode_predictions", "preprocess_input"]

MEAN = np.array([0.485, 0.456, 0.406])  # of red, green and blue, from 0 to 1
DEVIATION = np.array([0.229, 0.224, 0.225])
MEAN_OF_BYTES = np.array([103.939, 116.779, 123.68])  # of blue, green and red
CLASSES = 1000


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:
    """Pixels from 0 to 255 as a network wants them.

    As in Keras, an array of floats is written over; pass a copy to keep it.

    Args:
        x: One image or several: an array whose channels are red, green and blue; or a symbolic tensor.
        data_format: None or "channels_last"; for arrays also "channels_first".
        mode: "tf": from -1 to 1. "torch": each channel with ImageNet's mean taken off, and divided by its deviation.
            "caffe": blue, green and red, with ImageNet's mean taken off.

    Returns:
        An array of the type that it was; float32 for integers. For a symbolic tensor that of a `Rescaling` layer.

    Raises:
        ArgumentError: If `x` is not made of numbers.
        NotImplementedError: If a symbolic tensor's channels would have to be reversed.
        ValueError: If an option is unknown, or there are not three channels where there must be.

    Example:
        >>> preprocess_input(np.array([[[0, 51, 255]]]), mode="tf")
        array([[[-1. , -0.6,  1. ]]], dtype=float32)
    """
    checks.one_of("preprocess_input()", "mode", mode, ("caffe", "tf", "torch"))
    formats = (None, "channels_last", "channels_first")
    channels_first = checks.one_of("preprocess_input()", "data_format", data_format, formats) == formats[2]
    if isinstance(x, KerasTensor):
        return _rescaled(x, channels_first, mode)
    x = as_array("preprocess_input", "`x`", x)
    if not np.issubdtype(x.dtype, np.floating):
        x = x.astype(np.float32)
    if x.ndim not in (3, 4):
        raise ValueError(f"preprocess_input() takes one image or several, of 3 or 4 axes; got the shape {x.shape}")
    images = np.moveaxis(x, -3, -1) if channels_first else x
    if mode != "tf" and images.shape[-1] != 3:
        raise ValueError(f"preprocess_input(): mode={mode!r} takes three channels, got {images.shape[-1]}")
    images = _prepared(images, mode)
    return np.moveaxis(images, -1, -3) if channels_first else images


def _prepared(images: Any, mode: str) -> Any:
    if mode == "tf":
        images /= 127.5
        images -= 1.0
    elif mode == "torch":
        images /= 255.0
        images -= MEAN.astype(images.dtype)
        images /= DEVIATION.astype(images.dtype)
    else:
        images = images[..., ::-1]
        images -= MEAN_OF_BYTES.astype(images.dtype)
    return images


def _rescaled(x: KerasTensor, channels_first: bool, mode: str) -> Any:
    if channels_first:
        raise checks.unsupported("preprocess_input()", "data_format", "channels_first",
                                 "'channels_last' for symbolic tensors")
    if mode == "tf":
        return layers.Rescaling(1 / 127.5, offset=-1)(x)
    if mode == "torch":
        return layers.Rescaling(list(1 / (255 * DEVIATION)), offset=list(-MEAN / DEVIATION))(x)
    raise NotImplementedError("preprocess_input(): reversing the channels of a symbolic tensor is not supported by "
                              "fashioncnn (yet): prepare the arrays before they go into the model")


def decode_predictions(preds: Any, top: int = 5) -> NoReturn:
    """Says that the names of ImageNet's classes are not here.

    Args:
        preds: (N, 1000) predictions.
        top: How many classes Keras would name.

    Raises:
        NotImplementedError: Always, or
        ValueError: if the predictions are not of ImageNet's 1000 classes.
    """
    shape = np.shape(preds)
    if len(shape) != 2 or shape[1] != CLASSES:
        raise ValueError(f"decode_predictions() takes predictions of shape (N, {CLASSES}), one for each of ImageNet's "
                         f"classes; got {shape}")
    raise NotImplementedError(f"decode_predictions(): the names of ImageNet's classes do not come with fashioncnn; "
                              f"preds.argsort(axis=-1)[:, -{top}:] gives the numbers of the likeliest")


__getattr__ = absent.module_getattr(__name__)
