"""Networks of several inputs and outputs, through the core's own interface."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import reference_numpy
from core import read, write
from gradient_cases import normalization
from test_gradients import assert_close, finite_differences, parameters_of

import fashioncnn
from fashioncnn._core import Network

ROWS = 11


def nodes() -> list[dict[str, Any]]:
    """Two inputs that share a dense layer; outputs are numbers, classes, and the first input's hidden units."""
    chain: list[dict[str, Any]] = [
        {"type": "input", "shape": (3,), "inputs": ()},
        {"type": "input", "shape": (2, 3), "inputs": ()},
        {"type": "dense", "units": 4, "use_bias": True, "inputs": (0,)},
        {"type": "dense", "units": 4, "use_bias": True, "inputs": (1,), "shares": 2},
        normalization() | {"inputs": (3,)},
        {"type": "reshape", "target_shape": (8,), "inputs": (4,)},
        {"type": "dense", "units": 4, "use_bias": False, "inputs": (5,)},
        {"type": "add", "inputs": (2, 6)},
        {"type": "activation", "function": "tanh", "inputs": (7,)},
        {"type": "dense", "units": 2, "use_bias": True, "inputs": (8,)},
        {"type": "dense", "units": 3, "use_bias": True, "inputs": (8,)},
        {"type": "softmax", "inputs": (10,)},
    ]
    return [{"name": f"{node['type']}_{position}", **node} for position, node in enumerate(chain)]


OUTPUTS = (9, 11, 2)
LOSSES: tuple[dict[str, Any] | None, ...] = (
    {"type": "mean_squared_error", "factor": 0.7},
    {"type": "sparse_categorical_crossentropy", "factor": 1.5},
    None,
)


def data() -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray | None, ...], tuple[np.ndarray | None, ...]]:
    random = np.random.RandomState(2)
    x = random.standard_normal((ROWS, 3)).astype(np.float32), random.standard_normal((ROWS, 2, 3)).astype(np.float32)
    y = random.standard_normal((ROWS, 2)).astype(np.float32), random.randint(0, 3, ROWS), None
    weights = random.uniform(0.2, 2, ROWS).astype(np.float32), None, None
    return x, y, weights


def build() -> Network:
    network = Network(nodes(), outputs=OUTPUTS)
    write(network, np.random.RandomState(3).uniform(0.1, 1, read(network).shape))
    network.set_objective(LOSSES, ([], [{"type": "sparse_categorical_accuracy", "weighted": False}], []))
    return network


def losses_of(network: Network, flat: np.ndarray) -> list[float]:
    x, y, weights = data()
    outputs = reference_numpy.node_outputs(nodes(), parameters_of(network, flat), x)
    return [reference_numpy.loss_value(loss, y[o], outputs[OUTPUTS[o]], weights[o])
            for o, loss in enumerate(LOSSES) if loss and y[o] is not None]


def test_every_output_has_its_loss_its_weights_and_its_metrics():
    network = build()
    x, y, weights = data()
    outputs = tuple(np.empty((ROWS, *shape), np.float32) for shape in network.output_shapes)
    assert network.output_shapes == [(2,), (3,), (4,)]
    loss, first, second, third, correct, counted = network.compute_gradients(x, y, None, 0, ROWS, weights, outputs)
    point = read(network).astype(np.float64)
    expected = reference_numpy.node_outputs(nodes(), parameters_of(network, point), x)
    for output, node in zip(outputs, OUTPUTS, strict=True):
        assert_close(output, expected[node], 5e-6)
    own = losses_of(network, point)
    assert loss == pytest.approx(sum(own), rel=1e-5)
    assert (first, second, third) == pytest.approx((own[0] / 0.7, own[1] / 1.5, 0), rel=1e-5)
    assert (correct, counted) == (np.sum(expected[11].argmax(axis=1) == y[1]), ROWS)

    learned = np.concatenate([np.full(int(np.prod(shape)), not name.startswith("moving_"))
                              for _, name, shape, _ in network.parameters])
    gradient = finite_differences(lambda flat: sum(losses_of(network, flat)), point, learned)
    assert_close(read(network, "gradients") * learned, gradient, 2e-5)


def test_losses_can_be_given_to_some_outputs_later():
    """The second output alone: the first one's layer learns nothing."""
    network = build()
    x, y, _ = data()
    network.set_objective((None, LOSSES[1], None), ([], [], []))
    network.compute_gradients(x, (None, y[1], None), None, 0, ROWS)
    (kernel,) = [offset for node, name, _, offset in network.parameters if node == 9 and name == "kernel"]
    gradients = read(network, "gradients")
    assert np.count_nonzero(gradients[:kernel]) > 0
    network.set_optimizer({"type": "sgd"})
    network.learning_rate = 0.1
    before = read(network)[kernel : kernel + 10].copy()
    network.train_step(x, (None, y[1], None), None, 0, ROWS)
    np.testing.assert_array_equal(read(network)[kernel : kernel + 10], before)


def test_training_depends_on_no_number_of_threads(automatic_threads: None):
    x, y, weights = data()
    results = []
    for threads in (1, 2, 3, 7):
        fashioncnn.set_num_threads(threads)
        network = build()
        network.set_optimizer({"type": "adam"})
        network.learning_rate = 0.01
        for start, stop in ((0, ROWS), (2, 9), (5, 6)):
            network.train_step(x, y, None, start, stop, weights)
        predictions = tuple(np.empty((ROWS, *shape), np.float32) for shape in network.output_shapes)
        network.predict(x, 0, ROWS, predictions)
        results.append((read(network), *predictions))
    for other in results[1:]:
        for actual, expected in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(actual, expected)


def test_what_does_not_fit_is_refused():
    network = build()
    x, y, weights = data()
    with pytest.raises(ValueError, match="x has 1 arrays; expected 2"):
        network.compute_gradients(x[0], y, None, 0, ROWS, weights)
    with pytest.raises(ValueError, match="y has 2 arrays; expected 3"):
        network.compute_gradients(x, y[:2], None, 0, ROWS, weights)
    with pytest.raises(ValueError, match="x has 11 rows and another input has 5"):
        network.compute_gradients((x[0], x[1][:5]), y, None, 0, ROWS, weights)
    with pytest.raises(ValueError, match="output 0 has a loss, and y has no array for it"):
        network.compute_gradients(x, (None, *y[1:]), None, 0, ROWS, weights)
