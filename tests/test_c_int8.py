"""Models as C files in 8 bits: the same numbers as in the simulation, and nearly the accuracy of the model."""

from __future__ import annotations

import re
from pathlib import Path

import c_programs
import c_zoo
import numpy as np
import pytest

from fashioncnn import Input, Model, Sequential, layers
from fashioncnn.datasets import fashion_mnist
from fashioncnn.exchange import c_export, c_int8, c_library, c_quantized, c_simulated, c_steps

TEMPLATES = Path(c_export.__file__).parent / "c"
# Products and sums are not joined, as in NumPy, and so that all compilers agree.
FLAGS = [*c_programs.SANITIZED, "-ffp-contract=off"]


def reference():
    return Sequential([
        Input((28, 28, 1)), layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(),
        layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dense(32, activation="relu"), layers.Dense(10, activation="softmax")])


def branches():
    image = Input((10, 9, 3))
    scaled = layers.Rescaling([1.5, 0.5, 1.0], offset=-0.2)(image)
    conv = layers.ReLU(2.0)(layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same", use_bias=False)(scaled)))
    depthwise = layers.DepthwiseConv2D(3, padding="same", activation="relu")(conv)
    grouped = layers.Conv2D(8, 3, groups=4, dilation_rate=2, padding="same", activation="silu")(conv)
    joined = layers.ReLU()(layers.Add()([conv, depthwise, grouped]))
    joined = layers.Activation("gelu")(layers.BatchNormalization()(joined))
    joined = layers.Concatenate()([joined, depthwise])
    joined = layers.MaxPooling2D(3, 2, padding="same")(layers.ZeroPadding2D((2, 1))(joined))
    joined = layers.Cropping2D(1)(layers.UpSampling2D((2, 3))(joined))
    joined = layers.DepthwiseConv2D(2, strides=2, depth_multiplier=2)(joined)
    pooled = layers.AveragePooling2D(3, 2, padding="same")(joined)
    return Model(image, [layers.GlobalAveragePooling2D()(pooled), layers.GlobalMaxPooling2D()(pooled),
                         layers.Softmax()(layers.Dense(5)(layers.Flatten()(pooled)))])


def sequences():
    line, other = Input((14, 3)), Input((4,))
    conv = layers.Conv1D(6, 3, padding="causal", activation="relu")(line)
    pooled = layers.GlobalMaxPooling1D()(layers.MaxPooling1D(2)(conv))
    joined = layers.Concatenate()([pooled, layers.Dense(5)(other)])
    return Model([line, other], [layers.Dense(1, activation="sigmoid")(joined), line])


ZOO = (reference, branches, sequences)


def quantized_of(model, x):
    nodes, outputs, network = c_export._described(model)
    return c_int8.Quantized(c_steps.steps_of(nodes, outputs, network), nodes, network, outputs, x)


@pytest.mark.parametrize("make", ZOO)
def test_c_computes_what_the_simulation_does(make, tmp_path):
    model = c_zoo.with_random_weights(make)
    calibration, inputs = c_zoo.random_inputs(model, 40), c_zoo.random_inputs(model, 30, seed=3)
    model.export(tmp_path / "net.c", quantize="int8",
                 calibration_data=calibration if len(calibration) > 1 else calibration[0])
    expected = quantized_of(model, calibration).predict(inputs)
    program = c_programs.build(tmp_path / "net.c", FLAGS)
    got = c_programs.run(program, inputs, [tensor.shape[1:] for tensor in model.outputs])
    for own, other in zip(got, expected, strict=True):
        assert np.abs(own - other.reshape(own.shape)).max() <= 1e-6 * np.abs(other).max()
    for compiler in c_programs.COMPILERS:
        c_programs.check_with(compiler, tmp_path / "net.c")


@pytest.mark.parametrize("make", ZOO)
def test_int8_is_near_the_model(make):
    model = c_zoo.with_random_weights(make)
    inputs = c_zoo.random_inputs(model, 50)
    predicted = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    for own, other in zip(quantized_of(model, inputs).predict(inputs),
                          predicted if isinstance(predicted, list) else [predicted], strict=True):
        assert np.abs(own.reshape(other.shape) - other).mean() <= 0.04 * np.abs(other).max()


def test_every_function_is_used_by_some_network(tmp_path):
    of_int8 = "".join((TEMPLATES / f"int8.{ending}").read_text() for ending in "ch")
    names = {name for name, definition in c_library._definitions().items() if definition.text in of_int8}
    sources = []
    for make in ZOO:
        model = make()
        x = c_zoo.random_inputs(model, 4)
        model.export(tmp_path / "net.c", quantize="int8", calibration_data=x if len(x) > 1 else x[0])
        sources.append((tmp_path / "net.c").read_text())
    assert {name for name in names if not any(re.search(rf"\b{name}\b", source) for source in sources)} == set()
    kinds = {step.kind for make in ZOO for step in c_steps.steps_of(*c_export._described(make())).steps}
    assert c_quantized.IN_INT8 - kinds == set()
    assert set(c_int8.INT8) == c_quantized.IN_INT8


def test_the_accuracy_on_fashion_mnist(tmp_path):
    (x, y), (test_x, test_y) = fashion_mnist.load_sample()
    x, test_x = x[..., np.newaxis] / 255.0, test_x[..., np.newaxis] / 255.0
    model = reference()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=6, verbose=0)
    report = model.export(tmp_path / "net.c", quantize="int8", calibration_data=x[:200], y=y[:200])
    own = quantized_of(model, [x[:200].astype(np.float32)])
    assert report.accuracy == np.mean(model.predict(x[:200], verbose=0).argmax(1) == y[:200])
    assert report.quantized_accuracy == np.mean(own.predict([x[:200].astype(np.float32)])[0].argmax(1) == y[:200])
    assert abs(report.accuracy - report.quantized_accuracy) <= 0.02
    before = np.mean(model.predict(test_x, verbose=0).argmax(1) == test_y)
    after = np.mean(own.predict([test_x.astype(np.float32)])[0].argmax(1) == test_y)
    assert before > 0.6
    assert abs(before - after) <= 0.02
    assert f"{report.quantized_accuracy:.2%} in int8" in (tmp_path / "net.c").read_text()
    assert report.weights < 0.3 * model.export(tmp_path / "float.c").weights


