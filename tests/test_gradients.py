"""Every layer's and loss's gradient against finite differences of the NumPy reference in float64.

A network whose input is the identity matrix and whose first node is a dense layer without bias predicts from that
layer's kernel: so the kernel's gradient is the gradient with respect to the input of what follows, and one comparison
of all parameters checks a layer's backward pass and its parameters' gradients together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import reference_numpy
from core import read, write
from gradient_cases import (
    LAYERS,
    LOSSES,
    MAX_POOL,
    RELU,
    SOFTMAX,
    activation,
    conv,
    dense,
)

import fashioncnn
from fashioncnn._core import Network

IMAGES = 3
STEP = 1e-6
GRADIENT_TOLERANCE = 2e-5  # of the largest gradient
FORWARD_TOLERANCE = 5e-6  # of the largest prediction
Nodes = list[dict[str, Any]]


def chain(shape: tuple[int, ...], *layers: dict[str, Any], images: int = IMAGES) -> Nodes:
    """identity -> values of `shape` -> layers."""
    nodes: Nodes = [
        {"type": "input", "shape": (images,), "inputs": ()},
        {"type": "dense", "units": int(np.prod(shape)), "use_bias": False},
        {"type": "reshape", "target_shape": shape},
        *(dict(layer) for layer in layers),
    ]
    for position, node in enumerate(nodes):
        node.setdefault("inputs", (position - 1,))
        node["name"] = f"{node['type']}_{position}"
    return nodes


def build(nodes: Nodes, random: np.random.RandomState) -> Network:
    network = Network(nodes)
    values = random.uniform(-1, 1, read(network).shape)
    for _node, name, shape, offset in network.parameters:
        if name == "moving_variance":
            stretch = values[offset : offset + int(np.prod(shape))]
            stretch[:] = np.abs(stretch) + 0.5
    write(network, values)
    network.trainable = [nodes[node].get("training", True) or not name.startswith("moving_")
                         for node, name, _shape, _offset in network.parameters]  # by frozen statistics: as in inference
    return network


def parameters_of(network: Network, flat: np.ndarray) -> dict[int, list[np.ndarray]]:
    """`flat` cut into the parameters of each node."""
    parameters: dict[int, list[np.ndarray]] = {}
    for node, _name, shape, offset in network.parameters:
        size = int(np.prod(shape))
        parameters.setdefault(node, []).append(flat[offset : offset + size].reshape(shape))
    return parameters


def are_learned(network: Network) -> np.ndarray:
    """Of every number whether it is learned: it is no statistic."""
    names = [np.full(int(np.prod(shape)), not name.startswith("moving_")) for _, name, shape, _ in network.parameters]
    return np.concatenate(names)


def finite_differences(
    function: Callable[[np.ndarray], float], point: np.ndarray, wanted: np.ndarray | None = None
) -> np.ndarray:
    """0 where `wanted` is false."""
    gradient = np.zeros_like(point)
    for i in range(len(point)) if wanted is None else np.flatnonzero(wanted):
        there, back = point.copy(), point.copy()
        there[i] += STEP
        back[i] -= STEP
        gradient[i] = (function(there) - function(back)) / (2 * STEP)
    return gradient


def assert_close(actual: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * max(np.abs(expected).max(), 1e-30))


def target_for(loss: str, shape: tuple[int, ...], random: np.random.RandomState) -> np.ndarray:
    if loss in ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy"):
        return random.randint(0, shape[-1], shape[:-1])
    if loss.startswith("categorical_") or loss == "kl_divergence":
        return np.eye(shape[-1], dtype=np.float32)[random.randint(0, shape[-1], shape[:-1])]
    if loss.startswith("binary_") or loss in ("dice", "tversky", "poisson"):
        return random.randint(0, 2, shape).astype(np.float32)
    if loss.endswith("hinge"):
        return random.choice([-1.0, 1.0], shape).astype(np.float32)
    return random.standard_normal(shape).astype(np.float32)


def check(nodes: Nodes, loss: dict[str, Any], weighted: bool = False) -> None:
    """Prediction, loss and all gradients of the core against the reference."""
    random = np.random.RandomState(7)
    network = build(nodes, random)
    network.set_objective(loss, [])
    x = np.eye(IMAGES, dtype=np.float32)
    y = target_for(loss["type"], (IMAGES, *network.output_shapes[-1]), random)
    weight = random.uniform(0.2, 2, IMAGES).astype(np.float32) if weighted else None

    def predict(flat: np.ndarray) -> np.ndarray:
        return reference_numpy.forward(nodes, parameters_of(network, flat), x)

    def value(flat: np.ndarray) -> float:
        outputs = reference_numpy.node_outputs(nodes, parameters_of(network, flat), (x,))
        return reference_numpy.loss_value(loss, y, outputs[-1], weight) + reference_numpy.penalty(nodes, outputs)

    point = read(network).astype(np.float64)
    outputs = np.empty((IMAGES, *network.output_shapes[-1]), np.float32)
    (actual,) = network.compute_gradients(x, y, None, 0, IMAGES, weight, outputs)
    assert_close(outputs, predict(point), FORWARD_TOLERANCE)
    assert actual == pytest.approx(value(point), rel=1e-5)
    learned = are_learned(network)
    assert_close(read(network, "gradients") * learned, finite_differences(value, point, learned), GRADIENT_TOLERANCE)


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name: str) -> None:
    shape, layers = LAYERS[name]
    check(chain(shape, *layers), {"type": "mean_squared_error"})


@pytest.mark.parametrize("weighted", [False, True], ids=["", "sample_weight"])
@pytest.mark.parametrize("name", LOSSES)
def test_loss(name: str, weighted: bool) -> None:
    loss, shape, layers = LOSSES[name]
    check(chain(shape, *layers), loss, weighted)


def test_dropout_passes_the_gradient_of_what_it_kept() -> None:
    rate, units = 0.3, 4000
    network = build(chain((units,), {"type": "dropout", "rate": rate, "seed": 5}), np.random.RandomState(1))
    network.set_objective({"type": "mean_squared_error"}, [])
    x, y = np.eye(IMAGES, dtype=np.float32), np.zeros((IMAGES, units), np.float32)
    kept = np.empty((IMAGES, units), np.float32)
    network.compute_gradients(x, y, None, 0, IMAGES, None, kept)
    values = read(network).reshape(IMAGES, units)
    scale = np.where(kept == 0, 0, 1 / (1 - rate))
    np.testing.assert_allclose(kept, values * scale, rtol=1e-6)
    gradients = read(network, "gradients").reshape(IMAGES, units)
    np.testing.assert_allclose(gradients, 2 * kept * scale / kept.size, rtol=1e-5)
    assert np.mean(kept == 0) == pytest.approx(rate, abs=0.02)


def test_gradient_of_some_rows_is_that_of_those_rows_alone() -> None:
    random = np.random.RandomState(3)
    flatten = {"type": "reshape", "target_shape": (12,)}
    nodes = chain((6, 6, 1), conv(3), RELU, MAX_POOL, flatten, dense(4), SOFTMAX, images=9)
    network = build(nodes, random)
    network.set_objective({"type": "sparse_categorical_crossentropy"}, [])
    x, y = random.uniform(size=(20, 9)), random.randint(0, 4, 20)
    order = random.permutation(20).astype(np.int64)
    network.compute_gradients(x, y, order, 4, 11)
    chosen = read(network, "gradients")
    network.compute_gradients(x[order[4:11]], y[order[4:11]], None, 0, 7)
    np.testing.assert_array_equal(chosen, read(network, "gradients"))


def test_gradient_of_a_batch_is_the_mean_of_its_images() -> None:
    """However the images of a batch are divided among blocks and sums, and whatever batch came before."""
    random = np.random.RandomState(4)
    flatten = {"type": "reshape", "target_shape": (24,)}
    body = [conv(4), RELU, MAX_POOL, conv(6, strides=(2, 2)), RELU, flatten, dense(70), RELU, dense(4), SOFTMAX]
    network = build(chain((12, 12, 1), *body, images=8), random)
    network.set_objective({"type": "sparse_categorical_crossentropy"}, [])
    x, y = np.eye(8, dtype=np.float32)[random.randint(0, 8, 150)], random.randint(0, 4, 150)
    alone = np.empty((len(x), len(read(network))), np.float32)
    for i in range(len(x)):
        network.compute_gradients(x, y, None, i, i + 1)
        alone[i] = read(network, "gradients")
    for images in (150, 17, 64, 16, 100, 33, 65, 1, 48):
        network.compute_gradients(x, y, None, 0, images)
        assert_close(read(network, "gradients"), alone[:images].mean(axis=0, dtype=np.float64), 1e-5)


@pytest.mark.parametrize(("shape", "filters", "options"), [
    ((14, 14, 32), 32, {"padding": "same"}),
    ((28, 27, 16), 16, {"padding": "same"}),
    ((9, 11, 40), 24, {}),
    ((12, 13, 32), 36, {"padding": "same", "kernel_size": (5, 5)}),
    ((7, 6, 130), 140, {"padding": "same"}),
], ids=str)
def test_large_convolutions(shape: tuple[int, ...], filters: int, options: dict[str, Any]) -> None:
    """Those that run by Winograd's algorithm, whose gradients are too many for finite differences."""
    random = np.random.RandomState(11)
    nodes = chain(shape, conv(filters, **options))
    network = build(nodes, random)
    network.set_objective({"type": "mean_squared_error"}, [])
    y = random.standard_normal((IMAGES, *network.output_shapes[-1])).astype(np.float32)
    predictions = np.empty_like(y)
    network.compute_gradients(np.eye(IMAGES, dtype=np.float32), y, None, 0, IMAGES, None, predictions)
    (values,), (kernel, bias) = parameters_of(network, read(network).astype(np.float64)).values()
    x = values.reshape(IMAGES, *shape)
    expected = reference_numpy.conv2d(nodes[-1], x, kernel, bias)
    assert_close(predictions, expected, GRADIENT_TOLERANCE)
    dy = 2 * (expected - y) / y.size
    taps = reference_numpy.windows(nodes[-1], x, kernel.shape[:2], (1, 1), 0.0)
    dx = reference_numpy.conv2d_transpose(nodes[-1], dy, kernel)
    dw = np.stack([np.tensordot(tap, dy, ((0, 1, 2), (0, 1, 2))) for tap in taps]).reshape(kernel.shape)
    (values,), (kernel, bias) = parameters_of(network, read(network, "gradients")).values()
    assert_close(values.reshape(x.shape), dx, GRADIENT_TOLERANCE)
    assert_close(kernel, dw, GRADIENT_TOLERANCE)
    assert_close(bias, dy.sum(axis=(0, 1, 2)), GRADIENT_TOLERANCE)


