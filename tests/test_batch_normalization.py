"""BatchNormalization: what its statistics do in training, in inference, when it is frozen, when a step is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from core import read, write

import fashioncnn as keras
from fashioncnn._core import Network

L = keras.layers


def data(rows: int = 12, channels: int = 5, mean: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.RandomState(3)
    x = mean + random.standard_normal((rows, 4, 3, channels)) * random.uniform(0.5, 2, channels)
    return x.astype(np.float32), random.standard_normal((rows, 2)).astype(np.float32)


def model_with(layer: Any, channels: int = 5) -> Any:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([L.Input((4, 3, channels)), layer, L.Flatten(), L.Dense(2)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def statistics(layer: Any) -> np.ndarray:
    return np.concatenate([layer.moving_mean.numpy(), layer.moving_variance.numpy()])


def normalized(x: np.ndarray, epsilon: float = 1e-3) -> np.ndarray:
    x = x.astype(np.float64)
    axes = tuple(range(x.ndim - 1))
    return (x - x.mean(axis=axes)) / np.sqrt(x.var(axis=axes) + epsilon)


@pytest.mark.parametrize("momentum", [0.0, 0.8, 0.99, 1.0])
def test_moving_statistics_follow_those_of_each_batch(momentum):
    x, y = data()
    layer = L.BatchNormalization(momentum=momentum)
    model = model_with(layer)
    expected = np.concatenate([np.zeros(5), np.ones(5)])
    for rows in (slice(0, 7), slice(7, 12)):
        model.train_on_batch(x[rows], y[rows])
        batch = x[rows].astype(np.float64)
        of_batch = np.concatenate([batch.mean(axis=(0, 1, 2)), batch.var(axis=(0, 1, 2))])
        expected = momentum * expected + (1 - momentum) * of_batch
    np.testing.assert_allclose(statistics(layer), expected, rtol=1e-5, atol=1e-6)


def test_only_training_moves_statistics():
    x, y = data()
    layer = L.BatchNormalization()
    model = model_with(layer)
    model.train_on_batch(x, y)
    before = statistics(layer)
    model.predict(x, verbose=0)
    model.evaluate(x, y, verbose=0)
    model(x)
    np.testing.assert_array_equal(statistics(layer), before)
    model(x, training=True)
    assert np.all(statistics(layer) != before)


def test_inference_uses_the_moving_statistics():
    x, _ = data()
    random = np.random.RandomState(4)
    layer = L.BatchNormalization(epsilon=0.01)
    gamma, beta, mean = (random.uniform(-2, 2, 5).astype(np.float32) for _ in range(3))
    variance = random.uniform(0.5, 3, 5).astype(np.float32)
    layer.build((None, 4, 3, 5))
    layer.set_weights([gamma, beta, mean, variance])
    expected = gamma * (x.astype(np.float64) - mean) / np.sqrt(variance + 0.01) + beta
    np.testing.assert_allclose(layer(x), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(layer(x, training=True), gamma * normalized(x, 0.01) + beta, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("mean", [1.0, 1e3, -1e5])
def test_a_mean_far_from_zero_costs_no_accuracy(mean):
    """Squares of such numbers, subtracted from one another, would leave nothing of the variance."""
    x, _ = data(mean=mean)
    np.testing.assert_allclose(L.BatchNormalization()(x, training=True), normalized(x), atol=2e-6 * abs(mean))


def test_one_row_has_no_deviation():
    layer = L.BatchNormalization(beta_initializer=keras.initializers.Constant(0.5))
    np.testing.assert_array_equal(layer(np.float32([[3.0, -7.0]]), training=True), [[0.5, 0.5]])


def test_a_frozen_layer_acts_as_in_inference_and_stays():
    x, y = data()
    layer = L.BatchNormalization()
    model = model_with(layer)
    model.train_on_batch(x, y)
    layer.trainable = False
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = [weight.copy() for weight in layer.get_weights()]
    expected = np.mean((model.predict(x, verbose=0) - y) ** 2)
    assert model.train_on_batch(x, y) == pytest.approx(expected, rel=1e-5)
    for now, then in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    layer.trainable = True
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.train_on_batch(x, y)
    assert all(np.any(now != then) for now, then in zip(layer.get_weights(), before, strict=True))


def network_of(*, shares: bool = False, **options: Any) -> Network:
    normal = {"type": "batch_normalization", "epsilon": 1e-3, "momentum": 0.5}
    nodes: list[dict[str, Any]] = [
        {"type": "input", "name": "x", "shape": (4, 3, 5), "inputs": ()},
        {**normal, "name": "first", "inputs": (0,), **options},
        {**normal, "name": "second", "inputs": (1,), **({"shares": 1} if shares else {})},
        {"type": "reshape", "name": "flatten", "inputs": (2,), "target_shape": (60,)},
        {"type": "dense", "name": "dense", "inputs": (3,), "units": 2, "use_bias": True},
    ]
    network = Network(nodes)
    write(network, np.random.RandomState(5).uniform(0.5, 1.5, read(network).shape))
    network.set_objective({"type": "mean_squared_error"}, [])
    network.set_optimizer({"type": "sgd"})
    network.learning_rate = 0.1
    return network


def of_kind(network: Network, name: str) -> list[np.ndarray]:
    values = read(network)
    return [values[offset : offset + int(np.prod(shape))].copy()
            for _, own, shape, offset in network.parameters if own == name]


@pytest.mark.parametrize(("x_scale", "y_scale", "part"), [
    (1.0, 1e38, "loss of training step 2"), (1e30, 1.0, "statistics of layer 'first' are not finite"),
], ids=["loss", "statistics"])  # fmt: skip
def test_a_refused_step_changes_nothing(x_scale, y_scale, part):
    x, y = data()
    network, other = network_of(), network_of()
    for each in (network, other):
        each.train_step(x, y, None, 0, 12)
    before = read(network)
    with pytest.raises(FloatingPointError, match=part):
        network.train_step(x * np.float32(x_scale), y * np.float32(y_scale), None, 0, 12)
    np.testing.assert_array_equal(read(network), before)
    assert network.iterations == 1
    for each in (network, other):
        each.train_step(x, y, None, 0, 12)
    np.testing.assert_array_equal(read(network), read(other))


def test_gradients_alone_move_nothing():
    x, y = data()
    network = network_of()
    before = read(network)
    network.compute_gradients(x, y, None, 0, 12)
    np.testing.assert_array_equal(read(network), before)


def test_a_shared_layer_moves_once_for_each_use():
    x, y = data()
    network = network_of(shares=True)
    (gamma,), (beta,), (mean,), _ = (of_kind(network, name)
                                     for name in ("gamma", "beta", "moving_mean", "moving_variance"))
    between = gamma * normalized(x) + beta
    expected = mean.astype(np.float64)
    for values in (x, between):
        expected = 0.5 * expected + 0.5 * values.mean(axis=(0, 1, 2))
    network.train_step(x, y, None, 0, 12)
    np.testing.assert_allclose(of_kind(network, "moving_mean")[0], expected, rtol=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_a_node_can_be_told_how_to_act(training):
    """Where whoever runs the network does not say it; and what acts as in inference moves nothing."""
    x, _ = data()
    network = network_of(training=training)
    first, second_mean = of_kind(network, "moving_mean")
    variance, second_variance = of_kind(network, "moving_variance")
    (gamma, second_gamma), (beta, second_beta) = of_kind(network, "gamma"), of_kind(network, "beta")
    (kernel,), (bias,) = of_kind(network, "kernel"), of_kind(network, "bias")
    outputs = np.empty((12, 2), np.float32)
    network.predict(x, 0, 12, outputs, None)
    assert np.array_equal(of_kind(network, "moving_mean")[0], first) != training
    by_statistics = gamma * (x - first) / np.sqrt(variance + 1e-3) + beta
    middle = gamma * normalized(x) + beta if training else by_statistics
    scaled = (middle - second_mean) / np.sqrt(second_variance + 1e-3)
    last = (second_gamma * scaled + second_beta).reshape(12, 60)
    np.testing.assert_allclose(outputs, last @ kernel.reshape(60, 2) + bias, rtol=1e-4, atol=1e-4)
    untold = np.empty_like(outputs)
    for run in (False, True):
        network, other = network_of(training=training), network_of()
        network.predict(x, 0, 12, outputs, run)
        other.predict(x, 0, 12, untold, run)
        np.testing.assert_array_equal(outputs, untold)


@pytest.mark.parametrize("frozen", ["moving_mean", "gamma"])
def test_frozen_statistics_make_it_act_as_in_inference_and_frozen_gamma_does_not(frozen):
    x, y = data()
    network = network_of()
    network.trainable = [not (frozen == "moving_mean" and name.startswith("moving_")) and name != frozen
                         for _, name, _, _ in network.parameters]
    before = {name: of_kind(network, name) for name in ("gamma", "beta", "moving_mean", "moving_variance")}
    network.train_step(x, y, None, 0, 12)
    moved = {name for name, values in before.items() if not np.array_equal(values, of_kind(network, name))}
    assert moved == ({"gamma", "beta"} if frozen == "moving_mean" else {"beta", "moving_mean", "moving_variance"})


def folding_network(filters: int, use_bias: bool, between: bool, ends: list[dict[str, Any]]) -> Network:
    """A convolution and a batch normalization; what lies between keeps the one from being folded into the other."""
    conv = {"filters": filters, "kernel_size": (3, 3), "strides": (1, 1), "dilation_rate": (1, 1), "padding": "same"}
    layers = [
        {"type": "input", "shape": (8, 7, 3)},
        {"type": "conv2d", "use_bias": use_bias, **conv},
        {"type": "activation", "function": "tanh"},
        {"type": "conv2d", "use_bias": use_bias, **conv},
        *([{"type": "rescaling", "scale": 1.0, "offset": 0.0}] if between else []),
        {"type": "batch_normalization", "epsilon": 1e-3, "momentum": 0.9},
        *ends,
    ]
    network = Network([{"name": f"{layer['type']}_{n}", "inputs": (n - 1,) if n else (), **layer}
                       for n, layer in enumerate(layers)])
    random = np.random.RandomState(6)
    values = random.uniform(-0.2, 0.2, read(network).shape)
    for _, name, shape, offset in network.parameters:
        if name in ("gamma", "moving_variance"):
            values[offset : offset + shape[0]] = random.uniform(0.3, 2, shape)
    write(network, values)
    return network


RELU: dict[str, Any] = {"type": "activation", "function": "relu"}
MAX_POOL: dict[str, Any] = {"type": "max_pooling2d", "pool_size": (2, 2), "strides": (2, 2), "padding": "valid"}


@pytest.mark.parametrize("ends", [[], [RELU], [MAX_POOL], [RELU, MAX_POOL]], ids=["", "relu", "pool", "relu, pool"])
@pytest.mark.parametrize("use_bias", [False, True], ids=["", "bias"])
@pytest.mark.parametrize("filters", [5, 128])
def test_folding_changes_no_prediction(filters, use_bias, ends, automatic_threads):
    """Few parameters, of which every thread makes its own copy, and many."""
    x = np.random.RandomState(7).standard_normal((40, 8, 7, 3)).astype(np.float32)
    folded, plain = (folding_network(filters, use_bias, between, ends) for between in (False, True))
    for _ in range(2):
        outputs = []
        for network, threads in ((plain, 2), (folded, 1), (folded, 2), (folded, 3)):
            keras.set_num_threads(threads)
            out = np.empty((40, *network.output_shapes[0]), np.float32)
            network.predict(x, 0, 40, out)
            outputs.append(out)
        np.testing.assert_allclose(outputs[1], outputs[0], rtol=0, atol=1e-5 * np.abs(outputs[0]).max())
        assert not np.array_equal(outputs[1], outputs[0])  # it was folded
        for other in outputs[2:]:
            np.testing.assert_array_equal(other, outputs[1])
        for network in (folded, plain):  # other parameters: nothing old is left
            write(network, read(network) * np.float32(1.2))


@pytest.mark.parametrize("axis", [1, 2, -2, -3])
def test_channels_may_be_on_another_axis(axis):
    """It does what the layer for the last axis does to images whose axes are exchanged."""
    x, _ = data()
    swapped = np.ascontiguousarray(np.swapaxes(x, axis, -1))
    layer, last = L.BatchNormalization(axis=axis, momentum=0.5), L.BatchNormalization(momentum=0.5)
    assert layer.compute_output_shape((None, 4, 3, 5)) == (None, 4, 3, 5)
    for training in (True, False):
        np.testing.assert_allclose(layer(x, training=training), np.swapaxes(last(swapped, training=training), axis, -1),
                                   rtol=1e-6, atol=1e-6)
    for weight, other in zip(layer.weights, last.weights, strict=True):
        assert (weight.name, weight.shape) == (other.name, other.shape)
        np.testing.assert_allclose(weight, other, rtol=1e-6)
    assert layer.get_config()["axis"] == axis
