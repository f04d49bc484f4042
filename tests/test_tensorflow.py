"""The small names of TensorFlow: what the golden cases do not ask."""

from __future__ import annotations

import logging
import subprocess
import sys

import numpy as np
import pytest

import fashioncnn as tf
from fashioncnn import _tensorflow
from fashioncnn.utils.absent import keras_names


def test_all_are_names_of_tensorflow_and_found_in_the_package():
    assert set(_tensorflow.__all__) <= set(keras_names()["tensorflow"])
    for name in _tensorflow.__all__:
        assert getattr(tf, name) is getattr(_tensorflow, name)
        assert getattr(tf.keras, name) is getattr(tf, name)


def test_they_are_loaded_at_their_first_use():
    code = """
import sys, fashioncnn as tf
assert "numpy" not in sys.modules
assert hasattr(tf, "expand_dims") and not hasattr(tf, "einsum") and not hasattr(tf, "_private")
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


def test_what_is_no_array_is_refused():
    with pytest.raises(TypeError, match="compute with NumPy arrays at once"):
        tf.reduce_mean(tf.keras.layers.Dense(3))
