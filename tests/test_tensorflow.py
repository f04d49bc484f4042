"""The small names of TensorFlow: what the golden cases do not ask."""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest

import fashioncnn as tf
from fashioncnn._tf import names
from fashioncnn.utils.absent import keras_names


def test_all_are_names_of_tensorflow_and_found_in_the_package():
    assert set(names.__all__) <= set(keras_names()["tensorflow"])
    for name in names.__all__:
        assert getattr(tf, name) is getattr(names, name)
        assert getattr(tf.keras, name) is getattr(tf, name)


def test_they_are_loaded_at_their_first_use():
    code = """
import sys, fashioncnn as tf
assert "numpy" not in sys.modules
assert hasattr(tf, "expand_dims") and not hasattr(tf, "hessians") and not hasattr(tf, "_private")
from fashioncnn import float32, newaxis
assert newaxis is None and float32 == "float32"
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_types_are_taken_by_layers_and_arrays():
    assert tf.keras.layers.Dense(3, dtype=tf.float32).units == 3
    assert tf.zeros((2,), dtype=tf.uint8).dtype == np.uint8
    assert tf.cast([1.5], tf.bool).tolist() == [True]


def test_a_script_on_images_runs():
    image = np.arange(28 * 28, dtype=np.uint8).reshape(28, 28)
    batch = tf.expand_dims(tf.cast(image[..., tf.newaxis], tf.float32) / 255.0, 0)
    model = tf.keras.Sequential([tf.keras.layers.Flatten(), tf.keras.layers.Dense(10)])
    scores = tf.nn.softmax(model(batch))
    assert scores.numpy().shape == (1, 10)
    assert tf.argmax(scores, axis=1).dtype == tf.int64
    assert tf.reduce_sum(scores).numpy() == pytest.approx(1)
    assert tf.is_tensor(scores)
    assert not tf.is_tensor(image)
    assert tf.executing_eagerly()


def test_the_cpu_is_the_one_device():
    for name in ("/CPU:0", "/device:CPU:0", "cpu"):
        with tf.device(name):
            pass
    with pytest.raises(ValueError, match=r"device_name='/GPU:0' is not supported by fashioncnn; supported: '/CPU:0'"), \
            tf.device("/GPU:0"):
        pass


def test_the_logger_is_that_whose_level_scripts_set():
    tf.get_logger().setLevel("ERROR")
    assert logging.getLogger("tensorflow").level == logging.ERROR


def test_random_numbers_follow_from_the_seeds():
    makes = {"normal": lambda **o: tf.random.normal((500,), 3, 2, **o),
             "uniform": lambda **o: tf.random.uniform([500], -1, **o),
             "integers": lambda **o: tf.random.uniform((500,), 2, 5, dtype=tf.int64, **o),
             "truncated": lambda **o: tf.random.truncated_normal((500,), **o),
             "shuffle": lambda **o: tf.random.shuffle(np.arange(500), **o)}
    for make in makes.values():
        tf.random.set_seed(1)
        first, second = make(), make()
        tf.random.set_seed(1)
        np.testing.assert_array_equal(make(), first)
        assert (first != second).any()
        np.testing.assert_array_equal(make(seed=5), make(seed=5))
    assert makes["normal"](seed=1).mean() == pytest.approx(3, abs=0.3)
    assert makes["normal"](seed=1).std() == pytest.approx(2, abs=0.3)
    assert makes["normal"]().dtype == makes["uniform"]().dtype == tf.float32
    assert -1 <= makes["uniform"](seed=1).min() < -0.9 < 0.9 < makes["uniform"](seed=1).max() < 1
    assert set(makes["integers"](seed=1).tolist()) == {2, 3, 4}
    assert abs(makes["truncated"](seed=1)).max() <= 2
    assert sorted(makes["shuffle"]()) == list(range(500))
    with pytest.raises(ValueError, match="`maxval` must be above minval=2, got 2"):
        tf.random.uniform((3,), 2, 2, dtype=tf.int32)


def test_uniform_numbers_stay_below_the_upper_end():
    assert 1000 <= tf.random.uniform((100000,), 1000.0, 1001.0, seed=3).max() < 1001
    assert (tf.random.uniform((3,), 2.0, 2.0) == 2).all()
    assert (tf.random.uniform((1000,), 0.5, None, seed=3) < 1).all()


def test_images_are_changed_at_random():
    images = tf.random.uniform((40, 6, 5, 3), seed=1)
    for flip, axis in ((tf.image.random_flip_left_right, 2), (tf.image.random_flip_up_down, 1)):
        flipped = flip(images, seed=3)
        is_flipped = [(one == np.flip(two, axis - 1)).all() for one, two in zip(flipped, images, strict=True)]
        assert 5 < sum(is_flipped) < 35
        assert all(hit or (one == two).all() for hit, one, two in zip(is_flipped, flipped, images, strict=True))
        assert flip(images[0]).shape == (6, 5, 3)
    brighter = tf.image.random_brightness(images, 0.3, seed=1) - images
    assert brighter.std() < 1e-6
    assert 0 < abs(brighter[0, 0, 0, 0]) <= 0.3
    np.testing.assert_array_equal(tf.image.random_contrast(images, 0.5, 2, seed=1).shape, images.shape)
    part = tf.image.random_crop(images[0], (4, 2, 3), seed=1)
    assert any((part == images[0, top:top + 4, left:left + 2]).all() for top in range(3) for left in range(4))


def test_colours_are_changed_at_random():
    images = tf.random.uniform((6, 5, 3), seed=1)
    before, turned = tf.image.rgb_to_hsv(images), tf.image.rgb_to_hsv(tf.image.random_hue(images, 0.2, seed=1))
    moved = (turned - before)[..., 0] % 1
    moved = np.where(moved > 0.5, moved - 1, moved)
    np.testing.assert_allclose(moved, moved[0, 0], atol=1e-5)
    assert 0 < abs(moved[0, 0]) <= 0.2
    np.testing.assert_allclose(turned[..., 1:], before[..., 1:], atol=1e-5)
    weaker = tf.image.rgb_to_hsv(tf.image.random_saturation(images, 0.2, 0.9, seed=1))
    factors = weaker[..., 1] / before[..., 1]
    np.testing.assert_allclose(factors, factors[0, 0], rtol=1e-4)
    assert 0.2 <= factors[0, 0] < 0.9


@pytest.mark.parametrize("change", [
    lambda x, seed: tf.image.stateless_random_brightness(x, 0.5, seed),
    lambda x, seed: tf.image.stateless_random_contrast(x, 0.2, 3.0, seed),
    lambda x, seed: tf.image.stateless_random_crop(x, (9, 8, 3), seed),
    lambda x, seed: tf.image.stateless_random_flip_left_right(np.stack([x] * 20), seed),
    lambda x, seed: tf.image.stateless_random_flip_up_down(np.stack([x] * 20), seed),
    lambda x, seed: tf.image.stateless_random_hue(x, 0.5, seed),
    lambda x, seed: tf.image.stateless_random_saturation(x, 0.1, 3.0, seed)])
def test_what_is_stateless_follows_from_two_integers(change):
    image = tf.random.uniform((40, 40, 3), seed=1)
    first = change(image, (1, 2))
    tf.random.set_seed(5)
    np.testing.assert_array_equal(change(image, tf.constant([1, 2])), first)
    assert (change(image, seed=(2, 1)) != first).any()
    assert change(image, (-1, 0)).shape == first.shape
    for seed in (1, (1, 2, 3), (1.0, 2.0)):
        with pytest.raises(ValueError, match="must be two integers"):
            change(image, seed)


def test_pictures_are_read_and_decoded(tmp_path):
    image = np.random.RandomState(1).randint(0, 256, (5, 7, 3)).astype(np.uint8)
    tf.keras.utils.save_img(tmp_path / "x.png", image, scale=False)
    paths = tf.data.Dataset.list_files(str(tmp_path / "*.png"))
    decoded, = paths.map(lambda path: tf.io.decode_png(tf.io.read_file(path), channels=3))
    np.testing.assert_array_equal(decoded, image)
    content = tf.io.read_file(str(tmp_path / "x.png"))
    assert tf.image.decode_image(content, channels=1).shape == (5, 7, 1)
    assert tf.image.decode_jpeg(content).dtype == np.uint8
    np.testing.assert_allclose(tf.io.decode_image(content, dtype=tf.float32), image / np.float32(255))
    tf.io.write_file(str(tmp_path / "y.png"), content)
    assert (tmp_path / "y.png").read_bytes() == (tmp_path / "x.png").read_bytes()
    with pytest.raises(tf.DataError, match="not a picture"):
        tf.io.decode_png(b"none")


@pytest.mark.parametrize(("make", "message"), [
    (lambda: tf.math.confusion_matrix([0, 1], [0]), "2 labels and 1 predictions"),
    (lambda: tf.math.confusion_matrix([0, 3], [0, 1], 3), "the numbers 0 to 3; classes are 0 to 2"),
    (lambda: tf.image.resize(np.zeros((3, 3)), (2, 2)), "three axes, or a batch of four"),
    (lambda: tf.image.resize(np.zeros((3, 3, 1)), (2, 2), method="x"), "method='x' is not supported"),
    (lambda: tf.image.crop_to_bounding_box(np.zeros((3, 3, 1)), 1, 1, 3, 1), "rows 1 to 4 and columns 1 to 2"),
    (lambda: tf.image.pad_to_bounding_box(np.zeros((3, 3, 1)), 1, 1, 3, 9), "does not fit into 3 rows"),
    (lambda: tf.image.rgb_to_grayscale(np.zeros((3, 3, 1))), "three channels"),
    (lambda: tf.image.grayscale_to_rgb(np.zeros((3, 3, 3))), "one channel"),
    (lambda: tf.image.random_crop(np.zeros((3, 3, 1)), (4, 1, 1)), r"the size \(4, 1, 1\) for the shape"),
    (lambda: tf.image.random_crop(np.zeros((3, 3, 1)), (2, 2)), "an extent for each axis"),
    (lambda: tf.image.random_contrast(np.zeros((3, 3, 1)), 2, 1), "`upper` must be > 2"),
    (lambda: tf.image.random_hue(np.zeros((3, 3, 3)), 0.6), "`max_delta` must be >= 0 and <= 0.5"),
    (lambda: tf.image.adjust_hue(np.zeros((3, 3, 3)), 2), "`delta` must be"),
    (lambda: tf.image.adjust_saturation(np.zeros((3, 3, 1)), 2), "three channels"),
    (lambda: tf.image.resize(np.zeros((3, 3, 1)), 2), r"a size of \(height, width\)"),
    (lambda: tf.ensure_shape(np.zeros((3, 3)), (None, 2)), r"the shape \(3, 3\), expected \(None, 2\)"),
    (lambda: tf.split(np.arange(5), [2, 2]), "sizes .2, 2. for an extent of 5"),
    (lambda: tf.nn.sparse_softmax_cross_entropy_with_logits([3], [[1.0, 2.0]]), "labels must be 0 to 1, got 3 to 3"),
    (lambda: tf.nn.conv2d(np.zeros((1, 3, 3, 1)), np.zeros((2, 2, 1, 1)), [2, 1, 1, 1], "SAME"), "begin and end with"),
    (lambda: tf.io.decode_jpeg(b"", ratio=2), "ratio=2"), (lambda: tf.io.decode_image(b"", 2), "channels=2"),
])
def test_what_cannot_be_is_said(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_functions_work_on_symbolic_tensors():
    x = tf.keras.Input((4, 4, 1))
    y = tf.nn.relu(tf.nn.max_pool2d(x, 2, 1, "SAME"))
    model = tf.keras.Model(x, tf.math.log1p(tf.reduce_sum(tf.floor(y), axis=[1, 2])))
    images = np.ones((2, 4, 4, 1), np.float32)
    np.testing.assert_allclose(model(images), np.log1p(np.full((2, 1), 16)), rtol=1e-5)


def test_what_is_no_array_is_refused():
    with pytest.raises(TypeError, match="compute with NumPy arrays at once"):
        tf.reduce_mean(tf.keras.layers.Dense(3))
