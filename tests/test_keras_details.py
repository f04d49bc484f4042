"""What Keras takes and warns of, beyond what is compared with it number by number in the golden files."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

from fashioncnn import Input, Model, Sequential, activations, initializers, layers, losses, models, utils

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.random((40, 6, 6, 1)), RANDOM.integers(0, 3, 40)


def compiled(*stack, loss="sparse_categorical_crossentropy", **options):
    model = Sequential(list(stack))
    model.compile("sgd", loss, **options)
    return model


# --- inputs


def test_a_batch_size_is_taken_and_says_nothing():
    for given in (Input((6, 6, 1), batch_size=16), Input(batch_shape=(16, 6, 6, 1)),
                  layers.InputLayer((6, 6, 1), batch_size=16)):
        assert (given.batch_shape if isinstance(given, layers.InputLayer) else given.shape) == (16, 6, 6, 1)
        model = compiled(given, layers.Flatten(), layers.Dense(3, activation="softmax"))
        assert model.fit(X, Y, batch_size=7, verbose=0).epoch == [0]
        assert model.predict(X[:3], verbose=0).shape == (3, 3)
        assert models.model_from_json(model.to_json()).layers[1].units == 3
    with pytest.raises(ValueError, match="batch_size"):
        Input(batch_shape=(16, 3), batch_size=4)


# --- layers and initializers


def test_rescaling_of_each_channel():
    image = np.arange(24.0).reshape(2, 2, 2, 3)
    scale, offset = [1.0, 10.0, 0.5], [0.0, -1.0, 2.0]
    for make in (list, tuple, np.array):
        layer = layers.Rescaling(make(scale), make(offset))
        assert np.allclose(layer(image), image * scale + offset)
        assert np.allclose(layers.deserialize(layers.serialize(layer))(image), image * scale + offset)
    assert np.allclose(layers.Rescaling(2, offset)(image), image * 2 + offset)
    json.dumps(layers.serialize(layers.Rescaling(np.array(2.0), scale)))
    model = compiled(Input((6, 6, 1)), layers.Rescaling([1 / 255], [-0.5]), layers.Flatten(), layers.Dense(3))
    model.fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match=r"scale.*3|3.*channels"):
        layers.Rescaling(scale)(np.zeros((2, 4)))
    with pytest.raises(ValueError, match="scale"):
        layers.Rescaling([])


def test_constant_arrays_are_weights():
    kernel = np.arange(12.0).reshape(4, 3)
    for initializer in (initializers.Constant(kernel), initializers.Constant(kernel.tolist()), kernel):
        layer = layers.Dense(3, kernel_initializer=initializer, bias_initializer=initializers.Constant([1.0, 2.0, 3.0]))
        layer.build((None, 4))
        assert np.array_equal(layer.kernel, kernel)
        assert layer.bias.numpy().tolist() == [1.0, 2.0, 3.0]
    again = initializers.deserialize(json.loads(json.dumps(initializers.serialize(initializers.Constant(kernel)))))
    assert np.array_equal(again((4, 3)), kernel)
    for wrong in (initializers.Constant(kernel), kernel):
        with pytest.raises(ValueError, match=r"array of shape \(4, 3\).*weights of shape \(4, 5\)"):
            layers.Dense(5, kernel_initializer=wrong).build((None, 4))


def test_large_windows():
    image = RANDOM.standard_normal((2, 40, 40, 2)).astype(np.float32)
    for size in (17, 40):
        model = compiled(Input((40, 40, 2)), layers.Dense(2, use_bias=False), layers.MaxPooling2D(size, strides=1),
                         layers.GlobalAveragePooling2D(), loss="mse")
        values = image @ model.layers[0].kernel.numpy()
        windows = np.lib.stride_tricks.sliding_window_view(values, (size, size), axis=(1, 2))
        assert np.allclose(model(image), windows.max(axis=(4, 5)).mean(axis=(1, 2)), atol=1e-5)
        before = model.get_weights()[0]
        model.fit(image, np.zeros((2, 2)), verbose=0)
        assert not np.array_equal(before, model.get_weights()[0])
    wide = layers.Conv2D(1, (1, 1500), kernel_initializer="ones")(np.ones((1, 1, 1501, 1)))
    assert wide.tolist() == [[[[1500.0], [1500.0]]]]
    assert layers.AveragePooling2D((1, 2000), strides=(1, 1100))(np.ones((1, 1, 3200, 1))).shape == (1, 1, 2, 1)


def test_classes_of_errors_are_those_of_keras_and_of_python():
    for make in (lambda: layers.Dense(2.5), lambda: layers.Dense("3"), lambda: layers.Dense(None),
                 lambda: layers.ZeroPadding2D("1"), lambda: layers.LeakyReLU(None), lambda: Sequential().add({}),
                 lambda: layers.Dense(3, trainable=None), lambda: layers.Dense(3, foo=1)):
        for error in (ValueError, TypeError):
            with pytest.raises(error):
                make()


# --- compile and fit


def test_keys_of_a_history_are_in_keras_order():
    model = compiled(Input((6, 6, 1)), layers.Flatten(), layers.Dense(3, activation="softmax"),
                     metrics=["sparse_categorical_accuracy", "accuracy"])
    history = model.fit(X, Y, validation_split=0.5, verbose=0).history
    assert list(history) == ["accuracy", "loss", "sparse_categorical_accuracy", "val_accuracy", "val_loss",
                             "val_sparse_categorical_accuracy"]
    assert all(isinstance(value, float) for values in history.values() for value in values)
    assert model.metrics_names == ["loss", "compile_metrics"]
    assert compiled(Input((6, 6, 1)), layers.Flatten(), layers.Dense(3)).metrics_names == ["loss"]
    model.compile("sgd", model.loss, weighted_metrics=["accuracy"])
    assert list(model.fit(X, Y, validation_split=0.5, verbose=0).history) == [
        "accuracy", "loss", "val_accuracy", "val_loss"]
    model.compile("sgd", model.loss, metrics=["accuracy"], weighted_metrics=["accuracy"])
    assert list(model.fit(X, Y, validation_split=0.5, verbose=0).history) == [
        "accuracy", "loss", "val_accuracy", "val_loss", "val_weighted_accuracy", "weighted_accuracy"]
    model.compile("sgd", model.loss, weighted_metrics=[])
    assert model.metrics_names == ["loss", "compile_metrics"]


def test_paths_of_weights():
    utils.clear_session()
    model = compiled(Input((6, 6, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3))
    assert [weight.path for weight in model.weights] == [
        "sequential/conv2d/kernel", "sequential/conv2d/bias", "sequential/dense/kernel", "sequential/dense/bias"]
    alone = layers.Dense(2)
    alone.build((None, 3))
    assert (alone.kernel.path, alone.path) == ("dense_1/kernel", "dense_1")
    outer = Sequential([layers.Dense(4, name="first"), Sequential([layers.Dense(3)], name="inner")], name="outer")
    outer.build((None, 2))
    assert [weight.path for weight in outer.weights][::2] == ["outer/first/kernel", "outer/inner/dense_2/kernel"]


@pytest.mark.parametrize("verbose", [0, 1, 2, 3, "auto", True, np.int64(0)])
def test_verbose_may_be_any_of_keras(verbose, capsys):
    model = compiled(Input((6, 6, 1)), layers.Flatten(), layers.Dense(3))
    model.fit(X, Y, epochs=2, verbose=verbose)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == {0: 0, 3: 2}.get(verbose, 4)


@pytest.mark.parametrize("make", [
    lambda: compiled(Input((3,)), layers.Dense(1, activation="softmax")), lambda: layers.Softmax()(np.ones((2, 1))),
    lambda: layers.Dense(1, activation="softmax")(np.ones((2, 3))), lambda: activations.softmax(np.ones((2, 1)))])
def test_a_softmax_over_one_unit_is_warned_of(make):
    with pytest.warns(UserWarning, match="softmax over an axis of length 1 is always 1; did you mean a sigmoid"):
        make()


def test_targets_of_binary_crossentropy_outside_0_to_1_are_warned_of():
    def fit(y):
        compiled(Input((6, 6, 1)), layers.Flatten(), layers.Dense(1, activation="sigmoid"),
                 loss="binary_crossentropy").fit(X, y, verbose=0)

    for y in (Y, -(Y > 1).astype(int), 255.0 * (Y > 1)):
        with pytest.warns(UserWarning, match="binary crossentropy takes targets from 0 to 1, got"):
            fit(y)
        with pytest.warns(UserWarning, match="binary crossentropy takes targets from 0 to 1, got"):
            losses.BinaryCrossentropy()(y, np.full(40, 0.5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(Y > 1)
        fit((Y > 1).astype(float))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int8", "uint64", "bool"])
def test_whole_labels_of_any_type_train_alike(dtype):
    y = Y % 2
    model = compiled(Input((6, 6, 1)), layers.Flatten(), layers.Dense(3, activation="softmax"), metrics=["accuracy"])
    expected = model.evaluate(X, y, verbose=0)
    for labels in (y.astype(dtype), y.astype(dtype)[:, None], y.astype(dtype)[::-1][::-1]):
        assert model.evaluate(X, labels, verbose=0) == expected
    model.fit(X, y.astype(dtype), verbose=0)


def test_a_label_that_is_not_whole_is_refused_with_its_row():
    model = compiled(Input((6, 6, 1)), layers.Flatten(), layers.Dense(3, activation="softmax"))
    y = Y.astype(np.float32)
    y[17] = 1.5
    with pytest.raises(ValueError, match=r"the label 1\.5 in row 17"):
        model.fit(X, y, verbose=0)
    assert model.optimizer.iterations == 0


def small(loss="mse", units=2, **options):
    model = Sequential([Input((2,)), layers.Dense(units, **options)])
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize("kind", ["chain", "graph", "graph of dicts", "list"])
def test_the_array_of_an_only_input_or_output_is_taken_from_a_dict_by_name(kind):
    x, y = np.ones((8, 2), np.float32), np.ones((8, 3), np.float32)
    image, last = Input((2,), name="image"), layers.Dense(3, name="last")
    model = {"chain": lambda: Sequential([image, last]), "graph": lambda: Model(image, last(image)),
             "graph of dicts": lambda: Model({"image": image}, {"last": last(image)}),
             "list": lambda: Model([image], [last(image)])}[kind]()
    model.compile("sgd", "mse")
    model.fit({"image": x, "other": None}, {"last": y}, verbose=0)
    outputs = [model.predict(x, verbose=0), model.predict({"image": x}, verbose=0), model({"image": x}),
               model.predict_on_batch({"other": x, "image": x})]
    if kind == "graph of dicts":
        outputs = [output["last"] for output in outputs]
    for output in outputs:
        np.testing.assert_array_equal(output, outputs[0])
        assert output.shape == (8, 3)
    with pytest.raises(ValueError, match=r"`x` for 'img'; the model's inputs are 'image'"):
        model.predict({"img": x}, verbose=0)
    with pytest.raises(ValueError, match=r"`y` for 'label'; the model's outputs are 'last'"):
        model.fit(x, {"label": y}, verbose=0)


def test_a_chain_without_an_input_layer_takes_a_dict_of_one_array():
    x = np.ones((8, 2), np.float32)
    model = Sequential([layers.Dense(3)])
    assert model({"anything": x}).shape == (8, 3)


@pytest.mark.parametrize("verbose", [None, -1])
def test_verbose_may_be_nothing(verbose, capsys):
    x, y = np.ones((8, 2), np.float32), np.ones((8, 2), np.float32)
    model = small()
    model.fit(x, y, epochs=2, verbose=verbose)
    model.evaluate(x, y, verbose=verbose)
    model.predict(x, verbose=verbose)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("activation", "loss", "message"), [
    ("softmax", losses.SparseCategoricalCrossentropy(from_logits=True), "from_logits=True.*ends in a softmax"),
    ("sigmoid", losses.BinaryCrossentropy(from_logits=True), "from_logits=True.*ends in a sigmoid"),
    ("softmax", losses.SparseCategoricalCrossentropy(), None),
    ("sigmoid", losses.SparseCategoricalCrossentropy(from_logits=True), None),
    (None, losses.BinaryCrossentropy(from_logits=True), None),
])
def test_logits_that_are_none_give_a_warning(activation, loss, message):
    labels = np.ones(8) if loss.takes_labels else np.ones((8, 3))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        small(loss, 3, activation=activation).fit(np.ones((8, 2)), labels, verbose=0)
    if message is None:
        assert not caught
    else:
        assert len(caught) == 1
        assert caught[0].filename == __file__
        with pytest.warns(UserWarning, match=message):
            warnings.warn_explicit(caught[0].message, caught[0].category, __file__, 1)


def test_one_class_gives_a_warning():
    with pytest.warns(SyntaxWarning, match="takes at least two classes, got one"):
        small("categorical_crossentropy", 1).fit(np.ones((8, 2)), np.ones((8, 1)), verbose=0)
