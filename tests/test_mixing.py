"""MixUp and CutMix: what is mixed with what, by which weights, and where."""

import numpy as np
import pytest

import fashioncnn as k
from fashioncnn import layers

ROWS = 4000


def numbered(rows, height=4, width=5):
    """Images whose pixels are all their number."""
    return np.broadcast_to(np.arange(rows, dtype=np.float32)[:, None, None, None], (rows, height, width, 1))


def batch(rows=32, classes=32):
    return {"images": numbered(rows), "labels": np.eye(classes, dtype=np.float32)[:rows]}


def test_mix_up_mixes_images_and_labels_alike():
    data = {**batch(), "segmentation_masks": numbered(32)[..., [0, 0]]}
    found = layers.MixUp(0.4, seed=1)(data)
    expected = (found["labels"] * np.arange(32)).sum(axis=1)  # the mean number, by weights
    np.testing.assert_allclose(found["images"], expected[:, None, None, None] + 0 * numbered(32),
                               rtol=1e-5)
    np.testing.assert_allclose(found["segmentation_masks"][..., :1], found["images"])
    np.testing.assert_allclose(found["labels"].sum(axis=1), 1, rtol=1e-6)
    assert (found["labels"].sum(axis=0) > 0).all()
    assert ((found["labels"] > 0).sum(axis=1) <= 2).all()


@pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
def test_the_weights_of_mix_up_are_beta_distributed(alpha):
    images = np.zeros((ROWS, 1, 1, 1), np.float32)
    labels = np.stack([np.ones(ROWS), np.arange(ROWS)], axis=1)  # the mixed number tells the weight
    layer = layers.MixUp(alpha, seed=2)
    mixed = layer({"images": images, "labels": np.eye(2)[np.arange(ROWS) % 2]})["labels"][:, 0]
    weights = np.where(np.arange(ROWS) % 2 == 0, mixed, 1 - mixed)[(mixed > 0) & (mixed < 1)]
    assert abs(weights.mean() - 0.5) < 0.03
    assert abs(weights.var() - 1 / (4 * (2 * alpha + 1))) < 0.01
    assert layer({"images": images, "labels": labels})["labels"].shape == (ROWS, 2)


def test_cut_mix_puts_rectangles_of_other_images_into_each_and_weighs_labels_by_area():
    rows, height, width = 200, 40, 60
    data = {"images": numbered(rows, height, width), "labels": np.eye(rows, dtype=np.float32)}
    found = layers.CutMix(seed=3)(data)
    own = found["images"][..., 0] == np.arange(rows)[:, None, None]
    cut = ~own
    np.testing.assert_array_equal(cut.sum(axis=(1, 2)), cut.any(axis=2).sum(axis=1) * cut.any(axis=1).sum(axis=1))
    for row in range(rows):
        assert len(np.unique(found["images"][row])) <= 2
        share = found["labels"][row, row]
        if cut[row].any():
            other = int(found["images"][row][cut[row]][0, 0])
            assert found["labels"][row, other] == pytest.approx(1 - share, abs=1e-6)
            assert abs(cut[row].mean() - (1 - share)) < 0.05  # whole pixels
    assert 0.2 < cut.mean() < 0.6


def test_the_factor_of_cut_mix_is_that_of_a_batch():
    always = layers.CutMix((1.0, 1.0), seed=1)({"images": numbered(ROWS), "labels": np.eye(2)[np.arange(ROWS) % 2]})
    assert 0.4 < (always["images"] != numbered(ROWS)).mean() < 0.6
    rarely = layers.CutMix(0.0, seed=1)(batch())  # all or nothing
    assert np.isin(rarely["labels"], [0, 1]).all()


@pytest.mark.parametrize("make", [layers.MixUp, layers.CutMix])
def test_seeds_and_training(make):
    first, second = make(seed=5), make(seed=5)
    for _ in range(2):
        np.testing.assert_array_equal(first(batch())["images"], second(batch())["images"])
    assert (first(batch())["images"] != first(batch())["images"]).any()
    data = batch()
    assert (first(data["images"]) != data["images"]).any()
    np.testing.assert_array_equal(first(data["images"], training=False), data["images"])
    np.testing.assert_array_equal(first(data, False)["labels"], data["labels"])
    np.testing.assert_array_equal(first(data["images"][0]), data["images"][0])  # one image has no other
    assert first({"images": data["images"].astype(np.uint8)})["images"].dtype == np.float32
    again = layers.deserialize(layers.serialize(first))
    assert again.get_config() == first.get_config()


@pytest.mark.parametrize("make", [layers.MixUp, layers.CutMix])
def test_fit_takes_mixed_batches_of_a_generator(make):
    mix = make(seed=1)
    random = np.random.default_rng(0)

    def batches():
        while True:
            mixed = mix({"images": random.random((8, 4, 4, 1)), "labels": np.eye(3)[np.arange(8) % 3]})
            yield mixed["images"], mixed["labels"]

    model = k.Sequential([k.Input((4, 4, 1)), layers.Flatten(), layers.Dense(3, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy")
    assert np.isfinite(model.fit(batches(), steps_per_epoch=3, verbose=0).history["loss"]).all()


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: layers.MixUp(0.0), ValueError, "`alpha` must be > 0"),
    (lambda: layers.CutMix(1.5), ValueError, r"in the range \[0, 1\]"),
    (lambda: layers.MixUp(data_format="channels_first"), ValueError, "'channels_first' is not supported"),
    (lambda: layers.MixUp()(k.Input((4, 4, 1))), NotImplementedError, "call it where batches are made"),
    (lambda: k.Sequential([k.Input((4, 4, 1)), layers.CutMix()]), NotImplementedError, "in a generator"),
    (lambda: layers.MixUp()({**batch(), "labels": np.arange(32)}), ValueError, "utils.to_categorical"),
    (lambda: layers.MixUp()({**batch(), "labels": np.eye(3)}), ValueError, "as many rows"),
    (lambda: layers.CutMix()({**batch(), "bounding_boxes": {}}), NotImplementedError, "bounding boxes"),
    (lambda: layers.CutMix()({"labels": np.eye(3)}), ValueError, "expected 'images'"),
    (lambda: layers.CutMix()(np.zeros((3, 4))), ValueError, "expects images"),
    (lambda: layers.CutMix()({"images": "abc"}), TypeError, "`images`"),
])
def test_what_cannot_be_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()
