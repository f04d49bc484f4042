"""The kit for users' tests: gradients, bits, and trainings that are compared with recorded ones."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys

import numpy as np
import pytest

import fashioncnn
from fashioncnn import Input, Sequential, layers
from fashioncnn.testing import assert_same_bits, check_gradients, gradients, plugin, weights_digest
from fashioncnn.testing.golden import Training

pytest_plugins = ["pytester"]


def small(*inner, loss="sparse_categorical_crossentropy", **options):
    fashioncnn.utils.set_random_seed(1)
    model = Sequential([Input((8, 8, 1)), layers.Conv2D(4, 3, **options), *inner, layers.Flatten(),
                        layers.Dense(5, activation="softmax")])
    model.compile("adam", loss)
    return model


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(1)
    return random.normal(size=(8, 8, 8, 1)).astype(np.float32), random.integers(0, 5, 8)


# --- gradients


@pytest.mark.parametrize("inner", [
    [layers.Activation("tanh")], [layers.ReLU(), layers.MaxPooling2D()], [layers.BatchNormalization(), layers.ReLU()],
    [layers.Dropout(0.5)], [layers.Dense(6, activation="gelu", kernel_regularizer="l2", activity_regularizer="l1")],
], ids=["smooth", "kinks", "batch", "dropout", "penalties"])
def test_gradients_of_layers_are_right(inner, data):
    result = check_gradients(small(*inner), *data)
    assert result.checked > 10 * result.unclear
    assert result.largest < 0.05


@pytest.mark.parametrize(("weight", "index"), [("conv2d_/kernel", (2, 1, 0, 3)), ("dense_/kernel", (30, 2))])
@pytest.mark.parametrize("wrong", [lambda g: 1.5 * g + 0.01, lambda g: -g - 0.01, lambda g: 0 * g])
def test_one_wrong_gradient_is_found_and_named(data, monkeypatch, weight, index, wrong):
    right = gradients._Loss.gradients

    def spoilt(loss):
        found = right(loss)
        for name, _, gradient in found:
            if re.sub("_?[0-9]*/", "_/", name) == weight:
                spoilt_value = wrong(gradient[index])
                gradient[index] = spoilt_value
        return found

    model = small(layers.Activation("tanh"))
    monkeypatch.setattr(gradients._Loss, "gradients", spoilt)
    name = weight.replace("_/", r"(_\d+)?/") + re.escape(str(list(index)))
    with pytest.raises(AssertionError, match=rf"gradients are wrong:\n{name}: \S+ by back-propagation, \S+ by diff"):
        check_gradients(model, *data, samples=None)


def test_gradients_that_are_all_missing_are_found(data, monkeypatch):
    right = gradients._Loss.gradients
    monkeypatch.setattr(gradients._Loss, "gradients", lambda loss: [(n, o, 0 * g) for n, o, g in right(loss)])
    with pytest.raises(AssertionError, match="gradients are wrong"):
        check_gradients(small(), *data)


def test_a_bias_without_effect_is_right(data):
    """Batch normalization takes the bias away: both gradients are rounding errors."""
    model = small(layers.BatchNormalization())
    assert check_gradients(model, *data).unclear == 0


def test_weights_count_and_frozen_layers_do_not(data):
    model = small()
    names = [name for name, *_ in gradients._Loss(model, *data, None).gradients()]
    model.layers[0].trainable = False
    rest = [name for name, *_ in gradients._Loss(model, *data, None).gradients()]
    assert names[2:] == rest
    weights = np.arange(8)
    assert check_gradients(model, *data, weights).largest < 0.02
    assert gradients._Loss(model, *data, weights).value() != gradients._Loss(model, *data, None).value()


def test_several_inputs_and_outputs():
    left, right = Input((4,)), Input((3,))
    first = layers.Dense(2, name="first")(layers.Concatenate()([left, right]))
    model = fashioncnn.Model([left, right], [first, layers.Dense(1, name="second")(right)])
    model.compile("sgd", ["mse", "mae"], loss_weights=[1.0, 3.0])
    random = np.random.default_rng(1)
    x = [random.normal(size=(9, 4)), random.normal(size=(9, 3))]
    y = [random.normal(size=(9, 2)), random.normal(size=(9, 1))]
    assert check_gradients(model, x, y).checked == 10 + 2 + 3 + 1


def test_the_model_stays_as_it_is(data):
    model = small(layers.BatchNormalization(), layers.Dropout(0.2))
    before, twin = weights_digest(model), copy.copy(model)
    check_gradients(model, *data)
    assert weights_digest(model) == before
    assert model.optimizer.iterations == 0
    options = {"shuffle": False, "verbose": 0}
    assert model.fit(*data, **options).history == twin.fit(*data, **options).history


def test_a_model_must_be_compiled(data):
    with pytest.raises(ValueError, match=r"check_gradients\(\) needs a compiled model"):
        check_gradients(Sequential([layers.Dense(3)]), *data)


# --- bits


def test_a_digest_is_that_of_names_shapes_and_numbers():
    model = small()
    digest = weights_digest(model)
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert weights_digest(small()) == digest
    model.layers[-1].bias.assign_add([0, 0, 0, 0, 1e-30])
    assert weights_digest(model) != digest
    zeros = [Sequential([Input((shape,)), layers.Dense(6 // shape, kernel_initializer="zeros", use_bias=False)])
             for shape in (2, 3)]
    assert weights_digest(zeros[0]) != weights_digest(zeros[1])


@pytest.mark.parametrize(("first", "second", "message"), [
    (np.float32([0, 1]), np.float32([-0.0, 1]), r"1 of 2 numbers differ, first at \[0\]: 0.0 and -0.0; .* 0, 0 ULPs"),
    (np.float32([1]), np.float64([1]), "the dtype is float32 and float64"),
    (np.zeros(2), np.zeros((2, 1)), r"the shape is \(2,\) and \(2, 1\)"),
    (np.float32([[1, 2], [3, 4]]), np.float32([[1, 2], [np.nan, 5]]),
     r"2 of 4 .* \[1, 0\]: 3.0 and nan; .* is inf, at"),
    (np.float16([-1, 1]), np.float16([1, 1]), r"is 2, 30720 ULPs, at \[0\]: -1.0 and 1.0"),
    (np.array([3, 4]), np.array([3, 9]), r"first at \[1\]: 4 and 9; the largest difference is 5, at"),
    (np.float64(1), np.float64(1 + 2**-52), r"first at \[\]: 1.0 and 1.0000000000000002; .*, 1 ULPs"),
    ([np.ones(2), np.ones(2)], [np.ones(2), np.zeros(2)], "^array 1: 2 of 2 numbers differ"),
    ({"a": 1}, {"b": 1}, "only the first has a, only the second b"),
    (np.array([True]), np.array([False]), "1 of 1 numbers differ, first at .0.: True and False$"),
])
def test_differences_are_told(first, second, message):
    with pytest.raises(AssertionError, match=message):
        assert_same_bits(first, second)


def test_what_is_the_same_is_the_same():
    nan = np.float32([np.nan, -0.0, np.inf])
    for value in (nan, nan[::-1], np.empty((0, 3)), {"a": nan}, [nan, np.arange(3)], small()):
        assert_same_bits(value, copy.deepcopy(value))


def test_the_weight_that_differs_is_named():
    one, other = small(), small()
    other.layers[-1].kernel.assign_add(np.eye(144, 5) * 2**-20)
    with pytest.raises(AssertionError, match=r"^dense/kernel: 5 of 720 numbers differ, first at \[0, 0\]: .* ULPs"):
        assert_same_bits(one, other)


# --- trainings

TEST = """
import numpy as np
import pytest
import fashioncnn as keras

