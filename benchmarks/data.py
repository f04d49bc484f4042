"""Whether data that are not arrays in memory keep all cores busy: ``python benchmarks/data.py [rounds]``.

The reference network is trained on the same images from each kind of data, by turns. For each: the median of the times
of a step; of the ratios of the time on arrays to it in the same round, so that 1 is as fast as arrays; the same of the
process's CPU time, which other processes disturb less; and how much the peak memory, of a process of its own, is above
that of one that trains on two batches. PyTorch's loaders are measured where PyTorch is installed.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import material
import numpy as np
from numpy.typing import NDArray

import fashioncnn as tf
from fashioncnn.data import AUTOTUNE, Dataset
from fashioncnn.preprocessing.image import ImageDataGenerator

BATCH, BATCHES, FILES, SHUFFLED = 32, 250, 2000, 2000
Array = NDArray[Any]


class Batches(tf.utils.PyDataset):
    """Slices of arrays, as numbered batches."""

    def __init__(self, x: Array, y: Array, **options: Any) -> None:
        super().__init__(**options)
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x) // BATCH

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        rows = slice(index * BATCH, (index + 1) * BATCH)
        return self.x[rows], self.y[rows]


def generated(x: Array, y: Array) -> Iterator[tuple[Array, Array]]:
    for start in range(0, len(x), BATCH):
        yield x[start : start + BATCH], y[start : start + BATCH]


def torch_loader(x: Array, y: Array) -> Any:
    from torch import from_numpy
    from torch.utils.data import DataLoader, TensorDataset

    return DataLoader(TensorDataset(from_numpy(x), from_numpy(y)), batch_size=BATCH, shuffle=True)


def scaled(image: Any, label: Any) -> tuple[Any, Any]:
    return tf.cast(image, tf.float32) / 255.0, label


def kinds(folder: Path) -> dict[str, Callable[[], tuple[Any, ...]]]:
    """What `fit` is given as x and y, by kind; made anew for each pass."""
    x: Array = np.load(folder / "x.npy", mmap_mode="r")
    pixels: Array = np.load(folder / "pixels.npy", mmap_mode="r")
    y: Array = np.load(folder / "y.npy")

    def slices(images: Array = x) -> Dataset:
        return Dataset.from_tensor_slices((images, y))

    found: dict[str, Callable[[], tuple[Any, ...]]] = {
        "arrays": lambda: (np.asarray(x) + 0, y),
        "np.memmap": lambda: (x, y),
        "generator": lambda: (generated(x, y),),
        "PyDataset": lambda: (Batches(x, y),),
        "PyDataset, workers=2": lambda: (Batches(x, y, workers=2),),
        "PyDataset, processes": lambda: (Batches(x, y, workers=1, use_multiprocessing=True),),
        "Dataset: shuffle, batch": lambda: (slices().shuffle(SHUFFLED).batch(BATCH),),
        "Dataset: shuffle, batch, prefetch": lambda: (slices().shuffle(SHUFFLED).batch(BATCH).prefetch(AUTOTUNE),),
        "Dataset: batch, map": lambda: (slices(pixels).shuffle(SHUFFLED).batch(BATCH).map(scaled).prefetch(AUTOTUNE),),
        "Dataset: map, batch": lambda: (slices(pixels).map(scaled).shuffle(SHUFFLED).batch(BATCH).prefetch(AUTOTUNE),),
        "Dataset: map, cache, batch": lambda: (cached(slices(pixels)),),
        "ImageDataGenerator, flips": lambda: (ImageDataGenerator(horizontal_flip=True).flow(x, y),),
        "ImageDataGenerator, affine": lambda: (ImageDataGenerator(
            rotation_range=10, zoom_range=0.1, width_shift_range=0.1, height_shift_range=0.1).flow(x, y),),
        "files": lambda: (tf.utils.image_dataset_from_directory(
            folder / "files", image_size=(28, 28), color_mode="grayscale", verbose=False).repeat(),),
    }  # fmt: skip
    try:
        import torch  # noqa: F401
    except ImportError:
        return found
    return {**found, "PyTorch's DataLoader": lambda: (torch_loader(np.array(x), y),)}


def cached(data: Dataset) -> Dataset:
    """A data set whose cache is full."""
    made = data.map(scaled).cache()
    for _ in made:
        pass
    return made.shuffle(SHUFFLED).batch(BATCH).prefetch(AUTOTUNE)


def write_material(folder: Path) -> None:
    """Images in all forms."""
    material.save_data((28, 28, 1), folder / "data.npz")
    with np.load(folder / "data.npz") as data:
        x, y = data["x"][: BATCH * BATCHES], data["y"][: BATCH * BATCHES]
    pixels = np.rint(x * 255).astype(np.uint8)
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    np.save(folder / "pixels.npy", pixels)
    for number in range(FILES):
        path = folder / "files" / str(y[number]) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        tf.utils.save_img(path, pixels[number], scale=False)


def network() -> Any:
    layers = tf.keras.layers
    model = tf.keras.Sequential([
        layers.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax")])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model: Any, data: tuple[Any, ...], steps: int) -> Array:
    """Seconds of a step, and those of all cores."""
    options = {"batch_size": BATCH} if len(data) == 2 else {}
    begun = np.array([time.perf_counter(), time.process_time()])
    model.fit(*data, verbose=0, steps_per_epoch=steps, **options)
    return (np.array([time.perf_counter(), time.process_time()]) - begun) / steps


def peak_memory(folder: Path, kind: str, steps: int) -> float:
    """Bytes, of a fresh process."""
    command = [sys.executable, __file__, "--one", str(folder), kind, str(steps)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        _, _, folder, kind, steps = sys.argv
        train(network(), kinds(Path(folder))[kind](), int(steps))
        status = Path("/proc/self/status").read_text()
        print(1024 * int(re.findall(r"VmHWM:\s*(\d+)", status)[0]))
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_material(folder)
        found, model = kinds(folder), network()
        times: dict[str, list[Array]] = {kind: [] for kind in found}
        train(model, found["arrays"](), 50)
        for _ in range(rounds):
            for kind, make in found.items():
                times[kind].append(train(model, make(), BATCHES))
        print("| | ms a step | beside arrays | CPU time | MB above two batches |\n|---|---:|---:|---:|---:|")
        least = peak_memory(folder, "np.memmap", 2)
        for kind, seconds in times.items():
            ratio, of_cores = np.median([a / b for a, b in zip(times["arrays"], seconds, strict=True)], axis=0)
            more = peak_memory(folder, kind, BATCHES) - least
            step = np.median(seconds, axis=0)[0] * 1e3
            print(f"| {kind} | {step:.2f} | {ratio:.2f} | {of_cores:.2f} | {more / 1e6:.0f} |", flush=True)


if __name__ == "__main__":
    main()
