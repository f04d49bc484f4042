"""Golden cases: layers that change images in training, normalization by data, and windows in the middle.

Factors leave nothing to chance here; tests/test_augmentation.py asks what is drawn in which ranges.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
from golden.common import random_of
from golden.shape_cases import describe

Shape = tuple[int, ...]
Make = Callable[[Any], Any]
IMAGES = 3
FILL_MODES = ("reflect", "wrap", "constant", "nearest")
SMALL, COLOUR = (7, 10, 1), (8, 11, 3)


def always(factor: float) -> tuple[float, float]:
    return factor, factor


def resampled(make: Callable[..., Any], about: str) -> dict[str, tuple[Shape, Make]]:
    """A layer with every fill and interpolation."""
    return {f"{about}, {fill}, {how}": (
        shape, lambda L, fill=fill, how=how: make(L, fill_mode=fill, interpolation=how, fill_value=0.5, seed=3))
            for fill in FILL_MODES for how, shape in (("nearest", COLOUR), ("bilinear", SMALL), ("bilinear", COLOUR))}


LAYERS: dict[str, tuple[Shape, Make]] = {  # name -> input shape, layer
    **resampled(lambda L, **options: L.RandomTranslation(always(0.3), always(-0.25), **options), "translation"),
    **resampled(lambda L, **options: L.RandomTranslation(always(-1.0), always(0.93), **options), "far translation"),
    **resampled(lambda L, **options: L.RandomRotation(always(0.08), **options), "rotation"),
    **resampled(lambda L, **options: L.RandomRotation(always(-0.45), **options), "large rotation"),
    **resampled(lambda L, **options: L.RandomZoom(always(0.6), **options), "zoom"),
    **resampled(lambda L, **options: L.RandomZoom(always(-0.4), always(0.9), **options), "zoom of both"),
    "translation of nothing": (COLOUR, lambda L: L.RandomTranslation(0, 0.0)),
    "rotation of nothing": (COLOUR, lambda L: L.RandomRotation(0)),
    "zoom of nothing": (COLOUR, lambda L: L.RandomZoom(0, (0, 0))),
    "one pixel": ((1, 1, 1), lambda L: L.RandomRotation(always(0.2))),
    "one line": ((1, 9, 2), lambda L: L.RandomTranslation(always(0.4), always(0.3))),
    "crop of one axis": (COLOUR, lambda L: L.RandomCrop(8, 5, seed=1)),
    "crop of the whole": (COLOUR, lambda L: L.RandomCrop(8, 11, seed=1)),
    "crop that enlarges": (COLOUR, lambda L: L.RandomCrop(12, 8, seed=1)),
    "crop that enlarges both": ((4, 3, 2), lambda L: L.RandomCrop(9, 10, seed=1)),
    "brightness": (COLOUR, lambda L: L.RandomBrightness(always(0.4), value_range=(-1, 1))),
    "brightness of a list": (COLOUR, lambda L: L.RandomBrightness([-0.3, -0.3], value_range=[2, -2], seed=2)),
    "contrast": (COLOUR, lambda L: L.RandomContrast((-0.6, 0.6), value_range=(-1.5, 1.5))),
    "contrast of nothing": (COLOUR, lambda L: L.RandomContrast(0.0, value_range=[-5, 5])),
    "erasing of all": (COLOUR, lambda L: L.RandomErasing(always(1), scale=always(1), fill_value=2, value_range=(0, 1))),
    "erasing of channels": (COLOUR, lambda L: L.RandomErasing(always(1.0), always(1.0), [0.1, 0.5, 9], (0, 1), 1)),
    "erasing of nothing": (COLOUR, lambda L: L.RandomErasing(0.0)),
    "center crop": (COLOUR, lambda L: L.CenterCrop(5, 4)),
    "center crop of the whole": (COLOUR, lambda L: L.CenterCrop(8, 11)),
    "center crop, larger": (COLOUR, lambda L: L.CenterCrop(15, 13)),
    "center crop, wider": (COLOUR, lambda L: L.CenterCrop(5, 20)),
    "center crop, higher": ((5, 9, 1), lambda L: L.CenterCrop(7, 3)),
    "normalization of given numbers": (COLOUR, lambda L: L.Normalization(mean=[1, 2, 3.0], variance=[1, 0.5, 0])),
    "normalization of one number": (COLOUR, lambda L: L.Normalization(mean=0.5, variance=4)),
    "normalization, inverse": (COLOUR, lambda L: L.Normalization(mean=2.0, variance=9.0, invert=True)),
    "normalization along lines": (COLOUR, lambda L: L.Normalization((1, -1), np.ones((8, 3)), np.full((8, 3), 0.3))),
    "normalization of vectors": ((5,), lambda L: L.Normalization(-1, [1, 2, 3, 4, 5], (1, 4, 9, 16, 25))),
}  # fmt: skip
IN_INFERENCE: dict[str, tuple[Shape, Make]] = {
    "flip": (COLOUR, lambda L: L.RandomFlip()),
    "vertical flip": (COLOUR, lambda L: L.RandomFlip("vertical", seed=3)),
    "noise": (COLOUR, lambda L: L.RandomErasing(value_range=(0, 1), seed=5)),
}
ADAPTED: dict[str, tuple[Shape, Make]] = {
    "the last axis": (COLOUR, lambda L: L.Normalization()),
    "all": (COLOUR, lambda L: L.Normalization(axis=None)),
    "lines": (COLOUR, lambda L: L.Normalization(axis=1)),
    "pixels": (COLOUR, lambda L: L.Normalization(axis=[2, 1])),
    "vectors": ((5,), lambda L: L.Normalization(axis=(-1,))),
    "inverse": (COLOUR, lambda L: L.Normalization(invert=True)),
}


def draw(name: str, shape: Shape) -> np.ndarray:
    return random_of(name).standard_normal((IMAGES, *shape)).astype("float32")


def run_layer(keras: ModuleType, name: str) -> dict[str, Any]:
    """A layer by itself and in a model, in training and in inference; RandomCrop does not crop in Keras's inference."""
    shape, make = {**LAYERS, **IN_INFERENCE}[name]
    x, layer = draw(name, shape), make(keras.layers)
    results = describe(layer)
    if type(layer).__name__ != "RandomCrop":
        results["inference"] = np.asarray(keras.Sequential([keras.Input(shape), layer]).predict(x, verbose=0))
    if name in LAYERS:
        results["training"] = np.asarray(make(keras.layers)(x))
    if name in LAYERS and type(layer).__name__ != "Normalization":
        results["one"] = np.asarray(make(keras.layers)(x[0]))
    return results


