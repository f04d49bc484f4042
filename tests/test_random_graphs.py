"""Random networks against the NumPy reference in float64: predictions, losses, gradients; and the same bits for any
number of threads, whatever it was before.

A gradient is compared with the derivative along a random direction in each parameter. Near a kink of a ReLU or a tie
in a max pool float32 and float64 may disagree, and rightly so; that is rare, so a network has failed if it does so with
each of three sets of weights.

FASHIONCNN_RANDOM_GRAPHS=3000 tries so many networks in place of a few dozen.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import pytest
import random_graphs
import reference_numpy
from core import read, write

import fashioncnn
from fashioncnn._core import Network

COUNT = int(os.environ.get("FASHIONCNN_RANDOM_GRAPHS", "40"))
SETS_OF_WEIGHTS = 3
STEP = 1e-6
FORWARD_TOLERANCE = 1e-4  # of an output's largest number, or of 0.1
GRADIENT_TOLERANCE = 1e-3  # of the largest that a derivative in this direction may be
Parameters = list[tuple[int, str, tuple[int, ...], int]]


def build(drawn: random_graphs.Drawn, seed: int) -> Network:
    random = np.random.RandomState(seed)
    network = Network(drawn.nodes, outputs=drawn.outputs)
    values = read(network)
    for _, name, shape, offset in network.parameters:
        size = int(np.prod(shape))
        limit = np.sqrt(3 / max(1, np.prod(shape[:-1]))) if len(shape) > 1 else 1.0
        low = 0.5 if name in ("moving_variance", "gamma") else -limit
        values[offset : offset + size] = random.uniform(low, max(limit, 1.5) if low > 0 else limit, size)
    write(network, values)
    network.set_objective(one_or_all(drawn.losses), one_or_all(tuple([] for _ in drawn.losses)))
    network.set_optimizer({"type": "sgd", "momentum": 0.5})
    network.learning_rate = 0.01
    network.trainable = [bool(random.uniform() < drawn.trainable) for _ in network.parameters]
    return network


def one_or_all(values):
    """A network with one input, or output, takes and gives no tuple."""
    return values if len(values) > 1 else values[0]


def call(network: Network, name: str, drawn: random_graphs.Drawn, stop: int, outputs=None):
    weights = one_or_all(drawn.weights) if any(weight is not None for weight in drawn.weights) else None
    return getattr(network, name)(one_or_all(drawn.x), one_or_all(drawn.y), None, 0, stop, weights,
                                  one_or_all(outputs) if outputs else None)


def as_it_runs(drawn: random_graphs.Drawn, network: Network, training: bool | None = True) -> list[random_graphs.Node]:
    """Nodes that say how they act, in training or not, or None: as they were told. Batch normalization whose statistics
    are frozen acts as in inference."""
    moves: dict[int, bool] = {}
    for trainable, (node, name, _, _) in zip(network.trainable, network.parameters, strict=True):
        if name.startswith("moving_"):
            moves[node] = moves.get(node, False) or trainable
    modes = [node.get("training", False) if training is None else training for node in drawn.nodes]
    return [{**node, "training": mode and moves.get(node.get("shares", position), True)}
            for position, (node, mode) in enumerate(zip(drawn.nodes, modes, strict=True))]


def parameters_of(parameters: Parameters, flat: np.ndarray) -> dict[int, list[np.ndarray]]:
    cut: dict[int, list[np.ndarray]] = {}
    for node, _, shape, offset in parameters:
        cut.setdefault(node, []).append(flat[offset : offset + int(np.prod(shape))].reshape(shape))
    return cut


def complaint_of_outputs(actual: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> str:
    for number, (mine, right) in enumerate(zip(actual, expected, strict=True)):
        error = np.abs(mine - right).max() / max(np.abs(right).max(), 0.1)
        if not error <= FORWARD_TOLERANCE:
            return f"output {number}: relative error {error:.2g}"
    return ""


def loss_at(drawn: random_graphs.Drawn, number: int, outputs: Sequence[np.ndarray]) -> float:
    """The loss of an output; from the logits, where nobody else reads the softmax or sigmoid, but for penalties."""
    loss, position = drawn.losses[number], drawn.outputs[number]
    prediction = outputs[position]
    origin = random_graphs.origin(drawn.nodes, position)
    while is_alone(drawn, position) and position != origin:
        (position,) = drawn.nodes[position]["inputs"]
    if "crossentropy" in loss["type"] and is_alone(drawn, position):
        loss, prediction = {**loss, "from_logits": True}, outputs[drawn.nodes[origin]["inputs"][0]]
    return reference_numpy.loss_value(loss, drawn.y[number], prediction, drawn.weights[number])


def is_alone(drawn: random_graphs.Drawn, position: int) -> bool:
    """Whether a node has one user, which may be the caller of the network."""
    users = [*drawn.outputs, *(source for node in drawn.nodes for source in node["inputs"])]
    return users.count(position) == 1


def complaint(drawn: random_graphs.Drawn, seed: int) -> str:
    """What differs from the reference; "" where nothing does."""
    network = build(drawn, seed)
    parameters, nodes = network.parameters, as_it_runs(drawn, network)
    images = len(drawn.x[0])

    def node_outputs(flat: np.ndarray) -> list[np.ndarray]:
        return reference_numpy.node_outputs(nodes, parameters_of(parameters, flat), drawn.x)

    def loss_of(flat: np.ndarray) -> float:
        outputs = node_outputs(flat)
        losses = [loss_at(drawn, number, outputs) for number, loss in enumerate(drawn.losses) if loss]
        return sum(losses) + reference_numpy.penalty(nodes, outputs)

    point = read(network).astype(np.float64)
    outputs = tuple(np.empty((images, *shape), np.float32) for shape in network.output_shapes)
    loss = call(network, "compute_gradients", drawn, images, outputs)[0]
    expected = node_outputs(point)
    if wrong := complaint_of_outputs(outputs, [expected[output] for output in drawn.outputs]):
        return wrong
    expected_loss = loss_of(point)
    if not abs(loss - expected_loss) <= 1e-4 * max(abs(expected_loss), 1e-3):
        return f"loss {loss}, expected {expected_loss}"
    return complaint_of_gradients(network, loss_of, point, seed)


def complaint_of_predictions(drawn: random_graphs.Drawn, seed: int) -> str:
    """The same of predictions, for which parameters are folded into one another."""
    network = build(drawn, seed)
    images = len(drawn.x[0])
    outputs = tuple(np.empty((images, *shape), np.float32) for shape in network.output_shapes)
    parameters = parameters_of(network.parameters, read(network).astype(np.float64))
    for training in (False, None):
        network.predict(one_or_all(drawn.x), 0, images, one_or_all(outputs), training)
        expected = reference_numpy.node_outputs(as_it_runs(drawn, network, training), parameters, drawn.x)
        if wrong := complaint_of_outputs(outputs, [expected[output] for output in drawn.outputs]):
            return f"training={training}: {wrong}"
    return ""


def complaint_of_gradients(network: Network, loss_of, point: np.ndarray, seed: int) -> str:
    random = np.random.RandomState(seed)
    gradients = read(network, "gradients").astype(np.float64)
    for trainable, (node, name, shape, offset) in zip(network.trainable, network.parameters, strict=True):
        own = slice(offset, offset + int(np.prod(shape)))
        if name.startswith("moving_") or not trainable:
            continue
        direction = np.zeros_like(point)
        direction[own] = random.standard_normal(own.stop - own.start)
        expected = (loss_of(point + STEP * direction) - loss_of(point - STEP * direction)) / (2 * STEP)
        actual = gradients @ direction
        most = max(np.linalg.norm(gradients[own]), 1e-2 * np.linalg.norm(gradients)) * np.linalg.norm(direction)
        if not abs(actual - expected) <= GRADIENT_TOLERANCE * most + 1e-8:
            return f"gradient of {name} of node {node} along a direction: {actual}, expected {expected}"
    return ""


@pytest.mark.parametrize("seed", range(COUNT))
def test_agrees_with_the_reference(seed: int) -> None:
    drawn = random_graphs.draw(seed)
    complaints = []
    for number in range(SETS_OF_WEIGHTS):
        weights = 1000 * number + seed
        complaints.append(complaint(drawn, weights) or complaint_of_predictions(drawn, weights))
        if not complaints[-1]:
            return
    pytest.fail(f"{complaints}\n{drawn.outputs}, {len(drawn.x[0])} images\n" + "\n".join(map(str, drawn.nodes)))


def train(network: Network, drawn: random_graphs.Drawn, stop: int) -> str:
    """What a step says that is not made, because its numbers have become too large."""
    try:
        call(network, "train_step", drawn, stop)
    except FloatingPointError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("seed", range(COUNT))
def test_does_not_depend_on_threads(seed: int, automatic_threads: None) -> None:
    drawn = random_graphs.draw(seed)
    images = len(drawn.x[0])
    results = []
    for threads in ((1, 1, 1), (2, 2, 2), (3, 1, 7), (7, 3, 2)):
        network, said = build(drawn, seed), []
        for number, stop in zip(threads, (images, (images + 1) // 2, images), strict=True):
            fashioncnn.set_num_threads(number)
            said.append(train(network, drawn, stop))
        predictions = tuple(np.empty((images, *shape), np.float32) for shape in network.output_shapes)
        network.predict(one_or_all(drawn.x), 0, images, one_or_all(predictions))
        results.append((said, read(network), read(network, "momentum"), *predictions))
    for other in results[1:]:
        for actual, expected in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(actual, expected)
