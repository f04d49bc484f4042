"""What Keras does besides for layers and models that users write: names, arguments, losses, references in circles."""

import copy

import numpy as np
import pytest

from fashioncnn import Input, Model, Sequential, Variable, layers, models, ops, saving
from fashioncnn.layers import Layer

X = np.random.default_rng(5).standard_normal((8, 3)).astype(np.float32)


class Scaled(Layer):
    """A weight that `build` makes."""

    def __init__(self, **options):
        super().__init__(**options)
        self.shapes = []

    def build(self, input_shape):
        self.shapes.append(tuple(input_shape))
        self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")

    def call(self, x):
        return x * self.factor


class Around(Layer):
    """A layer in a layer; told, its `build` builds the other."""

    def __init__(self, inner, builds=False, **options):
        super().__init__(**options)
        self.inner = inner
        self.builds = builds

    def build(self, input_shape):
        self.own = self.add_weight((1,), "zeros", name="own")
        if self.builds:
            self.inner.build(input_shape)

    def call(self, x):
        return self.inner(x) + self.own


# ---- weights ----

@pytest.mark.parametrize("builds", [False, True])
@pytest.mark.parametrize(("make", "paths"), [
    (lambda: Scaled(name="s"), ["s/factor"]),
    (lambda: layers.Dense(3, name="d"), ["d/kernel", "d/bias"]),
    (lambda: Around(Scaled(name="s"), name="b"), ["b/own", "b/s/factor"]),
])
def test_a_weight_that_is_made_in_another_layer_has_its_name_in_the_path(make, paths, builds):
    layer = Around(make(), builds, name="a")
    layer(X)
    assert [weight.path for weight in layer.weights] == ["a/own", *(f"a/{path}" for path in paths)]
    again = Around(make(), builds, name="a")
    Sequential([Input((3,)), again], name="net")
    assert [weight.path for weight in again.weights] == ["net/a/own", *(f"net/a/{path}" for path in paths)]


def test_a_weight_that_a_constructor_makes_has_the_layer_s_own_name():
    class Early(Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.w = self.add_weight((2,), name="w")

    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.early = Early(name="early")

    layer = Outer()
    layer.build(None)
    assert layer.built
    assert [weight.path for weight in layer.weights] == ["early/w"]


def test_a_build_hears_of_the_whole_shape():
    alone, in_model = Scaled(), Scaled()
    alone(X)
    Model(x := Input((3,)), in_model(x))
    assert alone.shapes == [(8, 3)]
    assert in_model.shapes == [(None, 3)]


def test_a_call_that_makes_weights_is_an_error():
    class Late(Layer):
        def call(self, x):
            self.w = self.add_weight((3,), "ones")
            return x * self.w

    for use in (lambda: Late()(X), lambda: Sequential([Input((3,)), Late()])):
        with pytest.raises(ValueError, match="cannot add new elements of state"):
            use()


def test_arguments_of_add_weight_that_do_not_go_together_are_told():
    with pytest.raises(ValueError, match="both as the first argument"):
        Layer().add_weight((3, 4), shape=(3, 4))
    with pytest.raises(TypeError, match="at most 3 positional arguments"):
        Layer().add_weight((3, 4), "zeros", "float32", "name")


def test_layers_that_refer_to_what_is_around_them_are_counted_once():
    layer = Scaled()
    layer.blocks = [layer]
    layer.blocks.append(layer.blocks)
    layer.table = {"self": layer.blocks}
    model = Sequential([Input((3,)), layer, layers.Dense(2)])
    layer.model = model
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], verbose=0)
    assert [weight.name for weight in model.weights] == ["factor", "kernel", "bias"]
    assert [weight.name for weight in model.trainable_weights] == ["factor", "kernel", "bias"]
    model.trainable = False
    assert not model.trainable_weights
    assert len(layer.get_weights()) == 3  # its own, and those of the model that it refers to


# ---- arguments ----

def test_all_arguments_may_come_by_name():
    class Two(Layer):
        def call(self, a, b, negative=False):
            return a - b if negative else a + b

    np.testing.assert_array_equal(Two()(a=X, b=2 * X), 3 * X)
    np.testing.assert_array_equal(Two()(b=2 * X, a=X, negative=True), -X)
    np.testing.assert_array_equal(layers.ReLU()(inputs=X), np.maximum(X, 0))
    assert Two()(a=Input((3,)), b=Input((3,))).shape == (None, 3)
    for call in (lambda: Two()(b=X), lambda: layers.ReLU()()):
        with pytest.raises(TypeError, match=r"`a` first|`inputs` first"):
            call()


