"""Trains a network under the policy mixed_bfloat16 and prints the SHA-256 of its weights and predictions as JSON, by
what was trained. Takes the number of threads.

Run by test_mixed_precision.py in processes of its own, because FASHIONCNN_BFLOAT16 is read once.
"""

from __future__ import annotations

import hashlib
import json
import sys
from typing import Any

import numpy as np

import fashioncnn as keras
from fashioncnn import layers


def hash_of(*arrays: Any) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()


def network() -> Any:
    """Layers that are large and small, whose rows are images and not, and a convolution."""
    return keras.Sequential([
        keras.Input((288,)), layers.Dense(256, activation="relu"), layers.Dropout(0.2), layers.Dense(200),
        layers.Reshape((5, 5, 8)), layers.Conv2D(24, 3, padding="same", activation="relu"),
        layers.Conv2D(20, 3), layers.Dense(9), layers.Flatten(), layers.Dense(10, activation="softmax"),
    ])


def train(batch_size: int) -> tuple[Any, Any]:
    random = np.random.default_rng(5)
    x, y = random.standard_normal((310, 288), dtype=np.float32), random.integers(0, 10, 310)
    keras.utils.set_random_seed(3)
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=batch_size, epochs=1, verbose=0)
    return model, x


def main() -> None:
    keras.set_num_threads(int(sys.argv[1]))
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    found = {}
    for batch_size in (20, 33, 100, 310):
        model, x = train(batch_size)
        found[f"batches of {batch_size}"] = hash_of(*model.get_weights())
    found["predictions"] = hash_of(model.predict(x, verbose=0))
    found["predictions by sevens"] = hash_of(*(model.predict(x[i: i + 7], verbose=0) for i in range(0, 310, 7)))
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
