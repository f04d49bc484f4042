"""PyTorch's worker: ``python torch_worker.py THREADS`` (see protocol.py).

PyTorch gets its best eager form: the fused Adam, batches gathered from one tensor without a DataLoader, and whichever
memory format is the faster for the network at hand.
"""

from __future__ import annotations

import copy
import sys
from typing import Any

import numpy as np
import torch
from protocol import clock, flat, peak_memory, serve
from torch import nn
from torch_networks import build, in_keras_layouts

FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
BETA_2, EPSILON = 0.999, 1e-7  # Keras's defaults
TRIAL_STEPS = 40


class TorchWorker:
    def describe(self) -> str:
        return f"PyTorch {torch.__version__}"

    def peak_memory(self) -> int:
        return peak_memory()

    def load(self, layers: list[list[Any]], input_shape: list[int], weights: str, data: str,
             dtype: str = "float32") -> None:  # fmt: skip
        with np.load(weights) as arrays:
            network = build(layers, input_shape, [arrays[name] for name in arrays.files])
        self._network = network.to(getattr(torch, dtype))
        with np.load(data) as arrays:
            self._images = torch.from_numpy(arrays["x"].astype(dtype)).permute(0, 3, 1, 2)
            self._y = torch.from_numpy(arrays["y"].astype("int64"))
        self._loss = nn.CrossEntropyLoss()
        self._use("channels_last")

    def _use(self, memory_format: str) -> None:
        self._format = FORMATS[memory_format]
        self._x = self._images.contiguous(memory_format=self._format)
        self._model = copy.deepcopy(self._network).to(memory_format=self._format)
        self._optimizer = torch.optim.Adam(self._model.parameters(), eps=EPSILON, fused=True)

    def _step(self, rows: torch.Tensor) -> torch.Tensor:
        self._optimizer.zero_grad()
        loss = self._loss(self._model(self._x[rows]), self._y[rows])
        loss.backward()
        self._optimizer.step()
        return loss.detach()

    def losses(self, steps: int, batch_size: int) -> list[float]:
        return self._losses(torch.arange(steps * batch_size).reshape(steps, batch_size))

    def _losses(self, batches: torch.Tensor) -> list[float]:
        """PyTorch adds epsilon after the bias correction, Keras before: so here epsilon changes from step to step."""
        result = []
        for step, rows in enumerate(batches):
            self._optimizer.param_groups[0]["eps"] = EPSILON / (1 - BETA_2 ** (step + 1)) ** 0.5
            result.append(self._step(rows).item())
        return result

    def follow(self, batches: str, path: str) -> float:
        """Trains on the rows of each batch, saves the weights as Keras has them, and returns the last loss."""
        losses = self._losses(torch.from_numpy(np.load(batches)))
        np.save(path, flat(in_keras_layouts(self._model, lambda parameter: parameter.detach())))
        return losses[-1]

    def gradients(self, first: int, images: int, path: str) -> None:
        """Saves the gradients of single images, in the order of Keras's weights."""
        found = []
        for i in range(first, first + images):
            self._optimizer.zero_grad()
            self._loss(self._model(self._x[i : i + 1]), self._y[i : i + 1]).backward()
            found.append(flat(in_keras_layouts(self._model, lambda parameter: parameter.grad)))
        np.save(path, np.stack(found))

    def warm_up(self, batch_size: int) -> str:
        """Tries both memory formats and stays with the faster, whose name it returns."""
        seconds = {}
        for name in FORMATS:
            self._use(name)
            self.train(10 * batch_size, batch_size)
            seconds[name] = self.train(TRIAL_STEPS * batch_size, batch_size)
        best = min(seconds, key=lambda name: seconds[name])
        self._use(best)
        self.train(10 * batch_size, batch_size)
        return best

    def train(self, images: int, batch_size: int) -> float:
        self._model.train()
        begin = clock()
        images = min(images, len(self._x))
        order = torch.randperm(images)
        total = torch.zeros(())
        for start in range(0, images, batch_size):
            rows = order[start : start + batch_size]
            total += self._step(rows) * len(rows)
        total.item()
        return clock() - begin

    def predict(self, images: int, batch_size: int) -> float:
        x = self._x[:images]
        self._model.eval()
        begin = clock()
        with torch.inference_mode():
            torch.cat([torch.softmax(self._model(part), dim=1) for part in x.split(batch_size)]).numpy()
        return clock() - begin

    def predict_one(self, images: int, call: str) -> float:
        """Both calls are the same here."""
        self._model.eval()
        begin = clock()
        with torch.inference_mode():
            for i in range(images):
                torch.softmax(self._model(self._x[i : i + 1]), dim=1).numpy()
        return clock() - begin


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    serve(TorchWorker())
