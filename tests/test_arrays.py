"""Arrays, tensors, columns and tables of other libraries, in and out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import fashioncnn
from fashioncnn import Input, Sequential, Variable, layers
from fashioncnn.utils.arrays import as_array, read

NUMPY_1 = np.__version__.startswith("1.")


class OnlyDLPack:
    """A tensor that offers DLPack, and rows as tensors do, and nothing else."""

    def __init__(self, array, place=(1, 0), **attributes):
        self._array, self._place = np.asarray(array), place
        self.__dict__.update(attributes)

    def __dlpack__(self, **options):
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._place

    def __len__(self):
        return len(self._array)

    def __getitem__(self, row):
        return OnlyDLPack(self._array[row])


class OnlyInterface:
    """An array that offers NumPy's old interface and nothing else."""

    def __init__(self, array):
        self._array = array
        self.__array_interface__ = array.__array_interface__


class OnlyArray:
    """A table that makes an array of itself."""

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        return self._array


class ArrowTensors:
    """Arrow's column of tensors, whose `__array__` is an array of objects."""

    def __init__(self, array):
        self._array = array

    def __array__(self, dtype=None, copy=None):
        rows = np.empty(len(self._array), object)
        rows[:] = list(self._array)
        return rows

    def to_numpy_ndarray(self):
        return self._array


FAKES = [OnlyDLPack, OnlyInterface, OnlyArray, ArrowTensors]


@pytest.fixture
def model():
    fashioncnn.utils.set_random_seed(1)
    model = Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def numbers():
    return np.arange(40, dtype=np.float32).reshape(10, 4) / 40


@pytest.mark.parametrize("fake", FAKES)
@pytest.mark.parametrize("layout", [lambda a: a, lambda a: a.T.copy().T, lambda a: np.repeat(a, 3, axis=1)[::2, ::3]])
def test_memory_is_shared_in_every_layout(fake, layout, numbers):
    array = layout(numbers)
    found = as_array("fit", "`x`", fake(array))
    assert np.shares_memory(found, array)
    assert np.array_equal(found, array)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "int8", "uint8", "bool"])
@pytest.mark.parametrize("fake", FAKES)
def test_every_type_of_numbers_is_taken(fake, dtype):
    array = np.array([[0, 1], [1, 1]], dtype)
    if NUMPY_1 and fake is OnlyDLPack and dtype == "bool":
        pytest.skip("NumPy 1.25 exports no bool by DLPack")
    found = as_array("fit", "`x`", fake(array))
    assert found.dtype == array.dtype
    assert np.shares_memory(found, array)


@pytest.mark.parametrize("fake", FAKES)
def test_models_take_them_wherever_they_take_arrays(fake, model, numbers):
    labels = np.arange(10) % 3
    weights = np.linspace(0, 1, 10)
    expected = Sequential.from_config(model.get_config())
    expected.set_weights(model.get_weights())
    expected.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    options = {"shuffle": False, "verbose": 0}
    history = model.fit(fake(numbers), fake(labels), sample_weight=fake(weights),
                        validation_data=(fake(numbers), fake(labels)), **options)
    other = expected.fit(numbers, labels, sample_weight=weights, validation_data=(numbers, labels), **options)
    assert history.history == other.history
    assert np.array_equal(model.predict(fake(numbers), verbose=0), expected.predict(numbers, verbose=0))
    assert model.evaluate(fake(numbers), fake(labels), verbose=0) == expected.evaluate(numbers, labels, verbose=0)
    assert np.array_equal(model(fake(numbers)), expected(numbers))
    assert model.train_on_batch(fake(numbers), fake(labels)) == expected.train_on_batch(numbers, labels)
    batches = [(fake(numbers), fake(labels))]
    assert model.fit(iter(batches), verbose=0).history == expected.fit(numbers, labels, **options).history
    assert np.array_equal(model.predict([fake(numbers)], verbose=0), expected.predict(numbers, verbose=0))
    model.set_weights([fake(weight) for weight in expected.get_weights()])


@pytest.mark.parametrize(("value", "message"), [
    (OnlyDLPack([[1.0]], (2, 0)), r"OnlyDLPack, .*: it is on the device \(2, 0\), and .*: move it there first"),
    (OnlyDLPack([[1.0]], (8, 1), device="mps:1"), "on the device mps:1"),
    (OnlyDLPack([[1.0]], requires_grad=True), r"it requires gradients, .*: pass its detach\(\)"),
    (OnlyArray(np.array([["a"]])), "dtype <U1; expected numbers"),
])
def test_what_cannot_be_read_says_why(model, value, message):
    with pytest.raises(TypeError, match=rf"predict\(\) got `x` of .*{message}"):
        model.predict(value, verbose=0)


