"""Layers, models, activations and losses that users write; beside Keras's: tests/golden/custom_cases.py."""

import copy
import pickle

import numpy as np
import pytest
from by_threads import by_threads

import fashioncnn
from fashioncnn import Input, Model, Sequential, layers, ops, random, saving, utils
from fashioncnn.testing import assert_same_bits, check_gradients

X = np.random.default_rng(3).standard_normal((24, 6)).astype(np.float32)
Y = np.random.default_rng(4).standard_normal((24, 2)).astype(np.float32)


@saving.register_keras_serializable("tests")
class Linear(layers.Layer):
    def __init__(self, units, **options):
        super().__init__(**options)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight((input_shape[-1], self.units), "random_normal", name="w")
        self.b = self.add_weight((self.units,), "zeros", name="b")

    def call(self, inputs):
        return ops.matmul(inputs, self.w) + self.b

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class Net(Model):
    def __init__(self):
        super().__init__()
        self.hidden = Linear(5)
        self.rate = layers.Dropout(0.5)
        self.out = layers.Dense(2)

    def call(self, inputs, training=None):
        return self.out(self.rate(ops.tanh(self.hidden(inputs)), training=training))


def compiled(model, loss="mse"):
    model.compile("adam", loss)
    return model


def test_a_layer_of_ones_own_is_a_dense_layer_to_the_bit():
    mine, ours = Sequential([Input((6,)), Linear(2)]), Sequential([Input((6,)), layers.Dense(2)])
    mine.set_weights(ours.get_weights())
    for model in (mine, ours):
        compiled(model).fit(X, Y, epochs=3, shuffle=False, verbose=0)
    np.testing.assert_allclose(mine.predict(X, verbose=0), ours.predict(X, verbose=0), atol=1e-6)
    check_gradients(mine, X, Y)


def test_a_model_of_ones_own_trains_predicts_and_is_summarized():
    utils.set_random_seed(1)
    model = compiled(Net())
    first = model.evaluate(X, Y, verbose=0)
    model.fit(X, Y, epochs=20, verbose=0)
    assert model.evaluate(X, Y, verbose=0) < first
    assert [layer.name.rstrip("_0123456789") for layer in model.layers] == ["linear", "dropout", "dense"]
    assert [weight.name for weight in model.weights] == ["w", "b", "kernel", "bias"]
    assert model.count_params() == 6 * 5 + 5 + 5 * 2 + 2
    text = []
    model.summary(print_fn=text.append)
    assert "(Linear)" in text[0]
    assert "(None, 5)" in text[0]
    np.testing.assert_array_equal(model(X), model.predict(X, verbose=0))
    assert not np.array_equal(model(X, training=True), model(X))


def test_same_bits_for_any_number_of_threads():
    def train():
        utils.set_random_seed(2)
        model = compiled(Net(), lambda y, p: ops.mean(ops.abs(y - p) ** 1.5, axis=-1))
        model.fit(X, Y, epochs=3, verbose=0)
        return model

    models = by_threads(train)
    for model in models[1:]:
        for one, other in zip(models[0].get_weights(), model.get_weights(), strict=True):
            assert one.tobytes() == other.tobytes()


def test_copies_and_pickles_go_on_alike():
    model = Sequential([Input((6,)), Linear(4), layers.Activation("tanh"), Linear(2)])
    compiled(model, "mae").fit(X, Y, verbose=0)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert_same_bits(model, other)
        other.fit(X, Y, verbose=0, shuffle=False)
    model.fit(X, Y, verbose=0, shuffle=False)
    assert_same_bits(model, other)


def test_a_registered_layer_is_saved(tmp_path):
    model = compiled(Sequential([Input((6,)), Linear(4), Linear(2)]))
    model.fit(X, Y, verbose=0)
    for name in ("m.keras", "m.h5"):
        model.save(tmp_path / name)
        again = saving.load_model(tmp_path / name)
        assert isinstance(again.layers[0], Linear)
        np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    for name in ("m.weights.h5", "m.npz"):
        model.save_weights(tmp_path / name)
        other = Sequential([Input((6,)), Linear(4), Linear(2)])
        other.load_weights(tmp_path / name)
        np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))


