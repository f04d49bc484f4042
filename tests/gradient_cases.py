"""Layers and losses of every kind and shape, as the core takes them: the cases whose gradients are checked."""

from __future__ import annotations

from typing import Any

import reference_numpy


def conv(filters: int, kernel_size: tuple[int, int] = (3, 3), **options: Any) -> dict[str, Any]:
    defaults = {"strides": (1, 1), "padding": "valid", "dilation_rate": (1, 1), "use_bias": True}
    return {"type": "conv2d", "filters": filters, "kernel_size": kernel_size, **defaults, **options}


def grouped(filters: int, groups: int, kernel_size: tuple[int, int] = (3, 3), **options: Any) -> dict[str, Any]:
    return conv(filters, kernel_size, **options) | {"type": "grouped_conv2d", "groups": groups}


def transposed(filters: int, kernel_size: tuple[int, int] = (3, 3), **options: Any) -> dict[str, Any]:
    return conv(filters, kernel_size, **options) | {"type": "conv2d_transpose"}


def depthwise(kernel_size: tuple[int, int] = (3, 3), depth_multiplier: int = 1, **options: Any) -> dict[str, Any]:
    defaults = {"strides": (1, 1), "padding": "valid", "dilation_rate": (1, 1), "use_bias": True}
    return {"type": "depthwise_conv2d", "depth_multiplier": depth_multiplier, "kernel_size": kernel_size, **defaults,
            **options}


def dense(units: int, use_bias: bool = True) -> dict[str, Any]:
    return {"type": "dense", "units": units, "use_bias": use_bias}


def activation(function: str, **options: Any) -> dict[str, Any]:
    return {"type": "activation", "function": function, **options}


def pool(
    kind: str, size: tuple[int, int] = (2, 2), strides: tuple[int, int] | None = None, padding: str = "valid"
) -> dict[str, Any]:
    return {"type": f"{kind}_pooling2d", "pool_size": size, "strides": strides or size, "padding": padding}


def merge(kind: str, *inputs: int, **options: Any) -> dict[str, Any]:
    return {"type": kind, "inputs": inputs, **options}


def resizing(interpolation: str, size: tuple[int, int], antialias: bool = False) -> dict[str, Any]:
    return {"type": "resizing", "size": size, "interpolation": interpolation, "antialias": antialias}


def penalized(**factors: float) -> dict[str, Any]:
    return {"type": "activity_regularization", **factors}


def normalization(**options: Any) -> dict[str, Any]:
    return {"type": "batch_normalization", "epsilon": 1e-3, "momentum": 0.9, **options}