def test_types_that_dlpack_lacks_come_by_the_other_way():
    class Both(OnlyDLPack):
        def __dlpack__(self, **options):
            raise BufferError("no such type")

        def __array__(self, dtype=None, copy=None):
            return self._array

    assert np.array_equal(read(Both([1, 2])), [1, 2])


@pytest.mark.parametrize("numbers_on_the_host", [3, 11])
def test_memory_that_is_pinned_for_a_gpu_is_read(numbers_on_the_host):
    tensor = OnlyDLPack(np.ones((2, 2)), (numbers_on_the_host, 0))
    assert np.array_equal(read(tensor), np.ones((2, 2)))


# --- pandas


def test_a_frame_of_one_type_shares_its_memory(numbers):
    frame = pd.DataFrame(numbers)
    assert np.shares_memory(as_array("fit", "`x`", frame), frame.to_numpy())
    series = pd.Series(numbers[:, 0].copy())
    assert np.shares_memory(as_array("fit", "`y`", series), series.to_numpy())


@pytest.mark.parametrize("dtype", ["Int64", "UInt8", "Float32", "Float64", "boolean"])
def test_nullable_columns_are_numbers(dtype):
    series = pd.Series([0, 1, 1], dtype=dtype)
    assert as_array("fit", "`y`", series).tolist() == [0, 1, 1]
    frame = pd.DataFrame({"a": series, "b": [1.5, 2.5, 3.5], "c": [True, False, True]})
    assert as_array("fit", "`x`", frame).tolist() == [[0, 1.5, 1], [1, 2.5, 0], [1, 3.5, 1]]


def test_a_missing_number_is_nan_and_is_named(model):
    frame = pd.DataFrame({name: pd.Series([1, None, 3], dtype="Int64") for name in "abcd"})
    assert np.isnan(as_array("fit", "`x`", frame)).tolist() == [[False] * 4, [True] * 4, [False] * 4]
    with pytest.raises(ValueError, match="a NaN or an infinity in `x`, first in row 1"):
        model.fit(frame, [0, 1, 2], verbose=0)


def test_columns_of_text_are_refused(model):
    with pytest.raises(TypeError, match=r"fit\(\) got `x` of dtype object; expected numbers"):
        model.fit(pd.DataFrame({"a": ["x"], "b": [1], "c": [2], "d": [3]}), [1], verbose=0)


# --- out


@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_tensors_and_variables_go_out_by_dlpack(model, numbers, dtype):
    tensor = model(numbers).astype(dtype)
    assert np.shares_memory(np.from_dlpack(tensor), tensor)
    variable = Variable(np.arange(3), dtype=dtype)
    assert variable.__dlpack_device__() == (1, 0)
    out = np.from_dlpack(variable)
    assert out.dtype == dtype
    variable.assign([7, 7, 7])
    assert out.tolist() == [0, 1, 2]
    assert np.array_equal(np.from_dlpack(model.layers[0].kernel), model.get_weights()[0])


def test_a_variable_says_that_it_is_copied():
    variable = Variable([1.0], name="w")
    with pytest.raises(BufferError, match="the values of 'w' can only be copied"):
        variable.__dlpack__(copy=False)
    with pytest.raises(ValueError, match="the values of 'w' can only be copied"):
        variable.__array__(copy=False)
    assert np.from_dlpack(OnlyDLPack(variable)).tolist() == [1]
    assert Variable(OnlyDLPack(np.float32([3])) if not NUMPY_1 else np.float32([3])).numpy().tolist() == [3]


@pytest.mark.parametrize("part", ["x", "y"])
@pytest.mark.parametrize(("broken", "message"), [
    (lambda array: scipy_sparse().csr_matrix(array), r"it is sparse.*pass its toarray\(\)"),
    (lambda array: np.ma.masked_greater(array, 0.5), r"masked.*pass its filled\("),
], ids=["sparse", "masked"])
def test_numbers_that_are_not_there_are_refused(part, broken, message):
    model = Sequential([Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    data = {"x": np.ones((8, 4)), "y": np.ones((8, 1))}
    data[part] = broken(data[part])
    with pytest.raises(ValueError, match=rf"fit\(\) got `{part}` .*{message}"):
        model.fit(**data, verbose=0)
    assert np.isfinite(model.fit(np.ma.masked_array(np.ones((8, 4))), np.ones(8), verbose=0).history["loss"]).all()


def scipy_sparse():
    return pytest.importorskip("scipy.sparse")
