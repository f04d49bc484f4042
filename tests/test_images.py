"""Pictures of all kinds become images like those of the data set."""

from __future__ import annotations

import numpy as np
import pytest

from fashioncnn.cli import images
from fashioncnn.cli.errors import BadInput
from fashioncnn.datasets import fashion_mnist

Image = pytest.importorskip("PIL.Image")


def save_picture(path, pixels):
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)
    return path


def test_an_image_of_the_data_set_is_read_unchanged(tmp_path):
    _, (test_images, _) = fashion_mnist.load_sample()
    for i in range(20):
        path = save_picture(tmp_path / "image.png", test_images[i])
        np.testing.assert_array_equal(images.read_image(path), test_images[i])


def test_a_light_background_is_inverted_and_a_dark_one_is_not(tmp_path):
    shoe = np.zeros((28, 28), np.uint8)
    shoe[10:20, 4:24] = 200
    np.testing.assert_array_equal(images.read_image(save_picture(tmp_path / "dark.png", shoe)), shoe)
    np.testing.assert_array_equal(images.read_image(save_picture(tmp_path / "light.png", 255 - shoe)), shoe)


def test_transparency_counts_as_a_light_background(tmp_path):
    pixels = np.zeros((28, 28, 4), np.uint8)
    pixels[8:20, 8:20] = (0, 0, 0, 255)
    image = images.read_image(save_picture(tmp_path / "transparent.png", pixels))
    assert image[0, 0] == 0
    assert image[14, 14] == 255


def test_the_longer_side_fills_the_image_and_the_shorter_is_centred(tmp_path):
    image = images.read_image(save_picture(tmp_path / "wide.png", np.full((50, 100), 100)))
    assert (image.max(axis=1) > 0).sum() == 14
    np.testing.assert_array_equal(image, image[::-1])
    assert image[14].min() == 100


@pytest.mark.parametrize(("dtype", "white", "name"), [
    (np.uint16, 65535, "deep.png"), (np.uint16, 65535, "deep.tif"), (np.int32, 65535, "deep.tif"),
    (np.float32, 1, "deep.tif"), (np.float32, 255, "deep.tif"), (np.float32, 65535, "deep.tif"),
])
def test_more_than_eight_bits_keep_their_grays(dtype, white, name, tmp_path):
    grays = np.linspace(0, 255, 28 * 28).astype(np.uint8).reshape(28, 28)
    grays[[0, -1]] = 0
    Image.fromarray((grays * (white / 255)).astype(dtype)).save(tmp_path / name)
    np.testing.assert_array_equal(images.read_image(tmp_path / name), grays)


def test_what_is_not_finite_in_a_picture_of_floats_is_black(tmp_path):
    grays = np.zeros((28, 28), np.float32)
    grays[10:20, 10:20] = 0.8
    grays[0, :3] = np.nan, np.inf, -np.inf
    Image.fromarray(grays).save(tmp_path / "floats.tif")
    image = images.read_image(tmp_path / "floats.tif")
    assert (image[0, :3].tolist(), image[15, 15]) == ([0, 0, 0], 204)


@pytest.mark.parametrize("side", [10_000, 20_000], ids=["Pillow warns", "Pillow refuses"])
def test_a_picture_of_a_hundred_megapixels_is_refused(side, tmp_path):
    Image.new("1", (side, 9_500)).save(tmp_path / "huge.png")
    with pytest.raises(BadInput, match=r"huge\.png: a picture too large$"):
        images.read_image(tmp_path / "huge.png")


@pytest.mark.parametrize("name", ["moving.gif", "moving.png", "moving.webp"])
def test_of_an_animation_the_first_picture_is_taken(name, tmp_path):
    shoe = np.zeros((28, 28), np.uint8)
    shoe[10:20, 4:24] = 200
    Image.fromarray(shoe).save(tmp_path / name, save_all=True, append_images=[Image.new("L", (28, 28), 255)],
                               lossless=True)
    np.testing.assert_allclose(images.read_image(tmp_path / name), shoe, atol=1)


def test_a_photograph_is_turned_upright(tmp_path):
    upright = np.tile(np.arange(28, dtype=np.uint8), (28, 1))
    turned = Image.fromarray(upright).rotate(90)
    exif = turned.getexif()
    exif[0x0112] = 6  # the camera was held a quarter turn to the left
    turned.save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(images.read_image(tmp_path / "turned.png"), upright)


@pytest.mark.parametrize("mode", ["1", "P", "RGB", "RGBA", "CMYK", "LA", "LAB"])
def test_every_kind_of_picture_gives_the_same_image(tmp_path, mode):
    white_square = np.zeros((56, 56), np.uint8)
    white_square[14:42, 14:42] = 255
    picture = Image.fromarray(white_square).convert("RGB").convert(mode)
    path = tmp_path / ("picture.tif" if mode in ("CMYK", "LAB") else "picture.png")
    picture.save(path)
    image = images.read_image(path).astype(int)
    assert abs(image[14, 14] - 255) <= 1
    assert image[0].max() <= 1
