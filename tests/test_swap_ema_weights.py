"""callbacks.SwapEMAWeights: averages in the place of weights, and weights in their place again."""

import numpy as np
import pytest

from fashioncnn import Input, Model, Sequential, callbacks, layers, optimizers, saving

X = np.random.default_rng(0).random((30, 4)).astype(np.float32)
Y = 3 * X.sum(axis=1, keepdims=True)


def network(**options):
    model = Sequential([Input((4,)), layers.Dense(1, kernel_initializer="ones")])
    model.compile(optimizers.SGD(0.1, **{"use_ema": True, "ema_momentum": 0.8, **options}), "mse")
    return model


def fit(model, *others, epochs=3, **options):
    return model.fit(X, Y, batch_size=10, epochs=epochs, shuffle=False, validation_data=(X, Y), verbose=0,
                     callbacks=[callbacks.SwapEMAWeights(**options), *others]).history


def test_validation_is_that_of_the_averages_and_training_that_of_the_weights():
    plain, swapped = network(), network()
    without = plain.fit(X, Y, batch_size=10, epochs=3, shuffle=False, validation_data=(X, Y), verbose=0).history
    with_averages = fit(swapped)
    assert with_averages["loss"] == without["loss"]
    assert all(a != b for a, b in zip(with_averages["val_loss"], without["val_loss"], strict=True))
    assert with_averages["val_loss"][-1] == swapped.evaluate(X, Y, verbose=0)
    for a, b in zip(plain.get_weights(), swapped.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("stops", [False, True])
def test_callbacks_behind_it_see_the_averages_at_the_end_of_an_epoch(stops, tmp_path):
    class Stops(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.stop_training = stops and epoch == 1

    model = network()
    checkpoint = callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True)
    history = fit(model, checkpoint, Stops(), swap_on_epoch=True)
    assert len(history["loss"]) == (2 if stops else 3)
    for number, value in enumerate(history["val_loss"], 1):
        other = network()
        saving.load_weights(other, tmp_path / f"{number}.weights.h5")
        assert other.evaluate(X, Y, verbose=0) == value
    assert model.evaluate(X, Y, verbose=0) == history["val_loss"][-1]


def test_evaluating_and_predicting_leave_the_weights_where_they_were():
    model = network()
    for _ in range(3):
        model.train_on_batch(X[:10], Y[:10])
    before = model.get_weights()
    usual = model.evaluate(X, Y, verbose=0), model.predict(X, verbose=0)
    swap = callbacks.SwapEMAWeights()
    other = model.evaluate(X, Y, callbacks=[swap], verbose=0), model.predict(X, callbacks=[swap], verbose=0)
    assert usual[0] != other[0]
    assert np.mean((other[1] - Y) ** 2) == pytest.approx(other[0], rel=1e-5)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_weights_of_another_model_s_network_are_exchanged_too():
    inner = network()
    inner.train_on_batch(X, Y)
    outer = Model(x := Input((4,)), inner(x))
    outer.compile(optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse")
    for _ in range(3):
        outer.train_on_batch(X, Y)
    usual = outer.evaluate(X, Y, verbose=0)
    swapped = outer.evaluate(X, Y, callbacks=[callbacks.SwapEMAWeights()], verbose=0)
    assert usual != swapped
    assert outer.evaluate(X, Y, verbose=0) == usual
    predicted = outer.predict(X, callbacks=[callbacks.SwapEMAWeights()], verbose=0)
    assert np.mean((predicted - Y) ** 2) == pytest.approx(swapped, rel=1e-5)


def test_an_optimizer_without_averages_is_refused():
    with pytest.raises(ValueError, match=r"must be used when `use_ema=True` is set"):
        fit(network(use_ema=False))
