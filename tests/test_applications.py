"""The networks of `applications`: what they are given, what they refuse, and what is built on them.

That they are Keras's is asked in test_golden.py.
"""

from __future__ import annotations

import importlib
import inspect

import numpy as np
import pytest
from golden import face_cases
from golden.face import GOLDEN

from fashioncnn import Input, Model, Sequential, applications, layers, utils
from fashioncnn.applications import imagenet_utils
from fashioncnn.utils.checks import ArgumentError

OF_KERAS = {name: getattr(applications, name) for name in (
    "MobileNet", "MobileNetV2", "ResNet50", "ResNet101", "ResNet152", "VGG16", "VGG19")}
OUR_OWN = {name: getattr(applications, name) for name in (
    "ResNet18", "ResNet20", "ResNet32", "ResNet34", "ResNet44", "ResNet56", "SmallVGG")}
LIGHT = {"MobileNet": {"alpha": 0.25}, "MobileNetV2": {"alpha": 0.35}, "ResNet18": {}, "ResNet20": {}, "SmallVGG": {}}
FEATURES = {"MobileNet": 256, "MobileNetV2": 1280, "ResNet18": 512, "ResNet20": 64, "SmallVGG": 128}


def images(shape, rows=6, seed=1):
    return np.random.default_rng(seed).normal(size=(rows, *shape)).astype(np.float32)


def make(name, **options):
    return getattr(applications, name)(weights=None, **LIGHT.get(name, {}), **options)


def weights_of(model):
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


