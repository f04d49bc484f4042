"""Arrays and arguments that cannot be used: a typed error that names them, and a model that is as it was."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import Any

import numpy as np
import pytest
from core import read

from fashioncnn import Input, Sequential, layers, losses, utils
from fashioncnn._core import Network

N, CLASSES = 20, 4


def data():
    random = np.random.default_rng(0)
    return random.random((N, 6, 6, 1)), random.integers(0, CLASSES, N)


def network(loss="sparse_categorical_crossentropy", shapes=True):
    stack = [layers.Conv2D(3, 3, activation="relu"), layers.Flatten(), layers.Dropout(0.2),
             layers.Dense(CLASSES, activation="softmax")]
    model = Sequential([Input((6, 6, 1)), *stack] if shapes else stack)
    model.compile("adam", loss, metrics=["accuracy"])
    return model


X, Y = data()
ONE_HOT = utils.to_categorical(Y)


def changed(array, row, value):
    copy = array.copy()
    copy[row] = value
    return copy


# What fit gets, the error, and what its message says.
CASES = {
    "no x": ({"x": None}, ValueError, r"fit\(\) needs `x`"),
    "rank": ({"x": X.reshape(N, 36)}, ValueError, r"`x` of shape \(20, 36\); the model takes \(N, 6, 6, 1\)"),
    "channels": ({"x": np.repeat(X, 3, axis=3)}, ValueError, r"`x` of shape \(20, 6, 6, 3\); the model takes"),
    "size": ({"x": X[:, :5]}, ValueError, r"`x` of shape \(20, 5, 6, 1\)"),
    "one image": ({"x": X[0], "y": Y[:6]}, ValueError, r"needs a batch axis: image\[np.newaxis\]"),
    "object": ({"x": X.astype(object)}, TypeError, "`x` of dtype object; expected numbers"),
    "text": ({"x": X.astype(str)}, TypeError, "`x` of dtype <U"),
    "complex": ({"x": X.astype(complex)}, TypeError, "`x` of dtype complex128"),
    "dates": ({"x": X.astype("M8[s]")}, TypeError, "`x` of dtype datetime64"),
    "a dict": ({"x": {"a": X, "b": X}}, ValueError, "`x` for 'a', 'b'; the model's inputs are 'input_layer"),
    "a list of inputs": ({"x": [X, X]}, ValueError, "a list of 2 arrays is 2 rows, as the model has one input"),
    "a function": ({"x": lambda: iter([(X, Y)]), "y": None}, TypeError, "`x` that is a function, which has"),
    "batches of None": ({"x": iter([(None, Y)]), "y": None}, TypeError, "`x` that is None; expected numbers"),
    "a string": ({"x": "images"}, TypeError, "`x` of dtype"),
    "a number": ({"x": 3}, ValueError, "a single number as `x`"),
    "ragged": ({"x": [[1, 2], [3]]}, ValueError, "`x` that is not an array"),
    "empty": ({"x": X[:0], "y": Y[:0]}, ValueError, r"`x` of shape \(0, 6, 6, 1\), which has no rows"),
    "NaN": ({"x": changed(X, 7, np.nan)}, ValueError, "a NaN or an infinity in `x`, first in row 7"),
    "infinity": ({"x": changed(X, 19, np.inf).astype(np.float32)}, ValueError, "in `x`, first in row 19"),
    "NaN in the validation part": ({"x": changed(X, 18, np.nan), "validation_split": 0.2}, ValueError, "row 18"),
    "no y": ({"y": None}, ValueError, "needs `y`"),
    "lengths": ({"y": Y[:10]}, ValueError, "20 rows in `x` and 10 in `y`"),
    "broken labels": ({"y": changed(Y.astype(float), 5, 1.5)}, ValueError, r"the label 1.5 in row 5 of `y`"),
    "NaN labels": ({"y": changed(Y.astype(float), 7, np.nan)}, ValueError, "the label nan in row 7"),
    "infinite label": ({"y": changed(Y.astype(float), 7, np.inf)}, ValueError, "the label inf in row 7"),
    "bad validation label": ({"y": changed(Y, 18, 9), "validation_split": 0.2}, ValueError, "the label 9 in row 18"),
    "label too large": ({"y": changed(Y, 3, 4)}, ValueError,
                        "the label 4 in row 3 of `y`; the model's last layer has 4 units: labels must be whole, 0 "
                        "to 3"),
    "negative label": ({"y": changed(Y, 3, -1)}, ValueError, "the label -1 in row 3"),
    "huge label": ({"y": changed(Y.astype(np.uint64), 3, 2**63)}, ValueError, "the label 9223372036854775808 in row 3"),
    "rows for labels": ({"y": ONE_HOT}, ValueError, "rows of ones and zeros go with loss='categorical_crossentropy'"),
    "text labels": ({"y": Y.astype(str)}, TypeError, "`y` of dtype <U.*return_inverse=True"),
    "text labels of a column": ({"y": Y.astype(str).astype(object)}, TypeError, "dtype object.*return_inverse=True"),
    "object labels": ({"y": Y.astype(object)}, TypeError, "`y` of dtype object; expected numbers$"),
    "images of several sizes": ({"x": [np.zeros((6, 6, 1)), np.zeros((7, 6, 1))], "y": [0, 1]}, ValueError,
                                "not an array.*target_size="),
    "channels first": ({"x": np.zeros((N, 3, 6, 6))}, ValueError, "takes .N, 6, 6, 1.$"),
    "one image without channels": ({"x": X[0, ..., 0], "y": Y[:6]}, ValueError, "image.np.newaxis"),
    "too many axes of labels": ({"y": np.zeros((N, 2), int)}, ValueError, r"`y` of shape \(20, 2\)"),
    "batch_size 0": ({"batch_size": 0}, ValueError, "`batch_size` must be an integer >= 1, got 0"),
    "batch_size -1": ({"batch_size": -1}, ValueError, "`batch_size`"),
    "batch_size 1.5": ({"batch_size": 1.5}, TypeError, "`batch_size`"),
    "validation_batch_size 0": ({"validation_batch_size": 0, "validation_split": 0.5}, ValueError, "`batch_size`"),
    "validation_batch_size 0 with data": ({"validation_batch_size": 0, "validation_data": (X, Y)}, ValueError,
                                          "`batch_size` must be an integer >= 1, got 0"),
    "epochs": ({"epochs": -1}, ValueError, "`epochs`"),
    "epochs of text": ({"epochs": "5"}, TypeError, "`epochs`"),
    "initial_epoch": ({"initial_epoch": -1}, ValueError, "`initial_epoch`"),
    "verbose": ({"verbose": 4}, ValueError, "`verbose` must be 'auto', 0, 1, 2 or 3, got 4"),
    "steps_per_epoch": ({"steps_per_epoch": 0}, ValueError, "`steps_per_epoch`"),
    "shuffle": ({"shuffle": "batch"}, ValueError, "`shuffle` must be True or False, got 'batch'"),
    "callbacks": ({"callbacks": [print]}, TypeError, "`callbacks`"),
    "unknown keyword": ({"foo": 1}, TypeError, "foo"),
    "validation_split 1": ({"validation_split": 1.0}, ValueError, "`validation_split`"),
    "validation_split -0.1": ({"validation_split": -0.1}, ValueError, "`validation_split`"),
    "validation_split that leaves nothing": ({"validation_split": 0.99}, ValueError, "validation_split=0.99"),
    "validation_freq": ({"validation_freq": 0}, ValueError, "`validation_freq`"),
    "validation_steps": ({"validation_data": (X, Y), "validation_steps": 0}, ValueError, "`validation_steps`"),
    "validation_data alone": ({"validation_data": X}, ValueError, "`validation_data`"),
    "validation_data of one": ({"validation_data": (X,)}, ValueError, "got 1 items"),
    "validation x": ({"validation_data": (X[:, :5], Y)}, ValueError, r"`x` of `validation_data` of shape \(20, 5"),
    "validation y": ({"validation_data": (X, Y + 1)}, ValueError, "the label 4 in row 2 of `y` of `validation_data`"),
    "validation NaN": ({"validation_data": (X * np.nan, Y)}, ValueError, "in `x` of `validation_data`, first in row 0"),
    "validation lengths": ({"validation_data": (X, Y[:3])}, ValueError, "20 rows in `x` of `validation_data` and 3"),
    "sample_weight length": ({"sample_weight": np.ones(3)}, ValueError, r"`sample_weight` of shape \(3,\)"),
    "sample_weight rank": ({"sample_weight": np.ones((N, 2))}, ValueError, "`sample_weight`"),
    "sample_weight NaN": ({"sample_weight": np.full(N, np.nan)}, ValueError, "`sample_weight`.*not finite"),
    "sample_weight text": ({"sample_weight": ["a"] * N}, TypeError, "`sample_weight`"),
    "both weights": ({"sample_weight": np.ones(N), "class_weight": {0: 1}}, ValueError, "both `class_weight` and"),
    "class_weight": ({"class_weight": [1, 2]}, TypeError, "`class_weight`; expected a dict"),
    "class_weight broken key": ({"class_weight": {1.5: 1.0}}, TypeError, "`class_weight`"),
    "class_weight NaN": ({"class_weight": {1: np.nan}}, ValueError, r"`class_weight\[1\]`"),
    "class_weight key": ({"class_weight": {"a": 1.0}}, TypeError, "`class_weight` has the key 'a'; expected numbers"),
    "class_weight array": ({"class_weight": np.ones(CLASSES)}, TypeError, r"such as dict\(enumerate\(weights\)\)$"),
    "class_weight name": ({"class_weight": "balanced"}, TypeError, "expected a dict of weights by class number$"),
    "class_weight value": ({"class_weight": {0: "a"}}, TypeError, r"`class_weight\[0\]`"),
    "y with batches": ({"x": iter([(X, Y)])}, ValueError, "`y` together with `x`"),
}


@pytest.mark.parametrize("name", CASES)
def test_fit_names_what_is_wrong_and_changes_nothing(name):
    options, error, message = CASES[name]
    model = network()
    model.fit(X, Y, verbose=0)
    weights, slots = model.get_weights(), [read(model.network, slot) for slot in model.network.optimizer_slots]
    with pytest.raises(error, match=message):
        model.fit(**{"x": X, "y": Y, "verbose": 0, **options})
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights(), strict=True))
    assert all(np.array_equal(a, read(model.network, b))
               for a, b in zip(slots, model.network.optimizer_slots, strict=True))
    assert model.optimizer.iterations == 1
    assert len(model.fit(X, Y, verbose=0).epoch) == 1


@pytest.mark.parametrize("name", ["rank", "NaN", "label too large", "broken labels", "batch_size 0", "lengths",
                                  "empty"])
@pytest.mark.parametrize("shapes", [True, False])
def test_fit_after_a_refusal_gives_the_same_bits_as_if_it_never_happened(name, shapes):
    results = []
    for refused in (False, True):
        utils.set_random_seed(1)
        model = network(shapes=shapes)
        if refused:
            options, error, _ = CASES[name]
            with pytest.raises(error):
                model.fit(**{"x": X, "y": Y, "verbose": 0, **options})
            assert model.built == shapes
        model.fit(X, Y, epochs=2, batch_size=8, verbose=0)
        results.append(model.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))


@pytest.mark.parametrize(("y", "error", "message"), [
    (Y, ValueError, r"takes the shape of the model's output, \(N, 4\); integer labels go with"),
    (ONE_HOT[:, :3], ValueError, r"`y` of shape \(20, 3\)"),
    (changed(ONE_HOT, 5, np.nan), ValueError, "in `y`, first in row 5"),
    (ONE_HOT.astype(object), TypeError, "`y` of dtype object"),
])
def test_targets_that_are_not_labels(y, error, message):
    with pytest.raises(error, match=message):
        network("categorical_crossentropy").fit(X, y, verbose=0)


def test_a_batch_that_cannot_be_used_is_refused_before_its_step():
    def batches(*last):
        yield X, Y
        yield last

    for last, error in [((X, Y + 4), ValueError), ((X[:, :5], Y), ValueError), ((X * np.nan, Y), ValueError),
                        ((X, Y + 0.5), ValueError), ((X, Y[:3]), ValueError), ((X, Y, Y, Y), ValueError),
                        ((), ValueError), ((X,), ValueError), ((1, 2), ValueError)]:
        model = network()
        with pytest.raises(error):
            model.fit(batches(*last), verbose=0)
        assert model.optimizer.iterations == 1
        model.fit(X, Y, verbose=0)


def test_batches_without_end_or_beginning():
    with pytest.raises(ValueError, match="without batches"):
        network(shapes=False).fit(iter([]), verbose=0)
    for method in (network().fit, network().evaluate):
        with pytest.warns(UserWarning, match="ran out"), pytest.raises(ValueError, match="without batches"):
            method(iter([]), verbose=0)
    with pytest.raises(ValueError, match="needs arrays"):
        network().fit(iter([(X, Y)]), validation_split=0.5, verbose=0)


def test_an_epoch_without_batches_is_not_logged_as_a_loss_of_0():
    with pytest.warns(UserWarning, match="ran out"):
        history = network().fit(iter([(X, Y)] * 3), steps_per_epoch=2, epochs=3, verbose=0)
    assert history.epoch == [0, 1]
    assert all(history.history["loss"])
    with pytest.warns(UserWarning, match="ran out"):
        history = network().fit(X, Y, epochs=2, validation_data=iter([(X, Y)]), verbose=0).history
    assert len(history["loss"]) == 2
    assert len(history["val_loss"]) == 1


@pytest.mark.parametrize("method", ["evaluate", "train_on_batch", "test_on_batch"])
@pytest.mark.parametrize(("x", "y", "error", "message"), [
    (X[:, :5], Y, ValueError, "`x` of shape"), (X, Y + 1, ValueError, "the label 4 in row 2"),
    (X, Y + 0.5, ValueError, "0.5"), (X, None, ValueError, "needs `y`"),
    (X[:0], Y[:0], ValueError, "no rows"), (changed(X, 3, np.inf), Y, ValueError, "row 3"),
    (X, Y[:3], ValueError, "20 rows in `x` and 3 in `y`"),
])
def test_other_methods_check_their_arrays_too(method, x, y, error, message):
    model = network()
    before = model.get_weights()
    with pytest.raises(error, match=message):
        getattr(model, method)(x, y)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize("call", [lambda model, x: model.predict(x, verbose=0), lambda model, x: model(x),
                                  lambda model, x: model.predict_on_batch(x)])
@pytest.mark.parametrize(("x", "error", "message"), [
    (X[0], ValueError, "batch axis"), (X.astype(object), TypeError, "object"), (X[:0, :2], ValueError, "takes|no rows"),
    (changed(X, 3, np.nan), ValueError, "row 3"), (None, (TypeError, ValueError), "`x`"),
])
def test_predicting_checks_its_array(call, x, error, message):
    with pytest.raises(error, match=message):
        call(network(), x)


def test_a_call_on_no_rows_returns_none_and_predict_refuses_it():
    """As in Keras: a filter that lets nothing pass is no error, a whole pass over nothing is one."""
    model = network()
    for _ in range(2):
        assert model(X[:0]).shape == model.predict_on_batch(X[:0]).shape == (0, CLASSES)
        assert model(X[:0], training=True).shape == (0, CLASSES)
        with pytest.raises(ValueError, match="no rows"):
            model.predict(X[:0], verbose=0)
        model.compile("sgd", "mse")


def test_a_model_that_cannot_be_built_for_its_data_can_be_for_other():
    model = Sequential([layers.Conv2D(2, 3, name="c"), layers.Flatten(), layers.Dense(CLASSES)])
    for x in (X[..., 0], X[:, :2]):
        with pytest.raises(ValueError, match="'c'"):
            model.predict(x, verbose=0)
        assert not model.built
    assert model.predict(X, verbose=0).shape == (N, CLASSES)


@pytest.mark.parametrize(("method", "arguments"), [("fit", (X, Y)), ("evaluate", (X, Y)), ("train_on_batch", (X, Y)),
                                                   ("test_on_batch", (X, Y))])
def test_methods_that_need_compile_say_so(method, arguments):
    model = Sequential([Input((6, 6, 1)), layers.Flatten(), layers.Dense(CLASSES)])
    with pytest.raises(ValueError, match=rf"{method}\(\) needs a compiled model: call compile\(\) first"):
        getattr(model, method)(*arguments)
    model.compile("sgd")
    with pytest.raises(ValueError, match=rf"{method}\(\) needs a loss"):
        getattr(model, method)(*arguments)


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"optimizer": "nonsense"}, ValueError, "optimizer 'nonsense' is not supported by fashioncnn; supported: .*Adam"),
    ({"loss": "nonsense"}, ValueError, "loss 'nonsense' is not supported by fashioncnn; supported: "),
    ({"metrics": ["nonsense"]}, ValueError, "metric 'nonsense' is not supported by fashioncnn; supported: "),
    ({"metrics": "accuracy"}, TypeError, "`metrics` must be a list"),
    ({"metrics": losses.MeanSquaredError()}, TypeError, "`metrics` must be a list"),
    ({"metrics": {"no": ["mse"]}}, ValueError, "`metrics` for the output 'no'"),
    ({"loss": ["mse", "mse"]}, ValueError, "2 values as `loss`"),
    ({"loss": {"no": "mse"}}, ValueError, "`loss` for the output 'no'"),
    ({"loss_weights": [1, 2]}, ValueError, "loss_weights"),
    ({"loss_weights": "much"}, TypeError, "loss_weights"),
    ({"steps_per_execution": 0}, ValueError, "steps_per_execution"),
    ({"foo": 1}, TypeError, "foo"),
])
@pytest.mark.parametrize("shapes", [True, False])
def test_compile_names_what_it_does_not_know(options, error, message, shapes):
    model = network(shapes=shapes)
    with pytest.raises(error, match=message):
        model.compile(**options)


@pytest.mark.parametrize("layer", [layers.Dense(2**63), layers.Conv2D(10**30, 3), layers.Conv2D(1, 2**70),
                                   layers.MaxPooling2D(2, strides=2**64), layers.ZeroPadding2D(2**63)])
def test_sizes_beyond_all_integers_are_value_errors(layer):
    with pytest.raises(ValueError, match=r"`\w+` is \d+"):
        Sequential([Input((6, 6, 1)), layer])


def test_what_is_missing_before_the_last_layer_is_said():
    model = Sequential([Input((6, 6, 1)), layers.Conv2D(3, 3), layers.Dense(CLASSES, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"has the shape \(N, 4, 4, 4\): for one label an image, Flatten"):
        model.fit(X, Y, verbose=0)


def test_images_with_their_channels_first_are_told_where_those_belong():
    model = Sequential([Input((6, 6, 3)), layers.Flatten(), layers.Dense(CLASSES)])
    with pytest.raises(ValueError, match=r"np.moveaxis\(images, 1, -1\)"):
        model.predict(np.zeros((N, 3, 6, 6)), verbose=0)


def test_names_are_no_numbers_of_classes():
    with pytest.raises(TypeError, match=r"`x` of dtype <U3; names of classes become numbers"):
        utils.to_categorical(["cat", "dog"])


def test_a_loss_that_does_not_fit_the_output_is_an_error():
    model = Sequential([Input((6, 6, 1)), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="the model's last layer has 1 units"):
        model.fit(X, Y, verbose=0)


# --- objects that change while the core reads them


class Emptying:
    """Its truth value, its number and its equality empty a list of which it is an element."""

    def __init__(self, owner: list[object]) -> None:
        self.owner = owner

    def _empty(self) -> None:
        self.owner.clear()
        self.owner.extend(object() for _ in range(3))

    def __bool__(self) -> bool:
        self._empty()
        return True

    def __eq__(self, other: object) -> bool:
        self._empty()
        return False

    __hash__ = object.__hash__

    def __index__(self) -> int:
        self._empty()
        return 1

    def __float__(self) -> float:
        self._empty()
        return 1.0


def core_nodes() -> list[dict[str, Any]]:
    return [{"type": "input", "name": "input", "inputs": (), "shape": (4,)},
            {"type": "dense", "name": "a", "inputs": (0,), "units": 3, "use_bias": True}]


def test_a_list_that_empties_itself_while_the_core_reads_it_does_no_harm():
    network = Network(core_nodes())
    flags: list[object] = []
    flags += [Emptying(flags), Emptying(flags)]
    network.trainable = flags
    assert network.trainable == [True, True]

    metrics: list[Any] = []
    metrics += [{"type": "sparse_top_k_categorical_accuracy", "k": Emptying(metrics)}, {"type": "binary_accuracy"}]
    with contextlib.suppress(TypeError, ValueError):
        network.set_objective({"type": "mean_squared_error"}, metrics)

    for attribute in ("inputs", "units", "use_bias", "type", "name"):
        nodes: list[Any] = core_nodes()
        nodes[1][attribute] = (Emptying(nodes),) if attribute == "inputs" else Emptying(nodes)
        with contextlib.suppress(TypeError, ValueError):
            Network(nodes)
    for attribute in ("type", "momentum", "nesterov"):
        with contextlib.suppress(TypeError, ValueError):
            network.set_optimizer({"type": "sgd", attribute: Emptying(flags)}, Emptying(flags))


def test_an_order_that_others_write_to_names_the_rows_that_it_named():
    """It is checked and read without Python's lock: a row out of range, written in between, would crash."""
    network = Network(core_nodes())
    network.set_objective({"type": "mean_squared_error"}, [])
    network.set_optimizer({"type": "sgd"})
    rows = 200_000
    x, y, order = np.ones((rows, 4), np.float32), np.ones((rows, 3), np.float32), np.arange(rows)
    expected = network.train_step(x, y, order, 0, rows)

    def scribble() -> None:
        time.sleep(0.002)
        order[:] = 2**60

    results: tuple[float, ...] = ()
    while not results:
        order[:] = np.arange(rows)
        thread = threading.Thread(target=scribble)
        thread.start()
        with contextlib.suppress(ValueError):  # that says so: it was written to before the call
            results = network.train_step(x, y, order, 0, rows)
        thread.join()
    assert results[0] < expected[0]
