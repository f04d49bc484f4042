"""Layers that merge, move, resample and disturb: shapes, descriptions, refusals, noise. Values: test_golden.py."""

from __future__ import annotations

import numpy as np
import pytest
from core import read

import fashioncnn
from fashioncnn import Model, Sequential, layers

IMAGE, SEQUENCE = (9, 8, 3), (9, 4)
EXAMPLES = [  # layer, shapes of its inputs, shape of its output, number of weights
    (layers.Add(), [IMAGE, IMAGE], IMAGE, 0),
    (layers.Add(), [(8, 1), (9, 1, 3), (1,)], IMAGE, 0),
    (layers.Subtract(), [IMAGE, (3,)], IMAGE, 0),
    (layers.Multiply(), [(1, 1, 3), IMAGE], IMAGE, 0),
    (layers.Average(), [IMAGE, IMAGE, IMAGE], IMAGE, 0),
    (layers.Maximum(), [IMAGE, IMAGE], IMAGE, 0),
    (layers.Minimum(), [IMAGE, IMAGE], IMAGE, 0),
    (layers.Concatenate(), [IMAGE, (9, 8, 2)], (9, 8, 5), 0),
    (layers.Concatenate(axis=1), [IMAGE, (2, 8, 3), IMAGE], (20, 8, 3), 0),
    (layers.Dot(axes=-1), [(5,), (5,)], (1,), 0),
    (layers.Dot(axes=(1, 2), normalize=True), [(3, 5), (10, 3)], (5, 10), 0),
    (layers.Dot(axes=[3, 1]), [(2, 3, 4), (4, 2)], (2, 3, 2), 0),
    (layers.Permute((3, 1, 2)), [IMAGE], (3, 9, 8), 0),
    (layers.RepeatVector(2), [(7,)], (2, 7), 0),
    (layers.Identity(), [IMAGE], IMAGE, 0),
    (layers.Cropping2D(((1, 0), (2, 1))), [IMAGE], (8, 5, 3), 0),
    (layers.Cropping1D(2), [SEQUENCE], (5, 4), 0),
    (layers.ZeroPadding1D((1, 3)), [SEQUENCE], (13, 4), 0),
    (layers.UpSampling2D((2, 3)), [IMAGE], (18, 24, 3), 0),
    (layers.UpSampling2D(2, interpolation="Bilinear"), [IMAGE], (18, 16, 3), 0),
    (layers.UpSampling1D(3), [SEQUENCE], (27, 4), 0),
    (layers.Resizing(4, 20, "lanczos3", antialias=True), [IMAGE], (4, 20, 3), 0),
    (layers.Resizing(4, 4, crop_to_aspect_ratio=True), [IMAGE], (4, 4, 3), 0),
    (layers.Resizing(4, 20, pad_to_aspect_ratio=True, fill_value=0.5), [IMAGE], (4, 20, 3), 0),
    (layers.Conv1D(5, 3), [SEQUENCE], (7, 5), 65),
    (layers.Conv1D(5, 3, padding="CAUSAL", dilation_rate=2, activation="relu"), [SEQUENCE], (9, 5), 65),
    (layers.Conv1D(5, [3], strides=(2,), padding="same", use_bias=False), [SEQUENCE], (5, 5), 60),
    (layers.Conv1D(6, 3, groups=2), [SEQUENCE], (7, 6), 42),
    (layers.DepthwiseConv1D(3, strides=2, depth_multiplier=3), [SEQUENCE], (4, 12), 48),
    (layers.SeparableConv1D(5, [3], depth_multiplier=2, padding="same"), [SEQUENCE], (9, 5), 69),
    (layers.Conv1DTranspose(5, 3, strides=2), [SEQUENCE], (19, 5), 65),
    (layers.Conv1DTranspose(5, 3, strides=(2,), padding="same", output_padding=0), [SEQUENCE], (17, 5), 65),
    (layers.MaxPooling1D(), [SEQUENCE], (4, 4), 0),
    (layers.AveragePooling1D(3, strides=2, padding="same"), [SEQUENCE], (5, 4), 0),
    (layers.GlobalMaxPooling1D(keepdims=True), [SEQUENCE], (1, 4), 0),
    (layers.GlobalAveragePooling1D(), [SEQUENCE], (4,), 0),
    (layers.SpatialDropout1D(0.3), [SEQUENCE], SEQUENCE, 0),
    (layers.SpatialDropout2D(0.3, seed=2), [IMAGE], IMAGE, 0),
    (layers.AlphaDropout(0.3, noise_shape=(None, 1, 1, None)), [IMAGE], IMAGE, 0),
    (layers.GaussianDropout(0.3), [IMAGE], IMAGE, 0),
    (layers.GaussianNoise(0.3), [IMAGE], IMAGE, 0),
]


