"""`ops.image.affine_transform`: images seen through transforms, by plain formulas; tests/golden has Keras's results."""

import numpy as np
import pytest

import fashioncnn
from fashioncnn.ops.image import FILL_MODES, affine_transform


def clipped(index, length):
    return int(min(max(index, 0), length - 1))


def pixel(image, line, column, fill_mode, k):
    """The value at whole numbers, wherever they are."""
    where = []
    for index, length in zip((line, column), image.shape, strict=False):
        if fill_mode == "constant" and not 0 <= index < length:
            return np.full(image.shape[2], k)
        if fill_mode == "wrap":
            index %= length
        if fill_mode == "reflect":
            index %= 2 * length
            index = 2 * length - 1 - index if index >= length else index
        where.append(clipped(index, length))
    return image[tuple(where)]


def moved(image, transform, fill_mode, k):
    """The result for transforms that map whole numbers to whole numbers."""
    a0, a1, a2, b0, b1, b2 = transform[:6]
    height, width = image.shape[:2]
    return np.array([[pixel(image, round(b0 * u + b1 * v + b2), round(a0 * u + a1 * v + a2), fill_mode, k)
                      for u in range(width)] for v in range(height)])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("fill_mode", FILL_MODES)
def test_whole_steps_move_pixels_and_fill_the_border(fill_mode, interpolation, channels):
    images = np.random.default_rng(1).normal(size=(4, 5, 19, channels)).astype(np.float32)
    transforms = np.array([[1, 0, -3, 0, 1, 2, 0, 0], [0, 1, 0, 1, 0, -1, 0, 0], [-1, 0, 18, 0, -1, 4, 0, 0],
                           [1, 0, 1, 0, 1, -3, 0, 0]])
    if fill_mode == "wrap":  # TensorFlow's is not periodic: only the first repetition is whole
        transforms[1] = [0, 0, 5, 0, 1, 0, 0, 0]
    found = affine_transform(images, transforms, interpolation, fill_mode, 7.5)
    expected = [moved(*pair, fill_mode, 7.5) for pair in zip(images, transforms, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_bilinear_interpolation_weighs_four_pixels():
    image = np.array([[0, 10], [20, 40]], np.float32)[..., np.newaxis]
    found = affine_transform(image, [1, 0, 0.25, 0, 1, 0.5, 0, 0], fill_mode="nearest")
    assert found[0, 0, 0] == 0.5 * (0.75 * 0 + 0.25 * 10) + 0.5 * (0.75 * 20 + 0.25 * 40)


def test_a_projective_transform_divides_and_fills_where_it_cannot():
    image = np.arange(1, 6, dtype=np.float32).reshape(1, 5, 1)
    found = affine_transform(image, [1, 0, 0, 0, 1, 0, -0.5, 0], "nearest", "nearest", fill_value=9)
    assert found[0, :, 0].tolist() == [1, 3, 9, 1, 1]  # places 0, 2, infinite, -6, -4


def test_types_and_layouts_come_back():
    images = np.random.default_rng(2).integers(0, 256, (3, 6, 7, 2)).astype(np.uint8)
    shift = [1, 0, 0.5, 0, 1, 0, 0, 0]
    found = affine_transform(images, shift, fill_mode="nearest")
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, affine_transform(images.astype(float), shift, fill_mode="nearest") // 1)
    first = affine_transform(images.transpose(0, 3, 1, 2), shift, fill_mode="nearest", data_format="channels_first")
    np.testing.assert_array_equal(first, found.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(affine_transform(images[1], shift, fill_mode="nearest"), found[1])
    np.testing.assert_array_equal(affine_transform(images[:, ::-1, ::2], shift, fill_mode="nearest"),
                                  affine_transform(images[:, ::-1, ::2].copy(), shift, fill_mode="nearest"))
    assert affine_transform(images[:0], np.zeros((0, 8))).shape == (0, 6, 7, 2)


def test_far_places_are_found():
    line = np.arange(4, dtype=np.float32).reshape(1, 4, 1)
    for fill_mode in FILL_MODES:
        for far in (1e30, -1e30, 3e6, -3e6):
            found = affine_transform(line, [1, 0, far, 0, 1, 0, 0, 0], "bilinear", fill_mode, 5)
            assert np.isin(found, 5 if fill_mode == "constant" else [0, 1, 2, 3]).all()


@pytest.mark.parametrize(("arguments", "message"), [
    ({"images": np.zeros((2, 3))}, "3 axes, or a batch of 4"),
    ({"transform": np.zeros((3, 8))}, "2 times 8, got shape"),
    ({"transform": np.zeros(7)}, "must be 8 numbers"),
    ({"transform": [np.nan] * 8}, "must be finite"),
    ({"interpolation": "cubic"}, "interpolation='cubic' is not supported"),
    ({"fill_mode": "mirror"}, "fill_mode='mirror' is not supported"),
    ({"images": np.zeros((1, 2**21 + 1, 1), np.uint8), "transform": np.zeros(8)}, "1x2097153x1 are too large"),
    ({"fill_value": np.inf}, "`fill_value` must be finite"),
    ({"data_format": "NHWC"}, "data_format='NHWC'"),
])
def test_what_does_not_fit_is_named(arguments, message):
    given = {"images": np.zeros((2, 4, 4, 1)), "transform": np.zeros((2, 8)), **arguments}
    with pytest.raises(ValueError, match=message):
        affine_transform(**given)


def test_it_says_that_it_is_not_for_models():
    with pytest.raises(NotImplementedError, match="works on arrays"):
        affine_transform(fashioncnn.Input((4, 4, 1)), np.zeros(8))
    with pytest.raises(TypeError, match="x must hold numbers"):
        affine_transform(np.array([[["a"]]]), np.zeros(8))
