"""Products of factors rounded to bfloat16: the policies, what is rounded, the same bits, files and exports."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import mixed_precision_worker
import numpy as np
import pytest

import fashioncnn as keras
from fashioncnn import config, dtype_policies, layers, mixed_precision, saving
from fashioncnn._core import cpu_features

MIXED = "mixed_bfloat16"
NEARLY = 5e-4  # dy is not the same to the last bit here and there, and some of it is rounded to the other side
SERIALIZED = {"module": "keras", "class_name": "DTypePolicy", "config": {"name": MIXED}, "registered_name": None}
UNITS = ["plain", *(name for name, feature in [("avx512_bf16", "avx512bf16"), ("amx", "amx")]
                    if feature in cpu_features().split())]


@pytest.fixture(autouse=True)
def policy_as_before() -> Iterator[None]:
    yield
    mixed_precision.set_global_policy("float32")


def rounded(x: Any) -> Any:
    """The nearest bfloat16, ties to even, as float64."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)).view(np.float32).astype(np.float64)


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def error(actual: Any, expected: Any) -> float:
    return float(np.abs(np.asarray(actual) - expected).max() / np.abs(expected).max())


# ---- policies ----


def test_the_policy_in_force_is_float32_until_another_is_set() -> None:
    assert mixed_precision.global_policy() == keras.DTypePolicy("float32")
    assert layers.Dense(3).dtype_policy.name == "float32"
    mixed_precision.set_global_policy(MIXED)
    assert [get().name for get in (mixed_precision.dtype_policy, config.dtype_policy)] == [MIXED, MIXED]
    layer = layers.Dense(3)
    config.set_dtype_policy(keras.DTypePolicy("float32"))
    assert layer.dtype_policy.name == MIXED
    assert layers.Dense(3).dtype_policy.name == "float32"
    assert keras.keras.mixed_precision.Policy is keras.DTypePolicy is keras.dtype_policies.DTypePolicy


def test_a_layer_reports_what_keras_does() -> None:
    layer = layers.Dense(3, dtype=MIXED)
    assert (layer.dtype, layer.variable_dtype, layer.compute_dtype) == ("float32", "float32", "bfloat16")
    assert repr(layer.dtype_policy) == '<DTypePolicy "mixed_bfloat16">'
    assert layers.Dense(3).compute_dtype == "float32"
    assert layer(numbers(2, 4)).dtype == np.float32
    assert layer.kernel.dtype == "float32"  # type: ignore[union-attr]


def test_a_models_policy_is_that_in_force_when_it_was_made() -> None:
    mixed_precision.set_global_policy(MIXED)
    assert keras.Sequential([layers.Dense(2)]).dtype_policy.name == MIXED


@pytest.mark.parametrize("dtype", [MIXED, keras.DTypePolicy(MIXED), SERIALIZED])
def test_a_layer_takes_its_policy_in_every_form(dtype: Any) -> None:
    assert layers.Conv2D(2, 3, dtype=dtype).dtype_policy == keras.DTypePolicy(MIXED)


@pytest.mark.parametrize("name", ["bfloat16", "float16", "float64", "mixed_float16"])
def test_a_policy_that_only_keras_has_is_refused_with_those_that_there_are(name: str) -> None:
    for use in (keras.DTypePolicy, mixed_precision.set_global_policy, config.set_dtype_policy, dtype_policies.get,
                lambda name: layers.Dense(1, dtype=name)):
        with pytest.raises(ValueError, match=f"'{name}' is not supported.*'float32' and 'mixed_bfloat16'"):
            use(name)
    assert mixed_precision.global_policy().name == "float32"