def test_none_may_stand_for_a_tensor_in_a_structure():
    class Skips(Layer):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2, kernel_initializer="ones")

        def call(self, x):
            first, second = x if isinstance(x, (list, tuple)) else (x["a"], x["b"])
            return self.dense(first) if second is None else self.dense(first) + self.dense(second)

    one = Skips()([X, None])
    np.testing.assert_allclose(one, X.sum(axis=1, keepdims=True) + np.zeros((1, 2)), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(Skips()({"a": X, "b": None}), one)
    np.testing.assert_allclose(Skips()([X, X]), 2 * one, rtol=1e-5)
    assert Skips()({"a": Input((3,)), "b": None}).shape == (None, 2)


def test_what_is_no_tensor_comes_by_name():
    class Switched(Layer):
        def call(self, x, negative):
            return -x if negative else x

    for wrong in (True, 1.0, "yes"):
        with pytest.raises(ValueError, match="only tensors may be passed as positional"):
            Switched()(X, wrong)
    np.testing.assert_array_equal(Switched()(X, negative=True), -X)


def test_a_build_of_several_shapes_gets_those_that_it_asks_for_by_name():
    class Named(Layer):
        def build(self, third_shape, first_shape):
            self.found = first_shape, third_shape

        def call(self, first, second=None, third=None):
            return first[:, :1] + second[:, :1] + third[:, :1]

    layer = Named()
    layer(X, X[:, :2], X[:, :1])
    assert layer.found == ((8, 3), (8, 1))

    class NoSuffix(Named):
        def build(self, first_shape, second):
            self.found = first_shape, second

    class Unknown(Named):
        def build(self, first_shape, fourth_shape):
            self.found = first_shape, fourth_shape

    for cls, message in ((NoSuffix, "`second`, but does not end in _shape"), (Unknown, "no argument `fourth`")):
        with pytest.raises(ValueError, match=message):
            cls()(X, X, X)


def test_a_call_that_asserts_a_value_of_training_is_refused_by_name():
    class Asserts(Layer):
        def call(self, x, training=False):
            assert training
            return x

    with pytest.raises(NotImplementedError, match="an assertion in call"):
        Sequential([Input((3,)), Asserts()])


# ---- losses ----

class Adds(Layer):
    def call(self, x):
        self.add_loss(ops.sum(x))
        self.add_loss(2 * ops.mean(x))
        self.add_loss(ops.sum(x, axis=-1))
        return x


def wrapped(*stack):
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.stack = list(stack)

        def call(self, x):
            for layer in self.stack:
                x = layer(x)
            return x

    return Own()


@pytest.mark.parametrize("make", [
    lambda layer: layer, lambda layer: Sequential([layer]), lambda layer: Sequential([Sequential([layer])]), wrapped,
    lambda layer: Model(x := Input((3,)), layer(x)), lambda layer: Around(layer)])
def test_what_layers_add_to_the_loss_is_among_the_losses_of_a_call(make):
    layer = Adds(activity_regularizer="l2")
    user = make(layer)
    for x in (X, 2 * X[:5]):  # those of the last call
        user(x)
        total, mean, each, penalty = user.losses
        np.testing.assert_allclose(total, x.sum(), rtol=1e-5)
        np.testing.assert_allclose(mean, 2 * x.mean(), rtol=1e-5)
        np.testing.assert_allclose(each, x.sum(axis=1), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(penalty, 0.01 * (x**2).sum() / len(x), rtol=1e-5)
        assert len(layer.losses) == 4
    assert user(X[:0]).shape == (0, 3)
    assert [np.sum(value) for value in user.losses] == [0, 0, 0, 0]


def test_losses_are_those_of_a_compiled_model_too():
    model = Sequential([Adds(), layers.Dense(3)])
    model.compile("sgd", lambda y, p: ops.mean((y - p) ** 2, axis=-1))
    model.fit(X, X, verbose=0)
    model(X)
    np.testing.assert_allclose(model.losses[0], X.sum(), rtol=1e-5)


def test_what_layers_add_is_loss_enough():
    model = Sequential([layers.Dense(1, kernel_initializer="ones"), Adds()])
    model.compile("sgd")
    loss = np.float64(X.sum()) * 2 + 2 * X.sum(axis=1).mean()
    assert model.evaluate(X, verbose=0) == pytest.approx(loss, rel=1e-4)
    history = model.fit(X, np.zeros((8, 1)), epochs=2, verbose=0).history["loss"]
    assert history[0] == pytest.approx(loss, rel=1e-4)
    assert history[1] < history[0]
    assert model.train_on_batch(X) < history[1]


@pytest.mark.parametrize("make", [lambda: Sequential([layers.Dense(1)]), lambda: Sequential([Scaled()]),
                                  lambda: wrapped(Scaled())])
def test_without_any_loss_there_is_nothing_to_train_for(make):
    model = make()
    model.compile("sgd")
    for use in (lambda: model.fit(X, X, verbose=0), lambda: model.evaluate(X, X, verbose=0),
                lambda: model.train_on_batch(X, X)):
        with pytest.raises(ValueError, match=r"needs a loss|has no loss"):
            use()
    assert model.predict(X, verbose=0).shape[0] == 8


# ---- models ----

def test_a_model_without_a_call_says_so_when_it_computes():
    for model in (Model(), type("Empty", (Model,), {})()):
        assert model.layers == model.weights == []
        model.compile("sgd", "mse")
        for use, argument in ((model, X), (model.predict, X), (model, Input((3,)))):
            with pytest.raises(NotImplementedError, match=r"has no call\(\)"):
                use(argument)
        with pytest.raises(NotImplementedError, match=r"has no call\(\)"):
            model.fit(X, X, verbose=0)


def test_the_list_of_layers_cannot_be_set():
    for model in (Model(), Sequential([layers.Dense(2)]), wrapped(Scaled())):
        with pytest.raises(AttributeError, match=r"`Model\.layers` is reserved"):
            model.layers = [layers.Dense(2)]


def test_a_functional_model_of_a_user_s_class_gets_its_own_arguments_again():
    class Named(Model):
        def __init__(self, *args, label="none", **options):
            super().__init__(*args, **options)
            self.label = label

        def get_config(self):
            return {**super().get_config(), "label": self.label}

    x = Input((3,))
    model = Named(x, layers.Dense(2)(x), label="mine", name="n")
    again = Named.from_config(model.get_config())
    assert (again.label, again.name, again.output_shape) == ("mine", "n", (None, 2))


def test_inputs_of_a_clone_have_the_form_of_the_model_s():
    a, b = Input((3,)), Input((3,))
    model = Model({"a": a, "b": b}, a + b)
    x, y = Input((3,)), Input((3,))
    assert set(models.clone_model(model, {"a": x, "b": y}).input) == {"a", "b"}
    for wrong in ((x, y), [x, y], {"a": x, "c": y}):
        with pytest.raises(ValueError, match="the same structure"):
            models.clone_model(model, wrong)


def test_a_loss_for_an_output_that_is_a_structure_is_refused_by_name():
    x = Input((3,))
    model = Model(x, {"a": layers.Dense(1)(x), "b": layers.Dense(1)(x)})
    with pytest.raises(NotImplementedError, match="several losses for one output are not supported"):
        model.compile("sgd", ["mse", {"a": "mse", "b": "mse"}])


def test_a_mask_is_refused_by_name():
    x, mask = np.ones((2, 5, 3)), np.ones((2, 5), bool)
    for call in (lambda: layers.GlobalAveragePooling1D()(x, mask), lambda: layers.Dense(2)(x, mask=mask)):
        with pytest.raises(NotImplementedError, match=r"^masks are not supported by fashioncnn"):
            call()
    layers.GlobalAveragePooling1D()(x, mask=None)


def test_a_layer_that_computes_nothing_says_so():
    layer = Layer()
    layer.built = True
    for use in (lambda: layer(X), lambda: layer(None), lambda: layer.compute_output_shape(None)):
        with pytest.raises(NotImplementedError, match=r"has no call\(\)"):
            use()
    with pytest.raises(AttributeError, match="built cannot be set"):
        layers.Dense(3).built = True


def test_a_variable_that_is_an_attribute_is_a_weight(tmp_path):
    @saving.register_keras_serializable("tests")
    class Shifts(Layer):
        def __init__(self, **options):
            self.before = Variable([1.0, 2.0, 3.0], name="before")
            super().__init__(**options)
            self.frozen = Variable([1.0], trainable=False)
            self.count = Variable(0, dtype="int32", trainable=False)  # no part of what the network computes

        def build(self, input_shape):
            self.late = Variable(np.zeros(input_shape[-1]), name="late")

        def call(self, x):
            return x * self.before * self.frozen + self.late

    layer = Shifts()
    model = Sequential([Input((3,)), layer, layers.Dense(2)])
    assert [weight.name for weight in layer.weights] == ["before", "late", "variable"]
    assert [weight.name for weight in layer.trainable_weights] == ["before", "late"]
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], verbose=0)
    assert np.any(layer.before != [1, 2, 3])
    np.testing.assert_array_equal(layer.frozen, [1])
    np.testing.assert_allclose(layer(X), X * layer.before.numpy() + layer.late.numpy(), rtol=1e-6)
    model.save(tmp_path / "m.keras")
    for other in (saving.load_model(tmp_path / "m.keras"), copy.deepcopy(model)):
        np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
        assert other.layers[0].before is other.layers[0].weights[0]
    with pytest.raises(ValueError, match="cannot add new elements of state"):
        layer.more = Variable([1.0])


def test_a_weight_of_another_layer_is_none_of_the_layer_that_refers_to_it():
    class Refers(Layer):
        def __init__(self, other):
            super().__init__()
            self.kernel = other.kernel
            self.same = self.kernel

        def call(self, x):
            return x

    dense = layers.Dense(2)
    dense.build((None, 3))
    assert Refers(dense).weights == []  # nor is a layer that the constructor was given, and did not keep
