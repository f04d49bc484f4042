"""Layers that change images at random: when they act, what belongs to an image, and in which ranges they draw.

What they compute is compared with Keras in test_golden.py, where factors leave nothing to chance.
"""

import numpy as np
import pytest

import fashioncnn as k
from fashioncnn import layers

IMAGES = np.random.default_rng(5).uniform(0, 255, (6, 9, 8, 3)).astype(np.float32)
MAKERS = {
    "flip": lambda **options: layers.RandomFlip(**options),
    "translation": lambda **options: layers.RandomTranslation(0.3, 0.3, **options),
    "rotation": lambda **options: layers.RandomRotation(0.2, **options),
    "zoom": lambda **options: layers.RandomZoom(0.3, 0.2, **options),
    "crop": lambda **options: layers.RandomCrop(5, 4, **options),
    "brightness": lambda **options: layers.RandomBrightness(0.3, **options),
    "contrast": lambda **options: layers.RandomContrast(0.9, **options),
    "erasing": lambda **options: layers.RandomErasing((1.0, 1.0), (0.1, 0.5), **options),
}
KINDS = pytest.mark.parametrize("kind", MAKERS)
DRAWS = 3000


def untouched(kind, images=IMAGES):
    return images[:, 2:7, 2:6] if kind == "crop" else images


def ramps(size=21):
    """Images whose two channels are the column and the line."""
    line, column = np.mgrid[:size, :size].astype(np.float32)
    return np.broadcast_to(np.stack([column, line], axis=-1), (DRAWS, size, size, 2))


def transforms(layer):
    """What was drawn: how place (x, y) = (0, 0) in the middle and the steps to the right and down are moved."""
    found = np.asarray(layer(ramps())).astype(np.float64)
    middle = found[:, 10, 10]
    return middle - 10, found[:, 10, 11] - middle, found[:, 11, 10] - middle


def check_uniform(drawn, low, high):
    """Mean, deviation and both ends are those of the uniform distribution in the interval."""
    assert low - 1e-4 <= drawn.min() <= low + 0.01 * (high - low)
    assert high - 0.01 * (high - low) <= drawn.max() <= high + 1e-4
    assert abs(drawn.mean() - (low + high) / 2) < 0.03 * (high - low)
    assert abs(drawn.std() - (high - low) / 12**0.5) < 0.02 * (high - low)


# ---- when they act ----


@KINDS
def test_by_itself_it_acts_unless_told_not_to(kind):
    layer = MAKERS[kind](seed=1)
    first, second, named, positional = layer(IMAGES), layer(IMAGES, training=True), layer(IMAGES), layer(IMAGES, True)
    assert all((one != other).any() for one, other in [(first, second), (second, named), (named, positional)])
    np.testing.assert_array_equal(layer(IMAGES, training=False), untouched(kind))
    np.testing.assert_array_equal(layer(IMAGES, False), untouched(kind))


@KINDS
def test_a_model_acts_as_it_is_told_and_predicts_without(kind):
    x = k.Input((9, 8, 3))
    for model in (k.Sequential([k.Input((9, 8, 3)), MAKERS[kind](seed=1)]), k.Model(x, MAKERS[kind](seed=1)(x))):
        np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), untouched(kind))
        np.testing.assert_array_equal(model(IMAGES, training=False), untouched(kind))
        first, second, untold = model(IMAGES, training=True), model(IMAGES, training=True), model(IMAGES)
        assert (first != second).any()
        assert (untold != untouched(kind)).any()  # as in Keras


@KINDS
def test_fit_trains_on_changed_images_and_evaluates_on_those_that_it_is_given(kind):
    k.utils.set_random_seed(2)
    model = k.Sequential([k.Input((9, 8, 3)), MAKERS[kind](seed=3), layers.Flatten(), layers.Dense(1)])
    plain = k.Sequential([k.Input(untouched(kind).shape[1:]), layers.Flatten(), layers.Dense(1)])
    plain.set_weights(model.get_weights())
    for each in (model, plain):
        each.compile(k.optimizers.SGD(0.0), "mse")
    losses = model.fit(IMAGES, np.zeros(6), epochs=4, verbose=0).history["loss"]
    assert len(set(losses)) > 1
    expected = plain.evaluate(untouched(kind), np.zeros(6), verbose=0)
    assert model.evaluate(IMAGES, np.zeros(6), verbose=0) == pytest.approx(expected, rel=1e-5)
    assert losses[0] != pytest.approx(expected, rel=1e-5)


