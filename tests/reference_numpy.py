"""The forward pass of every node and loss in plain NumPy, float64: what the core is compared with.

Nodes are described as `fashioncnn._core.Network` takes them. Nothing here is fast; every function says its formula.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

Node = Mapping[str, Any]
erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * x))


def relu(x: np.ndarray, node: Node) -> np.ndarray:
    threshold, slope, top = node.get("threshold", 0), node.get("negative_slope", 0), node.get("max_value")
    y = np.where(x >= threshold, x, slope * (x - threshold))
    return y if top is None else np.where(x >= top, top, y)


def elu(x: np.ndarray, alpha: float = 1.0) -> np.ndarray:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


ACTIVATIONS: dict[str, Callable[[np.ndarray, Node], np.ndarray]] = {
    "linear": lambda x, node: x,
    "relu": relu,
    "sigmoid": lambda x, node: sigmoid(x),
    "tanh": lambda x, node: np.tanh(x),
    "elu": lambda x, node: elu(x, node.get("alpha", 1.0)),
    "selu": lambda x, node: 1.0507009873554805 * elu(x, 1.6732632423543772),
    "softplus": lambda x, node: np.logaddexp(x, 0),
    "softsign": lambda x, node: x / (1 + np.abs(x)),
    "gelu": lambda x, node: 0.5 * x * (1 + erf(x / math.sqrt(2))),
    "gelu_tanh": lambda x, node: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x, node: x * sigmoid(x),
    "exponential": lambda x, node: np.exp(x),
    "hard_sigmoid": lambda x, node: np.clip(x / 6 + 0.5, 0, 1),
    "celu": lambda x, node: np.maximum(x, 0) + elu(np.minimum(x, 0) / node.get("alpha", 1.0)) * node.get("alpha", 1.0),
    "hard_shrink": lambda x, node: np.where(np.abs(x) > node.get("threshold", 0), x, 0),
    "hard_silu": lambda x, node: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x, node: np.clip(x, -1, 1),
    "log_sigmoid": lambda x, node: -np.logaddexp(-x, 0),
    "mish": lambda x, node: x * np.tanh(np.logaddexp(x, 0)),
    "soft_shrink": lambda x, node: np.sign(x) * np.maximum(np.abs(x) - node.get("threshold", 0), 0),
    "sparse_plus": lambda x, node: np.where(x >= 1, x, np.maximum(x + 1, 0) ** 2 / 4),
    "sparse_sigmoid": lambda x, node: np.clip((x + 1) / 2, 0, 1),
    "squareplus": lambda x, node: (x + np.sqrt(x**2 + node.get("b", 4))) / 2,
    "tanh_shrink": lambda x, node: x - np.tanh(x),
    "threshold": lambda x, node: np.where(x > node.get("threshold", 0), x, node.get("default_value", 0)),
}


def chosen(node: Node, x: np.ndarray) -> tuple[int, ...]:
    """The axes that the flags in `along` choose, or the last one; the batch axis is axis 0."""
    flags = node.get("along", (*(0,) * (x.ndim - 2), 1))
    return tuple(axis for axis, flag in enumerate(flags, start=1) if flag)


def spread(node: Node, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """A weight as an array that meets x along the chosen axes."""
    return weight.reshape([extent if axis in chosen(node, x) else 1 for axis, extent in enumerate(x.shape)][1:])


def padding_of(node: Node, axis: int, size: int, window: int) -> tuple[int, int]:
    """'same': ceil(size / stride) outputs, the odd pixel of padding at the end."""
    if node["padding"] == "valid":
        return 0, 0
    stride = node["strides"][axis]
    total = max((math.ceil(size / stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def windows(
    node: Node, x: np.ndarray, sizes: Sequence[int], dilation: Sequence[int], fill: float
) -> Iterator[np.ndarray]:
    """For every tap of the window, in row-major order, its value at every output: (N, OH, OW, C)."""
    reach = [(size - 1) * step + 1 for size, step in zip(sizes, dilation, strict=True)]
    pad = [padding_of(node, axis, x.shape[1 + axis], reach[axis]) for axis in (0, 1)]
    x = np.pad(x, ((0, 0), *pad, (0, 0)), constant_values=fill)
    last = [x.shape[1 + axis] - reach[axis] for axis in (0, 1)]
    for i in range(sizes[0]):
        for j in range(sizes[1]):
            top, left = i * dilation[0], j * dilation[1]
            yield x[:, top : top + last[0] + 1 : node["strides"][0], left : left + last[1] + 1 : node["strides"][1]]


def conv2d(node: Node, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | float = 0.0) -> np.ndarray:
    taps = windows(node, x, node["kernel_size"], node.get("dilation_rate", (1, 1)), 0.0)
    return sum(tap @ k for tap, k in zip(taps, kernel.reshape(-1, *kernel.shape[2:]), strict=True)) + bias


def grouped_conv2d(node: Node, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | float = 0.0) -> np.ndarray:
    channels, kernels = (np.split(array, node["groups"], axis=-1) for array in (x, kernel))
    return np.concatenate([conv2d(node, c, k) for c, k in zip(channels, kernels, strict=True)], axis=-1) + bias


def conv2d_transpose(node: Node, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | float = 0.0) -> np.ndarray:
    """Each pixel adds its multiples of the kernel to a window; 'same' cuts off what the convolution would pad."""
    (kh, kw), (sh, sw), (dh, dw) = node["kernel_size"], node["strides"], node["dilation_rate"]
    reach, spare = ((kh - 1) * dh + 1, (kw - 1) * dw + 1), node.get("output_padding")
    whole = [(x.shape[1 + axis] - 1) * node["strides"][axis] + reach[axis] for axis in (0, 1)]
    size = []
    for axis, stride in enumerate(node["strides"]):
        if node["padding"] == "valid":
            size.append(whole[axis] + (max(stride - reach[axis], 0) if spare is None else spare[axis]))
        elif spare is None:
            size.append(x.shape[1 + axis] * stride)
        else:
            size.append(whole[axis] - reach[axis] // 2 * 2 + spare[axis])
    y = np.zeros((len(x), *(max(a, b) for a, b in zip(whole, size, strict=True)), kernel.shape[2]))
    for i in range(kh):
        for j in range(kw):
            lines = slice(i * dh, i * dh + (x.shape[1] - 1) * sh + 1, sh)
            columns = slice(j * dw, j * dw + (x.shape[2] - 1) * sw + 1, sw)
            y[:, lines, columns] += x @ kernel[i, j].T
    top, left = (max(whole[axis] - size[axis], 0) // 2 for axis in (0, 1))
    return y[:, top : top + size[0], left : left + size[1]] + bias


def depthwise_conv2d(node: Node, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | float = 0.0) -> np.ndarray:
    taps = windows(node, x, node["kernel_size"], node["dilation_rate"], 0.0)
    products = sum(tap[..., np.newaxis] * k for tap, k in zip(taps, kernel.reshape(-1, *kernel.shape[2:]), strict=True))
    return products.reshape(*products.shape[:-2], -1) + bias


def dense(node: Node, x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | float = 0.0) -> np.ndarray:
    return x @ kernel + bias


def max_pooling2d(node: Node, x: np.ndarray) -> np.ndarray:
    return np.max(list(windows(node, x, node["pool_size"], (1, 1), -np.inf)), axis=0)


def average_pooling2d(node: Node, x: np.ndarray) -> np.ndarray:
    """The mean over the pixels of the window that lie inside the image."""
    return np.nanmean(list(windows(node, x, node["pool_size"], (1, 1), np.nan)), axis=0)


def softmax(node: Node, x: np.ndarray) -> np.ndarray:
    axes = chosen(node, x)
    e = np.exp(x - x.max(axis=axes, keepdims=True))
    return e / e.sum(axis=axes, keepdims=True)


def sparsemax(node: Node, x: np.ndarray) -> np.ndarray:
    """Along one axis, with the threshold that Keras computes from the sum of all sums."""
    (axis,) = chosen(node, x)
    z = -np.sort(-np.moveaxis(x, axis, -1), axis=-1)
    sums, ranks = np.cumsum(z, axis=-1), np.arange(1, z.shape[-1] + 1)
    support = z - (sums - 1) / ranks > 0
    tau = ((sums * support).sum(axis=-1) - 1) / support.sum(axis=-1)
    return np.maximum(x - np.expand_dims(tau, axis), 0)


def glu(node: Node, x: np.ndarray) -> np.ndarray:
    a, b = np.split(x, 2, axis=node["axis"] + 1)
    return a * sigmoid(b)


def prelu(node: Node, x: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0) + spread(node, x, alpha) * np.minimum(x, 0)


def normalization(node: Node, x: np.ndarray) -> np.ndarray:
    axes, kind = chosen(node, x), node["kind"]
    if kind == "unit":
        return x / np.maximum(np.sqrt((x**2).sum(axis=axes, keepdims=True)), 1e-12)
    squares = (x**2).mean(axis=axes, keepdims=True) if kind == "rms" else x.var(axis=axes, keepdims=True)
    centred = x - x.mean(axis=axes, keepdims=True) if kind == "standard" else x
    return centred / np.sqrt(squares + node.get("epsilon", 0.0))


def affine(node: Node, x: np.ndarray, *weights: np.ndarray) -> np.ndarray:
    left = list(weights)
    y = x * spread(node, x, left.pop(0)) if node["scale"] else x
    return y + spread(node, x, left.pop(0)) if node["offset"] else y


def zero_padding2d(node: Node, x: np.ndarray) -> np.ndarray:
    top, bottom, left, right = node["padding"]
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=node.get("value", 0))


def cropping2d(node: Node, x: np.ndarray) -> np.ndarray:
    top, bottom, left, right = node["cropping"]
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


def broadcast(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The arrays with as many axes as the largest; new ones come after that of the batch."""
    rank = max(x.ndim for x in arrays)
    return [x.reshape(len(x), *[1] * (rank - x.ndim), *x.shape[1:]) for x in arrays]


