"""The functions of `ops`: as nodes of a network they compute what they compute of arrays, and their gradients are those
of finite differences."""

import math

import numpy as np
import pytest

import fashioncnn
from fashioncnn import Input, Model, Variable, layers, ops
from fashioncnn.testing import check_gradients

IMAGE, VECTOR = (4, 5, 3), (6,)

# name: (function of tensors, shapes of the inputs). Numbers lie between 0.2 and 2.
CASES = {
    "add": (lambda a, b: a + b, [IMAGE, IMAGE]),
    "add broadcast": (lambda a, b: ops.add(a, b), [IMAGE, (1, 5, 1)]),
    "add number": (lambda a: 3 + a + 0.5, [IMAGE]),
    "add array": (lambda a: a + np.arange(3.0), [IMAGE]),
    "subtract": (lambda a, b: a - b, [IMAGE, (1, 1, 3)]),
    "subtract from number": (lambda a: 1 - a, [VECTOR]),
    "multiply": (lambda a, b: a * b, [IMAGE, (4, 1, 1)]),
    "multiply array": (lambda a: np.arange(15.0).reshape(1, 5, 3) * a, [IMAGE]),
    "negative": (lambda a: -a, [VECTOR]),
    "divide": (lambda a, b: a / b, [IMAGE, (1, 5, 3)]),
    "divide broadcast": (lambda a, b: a / b, [(1, 5, 1), IMAGE]),
    "divide number": (lambda a: a / 3.0, [IMAGE]),
    "divide from number": (lambda a: 3.0 / a, [IMAGE]),
    "divide_no_nan": (lambda a, b: ops.divide_no_nan(a, b * ops.cast(b > 1, "float32")), [IMAGE, IMAGE]),
    "power": (lambda a, b: a**b, [IMAGE, (1, 1, 3)]),
    "power of one": (lambda a, b: ops.power(a, b), [(4, 1, 1), IMAGE]),
    "power 2": (lambda a: a**2, [IMAGE]),
    "power half": (lambda a: a**0.5, [IMAGE]),
    "power to": (lambda a: 2.0**a, [IMAGE]),
    "floor_divide": (lambda a: a // 0.7 + a, [IMAGE]),
    "mod": (lambda a: a % 0.7, [IMAGE]),
    "maximum": (lambda a, b: ops.maximum(a, b), [IMAGE, (1, 5, 3)]),
    "minimum": (lambda a: ops.minimum(a, 1.0), [IMAGE]),
    "where": (lambda a, b: ops.where(a > b, a * a, b / 2), [IMAGE, IMAGE]),
    "where broadcast": (lambda a, b: ops.where(ops.less(a, 1.0), b, 3.0), [IMAGE, (1, 1, 3)]),
    "comparisons": (lambda a, b: sum(ops.cast(compared, "float32") * a for compared in (
        a < b, a <= b, a > b, a >= b, ops.equal(a, a), a != b)), [IMAGE, IMAGE]),
    "logical": (lambda a, b: ops.cast(ops.logical_or(ops.logical_and(a > 1, b > 1), ops.logical_xor(a > 1.5, b > 1.5)),
                                      "float32") * a + ops.cast(~(a > 1), "float32") * b, [IMAGE, IMAGE]),
    "exp": (ops.exp, [IMAGE]),
    "expm1": (ops.expm1, [IMAGE]),
    "log": (ops.log, [IMAGE]),
    "log1p": (ops.log1p, [IMAGE]),
    "log2": (lambda a: ops.log2(a) + ops.log10(a), [IMAGE]),
    "sqrt": (ops.sqrt, [IMAGE]),
    "rsqrt": (ops.rsqrt, [IMAGE]),
    "square": (ops.square, [IMAGE]),
    "absolute": (lambda a: abs(a - 1.0), [IMAGE]),
    "sign": (lambda a: ops.sign(a - 1.0) * a, [IMAGE]),
    "reciprocal": (ops.reciprocal, [IMAGE]),
    "sin": (lambda a: ops.sin(3 * a), [IMAGE]),
    "cos": (lambda a: ops.cos(3 * a), [IMAGE]),
    "tan": (lambda a: ops.tan(a / 2), [IMAGE]),
    "tanh": (ops.tanh, [IMAGE]),
    "erf": (lambda a: ops.erf(a - 1.0), [IMAGE]),
    "whole": (lambda a: a * (ops.floor(a) + 2 * ops.ceil(a) + ops.round(a) + ops.trunc(a)), [IMAGE]),
    "round decimals": (lambda a: ops.round(a, 1) * a, [IMAGE]),
    "clip": (lambda a: ops.clip(a, 0.5, 1.5), [IMAGE]),
    "clip tensors": (lambda a, b: ops.clip(a, 0.5, b), [IMAGE, IMAGE]),
    "stop_gradient": (lambda a: ops.stop_gradient(ops.cast(a > 1, "float32")) * a, [IMAGE]),
    "sum last": (lambda a: ops.sum(a, axis=-1), [IMAGE]),
    "sum first": (lambda a: ops.sum(a, axis=1, keepdims=True), [IMAGE]),
    "sum apart": (lambda a: ops.sum(a, axis=(1, 3)), [IMAGE]),
    "sum apart kept": (lambda a: a * ops.sum(a, axis=[1, -1], keepdims=True), [IMAGE]),
    "mean": (lambda a: ops.mean(a, axis=(1, 2)), [IMAGE]),
    "mean of all": (lambda a: ops.mean(a, axis=(1, 2, 3)), [IMAGE]),
    "max": (lambda a: ops.max(a, axis=2), [IMAGE]),
    "max apart": (lambda a: ops.max(a, axis=(1, 3)), [IMAGE]),
    "min": (lambda a: ops.min(a, axis=-1, keepdims=True), [IMAGE]),
    "prod": (lambda a: ops.prod(a, axis=1), [IMAGE]),
    "prod last": (lambda a: ops.prod(a, axis=-1), [IMAGE]),
    "var": (lambda a: ops.var(a, axis=(1, 2)), [IMAGE]),
    "std": (lambda a: ops.std(a, axis=-1, keepdims=True), [IMAGE]),
    "norm": (lambda a: ops.norm(a, axis=-1) + ops.norm(a, 1, -1) + ops.norm(a, math.inf, -1), [IMAGE]),
    "logsumexp": (lambda a: ops.logsumexp(a, axis=-1), [IMAGE]),
    "logsumexp kept": (lambda a: a - ops.logsumexp(a, axis=(1, 2), keepdims=True), [IMAGE]),
    "any all": (lambda a: ops.cast(ops.any(a > 1.9, axis=-1), "float32") + ops.cast(ops.all(a > 1, axis=-1), "float32")
                + ops.sum(a, axis=-1), [IMAGE]),
    "reshape": (lambda a: ops.reshape(a, (-1, 5, 12)), [IMAGE]),
    "reshape rest": (lambda a: ops.reshape(a, (ops.shape(a)[0] or -1, 4, -1)), [IMAGE]),
    "transpose": (lambda a: ops.transpose(a, (0, 3, 1, 2)), [IMAGE]),
    "swapaxes": (lambda a: ops.swapaxes(a, 1, -1), [IMAGE]),
    "moveaxis": (lambda a: ops.moveaxis(a, -1, 1), [IMAGE]),
    "expand_dims": (lambda a: ops.expand_dims(a, 1) * ops.expand_dims(a, -1), [VECTOR]),
    "squeeze": (lambda a: ops.squeeze(ops.sum(a, axis=1, keepdims=True), 1), [IMAGE]),
    "concatenate": (lambda a, b: ops.concatenate([a, b, a], axis=2), [IMAGE, (4, 2, 3)]),
    "stack": (lambda a, b: ops.stack([a, b], axis=1), [IMAGE, IMAGE]),
    "stack last": (lambda a, b: ops.stack([a, b], axis=-1), [IMAGE, IMAGE]),
    "split": (lambda a: ops.split(a, 3, axis=-1)[1] * ops.split(a, [1, 3], axis=2)[1][:, :, :1], [IMAGE]),
    "flip": (lambda a: ops.flip(a, axis=(1, 2)) * a, [IMAGE]),
    "roll": (lambda a: ops.roll(a, 2, axis=2) * a, [IMAGE]),
    "tile": (lambda a: ops.tile(a, (1, 2, 1, 3)), [IMAGE]),
    "repeat": (lambda a: ops.repeat(a, 2, axis=2), [IMAGE]),
    "broadcast_to": (lambda a: ops.broadcast_to(a, (-1 if a.shape[0] is None else a.shape[0], 4, 5, 3)), [(1, 5, 1)]),
    "pad": (lambda a: ops.pad(a, ((0, 0), (1, 2), (0, 1), (0, 0)), constant_values=2.0), [IMAGE]),
    "slices": (lambda a: a[:, 1:, ::2, 0] * a[:, :-1, ::2, -1], [IMAGE]),
    "slice backwards": (lambda a: a[:, ::-2, 3:0:-1], [IMAGE]),
    "ellipsis": (lambda a: a[..., None, 1:2], [IMAGE]),
    "take": (lambda a: ops.take(a, [2, 0, 2], axis=-1) + ops.take(a, 1, axis=-1)[..., None], [IMAGE]),
    "one_hot": (lambda a: ops.one_hot(ops.floor(a), 4) * ops.expand_dims(a, -1), [VECTOR]),
    "matmul": (lambda a, b: ops.matmul(a, b), [(4, 5), (5, 3)]),
    "matmul of several": (lambda a, b: a @ ops.swapaxes(b, -1, -2), [IMAGE, IMAGE]),
    "matmul broadcast": (lambda a, b: ops.matmul(a, ops.expand_dims(b, 1)), [IMAGE, (3, 2)]),
    "matmul array": (lambda a: ops.matmul(a, np.arange(6.0).reshape(3, 2)), [(4, 3)]),
    "matmul array of vectors": (lambda a: ops.matmul(a, np.arange(12.0).reshape(6, 2)), [VECTOR]),
    "einsum": (lambda a, b: ops.einsum("bij,bkj->bik", a, b), [(4, 5), (3, 5)]),
    "einsum summed": (lambda a, b: ops.einsum("bijc,bic->bci", a, b), [IMAGE, (4, 3)]),
    "einsum outer": (lambda a, b: ops.einsum("bi,bj->bji", a, b), [VECTOR, (4,)]),
    "relu": (lambda a: ops.relu(a - 1.0), [IMAGE]),
    "relu6": (lambda a: ops.relu6(4 * a), [IMAGE]),
    "leaky_relu": (lambda a: ops.leaky_relu(a - 1.0, 0.3), [IMAGE]),
    "gelu": (lambda a: ops.gelu(a, approximate=True) + ops.gelu(a, approximate=False), [IMAGE]),
    "sigmoid": (lambda a: ops.sigmoid(a) * ops.silu(a) + ops.softplus(a) + ops.elu(a - 1.0), [IMAGE]),
    "softmax": (ops.softmax, [VECTOR]),
    "softmax over": (lambda a: ops.softmax(a, axis=(1, 2)), [IMAGE]),
    "log_softmax": (lambda a: ops.log_softmax(a, axis=1), [IMAGE]),
    "glu": (lambda a: ops.glu(a, axis=1), [IMAGE]),
    "max_pool": (lambda a: ops.max_pool(a, 2), [IMAGE]),
    "average_pool": (lambda a: ops.average_pool(a, (2, 3), 1, "same"), [IMAGE]),
    "moments": (lambda a: ops.moments(a, axes=[1, 2])[0] * ops.moments(a, axes=[1, 2])[1], [IMAGE]),
    "normalize": (lambda a: ops.normalize(a, axis=-1), [IMAGE]),
    "resize": (lambda a: ops.image.resize(a, (6, 7)), [IMAGE]),
    "categorical_crossentropy": (lambda a, b: ops.categorical_crossentropy(b, ops.softmax(a)), [VECTOR, VECTOR]),
    "categorical from logits": (lambda a, b: ops.categorical_crossentropy(b, a, from_logits=True), [VECTOR, VECTOR]),
    "binary_crossentropy": (lambda a, b: ops.binary_crossentropy(b / 2, a / 2.5), [VECTOR, VECTOR]),
    "argmax": (lambda a: a[:, 0] * ops.argmax(ops.round(a * 2), axis=1), [IMAGE[1:]]),
    "argmin": (lambda a: a[:, :1] * ops.argmin(ops.round(a * 2), axis=-1, keepdims=True), [VECTOR]),
    "take of a list": (lambda a: a[:, 0] * ops.take(np.arange(9.0, dtype=np.float32), ops.argmax(a, axis=1)), [VECTOR]),
    "average": (lambda a: ops.average(a, axis=1), [IMAGE]),
    "average, weighted": (lambda a: ops.average(a, -1, np.arange(1.0, IMAGE[-1] + 1, dtype=np.float32)), [IMAGE]),
    "average of weights": (lambda a, b: ops.average(a, 1, b), [IMAGE, IMAGE]),
    "cosh": (ops.cosh, [VECTOR]),
    "sinh": (ops.sinh, [VECTOR]),
    "exp2": (ops.exp2, [VECTOR]),
    "hypot": (ops.hypot, [VECTOR, VECTOR]),
    "logaddexp": (ops.logaddexp, [VECTOR, VECTOR]),
    "fmax": (ops.fmax, [VECTOR, VECTOR]),
    "fmin": (ops.fmin, [VECTOR, VECTOR]),
    "full_like": (lambda a: a * ops.full_like(a, 3.0), [VECTOR]),
    "copy": (lambda a: ops.copy(a) * ops.convert_to_tensor(a), [VECTOR]),
    "cumsum": (lambda a: ops.cumsum(a, axis=2), [IMAGE]),
    "hstack": (lambda a, b: ops.hstack([a, b]), [VECTOR, VECTOR]),
    "sparse_categorical_crossentropy": (
        lambda a: ops.sparse_categorical_crossentropy(ops.argmax(a, axis=-1), ops.softmax(a)), [VECTOR]),
    "binary from logits": (lambda a, b: ops.binary_crossentropy(b / 2, a, from_logits=True), [VECTOR, VECTOR]),
}


class Times(layers.Layer):
    """A factor for each number: so there is a weight before whatever follows."""

    def build(self, input_shape):
        self.factor = self.add_weight(input_shape[1:], "ones", name="factor")

    def call(self, inputs):
        return inputs * self.factor


def arrays_of(shapes):
    generator = np.random.default_rng(7)
    return [generator.uniform(0.2, 2.0, (5, *shape)).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize("name", CASES)
def test_a_model_computes_what_arrays_do(name):
    function, shapes = CASES[name]
    arrays = arrays_of(shapes)
    inputs = [Input(shape) for shape in shapes]
    outputs = function(*inputs)
    expected = np.asarray(function(*arrays))
    assert outputs.shape == (None, *expected.shape[1:])
    found = Model(inputs, outputs).predict(arrays, verbose=0)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_those_of_finite_differences(name):
    function, shapes = CASES[name]
    arrays = arrays_of(shapes)
    inputs = [Input(shape) for shape in shapes]
    outputs = layers.Reshape((-1,))(function(*[Times()(x) for x in inputs]))
    model = Model(inputs, outputs)
    model.compile("sgd", "mse")
    target = np.random.default_rng(8).uniform(-1, 1, (5, *model.output_shape[1:])).astype(np.float32)
    check_gradients(model, arrays if len(arrays) > 1 else arrays[0], target)


def test_ties_share_the_gradient_of_a_maximum():
    x = Input((3,))
    model = Model(x, ops.max(Times()(x), axis=-1, keepdims=True))
    model.compile(fashioncnn.optimizers.SGD(1.0), "mae")
    model.fit(np.array([[2.0, 2.0, 1.0]]), np.array([[9.0]]), verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], [2.0, 2.0, 1.0])


@pytest.mark.parametrize(("compute", "message"), [
    (lambda x: ops.sum(x), "axis of the batch"),
    (lambda x: ops.mean(x, axis=0), "axis of the batch"),
    (lambda x: ops.sum(x, axis=4), "no axis 4"),
    (lambda x: ops.sum(x, axis=(1, 1)), "named twice"),
    (lambda x: x + x[:, 0], "axis of the batch would meet another"),
    (lambda x: x + np.ones((2, 3, 4)), "cannot be broadcast"),
    (lambda x: x[0], "axis of the batch"),
    (lambda x: x[:, 5], "outside of axis 1"),
    (lambda x: x[:, [0, 1]], "ops.take"),
    (lambda x: x[:, 2:2], "is empty"),
    (lambda x: ops.reshape(x, (3, 4)), "axis of the batch must stay"),
    (lambda x: ops.reshape(x, (-1, 5)), "cannot become"),
    (lambda x: ops.transpose(x), "axis of the batch stays"),
    (lambda x: ops.squeeze(x, 1), "not of length 1"),
    (lambda x: ops.split(x, 2, axis=1), "cannot be split"),
    (lambda x: ops.pad(x, 1), "axis of the batch"),
    (lambda x: ops.pad(x, ((0, 0), (1, 1), (0, 0)), "reflect"), "mode='reflect'"),
    (lambda x: ops.matmul(x, np.ones((3, 3))), "4 columns meet 3 rows"),
    (lambda x: ops.argmax(x), "need an axis"),
    (lambda x: ops.top_k(x, 2), r"ops.top_k\(\) between layers"),
    (lambda x: ops.cumsum(x), "needs an axis"),
    (lambda x: ops.average(x, 0, np.ones(3)), "axis of the batch"),
    (lambda x: ops.where(x > 1), "condition alone"),
    (lambda x: x * np.nan, "finite numbers"),
    (lambda x: ops.add(x, Variable([1.0])), "make a layer of your own"),
    (lambda x: np.sqrt(x), "fashioncnn.ops"),
    (lambda x: np.asarray(x), "making an array"),
    (lambda x: x if x > 1 else -x, "ops.where for `if`"),
    (lambda x: [row for row in x], "going through"),
    (lambda x: float(x), "making a number"),
])
def test_what_cannot_be_computed_is_refused(compute, message):
    with pytest.raises((NotImplementedError, ValueError, TypeError, IndexError), match=message):
        compute(Input((3, 4)))


def test_arrays_keep_their_types():
    assert ops.add([1, 2], 3).dtype == np.int32
    assert ops.exp([1, 2]).dtype == np.float32
    assert ops.mean([1, 2]).dtype == np.float32
    assert ops.add(np.ones(2, np.float64), 1.0).dtype == np.float64
    assert ops.multiply(np.ones(2, np.float32), np.arange(2)).dtype == np.float32
    assert ops.greater([1.0], 0.0).dtype == bool
    assert ops.sum([True, True]).dtype == np.int32


def test_functions_of_arrays():
    x = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]], np.float32)
    np.testing.assert_array_equal(ops.sort(x), np.sort(x))
    np.testing.assert_array_equal(ops.argsort(x, axis=0), [[1, 0, 0], [0, 1, 1]])
    values, indices = ops.top_k(x, 2)
    np.testing.assert_array_equal(values, [[3, 2], [5, 4]])
    np.testing.assert_array_equal(indices, [[0, 2], [1, 2]])
    np.testing.assert_array_equal(ops.in_top_k([2, 0], x, 2), [True, False])
    np.testing.assert_array_equal(ops.take_along_axis(x, [[1], [0]], 1), [[1], [0]])
    np.testing.assert_array_equal(ops.cumprod(x, 1), np.cumprod(x, 1))
    np.testing.assert_array_equal(ops.bincount([0, 2, 2], minlength=4), [1, 0, 2, 0])
    np.testing.assert_array_equal(ops.bincount([0, 2], [0.5, 2.0]), [0.5, 0, 2])
    np.testing.assert_array_equal(ops.nonzero([0, 1, 2])[0], [1, 2])
    np.testing.assert_array_equal(ops.isfinite([1.0, np.inf, np.nan]), [True, False, False])
    np.testing.assert_array_equal(ops.isinf([1.0, np.inf, np.nan]), [False, True, False])
    np.testing.assert_array_equal(ops.diag(ops.diagonal([[1, 2], [3, 4]])), [[1, 0], [0, 4]])
    np.testing.assert_array_equal(ops.outer([1, 2], [3, 4]), [[3, 4], [6, 8]])
    np.testing.assert_array_equal(ops.tensordot(x, x.T, 1), x @ x.T)
    np.testing.assert_array_equal(ops.vstack([x, x]), np.vstack([x, x]))
    np.testing.assert_array_equal(ops.ravel(x), x.ravel())
    np.testing.assert_array_equal(ops.meshgrid([1, 2], [3, 4, 5])[1], [[3, 3], [4, 4], [5, 5]])
    np.testing.assert_array_equal(ops.tri(2), [[1, 0], [1, 1]])
    np.testing.assert_array_equal(ops.isclose([1.0], [1.0 + 1e-7]), [True])
    assert ops.trace(np.eye(3, dtype=np.float32)) == 3
    assert ops.median(x) == 2.5
    assert ops.quantile(x, 0.2) == 1
    assert ops.linspace(0, 1, 5).dtype == ops.eye(2).dtype == ops.full((2,), 1).dtype == np.float32
    assert ops.is_tensor(ops.identity(2))
    assert not ops.is_tensor(x)
    assert type(ops.convert_to_numpy(ops.eye(2))) is np.ndarray
    assert ops.convert_to_tensor([1, 2]).dtype == np.int32
    assert ops.convert_to_tensor([1], "float32").dtype == np.float32


