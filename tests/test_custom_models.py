"""Models that users write with several inputs and outputs; losses made of losses; classes derived from layers."""

import numpy as np
import pytest

import fashioncnn
from fashioncnn import Input, Model, Sequential, layers, losses, ops, utils
from fashioncnn.testing import check_gradients

X = np.random.default_rng(3).standard_normal((24, 6)).astype(np.float32)
Y = np.random.default_rng(4).standard_normal((24, 2)).astype(np.float32)


def compiled(model, loss="mse"):
    model.compile("adam", loss)
    return model


# ---- several inputs and outputs of a model ----

class Both(Model):
    def __init__(self, form):
        super().__init__()
        self.a, self.b, self.form = layers.Dense(2), layers.Dense(3), form

    def call(self, inputs):
        x, y = (inputs["x"], inputs["y"]) if isinstance(inputs, dict) else inputs
        one, two = self.a(x), self.b(y)
        return {"list": [one, two], "tuple": (one, two), "dict": {"two": two, "one": one}}[self.form]


@pytest.mark.parametrize("inputs", [[X, Y], (X, Y), {"x": X, "y": Y}])
@pytest.mark.parametrize("form", ["list", "tuple", "dict"])
def test_models_of_ones_own_have_several_inputs_and_outputs(inputs, form):
    targets = {"one": Y, "two": X[:, :3]}
    model = Both(form)
    compiled(model, {"one": "mse", "two": "mae"} if form == "dict" else ["mse", "mae"])
    targets = targets if form == "dict" else tuple(targets.values())
    first = model.evaluate(inputs, targets, verbose=0, return_dict=True)
    history = model.fit(inputs, targets, epochs=5, verbose=0, validation_data=(inputs, targets)).history
    names = ["one", "two"] if form == "dict" else ["output_1", "output_2"]
    assert set(history) >= {"loss", *(f"{name}_loss" for name in names), "val_loss"}
    assert history["loss"][-1] < first["loss"] == pytest.approx(sum(first[f"{name}_loss"] for name in names))
    found = model.predict(inputs, verbose=0)
    assert type(found) is type(model(inputs))
    assert len(found) == 2
    assert model.train_on_batch(inputs, targets, return_dict=True)["loss"] > 0
    other = Both(form)
    other.build({"x": (None, 6), "y": (None, 2)} if isinstance(inputs, dict) else [(None, 6), (None, 2)])
    other.set_weights(model.get_weights())
    for one, two in zip(utils_leaves(found), utils_leaves(other.predict(inputs, verbose=0)), strict=False):
        assert one.shape == two.shape


def utils_leaves(value):
    return list(value.values()) if isinstance(value, dict) else list(value)


