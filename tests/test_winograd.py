"""config.set_winograd and FASHIONCNN_WINOGRAD: convolutions with and without Winograd's algorithm."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from by_threads import by_threads
from numpy.typing import NDArray

from fashioncnn import Model, Sequential, config, layers, optimizers, utils
from fashioncnn.cli.main import main
from fashioncnn.testing import weights_digest
from fashioncnn.testing.gradients import _Loss

IMAGES, SIDE, CHANNELS = 4, 16, 16
RANDOM = np.random.RandomState(3)
X = RANDOM.uniform(-1, 1, (48, SIDE, SIDE, CHANNELS)).astype("float32")
Y = RANDOM.randint(0, 5, 48)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = config.winograd()
    yield
    config.set_winograd(before)


def integers(share: float, *shape: int) -> NDArray[np.float64]:
    """-1 and 1, and between them zeros."""
    random = np.random.RandomState(len(shape) + shape[0])
    return np.where(random.rand(*shape) < share, random.choice([-1.0, 1.0], shape), 0.0)


def convolved(x: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """A 3x3 convolution of a bordered image."""
    lines, width = x.shape[1] - 2, x.shape[2] - 2
    return sum(x[:, i : i + lines, j : j + width] @ kernel[i, j] for i in range(3) for j in range(3))


def kernel_gradient(x: NDArray[np.float64], dy: NDArray[np.float64]) -> NDArray[np.float64]:
    lines, width = dy.shape[1:3]
    return np.array([[np.tensordot(x[:, i : i + lines, j : j + width], dy, ((0, 1, 2), (0, 1, 2)))
                      for j in range(3)] for i in range(3)])  # fmt: skip


def bordered(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))


def gradients(model: Model, x: NDArray[np.float64], y: NDArray[np.float64]) -> list[NDArray[np.float32]]:
    return [gradient for _, _, gradient in _Loss(model, x, y, None).gradients()]


def test_it_is_on_unless_somebody_says_otherwise():
    assert config.winograd() is True
    config.set_winograd(False)
    assert config.winograd() is False
    config.set_winograd(np.True_)
    assert config.winograd() is True


def test_without_it_whole_numbers_stay_whole_forward_and_in_both_gradients():
    """Sums of whole numbers are exact in any order; the transforms of Winograd's algorithm divide."""
    x, first, second = integers(0.2, IMAGES, SIDE, SIDE, CHANNELS), *2 * [integers(0.05, 3, 3, CHANNELS, CHANNELS)]
    y_1 = convolved(bordered(x), first)
    y_2 = convolved(bordered(y_1), second)
    dy_2 = 2 * y_2 / y_2.size
    dy_1 = convolved(bordered(dy_2), second[::-1, ::-1].transpose(0, 1, 3, 2))
    expected = [y_2, kernel_gradient(bordered(x), dy_1), kernel_gradient(bordered(y_1), dy_2)]
    conv = {"padding": "same", "use_bias": False}
    model = Sequential([layers.Input(x.shape[1:]), *(layers.Conv2D(CHANNELS, 3, **conv) for _ in range(2))])
    model.compile("sgd", "mse")
    model.set_weights([first, second])

    def errors() -> list[float]:
        found = [model.predict(x, verbose=0), *gradients(model, x, np.zeros_like(y_2))]
        return [float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(found, expected, strict=True)]

    with_it = errors()
    config.set_winograd(False)
    assert errors() == [0, 0, 0]
    assert all(0 < error < 1e-5 for error in with_it)
    config.set_winograd(True)
    assert errors() == with_it


