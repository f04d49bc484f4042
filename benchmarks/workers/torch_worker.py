"""PyTorch's worker: ``python torch_worker.py THREADS`` (see protocol.py).

PyTorch gets its best eager form: the fused Adam, batches gathered from one tensor without a DataLoader, and whichever
memory format is the faster for the network at hand.
"""

from __future__ import annotations

import copy
import sys
import time
from typing import Any

import numpy as np
import torch
from protocol import peak_memory, serve
from torch import nn

FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
BETA_2, EPSILON = 0.999, 1e-7  # Keras's defaults
TRIAL_STEPS = 40


def build(layers: list[list[Any]], input_shape: list[int], weights: list[np.ndarray]) -> nn.Sequential:
    """The network, ending in logits. Weights come in Keras's layouts: the first dense kernel's rows are permuted."""
    height, width, channels = input_shape
    left = iter(weights)
    modules: list[nn.Module] = []
    flattened: tuple[int, int, int] | None = None
    units = 0
    for kind, *arguments in layers:
        if kind == "conv":
            filters, size, padding = arguments
            module: nn.Module = nn.Conv2d(channels, filters, size, padding=padding)
            assign(module, next(left).transpose(3, 2, 0, 1), next(left))
            modules += [module, nn.ReLU()]
            channels = filters
            if padding == "valid":
                height, width = height - size + 1, width - size + 1
        elif kind == "pool":
            modules.append(nn.MaxPool2d(2))
            height, width = height // 2, width // 2
        elif kind == "flatten":
            modules.append(nn.Flatten())
            flattened, units = (height, width, channels), height * width * channels
        else:
            kernel, bias = next(left), next(left)
            if flattened:
                kernel = kernel.reshape(*flattened, -1).transpose(2, 0, 1, 3).reshape(units, -1)
                flattened = None
            module = nn.Linear(units, arguments[0])
            assign(module, kernel.T, bias)
            modules += [module, nn.ReLU()] if arguments[1] == "relu" else [module]
            units = arguments[0]
    return nn.Sequential(*modules)


def assign(module: nn.Module, weight: np.ndarray, bias: np.ndarray) -> None:
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(weight.copy()))  # type: ignore[operator]
        module.bias.copy_(torch.from_numpy(bias))  # type: ignore[operator]


class TorchWorker:
    def describe(self) -> str:
        return f"PyTorch {torch.__version__}"

    def peak_memory(self) -> int:
        return peak_memory()

    def load(self, layers: list[list[Any]], input_shape: list[int], weights: str, data: str) -> None:
        with np.load(weights) as arrays:
            self._network = build(layers, input_shape, [arrays[name] for name in arrays.files])
        with np.load(data) as arrays:
            self._images = torch.from_numpy(arrays["x"]).permute(0, 3, 1, 2)
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
        """PyTorch adds epsilon after the bias correction, Keras before: so here epsilon changes from step to step."""
        result = []
        for step in range(steps):
            self._optimizer.param_groups[0]["eps"] = EPSILON / (1 - BETA_2 ** (step + 1)) ** 0.5
            result.append(self._step(torch.arange(step * batch_size, (step + 1) * batch_size)).item())
        return result

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
        begin = time.perf_counter()
        images = min(images, len(self._x))
        order = torch.randperm(images)
        total = torch.zeros(())
        for start in range(0, images, batch_size):
            rows = order[start : start + batch_size]
            total += self._step(rows) * len(rows)
        total.item()
        return time.perf_counter() - begin

    def predict(self, images: int, batch_size: int) -> float:
        x = self._x[:images]
        begin = time.perf_counter()
        with torch.inference_mode():
            torch.cat([torch.softmax(self._model(part), dim=1) for part in x.split(batch_size)]).numpy()
        return time.perf_counter() - begin

    def predict_one(self, images: int, call: str) -> float:
        """Both calls are the same here."""
        begin = time.perf_counter()
        with torch.inference_mode():
            for i in range(images):
                torch.softmax(self._model(self._x[i : i + 1]), dim=1).numpy()
        return time.perf_counter() - begin


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]))
    serve(TorchWorker())
