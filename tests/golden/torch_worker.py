"""Loads state dicts that fashioncnn made into PyTorch's modules, and writes what PyTorch makes of them.

    python tests/golden/torch_worker.py FOLDER         where PyTorch is installed

For each NAME.json, the configuration of a chain of layers, NAME.torch.npz has inputs "x", predictions "y" and the state
dict as "state/...". Prints, as JSON, the largest difference of predictions by name. Then all weights are changed, and
NAME.back.npz has the same of the changed network.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

Config = dict[str, Any]


class Bounded(nn.Module):
    """A rectifier with a slope below 0 and an upper bound."""

    def __init__(self, slope: float, bound: float) -> None:
        super().__init__()
        self.slope, self.bound = slope, bound

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.leaky_relu(x, self.slope).clamp(max=self.bound)


def pads_of_same(x: torch.Tensor, config: Config, size: str = "kernel_size") -> list[tuple[int, int]]:
    """What padding "same" puts before and behind each axis, as Keras does."""
    pads = []
    for length, kernel, stride in zip(x.shape[2:], config[size], config["strides"], strict=True):
        total = max((math.ceil(length / stride) - 1) * stride + kernel - length, 0)
        pads.append((total // 2, total - total // 2))
    return pads


def padding(pads: list[tuple[int, int]]) -> nn.Module:
    """A module that puts zeros around the axes; below 0, it takes numbers away."""
    return (nn.ZeroPad1d, nn.ZeroPad2d)[len(pads) - 1](tuple(chain.from_iterable(reversed(pads))))


def convolution(x: torch.Tensor, config: Config, filters: int, groups: int, bias: bool) -> list[nn.Module]:
    make = (nn.Conv1d, nn.Conv2d)[x.ndim - 3]
    strided = config["padding"] == "same" and max(config["strides"]) > 1
    before = [padding(pads_of_same(x, config))] if strided else []
    return [*before, make(x.shape[1], filters, config["kernel_size"], config["strides"],
                          0 if strided else config["padding"], config["dilation_rate"], groups, bias)]


def plain(x: torch.Tensor, config: Config) -> list[nn.Module]:
    return convolution(x, config, config["filters"], config["groups"], config["use_bias"])


def depthwise(x: torch.Tensor, config: Config) -> list[nn.Module]:
    return convolution(x, config, config["depth_multiplier"] * x.shape[1], x.shape[1], config["use_bias"])


def separable(x: torch.Tensor, config: Config) -> list[nn.Module]:
    wide = config["depth_multiplier"] * x.shape[1]
    make = (nn.Conv1d, nn.Conv2d)[x.ndim - 3]
    return [*convolution(x, config, wide, x.shape[1], False),
            make(wide, config["filters"], 1, bias=config["use_bias"])]


def transposed(x: torch.Tensor, config: Config) -> list[nn.Module]:
    """With padding "same" Keras takes away more at the end than in the beginning; PyTorch's own argument cannot."""
    make = (nn.ConvTranspose1d, nn.ConvTranspose2d)[x.ndim - 3]
    cuts = [kernel - stride for kernel, stride in zip(config["kernel_size"], config["strides"], strict=True)]
    cuts = cuts if config["padding"] == "same" else [0] * len(cuts)
    assert min(cuts) >= 0, config
    even = all(cut % 2 == 0 for cut in cuts)
    module = make(x.shape[1], config["filters"], config["kernel_size"], config["strides"],
                  [cut // 2 for cut in cuts] if even else 0, bias=config["use_bias"])
    return [module] if even else [module, padding([(-(cut // 2), cut // 2 - cut) for cut in cuts])]


def dense(x: torch.Tensor, config: Config) -> list[nn.Module]:
    """Channels come first, so one that acts on the channels of an image is a convolution."""
    sizes = x.shape[1], config["units"]
    return [nn.Linear(*sizes, config["use_bias"]) if x.ndim == 2 else
            (nn.Conv1d, nn.Conv2d)[x.ndim - 3](*sizes, 1, bias=config["use_bias"])]


def average(x: torch.Tensor, config: Config) -> list[nn.Module]:
    pads = pads_of_same(x, config, "pool_size") if config["padding"] == "same" else [(0, 0)]
    assert all(before == behind for before, behind in pads), "PyTorch's pools pad both sides alike"
    return [nn.AvgPool2d(config["pool_size"], config["strides"], [before for before, _ in pads],
                         count_include_pad=False)]


def largest(x: torch.Tensor, config: Config) -> list[nn.Module]:
    assert config["padding"] == "valid", config
    return [(nn.MaxPool1d, nn.MaxPool2d)[x.ndim - 3](config["pool_size"], config["strides"])]


FUNCTIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU, "gelu": nn.GELU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "silu": nn.SiLU,
    "softmax": lambda: nn.Softmax(1)}
LAYERS: dict[str, Callable[[torch.Tensor, Config], list[nn.Module]]] = {
    "Activation": lambda x, config: [],
    "ActivityRegularization": lambda x, config: [nn.Identity()],
    "AveragePooling2D": average,
    "BatchNormalization": lambda x, config: [
        (nn.BatchNorm2d if x.ndim == 4 else nn.BatchNorm1d)(x.shape[1], config["epsilon"])],
    "Conv1D": plain,
    "Conv1DTranspose": transposed,
    "Conv2D": plain,
    "Conv2DTranspose": transposed,
    "Cropping2D": lambda x, config: [padding([(-before, -behind) for before, behind in config["cropping"]])],
    "Dense": dense,
    "DepthwiseConv2D": depthwise,
    "ELU": lambda x, config: [nn.ELU(config["alpha"])],
    "Flatten": lambda x, config: [nn.Flatten()],
    "LeakyReLU": lambda x, config: [nn.LeakyReLU(config["negative_slope"])],
    "MaxPooling1D": largest,
    "MaxPooling2D": largest,
    "PReLU": lambda x, config: [nn.PReLU(x.shape[1])],
    "ReLU": lambda x, config: [Bounded(config["negative_slope"], config["max_value"])],
    "SeparableConv1D": separable,
    "SeparableConv2D": separable,
    "UpSampling2D": lambda x, config: [nn.Upsample(scale_factor=tuple(config["size"]))],
    "ZeroPadding2D": lambda x, config: [padding([tuple(pads) for pads in config["padding"]])],
}


def sequential(config: Config, x: torch.Tensor) -> nn.Sequential:
    """The nn.Sequential of a chain of layers. `x` goes through it, since modules are told how many channels come."""
    made = nn.Sequential()
    for layer in config["layers"]:
        kind, inner = layer["class_name"], layer["config"]
        if kind == "InputLayer":
            continue
        modules = [sequential(inner, x)] if "layers" in inner else LAYERS[kind](x, inner)
        activation = inner.get("activation", "linear")
        modules += [] if activation == "linear" else [FUNCTIONS[activation]()]
        for module in modules:
            made.append(module)
            x = module.eval()(x)
    return made.eval()


def channels(array: np.ndarray, source: int, target: int) -> np.ndarray:
    return np.ascontiguousarray(np.moveaxis(array, source, target)) if array.ndim > 2 else array


def check(path: Path) -> float:
    """How far predictions are off; writes those of the changed network."""
    with np.load(path.with_suffix(".torch.npz")) as file:
        arrays = dict(file)
    x = torch.from_numpy(channels(arrays["x"], -1, 1))
    network = sequential(json.loads(path.read_text()), x)
    network.load_state_dict({name.removeprefix("state/"): torch.from_numpy(array)
                             for name, array in arrays.items() if name.startswith("state/")})
    found = float(np.abs(channels(network(x).numpy(), 1, -1) - arrays["y"]).max())
    for values in network.state_dict().values():
        if values.is_floating_point():
            values.mul_(1.1)
    state = {f"state/{name}": values.numpy() for name, values in network.state_dict().items()}
    np.savez(path.with_suffix(".back.npz"), y=channels(network(x).numpy(), 1, -1), **state)
    return found


if __name__ == "__main__":
    with torch.no_grad():
        print(json.dumps({path.stem: check(path) for path in sorted(Path(sys.argv[1]).glob("*.json"))}))