def test_large_dense_layers_in_parts_agree_with_whole_ones(automatic_threads: None) -> None:
    """Behind a ReLU, through dropout and pooling, for several users of one tensor, over several blocks."""

    def network_with(between: dict[str, Any]) -> Network:
        """`between` follows each ReLU: a view, or a layer that hides the ReLU from the dense layer behind it."""
        flatten = {"type": "reshape", "target_shape": (400,)}
        dropout = {"type": "dropout", "rate": 0.2, "seed": 6}
        pooled = [conv(16), RELU, between, MAX_POOL, flatten]
        nodes = chain((12, 12, 1), *pooled, dense(390), RELU, dropout, between, dense(90), images=8)
        shared = len(nodes) - 2
        nodes += [
            {"type": "dense", "units": 90, "use_bias": False, "inputs": (shared,), "name": "branch"},
            {"type": "add", "inputs": (shared + 1, shared + 2), "name": "add"},
            {**dense(4), "inputs": (shared + 3,), "name": "last"},
            {**SOFTMAX, "inputs": (shared + 4,), "name": "softmax"},
        ]
        network = build(nodes, np.random.RandomState(5))
        write(network, read(network) * 0.1)
        network.set_objective({"type": "sparse_categorical_crossentropy"}, [])
        return network

    random = np.random.RandomState(6)
    x, y = random.standard_normal((70, 8)).astype(np.float32), random.randint(0, 4, 70)
    parts = network_with(activation("linear"))
    whole = network_with({"type": "rescaling", "scale": 1.0, "offset": 0.0})
    for threads, images in ((1, 70), (1, 1), (3, 33), (2, 32), (7, 70)):
        fashioncnn.set_num_threads(threads)
        losses = [network.compute_gradients(x, y, None, 0, images) for network in (parts, whole)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-6)
        gradients = [read(network, "gradients") for network in (parts, whole)]
        assert_close(gradients[0], gradients[1], 1e-5)
        assert not np.array_equal(gradients[0], gradients[1])  # their sums have another order: both ways did run