def connect(layer, *shapes):
    """A model of the layer on views of one input, which have these shapes."""
    x = layers.Input((4,))
    branches = [layers.Reshape(shape)(layers.Dense(int(np.prod(shape)), use_bias=False)(x)) for shape in shapes]
    return Model(x, layer(branches if layer.takes_several else branches[0]))


def example_name(value):
    return getattr(value, "name", "")


@pytest.mark.parametrize(("layer", "shapes", "output", "count"), EXAMPLES, ids=example_name)
def test_output_shape_and_number_of_weights(layer, shapes, output, count):
    copy = layers.deserialize(layers.serialize(layer))
    assert connect(copy, *shapes).output_shape == (None, *output)
    assert copy.count_params() == count
    given = [(None, *shape) for shape in shapes]
    assert layer.compute_output_shape(given if layer.takes_several else given[0]) == (None, *output)
    arrays = [np.zeros((2, *shape)) for shape in shapes]
    assert copy(arrays if layer.takes_several else arrays[0]).shape == (2, *output)


@pytest.mark.parametrize("layer", [layer for layer, *_ in EXAMPLES], ids=example_name)
def test_a_description_makes_an_equal_layer(layer):
    copy = layers.deserialize(layers.serialize(layer))
    assert type(copy) is type(layer)
    assert copy.get_config() == layer.get_config()


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: layers.Concatenate("1"), TypeError, "`axis`"),
    (lambda: layers.Dot("1"), TypeError, "`axes`"),
    (lambda: layers.Dot((1, 2, 3)), ValueError, "`axes`"),
    (lambda: layers.Dot((1, "2")), ValueError, "`axes`"),
    (lambda: layers.Permute((0, 1)), ValueError, "`dims`"),
    (lambda: layers.Permute((1, 3)), ValueError, "`dims`"),
    (lambda: layers.Permute(1), TypeError, "`dims`"),
    (lambda: layers.RepeatVector(2.5), TypeError, "`n`"),
    (lambda: layers.RepeatVector(0), ValueError, "`n`"),
    (lambda: layers.UpSampling1D(True), TypeError, "`size`"),
    (lambda: layers.UpSampling2D(0), ValueError, "`size`"),
    (lambda: layers.UpSampling2D(interpolation="area"), ValueError, "interpolation='area' is not supported"),
    (lambda: layers.UpSampling2D(data_format="NCHW"), ValueError, "data_format='NCHW'"),
    (lambda: layers.Resizing(0, 3), ValueError, "`height`"),
    (lambda: layers.Resizing(3, 3, fill_mode="reflect"), ValueError, "fill_mode='reflect' is not supported"),
    (lambda: layers.Cropping2D(-1), ValueError, "`cropping`"),
    (lambda: layers.Cropping2D((1, 2, 3)), ValueError, "`cropping`"),
    (lambda: layers.Cropping1D("1"), TypeError, "`cropping`"),
    (lambda: layers.ZeroPadding1D((1, 2, 3)), ValueError, "`padding`"),
    (lambda: layers.Conv1D(3, (2, 2)), ValueError, "`kernel_size`"),
    (lambda: layers.Conv1D(3, 2, padding="full"), ValueError, "supported: 'valid', 'same', 'causal'"),
    (lambda: layers.Conv1D(3, 2, groups=2), ValueError, "`groups` must divide `filters` evenly"),
    (lambda: layers.Conv1DTranspose(3, 2, 2, output_padding=2), ValueError, "`output_padding` must be less than"),
    (lambda: layers.DepthwiseConv1D((2, 2)), ValueError, "`kernel_size`"),
    (lambda: layers.Conv1D(3, 2, strides=2, dilation_rate=2), ValueError, "`strides` or `dilation_rate` must be 1"),
    (lambda: layers.Conv2D(3, 2, strides=2, dilation_rate=(1, 2)), ValueError, "`strides` or `dilation_rate`"),
    (lambda: layers.Conv2D(3, 2, padding="causal"), ValueError, "padding='causal' is not supported"),
    (lambda: layers.MaxPooling1D((2, 2)), ValueError, "`pool_size`"),
    (lambda: layers.GaussianNoise(1.5), ValueError, "`stddev`"),
    (lambda: layers.GaussianDropout(-0.1), ValueError, "`rate`"),
    (lambda: layers.AlphaDropout(0.5, noise_shape="1"), TypeError, "`noise_shape`"),
    (lambda: layers.Dropout(0.5, noise_shape=(1, 0)), ValueError, "`noise_shape`"),
    (lambda: layers.SpatialDropout2D(0.5, trainable=True), TypeError, "trainable"),
])
def test_bad_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(("layer", "shapes", "message"), [
    (layers.Add(name="a"), [IMAGE, (4,)], r"'a' cannot merge inputs of shapes \(9, 8, 3\) and \(4,\)"),
    (layers.Add(name="a"), [IMAGE], "Add 'a' must be called on a list of at least 2 inputs, got 1"),
    (layers.Subtract(name="s"), [IMAGE] * 3, "Subtract 's' must be called on a list of exactly 2 inputs, got 3"),
    (layers.Concatenate(name="c"), [IMAGE, (9, 7, 3)], r"Concatenate 'c' along axis 3 .* \(9, 8, 3\) and \(9, 7, 3\)"),
    (layers.Concatenate(0), [IMAGE, IMAGE], "axis=0 is not supported by fashioncnn .* 0 is the batch's"),
    (layers.Concatenate(4), [IMAGE, IMAGE], "axis=4"),
    (layers.Concatenate(-4), [IMAGE, IMAGE], "axis=-4"),
    (layers.Dot(0), [(3, 3), (3, 3)], "axes=0 is not supported"),
    (layers.Dot(1, name="d"), [(3, 4), (4, 3)], "Dot 'd' sums over axes 1 and 1 .* not equally long"),
    (layers.Dot(1), [(3, 4)], "exactly 2 inputs, got 1"),
    (layers.Permute((2, 1)), [IMAGE], "`dims` has 2 axes"),
    (layers.RepeatVector(2), [SEQUENCE], "expects vectors"),
    (layers.Cropping2D(4), [IMAGE], "leaves nothing"),
    (layers.Cropping1D((4, 5)), [SEQUENCE], "leaves nothing"),
    (layers.UpSampling2D(), [SEQUENCE], "expects images"),
    (layers.UpSampling2D(interpolation="bilinear"), [SEQUENCE], "expects images"),
    (layers.UpSampling1D(), [IMAGE], "expects sequences"),
    (layers.Resizing(3, 3), [(4,)], "expects images"),
    (layers.Resizing(3, 3, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), [IMAGE], "cannot both be True"),
    (layers.Conv1D(3, 2), [IMAGE], "expects sequences"),
    (layers.Conv1D(3, 12), [SEQUENCE], "1x12 kernel does not fit its 1x9 input"),
    (layers.MaxPooling1D(), [IMAGE], "expects sequences"),
    (layers.GlobalMaxPooling1D(), [IMAGE], "expects sequences"),
    (layers.SpatialDropout1D(0.5), [IMAGE], "SpatialDropout1D .* expects inputs of 3 axes"),
    (layers.SpatialDropout2D(0.5), [SEQUENCE], "SpatialDropout2D .* expects inputs of 4 axes"),
    (layers.Dropout(0.5, noise_shape=(None, 1)), [IMAGE], "noise_shape=.* does not fit"),
    (layers.Dropout(0.5, noise_shape=(None, 1, 1, 2)), [IMAGE], "`noise_shape` does not fit"),
    (layers.AlphaDropout(1), [IMAGE], "`rate` must be below 1"),
    (layers.GaussianDropout(1.0), [IMAGE], "`rate` must be below 1"),
], ids=str)
def test_a_layer_that_does_not_fit_is_named(layer, shapes, message):
    with pytest.raises(ValueError, match=message):
        connect(layer, *shapes)