RELU, MAX_POOL, SOFTMAX = activation("relu"), pool("max"), {"type": "softmax"}
LAYERS: dict[str, tuple[tuple[int, ...], list[dict[str, Any]]]] = {  # name -> input shape, layers
    "conv2d 1x1": ((4, 3, 3), [conv(5, (1, 1))]),
    "conv2d 2x2": ((5, 4, 2), [conv(3, (2, 2))]),
    "conv2d 3x3": ((6, 5, 2), [conv(3)]),
    "conv2d 3x3 same": ((5, 6, 2), [conv(3, padding="same")]),
    "conv2d 3x3 of one channel": ((6, 6, 1), [conv(5)]),
    "conv2d 4x4 same": ((5, 6, 2), [conv(2, (4, 4), padding="same")]),
    "conv2d 5x5": ((7, 6, 1), [conv(4, (5, 5))]),
    "conv2d 5x5 same, larger than the image": ((3, 4, 2), [conv(2, (5, 5), padding="same")]),
    "conv2d 1x4": ((3, 6, 2), [conv(3, (1, 4))]),
    "conv2d strides (2, 3)": ((7, 8, 2), [conv(3, strides=(2, 3))]),
    "conv2d strides 2 same": ((6, 7, 2), [conv(3, strides=(2, 2), padding="same")]),
    "conv2d strides beyond the kernel": ((7, 7, 2), [conv(3, (2, 2), strides=(3, 4))]),
    "conv2d dilation 2": ((7, 6, 2), [conv(3, dilation_rate=(2, 2))]),
    "conv2d dilation (1, 2) same": ((4, 6, 2), [conv(3, dilation_rate=(1, 2), padding="same")]),
    "conv2d without bias": ((5, 5, 2), [conv(3, use_bias=False)]),
    "conv2d of 17 channels to 19": ((3, 3, 17), [conv(19, (2, 2))]),
    "depthwise": ((6, 7, 3), [depthwise()]),
    "depthwise same": ((5, 9, 10), [depthwise(padding="same")]),
    "depthwise strides 2 same": ((7, 10, 9), [depthwise(strides=(2, 2), padding="same")]),
    "depthwise strides 2 same, of an even image": ((8, 8, 3), [depthwise(strides=(2, 2), padding="same")]),
    "depthwise strides 2, a line left over": ((8, 7, 3), [depthwise(strides=(2, 2))]),
    "depthwise strides (3, 2)": ((9, 8, 3), [depthwise((2, 4), strides=(3, 2))]),
    "depthwise strides beyond the kernel": ((9, 8, 2), [depthwise((2, 1), strides=(4, 3))]),
    "depthwise dilation (2, 3)": ((7, 9, 2), [depthwise(dilation_rate=(2, 3))]),
    "depthwise strides and dilation": (
        (11, 12, 2),
        [depthwise(strides=(4, 2), dilation_rate=(2, 3), padding="same")],
    ),
    "depthwise 5x5 same, larger than the image": ((3, 4, 2), [depthwise((5, 5), padding="same")]),
    "depthwise 1x1 without bias": ((3, 4, 5), [depthwise((1, 1), use_bias=False)]),
    "depthwise multiplier 3": ((5, 6, 3), [depthwise(depth_multiplier=3)]),
    "depthwise multiplier 2 strides 2 same": ((5, 6, 3), [depthwise((3, 2), 2, strides=(2, 2), padding="same")]),
    "depthwise of few pixels": ((3, 3, 70), [depthwise(padding="same")]),
    "grouped": ((5, 6, 6), [grouped(4, 2)]),
    "grouped same": ((5, 4, 6), [grouped(9, 3, padding="same")]),
    "grouped strides 2 without bias": ((7, 6, 4), [grouped(4, 4, (3, 2), strides=(2, 2), use_bias=False)]),
    "grouped dilation (1, 2) same": ((4, 6, 4), [grouped(6, 2, dilation_rate=(1, 2), padding="same")]),
    "grouped, of many columns": ((3, 3, 24), [grouped(4, 2, padding="same")]),
    "transposed": ((4, 5, 3), [transposed(2)]),
    "transposed strides 2": ((4, 3, 2), [transposed(3, strides=(2, 2))]),
    "transposed same": ((5, 4, 3), [transposed(2, padding="same")]),
    "transposed strides 2 same": ((4, 5, 2), [transposed(5, strides=(2, 2), padding="same")]),
    "transposed 2x4 strides (2, 3) same without bias": (
        (4, 3, 2), [transposed(3, (2, 4), strides=(2, 3), padding="same", use_bias=False)]
    ),
    "transposed strides beyond the kernel": ((3, 4, 2), [transposed(2, (2, 1), strides=(3, 4))]),
    "transposed strides beyond the kernel same": ((3, 4, 2), [transposed(2, (2, 1), strides=(3, 4), padding="same")]),
    "transposed dilation (2, 1)": ((4, 5, 2), [transposed(3, dilation_rate=(2, 1))]),
    "transposed dilation 2 same": ((4, 5, 2), [transposed(3, dilation_rate=(2, 2), padding="same")]),
    "transposed output padding": ((3, 4, 2), [transposed(2, strides=(2, 3), output_padding=(1, 2))]),
    "transposed output padding same": (
        (3, 4, 2), [transposed(2, strides=(2, 3), padding="same", output_padding=(1, 0))]
    ),
    "transposed of few pixels": ((2, 2, 7), [transposed(30)]),
    "conv2d + relu": ((6, 5, 2), [conv(3), RELU]),
    "conv2d + relu + max pool": ((9, 7, 2), [conv(5), RELU, MAX_POOL]),
    "conv2d + relu + max pool that leaves a border": ((8, 9, 2), [conv(17), RELU, MAX_POOL]),
    "conv2d + max pool": ((8, 8, 2), [conv(3), MAX_POOL]),
    "conv2d + relu + overlapping max pool": ((7, 7, 2), [conv(3), RELU, pool("max", (3, 3), (2, 2), "same")]),
    "conv2d 5x5 same + relu + max pool": ((6, 6, 3), [conv(4, (5, 5), padding="same"), RELU, MAX_POOL]),
    "two convolutions and pools": ((14, 13, 1), [conv(4), RELU, MAX_POOL, conv(5), RELU, MAX_POOL]),
    "dense": ((13,), [dense(7)]),
    "dense without bias": ((5,), [dense(18, use_bias=False)]),
    "dense on rank 3": ((3, 5), [dense(4)]),
    "dense on rank 4": ((2, 3, 4), [dense(5), activation("tanh"), dense(2)]),
    "dense + relu": ((9,), [dense(17), RELU, dense(3)]),
    "max pool": ((7, 5, 3), [MAX_POOL]),
    "max pool same": ((7, 5, 3), [pool("max", padding="same")]),
    "max pool overlapping": ((6, 7, 2), [pool("max", (3, 2), (1, 1))]),
    "max pool with gaps": ((8, 7, 2), [pool("max", (2, 2), (3, 3))]),
    "average pool": ((7, 5, 3), [pool("average")]),
    "average pool same": ((7, 5, 3), [pool("average", (3, 3), (2, 2), "same")]),
    "average pool overlapping": ((6, 7, 2), [pool("average", (3, 2), (1, 1))]),
    "global average pool": ((4, 5, 7), [{"type": "global_average_pooling2d", "keepdims": False}]),
    "global average pool keepdims": ((4, 5, 3), [{"type": "global_average_pooling2d", "keepdims": True}]),
    "global max pool": ((4, 5, 7), [{"type": "global_max_pooling2d", "keepdims": False}]),
    "global max pool keepdims": ((4, 5, 3), [{"type": "global_max_pooling2d", "keepdims": True}]),
    "zero padding": ((3, 4, 2), [{"type": "zero_padding2d", "padding": (1, 0, 2, 3)}, conv(2, (2, 2))]),
    "rescaling": ((3, 4, 2), [{"type": "rescaling", "scale": 0.4, "offset": -1.5}]),
    "reshape": ((3, 4, 2), [{"type": "reshape", "target_shape": (4, 6)}, dense(3)]),
    "penalty l1": ((3, 4, 2), [penalized(l1=0.3)]),
    "penalty l2": ((7,), [penalized(l2=0.2), dense(3)]),
    "penalties of what is penalized": ((5, 6, 2), [conv(3), RELU, penalized(l1=0.1, l2=0.2), penalized(l2=0.1),
                                                   MAX_POOL, penalized(l1=0.3), conv(2, (1, 1))]),
    "penalty of one of several users": (
        (9,),
        [activation("tanh"), penalized(l2=0.3), dense(9) | {"inputs": (3,)}, {"type": "add", "inputs": (3, 4, 5)},
         penalized(l2=0.2)],
    ),
    "penalties around a batch normalization": (
        (6, 5, 2),
        [conv(3), penalized(l2=0.1), normalization(), penalized(l2=0.2), RELU, conv(2)],
    ),
    "mean over the batch": ((3, 4, 2), [conv(2, (2, 2)), {"type": "over_batch", "kind": "mean"}, activation("tanh")]),
    "sum over the batch": ((70,), [activation("tanh"), {"type": "over_batch", "kind": "sum"}, dense(2)]),
    "softmax": ((7,), [SOFTMAX]),
    "softmax on rank 3": ((3, 5), [SOFTMAX]),
    "softmax along 1": ((3, 5, 2), [SOFTMAX | {"along": (1, 0, 0)}]),
    "softmax along 1 and 3": ((3, 5, 2), [SOFTMAX | {"along": (1, 0, 1)}]),
    "log softmax": ((3, 5), [{"type": "log_softmax"}]),
    "log softmax along 2": ((3, 5, 2), [{"type": "log_softmax", "along": (0, 1, 0)}]),
    "sparsemax": ((3, 5), [{"type": "sparsemax"}]),
    "sparsemax along 1": ((4, 5), [{"type": "sparsemax", "along": (1, 0)}]),
    "glu": ((3, 6), [{"type": "glu", "axis": 1}]),
    "glu of the first axis": ((4, 3), [{"type": "glu", "axis": 0}, dense(3)]),
    "prelu": ((4, 3, 2), [{"type": "prelu", "along": (1, 1, 1)}]),
    "prelu of channels": ((7, 3, 5), [{"type": "prelu", "along": (0, 0, 1)}]),
    "prelu of rows": ((5, 7, 2), [{"type": "prelu", "along": (1, 0, 0)}]),
    "prelu of rows and channels": ((3, 4, 5), [{"type": "prelu", "along": (1, 0, 1)}]),
    "prelu of columns": ((3, 4, 5), [{"type": "prelu", "along": (0, 1, 0)}]),
    "prelu of one number": ((3, 4, 1), [{"type": "prelu", "along": (0, 0, 1)}, dense(2)]),
    "prelu of more numbers than a shard has": ((300,), [{"type": "prelu", "along": (1,)}]),
    **{
        f"normalization {kind} along {axes}, affine": (
            (5, 4, 6),
            [
                {"type": "normalization", "kind": kind, "along": axes, **({} if kind == "unit" else {"epsilon": 0.01})},
                {"type": "affine", "along": axes, "scale": "gamma", "offset": True},
            ],
        )
        for kind in ("standard", "variance", "rms", "unit")
        for axes in ((0, 0, 1), (1, 0, 0), (0, 1, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1))
    },
    "affine without offset": ((3, 4, 5), [{"type": "affine", "along": (0, 0, 1), "scale": "scale", "offset": False}]),
    "affine without scale": ((3, 4, 5), [{"type": "affine", "along": (0, 1, 0), "scale": "", "offset": True}]),
    "affine of more numbers than a shard has": (
        (2, 270),
        [{"type": "affine", "along": (0, 1), "scale": "gamma", "offset": True}],
    ),
    "conv2d + normalization + affine + relu": (
        (6, 6, 2),
        [
            conv(4),
            {"type": "normalization", "kind": "standard", "along": (1, 1, 0), "epsilon": 0.01},
            {"type": "affine", "along": (0, 0, 1), "scale": "gamma", "offset": True},
            RELU,
            conv(2),
        ],
    ),
    "batch normalization": ((5, 4, 3), [normalization()]),
    "batch normalization of 19 channels": ((3, 3, 19), [normalization()]),
    "batch normalization of 70 channels": ((2, 70), [normalization(), dense(3)]),
    "batch normalization of a vector": ((9,), [normalization(epsilon=0.1), dense(4)]),
    "batch normalization without beta": ((4, 3, 2), [normalization(center=False)]),
    "batch normalization without gamma": ((4, 3, 2), [normalization(scale=False)]),
    "batch normalization without either": ((4, 3, 2), [normalization(center=False, scale=False)]),
    "batch normalization in inference": ((5, 4, 3), [normalization(training=False)]),
    "batch normalization in inference, without beta": ((5, 2), [normalization(training=False, center=False)]),
    "conv2d + batch normalization + relu": ((6, 5, 2), [conv(3, use_bias=False), normalization(), RELU]),
    "conv2d + batch normalization + relu + max pool": ((8, 8, 2), [conv(3), normalization(), RELU, MAX_POOL]),
    "two batch normalizations": (
        (6, 6, 2),
        [conv(3, padding="same"), normalization(), RELU, conv(4), normalization(), activation("tanh"), dense(2)],
    ),
    "a block with a shortcut": (
        (5, 5, 3),
        [
            conv(3, padding="same"),
            normalization(),
            RELU,
            conv(3, padding="same"),
            normalization(),
            {"type": "add", "inputs": (7, 2)},
            RELU,
            dense(2),
        ],
    ),
    "a block with a convolved shortcut": (
        (5, 6, 3),
        [
            conv(4, padding="same", strides=(2, 2)),
            normalization(),
            conv(4, (1, 1), padding="same", strides=(2, 2)) | {"inputs": (2,)},
            normalization(),
            {"type": "add", "inputs": (4, 6)},
            activation("relu", max_value=6.0),
            dense(2),
        ],
    ),
    "one batch normalization used twice": (
        (4, 3, 2),
        [normalization(), RELU, normalization(shares=3), dense(3)],
    ),
    "one convolution used three times": (
        (4, 5, 2),
        [
            conv(2, padding="same"),
            conv(2, padding="same", shares=3),
            RELU,
            conv(2, padding="same", shares=3),
            {"type": "add", "inputs": (3, 6)},
        ],
    ),
    "one dense layer used twice": ((2, 5), [dense(5), RELU, dense(5) | {"shares": 3}]),
    "add": ((4, 5, 2), [conv(3), conv(3) | {"inputs": (2,)}, {"type": "add", "inputs": (3, 4)}]),
    "add of a value to itself and to another": (
        (3, 4, 2),
        [RELU, {"type": "add", "inputs": (3, 3)}, {"type": "add", "inputs": (2, 3, 4)}, dense(3)],
    ),
    **{
        f"{kind} of three, broadcast": (
            (4, 5, 2),
            [conv(3, (1, 1)), conv(3, (4, 5)) | {"inputs": (2,)}, conv(1, (1, 1)) | {"inputs": (2,)},
             merge(kind, 3, 4, 5), dense(2)],
        )
        for kind in ("add", "average", "multiply", "maximum", "minimum")
    },
    "each to each, broadcast": (
        (12,),
        [{"type": "reshape", "target_shape": (12, 1), "inputs": (2,)}, merge("multiply", 3, 2), dense(3)],
    ),
    "subtract": ((4, 5, 2), [conv(3), conv(3) | {"inputs": (2,)}, merge("subtract", 3, 4)]),
    "subtract, broadcast": ((4, 5, 2), [conv(3, (4, 5)), conv(3) | {"inputs": (2,)}, merge("subtract", 3, 4)]),
    "maximum of a value and itself": ((9,), [dense(4), merge("maximum", 3, 3)]),
    **{
        f"concatenate along axis {axis}": (
            (4, 5, 3),
            [conv(3, (1, 1)), conv(3, kernel) | {"inputs": (2,)}, merge("concatenate", 3, 4, 2, axis=axis), dense(2)],
        )
        for axis, kernel in ((0, (2, 1)), (1, (1, 3)), (2, (1, 1)))
    },
    "dot": ((3, 4), [dense(5), {"type": "permute", "dims": (1, 0), "inputs": (2,)}, merge("dot", 4, 3)]),
    **{
        f"permute {dims}": ((2, 3, 4, 5)[: len(dims)], [{"type": "permute", "dims": dims}, dense(2)])
        for dims in ((1, 0), (0, 2, 1), (2, 0, 1), (3, 1, 0, 2), (1, 0, 2, 3), (0,))
    },
    "zero padding with a value": (
        (3, 4, 2),
        [{"type": "zero_padding2d", "padding": (1, 0, 2, 3), "value": -1.5}, conv(2, (2, 2))],
    ),
    "cropping": ((5, 6, 2), [{"type": "cropping2d", "cropping": (1, 0, 2, 1)}, conv(2, (2, 2))]),
    "up sampling": ((3, 4, 2), [{"type": "up_sampling2d", "size": (2, 3)}, conv(2, (2, 2))]),
    **{
        f"resizing {how}{' with antialias' * antialias} to {size}": ((5, 6, 2), [resizing(how, size, antialias)])
        for how in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
        for size, antialias in (((5, 6), False), ((9, 4), False), ((2, 13), False), ((3, 4), True), ((1, 9), True))
    },
    "one value used by three nodes": (
        (5, 5, 2),
        [
            conv(2, padding="same"),
            RELU | {"inputs": (3,)},
            activation("tanh") | {"inputs": (3,)},
            {"type": "add", "inputs": (4, 5, 3)},
            MAX_POOL,
        ],
    ),
} | {
    f"activation {function} {options or ''}".strip(): ((40,), [activation(function, **options)])
    for function, options in [
        *((name, {}) for name in reference_numpy.ACTIVATIONS),
        ("relu", {"negative_slope": 0.2}),
        ("relu", {"negative_slope": 0.1, "max_value": 1.0, "threshold": 0.3}),
        ("elu", {"alpha": 0.5}),
        ("celu", {"alpha": 0.3}),
        ("hard_shrink", {"threshold": 0.4}),
        ("soft_shrink", {"threshold": 0.4}),
        ("squareplus", {"b": 0.1}),
        ("threshold", {"threshold": 0.2, "default_value": -3.0}),
    ]
}
LOSSES: dict[str, tuple[dict[str, Any], tuple[int, ...], list[dict[str, Any]]]] = {  # name -> loss, shape, layers
    "sparse crossentropy of softmax": ({"type": "sparse_categorical_crossentropy"}, (6,), [SOFTMAX]),
    "sparse crossentropy of dense + softmax": ({"type": "sparse_categorical_crossentropy"}, (8,), [dense(5), SOFTMAX]),
    "sparse crossentropy of softmax on rank 3": ({"type": "sparse_categorical_crossentropy"}, (4, 5), [SOFTMAX]),
    "sparse crossentropy from logits": ({"type": "sparse_categorical_crossentropy", "from_logits": True}, (6,), []),
    "sparse crossentropy of probabilities": (
        {"type": "sparse_categorical_crossentropy"},
        (6,),
        [SOFTMAX, {"type": "rescaling", "scale": 0.5, "offset": 0.2}],
    ),
    "categorical crossentropy of softmax": ({"type": "categorical_crossentropy"}, (6,), [SOFTMAX]),
    "categorical crossentropy, smoothed": (
        {"type": "categorical_crossentropy", "label_smoothing": 0.2},
        (6,),
        [SOFTMAX],
    ),
    "categorical crossentropy from logits on rank 3": (
        {"type": "categorical_crossentropy", "from_logits": True},
        (3, 4),
        [],
    ),
    "categorical crossentropy of probabilities": (
        {"type": "categorical_crossentropy"},
        (6,),
        [SOFTMAX, {"type": "rescaling", "scale": 0.5, "offset": 0.2}],
    ),
    "binary crossentropy of sigmoid": ({"type": "binary_crossentropy"}, (5,), [activation("sigmoid")]),
    "binary crossentropy, smoothed": (
        {"type": "binary_crossentropy", "label_smoothing": 0.1},
        (5,),
        [activation("sigmoid")],
    ),
    "binary crossentropy from logits": ({"type": "binary_crossentropy", "from_logits": True}, (5,), []),
    "binary crossentropy of one unit": ({"type": "binary_crossentropy"}, (7,), [dense(1), activation("sigmoid")]),
    "binary crossentropy of probabilities": (
        {"type": "binary_crossentropy"},
        (5,),
        [activation("sigmoid"), {"type": "rescaling", "scale": 0.5, "offset": 0.2}],
    ),
    "mean squared error": ({"type": "mean_squared_error"}, (5,), []),
    "mean squared error on rank 4": ({"type": "mean_squared_error"}, (2, 3, 2), []),
    "mean squared error of softmax": ({"type": "mean_squared_error"}, (5,), [SOFTMAX]),
    "mean absolute error": ({"type": "mean_absolute_error"}, (5,), []),
    "huber": ({"type": "huber", "delta": 0.7}, (9,), []),
    "sum": ({"type": "mean_squared_error", "reduction": "sum"}, (2, 3, 2), []),
    "sum of labels": ({"type": "sparse_categorical_crossentropy", "reduction": "sum"}, (4, 6), [SOFTMAX]),
    "weighted mean": ({"type": "mean_squared_error", "reduction": "mean_with_sample_weight"}, (2, 3), []),
    "factor": ({"type": "mean_squared_error", "reduction": "sum", "factor": -0.3}, (2, 3), []),
    "mean absolute percentage error": ({"type": "mean_absolute_percentage_error"}, (5,), []),
    "mean squared logarithmic error": (
        {"type": "mean_squared_logarithmic_error"},
        (5,),
        [activation("sigmoid"), {"type": "rescaling", "scale": 2.0, "offset": -0.5}],
    ),
    "log cosh": ({"type": "log_cosh"}, (9,), []),
    "poisson": ({"type": "poisson"}, (2, 3), [activation("softplus")]),
    "kl divergence": ({"type": "kl_divergence"}, (6,), [SOFTMAX]),
    "cosine similarity": ({"type": "cosine_similarity"}, (2, 7), []),
    "hinge": ({"type": "hinge"}, (6,), [activation("tanh")]),
    "squared hinge": ({"type": "squared_hinge"}, (6,), [activation("tanh")]),
    "categorical hinge": ({"type": "categorical_hinge"}, (3, 4), []),
    "binary focal crossentropy of sigmoid": (
        {"type": "binary_focal_crossentropy", "alpha": 0.25, "gamma": 2.0, "from_logits": True},
        (5,),
        [],
    ),
    "binary focal crossentropy, balanced and smoothed": (
        {"type": "binary_focal_crossentropy", "alpha": 0.3, "gamma": 1.5, "apply_class_balancing": True,
         "label_smoothing": 0.1},
        (2, 5),
        [activation("sigmoid"), {"type": "rescaling", "scale": 0.5, "offset": 0.2}],
    ),
    "categorical focal crossentropy from logits": (
        {"type": "categorical_focal_crossentropy", "alpha": 0.25, "gamma": 2.0, "from_logits": True},
        (2, 70),
        [],
    ),
    "categorical focal crossentropy of probabilities": (
        {"type": "categorical_focal_crossentropy", "alpha": 0.25, "gamma": 0.5, "label_smoothing": 0.2},
        (6,),
        [SOFTMAX, {"type": "rescaling", "scale": 0.5, "offset": 0.2}],
    ),
    "generalized crossentropy": ({"type": "categorical_generalized_cross_entropy", "q": 0.6}, (3, 5), [SOFTMAX]),
    "dice of images": ({"type": "dice", "axis": (1.0, 2.0, 3.0)}, (2, 3, 2), [activation("sigmoid")]),
    "dice of channels": ({"type": "dice", "axis": (1.0, 2.0)}, (2, 3, 4), [activation("sigmoid")]),
    "tversky of columns": (
        {"type": "tversky", "axis": (1.0, -1.0), "alpha": 0.3, "beta": 0.9},
        (2, 3, 4),
        [activation("sigmoid")],
    ),
}