def test_a_pipeline_of_layers_is_called_on_arrays():
    pipeline = k.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), layers.RandomCrop(6, 6)])
    assert pipeline(IMAGES.astype(np.uint8), training=True).shape == (6, 6, 6, 3)
    first, second = pipeline(IMAGES, training=True), pipeline(IMAGES, training=True)
    assert (first != second).any()


def test_a_layer_of_your_own_hands_training_on():
    class Augmented(layers.Layer):
        def __init__(self):
            super().__init__()
            self.flip = layers.RandomFlip("horizontal", seed=1)

        def call(self, x, training=None):
            return self.flip(x, training=training)

    x = k.Input((9, 8, 3))
    model = k.Model(x, Augmented()(x))
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), IMAGES)
    assert any((model(IMAGES, training=True) != IMAGES).any() for _ in range(3))


# ---- what belongs to an image ----


@KINDS
def test_the_same_seed_draws_the_same_for_an_image_whatever_comes_behind_it(kind):
    whole, part = MAKERS[kind](seed=7), MAKERS[kind](seed=7)
    for _ in range(2):
        np.testing.assert_array_equal(whole(IMAGES)[:4], part(IMAGES[:4]))
    assert (MAKERS[kind](seed=8)(IMAGES) != MAKERS[kind](seed=7)(IMAGES)).any()


@KINDS
def test_images_of_a_batch_are_changed_one_by_one(kind):
    same = np.repeat(IMAGES[:1], 16, axis=0)
    assert (MAKERS[kind](seed=7)(same) != MAKERS[kind](seed=7)(same)[:1]).any()


@KINDS
def test_the_global_seed_makes_it_repeatable(kind):
    results = []
    for _ in range(2):
        k.utils.set_random_seed(3)
        results.append(MAKERS[kind]()(IMAGES))
    np.testing.assert_array_equal(*results)


@KINDS
def test_one_image_is_taken_alone(kind):
    np.testing.assert_array_equal(MAKERS[kind](seed=7)(IMAGES[0]), MAKERS[kind](seed=7)(IMAGES[:1])[0])
    assert MAKERS[kind]().compute_output_shape((9, 8, 3)) == untouched(kind).shape[1:]


def test_a_chain_of_layers_that_prepare_images_takes_one_image_and_images_of_any_size():
    chain = k.Sequential([layers.Resizing(4, 5), k.Sequential([layers.Rescaling(0.5)]), layers.CenterCrop(3, 3)])
    for shape in ((9, 8, 3), (2, 9, 8, 3), (2, 6, 7, 3), (7, 6, 1), (9, 8, 3)):
        images = np.random.default_rng(1).random(shape).astype(np.float32)
        expected = images
        for layer in (layers.Resizing(4, 5), layers.Rescaling(0.5), layers.CenterCrop(3, 3)):
            expected = layer(expected)
        np.testing.assert_array_equal(chain(images), expected)
        assert chain(images).shape == (*shape[:-3], 3, 3, shape[-1])
    known = k.Sequential([k.Input((9, 8, 3)), layers.Resizing(4, 5)])
    assert known(np.zeros((2, 5, 5, 3))).shape == (2, 4, 5, 3)


def test_a_chain_changes_the_single_images_of_a_data_set_at_random_unless_told_not_to():
    flips = k.Sequential([layers.RandomFlip("horizontal", seed=1), layers.RandomRotation(0.2, seed=2)])
    data = k.data.Dataset.from_tensor_slices(IMAGES)
    assert all((found != image).any() for found, image in zip(data.map(flips), IMAGES, strict=True))
    for found, image in zip(data.map(lambda image: flips(image, training=False)), IMAGES, strict=True):
        np.testing.assert_array_equal(found, image)


