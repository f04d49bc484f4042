"""The functions of the old ``keras.backend``: what the golden cases do not ask, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import fashioncnn
from fashioncnn import Sequential, Variable, backend, config, layers, optimizers, utils
from fashioncnn import backend as K
from fashioncnn.utils.absent import AbsentError

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_arrays_lists_numbers_and_variables_are_taken_and_can_be_asked_for_numpy():
    for x in (X, X.tolist(), Variable(X), fashioncnn.activations.linear(X)):
        result = K.sum(x, axis=0)
        assert (result.tolist(), result.dtype) == ([3, 5, 7], np.float32)
        assert type(result.numpy()) is np.ndarray
    assert K.square(3).dtype == np.int32
    assert K.square(3.0).dtype == np.float32
    assert float(K.mean(X)) == 2.5
    assert f"{K.mean(X):.2f}" == "2.50"


def test_types_are_those_of_the_arrays():
    for dtype in ("float32", "float64"):
        x = X.astype(dtype)
        for result in (K.sum(x), K.mean(x), K.std(x), K.maximum(x, 0.5), K.clip(x, 0, 1), K.exp(x), K.sigmoid(x),
                       K.softmax(x), K.relu(x, 0.1, 3.0), K.elu(x), K.softplus(x), K.hard_sigmoid(x),
                       K.binary_crossentropy(x, K.sigmoid(x)), K.l2_normalize(x), K.pow(x, 2)):
            assert result.dtype == dtype
    assert K.sum(np.array([200, 100], np.uint8)) == 44  # as TensorFlow adds bytes


@pytest.mark.parametrize("call", [
    lambda: K.sum([True, False]), lambda: K.abs([True]), lambda: K.exp([1, 2]), lambda: K.sqrt(4),
    lambda: K.std([1, 2]), lambda: K.softmax([[1, 2]]), lambda: K.log(3), lambda: K.prod([True]), lambda: K.max([True]),
])
def test_what_tensorflow_refuses_too_says_what_to_write(call):
    with pytest.raises(TypeError, match=r"write backend.cast\(x, 'float32'\)"):
        call()


@pytest.mark.parametrize("x", [layers.Dense(3), "text", None, object(), [object()]],
                         ids=["layer", "text", "None", "object", "list"])
def test_what_has_no_values_is_refused(x):
    with pytest.raises(TypeError, match=r"compute with NumPy arrays at once; got .*Between layers use layers"):
        K.mean(x)


def test_symbolic_tensors_have_shapes_and_no_numbers():
    images = fashioncnn.Input((28, 28, 1))
    assert (K.int_shape(images), K.ndim(images), K.dtype(images)) == ((None, 28, 28, 1), 4, "float32")
    assert K.shape(images) == (None, 28, 28, 1)
    assert K.is_keras_tensor(images)
    assert not K.is_keras_tensor(X)
    assert K.mean(images, axis=-1).shape == (None, 28, 28)
    with pytest.raises(NotImplementedError, match="axis of the batch"):
        K.mean(images)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: K.batch_dot(X, X[:1]), "batch_dot.. got arrays of shapes"), (lambda: K.batch_dot(X, X, 0), "other than 0"),
    (lambda: K.batch_dot(X, X[:, :2]), "same extent"), (lambda: K.softmax([0.5]), "at least 2 axes"),
    (lambda: K.repeat(X[0], 2), "2 axes, got 1"), (lambda: K.tile(X, 2), "1 numbers in `n` for an array of 2 axes"),
    (lambda: K.bias_add(X[None, None], X), "bias of 2 axes"),
    (lambda: K.bias_add(X, X[0], "channels_first"), "supported: 'channels_last'"),
    (lambda: K.spatial_2d_padding(X, data_format="channels_first"), "supported: 'channels_last'"),
    (lambda: K.switch(X[None] > 0, X, X), "condition of 3 axes"),
    (lambda: K.categorical_crossentropy(X, X[:1]), "target of shape"),
    (lambda: K.sparse_categorical_crossentropy([3, 0], X), "labels from 0 to 3; expected 0 to 2"),
    (lambda: K.set_floatx("float16"), "supported: 'float32'"), (lambda: K.set_epsilon(1e-3), "supported: 1e-07"),
    (lambda: K.set_image_data_format("channels_first"), "supported: 'channels_last'"),
    (lambda: K.standardize_dtype("complex64"), "standardize_dtype"),
    (lambda: K.variable(3, constraint=len), "constraint"),
])
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_gather_beyond_the_end_is_an_error():
    for indices in ([2], [-1]):
        with pytest.raises(IndexError, match="expected 0 to 1"):
            K.gather(X, indices)


def test_batch_dot_of_no_images_has_the_right_shape():
    assert K.batch_dot(np.zeros((0, 3)), np.zeros((0, 3, 4)), (1, 1)).shape == (0, 4)


def test_the_learning_rate_is_read_and_set():
    model = Sequential([layers.Dense(3)])
    model.compile(optimizers.Adam(0.5), "mse")
    assert K.get_value(model.optimizer.learning_rate) == 0.5
    K.set_value(model.optimizer.learning_rate, 0.25)
    assert model.optimizer.learning_rate == 0.25
    with pytest.raises(TypeError, match="float, which cannot be set"):
        K.set_value(0.5, 0.25)


def test_variables_are_read_set_and_updated():
    v = K.variable(X, name="mine")
    assert (v.name, v.dtype, K.int_shape(v), K.ndim(v), K.dtype(v), K.count_params(v)) == \
        ("mine", "float32", (2, 3), 2, "float32", 6)
    K.update(v, X + 1)
    K.update_add(v, X)
    K.update_sub(v, np.ones((2, 3)))
    np.testing.assert_array_equal(K.get_value(v), 2 * X)
    K.batch_set_value([(v, X), (v, X * 3)])
    np.testing.assert_array_equal(K.batch_get_value([v, v])[1], 3 * X)
    assert K.get_value(3) == K.eval(3) == 3
    assert not K.is_sparse(v)
    assert K.to_dense(v) is v


def test_random_arrays_follow_the_seed():
    def draw():
        utils.set_random_seed(3)
        return [K.random_normal((50, 40), 1.0, 2.0), K.random_uniform((50, 40), 2.0, 3.0),
                K.truncated_normal((50, 40)), K.random_bernoulli((50, 40), 0.3), K.random_normal_variable((3,), 0, 1),
                K.random_uniform_variable((3,), 0, 1)]

    for first, second in zip(draw(), draw(), strict=True):
        np.testing.assert_array_equal(first, second)
    normal, uniform, truncated, bernoulli = draw()[:4]
    assert abs(normal.mean() - 1) < 0.2
    assert abs(normal.std() - 2) < 0.2
    assert 2 <= uniform.min() < uniform.max() < 3
    assert abs(truncated).max() <= 2
    assert abs(bernoulli.mean() - 0.3) < 0.05
    assert (K.random_normal((3,), seed=1) == K.random_normal((3,), seed=1)).all()


def test_a_metric_of_the_user_s_may_use_the_backend():
    def dice(y_true, y_pred):
        y_true, y_pred = K.flatten(K.cast(y_true, "float32")), K.flatten(K.round(y_pred))
        both = K.sum(y_true * y_pred)
        return (2.0 * both + K.epsilon()) / (K.sum(y_true) + K.sum(y_pred) + K.epsilon())

    model = Sequential([layers.Dense(1, activation="sigmoid", kernel_initializer="ones")])
    model.compile("sgd", "binary_crossentropy", metrics=[dice])
    scores = model.evaluate(np.array([[3.0], [-3.0], [3.0]]), [[1], [0], [0]], verbose=0, return_dict=True)
    assert scores["dice"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(("name", "message"), [
    ("learning_phase", "call a model with training=True"), ("set_learning_phase", "training=False"),
    ("get_session", "there are no sessions"), ("set_session", "there are no sessions"), ("function", "same inputs"),
    ("image_dim_ordering", r"write image_data_format\(\)"), ("set_image_dim_ordering", "set_image_data_format"),
])
def test_old_names_say_what_to_do(name, message):
    with pytest.raises(AttributeError, match=f"'backend.{name}' is an old name of Keras: .*{message}"):
        getattr(backend, name)


@pytest.mark.parametrize("name", ["conv2d", "gradients", "rnn", "pool2d", "ctc_decode", "resize_images"])
def test_what_is_absent_says_so(name):
    with pytest.raises(AbsentError, match=f"'{name}' of Keras is not in fashioncnn"):
        getattr(backend, name)(X)


def test_settings_can_be_set_to_what_they_are():
    for module in (backend, config):
        module.set_epsilon(1e-7)
        module.set_floatx("float32")
        module.set_image_data_format("channels_last")
        assert (module.epsilon(), module.floatx(), module.image_data_format()) == (1e-7, "float32", "channels_last")
