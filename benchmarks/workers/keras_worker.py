"""Keras's worker: ``python keras_worker.py THREADS`` (see protocol.py)."""

from __future__ import annotations

import sys

import keras
import tensorflow as tf
from keras_api import KerasWorker
from protocol import serve

if __name__ == "__main__":
    tf.config.threading.set_intra_op_parallelism_threads(int(sys.argv[1]))
    serve(KerasWorker(keras, f"Keras {keras.__version__} on TensorFlow {tf.__version__}"))