# ---- single numbers ----


def test_numbers_are_rounded_to_the_nearest_and_cut_off():
    stored = c_simulated.Stored(scale=0.5, zero=-128, low=0, high=255)
    x = np.array([-3.0, 0.0, 0.24, 0.26, 0.74, 0.76, 127.4, 1e9, np.inf, -np.inf], np.float32)
    assert stored.quantize(x).tolist() == [-128, -128, -128, -127, -127, -126, 127, 127, 127, -128]
    assert stored.dequantize(np.array([-128, 127], np.int8)).tolist() == [0.0, 127.5]


def test_zero_is_exact_and_ranges_that_are_moved_about_are_one():
    image = Input((4, 4, 1))
    pooled = layers.MaxPooling2D()(layers.Conv2D(1, 1, name="conv", padding="same")(image))
    model = Model(image, layers.Concatenate()([pooled, layers.AveragePooling2D()(image)]))
    own = quantized_of(model, [np.linspace(-1, 3, 160, dtype=np.float32).reshape(10, 4, 4, 1)])
    for stored in own.stored.values():
        assert stored.quantize(np.zeros(1, np.float32))[0] == stored.zero
    (last,) = own.network.outputs
    step = own.network.steps[-1]
    assert {own.stored[tensor] for tensor in step.inputs} == {own.stored[last]}


def test_a_dead_filter_and_a_large_bias_do_no_harm():
    model = Sequential([Input((5,)), layers.Dense(3)])
    kernel = np.zeros((5, 3), np.float32)
    kernel[:, 1] = 1e-20
    kernel[:, 2] = 1.0
    model.layers[-1].set_weights([kernel, np.float32([0.5, 7.0, -1.0])])
    x = np.random.RandomState(0).standard_normal((50, 5)).astype(np.float32)
    (own,) = quantized_of(model, [x]).predict([x])
    assert np.abs(own - model.predict(x, verbose=0)).max() < 0.1


# ---- what is refused ----


def exported(model, tmp_path, **options):
    usual = {"quantize": "int8", "calibration_data": np.ones((4, 6, 6, 1))}
    return model.export(tmp_path / "net.c", **{**usual, **options})


@pytest.mark.parametrize("layer", [
    layers.Conv2DTranspose(2, 3, name="bad"), layers.PReLU(name="bad"), layers.LayerNormalization(name="bad")])
def test_a_layer_without_an_int8_form_is_refused(layer, tmp_path):
    model = Sequential([Input((6, 6, 1)), layer, layers.Conv2D(1, 2)])
    with pytest.raises(NotImplementedError, match=r"layer 'bad' \(.*export without `quantize`"):
        exported(model, tmp_path)
    assert not (tmp_path / "net.c").exists()


def test_sums_that_may_overflow_are_refused(tmp_path):
    model = Sequential([Input((80000,)), layers.Dense(1, kernel_initializer="ones", name="huge")])
    with pytest.raises(NotImplementedError, match="'huge' has 80,000 inputs for each output"):
        exported(model, tmp_path, calibration_data=np.ones((2, 80000)))


@pytest.mark.parametrize(("options", "message"), [
    ({"quantize": "int4"}, "supported: None, 'int8'"),
    ({"calibration_data": None}, "takes `calibration_data`, and `y`"),
    ({"quantize": None}, "takes `calibration_data`, and `y`"),
    ({"calibration_data": np.ones((4, 5, 6, 1))}, r"calibration_data of shape \(4, 5, 6, 1\); the model expects"),
    ({"calibration_data": np.full((4, 6, 6, 1), np.nan)}, "finite numbers"),
    ({"y": [1, 2, 3]}, "4 rows and y with 3"),
    ({"y": np.ones((4, 7))}, "got y of shape"),
])
def test_arguments_that_do_not_fit_are_refused(options, message, tmp_path):
    model = Sequential([Input((6, 6, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3)])
    with pytest.raises(ValueError, match=message):
        exported(model, tmp_path, **options)
    assert not (tmp_path / "net.c").exists()
