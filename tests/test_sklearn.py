"""CNNClassifier and CNNRegressor as scikit-learn uses its estimators."""

from __future__ import annotations

import functools
import pickle
import subprocess
import sys
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_digits, make_regression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import fashioncnn
from fashioncnn import Input, Sequential, callbacks, layers, losses, optimizers
from fashioncnn.sklearn import CNNClassifier, CNNRegressor

IN_THE_LAST_BIT = ("a row of weight 2 and a row that is there twice are the same up to the rounding of float32 sums, "
                   "6e-8 of 1, and the check allows no difference in that type")
UP_TO_ROUNDING = {"check_sample_weight_equivalence_on_dense_data": IN_THE_LAST_BIT}


@parametrize_with_checks([CNNClassifier(), CNNRegressor()], expected_failed_checks=lambda _: UP_TO_ROUNDING)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits() -> tuple[Any, Any]:
    x, y = load_digits(return_X_y=True)
    return (x / 16)[:600], y[:600]


@pytest.fixture(scope="module")
def names(digits) -> Any:
    return np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])[digits[1]]


def quick(**arguments: Any) -> CNNClassifier:
    return CNNClassifier(**{"epochs": 2, "random_state": 3, **arguments})


def weights_of(estimator: Any) -> list[Any]:
    return estimator.model_.get_weights()


def are_same(first: Any, second: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(weights_of(first), weights_of(second), strict=True))


def dense_net(input_shape: tuple[int, ...], n_outputs: int, units: int = 16, activation: str | None = "softmax") -> Any:
    return Sequential([Input(input_shape), layers.Flatten(), layers.Dense(units, activation="relu"),
                       layers.Dense(n_outputs, activation=activation)])


# --- in scikit-learn's tools


@pytest.mark.parametrize("weight", [2, 3])
def test_a_weight_of_two_is_a_row_that_is_there_twice_up_to_rounding(digits, weight):
    x, y = digits[0][:30], digits[1][:30]
    weights = np.where(np.arange(30) < 10, weight, 1)
    one = quick(batch_size=100, epochs=20).fit(x, y, sample_weight=weights)
    other = quick(batch_size=100, epochs=20).fit(np.repeat(x, weights, axis=0), np.repeat(y, weights))
    without = quick(batch_size=100, epochs=20).fit(x, y)
    np.testing.assert_allclose(one.predict_proba(x), other.predict_proba(x), rtol=1e-3, atol=1e-5)
    assert np.abs(one.predict_proba(x) - without.predict_proba(x)).max() > 1e-2


def test_a_pipeline_of_named_classes_is_cross_validated(digits, names):
    pipeline = make_pipeline(MinMaxScaler(), quick(input_shape=(8, 8, 1), epochs=8))
    assert cross_val_score(pipeline, digits[0] * 16, names, cv=3).min() > 0.7
    assert list(pipeline.fit(digits[0], names).classes_) == sorted(set(names))
    assert set(pipeline.predict(digits[0])) <= set(names)