@pytest.mark.parametrize(("function", "layer"), [
    (layers.add, layers.Add()), (layers.subtract, layers.Subtract()), (layers.multiply, layers.Multiply()),
    (layers.average, layers.Average()), (layers.maximum, layers.Maximum()), (layers.minimum, layers.Minimum()),
    (layers.concatenate, layers.Concatenate()), (layers.dot, layers.Dot(-1)),
], ids=example_name)
def test_a_function_is_its_layer_called(function, layer):
    arrays = [np.random.default_rng(seed).normal(size=(2, 3, 3)) for seed in (1, 2)]
    assert np.array_equal(function(arrays), layer(arrays))
    x = layers.Input((3, 3))
    model = Model(x, function([x, x], name="mine"))
    assert type(model.get_layer("mine")) is type(layer)
    assert np.array_equal(model.predict(arrays[0], verbose=0), layer([arrays[0], arrays[0]]))


def test_functions_take_the_axes_of_their_layers():
    arrays = [np.ones((2, 3, 4)), np.ones((2, 5, 4))]
    assert layers.concatenate(arrays, axis=1).shape == (2, 8, 4)
    assert layers.dot(arrays, axes=2, normalize=True).shape == (2, 3, 5)


def test_a_mask_of_joined_symbolic_tensors_has_the_rows_of_the_masks():
    inputs = [fashioncnn.Input((4, 5)), fashioncnn.Input((4, 3))]
    rows, all_numbers = np.array([[True, False, True, False]] * 2), np.zeros((2, 4, 3), bool)
    mask = layers.Concatenate().compute_mask(inputs, [rows, all_numbers])
    np.testing.assert_array_equal(mask, rows)
    assert layers.Concatenate().compute_mask(inputs, [rows, None]).all()
    assert layers.Concatenate().compute_mask(inputs, [None, None]) is None


