"""What is measured: the networks and the table of cases. A new measurement is a new row."""

from __future__ import annotations

from dataclasses import dataclass

Layer = tuple[str | int, ...]


@dataclass(frozen=True)
class Network:
    """Layers, one after the other:

    - ("conv", filters, kernel size, padding), with ReLU; ("dense", units, activation); ("pool",) of 2x2; ("flatten",);
    - ("normalized", filters, kernel size, padding, strides, activation): a convolution without bias, a batch
      normalization, and "relu" or "relu6";
    - ("depthwise", kernel size, strides): the same with a depthwise convolution, 'same' and "relu6";
    - ("residual", filters, strides): two 3x3 convolutions with batch normalization; to the second's output the input is
      added, where the strides are not 1 through a 1x1 convolution with batch normalization; then ReLU;
    - ("average",): the mean of each channel; ("dropout", rate); ("mirror",): half of the images, in training;
      ("normalize",): a batch normalization alone.
    """

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


def residual(blocks: int = 3, filters: int = 16, side: int = 28) -> Network:
    """ResNet-20 has three blocks a stage and 16 filters in the first."""
    stack = [
        ("residual", filters * wider, 2 if wider > 1 and n == 0 else 1) for wider in (1, 2, 4) for n in range(blocks)
    ]
    first = ("normalized", filters, 3, "same", 1, "relu")
    return Network((first, *stack, ("average",), ("dense", 10, "softmax")), (side, side, 1))


def small_mobile(repeats: int = 1, filters: int = 16, side: int = 28) -> Network:
    stack: list[Layer] = []
    for wider, strides in ((2, 1), (4, 2), (4, 1), (8, 2), (8, 1), (8, 1)):
        for n in range(repeats):
            stack += [("depthwise", 3, strides if n == 0 else 1)]
            stack += [("normalized", filters * wider, 1, "same", 1, "relu6")]
    first = ("normalized", filters, 3, "same", 1, "relu6")
    return Network((first, *stack, ("average",), ("dense", 10, "softmax")), (side, side, 1))


def normalized_reference() -> Network:
    blocks = [(("normalized", filters, 3, "valid", 1, "relu"), ("pool",), ("dropout", 0.25)) for filters in (32, 64)]
    return Network(
        (*blocks[0], *blocks[1], ("flatten",), ("dense", 128, "relu"), ("dropout", 0.5), ("dense", 10, "softmax"))
    )


def small_vgg(convolutions: int = 2, filters: int = 32, side: int = 32) -> Network:
    layers: list[Layer] = []
    for wider in (1, 2, 4):
        layers += [*[("conv", filters * wider, 3, "same")] * convolutions, ("pool",)]
    return Network((*layers, ("flatten",), ("dense", 128, "relu"), ("dense", 10, "softmax")), (side, side, 3))


def recipe() -> Network:
    """The network of examples/fashion_94.py."""
    stages = [(*(("conv", count, 3, "same") for count in filters), ("pool",), ("normalize",))
              for filters in ((16, 32), (64,), (128,))]
    head: tuple[Layer, ...] = (
        ("flatten",), ("dropout", 0.25), ("dense", 256, "relu"), ("dropout", 0.25), ("dense", 10, "softmax"))
    return Network((("mirror",), *(layer for stage in stages for layer in stage), *head))


def small_dense() -> Network:
    return Network((("flatten",), ("dense", 32, "relu"), ("dense", 10, "softmax")), (8, 8, 1))


def small_convolutional() -> Network:
    convolutions: tuple[Layer, ...] = (("conv", 8, 3, "valid"), ("pool",), ("conv", 16, 3, "valid"))
    return Network((*convolutions, ("flatten",), ("dense", 10, "softmax")), (12, 12, 1))


NETWORKS = {
    "reference": two_convolutions(32, 64, 3, "valid"),
    "8-16 filters 3x3": two_convolutions(8, 16, 3, "valid"),
    "16-32 filters 3x3": two_convolutions(16, 32, 3, "valid"),
    "16-48 filters 5x5, same": two_convolutions(16, 48, 5, "same"),
    "64-128 filters 3x3": two_convolutions(64, 128, 3, "valid"),
    "20-50 filters 5x5": two_convolutions(20, 50, 5, "valid"),
    "ResNet-20": residual(),
    "small MobileNet": small_mobile(),
    "reference with BatchNormalization and Dropout": normalized_reference(),
    "VGG of 6 convolutions": small_vgg(),
    "94 % recipe": recipe(),
    "small MLP": small_dense(),
    "small CNN": small_convolutional(),
}


GROWTH = (
    {
        "ResNet-20": residual(),
        "twice as deep": residual(blocks=6),
        "twice the channels": residual(filters=32),
        "images of 56x56": residual(side=56),
    },
    {
        "small MobileNet": small_mobile(),
        "twice as deep": small_mobile(repeats=2),
        "twice the channels": small_mobile(filters=32),
        "images of 56x56": small_mobile(side=56),
    },
    {
        "VGG of 6 convolutions": small_vgg(),
        "twice as deep": small_vgg(convolutions=4),
        "twice the channels": small_vgg(filters=64),
        "images of 64x64": small_vgg(side=64),
    },
)


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


def small_cases(network: str) -> tuple[Case, ...]:
    """Of a few thousand parameters, where most of the time is not spent computing."""
    return (
        *(Case(f"train {network}, batch {size}", "train", size, 2_000 * size, 250 * size, network) for size in (1, 8)),
        Case(f"predict {network}, batch 8", "predict", 8, 4_000, 800, network),
        Case(f"one row, {network}, model(x)", "predict_one", 1, 1_000, 100, network, "model"),
        Case(f"one row, {network}, predict", "predict_one", 1, 300, 30, network, "predict"),
    )


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
    Case("train ResNet-20", "train", 32, 6_400, 960, "ResNet-20"),
    Case("train small MobileNet", "train", 32, 6_400, 960, "small MobileNet"),
    Case("train reference with BatchNormalization", "train", 32, 20_000, 1_920,
         "reference with BatchNormalization and Dropout"),
    Case("train VGG of 6 convolutions", "train", 32, 3_200, 640, "VGG of 6 convolutions"),
    Case("train the 94 % recipe", "train", 64, 20_000, 1_920, "94 % recipe"),
    Case("train, batch 32, 2,000 images", "train", 32, 2_000, 2_000),
    Case("predict 10,000 images, batch 32", "predict", 32, 10_000, 10_000),
    Case("predict 10,000 images, batch 512", "predict", 512, 10_000, 10_000),
    Case("predict ResNet-20", "predict", 32, 3_200, 960, "ResNet-20"),
    Case("predict small MobileNet", "predict", 32, 3_200, 960, "small MobileNet"),
    Case("predict reference with BatchNormalization", "predict", 32, 10_000, 1_920,
         "reference with BatchNormalization and Dropout"),
    Case("predict VGG of 6 convolutions", "predict", 32, 3_200, 640, "VGG of 6 convolutions"),
    Case("one image, model(x)", "predict_one", 1, 300, 50, call="model"),
    Case("one image, predict", "predict_one", 1, 100, 20, call="predict"),
    *small_cases("small MLP"),
    *small_cases("small CNN"),
)