@pytest.mark.parametrize("name", LIGHT)
@pytest.mark.parametrize("shape", [(28, 28, 1), (31, 45, 5)], ids=str)
def test_small_images_of_any_number_of_channels_are_learned(name, shape):
    utils.set_random_seed(1)
    model = make(name, input_shape=shape, classes=3)
    assert model.output_shape == (None, 3)
    x, y = images(shape), np.arange(6) % 3
    model.compile("adam", "sparse_categorical_crossentropy")
    losses = model.fit(x, y, epochs=6, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", ["VGG16", "VGG19", "ResNet50"])
def test_large_networks_take_images_of_28_pixels(name):
    body = make(name, include_top=False, input_shape=(28, 29, 2))
    assert body.output_shape[:3] == (None, 1, 1)
    assert np.ptp(body.predict(images((28, 29, 2), 2), verbose=0)) > 0


@pytest.mark.parametrize("name", LIGHT)
def test_without_a_top_there_are_features(name):
    shape = (64, 40, 3)
    body = make(name, include_top=False, input_shape=shape)
    x = images(shape, 2)
    features = body.predict(x, verbose=0)
    assert features.ndim == 4
    assert features.shape[3] == FEATURES[name]
    for pooling, pooled in (("avg", features.mean((1, 2))), ("max", features.max((1, 2)))):
        other = make(name, include_top=False, input_shape=shape, pooling=pooling)
        other.set_weights(body.get_weights())
        np.testing.assert_allclose(other.predict(x, verbose=0), pooled, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("name", "weights"), [
    # He et al., table 6, in millions: 0.27, 0.46, 0.66, 0.85; PyTorch's own ResNets of 18 and 34 layers.
    ("ResNet20", 269_722), ("ResNet32", 464_154), ("ResNet44", 658_586), ("ResNet56", 853_018),
    ("ResNet18", 11_689_512), ("ResNet34", 21_797_672)])
def test_networks_that_keras_does_not_have_are_as_large_as_those_that_are_known(name, weights):
    model = OUR_OWN[name]()
    assert sum(weight.size for weight in model.trainable_weights) == weights
    assert model.name == name.lower()


@pytest.mark.parametrize("depth", [8, 14, 110])
def test_a_small_resnet_has_as_many_layers_as_it_is_asked_for(depth):
    model = applications.SmallResNet(depth)
    kernels = [layer for layer in model.layers if isinstance(layer, (layers.Conv2D, layers.Dense))]
    assert len(kernels) == depth
    assert model.name == f"resnet{depth}"


@pytest.mark.parametrize("depth", [2, 7, 18, 51])
def test_a_depth_that_is_not_6_n_and_2_is_refused(depth):
    with pytest.raises(ValueError, match="`depth` must be"):
        applications.SmallResNet(depth)


@pytest.mark.parametrize(("home", "name"), [
    (home, name) for home in face_cases.SIGNATURES if home.partition(".")[0] == "applications"
    for name in face_cases.SIGNATURES[home]])
def test_signatures_are_those_of_keras(home, name):
    function = getattr(importlib.import_module(f"fashioncnn.{home}"), name)
    ours = [[p.name, repr(p.default)] for p in inspect.signature(function).parameters.values()]
    assert ours == GOLDEN["signatures"][f"{home}.{name}"]


# ---- weights ----


@pytest.mark.parametrize("name", OF_KERAS)
def test_weights_of_imagenet_are_refused_with_what_to_do(name):
    for options in ({}, {"weights": "imagenet"}):
        with pytest.raises(ValueError, match=rf"^{name}: weights trained on ImageNet do not come with fashioncnn. "
                                             r"Write weights=None .* save_weights\(\) .*keras_model.get_weights"):
            OF_KERAS[name](**options)


@pytest.mark.parametrize("name", [*OF_KERAS, *OUR_OWN])
def test_weights_that_are_no_file_are_refused(name):
    function = getattr(applications, name)
    with pytest.raises(ValueError, match=r"there is no file 'nowhere.npz'\. Write weights=None"):
        function(weights="nowhere.npz")
    with pytest.raises(ArgumentError, match=r"`weights` must be None or a file's name, got 3"):
        function(weights=3)


@pytest.mark.parametrize("name", LIGHT)
def test_weights_are_read_from_a_file(name, tmp_path):
    options = {**LIGHT[name], "input_shape": (28, 28, 1), "classes": 3}
    first = getattr(applications, name)(weights=None, **options)
    first.save_weights(tmp_path / "own.npz")
    second = getattr(applications, name)(weights=tmp_path / "own.npz", **options)
    assert (weights_of(first) == weights_of(second)).all()
    with pytest.raises(ValueError, match="does not fit the model"):
        getattr(applications, name)(weights=str(tmp_path / "own.npz"), **{**options, "classes": 4})


# ---- arguments ----


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV2", "ResNet50", "VGG16", "ResNet20", "SmallVGG"])
@pytest.mark.parametrize(("options", "message"), [
    ({"input_shape": (27, 28, 3)}, "at least 28x28 pixels"), ({"input_shape": (28, 28)}, "height, width, channels"),
    ({"input_shape": 28}, "`input_shape` must be a tuple"), ({"input_shape": (28, 28, 0)}, "`input_shape`.*>= 1"),
    ({"input_shape": (None, 28, 3)}, "leaves an extent open"), ({"classes": 0}, "`classes`.*>= 1"),
    ({"include_top": None}, "`include_top` must be True or False"), ({"pooling": "mean"}, "supported: None, 'avg', 'm"),
    ({"input_tensor": np.ones((1, 28, 28, 1))}, "`input_tensor` must be what Input"),
    ({"classifier_activation": "rellu"}, "rellu"), ({"clases": 3}, "clases"),
])
def test_bad_arguments_are_named(name, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make(name, **options)


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV2", "ResNet50"])
def test_without_a_top_images_of_any_size_are_taken(name):
    body = getattr(applications, name)(include_top=False, weights=None, pooling="avg")
    assert body.input_shape == (None, None, None, 3)
    for shape in ((32, 32, 3), (64, 32, 3)):  # as in Keras, a MobileNetV2 pads odd sizes as if they were even
        fixed = getattr(applications, name)(include_top=False, weights=None, pooling="avg", input_shape=shape)
        fixed.set_weights(body.get_weights())
        x = images(shape, 2)
        np.testing.assert_array_equal(body(x), fixed(x))


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV2"])
@pytest.mark.parametrize("alpha", [0, -1, "wide", np.nan])
def test_a_width_must_be_above_0(name, alpha):
    with pytest.raises(ValueError, match="`alpha` must be"):
        getattr(applications, name)(alpha=alpha, weights=None)


def test_networks_are_named_as_keras_names_them():
    assert applications.MobileNet((32, 40, 3), 0.25, weights=None).name == "mobilenet_0.25_32"
    assert applications.MobileNetV2((40, 32, 3), 0.35, weights=None).name == "mobilenetv2_0.35_40"
    assert applications.MobileNet((32, 40, 3), 0.25, weights=None, name="mine").name == "mine"


def test_a_model_begins_at_the_inputs_behind_a_tensor():
    left, right = Input((28, 28, 1), name="left"), Input((28, 28, 1), name="right")
    both = layers.Concatenate()([left, layers.Add()([left, right])])
    model = applications.ResNet20(input_tensor=both, classes=3)
    assert [tensor.name for tensor in model.inputs] == ["left", "right"]
    assert model.predict([images((28, 28, 1)), images((28, 28, 1), seed=2)], verbose=0).shape == (6, 3)
    with pytest.raises(ValueError, match="must be images"):
        applications.ResNet20(input_tensor=Input((28, 28)))


def test_the_top_ends_in_the_activation_that_was_asked_for():
    for name in LIGHT:
        logits = make(name, input_shape=(28, 28, 1), classes=3, classifier_activation=None)
        softmax = make(name, input_shape=(28, 28, 1), classes=3)
        softmax.set_weights(logits.get_weights())
        powers = np.exp(logits.predict(images((28, 28, 1)), verbose=0).astype(np.float64))
        np.testing.assert_allclose(softmax.predict(images((28, 28, 1)), verbose=0),
                                   powers / powers.sum(1, keepdims=True), rtol=1e-4)


# ---- what comes before and after ----


@pytest.mark.parametrize("mode", ["tf", "torch"])
def test_symbolic_tensors_are_prepared_as_arrays_are(mode):
    x = np.random.default_rng(1).uniform(0, 255, (2, 5, 4, 3)).astype(np.float32)
    image = Input((5, 4, 3))
    model = Model(image, imagenet_utils.preprocess_input(image, mode=mode))
    np.testing.assert_allclose(model.predict(x, verbose=0), imagenet_utils.preprocess_input(np.copy(x), mode=mode),
                               rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("x", "options", "error", "message"), [
    (np.ones((2, 2, 3)), {"mode": "keras"}, ValueError, "mode='keras' is not supported.*'caffe', 'tf', 'torch'"),
    (np.ones((2, 2, 3)), {"data_format": "last"}, ValueError, "data_format='last' is not supported"),
    (np.ones((2, 2, 1)), {}, ValueError, "mode='caffe' takes three channels, got 1"),
    (np.ones((2, 3)), {}, ValueError, "3 or 4 axes"), (np.array(["a"]), {}, ArgumentError, "expected numbers"),
    (Input((2, 2, 3)), {}, NotImplementedError, "reversing the channels of a symbolic tensor"),
    (Input((2, 2, 3)), {"data_format": "channels_first"}, ValueError, "'channels_last' for symbolic"),
])
def test_pixels_that_cannot_be_prepared_are_refused(x, options, error, message):
    with pytest.raises(error, match=message):
        imagenet_utils.preprocess_input(x, **options)


def test_names_of_classes_are_not_there():
    for module in (applications.resnet50, applications.mobilenet, applications.mobilenet_v2, applications.vgg16):
        with pytest.raises(NotImplementedError, match="names of ImageNet's classes do not come with fashioncnn"):
            module.decode_predictions(np.ones((2, 1000)))
        with pytest.raises(ValueError, match=r"shape \(N, 1000\).*got \(2, 10\)"):
            module.decode_predictions(np.ones((2, 10)))


# ---- transfer ----


def test_a_body_from_a_file_learns_another_task(tmp_path):
    utils.set_random_seed(1)
    shape = (28, 28, 1)
    applications.ResNet20(include_top=False, input_shape=shape, pooling="avg").save_weights(tmp_path / "body.npz")
    body = applications.ResNet20(include_top=False, input_shape=shape, pooling="avg", weights=tmp_path / "body.npz")
    body.trainable = False
    image = Input(shape)
    model = Model(image, layers.Dense(3, activation="softmax")(body(image, training=False)))
    before = weights_of(body)
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = images(shape, 30), np.arange(30) % 3
    losses = model.fit(x, y, epochs=10, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert (weights_of(body) == before).all()

    body.trainable = True
    for layer in body.layers:
        layer.trainable = not isinstance(layer, layers.BatchNormalization)
    model.compile("adam", "sparse_categorical_crossentropy")
    finer = model.fit(x, y, epochs=5, verbose=0).history["loss"]
    assert finer[-1] < losses[-1]
    moved = [np.abs(weight.numpy() - old).max() for weight, old in zip(body.weights, _split(before, body), strict=True)]
    normalizes = [weight.name in ("gamma", "beta", "moving_mean", "moving_variance") for weight in body.weights]
    assert [movement == 0 for movement in moved] == normalizes


def _split(flat, model):
    ends = np.cumsum([weight.size for weight in model.weights])[:-1]
    return [part.reshape(weight.shape) for part, weight in zip(np.split(flat, ends), model.weights, strict=True)]


def test_a_whole_network_is_part_of_a_chain():
    body = applications.MobileNetV2((28, 28, 1), 0.35, include_top=False, weights=None, pooling="max")
    model = Sequential([Input((28, 28, 1)), body, layers.Dense(2)])
    assert model.predict(images((28, 28, 1)), verbose=0).shape == (6, 2)
    assert len(model.weights) == len(body.weights) + 2