def test_one_loss_for_several_outputs_of_a_model_of_ones_own_and_batches():
    class Batches(utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            rows = slice(8 * index, 8 * index + 8)
            return (X[rows], Y[rows]), (Y[rows], X[rows, :3])

    model = compiled(Both("list"))
    assert set(model.fit(Batches(), verbose=0).history) == {"loss", "output_1_loss", "output_2_loss"}
    assert len(model.evaluate([X, Y], [Y, X[:, :3]], verbose=0)) == 3


def test_layers_behind_the_attribute_layers_are_saved_where_keras_has_them(tmp_path):
    h5py = pytest.importorskip("h5py")

    class Named(Model):
        def __init__(self):
            super().__init__()
            self.first, self.tail, self.out = layers.Dense(3), layers.Dense(3), layers.Dense(2)

        def call(self, x):
            return self.out(self.tail(self.first(x)))

    model = Named()
    model.build((None, 6))
    model.save_weights(tmp_path / "m.weights.h5")
    with h5py.File(tmp_path / "m.weights.h5") as file:
        assert {"first", "layers"} <= set(file)
        assert set(file["layers"]) == {"dense_1", "dense_2"}


# ---- losses made of losses ----

@pytest.mark.parametrize(("name", "options", "kind"), [
    ("mean_squared_error", {}, "number"), ("mean_absolute_error", {}, "number"), ("huber", {"delta": 0.5}, "number"),
    ("binary_crossentropy", {"label_smoothing": 0.1}, "chance"),
    ("binary_crossentropy", {"from_logits": True}, "chance"),
    ("categorical_crossentropy", {"label_smoothing": 0.1}, "chance"),
    ("categorical_crossentropy", {"from_logits": True}, "chance"),
    ("sparse_categorical_crossentropy", {}, "label"),
    ("sparse_categorical_crossentropy", {"from_logits": True}, "label"),
])
def test_losses_of_ones_own_are_made_of_keras_s(name, options, kind):
    function = getattr(losses, name)
    y = {"number": Y, "chance": 1 / (1 + np.exp(-Y)), "label": (Y[:, 0] > 0).astype("int64")}[kind]
    model = Sequential([Input((6,)), layers.Dense(2)])
    p = model.predict(X, verbose=0)
    if kind != "number" and not options.get("from_logits"):
        model.add(layers.Lambda(lambda x: ops.sigmoid(x)))
        p = model.predict(X, verbose=0)
    expected = float(np.mean(function(y, p, **options)))
    whole = {"mean_squared_error": "MeanSquaredError", "huber": "Huber"}.get(name)
    for loss in (lambda y, p: function(y, p, **options), lambda y, p: ops.mean(function(y, p, **options)),
                 *([lambda y, p: getattr(losses, whole)(**options)(y, p)] if whole else [])):
        compiled(model, loss)
        assert model.evaluate(X, y, verbose=0) == pytest.approx(expected, rel=1e-5)
    check_gradients(model, X, y)


def test_names_of_tensorflow_work_on_tensors():
    tf = fashioncnn

    def loss(y_true, y_pred):
        error = tf.subtract(tf.cast(y_true, tf.float32), y_pred)
        small = tf.where(tf.abs(error) < 1.0, tf.square(error), tf.sqrt(tf.ones_like(error) + tf.abs(error)))
        return tf.reduce_sum(tf.concat([small, tf.zeros_like(error)], axis=-1), axis=-1)

    model = compiled(Sequential([Input((6,)), layers.Dense(2)]), loss)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(float(np.mean(loss(Y, model(X)))), rel=1e-5)
    np.testing.assert_array_equal(tf.ones_like([1, 2]), [1, 1])
    np.testing.assert_array_equal(ops.arange(1, 4), [1, 2, 3])
    with pytest.raises(ValueError, match="every extent must be known"):
        ops.zeros((None, 3))


# ---- classes derived from layers of the package ----

class Shifted(layers.Conv2D):
    def call(self, x):
        return ops.conv(x, self.kernel, padding=self.padding) - ops.mean(self.kernel, axis=(0, 1, 2)) + self.bias


class Scaled(layers.Dense):
    def build(self, input_shape):
        super().build(input_shape)
        self.scale = self.add_weight((self.units,), "ones", name="scale")

    def call(self, x):
        return super().call(x) * self.scale


def test_classes_derived_from_layers_have_their_weights_first():
    scaled = Sequential([Input((6,)), Scaled(2)])
    assert [weight.name for weight in scaled.weights] == ["kernel", "bias", "scale"]
    compiled(scaled)
    check_gradients(scaled, X, Y)
    images = np.random.default_rng(5).standard_normal((4, 5, 5, 2)).astype(np.float32)
    model = Sequential([Input((5, 5, 2)), Shifted(3, 2), layers.Flatten(), layers.Dense(2)])
    kernel, bias = model.weights[0].numpy(), model.weights[1].numpy()
    ours = layers.Conv2D(3, 2)
    ours.build((None, 5, 5, 2))
    ours.set_weights([kernel, bias - kernel.mean((0, 1, 2))])
    np.testing.assert_allclose(model.layers[0](images), ours(images), atol=1e-5)
    check_gradients(compiled(model), images, Y[:4])


def test_a_weight_that_super_call_has_too_is_not_trained_twice():
    class Twice(layers.Dense):
        def call(self, x):
            self.add_loss(ops.sum(ops.square(self.kernel)) + ops.mean(x) * 0)
            return super().call(x) + ops.sum(self.kernel)

    with pytest.raises(NotImplementedError, match="calls super"):
        compiled(Sequential([Input((6,)), Twice(2)])).fit(X, Y, verbose=0)


def test_a_weight_may_be_part_of_the_added_loss_first():
    class Penalized(layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight((input_shape[-1], 2), "ones", name="w")

        def call(self, x):
            self.add_loss(0.5 * ops.sum(ops.square(self.w)))
            return x @ self.w

    model = Sequential([Input((6,)), Penalized()])
    before = model.predict(X, verbose=0)
    np.testing.assert_allclose(before, X @ np.ones((6, 2)), rtol=1e-5, atol=1e-5)
    compiled(model)
    assert model.evaluate(X, before, verbose=0) == pytest.approx(6.0)
    check_gradients(model, X, Y)


def test_a_build_that_fails_leaves_no_weights():
    class Fails(layers.Layer):
        fails = True

        def build(self, input_shape):
            self.w = self.add_weight((input_shape[-1],), "ones", name="w")
            if self.fails:
                raise RuntimeError("not yet")

        def call(self, x):
            return x * self.w

    layer = Fails()
    with pytest.raises(RuntimeError, match="not yet"):
        layer(X)
    layer.fails = False
    np.testing.assert_array_equal(layer(X), X)
    assert len(layer.weights) == 1


def double(x):
    return x * 2


def test_operations_and_functions_are_cloned_and_keep_their_arrays():
    factor = np.full(6, 3, np.float32)
    x = Input((6,))
    model = Model(x, layers.Lambda(double)(ops.square(x) * factor))
    factor[:] = 0
    np.testing.assert_allclose(model.predict(X, verbose=0), 6 * X**2, rtol=1e-6)
    clone = fashioncnn.models.clone_model(model)
    np.testing.assert_array_equal(clone.predict(X, verbose=0), model.predict(X, verbose=0))
    assert clone.layers[-1] is not model.layers[-1]


def test_a_token_stands_before_the_parts_of_each_image():
    class Token(layers.Layer):
        def build(self, input_shape):
            self.token = self.add_weight((1, 1, input_shape[-1]), "ones", name="token")

        def call(self, x):
            batch, _, width = ops.shape(x)
            tokens = ops.broadcast_to(self.token, (batch, 1, width))
            return ops.concatenate([tokens, x, ops.ones((batch, 2, width))], axis=1)

    model = Sequential([Input((3, 2)), Token(), layers.Flatten(), layers.Dense(2)])
    parts = X.reshape(24, 3, 2)
    expected = np.concatenate([np.ones((24, 1, 2)), parts, np.ones((24, 2, 2))], axis=1)
    np.testing.assert_array_equal(model.layers[0](parts), expected.astype(np.float32))
    check_gradients(compiled(model), parts, Y)

    class Wrong(layers.Layer):
        def call(self, x):
            return ops.broadcast_to(x, (None, None, 4))

    with pytest.raises(ValueError, match="cannot become"):
        Wrong()(X)


def test_a_model_whose_call_does_not_take_training_is_in_inference_even_in_fit():
    """As in Keras: it cannot tell its layers."""
    class Deaf(Model):
        def __init__(self):
            super().__init__()
            self.normalization, self.drop, self.out = layers.BatchNormalization(), layers.Dropout(0.9), layers.Dense(2)

        def call(self, inputs):
            return self.out(self.drop(self.normalization(inputs)))

    model = Deaf()
    model.compile(fashioncnn.optimizers.SGD(0.0), "mse")
    assert model.fit(X, Y, verbose=0).history["loss"][0] == pytest.approx(model.evaluate(X, Y, verbose=0), rel=1e-6)
    outer = Model(x := Input(X.shape[1:]), model(x))
    outer.compile(fashioncnn.optimizers.SGD(0.0), "mse")
    assert outer.fit(X, Y, verbose=0).history["loss"][0] != pytest.approx(outer.evaluate(X, Y, verbose=0), rel=1e-3)
