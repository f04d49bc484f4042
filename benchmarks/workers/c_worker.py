"""Lets another program make C of a network: `c_worker.py keras2c|emlearn NETWORK WEIGHTS.npz FOLDER`.

Runs in the peer's own environment. For emlearn Keras on JAX is enough.
"""

from __future__ import annotations

import os
import sys

peer, network, weights, folder = sys.argv[1:]
if peer == "emlearn":
    os.environ["KERAS_BACKEND"] = "jax"

import keras  # noqa: E402
import numpy as np  # noqa: E402

layers = keras.layers
convolutions = [layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
                layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D()]
model = keras.Sequential([
    keras.Input((784,) if network == "dense" else (28, 28, 1)),
    *([] if network == "dense" else [*convolutions, layers.Flatten()]),
    layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax")])
with np.load(weights) as arrays:
    model.set_weights([arrays[name] for name in arrays.files])
os.chdir(folder)
if peer == "keras2c":
    from keras2c import k2c

    k2c(model, "net", malloc=False, num_tests=1, verbose=False)
else:
    import emlearn

    emlearn.convert(model, method="loadable").save(name="net", file="net.h")
