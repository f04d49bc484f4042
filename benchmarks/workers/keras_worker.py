"""Keras's worker: ``python keras_worker.py THREADS`` (see protocol.py)."""

from __future__ import annotations

import sys
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras_api import KerasWorker
from protocol import serve


class Keras(KerasWorker):
    def load(self, layers: list[list[Any]], input_shape: list[int], weights: str, data: str) -> None:
        super().load(layers, input_shape, weights, data)
        self._compute = tf.function(self._compute_gradients)

    def _compute_gradients(self, x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = self._model.compute_loss(x=x, y=y, y_pred=self._model(x, training=True))
        return tape.gradient(loss, self._model.trainable_weights)

    def _gradients(self, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
        return [gradient.numpy() for gradient in self._compute(tf.constant(x), tf.constant(y))]


if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[1]))
    serve(Keras(keras, f"Keras {keras.__version__} on TensorFlow {tf.__version__}"))