def test_a_kernel_of_sequences_has_the_shape_that_keras_gives_it():
    layer = layers.Conv1D(5, 3)
    model = Sequential([layers.Input(SEQUENCE), layer])
    assert [weight.shape for weight in layer.weights] == [(3, 4, 5), (5,)]
    model.set_weights([np.ones((3, 4, 5)), np.zeros(5)])
    assert model.predict(np.ones((2, *SEQUENCE)), verbose=0).tolist() == np.full((2, 7, 5), 12).tolist()
    assert np.abs(layers.Conv1D(8, 3)(np.ones((1, *SEQUENCE)))).max() <= 12 * np.sqrt(6 / (12 + 24))


def test_a_causal_convolution_does_not_look_ahead():
    layer, x = layers.Conv1D(2, 3, padding="causal", dilation_rate=2), np.ones((1, 9, 1))
    before = layer(x)
    x[0, 5] = 7
    assert np.array_equal(layer(x)[0, :5], before[0, :5])
    assert not np.array_equal(layer(x)[0, 5], before[0, 5])


def test_one_image_alone_can_be_resized():
    x = np.arange(16, dtype=np.float32).reshape(4, 4, 1)
    assert layers.Resizing(2, 2, interpolation="nearest")(x)[..., 0].tolist() == [[5, 7], [13, 15]]


NOISES = [layers.Dropout(0.4), layers.Dropout(0.4, noise_shape=(1, None, 1, 1)), layers.AlphaDropout(0.4),
          layers.SpatialDropout2D(0.4), layers.GaussianDropout(0.4), layers.GaussianNoise(0.4)]