def test_weights_of_a_model_of_ones_own_are_saved(tmp_path):
    model = compiled(Net())
    model.fit(X, Y, verbose=0)
    for name in ("m.weights.h5", "m.npz"):
        model.save_weights(tmp_path / name)
        other = Net()
        other.build((None, 6))
        other.load_weights(tmp_path / name)
        np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))


def test_a_model_of_ones_own_is_saved_with_plain_arguments(tmp_path):
    class Sized(Model):
        def __init__(self, units=3, part=None):
            super().__init__()
            self.part = part
            self.out = layers.Dense(units)

        def call(self, inputs):
            return self.out(inputs)

    model = compiled(Sized(2))
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "m.keras")
    again = saving.load_model(tmp_path / "m.keras", custom_objects={"Sized": Sized})
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    outer = Model(x := Input((6,)), Sized(2)(x))
    assert fashioncnn.models.clone_model(outer).count_params() == outer.count_params()
    with pytest.raises(NotImplementedError, match=r"its argument part is a Dense; define get_config"):
        Sized(2, part=layers.Dense(1)).get_config()


def test_several_inputs_and_outputs():
    class Mixed(layers.Layer):
        def build(self, input_shape):
            assert [shape[1:] for shape in input_shape] == [(6,), (2,)]
            self.w = self.add_weight((6, 2))

        def call(self, inputs):
            a, b = inputs
            mixed = a @ self.w + b
            return {"sum": mixed, "product": mixed * b}

    a, b = Input((6,)), Input((2,))
    outputs = Mixed()([a, b])
    assert sorted(outputs) == ["product", "sum"]
    model = Model([a, b], [outputs["sum"], outputs["product"]])
    found = model.predict([X, Y], verbose=0)
    np.testing.assert_allclose(found[1], found[0] * Y, rtol=1e-6)
    assert Mixed()([X, Y])["sum"].shape == (24, 2)


def test_shapes_may_be_unknown():
    class Center(layers.Layer):
        def call(self, inputs):
            return inputs - ops.mean(inputs, axis=(1, 2), keepdims=True)

    image = Input((None, None, 3))
    model = Model(image, layers.GlobalMaxPooling2D()(Center()(image)))
    assert model.output_shape == (None, 3)
    for size in (4, 9):
        x = np.random.default_rng(size).standard_normal((2, size, size, 3))
        expected = (x - x.mean((1, 2), keepdims=True)).max((1, 2))
        np.testing.assert_allclose(model.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-6)


