"""Makes files with PyTorch: small networks as ONNX and as state dicts, with inputs and what PyTorch makes of them.

    python tests/golden/make_torch_golden.py     where PyTorch, onnx and onnxscript are installed

Each network has a file torch/<name>.npz: "x" (images with their channels first), "y", and its state dict as
"state/..."; and torch/<name>.onnx. PyTorch has two exporters, and each network says which of them writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

FOLDER = Path(__file__).parent / "torch"
BATCH = 3


def lenet() -> nn.Module:
    """Convolutions, and dense layers behind a Flatten."""
    return nn.Sequential(nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 8, 5), nn.Tanh(),
                         nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8 * 5 * 5, 24), nn.ReLU(), nn.Dropout(0.5),
                         nn.Linear(24, 10), nn.Softmax(dim=1))


def vgg() -> nn.Module:
    """Batch normalization, which exporters may fold into the convolutions."""
    layers: list[nn.Module] = []
    for channels, filters in ((3, 8), (8, 8), (8, 16)):
        layers += [nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.MaxPool2d(2, 2), nn.Flatten(), nn.Linear(16 * 6 * 5, 10))


def separable() -> nn.Module:
    """A depthwise convolution with a multiplier, groups, a transposed convolution, PReLU."""
    return nn.Sequential(nn.Conv2d(4, 8, 3, groups=4), nn.BatchNorm2d(8), nn.PReLU(8), nn.Conv2d(8, 6, 3, groups=2),
                         nn.LeakyReLU(0.1), nn.ConvTranspose2d(6, 5, 2, stride=2), nn.Hardswish(),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(5), nn.Linear(5, 3))


def sequences() -> nn.Module:
    """One-dimensional layers."""
    return nn.Sequential(nn.Conv1d(4, 8, 3, padding=1, bias=False), nn.BatchNorm1d(8), nn.GELU(), nn.MaxPool1d(2),
                         nn.Conv1d(8, 6, 3), nn.SiLU(), nn.Flatten(), nn.Linear(6 * 6, 4))


class Residual(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(filters) for _ in range(2))
        self.second = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(channels, filters, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norms[1](self.second(torch.relu(self.norms[0](self.first(x)))))
        return torch.relu(y + self.shortcut(x))


class ResNet(nn.Module):
    """Residual blocks, and a mean written by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
                                  nn.MaxPool2d(3, 2, 1))
        self.blocks = nn.Sequential(Residual(8, 8, 1), Residual(8, 16, 2))
        self.head = nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


class Inverted(nn.Module):
    """MobileNetV2's block: wide inside, with a depthwise convolution."""

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.adds = stride == 1 and channels == filters
        wide = 4 * channels
        self.path = nn.Sequential(nn.Conv2d(channels, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU6(),
                                  nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False), nn.BatchNorm2d(wide),
                                  nn.ReLU6(), nn.Conv2d(wide, filters, 1, bias=False), nn.BatchNorm2d(filters))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.path(x) if self.adds else self.path(x)


class MobileNet(nn.Module):
    """Inverted residuals, squeeze and excitation, and a flattening that asks for the size of the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU6())
        self.blocks = nn.Sequential(Inverted(8, 8, 1), Inverted(8, 12, 2))
        self.squeeze = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(12, 4, 1), nn.ReLU(), nn.Conv2d(4, 12, 1),
                                     nn.Hardsigmoid())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(12, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.blocks(self.stem(x))
        x = self.pool(x * self.squeeze(x))
        return self.head(x.view(x.size(0), -1))


class UNet(nn.Module):
    """Images from images: transposed convolutions, an upsampling, and joined channels."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList([nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 12, 3, padding=1)])
        self.up = nn.ConvTranspose2d(12, 6, 2, stride=2)
        self.norm = nn.GroupNorm(2, 12)
        self.larger = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        self.joined = nn.Conv2d(12, 6, 3, padding=1)
        self.last = nn.Conv2d(6, 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        fine = torch.relu(self.down[0](x))
        coarse = torch.nn.functional.elu(self.norm(self.down[1](nn.functional.max_pool2d(fine, 2))))
        x = torch.cat([fine, self.up(coarse)], 1)
        return torch.sigmoid(self.last(self.larger(torch.relu(self.joined(x)))))


# The network, the shape of an image, whether the newer exporter writes it, and whether state dicts of it are tested.
NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], bool, bool]] = {
    "lenet": (lenet, (1, 28, 28), False, True),
    "vgg": (vgg, (3, 12, 10), True, True),
    "separable": (separable, (4, 9, 8), True, True),
    "sequences": (sequences, (4, 16), False, True),
    "resnet": (ResNet, (3, 32, 24), True, False),
    "mobilenet": (MobileNet, (3, 24, 24), False, False),
    "unet": (UNet, (3, 8, 12), True, False),
}


def randomize(network: nn.Module) -> None:
    """Gives the statistics of batch normalizations, and its weights, other values than 0 and 1."""
    for name, values in network.state_dict().items():
        if values.is_floating_point() and ("running" in name or values.ndim == 1):
            noise = torch.randn_like(values) * 0.2
            values += noise.abs() if "var" in name else noise


def strip(path: Path) -> None:
    """Takes out of a file what is said about the Python code that it comes from, and where that is."""
    file = onnx.load(path)
    graph = file.graph
    for each in (file, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        each.ClearField("metadata_props")
        each.ClearField("doc_string")
    onnx.save(file, path)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for seed, (name, (make, shape, newer, has_state)) in enumerate(NETWORKS.items()):
        torch.manual_seed(seed)
        network = make().eval()
        randomize(network)
        x = torch.randn(BATCH, *shape)
        with torch.no_grad():
            y = network(x)
        dynamic = {"dynamic_shapes": ({0: "batch"},)} if newer else {"dynamic_axes": {"x": {0: "batch"}}}
        torch.onnx.export(network, (x,), FOLDER / f"{name}.onnx", dynamo=newer, input_names=["x"],
                          external_data=False, verbose=False, **dynamic)
        strip(FOLDER / f"{name}.onnx")
        state = {f"state/{key}": value.numpy() for key, value in network.state_dict().items()} if has_state else {}
        np.savez_compressed(FOLDER / f"{name}.npz", x=x.numpy(), y=y.numpy(), **state)
    print(f"PyTorch {torch.__version__}", file=sys.stderr)


if __name__ == "__main__":
    main()
