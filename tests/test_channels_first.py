"""Layers with data_format="channels_first": what they do with images whose channels are last, turned round.

What Keras makes of the same inputs was compared by hand: on CPUs TensorFlow does not have all of these layers so.
"""

import copy

import numpy as np
import pytest

from fashioncnn import Input, Model, Sequential, layers, losses, models, saving, utils, visualization
from fashioncnn.testing import check_gradients

FIRST, LAST = "channels_first", "channels_last"
SHAPES = {"image": (8, 7, 4), "line": (9, 4), "numbers": (4,)}
LAYERS = {
    "conv": ("image", lambda **f: layers.Conv2D(6, 3, strides=2, padding="same", **f)),
    "conv of groups": ("image", lambda **f: layers.Conv2D(6, (3, 2), groups=2, activation="relu", **f)),
    "transposed conv": ("image", lambda **f: layers.Conv2DTranspose(3, 3, strides=2, **f)),
    "depthwise conv": ("image", lambda **f: layers.DepthwiseConv2D(3, depth_multiplier=2, **f)),
    "separable conv": ("image", lambda **f: layers.SeparableConv2D(5, 3, **f)),
    "max pool": ("image", lambda **f: layers.MaxPooling2D((2, 3), **f)),
    "average pool": ("image", lambda **f: layers.AveragePooling2D(2, padding="same", **f)),
    "global max pool": ("image", lambda **f: layers.GlobalMaxPooling2D(**f)),
    "global average pool": ("image", lambda **f: layers.GlobalAveragePooling2D(keepdims=True, **f)),
    "padding": ("image", lambda **f: layers.ZeroPadding2D(((1, 2), (0, 3)), **f)),
    "cropping": ("image", lambda **f: layers.Cropping2D(((1, 2), (0, 3)), **f)),
    "up-sampling": ("image", lambda **f: layers.UpSampling2D((2, 3), interpolation="bilinear", **f)),
    "resizing": ("image", lambda **f: layers.Resizing(5, 9, crop_to_aspect_ratio=True, **f)),
    "spatial dropout": ("image", lambda **f: layers.SpatialDropout2D(0.5, **f)),
    "flatten": ("image", lambda **f: layers.Flatten(**f)),
    "flatten numbers": ("numbers", lambda **f: layers.Flatten(**f)),
    "conv of lines": ("line", lambda **f: layers.Conv1D(6, 3, **f)),
    "max pool of lines": ("line", lambda **f: layers.MaxPooling1D(2, **f)),
    "global average pool of lines": ("line", lambda **f: layers.GlobalAveragePooling1D(**f)),
    "padding of lines": ("line", lambda **f: layers.ZeroPadding1D((1, 2), **f)),
}


def data(shape, rows=6):
    return np.random.default_rng(1).standard_normal((rows, *shape)).astype(np.float32)


def first(array):
    """With the channels first, if there are pixels."""
    return np.moveaxis(array, -1, 1) if np.ndim(array) > 2 else array


def first_shape(shape):
    return (*shape[:1], shape[-1], *shape[1:-1]) if len(shape) > 2 else shape


@pytest.mark.parametrize(("kind", "make"), LAYERS.values(), ids=LAYERS)
def test_a_layer_does_the_same(kind, make):
    x = data(SHAPES[kind])
    usual, turned = make(), make(data_format=FIRST)
    expected = usual(x)
    turned.build(first_shape((None, *SHAPES[kind])))
    turned.set_weights(usual.get_weights())
    np.testing.assert_array_equal(turned(first(x)), first(expected))
    assert turned.compute_output_shape(first_shape((None, *SHAPES[kind]))) == (None, *first(expected).shape[1:])
    assert [weight.shape for weight in turned.weights] == [weight.shape for weight in usual.weights]
    again = layers.deserialize(layers.serialize(turned))
    assert (again.data_format, again.get_config()) == (FIRST, turned.get_config())
    assert usual.get_config()["data_format"] == LAST