class Threads(callbacks.Callback):
    """Writes down how many threads train."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["threads"] = fashioncnn.get_num_threads()


def threads_of(estimator: Any, x: Any = None, y: Any = None) -> float:
    return max(estimator.history_["threads"])


def most_threads(digits: Any) -> float:
    """The most threads of a worker in a search with two of them."""
    grid = {"learning_rate": [0.001, 0.01]}
    search = GridSearchCV(quick(callbacks=[Threads()]), grid, n_jobs=2, cv=2, scoring=threads_of, refit=False)
    with joblib.parallel_config("loky"):
        return float(np.max(search.fit(*digits).cv_results_["mean_test_score"]))


def test_a_search_in_two_processes_shares_the_processors(digits, monkeypatch):
    for name in ("FASHIONCNN_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert most_threads(digits) == max(joblib.cpu_count() // 2, 1)


def test_a_search_heeds_the_limit_of_joblib(digits, monkeypatch):
    monkeypatch.delenv("FASHIONCNN_NUM_THREADS", raising=False)
    with joblib.parallel_config("loky", n_jobs=2, inner_max_num_threads=3):
        found = joblib.Parallel()(joblib.delayed(fashioncnn.get_num_threads)() for _ in range(4))
    assert set(found) == {3}


def test_a_search_finds_the_same_in_processes_and_alone(digits):
    grid = {"model": [functools.partial(dense_net, units=units) for units in (1, 32)], "batch_size": [16]}
    serial, parallel = (GridSearchCV(quick(epochs=5), grid, n_jobs=n, cv=2).fit(*digits) for n in (None, 2))
    assert list(serial.cv_results_["mean_test_score"]) == list(parallel.cv_results_["mean_test_score"])
    assert serial.best_estimator_.model_.layers[1].units == 32


def test_fits_in_threads_do_not_disturb_each_other(digits):
    alone = [quick(random_state=seed).fit(*digits) for seed in range(4)]
    beside = joblib.Parallel(2, backend="threading")(
        joblib.delayed(quick(random_state=seed).fit)(*digits) for seed in range(4))
    assert [are_same(*pair) for pair in zip(alone, beside, strict=True)] == [True] * 4


def test_a_clone_is_unfitted_and_learns_the_same(digits):
    estimator = quick(optimizer=optimizers.Adam(0.01), callbacks=[Threads()], model=dense_net).fit(*digits)
    again = clone(estimator)
    assert not hasattr(again, "model_")
    assert are_same(again.fit(*digits), estimator)


@pytest.mark.parametrize("copied", [
    lambda estimator, _: pickle.loads(pickle.dumps(estimator)),
    lambda estimator, folder: (joblib.dump(estimator, folder / "net"), joblib.load(folder / "net", "r"))[1],
], ids=["pickle", "joblib"])
def test_a_copy_predicts_and_learns_on_as_the_original(digits, tmp_path, copied):
    estimator = quick().fit(*digits)
    copy = copied(estimator, tmp_path)
    assert np.array_equal(copy.predict_proba(digits[0]), estimator.predict_proba(digits[0]))
    assert are_same(copy.partial_fit(*digits), estimator.partial_fit(*digits))


def test_names_of_columns_are_remembered(digits):
    frame = pd.DataFrame(digits[0], columns=[f"pixel {i}" for i in range(64)])
    estimator = quick().fit(frame, digits[1])
    assert list(estimator.feature_names_in_) == list(frame.columns)
    assert estimator.n_features_in_ == 64
    with pytest.raises(ValueError, match="feature names"):
        estimator.predict(frame[frame.columns[::-1]])


def test_it_is_drawn_in_notebooks():
    page = quick(optimizer="sgd")._repr_html_()
    assert "CNNClassifier" in page
    assert "sgd" in page


# --- data


def test_images_may_come_flat_or_in_two_or_three_axes(digits):
    x, y = digits
    flat = quick(input_shape=(8, 8, 1)).fit(x, y)
    gray = quick().fit(x.reshape(-1, 8, 8), y)
    whole = quick().fit(x.reshape(-1, 8, 8, 1), y)
    assert are_same(flat, gray)
    assert are_same(flat, whole)
    assert isinstance(whole.model_.layers[0], layers.Conv2D)
    assert np.array_equal(flat.predict(x), whole.predict(x.reshape(-1, 8, 8, 1)))


def test_colour_images_of_bytes_are_taken_as_they_are():
    random = np.random.default_rng(1)
    y = random.integers(0, 2, 200)
    x = (random.integers(0, 100, (200, 12, 10, 3)) + 100 * y[:, None, None, None]).astype(np.uint8)
    estimator = quick(epochs=5, learning_rate=1e-4).fit(x, y)
    assert [layer.name[:6] for layer in estimator.model_.layers[:4]] == ["conv2d", "max_po", "conv2d", "max_po"]
    assert estimator.score(x, y) > 0.9


@pytest.mark.parametrize(("estimator", "shape", "message"), [
    (quick(input_shape=(7, 7)), (20, 64), r"input_shape=\(7, 7\) takes 49 numbers a row, and X has shape \(20, 64\)"),
    (quick(model=3), (20, 4), "`model` must be None, a Model or a function"),
    (quick(model=lambda input_shape, n_outputs: 5), (20, 4), "returned 5 of type int"),
    (quick(model=lambda input_shape, n_outputs: dense_net(input_shape, 7)), (20, 4), r"\(None, 7\).*2 or 1 units"),
    (quick(early_stopping=True, validation_fraction=2), (20, 4), "`validation_fraction` must be"),
    (quick(epochs=-1), (20, 4), "`epochs` must be"),
])
def test_what_cannot_be_is_refused(estimator, shape, message):
    with pytest.raises(ValueError, match=message):
        estimator.fit(np.ones(shape), np.arange(len(np.ones(shape))) % 2)


def test_rows_of_another_shape_are_refused():
    estimator = quick().fit(np.zeros((10, 8, 8)), np.arange(10) % 2)
    with pytest.raises(ValueError, match=r"rows of shape \(8, 9\), but CNNClassifier was fitted on rows of shape"):
        estimator.predict(np.zeros((10, 8, 9)))


@pytest.mark.parametrize(("weights", "message"), [
    (np.ones((20, 2)), r"shape \(20, 2\), expected \(20,\)"), (np.full(20, -1.0), "negative"),
    (np.zeros(20), "zero for all"), ([np.nan] * 20, "NaN"),
])
def test_weights_that_cannot_be_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        quick().fit(np.ones((20, 3)), np.arange(20) % 2, sample_weight=weights)


# --- networks


def test_two_classes_may_have_one_unit_or_two(digits):
    x, y = digits[0], digits[1] > 4
    for units, activation in ((1, "sigmoid"), (2, "softmax"), (1, None), (2, None)):
        def build(input_shape, n_outputs, units=units, activation=activation):
            return dense_net(input_shape, units, activation=activation)

        estimator = quick(model=build, epochs=10).fit(x, y)
        probabilities = estimator.predict_proba(x)
        assert probabilities.shape == (600, 2)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
        assert estimator.score(x, y) > 0.85
        assert estimator.classes_.dtype == bool


def test_logits_become_probabilities(digits):
    build = functools.partial(dense_net, activation=None)
    logits, plain = quick(model=build).fit(*digits), quick(model=dense_net).fit(*digits)
    np.testing.assert_allclose(logits.predict_proba(digits[0]), plain.predict_proba(digits[0]), rtol=1e-4, atol=1e-6)


def test_a_loss_of_rows_gets_rows(digits):
    rows = quick(loss="categorical_crossentropy").fit(*digits)
    assert are_same(rows, quick(loss=losses.SparseCategoricalCrossentropy()).fit(*digits))


def test_a_model_gives_its_architecture_alone(digits):
    model = dense_net((64,), 10)
    model.set_weights([weight + 1 for weight in model.get_weights()])
    before = model.get_weights()
    estimator = quick(model=model).fit(*digits)
    assert are_same(estimator, quick(model=dense_net).fit(*digits))
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_compiled_model_says_what_nobody_else_does(digits):
    def compiled(input_shape: Any, n_outputs: int) -> Any:
        model = dense_net(input_shape, n_outputs)
        model.compile(optimizers.SGD(0.25), "mse", metrics=["mae"])
        return model

    for model in (compiled, compiled((64,), 10)):
        estimator = quick(model=model).fit(*digits)
        assert estimator.model_.optimizer.learning_rate == 0.25
        assert list(estimator.history_) == ["loss", "mae"]
        assert estimator.model_.loss == "mse"
        other = quick(model=model, learning_rate=0.5, loss="categorical_crossentropy", metrics=[]).fit(*digits)
        assert isinstance(other.model_.optimizer, optimizers.SGD)
        assert other.model_.optimizer.learning_rate == 0.5
        assert list(other.history_) == ["loss"]


def test_an_optimizer_is_copied(digits):
    optimizer = optimizers.Adam(optimizers.schedules.ExponentialDecay(0.01, 10, 0.9))
    first = quick(optimizer=optimizer).fit(*digits)
    assert are_same(quick(optimizer=optimizer).fit(*digits), first)
    assert optimizer.iterations == 0
    schedule = optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)
    assert are_same(quick(learning_rate=schedule).fit(*digits), first)


# --- training


def test_the_same_seed_gives_the_same_bits_and_leaves_others_alone(digits):
    fashioncnn.utils.set_random_seed(1)
    expected = dense_net((3,), 2).get_weights()
    fashioncnn.utils.set_random_seed(1)
    first, second = quick().fit(*digits), quick().fit(*digits)
    assert all(np.array_equal(a, b) for a, b in zip(dense_net((3,), 2).get_weights(), expected, strict=True))
    assert are_same(first, second)
    assert not are_same(first, quick(random_state=4).fit(*digits))
    assert are_same(first, quick(random_state=np.random.RandomState(3)).fit(*digits))


def test_without_a_seed_numpy_gives_one(digits):
    pair = []
    for _ in range(2):
        np.random.seed(5)
        pair.append(quick(random_state=None).fit(*digits))
    assert are_same(*pair)
    assert not are_same(pair[0], quick(random_state=None).fit(*digits))


def test_classes_may_weigh_more(digits):
    x, y = digits[0], digits[1] > 4
    weights = {False: 1.0, True: 9.0}
    by_class = quick(class_weight=weights).fit(x, y)
    assert are_same(by_class, quick().fit(x, y, sample_weight=np.where(y, 9.0, 1.0)))
    assert are_same(by_class, quick().fit(x, y, sample_weight=np.where(y, 90.0, 10.0)))
    assert by_class.predict_proba(x)[:, 1].mean() > quick().fit(x, y).predict_proba(x)[:, 1].mean() + 0.05
    rare = np.r_[np.flatnonzero(y)[:10], np.flatnonzero(~y)]
    assert are_same(quick(class_weight="balanced").fit(x[rare], y[rare]),
                    quick(class_weight={True: (len(rare) - 10) / 10, False: 1}).fit(x[rare], y[rare]))


def test_partial_fits_are_the_epochs_of_a_fit(digits):
    whole = quick(epochs=3).fit(*digits)
    parts = quick()
    for _ in range(3):
        parts.partial_fit(*digits, classes=range(10))
    assert are_same(whole, parts)
    assert parts.n_iter_ == 3
    assert parts.history_ == whole.history_


def test_partial_fit_knows_its_classes(digits):
    x, y = digits
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        quick().partial_fit(x, y)
    estimator = quick().partial_fit(x[:5], y[:5], classes=range(9))
    with pytest.raises(ValueError, match="the class 9, which is not among"):
        estimator.partial_fit(x, y)
    with pytest.raises(ValueError, match="those of the first call"):
        estimator.partial_fit(x, y, classes=range(10))


def test_a_warm_start_goes_on(digits):
    x, y = digits
    estimator = quick(warm_start=True).fit(x, y).fit(x, y)
    assert are_same(estimator, quick(epochs=4).fit(x, y))
    assert len(estimator.history_["loss"]) == estimator.n_iter_ == 4
    with pytest.raises(ValueError, match="goes on with the classes"):
        estimator.fit(x, y > 3)
    assert quick().fit(x, y).fit(x, y).n_iter_ == 2


def test_training_ends_early(digits):
    estimator = quick(early_stopping=True, epochs=60, n_iter_no_change=2, learning_rate=0.02).fit(*digits)
    assert 3 <= estimator.n_iter_ < 60
    best = int(np.argmin(estimator.history_["val_loss"]))
    assert estimator.n_iter_ - 1 - best <= 2
    weighted = quick(early_stopping=True).fit(*digits, sample_weight=np.ones(600))
    assert are_same(weighted, quick(early_stopping=True).fit(*digits))


# --- regression


@pytest.mark.parametrize("shape", [(), (1,), (3,)])
def test_a_regressor_estimates_in_the_shape_of_its_targets(shape):
    x, y = make_regression(300, 5, n_targets=math_product(shape), random_state=1)
    y = y.reshape(300, *shape) / np.abs(y).max()
    estimator = CNNRegressor(epochs=30, random_state=1).fit(x, y)
    assert estimator.predict(x).shape == y.shape
    assert estimator.predict(x).dtype == np.float64
    assert estimator.score(x, y) > 0.9
    with pytest.raises(ValueError, match="the network that there is makes"):
        estimator.partial_fit(x, np.ones((300, 2)))


def math_product(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=int))


def test_targets_of_any_size_are_scaled_around_it():
    x, y = make_regression(300, 5, random_state=1)
    around = TransformedTargetRegressor(CNNRegressor(epochs=30, random_state=1), transformer=StandardScaler())
    assert around.fit(x, 1000 * y + 5e4).score(x, 1000 * y + 5e4) > 0.9


def test_a_regressor_takes_weights_and_images(digits):
    images = digits[0].reshape(-1, 8, 8)
    y = images.mean(axis=(1, 2))
    weights = np.where(np.arange(600) < 300, 1.0, 0.0)
    first = CNNRegressor(epochs=2, random_state=1, batch_size=600).fit(images, y, sample_weight=weights)
    y = np.where(weights, y, 5)
    assert are_same(first, CNNRegressor(epochs=2, random_state=1, batch_size=600).fit(images, y, sample_weight=weights))


# --- names


@pytest.mark.parametrize(("argument", "message"), [
    ("build_fn", "write model=function"), ("nb_epoch", "write epochs"), ("validation_split", "early_stopping=True"),
    ("epoch", "unexpected keyword argument 'epoch'"),
])
def test_arguments_of_other_wrappers_are_answered(argument, message):
    for cls in (CNNClassifier, CNNRegressor):
        with pytest.raises(TypeError, match=message):
            cls(**{argument: None})


def test_without_scikit_learn_the_extra_is_named():
    code = "import sys; sys.modules['sklearn'] = None; import fashioncnn.sklearn"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'pip install "fashioncnn[sklearn]"' in result.stderr.splitlines()[-1]
