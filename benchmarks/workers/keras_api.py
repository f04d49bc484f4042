"""The worker for whatever has the face of Keras: Keras itself and fashioncnn run the same lines."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
from protocol import clock, flat, peak_memory


class Stack:
    """A functional model that grows layer by layer, and the layers of it that are given weights, in order."""

    def __init__(self, keras: ModuleType, shape: tuple[int, ...]) -> None:
        self._layers = keras.layers
        self.weighted: list[Any] = []
        self.inputs = self.x = keras.Input(shape)

    def add(self, name: str, *arguments: Any, **settings: Any) -> None:
        layer = getattr(self._layers, name)(*arguments, **settings)
        self.x = layer(self.x)
        if name in ("Conv2D", "DepthwiseConv2D", "Dense"):
            self.weighted.append(layer)

    def conv(self, filters: int, kernel: int, padding: str) -> None:
        self.add("Conv2D", filters, kernel, padding=padding, activation="relu")

    def normalized(self, filters: int, kernel: int, padding: str, strides: int, activation: str) -> None:
        self.add("Conv2D", filters, kernel, strides=strides, padding=padding, use_bias=False)
        self.finish(activation)

    def depthwise(self, kernel: int, strides: int) -> None:
        self.add("DepthwiseConv2D", kernel, strides=strides, padding="same", use_bias=False)
        self.finish("relu6")

    def finish(self, activation: str) -> None:
        self.add("BatchNormalization")
        if activation != "linear":
            self.add("ReLU", max_value=6 if activation == "relu6" else None)

    def residual(self, filters: int, strides: int) -> None:
        x = self.x
        self.normalized(filters, 3, "same", strides, "relu")
        self.normalized(filters, 3, "same", 1, "linear")
        own, self.x = self.x, x
        if strides > 1:
            self.normalized(filters, 1, "same", strides, "linear")
        self.x = self._layers.Add()([own, self.x])
        self.add("ReLU")

    def dense(self, units: int, activation: str) -> None:
        self.add("Dense", units, activation=activation)

    def dropout(self, rate: float) -> None:
        self.add("Dropout", rate)

    def pool(self) -> None:
        self.add("MaxPooling2D")

    def average(self) -> None:
        self.add("GlobalAveragePooling2D")

    def mirror(self) -> None:
        self.add("RandomFlip", "horizontal")

    def normalize(self) -> None:
        self.add("BatchNormalization")

    def flatten(self) -> None:
        self.add("Flatten")


def build(keras: ModuleType, layers: list[list[Any]], shape: tuple[int, ...], weights: list[np.ndarray]) -> Any:
    """The network that cases.py describes."""
    stack = Stack(keras, shape)
    for kind, *arguments in layers:
        getattr(stack, kind)(*arguments)
    model = keras.Model(stack.inputs, stack.x)
    left = iter(weights)
    for layer in stack.weighted:
        layer.set_weights([next(left) for _ in layer.weights])
    return model


class KerasWorker:
    """Trains and predicts with `keras`, which is Keras or fashioncnn."""

    def __init__(self, keras: ModuleType, description: str) -> None:
        self._keras = keras
        self._description = description
        self._model: Any = None

    def describe(self) -> str:
        return self._description

    def peak_memory(self) -> int:
        return peak_memory()

    def load(self, layers: list[list[Any]], input_shape: list[int], weights: str, data: str) -> None:
        """A compiled model of `layers` with the weights of one file, and the images and labels of another."""
        with np.load(weights) as arrays:
            self._model = build(self._keras, layers, tuple(input_shape), [arrays[name] for name in arrays.files])
        self._model.compile(
            optimizer="adam",
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        with np.load(data) as arrays:
            self._x, self._y = arrays["x"], arrays["y"]

    def losses(self, steps: int, batch_size: int) -> list[float]:
        """The loss of each of the first steps, over the images in order."""
        result = []
        for start in range(0, steps * batch_size, batch_size):
            x, y = self._x[start : start + batch_size], self._y[start : start + batch_size]
            result.append(self._model.fit(x, y, batch_size=batch_size, verbose=0).history["loss"][0])
        return result

    def follow(self, batches: str, path: str) -> float:
        """Trains on the rows of each batch, saves the weights, and returns the last loss."""
        for rows in np.load(batches):
            history = self._model.fit(self._x[rows], self._y[rows], batch_size=len(rows), shuffle=False, verbose=0)
        np.save(path, flat(self._model.get_weights()))
        return history.history["loss"][0]

    def gradients(self, first: int, images: int, path: str) -> None:
        """Saves the gradients of single images, in the order of the weights."""
        each = [self._gradients(self._x[i : i + 1], self._y[i : i + 1]) for i in range(first, first + images)]
        np.save(path, np.stack([flat(arrays) for arrays in each]))

    def _gradients(self, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
        raise NotImplementedError

    def work(self) -> dict[str, int]:
        """For one image: the multiply-adds of a plain forward pass, and the bytes of the outputs of all layers."""
        multiply_adds = output_bytes = 0
        for layer in self._model.layers:
            shape = layer.output.shape
            output_bytes += 4 * math.prod(shape[1:])
            kernels = [weight for weight in layer.weights if len(weight.shape) > 1]
            multiply_adds += math.prod(shape[1:-1]) * sum(math.prod(kernel.shape) for kernel in kernels)
        return {"multiply_adds": multiply_adds, "output_bytes": output_bytes}

    def warm_up(self, batch_size: int) -> str:
        self.train(20 * batch_size, batch_size)
        return ""

    def train(self, images: int, batch_size: int) -> float:
        """Seconds for one epoch over so many images."""
        x, y = self._x[:images], self._y[:images]
        begin = clock()
        self._model.fit(x, y, batch_size=batch_size, verbose=0)
        return clock() - begin

    def predict(self, images: int, batch_size: int) -> float:
        x = self._x[:images]
        begin = clock()
        self._model.predict(x, batch_size=batch_size, verbose=0)
        return clock() - begin

    def predict_one(self, images: int, call: str) -> float:
        """Seconds for so many calls with one image each."""
        x = self._x[:images]
        begin = clock()
        for i in range(images):
            if call == "model":
                np.asarray(self._model(x[i : i + 1]))
            else:
                self._model.predict(x[i : i + 1], verbose=0)
        return clock() - begin
