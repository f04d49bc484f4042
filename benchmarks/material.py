"""What all frameworks are given: images and initial weights, as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from cases import Network
from session import Worker

IMAGES, LARGER_IMAGES = 60_000, 8_000


def load(worker: Worker, network: Network, folder: Path) -> None:
    """Gives the worker a fresh network with the initial weights, and images for it."""
    weights, data = folder / f"{hash(network)}.npz", folder / f"data{network.input_shape}.npz"
    if not weights.exists():
        save_weights(network, weights)
    if not data.exists():
        save_data(network.input_shape, data)
    worker.ask("load", layers=network.layers, input_shape=network.input_shape, weights=str(weights), data=str(data))


def save_data(shape: tuple[int, int, int], path: Path) -> None:
    """Fashion-MNIST, or the package's sample of it, repeated to 60,000 images.

    For other than 28x28x1 numbers fewer images, in a border of zeros or the middle of them, of which each channel has a
    copy.
    """
    from fashioncnn.datasets import fashion_mnist

    try:
        (x, y), _ = fashion_mnist.load_data()
    except OSError:
        (x, y), _ = fashion_mnist.load_sample()
        print("Fashion-MNIST was not found: the sample is repeated instead.")
    border = [max((shape[axis] - 28 + 1) // 2, 0) for axis in range(2)]
    top, left = (max((28 - shape[axis]) // 2, 0) for axis in range(2))
    rows = np.arange(IMAGES if shape == (28, 28, 1) else LARGER_IMAGES) % len(x)
    images = np.pad((x[rows] / 255).astype("float32"), [(0, 0), *((b, b) for b in border)])
    images = images[:, top : top + shape[0], left : left + shape[1], None]
    np.savez(path, x=np.repeat(images, shape[2], axis=3), y=y[rows].astype("int64"))


def save_weights(network: Network, path: Path, seed: int = 1) -> None:
    """Glorot-uniform kernels and zero biases, in Keras's layouts, layer by layer; batch normalizations need none."""
    random = np.random.RandomState(seed)
    height, width, units = network.input_shape
    arrays: list[np.ndarray] = []
    for kind, *arguments in network.layers:
        strides = 1
        if kind in ("conv", "normalized"):
            filters, size, padding = int(arguments[0]), int(arguments[1]), arguments[2]
            arrays.append(glorot(random, (size, size, units, filters)))
            if kind == "conv":
                arrays.append(np.zeros(filters, "float32"))
            strides, units = 1 if kind == "conv" else int(arguments[3]), filters
            if padding == "valid":
                height, width = height - size + 1, width - size + 1
        elif kind == "residual":
            filters, strides = int(arguments[0]), int(arguments[1])
            arrays += [glorot(random, (3, 3, units, filters)), glorot(random, (3, 3, filters, filters))]
            if strides > 1:
                arrays.append(glorot(random, (1, 1, units, filters)))
            units = filters
        elif kind == "depthwise":
            size, strides = int(arguments[0]), int(arguments[1])
            arrays.append(glorot(random, (size, size, units, 1)))
        elif kind == "pool":
            height, width = height // 2, width // 2
        elif kind == "flatten":
            units *= height * width
        elif kind == "dense":
            arrays += [glorot(random, (units, int(arguments[0]))), np.zeros(int(arguments[0]), "float32")]
            units = int(arguments[0])
        height, width = -(-height // strides), -(-width // strides)
    np.savez(path, **{f"{i:02d}": array for i, array in enumerate(arrays)})


def glorot(random: np.random.RandomState, shape: tuple[int, ...]) -> np.ndarray:
    field = int(np.prod(shape[:-2]))
    limit = np.sqrt(6 / (field * (shape[-2] + shape[-1])))
    return random.uniform(-limit, limit, shape).astype("float32")