def test_a_chain_with_weights_takes_batches_of_its_size_alone():
    chain = k.Sequential([k.Input((9, 8, 3)), layers.Resizing(4, 5), layers.Conv2D(1, 2)])
    for shape in ((9, 8, 3), (2, 5, 5, 3)):
        with pytest.raises(ValueError, match=r"the model takes \(N, 9, 8, 3\)"):
            chain(np.zeros(shape))


# ---- what is drawn ----


@pytest.mark.parametrize(("mode", "axes"), [("horizontal", (1,)), ("vertical", (0,)),
                                            ("horizontal_and_vertical", (0, 1))])
def test_half_of_the_images_are_flipped_in_all_directions_at_once(mode, axes):
    image = IMAGES[0]
    found = np.asarray(layers.RandomFlip(mode, seed=2)(np.repeat(image[np.newaxis], DRAWS, axis=0)))
    flipped = (found == np.flip(image, axes)).all(axis=(1, 2, 3))
    assert (flipped | (found == image).all(axis=(1, 2, 3))).all()
    assert abs(flipped.mean() - 0.5) < 0.04


def test_translations_are_uniform_parts_of_height_and_width():
    moved, *_ = transforms(layers.RandomTranslation((-0.1, 0.3), 0.2, seed=1))
    check_uniform(-moved[:, 0] / 21, -0.2, 0.2)
    check_uniform(-moved[:, 1] / 21, -0.1, 0.3)
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.1


def test_rotations_are_uniform_parts_of_a_turn_about_the_middle():
    moved, right, down = transforms(layers.RandomRotation((-0.1, 0.2), seed=1))
    np.testing.assert_allclose(moved, 0, atol=1e-4)
    np.testing.assert_allclose(down, right[:, ::-1] * [-1, 1], atol=1e-4)
    check_uniform(np.arctan2(right[:, 1], right[:, 0]) / (2 * np.pi), -0.1, 0.2)


def test_zooms_are_uniform_about_the_middle_and_keep_proportions_without_a_second_factor():
    moved, right, down = transforms(layers.RandomZoom((-0.3, 0.1), seed=1))
    np.testing.assert_allclose(moved, 0, atol=1e-4)
    np.testing.assert_allclose(right[:, 0], down[:, 1], atol=1e-4)
    check_uniform(down[:, 1] - 1, -0.3, 0.1)
    _, right, down = transforms(layers.RandomZoom((-0.3, 0.1), 0.2, seed=1))
    check_uniform(right[:, 0] - 1, -0.2, 0.2)
    assert abs(np.corrcoef(right[:, 0], down[:, 1])[0, 1]) < 0.1


def test_brightness_and_contrast_are_uniform():
    flat = np.full((DRAWS, 2, 2, 1), 100, np.float32)
    check_uniform(np.asarray(layers.RandomBrightness((-0.2, 0.4), seed=1)(flat))[:, 0, 0, 0] - 100, -51, 102)
    pair = np.tile(np.array([90, 110], np.float32), DRAWS).reshape(DRAWS, 1, 2, 1)
    for factor, low, high in ((0.5, 1, 1.5), ((0.5, 0.2), 0.8, 1.5), ((0.9, 0.4), 0.6, 1.9)):
        found = np.asarray(layers.RandomContrast(factor, seed=1)(pair))
        check_uniform((found[:, 0, 1, 0] - found[:, 0, 0, 0]) / 20, low, high)


def test_erased_rectangles_have_the_area_and_the_probability_that_is_asked_for():
    images = np.zeros((DRAWS, 40, 60, 1), np.float32)
    found = np.asarray(layers.RandomErasing((1.0, 1.0), (0.04, 0.36), 5, seed=1)(images))[..., 0] == 5
    heights, widths = found.any(axis=2).sum(axis=1), found.any(axis=1).sum(axis=1)
    np.testing.assert_array_equal(found.sum(axis=(1, 2)), heights * widths)  # whole rectangles
    check_uniform((heights / 40) ** 2, 0.04, 0.36)
    check_uniform((widths / 60) ** 2, 0.04, 0.36)
    for factor, share in ((1.0, 0.5), ((0.2, 0.4), 0.3), (0.0, 0.0)):
        found = np.asarray(layers.RandomErasing(factor, (0.1, 0.2), 5, seed=1)(images))
        assert abs((found == 5).any(axis=(1, 2, 3)).mean() - share) < 0.04