def test_without_it_the_winner_of_a_near_tie_is_the_largest():
    """Outputs are large whole numbers, and those of a window differ by a few."""
    random = np.random.RandomState(1)
    x = 1000.0 + (random.rand(IMAGES, SIDE, SIDE, CHANNELS) < 0.02)
    kernel = random.randint(-9, 60, (3, 3, CHANNELS, 32)).astype(float)
    y = convolved(x, kernel)
    windows = y.reshape(IMAGES, 7, 2, 7, 2, 32).transpose(0, 1, 3, 5, 2, 4).reshape(-1, 4)
    winners = np.eye(4)[windows.argmax(1)].reshape(IMAGES, 7, 7, 32, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(y.shape)
    model = Sequential([layers.Input(x.shape[1:]), layers.Conv2D(32, 3, use_bias=False), layers.MaxPooling2D()])
    model.compile("sgd", "mae")  # every output has the same gradient, as it is larger than its target
    model.set_weights([kernel])
    pooled = windows.max(1).reshape(IMAGES, 7, 7, 32)

    def wrong() -> tuple[int, int]:
        dw, = gradients(model, x, np.zeros(pooled.shape))
        expected = kernel_gradient(x, winners)
        assert np.abs(dw * pooled.size - expected).max() < 1e-2 * expected.max()
        predicted = model.predict(x, verbose=0)
        return int((predicted != pooled).sum()), int((np.rint(dw.astype(float) * pooled.size) != expected).sum())

    with_it = wrong()
    config.set_winograd(False)
    assert wrong() == (0, 0)
    assert min(with_it) > 0


def network() -> Model:
    """Convolutions alone, with a pool, and with what a prediction multiplies in; statistics and slots."""
    utils.set_random_seed(4)
    model = Sequential([
        layers.Input(X.shape[1:]), layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.Conv2D(16, 5, padding="same", use_bias=False), layers.BatchNormalization(), layers.ReLU(),
        layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(), layers.Conv2D(16, 3, padding="same"),
        layers.BatchNormalization(), layers.Flatten(), layers.Dense(5, activation="softmax")])
    model.compile(optimizers.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def train(model: Model) -> Model:
    utils.set_random_seed(5)  # for the order of the images
    model.fit(X, Y, batch_size=20, verbose=0)
    return model


def results(model: Model) -> list[Any]:
    """What each kind of call gives, training last."""
    found = [model.predict(X, verbose=0), np.asarray(model(X)), np.asarray(model(X, training=True)),
             np.array(model.evaluate(X, Y, verbose=0))]
    return [*(array.tobytes() for array in found), weights_digest(train(model))]


@pytest.mark.parametrize("before", [True, False])
def test_a_model_that_has_run_goes_on_as_one_that_is_new(before):
    """With its weights, statistics, slots and random numbers; in every kind of call."""
    config.set_winograd(before)
    model = network()
    results(model)
    text = pickle.dumps(model)
    same = results(pickle.loads(text))
    config.set_winograd(not before)
    assert results(model) == (expected := results(pickle.loads(text)))
    assert [a == b for a, b in zip(same, expected, strict=True)] == [False] * len(same)
    config.set_winograd(before)
    assert results(pickle.loads(text)) == same


def test_without_it_bits_are_the_same_on_any_number_of_threads():
    config.set_winograd(False)
    assert len(set(by_threads(lambda: weights_digest(train(network()))))) == 1


@pytest.mark.parametrize("value", ["no", "0", 0, 1, 2, None, 0.5])
def test_what_is_neither_true_nor_false_is_refused_and_changes_nothing(value):
    config.set_winograd(False)
    with pytest.raises(ValueError, match="`value` must be True or False, got "):
        config.set_winograd(value)
    assert config.winograd() is False


SCRIPT = """
import os, sys
from fashioncnn import config
from test_winograd import network, train, weights_digest
print(config.winograd(), weights_digest(train(network())), flush=True)
if os.fork() == 0:
    print(config.winograd(), weights_digest(train(network())), flush=True)
    os._exit(0)
os.wait()
config.set_winograd(not config.winograd())
print(config.winograd())
"""


@pytest.mark.parametrize(("value", "expected"), [("0", False), (" 0 ", False), ("1", True), ("", True), (None, True)])
def test_the_environment_decides_until_somebody_does_in_forked_children_too(value, expected):
    environment = {name: text for name, text in os.environ.items() if name != "FASHIONCNN_WINOGRAD"}
    if value is not None:
        environment["FASHIONCNN_WINOGRAD"] = value
    result = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, cwd=os.path.dirname(__file__),
                            capture_output=True, text=True, check=True)
    config.set_winograd(expected)
    line = f"{expected} {weights_digest(train(network()))}"
    assert result.stdout.splitlines() == [line, line, str(not expected)]


def test_info_tells_of_it(capsys):
    for value, text in ((False, "off"), (True, "on")):
        config.set_winograd(value)
        assert main(["info"]) == 0
        lines = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines())
        assert lines["Winograd"] == text