@pytest.mark.parametrize("units", [1, 2, 4])
def test_wide_input_of_few_units(units: int) -> None:
    """Parameters that are many, and yet few beside the images: summed in four sums, not in parts."""
    inputs = 33000 // units
    random = np.random.RandomState(10)
    network = build(chain((inputs,), RELU, dense(units, use_bias=False)), random)
    network.set_objective({"type": "mean_squared_error"}, [])
    y = random.standard_normal((IMAGES, units)).astype(np.float32)
    network.compute_gradients(np.eye(IMAGES, dtype=np.float32), y, None, 0, IMAGES)
    values, kernel = np.split(read(network).astype(np.float64), [IMAGES * inputs])
    x = np.maximum(values, 0).reshape(IMAGES, inputs)
    dy = 2 * (x @ kernel.reshape(inputs, units) - y) / y.size
    expected = np.concatenate([((dy @ kernel.reshape(inputs, units).T) * (x > 0)).ravel(), (x.T @ dy).ravel()])
    assert_close(read(network, "gradients"), expected, 1e-5)


@pytest.mark.parametrize(
    "before", [[], [MAX_POOL], [{"type": "dropout", "rate": 0.0, "seed": 7}]], ids=["plain", "pool", "dropout"]
)
def test_zeros_without_a_relu_get_their_gradients(before: list[dict[str, Any]]) -> None:
    """Zero inputs of a large dense layer: only a ReLU makes them need none."""
    flatten = {"type": "reshape", "target_shape": (400,)}
    side = 20 if MAX_POOL not in before else 40
    network = build(chain((side, side, 1), *before, flatten, dense(90, use_bias=False)), np.random.RandomState(8))
    network.write("weights", 0, np.zeros(IMAGES * side * side, np.float32))  # the values that the layers see
    network.set_objective({"type": "mean_squared_error"}, [])
    y = np.random.RandomState(9).standard_normal((IMAGES, 90)).astype(np.float32)
    network.compute_gradients(np.eye(IMAGES, dtype=np.float32), y, None, 0, IMAGES)
    kernel = read(network)[IMAGES * side * side :].reshape(400, 90)
    expected = -2 * y.astype(np.float64) @ kernel.T.astype(np.float64) / y.size
    actual = read(network, "gradients")[: IMAGES * side * side].reshape(IMAGES, side, side)
    if side == 40:  # the first of equal numbers wins
        actual = actual[:, ::2, ::2]
    assert_close(actual.reshape(IMAGES, 400), expected, 1e-5)