def test_what_is_no_policy_is_refused_as_in_keras() -> None:
    with pytest.raises(ValueError, match="Cannot convert 'half' to a mixed precision DTypePolicy"):
        keras.DTypePolicy("half")
    with pytest.raises(TypeError, match="'name' must be a string"):
        keras.DTypePolicy(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Invalid `policy` argument"):
        mixed_precision.set_global_policy(None)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Cannot interpret `dtype` argument"):
        dtype_policies.get(3)
    with pytest.raises(ValueError, match="a DTypePolicy of"):
        dtype_policies.get({"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}})


def test_a_layers_policy_can_be_set_until_it_is_built() -> None:
    layer = layers.Dense(3)
    layer.dtype_policy = MIXED  # type: ignore[assignment]
    assert layer.dtype_policy.name == MIXED
    layer.build((None, 4))
    with pytest.raises(AttributeError, match="dtype_policy cannot be set any more"):
        layer.dtype_policy = "float32"  # type: ignore[assignment]


# ---- what is rounded ----


@pytest.mark.parametrize(("inputs", "outputs", "images"), [(7, 3, 5), (200, 170, 300), (333, 257, 37), (64, 10, 1)])
def test_dense_multiplies_rounded_factors(inputs: int, outputs: int, images: int) -> None:
    layer = layers.Dense(outputs, bias_initializer="normal", dtype=MIXED)
    x = numbers(images, inputs)
    y = layer(x)
    kernel, bias = layer.get_weights()
    assert error(y, rounded(x) @ rounded(kernel) + bias) < 2e-6
    assert error(y, x.astype(np.float64) @ kernel + bias) > 2e-4  # what is not rounded differs by more


def gradients(model: Any, x: Any, y: Any) -> list[Any]:
    """Of the mean square of the difference, by one step of descent."""
    model.compile(keras.optimizers.SGD(1.0), "mse")
    before = model.get_weights()
    model.train_on_batch(x, y)
    return [was - now for was, now in zip(before, model.get_weights(), strict=True)]


@pytest.mark.parametrize("rows", [None, 6])
@pytest.mark.parametrize(("inputs", "outputs", "images"), [(9, 5, 21), (250, 180, 300), (300, 200, 40)])
def test_gradients_of_dense_are_products_of_rounded_factors(rows: int | None, inputs: int, outputs: int,
                                                           images: int) -> None:
    shape = (inputs,) if rows is None else (rows, inputs)
    first, second = layers.Dense(inputs, use_bias=False), layers.Dense(outputs, dtype=MIXED)
    model = keras.Sequential([keras.Input(shape), first, second])
    first.set_weights([np.eye(inputs, dtype=np.float32)])  # so that its gradient is that of the second's input
    x = numbers(images, *shape)
    kernel = second.get_weights()[0]
    y = np.asarray(model(x))
    target = numbers(*y.shape, seed=1)
    dy = (2 * (y.astype(np.float64) - target) / y.size).reshape(-1, outputs)
    of_first, of_kernel, of_bias = gradients(model, x, target)
    x = x.reshape(-1, inputs)
    assert error(of_kernel, rounded(x).T @ rounded(dy)) < NEARLY
    assert error(of_bias, dy.sum(0)) < NEARLY
    assert error(of_first, x.T.astype(np.float64) @ (rounded(dy) @ rounded(kernel).T)) < NEARLY


def patches(x: Any, kernel: int, strides: int, dilation: int, padding: str) -> tuple[Any, Any]:
    """(N, lines, columns, kernel, kernel, C), and a function that adds the same back to where it was taken from."""
    size, reach = x.shape[1], (kernel - 1) * dilation + 1
    missing = max((-(-size // strides) - 1) * strides + reach - size, 0) if padding == "same" else 0
    border = (missing // 2, missing - missing // 2)
    wide = np.pad(x, ((0, 0), border, border, (0, 0)))
    lines = (wide.shape[1] - reach) // strides + 1
    taps = [(slice(None), *(slice(t * dilation, t * dilation + (lines - 1) * strides + 1, strides) for t in (a, b)))
            for a in range(kernel) for b in range(kernel)]
    taken = np.stack([wide[tap] for tap in taps], 3).reshape(len(x), lines, lines, kernel, kernel, x.shape[3])

    def add_back(gradient: Any) -> Any:
        back = np.zeros(wide.shape)
        for tap, part in zip(taps, np.moveaxis(gradient.reshape(*gradient.shape[:3], -1, x.shape[3]), 3, 0),
                             strict=True):
            back[tap] += part
        return back[:, border[0]: border[0] + size, border[0]: border[0] + size]

    return taken, add_back


@pytest.mark.parametrize(("size", "channels", "filters", "kernel", "options"), [
    (9, 16, 5, 3, {}),
    (12, 16, 40, 3, {"strides": 2, "padding": "same"}),
    (11, 20, 9, 3, {"dilation_rate": 2, "padding": "same"}),
    (8, 64, 32, 1, {}),
    (12, 7, 33, 5, {"padding": "same"}),
    (40, 40, 24, 3, {"padding": "same"}),
])
def test_convolutions_multiply_rounded_factors_forward_and_backward(size: int, channels: int, filters: int,
                                                                    kernel: int, options: dict[str, Any]) -> None:
    first = layers.Dense(channels, use_bias=False)
    layer = layers.Conv2D(filters, kernel, bias_initializer="normal", dtype=MIXED, **options)
    model = keras.Sequential([keras.Input((size, size, channels)), first, layer])
    first.set_weights([np.eye(channels, dtype=np.float32)])
    x = numbers(19, size, size, channels)
    weights, bias = layer.get_weights()
    taken, add_back = patches(rounded(x), kernel, layer.strides[0], layer.dilation_rate[0], layer.padding)
    y = np.asarray(model(x))
    assert error(y, np.tensordot(taken, rounded(weights), 3) + bias) < 2e-6
    target = numbers(*y.shape, seed=1)
    dy = 2 * (y.astype(np.float64) - target) / y.size
    of_first, of_kernel, of_bias = gradients(model, x, target)
    assert error(of_kernel, np.tensordot(taken, rounded(dy), ((0, 1, 2), (0, 1, 2)))) < NEARLY
    assert error(of_bias, dy.sum((0, 1, 2))) < NEARLY
    dx = add_back(np.tensordot(rounded(dy), rounded(weights), ((3,), (3,))))
    assert error(of_first, np.tensordot(x.astype(np.float64), dx, ((0, 1, 2), (0, 1, 2)))) < NEARLY


@pytest.mark.parametrize("body", [
    [layers.Conv2D(8, 3, activation="relu", padding="same"), layers.MaxPooling2D()],  # fused, and gradients are sparse
    [layers.Conv2D(8, 3, dilation_rate=2)],  # a run of patches has fewer than 16 numbers
    [layers.DepthwiseConv2D(3)],
    [layers.Conv2DTranspose(4, 3)],
    [layers.Conv2D(20, 3, groups=5)],
])
def test_products_that_stay_float32_give_the_same_bits(body: list[Any]) -> None:
    x = numbers(5, 12, 12, 10)
    found, start = [], None
    for policy in ("float32", MIXED):
        made = [type(layer).from_config({**layer.get_config(), "dtype": policy}) for layer in body]
        model = keras.Sequential([keras.Input(x.shape[1:]), *made])
        start = start or model.get_weights()
        model.set_weights(start)
        found.append([*gradients(model, x, numbers(*model(x).shape)), model(x)])
    assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


def test_a_separable_convolution_rounds_its_second_step() -> None:
    layer = layers.SeparableConv2D(24, 3, dtype=MIXED)
    x = numbers(2, 9, 9, 32)
    y = np.asarray(layer(x))
    plain = layers.SeparableConv2D(24, 3)
    plain.build(x.shape)
    plain.set_weights(layer.get_weights())
    assert 1e-4 < error(y, np.asarray(plain(x))) < 1e-2


def test_training_under_the_policy_comes_close_to_training_in_float32() -> None:
    x, y = numbers(600, 40), np.random.default_rng(1).integers(0, 3, 600)
    x[np.arange(600), y] += 2
    losses = []
    for policy in ("float32", MIXED):
        keras.utils.set_random_seed(4)
        mixed_precision.set_global_policy(policy)
        model = keras.Sequential([layers.Dense(300, activation="relu"), layers.Dense(200, activation="relu"),
                                  layers.Dense(3, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        losses.append(model.fit(x, y, epochs=3, verbose=0).history["loss"])
    assert losses[0] != losses[1]
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.02)


def test_a_loss_that_is_not_finite_is_refused_with_its_layer() -> None:
    model = keras.Sequential([keras.Input((300,)), layers.Dense(200, name="wide", dtype=MIXED)])
    model.compile("sgd", "mse")
    model.set_weights([np.full((300, 200), 3e38, np.float32), np.zeros(200, np.float32)])
    with pytest.raises(FloatingPointError, match="layer 'wide'"):
        model.train_on_batch(np.ones((40, 300)), np.ones((40, 200)))


# ---- the same bits ----


def hashes(unit: str, threads: str) -> Any:
    run = subprocess.run([sys.executable, mixed_precision_worker.__file__, threads], capture_output=True, text=True,
                         timeout=300, env={**os.environ, "FASHIONCNN_BFLOAT16": unit})
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("unit", UNITS)
def test_any_number_of_threads_and_any_grouping_give_the_same_bits(unit: str) -> None:
    alone = hashes(unit, "1")
    assert alone["predictions"] == alone["predictions by sevens"]
    for threads in ("2", "3", "7"):
        assert hashes(unit, threads) == alone


def test_a_unit_that_is_not_there_is_refused_when_the_package_is_loaded() -> None:
    run = subprocess.run([sys.executable, "-c", "from fashioncnn import layers; layers.Dense(1)([[1.0]])"],
                         capture_output=True, text=True, env={**os.environ, "FASHIONCNN_BFLOAT16": "abacus"})
    assert "FASHIONCNN_BFLOAT16 is 'abacus'; this machine and build have: plain" in run.stderr


# ---- files, copies, exports ----


def small_model() -> Any:
    mixed_precision.set_global_policy(MIXED)
    model = keras.Sequential([
        keras.Input((8, 8, 16)), layers.Conv2D(6, 3, activation="relu"), layers.Flatten(), layers.Dense(20),
        layers.Dense(4, activation="softmax", dtype="float32"),
    ])
    mixed_precision.set_global_policy("float32")
    return model


def policies(model: Any) -> list[str]:
    return [layer.dtype_policy.name for layer in model.layers]


def test_a_config_has_the_policy_as_keras_writes_it() -> None:
    model = small_model()
    assert model.layers[0].get_config()["dtype"] == SERIALIZED
    assert policies(model) == [MIXED, MIXED, MIXED, "float32"]


@pytest.mark.parametrize("again", [
    copy.deepcopy, keras.models.clone_model, lambda model: pickle.loads(pickle.dumps(model)),
    lambda model: keras.Sequential.from_config(model.get_config()),
    lambda model: keras.models.model_from_json(model.to_json()),
], ids=["copy", "clone", "pickle", "config", "json"])
def test_copies_keep_the_policies(again: Any) -> None:
    model = small_model()
    made = again(model)
    assert policies(made) == policies(model)
    made.set_weights(model.get_weights())
    x = numbers(3, 8, 8, 16)
    np.testing.assert_array_equal(made.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_saved_models_keep_the_policies(name: str, tmp_path: Any) -> None:
    model, x = small_model(), numbers(3, 8, 8, 16)
    model.save(tmp_path / name)
    made = keras.models.load_model(tmp_path / name)
    assert policies(made) == policies(model)
    np.testing.assert_array_equal(made.predict(x, verbose=0), model.predict(x, verbose=0))


def test_exports_have_float32_weights(tmp_path: Any) -> None:
    model, x = small_model(), numbers(3, 8, 8, 16)
    state = saving.to_torch(model)
    assert {value.dtype.name for value in state.values()} == {"float32"}
    model.export(tmp_path / "model.onnx", verbose=False)
    made = saving.from_onnx(tmp_path / "model.onnx")
    assert policies(made) == ["float32"] * len(made.layers)
    assert 1e-5 < error(made.predict(x, verbose=0), model.predict(x, verbose=0)) < 2e-2
    model.export(tmp_path / "c", format="c", verbose=False)