def run_adapted(keras: ModuleType, name: str) -> dict[str, Any]:
    """Normalization by an array, and by batches of different lengths."""
    shape, make = ADAPTED[name]
    x = 3 * draw(name, shape) + np.arange(shape[-1])
    results = {}
    for way, data in {"array": x, "batches": [x[:2], x[2:]]}.items():
        layer = make(keras.layers)
        layer.adapt(data)
        results[f"{way}, output"] = np.asarray(layer(x))
        results.update({f"{way}, {i}": np.asarray(weight) for i, weight in enumerate(layer.get_weights())})
    return {**results, **describe(layer), "mean": np.asarray(layer.mean), "variance": np.asarray(layer.variance)}


def run_mixing(keras: ModuleType, name: str) -> dict[str, Any]:
    make = {"mix up": lambda L: L.MixUp(0.4, seed=3), "cut mix": lambda L: L.CutMix((0.2, 0.8), seed=1)}[name]
    return describe(make(keras.layers))


def run_transform(keras: ModuleType, name: str) -> dict[str, Any]:
    """`ops.image.affine_transform` with every fill, of one channel and several."""
    interpolation, fill = name.split(", ")
    transforms = [[1, 0, -3.5, 0, 1, 2.25, 0, 0], [0.8, -0.6, 3, 0.6, 0.8, -2, 0, 0], [3, 0, -9, 0, 2.5, -8, 0, 0],
                  [1, 0.25, -40, 0.125, 1, 30, 0, 0], [1, 0.25, 1, 0.125, 1, 0, 0.0625, -0.03125]]
    results = {}
    for shape in ((11, 9, 1), (6, 13, 3), (1, 5, 2), (5, 1, 1)):
        x = random_of(name).standard_normal((len(transforms), *shape)).astype("float32")
        options = {"interpolation": interpolation, "fill_mode": fill, "fill_value": 1.5}
        found = keras.ops.image.affine_transform(x, np.array(transforms, "float32"), **options)
        results[str(shape)] = np.asarray(found)
    integers = np.arange(72, dtype="uint8").reshape(6, 4, 3)
    results["uint8"] = np.asarray(keras.ops.image.affine_transform(integers, np.array(transforms[1], "float32"),
                                                                   interpolation, fill, 3))
    return {**results, "type": results["uint8"].dtype.name}


AUGMENTATION = {
    **{name: partial(run_layer, name=name) for name in (*LAYERS, *IN_INFERENCE)},
    **{f"adapted to {name}": partial(run_adapted, name=name) for name in ADAPTED},
    **{name: partial(run_mixing, name=name) for name in ("mix up", "cut mix")},
    **{f"transform, {how}, {fill}": partial(run_transform, name=f"{how}, {fill}")
       for how in ("nearest", "bilinear") for fill in FILL_MODES},
}
