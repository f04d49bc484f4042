"""How far float32 strays from float64: ``python benchmarks/strays.py``.

The reference network is trained in short runs of Adam from the same weights on the same batches, by PyTorch in float64
and by each of: fashioncnn as it is, without Winograd's algorithm, Keras, and PyTorch in float32. Both the weights and
the order of the images are other ones in each run. Of each run: the largest distance of a weight from the float64 one,
and the distance of the last loss relative to it. Then the gradients of single images: the largest error of each image's
relative to its largest number, and in how many images it is so large that a ReLU or a pool must have decided otherwise.
A small error of an output is enough for that where two numbers are nearly equal, so medians tell more than maxima.

Other builds, such as those with other tiles, are measured beside these: ``--beside "4x4=FOLDER"``, FOLDER being that in
which the package fashioncnn lies.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import environments
import material
import numpy as np
from cases import NETWORKS
from session import Worker

NETWORK = NETWORKS["reference"]
STEPS, BATCH, IMAGES, TOGETHER = 40, 32, 320, 32
OTHERWISE = 1e-4  # of an image's largest gradient: no rounding of a sum is as large
EXACT = "float64"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--keras-python", help="an interpreter that has Keras; else an environment is made")
    parser.add_argument("--torch-python", help="an interpreter that has PyTorch; else an environment is made")
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=FOLDER", help="another build")
    return parser.parse_args()


def start(options: argparse.Namespace, stack: ExitStack) -> dict[str, Worker]:
    """What is compared, by the name of its row."""
    torch = environments.interpreter("torch", options.torch_python)
    keras = environments.interpreter("keras", options.keras_python)
    workers = {
        EXACT: Worker("torch", torch, 1),
        "fashioncnn": Worker("fashioncnn", sys.executable, 1),
        "fashioncnn, exact": Worker("fashioncnn", sys.executable, 1, FASHIONCNN_WINOGRAD="0"),
        "Keras": Worker("keras", keras, 1),
        "PyTorch": Worker("torch", torch, 1),
    }
    for named in options.beside:
        name, folder = named.split("=", 1)
        workers[name] = Worker("fashioncnn", sys.executable, 1, PYTHONPATH=folder)
    return {name: stack.enter_context(worker) for name, worker in workers.items()}


def load(name: str, worker: Worker, folder: Path) -> None:
    settings: dict[str, Any] = {"dtype": "float64"} if name == EXACT else {}
    worker.ask("load", layers=NETWORK.layers, input_shape=NETWORK.input_shape, weights=str(folder / "weights.npz"),
               data=str(folder / "data.npz"), **settings)  # fmt: skip


def train(workers: dict[str, Worker], seed: int, folder: Path) -> dict[str, tuple[float, float]]:
    """How far the weights, and the last loss, are from float64's."""
    material.save_weights(NETWORK, folder / "weights.npz", seed)
    order = np.random.RandomState(seed).permutation(material.IMAGES)[: STEPS * BATCH]
    np.save(folder / "batches.npy", order.reshape(STEPS, BATCH))
    losses, weights = {}, {}
    for name, worker in workers.items():
        load(name, worker, folder)
        found = folder / "found.npy"
        losses[name] = worker.ask("follow", batches=str(folder / "batches.npy"), path=str(found))
        weights[name] = np.load(found)
    return {name: (float(np.abs(weights[name] - weights[EXACT]).max()), abs(losses[name] / losses[EXACT] - 1))
            for name in workers if name != EXACT}  # fmt: skip


def differentiate(workers: dict[str, Worker], folder: Path) -> dict[str, np.ndarray]:
    """The error of each image's gradient."""
    material.save_weights(NETWORK, folder / "weights.npz")
    errors: dict[str, list[np.ndarray]] = {name: [] for name in workers if name != EXACT}
    for name, worker in workers.items():
        load(name, worker, folder)
    for first in range(0, IMAGES, TOGETHER):
        found = {}
        for name, worker in workers.items():
            worker.ask("gradients", first=first, images=TOGETHER, path=str(folder / "found.npy"))
            found[name] = np.load(folder / "found.npy")
        largest = np.abs(found[EXACT]).max(1)
        for name in errors:
            errors[name].append(np.abs(found[name] - found[EXACT]).max(1) / largest)
    return {name: np.concatenate(parts) for name, parts in errors.items()}


def main() -> None:
    options = arguments()
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        workers = start(options, stack)
        material.save_data(NETWORK.input_shape, folder / "data.npz")
        runs = [train(workers, seed, folder) for seed in range(1, options.runs + 1)]
        errors = differentiate(workers, folder)
    print(f"| | weights after {STEPS} steps: median | 3rd quartile | largest | loss: median | largest "
          "| gradient of an image: median | largest | images that are decided otherwise |\n"
          f"|---|{'---:|' * 8}")  # fmt: skip
    for name, error in errors.items():
        weights, losses = zip(*(run[name] for run in runs), strict=True)
        numbers = [statistics.median(weights), np.quantile(weights, 0.75), max(weights), statistics.median(losses),
                   max(losses), np.median(error), error.max()]  # fmt: skip
        print(f"| {name} | {' | '.join(f'{number:.1e}' for number in numbers)} | {(error > OTHERWISE).sum()} |")


if __name__ == "__main__":
    main()
