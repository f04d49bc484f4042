"""Draws the package's sample: of each class 200 training and 50 test images, evenly spaced in the originals."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from fashioncnn.datasets import fashion_mnist

FOLDER = Path(__file__).parent.parent / "fashioncnn" / "datasets" / "sample"
UNSIGNED_BYTES = 8


def pick(labels: np.ndarray, each: int) -> np.ndarray:
    """Positions of `each` evenly spaced examples of every class, in their original order."""
    chosen = []
    for label in range(len(fashion_mnist.class_names)):
        positions = np.flatnonzero(labels == label)
        chosen.append(positions[np.linspace(0, len(positions) - 1, each).astype(int)])
    return np.sort(np.concatenate(chosen))


def write_idx(name: str, array: np.ndarray) -> None:
    header = bytes([0, 0, UNSIGNED_BYTES, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes()
    (FOLDER / f"{name}.gz").write_bytes(gzip.compress(header + array.tobytes(), 9, mtime=0))


def main() -> None:
    names = [file.name for file in fashion_mnist.SOURCE.files]
    for (images, labels), each, start in zip(fashion_mnist.load_data(), (200, 50), (0, 2), strict=True):
        rows = pick(labels, each)
        write_idx(names[start], images[rows])
        write_idx(names[start + 1], labels[rows])


if __name__ == "__main__":
    main()