def build(units=4):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units, activation="tanh"), keras.layers.Dense(1)])
    model.compile({optimizer}, "mse", metrics=["mae"])
    return model

@pytest.mark.parametrize("units", [1, 4], ids=["one", "f/o:u*r"])
def test_it(golden_training, units):
    x = np.arange(60.0).reshape(20, 3) / 60
    history = golden_training(lambda: build(units), x, x.sum(axis=1), epochs=3{options})
    assert len(history.history["loss"]) == 3
    golden_training.check(history.model{options})
"""


@pytest.fixture
def project(pytester, monkeypatch):
    monkeypatch.delenv("CI", raising=False)

    def run(*arguments, optimizer="'sgd'", options=""):
        pytester.makepyfile(TEST.format(optimizer=optimizer, options=options))
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)
        return result, sorted(pytester.path.glob("golden/*"))

    return run


def test_a_training_is_recorded_and_then_compared(project):
    result, files = project()
    result.assert_outcomes(passed=2)
    assert len(files) == 4
    assert files[-1].name == "test_a_training_is_recorded_and_then_compared.test_it-one.json"
    result.stdout.fnmatch_lines(["golden_training recorded *test_it-one.json"])
    record = json.loads(files[-1].read_text())
    assert list(record) == ["digest", "curves"]
    assert [len(record["curves"][name]) for name in ("loss", "mae")] == [3, 3]
    before = {file: file.read_text() for file in files}
    result, files = project()
    result.assert_outcomes(passed=2)
    assert "golden_training recorded" not in result.stdout.str()
    assert {file: file.read_text() for file in files} == before


def test_a_training_that_went_another_way_fails_until_it_is_recorded(project):
    project()
    result, _ = project(optimizer="'adam'")
    result.assert_outcomes(failed=2)
    result.stdout.re_match_lines([
        r".*test_it-one.json: the training is not the one that was recorded\.",
        r".*'loss' leaves the recorded curve in epoch 2 of 3: \S+ instead of \S+, by \S+ \S+ of it; in the last one",
        r".*the curves .*; the weights differ: [0-9a-f]{16}\.\.\. was recorded, [0-9a-f]{16}\.\.\. came",
        r".*--update-golden",
    ])
    assert "golden.py" not in result.stdout.str()
    result, _ = project("--update-golden", optimizer="'adam'")
    result.assert_outcomes(passed=2)
    result, _ = project(optimizer="'adam'")
    result.assert_outcomes(passed=2)


def test_only_curves_count_where_a_tolerance_is_given(project):
    close = "keras.optimizers.SGD(0.010001)"
    project()
    project(optimizer=close)[0].assert_outcomes(failed=2)
    project(optimizer=close, options=", rtol=1e-2")[0].assert_outcomes(passed=2)


def test_a_missing_record_is_a_failure_in_ci(project, monkeypatch):
    monkeypatch.setenv("CI", "true")
    result, files = project()
    result.assert_outcomes(failed=2)
    assert files == []
    result.stdout.re_match_lines([".*there is no .*test_it-one.json, and CI is set: run the test on a machine of"])
    project("--update-golden")[0].assert_outcomes(passed=2)


def test_a_record_that_is_none_is_named(project):
    _, files = project()
    files[-1].write_text("{}")
    result, _ = project()
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.re_match_lines([".*test_it-one.json holds no training: .*--update-golden"])


@pytest.mark.parametrize("content", ["", "[]", "{}", "\0", '{"digest": 1, "curves": [2]}',
                                     '{"digest": "", "curves": {"a": 3}}'])
def test_only_records_are_read(tmp_path, content):
    path = tmp_path / "it.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=re.escape(f"{path} holds no training")):
        Training.read(path)


CURVE = [0.5, 0.25, 0.125]


@pytest.mark.parametrize(("found", "message"), [
    (Training("b", {"loss": CURVE}), "the curves are equal to the last digit, but the weights differ: a... was"),
    (Training("a", {"loss": CURVE[:2]}), "'loss' has 2 epochs, and 3 were recorded"),
    (Training("a", {"loss": CURVE, "mae": CURVE}), "recorded were the curves 'loss', and now there are 'loss', 'mae'"),
    (Training("b", {"loss": [0.5, 0.2500001, 0.126]}),
     "'loss' leaves the recorded curve in epoch 2 of 3: 0.2500001 instead of 0.25, by 1e-07, 4e-07 of it; in the last "
     "one it is 0.126 instead of 0.125, by 0.001, 0.008 of it\n"
     "the curves agree to 2 significant digits; the weights differ: a... was recorded, b... came"),
    (Training("a", {"loss": [0.5, 0.25, float("nan")]}),
     "'loss' leaves the recorded curve in epoch 3 of 3: nan instead of 0.125\n"
     "the curves do not agree at all; the weights are the same: a..."),
    (Training("a", {"loss": list(CURVE)}), ""),
], ids=["digest", "epochs", "names", "middle", "nan", "same"])
def test_what_differs_is_told(found, message):
    assert Training("a", {"loss": CURVE}).difference(found).startswith(message)
    assert bool(message) is bool(Training("a", {"loss": CURVE}).difference(found))


def test_a_record_is_read_as_it_was_written(tmp_path):
    training = Training("a", {"loss": [0.1, 1e-300, float("inf"), 1 / 3]})
    training.write(tmp_path / "golden" / "it.json")
    assert Training.read(tmp_path / "golden" / "it.json") == training
    assert training.difference(Training.read(tmp_path / "golden" / "it.json")) == ""


@pytest.mark.parametrize(("found", "rtol", "is_same"), [(0.1251, 1e-2, True), (0.1251, 1e-4, False), (0.125, 0, True)])
def test_a_tolerance_is_for_curves(found, rtol, is_same):
    other = Training("b", {"loss": [0.5, 0.25, found]})
    assert (Training("a", {"loss": CURVE}).difference(other, rtol) == "") is is_same


def test_names_of_tests_become_names_of_files():
    names = ["a/b/test_a.py::test_b", "test_a.py::TestC::test_b", "test_a.py::test_b[1-x]", "test_a.py::test_b[1/x]",
             "test_a.py::test_b[1 x]", "test_a.py::test_b[" + 300 * "y" + "]", "test_a.py::test_b[" + 301 * "y" + "]"]
    files = [plugin._file_name(name) for name in names]
    assert files[:3] == ["test_a.test_b", "test_a.TestC.test_b", "test_a.test_b-1-x"]
    assert len(set(files)) == len(files)
    assert all(re.fullmatch(r"[\w.=-]{1,160}", name) for name in files)


def test_what_was_not_trained_is_refused(pytester):
    pytester.makepyfile("""
        import fashioncnn as keras, pytest

        def test_it(golden_training):
            with pytest.raises(TypeError, match="a trained model or its History, got 3"):
                golden_training.check(3)
            with pytest.raises(ValueError, match="was not trained"):
                golden_training.check(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]))
    """)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_pytest_starts_without_loading_anything_for_it():
    code = ("import sys, pytest; from _pytest.config import get_config; config = get_config(); config.parse(['-q']); "
            "assert config.pluginmanager.get_plugin('fashioncnn') or config.pluginmanager.hasplugin('fashioncnn'); "
            "print([name for name in sys.modules if name.startswith(('fashioncnn.', 'numpy'))])")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(re.findall("'(.*?)'", result.stdout))
    assert loaded == {"fashioncnn._imports", "fashioncnn.keras", "fashioncnn.testing", "fashioncnn.testing.plugin"}
