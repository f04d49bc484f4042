"""The networks of cases.py as modules of PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

EPSILON, MOMENTUM = 1e-3, 0.01  # of batch normalizations: Keras's defaults


def build(layers: list[list[Any]], input_shape: list[int], weights: list[np.ndarray]) -> nn.Sequential:
    """The network, ending in logits. Weights come in Keras's layouts: the first dense kernel's rows are permuted."""
    stack = Stack(input_shape, iter(weights))
    for kind, *arguments in layers:
        getattr(stack, kind)(*arguments)
    return nn.Sequential(*stack.modules)


def assign(module: nn.Module, weight: np.ndarray, bias: np.ndarray | None) -> None:
    with torch.no_grad():
        module.weight.copy_(torch.from_numpy(weight.copy()))  # type: ignore[operator]
        if bias is not None:
            module.bias.copy_(torch.from_numpy(bias))  # type: ignore[operator]


def in_keras_layouts(network: nn.Sequential, number: Callable[[nn.Parameter], torch.Tensor]) -> list[np.ndarray]:
    """What belongs to each weight, itself or its gradient, of convolutions and dense layers on square images."""
    found: list[np.ndarray] = []
    channels = 0
    for module in network:
        if isinstance(module, nn.Conv2d):
            channels = module.out_channels
            found.append(number(module.weight).numpy().transpose(2, 3, 1, 0))
        elif isinstance(module, nn.Linear):
            side = math.isqrt(module.in_features // channels) if channels else 0
            kernel = number(module.weight).numpy().T
            if channels:  # the first
                kernel = kernel.reshape(channels, side, side, -1).transpose(1, 2, 0, 3)
            channels = 0
            found.append(kernel)
        else:
            continue
        found.append(number(module.bias).numpy())
    return found


class Residual(nn.Module):
    """relu(own(x) + shortcut(x))"""

    def __init__(self, own: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.own, self.shortcut = own, shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu_(self.own(x) + self.shortcut(x))


class Mirror(nn.Module):
    """Turns half of the images around, in training."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        turned = torch.rand(len(x), 1, 1, 1) < 0.5
        return torch.where(turned, x.flip(3), x) if self.training else x


class Stack:
    """Modules so far, and the shape of what comes out of them."""

    def __init__(self, input_shape: list[int], weights: Iterator[np.ndarray]) -> None:
        self.height, self.width, self.channels = input_shape
        self.weights = weights
        self.modules: list[nn.Module] = []
        self.flattened = False
        self.units = 0

    def _convolve(self, filters: int, kernel: int, padding: str, strides: int, bias: bool, groups: int = 1) -> None:
        before, after = self._borders(kernel, strides) if padding == "same" else (0, 0)
        if before != after:  # as Keras pads; PyTorch pads both sides alike
            self.modules.append(nn.ZeroPad2d((before, after, before, after)))
        module = nn.Conv2d(self.channels, filters, kernel, strides, before if before == after else 0, bias=bias,
                           groups=groups)  # fmt: skip
        weight = next(self.weights)
        order = (2, 3, 0, 1) if groups > 1 else (3, 2, 0, 1)
        assign(module, weight.transpose(order), next(self.weights) if bias else None)
        self.modules.append(module)
        self.channels = filters
        for axis in ("height", "width"):
            extent = getattr(self, axis)
            setattr(self, axis, (extent + before + after - kernel) // strides + 1)

    def _borders(self, kernel: int, strides: int) -> tuple[int, int]:
        """Of height and width, which are equal here."""
        outputs = -(-self.height // strides)
        total = max((outputs - 1) * strides + kernel - self.height, 0)
        return total // 2, total - total // 2

    def _finish(self, activation: str) -> None:
        self.modules.append(nn.BatchNorm2d(self.channels, EPSILON, MOMENTUM))
        if activation != "linear":
            self.modules.append(nn.ReLU6(inplace=True) if activation == "relu6" else nn.ReLU(inplace=True))

    def conv(self, filters: int, kernel: int, padding: str) -> None:
        self._convolve(filters, kernel, padding, 1, True)
        self.modules.append(nn.ReLU())

    def normalized(self, filters: int, kernel: int, padding: str, strides: int, activation: str) -> None:
        self._convolve(filters, kernel, padding, strides, False)
        self._finish(activation)

    def depthwise(self, kernel: int, strides: int) -> None:
        self._convolve(self.channels, kernel, "same", strides, False, self.channels)
        self._finish("relu6")

    def residual(self, filters: int, strides: int) -> None:
        modules, shape = self.modules, (self.height, self.width, self.channels)
        self.modules = own = []
        self.normalized(filters, 3, "same", strides, "relu")
        self.normalized(filters, 3, "same", 1, "linear")
        self.modules = shortcut = []
        if strides > 1:
            self.height, self.width, self.channels = shape
            self.normalized(filters, 1, "same", strides, "linear")
        self.modules = [*modules, Residual(nn.Sequential(*own), nn.Sequential(*shortcut))]

    def pool(self) -> None:
        self.modules.append(nn.MaxPool2d(2))
        self.height, self.width = self.height // 2, self.width // 2

    def average(self) -> None:
        self.modules += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        self.units = self.channels

    def flatten(self) -> None:
        self.modules.append(nn.Flatten())
        self.flattened, self.units = True, self.height * self.width * self.channels

    def mirror(self) -> None:
        self.modules.append(Mirror())

    def normalize(self) -> None:
        self.modules.append(nn.BatchNorm2d(self.channels, EPSILON, MOMENTUM))

    def dropout(self, rate: float) -> None:
        self.modules.append(nn.Dropout(rate))

    def dense(self, units: int, activation: str) -> None:
        kernel, bias = next(self.weights), next(self.weights)
        if self.flattened:
            shape = (self.height, self.width, self.channels, -1)
            kernel = kernel.reshape(shape).transpose(2, 0, 1, 3).reshape(self.units, -1)
            self.flattened = False
        module = nn.Linear(self.units, units)
        assign(module, kernel.T, bias)
        self.modules += [module, nn.ReLU()] if activation == "relu" else [module]
        self.units = units
