"""Inputs of unknown extents: what shapes layers make of them, and models that take images of several sizes."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

import fashioncnn as keras
from fashioncnn import Input, Model, Sequential, callbacks, layers, models, optimizers, utils

ROWS = 12


def images(height, width=None, channels=2, seed=0):
    shape = (ROWS, height, width or height, channels)
    return np.random.RandomState(seed).standard_normal(shape).astype("float32")


def labels(seed=1):
    return np.random.RandomState(seed).randint(0, 3, ROWS)


def network(height=None, width=None, *, rate=0.3):
    """Two branches of convolutions, and dropout, for images of any size or of one."""
    utils.set_random_seed(4)
    image = Input((height, width, 2))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x))
    x = layers.Dropout(rate, seed=7)(layers.GlobalAveragePooling2D()(layers.MaxPooling2D()(layers.Add()([x, y]))))
    model = Model(image, layers.Dense(3, activation="softmax")(x))
    model.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def same(first, second):
    return all(np.array_equal(one, other) for one, other in zip(first.get_weights(), second.get_weights(), strict=True))


# ---- shapes: all of them are what Keras returns ----

@pytest.mark.parametrize(("layer", "shape", "expected"), [
    (layers.Conv2D(4, 3), (None, None, 3), (None, None, 4)),
    (layers.Conv2D(4, 3, strides=2), (None, 8, 3), (None, 3, 4)),
    (layers.Conv2DTranspose(4, 3, strides=2), (8, None, 3), (17, None, 4)),
    (layers.DepthwiseConv2D(3), (None, None, 3), (None, None, 3)),
    (layers.Conv1D(4, 3), (None, 3), (None, 4)),
    (layers.MaxPooling2D(), (None, None, 3), (None, None, 3)),
    (layers.GlobalAveragePooling2D(), (None, None, 3), (3,)),
    (layers.UpSampling2D(), (None, 5, 3), (None, 10, 3)),
    (layers.ZeroPadding1D((1, 2)), (None, 3), (None, 3)),
    (layers.Cropping2D(2), (None, 9, 3), (None, 5, 3)),
    (layers.Resizing(8, 9), (None, None, 3), (8, 9, 3)),
    (layers.BatchNormalization(), (None, None, 3), (None, None, 3)),
    (layers.PReLU(shared_axes=[1, 2]), (None, None, 3), (None, None, 3)),
    (layers.ReLU(), (8, 8, None), (8, 8, None)),
    (layers.Dense(5), (None, 3), (None, 5)),
    (layers.Flatten(), (None, 4), (None,)),
    (layers.Flatten(), (2, None), (None,)),
    (layers.Permute((2, 1, 3)), (None, 4, 3), (4, None, 3)),
    (layers.RepeatVector(3), (None,), (3, None)),
    (layers.Reshape((-1, 8)), (None, None, 3), (None, 8)),
    (layers.Reshape((784,)), (None, None, 1), (784,)),
    (Sequential([layers.Conv2D(4, 3), layers.GlobalMaxPooling2D()]), (None, None, 1), (4,)),
], ids=lambda value: type(value).__name__ if isinstance(value, layers.Layer) else str(value))
def test_a_shape_is_known_where_it_does_not_depend_on_what_is_unknown(layer, shape, expected):
    assert layer.compute_output_shape((None, *shape)) == (None, *expected)
    assert layer(Input(shape)).shape == layer.output_shape == (None, *expected)
    assert layer.input_shape == (None, *shape)
    twin = type(layer).from_config(layer.get_config())
    twin.build((None, *shape))
    assert [weight.shape for weight in twin.weights] == [weight.shape for weight in layer.weights]


def test_several_inputs_share_what_is_unknown():
    a, b = Input((None, None, 3)), Input((None, None, 5))
    assert layers.Concatenate()([a, b]).shape == (None, None, None, 8)
    assert layers.Concatenate(axis=1)([a, a]).shape == (None, None, None, 3)
    assert layers.Add()([a, Input((1, 1, 3))]).shape == (None, None, None, 3)
    assert layers.Dot(axes=1)([Input((None, 4)), Input((None, 5))]).shape == (None, 4, 5)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: layers.Dense(1, name="d")(Input((None,))), "Dense 'd': the shape of its kernel depends on an unknown"),
    (lambda: layers.Conv2D(1, 1, name="c")(Input((4, 4, None))), "Conv2D 'c': the shape of its kernel depends"),
    (lambda: layers.PReLU()(Input((None, 2))), "shape of its alpha depends"),
    (lambda: layers.BatchNormalization()(Input((None,))), "shape of its gamma depends"),
    (lambda: Sequential([Input((None, 4)), layers.Flatten(), layers.Dense(2, name="e")]), "Dense 'e': the shape"),
    (lambda: layers.Add(name="sum")([Input((None, 3)), Input((16, 3))]),
     r"Add 'sum' cannot take inputs of shapes \[\(None, None, 3\), \(None, 16, 3\)\], tried with 960 for what is not"),
    (lambda: layers.Conv2D(1, 2000)(Input((None, None, 1))), "tried with 960 for what is not known"),
], ids=["dense", "channels", "alpha", "gamma", "chain", "merging", "too large a kernel"])  # fmt: skip
def test_what_needs_to_know_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# ---- models ----

def test_a_model_is_built_and_described_without_data():
    model = network()
    assert model.built
    assert model.input_shape == (None, None, None, 2)
    assert model.layers[1].output_shape == (None, None, None, 4)
    assert model.output_shape == (None, 3)
    assert model.count_params() == network(8, 8).count_params()
    lines = []
    model.summary(line_length=140, print_fn=lines.append)
    assert "(None, None, None, 4)" in lines[0]
    twin = models.model_from_json(model.to_json())
    assert twin.get_config() == model.get_config()
    assert json.loads(model.to_json())["config"]["layers"][0]["config"]["batch_shape"] == [None, None, None, 2]
    model.fit(images(8), labels(), verbose=0)
    assert model.input_shape == (None, None, None, 2)
    assert model.layers[1].output_shape == (None, None, None, 4)
    assert twin.get_config() == model.get_config()


def test_training_goes_on_with_images_of_another_size():
    """The bits are those of models for one size each, which hand on their weights, moments and masks."""
    model, y = network(), labels()
    before = metric = None
    for height, width in ((8, 8), (12, 9), (5, 6), (8, 8)):
        fixed, x = network(height, width), images(height, width)
        if before is not None:
            fixed.set_weights(before.get_weights())
            fixed.optimizer.set_weights([variable.numpy() for variable in before.optimizer.variables])
            fixed.optimizer.learning_rate = 0.01  # which was rounded to float32 on the way
            fixed.network.random_step = before.network.random_step
        history = model.fit(x, y, batch_size=5, shuffle=False, epochs=2, verbose=0).history
        assert history == fixed.fit(x, y, batch_size=5, shuffle=False, epochs=2, verbose=0).history
        assert same(model, fixed)
        assert model.evaluate(x, y, verbose=0) == fixed.evaluate(x, y, verbose=0)
        np.testing.assert_array_equal(model(x), fixed(x))
        np.testing.assert_array_equal(model(x[:2], training=True), fixed(x[:2], training=True))
        before, metric = fixed, metric or model.metrics[1].metrics[0]
        assert model.metrics[1].metrics[0] is metric
    assert model.optimizer.iterations == 4 * 2 * 3


def test_an_output_may_be_as_large_as_the_image():
    image = Input((None, None, 2))
    hidden = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    model = Model(image, [layers.Conv2D(1, 1)(hidden), layers.GlobalMaxPooling2D()(hidden)])
    model.compile("sgd", "mse")
    for size in (6, 9):
        x = images(size)
        model.fit(x, [x[..., :1], np.zeros((ROWS, 4))], verbose=0)
        maps, features = model.predict(x, verbose=0)
        assert (maps.shape, features.shape) == ((ROWS, size, size, 1), (ROWS, 4))
    with pytest.raises(ValueError, match=r"takes the shape of the model's output, \(N, 6, 6, 1\)"):
        model.fit(images(6), [images(7, channels=1), np.zeros((ROWS, 4))], verbose=0)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
                         ids=["deepcopy", "pickle"])
def test_a_copy_goes_on_where_the_model_was(copied):
    model, y = network(), labels()
    fresh = copied(model)
    assert fresh.output_shape == (None, 3)
    for size in (8, 6):
        model.fit(images(size), y, verbose=0)
    twin = copied(model)
    np.testing.assert_array_equal(twin(images(7)), model(images(7)))
    for each in (model, twin):
        each.fit(images(9), y, shuffle=False, verbose=0)
    assert same(model, twin)


def test_a_chain_takes_images_of_several_sizes_with_or_without_a_channel_axis():
    model = Sequential([Input((None, None, 1)), layers.Conv2D(2, 3), layers.GlobalAveragePooling2D()])
    for size in (5, 8):
        x = images(size, channels=1)
        expected = layers.GlobalAveragePooling2D()(model.layers[0](x))
        np.testing.assert_allclose(model.predict(x[..., 0], verbose=0), expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(model(x[..., 0]), model.predict_on_batch(x))
    model.add(layers.Dense(4))
    assert model.output_shape == (None, 4)
    assert model.predict(images(6, channels=1), verbose=0).shape == (ROWS, 4)
    with pytest.raises(ValueError, match=r"takes inputs of shape \(None, None, None, 1\), got \(None, 6, 6, 2\)"):
        model.predict(images(6), verbose=0)
    with pytest.raises(ValueError, match=r"build\(\) got input_shape=\(None, 6, 6, 1\)"):
        model.build((None, 6, 6, 1))


def test_a_model_within_another_has_the_same_weights_for_all_sizes():
    inner = Model(*(lambda image: (image, layers.Conv2D(3, 3)(image)))(Input((None, None, 2))))
    small, any_size = Input((6, 6, 2)), Input((None, None, 2))
    fixed = Model(small, layers.GlobalAveragePooling2D()(inner(small)))
    loose = Model(any_size, layers.GlobalAveragePooling2D()(inner(any_size)))
    assert (inner(small).shape, inner(any_size).shape) == ((None, 4, 4, 3), (None, None, None, 3))
    for model in (fixed, loose):
        model.compile("sgd", "mse")
    loose.predict(images(9), verbose=0)
    fixed.fit(images(6), np.ones((ROWS, 3)), verbose=0)
    loose.fit(images(8), np.ones((ROWS, 3)), verbose=0)
    np.testing.assert_array_equal(fixed(images(6)), loose(images(6)))
    np.testing.assert_array_equal(inner(images(6)).numpy().shape, (ROWS, 4, 4, 3))
    assert same(fixed, loose)


def test_an_optimizer_of_another_kind_begins_anew_for_the_next_size():
    model = network()
    model.fit(images(8), labels(), verbose=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(images(6), labels(), verbose=0)
    assert model.optimizer.iterations == 1
    model.compile(None, "sparse_categorical_crossentropy")
    assert isinstance(model.evaluate(images(7), labels(), verbose=0), float)


class Predicts(callbacks.Callback):
    """Calls the model on images of some size at the end of each epoch."""

    def __init__(self, size):
        self.size = size

    def on_epoch_end(self, epoch, logs=None):
        self.model.predict(images(self.size), verbose=0)


def test_one_fit_has_images_of_one_size():
    model, x, y = network(), images(8), labels()
    model.fit(x, y, callbacks=[Predicts(8)], verbose=0)
    weights = model.get_weights()
    with pytest.raises(ValueError, match=r"being trained on inputs of \[\(8, 8, 2\)\]; others, \[\(7, 7, 2\)\]"):
        model.fit(x, y, callbacks=[Predicts(7)], verbose=0)
    assert not all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights(), strict=True))
    assert model.predict(images(7), verbose=0).shape == (ROWS, 3)
    twins = []
    copying = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: twins.append(copy.deepcopy(model)))
    model.fit(x, y, callbacks=[copying], verbose=0)
    assert twins[0].predict(images(7), verbose=0).shape == (ROWS, 3)  # of which nobody is training
    weights = model.get_weights()
    for arguments in ({"validation_data": (images(7), y)}, {"x": iter([(x, y), (images(7), y)]), "y": None}):
        with pytest.raises(ValueError, match=r"of shape \(12, 7, 7, 2\); the model takes \(N, 8, 8, 2\)"):
            model.fit(**{"x": x, "y": y, "verbose": 0, **arguments})
    assert not same(model, network())
    model.fit(iter([(images(6), y), (images(6), y)]), verbose=0)


def test_data_that_do_not_fit_leave_the_model_as_it_was():
    model, y = network(), labels()
    model.fit(images(8), y, verbose=0)
    before, weights = model.network, model.get_weights()
    with pytest.raises(ValueError, match=r"the label [345] in"):
        model.fit(images(6), y + 3, verbose=0)
    with pytest.raises(ValueError, match="takes inputs of shape"):
        model.predict(images(6, channels=3), verbose=0)
    assert model.network is before
    assert all(np.array_equal(a, b) for a, b in zip(weights, model.get_weights(), strict=True))


def test_names_of_keras_work_for_it():
    x = keras.Input(shape=(None, None, 3))
    assert keras.Model(x, keras.layers.Conv2D(8, 3, padding="same")(x)).output_shape == (None, None, None, 8)