def test_erasing_fills_with_clipped_noise_or_with_the_channels_numbers():
    images = np.full((200, 12, 12, 3), 0.5, np.float32)
    whole = {"factor": (1.0, 1.0), "scale": (1.0, 1.0), "value_range": (0, 1), "seed": 1}
    noise = np.asarray(layers.RandomErasing(**whole)(images))
    assert noise.min() == 0
    assert noise.max() == 1
    assert abs((noise == 0).mean() - 0.5) < 0.01  # what is negative
    assert abs((noise == 1).mean() - 0.1587) < 0.01  # beyond one deviation
    np.testing.assert_allclose(layers.RandomErasing(fill_value=[0.1, 0.2, 7], **whole)(images)[3, 4, 5], [0.1, 0.2, 1])


def test_every_window_is_cropped():
    image = np.arange(20, dtype=np.float32).reshape(1, 4, 5, 1)
    found = np.asarray(layers.RandomCrop(3, 3, seed=1)(np.repeat(image, DRAWS, axis=0)))
    firsts, counts = np.unique(found[:, 0, 0, 0], return_counts=True)
    assert firsts.tolist() == [0, 1, 2, 5, 6, 7]
    assert np.abs(counts / DRAWS - 1 / 6).max() < 0.03
    np.testing.assert_array_equal(found, found[:, :1, :1] + np.array([[0, 1, 2], [5, 6, 7], [10, 11, 12]])[..., None])


# ---- dicts ----


@pytest.mark.parametrize("kind", ["flip", "translation", "rotation", "zoom", "crop"])
def test_masks_are_moved_as_their_images_are(kind):
    options = {} if kind in ("flip", "crop") else {"interpolation": "nearest"}
    labels = np.arange(6)
    masks = IMAGES[..., :2]
    for training in (True, False):
        layer = MAKERS[kind](seed=3, **options)
        found = layer({"images": IMAGES, "labels": labels, "segmentation_masks": masks}, training=training)
        np.testing.assert_array_equal(found["images"][..., :2], found["segmentation_masks"]
                                      if training or kind != "crop" else untouched(kind)[..., :2])
        np.testing.assert_array_equal(found["labels"], labels)
    one = MAKERS[kind](seed=3, **options)({"images": IMAGES[0], "segmentation_masks": masks[0]})
    np.testing.assert_array_equal(one["images"][..., :2], one["segmentation_masks"])


def test_values_of_masks_are_not_mixed_and_not_made_brighter():
    masks = np.random.default_rng(1).integers(0, 2, (6, 9, 8, 1)) * 100
    data = {"images": IMAGES, "segmentation_masks": masks}
    assert np.isin(layers.RandomRotation(0.2)(data)["segmentation_masks"], [0, 100]).all()
    for kind in ("brightness", "contrast", "erasing"):
        np.testing.assert_array_equal(MAKERS[kind]()(data)["segmentation_masks"], masks)


# ---- errors ----


@pytest.mark.parametrize(("name", "arguments"), [
    ("RandomFlip", ()), ("RandomTranslation", (0.2, 0.2)), ("RandomRotation", (0.2,)), ("RandomZoom", (0.2,)),
    ("RandomCrop", (3, 2)), ("RandomContrast", (0.4,)), ("RandomBrightness", (0.4,)), ("RandomErasing", ())])
