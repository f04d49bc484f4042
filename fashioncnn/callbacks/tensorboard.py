"""Training in pictures: what TensorBoard shows."""

from __future__ import annotations

import math
import os
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.callbacks.callback import Callback, Logs
from fashioncnn.callbacks.event_file import EventFile, check_installed
from fashioncnn.utils import checks

BATCH_HOOKS = ("on_train_batch_begin", "on_train_batch_end", "on_test_batch_begin")


class TensorBoard(Callback):
    """Writes what ``tensorboard --logdir logs`` shows: metrics, the graph, histograms and pictures of the weights.

    The folders, the tags and the steps are those of Keras's callback: ``log_dir/train`` and ``log_dir/validation``,
    "epoch_loss" by epochs, "batch_loss" by batches counted from 1, "evaluation_loss_vs_iterations" by updates. Needs
    the extra "tensorboard", which brings a writer; TensorBoard itself may be installed elsewhere.

    Args:
        log_dir: The folder. One folder a run keeps runs apart.
        histogram_freq: After how many epochs each the weights' histograms are written; 0: never.
        write_graph: Whether the model's graph is written, when training begins.
        write_images: Whether pictures of the weights are written with their histograms: those of a convolution side by
            side, each weight's numbers from black (the smallest) to white.
        write_steps_per_second: Whether "epoch_steps_per_second" (batches a second) is written.
        update_freq: "epoch"; "batch", or after how many batches each the running metrics are written too.
        profile_batch: 0. `Model.fit` is not profiled.
        embeddings_freq: 0. There are no embeddings.
        embeddings_metadata: None.

    Raises:
        ImportError: If the extra is not installed.
        OSError: While training: if the files cannot be written.
        ValueError: If an argument is none of these.

    Example:
        >>> import tempfile
        >>> from fashioncnn import Input, Sequential, layers
        >>> model = Sequential([Input((4,)), layers.Dense(1)])
        >>> model.compile(loss="mse")
        >>> folder = tempfile.mkdtemp()
        >>> _ = model.fit([[1, 2, 3, 4]], [[1]], verbose=0, callbacks=[TensorBoard(folder, histogram_freq=1)])
        >>> sorted(os.listdir(folder))
        ['train']
    """

    def __init__(self, log_dir: str | os.PathLike[str] = "logs", histogram_freq: int = 0, write_graph: bool = True,
                 write_images: bool = False, write_steps_per_second: bool = False, update_freq: str | int = "epoch",
                 profile_batch: Any = 0, embeddings_freq: int = 0, embeddings_metadata: Any = None) -> None:
        for name, value in (("profile_batch", profile_batch), ("embeddings_freq", embeddings_freq)):
            if value:
                raise checks.unsupported("TensorBoard()", name, value, "0")
        if embeddings_metadata is not None:
            raise checks.unsupported("TensorBoard()", "embeddings_metadata", embeddings_metadata, "None")
        check_installed()
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = checks.integer("histogram_freq", histogram_freq, at_least=0)
        self.write_graph = checks.truth("write_graph", write_graph)
        self.write_images = checks.truth("write_images", write_images)
        self.write_steps_per_second = checks.truth("write_steps_per_second", write_steps_per_second)
        if isinstance(update_freq, str):
            checks.one_of("TensorBoard()", "update_freq", update_freq, ("epoch", "batch"))
        else:
            checks.integer("update_freq", update_freq, at_least=1)
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self._train = EventFile(os.path.join(self.log_dir, "train"))
        self._validation = EventFile(os.path.join(self.log_dir, "validation"))
        self._batches = 0
        self._epoch_began, self._batch_began = 0.0, 0.0
        self._iterations_before = 0

    def _hears(self, hook: str) -> bool:
        return super()._hears(hook) and (hook not in BATCH_HOOKS or self.update_freq != "epoch")

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._batches = 0
        if self.write_graph:
            self._train.graph("keras", self.model.to_json())

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._batches += 1
        self._batch_began = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        assert isinstance(self.update_freq, int), "called for batches only where they are written"
        if self._batches % self.update_freq:
            return
        numbers = dict(logs or {})
        if self.write_steps_per_second:
            numbers["steps_per_second"] = _rate(1, self._batch_began)
        for name, value in numbers.items():
            self._train.scalar(f"batch_{name}", value, self._batches)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if self.model.optimizer is not None:
            for name, value in (logs or {}).items():
                self._validation.scalar(f"evaluation_{name}_vs_iterations", value, int(self.model.optimizer.iterations))
            self._validation.flush()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.write_steps_per_second:
            self._iterations_before = int(self.model.optimizer.iterations)
            self._epoch_began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        numbers = {**(logs or {}), "learning_rate": float(optimizer.learning_rate)}
        if self.write_steps_per_second:
            numbers["steps_per_second"] = _rate(int(optimizer.iterations) - self._iterations_before, self._epoch_began)
        for name, value in numbers.items():
            file = self._validation if name.startswith("val_") else self._train
            file.scalar(f"epoch_{name.removeprefix('val_')}", value, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        self._train.flush()
        self._validation.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._train.close()
        self._validation.close()

    def _write_weights(self, epoch: int) -> None:
        for weight in self.model.weights:
            values = weight.numpy()
            self._train.histogram(f"{weight.path}/histogram", values, epoch)
            if self.write_images and values.size:
                self._train.image(f"{weight.path}/image", _picture(values), epoch)


def _rate(steps: int, began: float) -> float:
    return steps / max(time.perf_counter() - began, 1e-9)


def _picture(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Numbers from black, the smallest that is finite, to white, the largest.

    A vector is one line, a matrix lies down, and of more axes the planes of the first two stand side by side, with a
    line between them.

    Example:
        >>> _picture(np.array([0.0, 0.5, 1.0], np.float32))[..., 0].tolist()
        [[0, 127, 255]]
        >>> _picture(np.zeros((3, 3, 1, 32), np.float32)).shape  # 6 planes in a line, 6 lines
        (23, 23, 1)
    """
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    parts = (np.nan_to_num(values, nan=low).clip(low, high) - low) / (high - low or 1.0)
    gray = (parts * 255).astype(np.uint8)
    if gray.ndim < 3:
        plane = np.atleast_2d(gray)
        return (plane.T if plane.shape[0] > plane.shape[1] else plane)[..., None]
    height, width = gray.shape[:2]
    planes = np.moveaxis(gray.reshape(height, width, -1), -1, 0)
    columns = math.ceil(math.sqrt(len(planes)))
    lines = math.ceil(len(planes) / columns)
    picture = np.zeros((lines, height + 1, columns, width + 1), np.uint8)
    for number, plane in enumerate(planes):
        picture[number // columns, :height, number % columns, :width] = plane
    return picture.reshape(lines * (height + 1), columns * (width + 1))[:-1, :-1, None]