def test_operations_have_keras_names():
    x = Input((3,), name="x")
    model = Model(x, ops.relu(ops.add(x, 1.0)) * x[:, :1])
    assert [layer.name.rstrip("_0123456789") for layer in model.layers] == ["x", "add", "relu", "get_item", "multiply"]


def test_operations_are_saved(tmp_path):
    x = Input((4, 4, 3), name="x")
    y = ops.mean(x, axis=(1, 2), keepdims=True) + 1.0
    y = ops.relu(ops.concatenate([x, x * y], axis=-1))[:, ::2, ..., 0]
    y = ops.einsum("bij,bkj->bik", y, ops.where(y > 0.5, y, 2.0))
    y = ops.pad(ops.split(y, 2, axis=1)[0], ((0, 0), (1, 1), (0, 0)), constant_values=1.0)
    model = Model(x, layers.Dense(2)(ops.log1p(ops.max(y, axis=1))))
    images = np.random.default_rng(1).random((3, 4, 4, 3))
    model.save(tmp_path / "m.keras")
    for again in (fashioncnn.saving.load_model(tmp_path / "m.keras"), fashioncnn.models.clone_model(model),
                  fashioncnn.models.model_from_json(model.to_json())):
        again.set_weights(model.get_weights())
        np.testing.assert_array_equal(again.predict(images, verbose=0), model.predict(images, verbose=0))
        assert again.get_config() == model.get_config()
    with pytest.raises(NotImplementedError, match="an argument of type ndarray"):
        Model(x, x + np.arange(3.0)).to_json()
    with pytest.raises(NotImplementedError, match=r"function of that name in fashioncnn\.ops"):
        Model(x, fashioncnn.activations.relu(x)).to_json()
