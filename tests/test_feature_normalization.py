"""Normalization by means and variances of data: where they come from, what becomes of them."""

import numpy as np
import pytest

import fashioncnn as k
from fashioncnn import layers

DATA = np.random.default_rng(3).normal(2, 3, (2500, 5, 4, 3)) * [1, 5, 0.2]


class Batches(k.utils.PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        return DATA[index * 500 : index * 500 + 500], np.zeros(500)


@pytest.mark.parametrize("make", [
    lambda: DATA,
    lambda: DATA.astype(np.float32),
    lambda: [DATA[:7], DATA[7:]],
    lambda: ((DATA[i : i + 333], None) for i in range(0, 2500, 333)),
    lambda: [[DATA[:900], np.zeros(900)], [DATA[900:], np.zeros(1600)]],
    Batches,
], ids=["float64", "float32", "list", "generator", "loader", "PyDataset"])
@pytest.mark.parametrize("axis", [-1, None, 1, (1, 3)])
def test_adapt_finds_the_mean_and_the_variance_of_all_data(make, axis):
    layer = layers.Normalization(axis=axis)
    layer.adapt(make())
    kept = () if axis is None else tuple(each % 4 for each in np.atleast_1d(axis))
    others = tuple(each for each in range(4) if each not in kept)
    np.testing.assert_allclose(layer.adapt_mean.numpy(), DATA.mean(axis=others), rtol=1e-5)
    np.testing.assert_allclose(layer.adapt_variance.numpy(), DATA.var(axis=others), rtol=1e-5)
    found = np.asarray(layer(DATA))
    np.testing.assert_allclose(found.mean(axis=others), 0, atol=1e-4)
    np.testing.assert_allclose(found.std(axis=others), 1, rtol=1e-4)


def test_integers_and_large_means_lose_nothing():
    pixels = np.random.default_rng(1).integers(0, 256, (3000, 4, 4, 1)).astype(np.uint8)
    layer = layers.Normalization()
    layer.adapt(pixels)
    np.testing.assert_allclose(layer.adapt_variance.numpy(), [pixels.var()], rtol=1e-6)
    far = (np.random.default_rng(2).normal(0, 1, (4000, 1)) + 1e4).astype(np.float32)
    layer = layers.Normalization()
    layer.adapt(far)
    np.testing.assert_allclose(layer.adapt_variance.numpy(), [far.var(dtype=np.float64)], rtol=1e-5)


def test_adapting_again_forgets_the_data_before():
    layer = layers.Normalization()
    layer.adapt(DATA)
    layer.adapt(DATA[:100] + 50)
    np.testing.assert_allclose(layer.mean[0, 0, 0], (DATA[:100] + 50).mean(axis=(0, 1, 2)), rtol=1e-5)


def test_a_model_that_is_there_already_follows():
    layer = layers.Normalization()
    model = k.Sequential([k.Input((5, 4, 3)), layer])
    np.testing.assert_array_equal(model.predict(DATA[:3], verbose=0), DATA[:3].astype(np.float32))
    layer.adapt(DATA)
    np.testing.assert_allclose(model.predict(DATA, verbose=0).std(axis=(0, 1, 2)), 1, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:the state of optimizer")
def test_training_leaves_the_weights_alone_and_files_keep_them(tmp_path):
    layer = layers.Normalization()
    layer.adapt(DATA)
    before = layer.get_weights()
    model = k.Sequential([k.Input((5, 4, 3)), layer, layers.Flatten(), layers.Dense(2)])
    model.compile("adam", "mse")
    model.fit(DATA[:64], np.zeros((64, 2)), epochs=2, verbose=0)
    for weight, value in zip(layer.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)
    assert [weight.name for weight in layer.weights] == ["mean", "variance", "count"]
    assert layer.trainable_weights == []
    assert layer.weights[2].dtype == "int32"
    assert model.count_params() == 7 + 61 * 2
    for ending in ("keras", "h5"):
        model.save(tmp_path / f"a.{ending}")
        again = k.models.load_model(tmp_path / f"a.{ending}")
        np.testing.assert_array_equal(again.predict(DATA[:9], verbose=0), model.predict(DATA[:9], verbose=0))
    for ending in (".weights.h5", ".npz", ".safetensors"):
        model.save_weights(tmp_path / f"a{ending}")
        other = k.models.clone_model(model)
        other.load_weights(tmp_path / f"a{ending}")
        np.testing.assert_array_equal(other.predict(DATA[:9], verbose=0), model.predict(DATA[:9], verbose=0))


def test_gradients_pass_through_it():
    data = DATA[:8].astype(np.float32)
    model = k.Sequential([k.Input((5, 4, 3)), layers.Conv2D(2, 3), layers.Normalization(mean=1.0, variance=9.0),
                          layers.Flatten(), layers.Dense(1)])
    other = k.Sequential([k.Input((5, 4, 3)), layers.Conv2D(2, 3), layers.Rescaling(1 / 3, -1 / 3), layers.Flatten(),
                          layers.Dense(1)])
    other.set_weights(model.get_weights())
    for each in (model, other):
        each.compile(k.optimizers.SGD(1e-4), "mse")
        each.fit(data, np.ones(8), epochs=3, verbose=0)
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-6)


def test_the_inverse_undoes_it():
    layer = layers.Normalization(axis=-1, mean=[1, 2, 3], variance=[4, 0.25, 9])
    back = layers.Normalization(axis=-1, mean=[1, 2, 3], variance=[4, 0.25, 9], invert=True)
    np.testing.assert_allclose(back(layer(DATA)), DATA, rtol=1e-5, atol=1e-5)
    assert layer.weights == []
    assert layer.mean.shape == (1, 1, 1, 3)


def test_single_numbers_and_constant_ones():
    layer = layers.Normalization(axis=None)
    layer.adapt(np.array([1.0, 2, 3, 6]))
    np.testing.assert_allclose(layer(np.array([3.0, 4])), [0, 1 / 3.5**0.5], rtol=1e-6)
    layer = layers.Normalization()
    layer.adapt(np.full((4, 2), 7.0))
    np.testing.assert_array_equal(layer(np.full((1, 2), 7.0)), np.zeros((1, 2)))


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: layers.Normalization(mean=1.0), ValueError, "both `mean` and `variance` must be set"),
    (lambda: layers.Normalization(mean=[1, 2], variance=1), ValueError, "must have the same shape"),
    (lambda: layers.Normalization(mean=[[1]], variance=[[1]]), ValueError, "rank of `mean`"),
    (lambda: layers.Normalization(mean=np.nan, variance=1), ValueError, "`mean` must be finite"),
    (lambda: layers.Normalization(mean="a", variance="b"), TypeError, "must be made of numbers"),
    (lambda: layers.Normalization(axis=1.5), TypeError, "`axis` must be an integer"),
    (lambda: layers.Normalization(mean=[1, 2], variance=[1, 2])(DATA), ValueError, r"does not fit inputs with \(3,\)"),
    (lambda: layers.Normalization(axis=4)(DATA), ValueError, r"in the range \[-ndim, ndim\)"),
    (lambda: layers.Normalization(axis=0)(DATA), ValueError, "batch axis"),
    (lambda: layers.Normalization(axis=1)(k.Input((None, 4, 3))), ValueError, "must have a known shape"),
    (lambda: layers.Normalization().adapt([]), ValueError, "empty iterable"),
    (lambda: layers.Normalization().adapt(3), TypeError, "Unsupported data type"),
    (lambda: layers.Normalization().adapt([[1.0], [2.0]]), TypeError, r"`\.shape`"),
    (lambda: layers.Normalization().adapt([np.zeros((2, 3)), np.zeros((2, 4))]), ValueError, "incompatible shape"),
])
def test_what_cannot_be_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_data_of_another_shape_is_refused_once_the_layer_is_built():
    layer = layers.Normalization()
    layer.build((None, 5))
    with pytest.raises(ValueError, match="an incompatible shape"):
        layer.adapt(np.zeros((3, 4)))


def test_a_variance_that_is_no_number_is_seen():
    layer = layers.Normalization(axis=-1)
    layer.build((None, 2))
    layer.set_weights([np.zeros(2), np.array([np.nan, -1]), np.array(1)][: len(layer.weights)])
    assert np.isnan(layer(np.ones((3, 2), np.float32))).all()