def lanczos(radius: int, x: np.ndarray) -> np.ndarray:
    return np.where(x < radius, np.sinc(x) * np.sinc(x / radius), 0)


FILTERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # weight of a distance
    "bilinear": lambda x: np.maximum(1 - x, 0),
    "bicubic": lambda x: np.where(x < 1, 1.5 * x**3 - 2.5 * x**2 + 1,
                                  np.where(x < 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0)),
    "lanczos3": lambda x: lanczos(3, x),
    "lanczos5": lambda x: lanczos(5, x),
}


def resampling(node: Node, inputs: int, outputs: int) -> np.ndarray:
    """The matrix (outputs, inputs) that resizes one axis."""
    places = (np.arange(outputs) + 0.5) * inputs / outputs
    if node["interpolation"] == "nearest":
        return np.eye(inputs)[np.minimum(places.astype(int), inputs - 1)]
    if node["interpolation"] == "bicubic" and not node.get("antialias"):
        places = np.floor(places - 0.5) + np.rint((places - 0.5) % 1 * 1024) / 1024 + 0.5
    stretch = max(inputs / outputs, 1) if node.get("antialias") else 1
    matrix = FILTERS[node["interpolation"]](np.abs(np.arange(inputs) + 0.5 - places[:, None]) / stretch)
    return matrix / matrix.sum(axis=1, keepdims=True)