def test_frozen_layers_stay():
    model = compiled(Net())
    model.build((None, 6))
    model.hidden.trainable = False
    assert [weight.name for weight in model.trainable_weights] == ["kernel", "bias"]
    before = model.hidden.get_weights()
    model.fit(X, Y, verbose=0)
    for one, other in zip(before, model.hidden.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_keep_their_penalties_and_constraints():
    class Kept(layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight((input_shape[-1], 2), "ones", regularizer="l2", constraint="non_neg", name="w")

        def call(self, inputs):
            return inputs @ self.w

    model = compiled(Sequential([Input((6,)), Kept()]))
    model.optimizer = fashioncnn.optimizers.SGD(5.0)
    assert float(model.losses[0]) == pytest.approx(0.01 * 12)
    model.fit(X, -Y - 10 * X[:, :2], epochs=3, verbose=0)
    assert model.get_weights()[0].min() == 0.0


def call_that(compute):
    class Mine(layers.Layer):
        def call(self, inputs, training=None):
            return compute(self, inputs)

        weight = None

    return Mine()(X)


OTHERS = layers.Dense(6)
OTHERS.build((None, 6))


@pytest.mark.parametrize(("compute", "error", "message"), [
    (lambda self, x: x if x > 0 else -x, NotImplementedError, "ops.where"),
    (lambda self, x: np.sqrt(x), NotImplementedError, r"np.sqrt\(\)"),
    (lambda self, x: x.numpy(), AttributeError, "numpy"),
    (lambda self, x: 3.0, TypeError, "must return tensors"),
    (lambda self, x: ops.square(np.ones(3)), TypeError, "must return tensors"),
    (lambda self, x: x / OTHERS.weights[0], NotImplementedError, "none of its own weights"),
    (lambda self, x: ops.mean(x), TypeError, "must return tensors"),
    (lambda self, x: x + random.normal((6,)), NotImplementedError, "the same for ever"),
    (lambda self, x: x + random.normal(ops.shape(x), seed=1), NotImplementedError, "SeedGenerator"),
    (lambda self, x: random.dropout(x, 0.5, noise_shape=(1, 6)), NotImplementedError, "layer Dropout has it"),
    (lambda self, x: ops.sort(x), NotImplementedError, r"ops.sort\(\) between layers"),
    (lambda self, x: ops.argmax(x), NotImplementedError, "need an axis"),
    (lambda self, x: x + Input((6,)), NotImplementedError, "no argument of its call"),
])
def test_what_a_call_cannot_do_is_said(compute, error, message):
    with pytest.raises(error, match=message):
        call_that(compute)


def test_weights_have_no_numbers_in_a_call():
    for compute in (lambda w: w.numpy(), lambda w: np.asarray(w), lambda w: w.assign([2.0]), lambda w: float(w)):
        class Mine(layers.Layer):
            def build(self, input_shape):
                self.w = self.add_weight((1,), name="w")

            def call(self, inputs, compute=compute):
                compute(self.w)
                return inputs * self.w

        with pytest.raises(NotImplementedError, match="its variable"):
            Mine()(X)


def test_a_tensor_of_an_earlier_call_is_refused():
    class Keeps(layers.Layer):
        kept = None

        def call(self, inputs):
            if self.kept is None:
                self.kept = inputs
            return inputs + self.kept

    layer = Keeps()
    with pytest.raises(NotImplementedError, match="earlier call"):
        layer(X)


# ---- training ----

class Normalized(layers.Layer):
    """Calls a normalization as it is told; `compute` gets the layer, the inputs and `training`."""

    def __init__(self, compute, **options):
        super().__init__(**options)
        self.norm = layers.BatchNormalization(momentum=0.5)
        self.drop = layers.Dropout(0.5)
        self.compute = compute

    def call(self, x, training=None):
        return self.compute(self, x, training)


def moved(compute):
    """How often the statistics moved halfway to the batch's in one step of training."""
    model = Sequential([Input((6,)), Normalized(compute)])
    model.compile(fashioncnn.optimizers.SGD(0.0), "mse")
    model.fit(X + 4, X, batch_size=24, verbose=0)
    left = 1 - model.weights[2].numpy() / (X + 4).mean(0)
    return float(np.log2(1 / left).mean())


@pytest.mark.parametrize(("compute", "steps"), [
    (lambda self, x, training: self.norm(x), 1),
    (lambda self, x, training: self.norm(x, training=training), 1),
    (lambda self, x, training: self.norm(x, training=False), 0),
    (lambda self, x, training: self.norm(x) * 2 if training else self.norm(x), 1),
    (lambda self, x, training: self.norm(x, training=training) if training == 1 else self.norm(x, training=False), 1),
    (lambda self, x, training: x if training else self.norm(x), 0),
])
def test_statistics_move_once_and_only_in_training(compute, steps):
    assert moved(compute) == pytest.approx(steps, abs=1e-4)


def test_what_a_call_says_of_training_is_firm():
    frozen = Sequential([Input((6,)), Normalized(lambda self, x, training: self.drop(x, training=False))])
    compiled(frozen).fit(X, X, verbose=0)
    assert frozen.evaluate(X, X, verbose=0) == 0
    np.testing.assert_array_equal(frozen(X, training=True), X)
    noisy = Sequential([Input((6,)), Normalized(lambda self, x, training: self.drop(x, training=True))])
    first, second = noisy.predict(X, verbose=0), noisy.predict(X, verbose=0)
    assert 0.2 < (first == 0).mean() < 0.8
    assert not np.array_equal(first, second)


def test_a_layer_told_of_training_runs_the_branch_that_it_was_told():
    branches = Normalized(lambda self, x, training: x * 2 if training else x * 3)

    class Told(layers.Layer):
        def __init__(self, told):
            super().__init__()
            self.inner, self.told = branches, told

        def call(self, x):
            return self.inner(x, training=self.told)

    for told, factor in ((True, 2), (False, 3)):
        np.testing.assert_array_equal(Told(told)(X), factor * X)
        np.testing.assert_array_equal(Told(told)(X, training=not told), factor * X)


def test_what_a_branch_adds_to_the_loss_counts_there():
    class Adds(layers.Layer):
        def call(self, x, training=None):
            self.add_loss(ops.mean(x * 0 + (1.0 if training else 3.0)))
            return x

    model = compiled(Sequential([Input((6,)), Adds()]))
    assert model.fit(X, X, verbose=0).history["loss"] == pytest.approx([1.0])
    assert model.evaluate(X, X, verbose=0) == pytest.approx(3.0)


# ---- arguments ----

@saving.register_keras_serializable("tests")
class Gated(layers.Layer):
    def build(self, x_shape):
        self.w = self.add_weight((x_shape[-1], 2), name="w")

    def call(self, x, gate, scale=1.0, training=None):
        return x @ self.w * gate * scale


def test_a_call_takes_several_tensors_and_options(tmp_path):
    a, b = Input((6,)), Input((2,))
    model = Model([a, b], layers.Dense(2)(Gated()(a, b, scale=2.0)))
    gated = model.layers[2]
    expected = layers.Dense(2)
    expected.build((None, 2))
    expected.set_weights(model.layers[3].get_weights())
    before = model.predict([X, Y], verbose=0)
    np.testing.assert_allclose(before, expected(X @ gated.w.numpy() * Y * 2), rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "m.keras")
    clone = fashioncnn.models.clone_model(model)
    clone.set_weights(model.get_weights())
    for other in (saving.load_model(tmp_path / "m.keras"), clone, copy.deepcopy(model)):
        np.testing.assert_array_equal(other.predict([X, Y], verbose=0), before)
    np.testing.assert_allclose(gated(X, gate=Y), X @ gated.w.numpy() * Y, rtol=1e-5, atol=1e-6)
    check_gradients(compiled(model), [X, Y], Y)


def test_arguments_that_a_layer_does_not_take_are_told():
    for call in (lambda: Gated()(X), lambda: Gated()(X, Y, foo=1), lambda: layers.Dense(2)(X, foo=1),
                 lambda: layers.Dense(2)(X, X, X)):
        with pytest.raises(TypeError, match=r"gate|foo|3 positional"):
            call()
    np.testing.assert_array_equal(layers.ReLU()(X, mask=None), np.maximum(X, 0))
    a, b = Input((6,)), Input((2,))
    gated = Gated()
    gated(a, b)
    with pytest.raises(NotImplementedError, match="other arguments before"):
        gated(a, b, scale=3.0)


def test_layers_with_weights_that_a_call_makes_are_refused():
    dense = layers.Dense(2)
    for compute in (lambda self, x: layers.Dense(2)(x), lambda self, x: dense(x)):
        with pytest.raises(NotImplementedError, match="none of its attributes"):
            call_that(compute)
    with pytest.raises(NotImplementedError, match="none of its attributes"):
        layers.Lambda(dense)(X)
    np.testing.assert_array_equal(call_that(lambda self, x: layers.ReLU()(x)), np.maximum(X, 0))


def test_a_weight_s_shape_comes_before_its_name():
    with pytest.raises(ValueError, match="shape comes first"):
        layers.Layer().add_weight("kernel", shape=(2, 3))


class Noisy(layers.Layer):
    """Numbers that are drawn in each call: normal, even ones, and its input with some dropped."""

    def __init__(self, **options):
        super().__init__(**options)
        self.seeds = random.SeedGenerator(3)

    def call(self, inputs):
        shape = (ops.shape(inputs)[0], inputs.shape[1])
        return (random.normal(shape, 1.0, 2.0, seed=self.seeds), random.uniform(shape, -1.0, 3.0, seed=self.seeds),
                random.uniform(shape, seed=self.seeds), random.dropout(inputs, 0.25, seed=self.seeds))


def test_a_call_draws_numbers_anew_for_each_image_and_each_time():
    ones = np.ones((400, 100), np.float32)
    layer = Noisy()
    normal, even, other, dropped = layer(ones)
    assert normal.mean() == pytest.approx(1.0, abs=0.05)
    assert normal.std() == pytest.approx(2.0, abs=0.05)
    assert even.mean() == pytest.approx(1.0, abs=0.05)
    assert even.min() >= -1
    assert even.max() < 3
    assert even.std() == pytest.approx(4 / 12**0.5, abs=0.02)
    assert abs(np.corrcoef(even.ravel(), other.ravel())[0, 1]) < 0.02
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(4 / 3)}
    assert (dropped == 0).mean() == pytest.approx(0.25, abs=0.02)
    assert len(np.unique(normal)) > 30_000
    assert (np.asarray(layer(ones)[0]) != normal).any()
    x = Input((100,))
    model = Model(x, Noisy()(x))
    first, second = model.predict(ones, verbose=0), model.predict(ones, verbose=0)
    assert all((a != b).any() for a, b in zip(first, second, strict=True))


def test_what_a_call_draws_has_the_same_bits_for_any_number_of_threads():
    def train():
        utils.set_random_seed(5)
        x = Input((6,))
        mean = layers.Dense(3)(x)
        drawn = layers.Lambda(lambda m: m + 0.1 * random.normal(ops.shape(m)))(mean)
        model = compiled(Model(x, layers.Dense(2)(drawn)))
        model.fit(X, Y, epochs=3, verbose=0)
        return [*model.get_weights(), model.predict(X, verbose=0)]

    alone, *others = by_threads(train)
    for other in others:
        assert_same_bits(alone, other)


def test_a_seed_generator_hands_out_other_seeds():
    one, two = random.SeedGenerator(1), random.SeedGenerator.from_config(random.SeedGenerator(1).get_config())
    first = random.normal((3,), seed=one)
    np.testing.assert_array_equal(first, random.normal((3,), seed=two))
    assert (random.normal((3,), seed=one) != first).any()
    np.testing.assert_array_equal(random.normal((3,), seed=1), random.normal((3,), seed=1))
    with pytest.raises(TypeError, match="colour"):
        random.SeedGenerator(1, colour=2)


def test_a_layer_that_always_drops_drops_others_in_each_call():
    class Always(layers.Layer):
        def __init__(self):
            super().__init__()
            self.drop = layers.Dropout(0.5)

        def call(self, inputs):
            return self.drop(inputs, training=True)

    layer = Always()
    assert (np.asarray(layer(X)) != np.asarray(layer(X))).any()


def test_a_variable_may_name_its_initializer():
    np.testing.assert_array_equal(fashioncnn.Variable("ones", shape=(2, 2)).numpy(), np.ones((2, 2)))
    with pytest.raises(ValueError, match="pass shape="):
        fashioncnn.Variable("zeros")


def test_predictions_of_a_call_that_looks_at_the_batch_are_those_of_each_batch():
    class Less(layers.Layer):
        def call(self, inputs):
            return inputs - ops.mean(inputs, axis=0)

    class Always(layers.Layer):
        def __init__(self):
            super().__init__()
            self.norm = layers.BatchNormalization(epsilon=1e-9)

        def call(self, inputs):
            return self.norm(inputs, training=True)

    for layer in (Less(), Always()):
        model = Sequential([Input((6,)), layer])
        found = model.predict(X, batch_size=10, verbose=0)
        for rows in (slice(0, 10), slice(10, 20), slice(20, 24)):
            np.testing.assert_allclose(found[rows].mean(axis=0), 0, atol=1e-6)


def test_a_sum_over_the_batch_may_be_infinite_where_what_comes_of_it_is_not():
    class Vanishing(layers.Layer):
        def call(self, inputs):
            return inputs + ops.exp(-ops.sum(ops.exp(inputs * 0 + 88.5), axis=0))

    model = Sequential([Input((6,)), Vanishing(), layers.Dense(2)])
    model.compile("sgd", "mse")
    np.testing.assert_array_equal(model(X, training=True), model(X))
    assert np.isfinite(model.fit(X, np.zeros((len(X), 2)), verbose=0).history["loss"]).all()


def test_uniform_numbers_of_images_end_at_one_unless_told():
    class Noise(layers.Layer):
        def call(self, inputs):
            return inputs + fashioncnn.random.uniform(ops.shape(inputs), 0.5, None)

    found = np.asarray(Noise()(np.zeros((50, 6), np.float32)))
    assert 0.5 <= found.min() < 0.6
    assert 0.9 < found.max() < 1