def test_images_with_channels_first_are_changed_as_their_like(name, arguments):
    def made(**options):
        return getattr(layers, name)(*arguments, seed=3, **options)

    first = np.moveaxis(IMAGES, -1, 1)
    masks = (IMAGES[..., :1] > 0.5).astype(np.float32)
    expected = made()({"images": IMAGES, "segmentation_masks": masks})
    turned = made(data_format="channels_first")({"images": first, "segmentation_masks": np.moveaxis(masks, -1, 1)})
    for key, values in expected.items():
        np.testing.assert_array_equal(turned[key], np.moveaxis(values, -1, 1))
    np.testing.assert_array_equal(made(data_format="channels_first")(inputs=first[0]),
                                  np.moveaxis(made()(inputs=IMAGES[0]), -1, 0))


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: layers.RandomFlip("sideways"), ValueError, "mode='sideways' is not supported"),
    (lambda: layers.RandomRotation(1.5), ValueError, r"in the range \[-1, 1\]\. Received: factor=1.5"),
    (lambda: layers.RandomRotation((0.1, 0.2, 0.3)), ValueError, "a list of two numbers"),
    (lambda: layers.RandomRotation("0.1"), ValueError, "should be a number"),
    (lambda: layers.RandomRotation((0.1, None)), ValueError, "should be a number"),
    (lambda: layers.RandomContrast(()), ValueError, "should be a number"),
    (lambda: layers.RandomRotation(float("nan")), ValueError, "should be a number"),
    (lambda: layers.RandomRotation(0.1, fill_mode="mirror"), NotImplementedError, "Unknown `fill_mode` mirror"),
    (lambda: layers.RandomZoom(0.1, interpolation="cubic"), NotImplementedError, "Unknown `interpolation` cubic"),
    (lambda: layers.RandomTranslation(0.1, (0, 1.1)), ValueError, "width_factor"),
    (lambda: layers.RandomTranslation(None, 0.1), ValueError, "height_factor"),
    (lambda: layers.RandomZoom(-1.0), ValueError, "height_factor"),
    (lambda: layers.RandomZoom((-1.0, 0.5)), ValueError, "height_factor"),
    (lambda: layers.RandomContrast(-0.1), ValueError, r"in the range \[0, 1\]"),
    (lambda: layers.RandomContrast((1.1, 1.2)), ValueError, r"in the range \[0, 1\]"),
    (lambda: layers.RandomBrightness(0.1, value_range=1), ValueError, "should be a list of two numbers"),
    (lambda: layers.RandomBrightness(0.1, bounding_box_format="xyxy"), TypeError, "unexpected keyword argument"),
    (lambda: layers.RandomErasing(fill_value=[1, 2]), ValueError, "list of three numbers"),
    (lambda: layers.RandomErasing(fill_value=[1, 2, 3])(IMAGES[..., :2]), ValueError, "3 fill values for 2 channels"),
    (lambda: layers.RandomCrop(0, 3), ValueError, "`height` must be an integer >= 1"),
    (lambda: layers.RandomFlip(data_format="channels_second"), ValueError, "'channels_second'"),
    (lambda: layers.RandomFlip(seed="a"), TypeError, "`seed` must be an integer"),
    (lambda: layers.RandomFlip()(np.zeros((3, 4))), ValueError, "rank 3 or 4"),
    (lambda: layers.RandomFlip()(k.Input((4, 3))), NotImplementedError, "takes batches"),
    (lambda: layers.RandomFlip()({"labels": [1]}), ValueError, "expected 'images'"),
    (lambda: layers.RandomFlip()({"images": IMAGES, "bounding_boxes": {}}), NotImplementedError, "bounding boxes"),
    (lambda: layers.CenterCrop(3, 3)(np.zeros((2, 4, 3, 3, 1))), ValueError, "expects images"),
])
def test_what_cannot_be_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("factor", [0, 1, -1, 0.3, (0.2, 0.1), [0, 0], np.float32(0.25)])
def test_every_form_of_a_factor_is_taken(factor):
    for make in (layers.RandomRotation, layers.RandomBrightness):
        first, last = make(factor).factor
        assert first <= last
    assert layers.RandomRotation(None).factor == (0, 0)
    assert layers.RandomZoom(1.0)(IMAGES).shape == IMAGES.shape
