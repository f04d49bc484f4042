"""Initializers: Keras's distributions, from repeatable random numbers."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from fashioncnn import initializers, layers, utils
from fashioncnn.utils.seeds import SeedGenerator

RANDOM = ["GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform", "Orthogonal",
          "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling"]
SHAPE = (3, 3, 40, 60)
FAN_IN, FAN_OUT = 9 * 40, 9 * 60


@pytest.mark.parametrize(("name", "variance"), [
    ("glorot_uniform", 2 / (FAN_IN + FAN_OUT)),
    ("glorot_normal", 2 / (FAN_IN + FAN_OUT)),
    ("he_uniform", 2 / FAN_IN),
    ("he_normal", 2 / FAN_IN),
    ("lecun_uniform", 1 / FAN_IN),
    ("lecun_normal", 1 / FAN_IN),
    ("variance_scaling", 1 / FAN_IN),
    ("random_normal", 0.05**2),
    ("random_uniform", 0.1**2 / 12),
])
def test_mean_and_variance_are_those_of_the_formula(name, variance):
    utils.set_random_seed(3)
    values = initializers.get(name)(SHAPE).astype(np.float64)
    assert values.shape == SHAPE
    assert abs(values.mean()) < 4 * math.sqrt(variance / values.size)
    assert values.var() == pytest.approx(variance, rel=0.03)


@pytest.mark.parametrize(("name", "limit"), [
    ("glorot_uniform", math.sqrt(6 / (FAN_IN + FAN_OUT))),
    ("he_uniform", math.sqrt(6 / FAN_IN)),
    ("lecun_uniform", math.sqrt(3 / FAN_IN)),
    ("random_uniform", 0.05),
    ("truncated_normal", 0.1),
    ("lecun_normal", 2 * math.sqrt(1 / FAN_IN) / 0.87962566103423978),
])
def test_values_reach_the_limit_and_stay_within_it(name, limit):
    largest = np.abs(initializers.get(name)(SHAPE)).max()
    assert 0.99 * limit < largest <= np.float32(limit)


def test_variance_scaling_takes_modes_and_distributions():
    for mode, fan in [("fan_in", FAN_IN), ("fan_out", FAN_OUT), ("fan_avg", (FAN_IN + FAN_OUT) / 2)]:
        for distribution in ["uniform", "truncated_normal", "untruncated_normal", "normal"]:
            values = initializers.VarianceScaling(2.0, mode, distribution, seed=1)(SHAPE)
            assert values.astype(np.float64).var() == pytest.approx(2 / fan, rel=0.03)


def test_normal_values_are_normally_distributed():
    values = initializers.RandomNormal(1.0, 2.0, seed=5)((100_000,))
    for quantile, z in [(0.0228, -2), (0.1587, -1), (0.5, 0), (0.8413, 1), (0.9772, 2)]:
        assert np.mean(values < 1 + 2 * z) == pytest.approx(quantile, abs=0.006)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (2, 2, 3, 7)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape):
    matrix = initializers.Orthogonal(gain=2.0, seed=1)(shape).reshape(-1, shape[-1]).astype(np.float64)
    product = matrix @ matrix.T if matrix.shape[0] < matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)


@pytest.mark.parametrize("name", RANDOM)
def test_a_seed_repeats_and_another_does_not(name):
    cls = getattr(initializers, name)
    first = cls(seed=7)((4, 6))
    assert np.array_equal(first, cls(seed=7)((4, 6)))
    assert not np.array_equal(first, cls(seed=8)((4, 6)))
    assert not np.array_equal(first, cls()((4, 6)))


@pytest.mark.parametrize("name", RANDOM)
def test_a_generator_of_seeds_draws_other_numbers_in_each_call(name):
    def made():
        return getattr(initializers, name)(seed=SeedGenerator(7))

    initializer, config = made(), initializers.serialize(made())
    first = initializer((4, 6))
    assert (first != initializer((4, 6))).any()
    np.testing.assert_array_equal(initializers.deserialize(json.loads(json.dumps(config)))((4, 6)), first)
    assert config["config"]["seed"] == {
        "module": "keras.random", "class_name": "SeedGenerator", "config": {"seed": 7, "name": "seed_generator"},
        "registered_name": None}


def test_a_layer_takes_no_generator_of_seeds():
    with pytest.raises(ValueError, match="must be an integer"):
        layers.Dropout(0.5, seed=SeedGenerator(7))


def test_without_a_seed_the_global_seed_decides():
    def drawn(seed):
        utils.set_random_seed(seed)
        return [initializers.GlorotUniform()((4, 6)) for _ in range(2)]

    first, second = drawn(11)
    assert not np.array_equal(first, second)
    assert np.array_equal([first, second], drawn(11))
    assert not np.array_equal([first, second], drawn(12))


def test_one_object_draws_the_same_numbers_each_time_as_in_keras():
    initializer = initializers.HeNormal()
    assert np.array_equal(initializer((3, 4)), initializer((3, 4)))


def test_constants():
    assert initializers.zeros()((2,)).tolist() == [0, 0]
    assert initializers.get("ones")((2,)).tolist() == [1, 1]
    assert initializers.Constant(-1.5)((1, 2)).tolist() == [[-1.5, -1.5]]
    assert initializers.Identity(2.0)((2, 3)).tolist() == [[2, 0, 0], [0, 2, 0]]


@pytest.mark.parametrize("name", [*RANDOM, "Constant", "Zeros", "Ones", "Identity"])
def test_a_description_makes_an_equal_initializer(name):
    initializer = getattr(initializers, name)(**({"seed": 3} if name in RANDOM else {}))
    copy = initializers.deserialize(initializers.serialize(initializer))
    assert type(copy) is type(initializer)
    assert np.array_equal(copy((3, 4)), initializer((3, 4)))


def test_a_description_by_keras_is_understood():
    config = {"module": "keras.initializers", "class_name": "GlorotUniform",
              "config": {"seed": None, "input_axes": None, "output_axes": None}, "registered_name": None}
    assert isinstance(initializers.get(config), initializers.GlorotUniform)


@pytest.mark.parametrize("identifier", ["normal", initializers.RandomNormal, initializers.RandomNormal()])
def test_get_takes_names_classes_and_objects(identifier):
    assert isinstance(initializers.get(identifier), initializers.RandomNormal)


def test_a_function_can_be_an_initializer():
    layer = layers.Dense(2, kernel_initializer=lambda shape, dtype: np.arange(6).reshape(shape))
    layer.build((None, 3))
    assert layer.get_weights()[0].tolist() == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(ValueError, match="cannot be described"):
        layer.get_config()


def test_an_initializer_of_the_wrong_shape_is_an_error():
    layer = layers.Dense(2, kernel_initializer=lambda shape, dtype: np.zeros(5), name="mine")
    message = r"Dense 'mine': kernel_initializer made an array of shape \(5,\); expected \(3, 2\)"
    with pytest.raises(ValueError, match=message):
        layer.build((None, 3))
    assert not layer.built


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: initializers.get("nonsense"), ValueError, "initializer 'nonsense' is not supported.*GlorotUniform"),
    (lambda: initializers.get(3), ValueError, "got 3"),
    (lambda: initializers.Constant("1"), TypeError, "`value`"),
    (lambda: initializers.RandomNormal(stddev=-1), ValueError, "`stddev`"),
    (lambda: initializers.RandomUniform(1.0, 0.0), ValueError, "`maxval`"),
    (lambda: initializers.VarianceScaling(mode="fan"), ValueError, "mode='fan' is not supported"),
    (lambda: initializers.VarianceScaling(distribution="beta"), ValueError, "distribution='beta'"),
    (lambda: initializers.VarianceScaling(scale=0), ValueError, "`scale`"),
    (lambda: initializers.HeNormal(seed=1.5), TypeError, "`seed`"),
    (lambda: initializers.HeNormal(seed=-1), ValueError, "`seed`"),
    (lambda: initializers.HeNormal(scale=2), TypeError, "scale"),
    (lambda: initializers.Orthogonal()((3,)), ValueError, "two axes"),
    (lambda: initializers.Identity()((3, 3, 3)), ValueError, "matrices"),
    (lambda: initializers.Zeros()((3,), dtype="float64"), ValueError, "dtype='float64' is not supported"),
])
def test_bad_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("name", [name for name in initializers.__all__ if name[0].isupper()
                                  and not name.endswith("Initializer")])
def test_initializers_return_what_has_numpy(name):
    values = getattr(initializers, name)()((2, 2))
    assert type(values.numpy()) is np.ndarray
    assert values.dtype == np.float32


@pytest.mark.parametrize("name", ["Identity", "Orthogonal"])
def test_the_longer_names_of_keras_are_known(name):
    assert type(initializers.get(f"{name}Initializer")) is getattr(initializers, name)