def random_translation(node: Node, x: np.ndarray) -> np.ndarray:
    """One that leaves nothing to chance, by whole pixels, of which some are left."""
    down, right = (round(node[name][0] * extent) for name, extent in
                   zip(("height_factor", "width_factor"), x.shape[1:], strict=False))
    height, width = x.shape[1:3]
    y = np.full_like(x, node["fill_value"])
    y[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = (
        x[:, max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)])
    return y


def standardization(node: Node, x: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    mean, deviation = np.array(node["mean"]), np.maximum(np.sqrt(node["variance"]), 1e-7)
    return x * deviation + mean if node["invert"] else (x - mean) / deviation


def resizing(node: Node, x: np.ndarray) -> np.ndarray:
    lines, columns = (resampling(node, x.shape[axis + 1], node["size"][axis]) for axis in (0, 1))
    return np.einsum("ai,bj,nijc->nabc", lines, columns, x)


def batch_normalization(node: Node, x: np.ndarray, *parameters: np.ndarray) -> np.ndarray:
    """By the batch's statistics, but in inference by the moving ones. parameters: gamma, beta if any, and these two."""
    learned = list(parameters[:-2])
    gamma = learned.pop(0) if node.get("scale", True) else 1.0
    beta = learned.pop(0) if node.get("center", True) else 0.0
    mean, variance = parameters[-2:]
    if node.get("training", True):
        axes = tuple(range(x.ndim - 1))
        mean, variance = x.mean(axis=axes), x.var(axis=axes)
    return gamma * (x - mean) / np.sqrt(variance + node["epsilon"]) + beta


LAYERS: dict[str, Callable[..., np.ndarray]] = {
    "conv2d": conv2d,
    "grouped_conv2d": grouped_conv2d,
    "conv2d_transpose": conv2d_transpose,
    "depthwise_conv2d": depthwise_conv2d,
    "dense": dense,
    "activation": lambda node, x: ACTIVATIONS[node["function"]](x, node),
    "activity_regularization": lambda node, x: x,
    "softmax": softmax,
    "log_softmax": lambda node, x: np.log(softmax(node, x)),
    "sparsemax": sparsemax,
    "glu": glu,
    "prelu": prelu,
    "normalization": normalization,
    "affine": affine,
    "max_pooling2d": max_pooling2d,
    "average_pooling2d": average_pooling2d,
    "global_average_pooling2d": lambda node, x: x.mean(axis=(1, 2), keepdims=node["keepdims"]),
    "global_max_pooling2d": lambda node, x: x.max(axis=(1, 2), keepdims=node["keepdims"]),
    "reshape": lambda node, x: x.reshape(len(x), *node["target_shape"]),
    "dropout": lambda node, x: x,
    "random_translation": random_translation,
    "rescaling": lambda node, x: x * node["scale"] + node["offset"],
    "standardization": standardization,
    "zero_padding2d": zero_padding2d,
    "cropping2d": cropping2d,
    "add": lambda node, *x: sum(broadcast(x)),
    "average": lambda node, *x: sum(broadcast(x)) / len(x),
    "subtract": lambda node, *x: np.subtract(*broadcast(x)),
    "multiply": lambda node, *x: math.prod(broadcast(x)),
    "maximum": lambda node, *x: functools.reduce(np.maximum, broadcast(x)),
    "minimum": lambda node, *x: functools.reduce(np.minimum, broadcast(x)),
    "concatenate": lambda node, *x: np.concatenate(x, axis=node["axis"] + 1),
    "dot": lambda node, *x: np.matmul(*x),
    "permute": lambda node, x: x.transpose(0, *(axis + 1 for axis in node["dims"])),
    "up_sampling2d": lambda node, x: x.repeat(node["size"][0], axis=1).repeat(node["size"][1], axis=2),
    "resizing": resizing,
    "batch_normalization": batch_normalization,
    "over_batch": lambda node, x: np.broadcast_to(getattr(np, node["kind"])(x, axis=0), x.shape),
}


def node_outputs(
    nodes: Sequence[Node], parameters: Mapping[int, Sequence[np.ndarray]], inputs: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Every node's output for a batch, without dropout. parameters: node -> its arrays, the kernel first."""
    outputs: list[np.ndarray] = []
    waiting = iter(inputs)
    for position, node in enumerate(nodes):
        if node["type"] == "input":
            outputs.append(next(waiting).astype(np.float64))
        else:
            own = parameters.get(node.get("shares", position), ())
            outputs.append(LAYERS[node["type"]](node, *(outputs[i] for i in node["inputs"]), *own))
    return outputs


def forward(nodes: Sequence[Node], parameters: Mapping[int, Sequence[np.ndarray]], x: np.ndarray) -> np.ndarray:
    """The last node's output for a batch of the only input."""
    return node_outputs(nodes, parameters, (x,))[-1]


def penalty(nodes: Sequence[Node], outputs: Sequence[np.ndarray]) -> float:
    """What nodes add to the loss for their outputs."""
    return float(sum(node.get("l1", 0.0) * np.abs(y).sum() / len(y) + node.get("l2", 0.0) * (y**2).sum() / len(y)
                     for node, y in zip(nodes, outputs, strict=True) if node["type"] == "activity_regularization"))


# Losses: one value for every position but those of the last axis

EPSILON = 1e-7


def log_softmax(x: np.ndarray) -> np.ndarray:
    x = x - x.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


def log_of_clipped(p: np.ndarray) -> np.ndarray:
    return np.log(np.clip(p, EPSILON, 1 - EPSILON))


def categorical_crossentropy(loss: Node, target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    smoothing = loss.get("label_smoothing", 0)
    target = target * (1 - smoothing) + smoothing / target.shape[-1]
    if loss.get("from_logits"):
        return -(target * log_softmax(prediction)).sum(axis=-1)
    return -(target * log_of_clipped(prediction / prediction.sum(axis=-1, keepdims=True))).sum(axis=-1)


def sparse_categorical_crossentropy(loss: Node, target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Probabilities are clipped first and normalised after, unlike those of the categorical loss."""
    log_p = log_softmax(prediction if loss.get("from_logits") else log_of_clipped(prediction))
    return -np.take_along_axis(log_p, target.reshape(*log_p.shape[:-1], 1).astype(np.int64), axis=-1)[..., 0]


def binary_crossentropy(loss: Node, target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    smoothing = loss.get("label_smoothing", 0)
    target = target * (1 - smoothing) + 0.5 * smoothing
    if loss.get("from_logits"):
        return (np.logaddexp(prediction, 0) - target * prediction).mean(axis=-1)
    return -(target * log_of_clipped(prediction) + (1 - target) * log_of_clipped(1 - prediction)).mean(axis=-1)


def huber(loss: Node, target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    delta, error = loss.get("delta", 1.0), np.abs(prediction - target)
    return np.where(error <= delta, 0.5 * error**2, delta * (error - 0.5 * delta)).mean(axis=-1)


def binary_focal_crossentropy(loss: Node, target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    t = target * (1 - loss.get("label_smoothing", 0)) + 0.5 * loss.get("label_smoothing", 0)
    p = 1 / (1 + np.exp(-prediction)) if loss.get("from_logits") else prediction
    values = -(t * log_of_clipped(p) + (1 - t) * log_of_clipped(1 - p)) * (t + p - 2 * t * p) ** loss["gamma"]
    if loss.get("apply_class_balancing"):
        values *= loss["alpha"] * t + (1 - loss["alpha"]) * (1 - t)
    return values.mean(axis=-1)


def categorical_focal_crossentropy(loss: Node, target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    t = target * (1 - loss.get("label_smoothing", 0)) + loss.get("label_smoothing", 0) / target.shape[-1]
    p = np.exp(log_softmax(prediction)) if loss.get("from_logits") else prediction
    p = p / p.sum(axis=-1, keepdims=True)
    return -(loss["alpha"] * t * (1 - p) ** loss["gamma"] * log_of_clipped(p)).sum(axis=-1)


def categorical_generalized_cross_entropy(loss: Node, target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    own = np.take_along_axis(prediction, target.reshape(*prediction.shape[:-1], 1).astype(np.int64), axis=-1)[..., 0]
    return (1 - own ** loss["q"]) / loss["q"]


def tversky(loss: Node, target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """As counts of what is right, missed and wrong. Dice's is the same with a half of each of the others."""
    right, missed, wrong = (
        (a * b).sum(axis=tuple(int(axis) for axis in loss["axis"]))
        for a, b in ((target, prediction), (target, 1 - prediction), (1 - target, prediction))
    )
    return 1 - right / (right + loss.get("alpha", 0.5) * missed + loss.get("beta", 0.5) * wrong)


def cosine_similarity(loss: Node, target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    return -(target * prediction).sum(axis=-1) / np.linalg.norm(target, axis=-1) / np.linalg.norm(prediction, axis=-1)


def categorical_hinge(loss: Node, target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    margin = ((1 - target) * prediction).max(axis=-1) - (target * prediction).sum(axis=-1)
    return np.maximum(margin + 1, 0)


def margins(target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """For targets of -1 and 1."""
    return np.maximum(1 - target * prediction, 0)


LOSSES: dict[str, Callable[[Node, np.ndarray, np.ndarray], np.ndarray]] = {
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
    "categorical_crossentropy": categorical_crossentropy,
    "binary_crossentropy": binary_crossentropy,
    "mean_squared_error": lambda loss, target, prediction: ((prediction - target) ** 2).mean(axis=-1),
    "mean_absolute_error": lambda loss, target, prediction: np.abs(prediction - target).mean(axis=-1),
    "huber": huber,
    "mean_absolute_percentage_error": lambda loss, target, prediction: (
        100 * np.abs(prediction / target - 1).mean(axis=-1)
    ),
    "mean_squared_logarithmic_error": lambda loss, target, prediction: (
        (np.log1p(np.maximum(prediction, 1e-7)) - np.log1p(np.maximum(target, 1e-7))) ** 2
    ).mean(axis=-1),
    "log_cosh": lambda loss, target, prediction: np.log(np.cosh(prediction - target)).mean(axis=-1),
    "poisson": lambda loss, target, prediction: (prediction - target * np.log(prediction + 1e-7)).mean(axis=-1),
    "kl_divergence": lambda loss, target, prediction: (
        np.maximum(target, 1e-7) * np.log(np.maximum(target, 1e-7) / prediction)
    ).sum(axis=-1),
    "cosine_similarity": cosine_similarity,
    "hinge": lambda loss, target, prediction: margins(target, prediction).mean(axis=-1),
    "squared_hinge": lambda loss, target, prediction: (margins(target, prediction) ** 2).mean(axis=-1),
    "categorical_hinge": categorical_hinge,
    "binary_focal_crossentropy": binary_focal_crossentropy,
    "categorical_focal_crossentropy": categorical_focal_crossentropy,
    "categorical_generalized_cross_entropy": categorical_generalized_cross_entropy,
    "dice": tversky,
    "tversky": tversky,
}


def loss_value(
    loss: Node, target: np.ndarray, prediction: np.ndarray, sample_weight: np.ndarray | None = None
) -> float:
    """The losses of all rows, multiplied by their images' weights and reduced, times the factor."""
    values = LOSSES[loss["type"]](loss, target, prediction)
    values = values.reshape(len(values), -1)
    weights = np.ones(len(values)) if sample_weight is None else np.asarray(sample_weight, np.float64)
    total = loss.get("factor", 1.0) * (values * weights[:, np.newaxis]).sum()
    divisors = {"sum_over_batch_size": values.size, "sum": 1.0,
                "mean_with_sample_weight": weights.sum() * values.shape[1]}
    return float(total / divisors[loss.get("reduction", "sum_over_batch_size")])
