"""The worker for whatever has the face of Keras: Keras itself and fashioncnn run the same lines."""

from __future__ import annotations

import time
from types import ModuleType
from typing import Any

import numpy as np
from protocol import peak_memory


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

    def _layer(self, kind: str, *arguments: Any) -> Any:
        layers = self._keras.layers
        if kind == "conv":
            filters, kernel, padding = arguments
            return layers.Conv2D(filters, kernel, padding=padding, activation="relu")
        if kind == "dense":
            return layers.Dense(arguments[0], activation=arguments[1])
        return {"pool": layers.MaxPooling2D, "flatten": layers.Flatten}[kind]()

    def load(self, layers: list[list[Any]], input_shape: list[int], weights: str, data: str) -> None:
        """A compiled model of `layers` with the weights of one file, and the images and labels of another."""
        stack = [self._layer(*layer) for layer in layers]
        self._model = self._keras.Sequential([self._keras.layers.Input(tuple(input_shape)), *stack])
        with np.load(weights) as arrays:
            self._model.set_weights([arrays[name] for name in arrays.files])
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

    def warm_up(self, batch_size: int) -> str:
        self.train(20 * batch_size, batch_size)
        return ""

    def train(self, images: int, batch_size: int) -> float:
        """Seconds for one epoch over so many images."""
        x, y = self._x[:images], self._y[:images]
        begin = time.perf_counter()
        self._model.fit(x, y, batch_size=batch_size, verbose=0)
        return time.perf_counter() - begin

    def predict(self, images: int, batch_size: int) -> float:
        x = self._x[:images]
        begin = time.perf_counter()
        self._model.predict(x, batch_size=batch_size, verbose=0)
        return time.perf_counter() - begin

    def predict_one(self, images: int, call: str) -> float:
        """Seconds for so many calls with one image each."""
        x = self._x[:images]
        begin = time.perf_counter()
        for i in range(images):
            if call == "model":
                np.asarray(self._model(x[i : i + 1]))
            else:
                self._model.predict(x[i : i + 1], verbose=0)
        return time.perf_counter() - begin
