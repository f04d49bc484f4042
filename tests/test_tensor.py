"""Arrays, numbers and variables that have what Keras's have, and are NumPy's arrays and Python's numbers otherwise."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

from fashioncnn import Input, Sequential, Variable, activations, layers, losses, metrics
from fashioncnn.utils.tensor import Tensor, TensorShape, tensor

X = np.random.default_rng(0).random((5, 4)).astype(np.float32)


def model():
    return Sequential([Input((4,)), layers.Dense(3, activation="softmax")])


@pytest.mark.parametrize("make", [
    lambda: model()(X), lambda: layers.Dense(2)(X), lambda: layers.Dropout(0.5)(X, training=True),
    lambda: activations.relu(X), lambda: activations.softmax(X), lambda: losses.mean_squared_error(X, X + 1),
    lambda: losses.MeanSquaredError()(X, X + 1), lambda: losses.MeanSquaredError(reduction="none")(X, X + 1),
    lambda: metrics.sparse_categorical_accuracy([0] * 5, X), lambda: metrics.Mean()([1.0, 2.0]),
    lambda: metrics.SparseCategoricalAccuracy()([0] * 5, X), lambda: metrics.Sum()([1.0, 2.0]),
    lambda: Variable([1.0, 2.0]).value])
def test_what_keras_returns_as_a_tensor_has_numpy_and_is_an_array(make):
    result = make()
    assert isinstance(result, np.ndarray)
    assert type(result) is Tensor
    assert result.dtype == np.float32
    plain = result.numpy()
    assert type(plain) in (np.ndarray, np.float32)
    assert np.array_equal(plain, result)
    assert (repr(result), str(result)) == (repr(np.asarray(result)), str(np.asarray(result)))
    for copied in (pickle.loads(pickle.dumps(result)), copy.copy(result), copy.deepcopy(result)):
        assert type(copied) is Tensor
        assert np.array_equal(copied, result)
    assert np.array_equal(np.sqrt(np.abs(result)), np.sqrt(np.abs(plain)))


def test_predict_returns_plain_arrays():
    for outputs in (model().predict(X, verbose=0), model().predict_on_batch(X)):
        assert type(outputs) is np.ndarray


def test_arithmetic_and_reductions_are_those_of_numpy():
    values, plain = tensor(X), X
    assert type(values + 1) is type(values.T) is type(values[1:]) is type(np.exp(values)) is Tensor
    for function in (np.mean, np.sum, np.max, lambda a: a.mean(), np.ptp):
        assert type(function(values)) is type(function(plain))
        assert function(values) == function(plain)
    assert values.argmax(axis=-1).numpy().tolist() == plain.argmax(axis=-1).tolist()
    assert f"{losses.MeanSquaredError()([0.0], [1.0]):.3f}" == "1.000"
    assert round(losses.MeanSquaredError()([0.0], [0.5]), 1) == 0.2
    assert float(tensor(0.5)) == 0.5
    assert json.dumps(tensor([0.5]).tolist()) == "[0.5]"
    assert np.concatenate([values, values]).shape == (10, 4)


def test_elements_have_numpy_and_are_numbers_to_python():
    values, labels = tensor(X), tensor([2, 0, 1], np.int64)
    for one in (values[0, 0], values[0, 0] * np.float32(1), +values[0, 0], next(iter(values[0])), values[0][0],
                values[:1, 0].reshape(())):
        assert type(one) is Tensor
        assert one.shape == ()
        assert type(one.numpy()) is np.float32
        assert (float(one), f"{one:.3f}", str(one)) == (float(X[0, 0]), f"{X[0, 0]:.3f}", str(X[0, 0]))
    assert ["a", "b", "c"][labels[0]] == "c"
    assert (list(range(labels[0])), labels[0] == 2, bool(labels[1]), max(labels)) == ([0, 1], True, False, 2)
    assert {int(label): 1 for label in labels}[labels[0]] == len({labels[0], labels[0] * 1, np.int64(2), 2}) == 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(labels)
    element = values[0, 0]
    element += 1
    assert values[0, 0] == X[0, 0]
    assert type(values[0]) is type(values[...]) is type(values[values > 0.5]) is type(values[[0, 1], [1, 0]]) is Tensor


def test_a_shape_has_tensorflows_methods_and_can_be_affirmed():
    values = tensor(X)
    assert (values.get_shape().as_list(), values.get_shape().rank, values.get_shape().ndims) == ([5, 4], 2, 2)
    assert TensorShape([None, 4])[1:] == (4,)
    for shape in ((5, 4), [None, 4], TensorShape([5, None])):
        values.set_shape(shape)
    for shape in ((5,), (5, 3), ()):
        with pytest.raises(ValueError, match=r"for a tensor of shape \(5, 4\)"):
            values.set_shape(shape)


def test_a_variable_computes_as_an_array_and_can_be_assigned_to():
    variable = Variable([[1.0, 2.0]], name="mine")
    assert (variable.shape, variable.ndim, variable.size) == ((1, 2), 2, 2)
    assert (variable.dtype, variable.name) == ("float32", "mine")
    assert (variable + 1).tolist() == [[2.0, 3.0]]
    assert (2 * variable - variable @ np.eye(2)).numpy().tolist() == [[1.0, 2.0]]
    assert np.add(variable, variable).tolist() == [[2.0, 4.0]]
    assert variable[0, 1] == 2.0
    assert np.asarray(variable).tolist() == variable.numpy().tolist() == [[1.0, 2.0]]
    variable.assign([[3, 4]])
    variable.assign_add([[1, 1]])
    variable.assign_sub([[0, 5]])
    assert variable.numpy().tolist() == [[4.0, 0.0]]
    assert Variable(np.zeros, shape=(2, 3)).shape == (2, 3)
    assert Variable([1, 2]).dtype == "int64"
    assert float(Variable(2.5)) == 2.5
    assert (int(Variable(2.5)), bool(Variable(0.0)), len(Variable([1.0, 2.0])), f"{Variable(2.5):.2f}") == (
        2, False, 2, "2.50")
    with pytest.raises(ValueError, match=r"'mine' got values of shape \(2,\); expected \(1, 2\)"):
        variable.assign([1, 2])
    with pytest.raises(ValueError, match="expected numbers"):
        variable.assign([["a", "b"]])


def test_a_weight_is_the_networks_memory():
    one = model()
    kernel = one.layers[0].kernel
    assert kernel.path == f"{one.name}/{one.layers[0].name}/kernel"
    kernel.assign(np.zeros((4, 3)))
    assert one(X).numpy() == pytest.approx(1 / 3)
    values = kernel.numpy()
    values[:] = 5  # a copy
    assert not kernel.numpy().any()
    one.layers[0].bias.assign_add([1, 0, 0])
    assert one(X)[0, 0] > 0.5
    assert "path=" in repr(kernel)
    assert f"kernel {kernel}".startswith("kernel <Variable")


def test_in_place_operators_make_arrays_and_leave_the_variable_alone():
    variable = result = Variable([1.0, 2.0], name="mine")
    result += 1
    result *= 2
    assert type(result) is Tensor
    assert result.tolist() == [4.0, 6.0]
    power = variable
    power **= 2
    assert power.tolist() == [1.0, 4.0]
    assert variable.numpy().tolist() == [1.0, 2.0]
    layer = layers.Dense(2)
    layer.build((None, 1))
    kernel = layer.kernel
    kernel += 1
    np.testing.assert_array_equal(kernel, layer.kernel.numpy() + 1)
    with pytest.raises(TypeError, match=r"'mine' cannot be the `out` of add\(\): it is a Variable; write assign"):
        np.add(variable, 1, out=variable)


def test_an_array_can_take_a_variable_in():
    array = same = np.zeros(2, np.float32)
    array += Variable([1.0, 2.0])
    assert array is same
    assert same.tolist() == [1.0, 2.0]
