"""What is measured: the networks and the table of cases. A new measurement is a new row."""

from __future__ import annotations

from dataclasses import dataclass

Layer = tuple[str | int, ...]


@dataclass(frozen=True)
class Network:
    """Layers: ("conv", filters, kernel size, padding), always with ReLU; ("pool",) of 2x2; ("flatten",);
    ("dense", units, activation)."""

    layers: tuple[Layer, ...]
    input_shape: tuple[int, int, int] = (28, 28, 1)


def two_convolutions(first: int, second: int, kernel: int, padding: str) -> Network:
    return Network(
        (
            ("conv", first, kernel, padding),
            ("pool",),
            ("conv", second, kernel, padding),
            ("pool",),
            ("flatten",),
            ("dense", 128, "relu"),
            ("dense", 10, "softmax"),
        )
    )


NETWORKS = {
    "reference": two_convolutions(32, 64, 3, "valid"),
    "8-16 filters 3x3": two_convolutions(8, 16, 3, "valid"),
    "16-32 filters 3x3": two_convolutions(16, 32, 3, "valid"),
    "16-48 filters 5x5, same": two_convolutions(16, 48, 5, "same"),
    "64-128 filters 3x3": two_convolutions(64, 128, 3, "valid"),
    "20-50 filters 5x5": two_convolutions(20, 50, 5, "valid"),
}


@dataclass(frozen=True)
class Case:
    """One measurement. `kind` names a method of the workers: train, predict (many images) or predict_one."""

    title: str
    kind: str
    batch_size: int
    images: int
    quick_images: int
    network: str = "reference"
    call: str = "predict"


CASES = (
    Case("train, batch 32", "train", 32, 60_000, 9_600),
    Case("train, batch 8", "train", 8, 20_000, 2_400),
    Case("train, batch 128", "train", 128, 60_000, 12_800),
    Case("train, batch 512", "train", 512, 60_000, 15_360),
    Case("train 16-48 filters 5x5 same", "train", 32, 20_000, 3_200, "16-48 filters 5x5, same"),
    Case("train 64-128 filters 3x3", "train", 32, 20_000, 3_200, "64-128 filters 3x3"),
    Case("train 20-50 filters 5x5", "train", 32, 20_000, 3_200, "20-50 filters 5x5"),
    Case("train 16-32 filters 3x3", "train", 32, 20_000, 3_200, "16-32 filters 3x3"),
    Case("train 8-16 filters 3x3", "train", 32, 20_000, 3_200, "8-16 filters 3x3"),
    Case("train, batch 32, 2,000 images", "train", 32, 2_000, 2_000),
    Case("predict 10,000 images, batch 32", "predict", 32, 10_000, 10_000),
    Case("predict 10,000 images, batch 512", "predict", 512, 10_000, 10_000),
    Case("one image, model(x)", "predict_one", 1, 300, 50, call="model"),
    Case("one image, predict", "predict_one", 1, 100, 20, call="predict"),
)