@pytest.mark.parametrize("layer", NOISES, ids=example_name)
def test_noise_acts_in_training_only_and_is_new_each_time(layer):
    x = np.ones((50, *IMAGE), np.float32)
    assert np.array_equal(layer(x), x)
    first, second = layer(x, training=True), layer(x, training=True)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, x)


@pytest.mark.parametrize("layer", NOISES, ids=example_name)
def test_noise_does_not_depend_on_the_number_of_threads(layer, automatic_threads):
    x, runs = np.ones((50, *IMAGE), np.float32), []
    for threads in (1, 3, 8):
        fashioncnn.set_num_threads(threads)
        copy = layers.deserialize({**layers.serialize(layer), "config": {**layer.get_config(), "seed": 5}})
        runs.append(copy(x, training=True))
    assert np.array_equal(runs[0], runs[1])
    assert np.array_equal(runs[0], runs[2])


def test_spatial_dropout_drops_whole_channels():
    y = layers.SpatialDropout2D(0.5)(np.ones((20, 3, 4, 50)), training=True)
    assert np.array_equal(y, np.broadcast_to(y[:, :1, :1], y.shape))
    assert set(np.unique(y)) == {0.0, 2.0}
    assert not np.array_equal(y[0], y[1])
    assert np.mean(y == 0) == pytest.approx(0.5, abs=0.07)


def test_a_noise_shape_tells_which_numbers_and_images_share_a_mask():
    y = layers.Dropout(0.5, noise_shape=(1, None, 1, 3))(np.ones((4, 20, 6, 3)), training=True)
    assert np.array_equal(y, np.broadcast_to(y[:1, :, :1], y.shape))
    y = layers.Dropout(0.5, noise_shape=(4, 20, 1, 1))(np.ones((4, 20, 6, 3)), training=True)
    assert np.array_equal(y, np.broadcast_to(y[:, :, :1, :1], y.shape))
    assert not np.array_equal(y[0], y[1])


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(1).standard_normal((100, 2000))
    y = layers.AlphaDropout(0.3)(x, training=True)
    assert y.mean() == pytest.approx(0, abs=0.01)
    assert y.std() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(("layer", "mean", "deviation"), [
    (layers.GaussianNoise(0.3), 2, 0.3),
    (layers.GaussianDropout(0.2), 2, 1),
], ids=example_name)
def test_gaussian_noise_has_the_mean_and_the_deviation_of_its_formula(layer, mean, deviation):
    y = layer(np.full((100, 2000), 2), training=True)
    assert y.mean() == pytest.approx(mean, abs=0.01)
    assert y.std() == pytest.approx(deviation, abs=0.01)


@pytest.mark.parametrize("layer", NOISES, ids=example_name)
def test_the_gradient_goes_through_the_noise_that_was_drawn(layer):
    """Of a layer y = a x + b: two batches of the same step find a, and the gradient is a dy."""
    copy, size = layers.deserialize(layers.serialize(layer)), int(np.prod(IMAGE))
    graph = layers.graph.Graph()
    (x,) = graph.connect(layers.Dense(size, use_bias=False), graph.input((3,), "x"))
    network, _ = graph.build(graph.connect(copy, *graph.connect(layers.Reshape(IMAGE), x)))
    network.set_objective({"type": "mean_squared_error", "reduction": "sum"}, [])
    x, outputs = np.eye(3, dtype=np.float32), []
    for value in (1.0, 2.0):
        network.write("weights", 0, np.full(3 * size, value, np.float32))
        outputs.append(np.empty((3, *IMAGE), np.float32))
        network.random_step = 7
        network.compute_gradients(x, np.zeros((3, *IMAGE), np.float32), None, 0, 3, None, outputs[-1])
    slope = outputs[1] - outputs[0]
    gradients = read(network, "gradients").reshape(3, *IMAGE)
    scale = gradients[slope != 0] / (slope * outputs[1])[slope != 0]
    np.testing.assert_allclose(scale, scale[0], rtol=1e-4)
    assert np.all(gradients[slope == 0] == 0)