@pytest.mark.parametrize(("kind", "make"), LAYERS.values(), ids=LAYERS)
def test_inputs_of_unknown_extents(kind, make):
    if kind != "image" or isinstance(make(), layers.Flatten):
        return
    x = Input((4, None, None))
    model = Model(x, make(data_format=FIRST)(x))
    usual = make()
    usual(data(SHAPES[kind]))
    model.set_weights(usual.get_weights())
    np.testing.assert_array_equal(model.predict(first(data(SHAPES[kind])), verbose=0),
                                  first(np.asarray(usual(data(SHAPES[kind])))))


def network(data_format, relu=True):
    utils.set_random_seed(3)
    own = {} if data_format == LAST else {"data_format": data_format}
    shape = (8, 7, 4) if data_format == LAST else (4, 8, 7)
    return Sequential([
        Input(shape), layers.Conv2D(6, 3, padding="same", activation="tanh", kernel_regularizer="l2", **own),
        layers.BatchNormalization(axis=-1 if data_format == LAST else 1), layers.MaxPooling2D(**own),
        layers.Activation("tanh"), layers.DepthwiseConv2D(2, **own), layers.SeparableConv2D(5, 2, **own),
        layers.Flatten(**own), layers.Dense(3, activation="softmax")])


def test_a_network_trains_as_its_like(tmp_path):
    x, y = data(SHAPES["image"], 30), np.arange(30) % 3
    usual, turned = network(LAST), network(FIRST)
    turned.set_weights(usual.get_weights())
    for model, inputs in ((usual, x), (turned, first(x))):
        model.compile("adam", losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
        model.fit(inputs, y, batch_size=10, epochs=3, shuffle=False, verbose=0)
    for a, b in zip(usual.get_weights(), turned.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    expected = usual.predict(x, verbose=0)
    turned.save(tmp_path / "m.keras")
    for other in (turned, copy.deepcopy(turned), saving.load_model(tmp_path / "m.keras")):
        np.testing.assert_allclose(other.predict(first(x), verbose=0), expected, rtol=1e-4, atol=1e-6)
    assert models.clone_model(turned).output_shape == (None, 3)
    check_gradients(turned, first(x)[:4], y[:4])


def test_between_two_such_layers_nothing_is_turned():
    first = {"data_format": FIRST}
    model = Sequential([Input((4, 8, 7)), layers.Conv2D(3, 3, **first), layers.MaxPooling2D(**first),
                        layers.Flatten(**first)])
    graph, outputs = model._graph_of([(4, 8, 7)])
    assert [node["type"] for node in graph.needed(outputs)[0]] == [
        "input", "permute", "conv2d", "max_pooling2d", "reshape"]


def test_a_layer_of_the_user_s_may_be_derived():
    class Doubles(layers.Conv2D):
        def call(self, x):
            return 2 * super().call(x)

    x = data(SHAPES["image"])
    usual, turned = layers.Conv2D(3, 3), Doubles(3, 3, data_format=FIRST)
    expected = usual(x)
    turned.build((None, 4, 8, 7))
    turned.set_weights(usual.get_weights())
    np.testing.assert_allclose(turned(first(x)), 2 * first(expected), rtol=1e-5)


def test_what_takes_images_with_channels_last_refuses():
    model = network(FIRST)
    image = first(data(SHAPES["image"], 1))
    for use in (lambda: saving.to_torch(model), lambda: visualization.saliency_map(model, image),
                lambda: visualization.grad_cam_map(model, image),
                lambda: visualization.feature_maps(model, image[0], 0)):
        with pytest.raises(NotImplementedError, match="channels_first"):
            use()
    assert visualization.features(model, image, 0).shape == (1, 6, 8, 7)


def test_a_wrong_shape_is_told():
    with pytest.raises(ValueError, match="conv"):
        layers.Conv2D(3, 3, data_format=FIRST, name="conv")(data((4, 2)))
