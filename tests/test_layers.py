"""Layers: shapes, arguments, weights, descriptions. What they compute is compared with Keras in test_golden.py."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import pytest

from fashioncnn import Model, Sequential, activations, layers

IMAGE = (None, 9, 8, 3)
EXAMPLES = [
    (layers.Conv2D(4, 3), (None, 7, 6, 4), 112),
    (layers.Conv2D(4, (3, 2), strides=(2, 1), padding="SAME", use_bias=False), (None, 5, 8, 4), 72),
    (layers.Conv2D(4, 3, dilation_rate=2, activation="relu"), (None, 5, 4, 4), 112),
    (layers.Conv2D(6, 3, groups=3, padding="same"), (None, 9, 8, 6), 60),
    (layers.Conv2DTranspose(4, (3, 2), strides=2, padding="same"), (None, 18, 16, 4), 76),
    (layers.Conv2DTranspose(4, 3, strides=(3, 4), output_padding=(1, 0), use_bias=False), (None, 28, 31, 4), 108),
    (layers.SeparableConv2D(5, 3, depth_multiplier=2, activation="relu"), (None, 7, 6, 5), 89),
    (layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2), (None, 5, 4, 6), 60),
    (layers.MaxPooling2D(), (None, 4, 4, 3), 0),
    (layers.MaxPool2D((3, 2), strides=1, padding="same"), (None, 9, 8, 3), 0),
    (layers.AveragePooling2D(2, strides=(1, 2)), (None, 8, 4, 3), 0),
    (layers.GlobalAveragePooling2D(), (None, 3), 0),
    (layers.GlobalMaxPooling2D(keepdims=True), (None, 1, 1, 3), 0),
    (layers.Flatten(), (None, 216), 0),
    (layers.Reshape((-1, 8)), (None, 27, 8), 0),
    (layers.Reshape((216,)), (None, 216), 0),
    (layers.Dense(5, activation="softmax"), (None, 9, 8, 5), 20),
    (layers.Dropout(0.3), IMAGE, 0),
    (layers.Activation("gelu"), IMAGE, 0),
    (layers.Activation("linear"), IMAGE, 0),
    (layers.ReLU(6.0, 0.1), IMAGE, 0),
    (layers.LeakyReLU(), IMAGE, 0),
    (layers.ELU(0.5), IMAGE, 0),
    (layers.ActivityRegularization(), IMAGE, 0),
    (layers.Softmax(), IMAGE, 0),
    (layers.Softmax(axis=3), IMAGE, 0),
    (layers.BatchNormalization(), IMAGE, 12),
    (layers.BatchNormalization(momentum=0.9, center=False, scale=False), IMAGE, 6),
    (layers.Rescaling(1 / 255), IMAGE, 0),
    (layers.ZeroPadding2D(((1, 0), (2, 1))), (None, 10, 11, 3), 0),
    (layers.ZeroPadding2D(2), (None, 13, 12, 3), 0),
    (layers.Dense(5, activation=layers.LeakyReLU(0.1)), (None, 9, 8, 5), 20),
    (layers.Dense(6, activation="glu"), (None, 9, 8, 3), 24),
    (layers.Activation("mish"), IMAGE, 0),
    (layers.Activation("log_softmax"), IMAGE, 0),
    (layers.Activation("sparsemax"), IMAGE, 0),
    (layers.Softmax(axis=(1, 3)), IMAGE, 0),
    (layers.Softmax(axis=-2), IMAGE, 0),
    (layers.PReLU(), IMAGE, 216),
    (layers.PReLU(shared_axes=[1, 2]), IMAGE, 3),
    (layers.LayerNormalization(), IMAGE, 6),
    (layers.LayerNormalization(axis=[1, -1], center=False), IMAGE, 27),
    (layers.GroupNormalization(-1), IMAGE, 6),
    (layers.GroupNormalization(4, axis=2, scale=False, center=False), IMAGE, 0),
    (layers.RMSNormalization(), IMAGE, 3),
    (layers.UnitNormalization(axis=[1, 2]), IMAGE, 0),
    (layers.RandomFlip(), IMAGE, 0),
    (layers.RandomTranslation((-0.3, 0.1), 0.2, fill_mode="constant", fill_value=1), IMAGE, 0),
    (layers.RandomRotation(0.1, interpolation="nearest"), IMAGE, 0),
    (layers.RandomZoom(0.3, fill_mode="wrap", seed=3), IMAGE, 0),
    (layers.RandomZoom((-0.3, -0.1), 0.5, fill_mode="nearest"), IMAGE, 0),
    (layers.RandomCrop(5, 4), (None, 5, 4, 3), 0),
    (layers.RandomCrop(10, 4), (None, 10, 4, 3), 0),
    (layers.RandomBrightness(0.2, (-1, 1)), IMAGE, 0),
    (layers.RandomContrast(0.5, (-1, 1)), IMAGE, 0),
    (layers.RandomErasing(), IMAGE, 0),
    (layers.RandomErasing(0.7, 0.3, [1, 2, 3.0], (0, 3)), IMAGE, 0),
    (layers.CenterCrop(4, 6), (None, 4, 6, 3), 0),
    (layers.CenterCrop(11, 6), (None, 11, 6, 3), 0),
    (layers.Normalization(), IMAGE, 7),
    (layers.Normalization((1, 2), invert=True), IMAGE, 145),
    (layers.Normalization(None, 2.0, 3.0), IMAGE, 0),
]


def example_name(value):
    return getattr(value, "name", "")


@pytest.mark.parametrize(("layer", "shape", "count"), EXAMPLES, ids=example_name)
def test_output_shape_and_number_of_weights(layer, shape, count):
    assert layer.compute_output_shape(IMAGE) == shape
    copy = layers.deserialize(layers.serialize(layer))
    copy.build(IMAGE)
    assert copy.output_shape == shape
    assert copy.count_params() == count
    assert copy(np.zeros((2, 9, 8, 3))).shape == (2, *shape[1:])


@pytest.mark.parametrize(("layer", "shape", "count"), EXAMPLES, ids=example_name)
def test_a_description_makes_an_equal_layer(layer, shape, count):
    copy = layers.deserialize(layers.serialize(layer))
    assert type(copy) is type(layer)
    assert copy.get_config() == layer.get_config()
    assert copy.name == layer.name


@pytest.mark.parametrize(("cls", "expected"), [
    (layers.Conv2D, {"strides": (1, 1), "padding": "valid", "data_format": None, "dilation_rate": (1, 1), "groups": 1,
                     "activation": None, "use_bias": True, "kernel_initializer": "glorot_uniform",
                     "bias_initializer": "zeros"}),
    (layers.Conv2DTranspose, {"strides": (1, 1), "padding": "valid", "output_padding": None, "data_format": None,
                              "dilation_rate": (1, 1), "activation": None, "use_bias": True,
                              "kernel_initializer": "glorot_uniform", "bias_initializer": "zeros"}),
    (layers.SeparableConv2D, {"strides": (1, 1), "padding": "valid", "data_format": None, "dilation_rate": (1, 1),
                              "depth_multiplier": 1, "activation": None, "use_bias": True,
                              "depthwise_initializer": "glorot_uniform", "pointwise_initializer": "glorot_uniform",
                              "bias_initializer": "zeros", "pointwise_regularizer": None,
                              "pointwise_constraint": None}),
    (layers.DepthwiseConv2D, {"strides": (1, 1), "padding": "valid", "depth_multiplier": 1, "data_format": None,
                              "dilation_rate": (1, 1), "activation": None, "use_bias": True,
                              "depthwise_initializer": "glorot_uniform", "bias_initializer": "zeros",
                              "depthwise_regularizer": None, "depthwise_constraint": None}),
    (layers.Dense, {"activation": None, "use_bias": True, "kernel_initializer": "glorot_uniform"}),
    (layers.MaxPooling2D, {"pool_size": (2, 2), "strides": None, "padding": "valid"}),
    (layers.AveragePooling2D, {"pool_size": (2, 2), "strides": None, "padding": "valid"}),
    (layers.ReLU, {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}),
    (layers.LeakyReLU, {"negative_slope": 0.3}),
    (layers.ELU, {"alpha": 1.0}),
    (layers.Softmax, {"axis": -1}),
    (layers.PReLU, {"alpha_initializer": "Zeros", "shared_axes": None}),
    (layers.LayerNormalization, {"axis": -1, "epsilon": 1e-3, "center": True, "scale": True}),
    (layers.GroupNormalization, {"groups": 32, "axis": -1, "epsilon": 1e-3, "center": True, "scale": True}),
    (layers.RMSNormalization, {"axis": -1, "epsilon": 1e-6}),
    (layers.UnitNormalization, {"axis": -1}),
    (layers.Rescaling, {"offset": 0.0}),
    (layers.ZeroPadding2D, {"padding": (1, 1)}),
])
def test_defaults_are_those_of_keras(cls, expected):
    parameters = inspect.signature(cls).parameters
    assert {name: parameters[name].default for name in expected} == expected


def test_positional_arguments_are_in_the_order_of_keras():
    def names(cls):
        return list(inspect.signature(cls).parameters)

    assert names(layers.Conv2D)[:9] == ["filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate",
                                        "groups", "activation", "use_bias"]
    assert names(layers.DepthwiseConv2D)[:8] == ["kernel_size", "strides", "padding", "depth_multiplier", "data_format",
                                                 "dilation_rate", "activation", "use_bias"]
    assert names(layers.Dense)[:5] == ["units", "activation", "use_bias", "kernel_initializer", "bias_initializer"]
    assert names(layers.MaxPooling2D)[:5] == ["pool_size", "strides", "padding", "data_format", "name"]
    assert names(layers.InputLayer)[:3] == ["shape", "batch_size", "dtype"]


def test_a_kernel_starts_uniform_and_a_bias_at_zero():
    layer = layers.Conv2D(8, 3)
    layer.build(IMAGE)
    assert layer.kernel.shape == (3, 3, 3, 8)
    assert 0 < np.abs(layer.kernel.numpy()).max() <= np.sqrt(6 / (27 + 72))
    assert layer.bias.numpy().tolist() == [0] * 8


def test_weights_can_be_read_and_written():
    layer = layers.Dense(2, name="d")
    assert layer.get_weights() == []
    layer.build((None, 3))
    assert [weight.path for weight in layer.weights] == ["d/kernel", "d/bias"]
    layer.set_weights([np.ones((3, 2)), [0.5, -0.5]])
    assert layer([[1.0, 2.0, 3.0]]).tolist() == [[6.5, 5.5]]
    layer.bias.assign([0, 0])
    assert layer([[1.0, 2.0, 3.0]]).tolist() == [[6, 6]]
    copies = layer.get_weights()
    copies[0][...] = 0
    assert np.asarray(layer.kernel).min() == 1


@pytest.mark.parametrize(("weights", "error", "message"), [
    ([np.ones((3, 2))], ValueError, "1 arrays for 'd', which has 2 weights"),
    ([np.ones((3, 2)), np.ones(3)], ValueError, r"'d/bias' got values of shape \(3,\); expected \(2,\)"),
    ([np.ones((3, 2)), ["a", "b"]], TypeError, "'d/bias'"),
])
def test_bad_weights_change_nothing(weights, error, message):
    layer = layers.Dense(2, name="d")
    layer.build((None, 3))
    before = layer.get_weights()
    with pytest.raises(error, match=message):
        layer.set_weights(weights)
    assert all(np.array_equal(old, new) for old, new in zip(before, layer.get_weights(), strict=True))


def test_trainable_is_passed_on_to_the_weights():
    layer = layers.Dense(2, trainable=False)
    layer.build((None, 3))
    assert layer.trainable_weights == []
    layer.trainable = True
    assert len(layer.trainable_weights) == 2
    assert layer.non_trainable_weights == []


def test_a_layer_with_weights_refuses_inputs_of_another_shape():
    layer = layers.Dense(2, name="d")
    layer.build((None, 3))
    with pytest.raises(ValueError, match=r"Dense 'd' has a kernel of shape \(3, 2\) already; this input needs \(4, 2"):
        layer(np.zeros((1, 4)))
    assert layer(np.zeros((1, 3))).shape == (1, 2)


def test_dropout_acts_in_training_only():
    layer, x = layers.Dropout(0.5), np.ones((1, 1000))
    assert np.array_equal(layer(x), x)
    assert set(np.unique(layer(x, training=True))) == {0.0, 2.0}


def test_an_activation_adds_its_nodes_under_the_layers_name():
    layer = layers.Conv2D(4, 3, activation="softmax", name="mine")
    graph = layers.graph.Graph()
    assert graph.connect(layer, graph.input((9, 8, 3), "x")) == [2]
    assert [(node["type"], node["name"]) for node in graph.nodes[1:]] == [("conv2d", "mine"), ("softmax", "mine")]


@pytest.mark.parametrize("name", sorted(set(activations.__all__) - {"deserialize", "get", "serialize", "threshold"}))
def test_an_activation_is_the_same_by_name_as_function_and_as_layer(name):
    x = np.linspace(-4, 4, 24).reshape(2, 12)
    function = getattr(activations, name)
    assert activations.get(name) is function
    expected = function(x)
    assert np.array_equal(layers.Activation(name)(x), expected)
    assert np.array_equal(layers.Activation(function)(x), expected)
    dense = layers.Dense(12, activation=name, kernel_initializer="identity")
    assert np.array_equal(dense(x), expected)


@pytest.mark.parametrize("identifier", ["nonsense", "RELU", 3, {"class_name": "function", "config": "no"}])
def test_an_unknown_activation_is_an_error(identifier):
    with pytest.raises(ValueError, match=r"is not supported by fashioncnn; supported: .*relu"):
        layers.Activation(identifier)


def test_functions_take_arrays_of_any_shape():
    assert activations.relu(-1.0).shape == ()
    assert activations.relu(np.zeros((0, 3))).shape == (0, 3)
    assert activations.softmax(np.zeros((2, 3, 4)))[0, 0].tolist() == [0.25] * 4
    assert activations.softmax(np.zeros((2, 3)), axis=0).tolist() == [[0.5] * 3] * 2
    assert activations.softmax(np.zeros((2, 4)), axis=(0, 1)).tolist() == [[0.125] * 4] * 2
    assert activations.glu(np.zeros((4, 3)), axis=0).shape == (2, 3)
    assert activations.log_softmax(np.zeros((0, 3))).shape == (0, 3)
    assert activations.sparsemax(np.zeros((3, 0))).shape == (3, 0)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: activations.softmax(np.zeros((2, 3)), axis=2), ValueError, "`axis` must hold different axes of an array"),
    (lambda: activations.softmax(np.zeros((2, 3)), axis=(0, -2)), ValueError, "`axis` must hold different axes"),
    (lambda: activations.softmax(np.zeros((2, 3)), axis=-3), ValueError, "`axis` must be an integer >= -2, got -3"),
    (lambda: activations.softmax(np.zeros((2, 3)), axis="last"), TypeError, "`axis` must be an integer"),
    (lambda: activations.glu(np.zeros((2, 3))), ValueError, "glu cannot halve an axis of 3"),
    (lambda: activations.celu([1.0], alpha=0), ValueError, "`alpha` must be > 0"),
    (lambda: activations.squareplus([1.0], b=-1), ValueError, "`b` must be >= 0"),
    (lambda: activations.hard_shrink([1.0], "a"), TypeError, "`threshold`"),
    (lambda: activations.threshold([1.0]), TypeError, "threshold"),
    (lambda: layers.Dense(2, activation="threshold").build((None, 3)), TypeError, "needs a `threshold` and a"),
])
def test_bad_arguments_of_functions_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_softmax_is_as_good_as_its_numbers_far_from_zero():
    x = np.array([[1000.0, 1001.0], [-1000.0, -999.0]])
    assert activations.softmax(x).round(4).tolist() == [[0.2689000070095062, 0.7311000227928162]] * 2
    assert activations.log_softmax(x).round(4).tolist() == [[-1.3133000135421753, -0.31330001354217529]] * 2


def test_functions_are_described_by_name_and_found_by_it():
    assert activations.serialize(activations.hard_swish) == "hard_silu"
    assert activations.deserialize("swish") is activations.silu
    assert activations.deserialize("mine", {"mine": abs}) is abs
    assert activations.deserialize("relu", {"mine": abs}) is activations.relu


def test_a_mask_of_a_softmax_is_refused():
    with pytest.raises(ValueError, match=r"Softmax\(mask=\) is not supported by fashioncnn; give masked numbers -1e9"):
        layers.Softmax()(np.zeros((2, 3)), mask=np.ones((2, 3)))
    assert layers.Softmax()(np.zeros((2, 2)), mask=None).tolist() == [[0.5, 0.5]] * 2


def test_a_softmax_over_one_number_gives_a_warning_whichever_axis_it_is():
    with pytest.warns(UserWarning, match="softmax over an axis of length 1"):
        layers.Softmax(axis=1)(np.zeros((2, 1, 5)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layers.Softmax(axis=1)(np.zeros((2, 5, 1)))


def test_weights_of_normalizations_are_those_of_keras():
    layer = layers.LayerNormalization(axis=[1, 3], gamma_initializer="zeros", beta_initializer="ones", name="n")
    layer.build((None, 4, 5, 6))
    assert [(weight.path, weight.shape) for weight in layer.weights] == [("n/gamma", (4, 6)), ("n/beta", (4, 6))]
    assert layer(np.random.default_rng(1).normal(size=(2, 4, 5, 6))).tolist() == np.ones((2, 4, 5, 6)).tolist()
    assert layer.gamma.shape == layer.beta.shape == (4, 6)
    assert layers.GroupNormalization(2, center=False).beta is None
    rms = layers.RMSNormalization(axis=(-2, -1))
    rms.build((None, 4, 5, 6))
    assert [(weight.name, weight.shape) for weight in rms.weights] == [("scale", (5, 6))]
    assert rms.scale.numpy().tolist() == np.ones((5, 6)).tolist()


@pytest.mark.parametrize("make", [
    lambda: layers.LayerNormalization(axis=[1, 2]), lambda: layers.GroupNormalization(2), layers.PReLU,
    layers.RMSNormalization, layers.UnitNormalization, lambda: layers.Softmax(axis=(1, 3)),
    lambda: layers.Activation("sparsemax")])
def test_a_layer_that_acts_as_in_inference_is_trained_all_the_same(make):
    random = np.random.default_rng(3)
    x, y = random.normal(size=(5, 3, 2, 4)), random.normal(size=(5, 3, 2, 4))
    assert np.array_equal(make()(x, training=True), make()(x))
    kernel, trained = random.normal(size=(4, 4)), []
    for training in (None, False):
        inputs = layers.Input((3, 2, 4))
        before = layers.Dense(4, use_bias=False)
        model = Model(inputs, make()(before(inputs), training=training))
        before.kernel.assign(kernel)
        model.compile("sgd", "mse")
        model.fit(x, y, epochs=2, shuffle=False, verbose=0)
        trained.append(model.get_weights())
    assert not np.array_equal(trained[0][0], kernel.astype(np.float32))
    assert all(np.array_equal(one, other) for one, other in zip(*trained, strict=True))


def test_groups_of_channels_on_any_axis():
    x = np.random.default_rng(2).normal(5, 3, (2, 4, 6, 3)).astype(np.float32)
    normalized = np.asarray(layers.GroupNormalization(2, axis=2, epsilon=0)(x)).reshape(2, 4, 2, 3, 3)
    np.testing.assert_allclose(normalized.mean(axis=(1, 3, 4)), 0, atol=1e-6)
    np.testing.assert_allclose(normalized.std(axis=(1, 3, 4)), 1, atol=1e-6)


def test_the_old_scaling_of_layer_normalization_gives_a_warning():
    with pytest.warns(UserWarning, match="`rms_scaling` of LayerNormalization is old"):
        layer = layers.LayerNormalization(rms_scaling=True)
    assert layer(np.arange(5)[None]).round(4).tolist()[0][1] == pytest.approx(0.7069)


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: layers.Conv2D(3, 3, foo=1), TypeError, r"Conv2D\(\) got an unexpected keyword argument 'foo'"),
    (lambda: layers.Conv2D(), TypeError, "filters"),
    (lambda: layers.Conv2D(0, 3), ValueError, "`filters` must be an integer >= 1, got 0"),
    (lambda: layers.Conv2D(2.5, 3), TypeError, "`filters`"),
    (lambda: layers.Conv2D(True, 3), TypeError, "`filters`"),
    (lambda: layers.Conv2D(3, 0), ValueError, "`kernel_size`"),
    (lambda: layers.Conv2D(3, (3, 3, 3)), ValueError, "`kernel_size`"),
    (lambda: layers.Conv2D(3, "3"), TypeError, "`kernel_size`"),
    (lambda: layers.Conv2D(3, 3, strides=0), ValueError, "`strides`"),
    (lambda: layers.Conv2D(3, 3, padding="full"), ValueError, "padding='full' is not supported by fashioncnn"),
    (lambda: layers.Conv2D(3, 3, padding=1), ValueError, "padding=1"),
    (lambda: layers.Conv2D(3, 3, groups=2), ValueError, "`groups` must divide `filters` evenly, got groups=2"),
    (lambda: layers.Conv2D(3, 3, groups=0), ValueError, "`groups` must be an integer >= 1, got 0"),
    (lambda: layers.Conv2D(3, 3, strides=2, dilation_rate=2), ValueError, "`strides` or `dilation_rate` must be 1"),
    (lambda: layers.Conv2DTranspose(3, 3, 2, dilation_rate=2), ValueError, "`strides` or `dilation_rate` must be 1"),
    (lambda: layers.Conv2DTranspose(3, 3, 2, output_padding=(1, 2)), ValueError, "`output_padding` must be less than"),
    (lambda: layers.Conv2DTranspose(3, 3, 2, output_padding=-1), ValueError, "`output_padding` must be an integer"),
    (lambda: layers.SeparableConv2D(3, 3, pointwise_constraint="x"), ValueError, "constraint 'x'"),
    (lambda: layers.Conv2D(3, 3, data_format="NCHW"), ValueError, "data_format='NCHW' is not supported"),
    (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), ValueError, "`depth_multiplier` must be an integer >= 1"),
    (lambda: layers.DepthwiseConv2D(3, kernel_initializer="zeros"), TypeError, "'kernel_initializer'"),
    (lambda: layers.DepthwiseConv2D(3, depthwise_regularizer="x"), ValueError, "regularizer 'x'"),
    (lambda: layers.Conv2D(3, 3, kernel_regularizer="l9"), ValueError, "regularizer 'l9' is not supported"),
    (lambda: layers.Conv2D(3, 3, kernel_initializer="nonsense"), ValueError, "initializer 'nonsense'"),
    (lambda: layers.Conv2D(3, 3, dtype="float16"), ValueError, "dtype='float16' is not supported"),
    (lambda: layers.Dense("10"), TypeError, "`units`"),
    (lambda: layers.Dense(-1), ValueError, "`units`"),
    (lambda: layers.Dense(3, name=3), ValueError, "`name`"),
    (lambda: layers.Dense(3, name="a/b"), ValueError, "`name`"),
    (lambda: layers.MaxPooling2D(0), ValueError, "`pool_size`"),
    (lambda: layers.Dropout(1.5), ValueError, "`rate`"),
    (lambda: layers.Dropout("0.5"), TypeError, "`rate`"),
    (lambda: layers.Dropout(0.5, noise_shape=(1,)).build(IMAGE), ValueError, "noise_shape"),
    (lambda: layers.Dropout(0.5, seed="a"), TypeError, "`seed`"),
    (lambda: layers.Reshape(3), TypeError, "`target_shape`"),
    (lambda: layers.Reshape((-1, -1)), ValueError, "`target_shape`"),
    (lambda: layers.Reshape((0, 3)), ValueError, "`target_shape`"),
    (lambda: layers.Reshape((5, 5)).build(IMAGE), ValueError, r"\(9, 8, 3\) cannot become \(5, 5\)"),
    (lambda: layers.Reshape((5, -1)).build(IMAGE), ValueError, "cannot become"),
    (lambda: layers.Softmax(axis=4).build(IMAGE), ValueError, "`axis` must hold different axes of an array with 4"),
    (lambda: layers.Softmax(axis=(0, 1)).build(IMAGE), ValueError, "the batch axis is not one of them"),
    (lambda: layers.Softmax(axis="a"), TypeError, "`axis` must be an integer, or a list or a tuple of integers"),
    (lambda: layers.PReLU(shared_axes=[0]), ValueError, "`shared_axes` must be an integer >= 1"),
    (lambda: layers.PReLU(shared_axes=[4]).build(IMAGE), ValueError, "`shared_axes` must hold different axes"),
    (lambda: layers.PReLU(alpha_constraint="nonsense"), ValueError, "'nonsense' is not supported"),
    (lambda: layers.LayerNormalization(axis={"axis": -1}), TypeError, "`axis` must be an integer, or a list"),
    (lambda: layers.LayerNormalization(axis=[1, 1]).build(IMAGE), ValueError, "`axis` must hold different axes"),
    (lambda: layers.LayerNormalization(axis=0).build(IMAGE), ValueError, "the batch axis is not one of them"),
    (lambda: layers.LayerNormalization(axis=[1, 3]).build((None, 2, 3, 4, 5)), ValueError,
     r"these axes of an input with 4 are not supported by fashioncnn; supported: neighbours, or two stretches"),
    (lambda: layers.LayerNormalization(epsilon=-1), ValueError, "`epsilon`"),
    (lambda: layers.LayerNormalization(gamma_regularizer="nonsense"), ValueError, "'nonsense' is not supported"),
    (lambda: layers.GroupNormalization(0), ValueError, "the argument `groups` must be a positive integer"),
    (lambda: layers.GroupNormalization(1.5), TypeError, "the argument `groups`"),
    (lambda: layers.GroupNormalization(2, axis=[1]), TypeError, "`axis` must be an integer, got"),
    (lambda: layers.GroupNormalization(5).build(IMAGE), ValueError, r"\(5\) cannot be more than the number of chan"),
    (lambda: layers.GroupNormalization(2).build(IMAGE), ValueError, r"channels \(3\) must be a multiple of the number"),
    (lambda: layers.RMSNormalization(axis=1).build(IMAGE), ValueError, "axis=1 is not supported"),
    (lambda: layers.UnitNormalization(axis=None), TypeError, "`axis` must be an integer, or a list"),
    (lambda: layers.ZeroPadding2D(-1), ValueError, "`padding`"),
    (lambda: layers.ZeroPadding2D((1, 2, 3)), ValueError, "`padding`"),
    (lambda: layers.ReLU(max_value=-1), ValueError, "`max_value`"),
    (lambda: layers.LeakyReLU("a"), TypeError, "`negative_slope`"),
    (lambda: layers.Rescaling("a"), TypeError, "`scale`"),
    (lambda: layers.BatchNormalization(momentum=2), ValueError, "`momentum`"),
    (lambda: layers.BatchNormalization(epsilon=-1), ValueError, "`epsilon`"),
    (lambda: layers.BatchNormalization(renorm=True), ValueError, "renorm=True is not supported"),
    (lambda: layers.BatchNormalization(axis=0).build(IMAGE), ValueError, r"axis=0 is not supported .*1 to 3, and -3"),
    (lambda: layers.BatchNormalization(axis=4).build(IMAGE), ValueError, "axis 4 is out of bounds"),
    (lambda: layers.Input(), ValueError, "exactly one of `shape` and `batch_shape`"),
    (lambda: layers.Input(28), TypeError, "`shape` must be a tuple of integers, got 28"),
    (lambda: layers.Dense(3).build((None, None)), ValueError, "unknown extent"),
    (lambda: layers.Input((0, 3)), ValueError, "`shape`"),
    (lambda: layers.Input((3,), batch_size=0), ValueError, "`batch_size`"),
    (lambda: layers.Input((3,), sparse=True), ValueError, "sparse=True is not supported"),
    (lambda: layers.Input((3,), tensor=1), ValueError, "tensor=1 is not supported"),
    (lambda: layers.Conv2D(3, 3).count_params(), ValueError, "isn't built"),
    (lambda: layers.Dense(3)(layers.Dense(3)), TypeError, "called on the layer"),
    (lambda: layers.Dense(3)(np.array([["a"]], object)), TypeError, "object"),
    (lambda: layers.deserialize({"class_name": "Lambda", "config": {}}), ValueError, "'Lambda' is not supported"),
    (lambda: layers.Lambda(3), TypeError, "must be a function"),
    (lambda: layers.Lambda(abs, output_shape=(4,))(np.zeros((2, 3))), ValueError, r"not output_shape=\(4,\)"),
    (lambda: layers.deserialize({"class_name": "Dense", "config": {"units": 3, "foo": 1}}), TypeError, "foo"),
])
def test_bad_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(("layer", "message"), [
    (layers.Conv2D(2, 5, name="c"), "'c': a 5x5 kernel does not fit its 4x4 input"),
    (layers.Conv2D(4, 3, groups=2, name="c"), "'c': 2 groups must divide the 1 channels of its input"),
    (layers.MaxPooling2D(5, name="p"), "'p'"),
    (layers.Reshape((5,), name="r"), "Reshape 'r'"),
])
def test_a_layer_that_does_not_fit_is_named(layer, message):
    with pytest.raises(ValueError, match=message):
        Sequential([layers.Input((4, 4, 1)), layer])


def test_a_layer_of_the_wrong_rank_is_named():
    with pytest.raises(ValueError, match="'conv'"):
        Sequential([layers.Input((28, 28)), layers.Conv2D(2, 3, name="conv")])


def test_attributes_before_building_say_so():
    with pytest.raises(AttributeError, match="Flatten 'f' has no defined shapes yet"):
        _ = layers.Flatten(name="f").output_shape


def test_a_layer_of_ones_own_needs_a_call():
    class Mine(layers.Layer):
        pass

    with pytest.raises(NotImplementedError, match=r"Mine has no call\(\)"):
        Sequential([layers.Input((3,)), Mine()])


def test_the_old_name_of_a_slope_gives_a_warning():
    with pytest.warns(UserWarning, match="`alpha` of LeakyReLU is an old name; write `negative_slope`"):
        assert layers.LeakyReLU(alpha=0.25).negative_slope == 0.25
