"""Pictures: what they show, and that the gradients behind them are right."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from fashioncnn import Input, Model, Sequential, layers, visualization
from fashioncnn.layers import Softmax
from fashioncnn.pictures import picture
from fashioncnn.visualization.scores import score_gradients

NAMES = ["cat", "dog", "fox"]
RANDOM = np.random.default_rng(3)


def chain():
    """A classifier with everything that acts otherwise in training."""
    return Sequential([
        Input((9, 9, 1)), layers.Conv2D(4, 3, activation="tanh"), layers.BatchNormalization(), layers.Dropout(0.5),
        layers.GaussianNoise(1.0), layers.AveragePooling2D(), layers.Conv2D(5, 2, activation="tanh"), layers.Flatten(),
        layers.Dense(3, activation="softmax")])


def residual():
    """One whose score also depends on the image beside its second layer; nested, with a Softmax of its own."""
    inner = Sequential([Input((9, 9, 2)), layers.Conv2D(4, 3, padding="same", activation="tanh"), layers.Dropout(0.9)])
    image = Input((9, 9, 2))
    total = layers.Add()([inner(image), layers.Conv2D(4, 1)(image)])
    return Model(image, Softmax()(layers.Dense(3)(layers.GlobalAveragePooling2D()(total))))


def logits(model, x):
    """What goes into a final softmax, but for a constant that all classes have in common."""
    return np.log(model.predict(x, verbose=0).astype(np.float64))


@pytest.mark.parametrize("make", [chain, residual])
def test_gradients_of_scores_are_those_of_differences(make):
    model = make()
    x = RANDOM.random((3, *model.input_shape[1:]), np.float32)
    classes, others = np.array([0, 1, 2]), np.array([1, 2, 0])
    (_, one), (_, other) = score_gradients(model, x, classes, None), score_gradients(model, x, others, None)
    rows = np.arange(3)
    for _ in range(8):
        direction = RANDOM.normal(size=x.shape).astype(np.float32)
        step = 2e-2 / np.abs(direction).max()
        up, down = logits(model, x + step * direction), logits(model, x - step * direction)
        slopes = (up - down) / (2 * step)
        expected = slopes[rows, classes] - slopes[rows, others]
        np.testing.assert_allclose(((one - other) * direction).sum(axis=(1, 2, 3)), expected, rtol=5e-3, atol=2e-4)


@pytest.mark.parametrize("make", [chain, residual])
def test_gradients_of_layers_lead_to_those_of_scores(make):
    model = make()
    x = RANDOM.random((2, *model.input_shape[1:]), np.float32)
    first = model.layers[0] if make is chain else model.layers[2]
    maps, gradients = score_gradients(model, x, 1, first)
    assert maps.shape == gradients.shape == (2, *first.output_shape[1:])
    np.testing.assert_allclose(maps, visualization.features(model, x, first), rtol=1e-5, atol=1e-6)
    bias = first.weights[1]  # to move it moves every pixel of its channel
    before, step = bias.numpy(), 1e-2
    bias.assign(before + step)
    up = logits(model, x)
    bias.assign(before - step)
    down = logits(model, x)
    bias.assign(before)
    inner = 1 - maps**2 if make is chain else 1  # the derivative of the layer's own activation
    _, others = score_gradients(model, x, 0, first)
    expected = ((up[:, 1] - up[:, 0]) - (down[:, 1] - down[:, 0])) / (2 * step)
    np.testing.assert_allclose(((gradients - others) * inner).sum(axis=(1, 2, 3)), expected, rtol=5e-3, atol=2e-4)


def test_the_model_is_not_changed():
    model = chain()
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = RANDOM.random((8, 9, 9, 1)), RANDOM.integers(0, 3, 8)
    model.fit(x, y, verbose=0)
    assert model.inputs  # which calls the layers of a Sequential
    weights, nodes = model.get_weights(), [len(layer._inbound_nodes) for layer in (model, *model.layers)]
    visualization.saliency(model, x), visualization.grad_cam(model, x), visualization.feature_maps(model, x[0], 0)
    assert all((a == b).all() for a, b in zip(weights, model.get_weights(), strict=True))
    assert nodes == [len(layer._inbound_nodes) for layer in (model, *model.layers)]
    model.fit(x, y, verbose=0)


def test_saliency_is_one_number_a_pixel():
    x = RANDOM.random((2, 9, 9, 2))
    heat = visualization.saliency_map(residual(), x)
    assert heat.shape == (2, 9, 9)
    assert heat.min() >= 0 < heat.max()


def test_grad_cam_is_the_size_of_the_image():
    model = chain()
    x = RANDOM.random((4, 9, 9, 1))
    heat = visualization.grad_cam_map(model, x)
    assert heat.shape == (4, 9, 9)
    assert heat.min() >= 0
    assert heat.max() <= 1
    np.testing.assert_array_equal(heat, visualization.grad_cam_map(model, x, layer=model.layers[5]))
    assert not np.array_equal(heat, visualization.grad_cam_map(model, x, layer=0))


def test_grad_cam_is_right_where_it_is_known():
    """The score of class 1 is the mean of channel 1: so that channel, where it is positive, is the map."""
    model = Sequential([Input((4, 4, 2)), layers.Activation("linear"), layers.GlobalAveragePooling2D(),
                        layers.Dense(2, use_bias=False, activation="softmax")])
    model.layers[-1].set_weights([np.eye(2, dtype=np.float32)])
    x = RANDOM.normal(size=(1, 4, 4, 2)).astype(np.float32)
    heat = visualization.grad_cam_map(model, x, 1, layer=0)
    np.testing.assert_allclose(heat[0], np.maximum(x[0, ..., 1], 0) / x[0, ..., 1].max(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("change", "message"), [
    ({"classes": 3}, "from 0 to 2"), ({"classes": [0, 1, 2]}, "or 2 of them"), ({"classes": 0.5}, "whole numbers"),
    ({"layer": "nobody"}, "nobody"), ({"layer": layers.Dense(2)}, "not a layer of"),
    ({"layer": 7}, r"makes \(3,\), not"),
])
def test_what_does_not_fit_says_so(change, message):
    with pytest.raises(ValueError, match=message):
        visualization.grad_cam_map(chain(), RANDOM.random((2, 9, 9, 1)), **change)


def test_scores_need_one_vector_of_classes():
    image = Input((4, 4, 1))
    with pytest.raises(ValueError, match="one input and the output"):
        visualization.saliency_map(Model(image, layers.Conv2D(2, 3)(image)), np.zeros((1, 4, 4, 1)))


def test_feature_maps_show_every_channel():
    assert len(visualization.feature_maps(chain(), np.zeros((9, 9, 1)), 0).axes) == 4
    assert len(visualization.feature_maps(chain(), np.zeros((9, 9, 1)), 0, limit=3).axes) == 3
    with pytest.raises(ValueError, match="makes"):
        visualization.feature_maps(chain(), np.zeros((9, 9, 1)), -1)


@pytest.mark.parametrize(("inputs", "filters", "drawn"), [(1, 6, 6), (3, 6, 6), (2, 12, 16), (5, 1, 5)])
def test_filters_are_drawn_in_lines(inputs, filters, drawn):
    layer = layers.Conv2D(filters, 3)
    layer.build((None, 9, 9, inputs))
    axes = visualization.filters(layer).axes
    assert sum(bool(each.images) for each in axes) == drawn


def test_filters_need_a_kernel():
    with pytest.raises(ValueError, match="no kernel"):
        visualization.filters(layers.Flatten())


def test_gallery_marks_what_is_wrong():
    images = RANDOM.integers(0, 256, (3, 5, 5), np.uint8)
    axes = visualization.gallery(images, [0, 1, 2], np.eye(3)[[0, 2, 2]], NAMES).axes
    assert [each.get_title() for each in axes[:3]] == ["cat", "fox (dog)", "fox"]
    assert [each.title.get_color() for each in axes[:3]] == ["black", "tab:red", "black"]
    assert [each.get_title() for each in visualization.gallery(images).axes[:3]] == [""] * 3
    assert visualization.gallery(images[..., None], y_pred=[2, 1, 0]).axes[0].get_title() == "2"


@pytest.mark.parametrize(("arguments", "message"), [
    (([],), "images have the shape"), ((np.zeros((0, 3, 3)),), "no images"), ((np.zeros((2, 3, 3, 2)),), "shape"),
    ((np.zeros((2, 3, 3)), [1]), "`y_true` has 1"), ((np.zeros((2, 3, 3)), [1, 2], None, ["a"]), "3 classes"),
])
def test_gallery_says_what_does_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        visualization.gallery(*arguments)


@pytest.mark.parametrize(("values", "expected"), [
    (np.array([0, 255], np.uint8), [0, 1]), ([0.0, 1.0], [0, 1]), ([0.0, 255.0], [0, 1]), ([-1.0, 1.0], [0, 1]),
    ([0.0, 0.5], [0, 0.5]), ([-3.0, -3.0], [0, 0]),
])
def test_numbers_of_images_are_brought_to_0_to_1(values, expected):
    assert picture.as_images(np.asarray(values).reshape(1, 1, 2)).ravel().tolist() == expected


def test_confusion_matrix_counts():
    axes = visualization.confusion_matrix([0, 1, 2, 2], np.eye(3)[[0, 2, 2, 2]], NAMES, normalize=True).axes[0]
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["1.00", "0.00", "0.00", "0.00", "0.00", "1.00", "0.00", "0.00", "1.00"]
    assert [label.get_text() for label in axes.get_xticklabels()] == NAMES
    with pytest.raises(ValueError, match="rows"):
        visualization.confusion_matrix([0, 1], [0])
    with pytest.raises(ValueError, match="4 classes"):
        visualization.confusion_matrix([3], [0], NAMES)


def test_curves_draw_every_metric_and_its_validation(tmp_path):
    history = {"loss": [2.0, 1.0], "val_loss": [2.5, 1.5], "accuracy": [0.4, 0.8]}
    visualization.curves(history).save(tmp_path / "both.png")
    visualization.curves(history, ["accuracy"]).save(tmp_path / "one.png")
    with Image.open(tmp_path / "both.png") as both, Image.open(tmp_path / "one.png") as one:
        assert both.width == 2 * one.width
    with pytest.raises(ValueError, match="nothing to draw"):
        visualization.curves({})


@pytest.mark.parametrize("epochs", [1, 2, 3, 15])
def test_curves_have_their_ticks_at_whole_epochs(epochs):
    ticks = visualization.curves({"loss": [0.5] * epochs}).axes[0].get_xticks()
    assert ticks.tolist() == [round(tick) for tick in ticks]


def test_embedding_draws_every_class():
    axes = visualization.embedding(RANDOM.random((20, 4, 4, 2)), np.arange(20) % 3, NAMES).axes[0]
    assert sum(len(points.get_offsets()) for points in axes.collections) == 20
    for features, y, message in (([[1.0]], None, "two rows"), (np.full((3, 2), np.nan), None, "finite"),
                                 (np.zeros((3, 2)), [1], "has 1")):
        with pytest.raises(ValueError, match=message):
            visualization.embedding(features, y)


def test_embedding_keeps_the_distances_of_points_in_a_plane():
    points, turn = RANDOM.random((6, 2)), np.linalg.qr(RANDOM.random((5, 5)))[0][:2]
    drawn = np.asarray(visualization.embedding(points @ turn).axes[0].collections[0].get_offsets())
    for a in range(6):
        for b in range(a):
            assert np.linalg.norm(drawn[a] - drawn[b]) == pytest.approx(np.linalg.norm(points[a] - points[b]))


def test_pictures_show_themselves_and_are_saved_by_their_ending(tmp_path):
    drawn = visualization.curves({"loss": [1.0]})
    assert drawn._repr_png_().startswith(b"\x89PNG")
    drawn.save(tmp_path / "a.svg")
    assert b"<svg" in (tmp_path / "a.svg").read_bytes()
    with pytest.raises(ValueError, match=r"supported: .*png"):
        drawn.save(tmp_path / "a.nothing")
    assert not (tmp_path / "a.nothing").exists()


def test_the_extra_is_named_where_it_is_missing():
    code = "import sys; sys.modules['matplotlib'] = None; from fashioncnn.visualization import curves"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'pip install "fashioncnn[plot]"' in result.stderr


def test_a_model_with_a_loss_of_its_users_is_looked_into():
    model = chain()
    model.compile("sgd", "mse", metrics=[lambda y_true, y_pred: y_pred.mean()])
    assert visualization.saliency_map(model, RANDOM.random((1, 9, 9, 1))).shape == (1, 9, 9)
