"""Models of connected layers: what they are made of, what they refuse, how they are copied and written down."""

from __future__ import annotations

import copy
import gc
import json
import pickle

import numpy as np
import pytest

import fashioncnn as keras
from fashioncnn import Input, KerasTensor, Model, Sequential, callbacks, layers, models
from fashioncnn.utils import naming

ROWS = 12


def data(*shape, seed=0):
    return np.random.RandomState(seed).standard_normal((ROWS, *shape)).astype("float32")


def residual():
    """One input, two branches that meet, and two outputs."""
    image = Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(image)
    y = layers.BatchNormalization(name="norm")(layers.Conv2D(4, 3, padding="same", name="second")(x))
    total = layers.ReLU(name="end")(layers.Add(name="sum")([x, y]))
    pooled = layers.GlobalAveragePooling2D(name="pool")(total)
    return Model(image, [layers.Dense(3, activation="softmax", name="label")(pooled),
                         layers.Dense(1, name="number")(pooled)], name="residual")


def compiled(model, optimizer="adam"):
    model.compile(optimizer, ["sparse_categorical_crossentropy", "mse"], metrics=[["accuracy"], ["mae"]])
    return model


def targets():
    return [np.arange(ROWS) % 3, data(1, seed=1)]


def same_outputs(a, b, x):
    first, second = a.predict(x, verbose=0), b.predict(x, verbose=0)
    return all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


# ---- what models are made of ----

def test_a_call_gives_a_symbolic_tensor_of_the_right_shape():
    x = layers.Conv2D(4, 3, name="mine")(Input((8, 7, 3)))
    assert isinstance(x, KerasTensor)
    assert (x.shape, x.dtype, x.ndim) == ((None, 6, 5, 4), "float32", 4)
    assert x._keras_history.operation.name == "mine"


def test_layers_weights_exist_from_the_first_call_on():
    dense = layers.Dense(4, name="d")
    dense(Input((3,)))
    assert [weight.path for weight in dense.weights] == ["d/kernel", "d/bias"]
    assert dense.weights[0].shape == (3, 4)
    with pytest.raises(ValueError, match="has a kernel of shape"):
        dense(Input((5,)))


def test_a_model_knows_its_layers_inputs_and_outputs():
    model = residual()
    assert type(model).__name__ == "Functional"
    assert [layer.name for layer in model.layers] == ["image", "first", "second", "norm", "sum", "end", "pool", "label",
                                                      "number"]
    assert (model.input_names, model.output_names) == (["image"], ["label", "number"])
    assert model.input_shape == (None, 8, 8, 3)
    assert model.output_shape == [(None, 3), (None, 1)]
    assert model.input is model.inputs[0] is model.get_layer("image").output
    assert model.outputs == model.output == [model.get_layer("label").output, model.get_layer("number").output]
    assert model.built


def test_layers_of_a_chain_have_inputs_and_outputs_too():
    chain = Sequential([Input((4,)), layers.Dense(5, activation="relu"), layers.Dense(2)])
    first, second = chain.layers
    assert (first.input.shape, first.output.shape, second.output.shape) == ((None, 4), (None, 5), (None, 2))
    features = Model(chain.inputs, [layer.output for layer in chain.layers])
    x = data(4)
    hidden, last = features.predict(x, verbose=0)
    np.testing.assert_array_equal(last, chain.predict(x, verbose=0))
    np.testing.assert_array_equal(hidden, first(x))
    chain.add(layers.Dense(7))
    assert chain.output.shape == (None, 7)
    assert len(first._inbound_nodes) == 1


def test_a_chain_without_input_is_connected_when_it_is_built():
    chain = Sequential([layers.Dense(3)])
    with pytest.raises(AttributeError, match="no `output` yet"):
        print(chain.layers[0].output)
    with pytest.raises(AttributeError, match="no defined outputs yet"):
        print(chain.outputs)
    chain.build((None, 2))
    assert chain.layers[0].output.shape == chain.outputs[0].shape == (None, 3)


def test_structures_come_back_as_they_were_given():
    a, b = Input((2,), name="a"), Input((3,), name="b")
    model = Model({"b": b, "a": a}, {"x": layers.Dense(4, name="x")(a), "y": (layers.Dense(5, name="y")(b),)})
    outputs = model.predict({"a": data(2), "b": data(3)}, verbose=0)
    assert outputs["x"].shape == (ROWS, 4)
    assert isinstance(outputs["y"], tuple)
    assert outputs["y"][0].shape == (ROWS, 5)
    eager = model({"a": data(2), "b": data(3)})
    np.testing.assert_array_equal(eager["x"], outputs["x"])
    assert model.predict_on_batch({"a": data(2), "b": data(3)})["x"].shape == (ROWS, 4)
    with pytest.raises(ValueError, match="structure of `inputs` doesn't match"):  # is a first, or b?
        model.predict([data(2), data(3)], verbose=0)
    ordered = Model({"a": a, "b": b}, layers.Concatenate()([a, b]))
    with pytest.warns(UserWarning, match="structure of `inputs` doesn't match"):
        assert ordered.predict([data(2), data(3)], verbose=0).shape == (ROWS, 5)


@pytest.mark.parametrize("form", [list, tuple])
def test_of_a_list_of_one_output_the_output_itself_comes_back(form):
    image = Input((3,), name="image")
    plain = Model(image, layers.Dense(2)(image))
    model = Model([image], form([plain.output]))
    x = data(3)
    for output in (model.predict(x, verbose=0), model.predict([x], verbose=0), model(x), model.predict_on_batch(x)):
        np.testing.assert_array_equal(output, plain(x))
    seen = []
    watch = callbacks.LambdaCallback()
    watch.on_predict_batch_end = lambda batch, logs: seen.append(logs["outputs"])
    model.predict(x, verbose=0, callbacks=[watch])
    np.testing.assert_array_equal(seen[0], plain(x))
    assert isinstance(model(image), form)
    model.compile("sgd", "mse")
    assert list(model.fit([x], form([data(2)]), verbose=0).history) == ["loss"]


def test_a_tensor_is_called_by_the_name_that_its_input_was_given():
    naming.clear_session()
    first, second, third = Input((3,)), Input((3,), name="image"), Input((3,))
    assert (first.name, second.name, third.name) == ("keras_tensor", "image", "keras_tensor_1")
    model = Model(first, layers.Dense(2)(first))
    again = pickle.loads(pickle.dumps(model))
    assert (again.input.name, again.input_names) == ("keras_tensor", ["input_layer"])
    assert Model.from_config(model.get_config()).input.name == "input_layer"


def test_names_of_models_count_as_in_keras_where_a_chain_has_one_in_it():
    naming.clear_session()
    chain = Sequential([Input((3,)), layers.Dense(2)])
    assert Model(chain.inputs, chain.layers[0].output).name == "functional_1"
    chain.add(layers.Dense(2))
    Sequential([layers.Dense(2)])
    copy.deepcopy(chain)(data(3))
    assert Model(chain.inputs, chain.layers[0].output).name == "functional_3"


def test_the_summary_counts_all_calls_of_a_layer():
    shared = layers.Dense(2, name="shared")
    first, second = Input((3,)), Input((3,))
    Model(first, shared(first))
    pair = Model([first, second], layers.Add()([shared(first), shared(second)]))
    text = []
    pair.summary(print_fn=text.append)
    assert "shared[1][0]" in text[0]
    assert "shared[2][0]" in text[0]
    fixed = Input((3,), batch_size=7)
    Model(fixed, shared(fixed)).summary(print_fn=text.append)
    assert "(7, 2)" in text[1]
    assert json.loads(pair.to_json()) == json.loads(pickle.loads(pickle.dumps(pair)).to_json())


def test_an_output_may_be_an_input_or_come_twice():
    x = Input((3,))
    y = layers.Dense(2)(x)
    model = Model(x, [x, y, y])
    given, first, second = model.predict(data(3), verbose=0)
    np.testing.assert_array_equal(given, data(3))
    np.testing.assert_array_equal(first, second)
    model.compile("sgd", "mse", loss_weights=[1, 2, 3])
    history = model.fit(data(3), [data(3), data(2), data(2)], verbose=0, epochs=2).history
    assert history["loss"][1] < history["loss"][0]


def test_one_array_of_targets_is_that_of_the_only_output_with_a_loss():
    x = Input((3,))
    y = layers.Dense(2)(x)
    for losses in (["mse", None, None], [None, "mse", None]):
        model = Model(x, [y, y, layers.Dense(1)(y)])
        model.compile("sgd", losses)
        expected = model.evaluate(data(3), [data(2)], verbose=0)
        assert model.evaluate(data(3), data(2), verbose=0, return_dict=True) == {"loss": expected}
        assert model.evaluate(data(3), data(2) + 1, verbose=0) != expected
        model.fit(data(3), data(2), verbose=0)
    model.compile("sgd", ["mse", "mse", None])
    with pytest.raises(TypeError, match="one array as `y`; the model has 3 outputs"):
        model.evaluate(data(3), data(2), verbose=0)


def test_an_input_that_nothing_depends_on_is_taken():
    a, b = Input((2,), name="a"), Input((3,), name="b")
    model = Model([a, b], layers.Dense(1)(a))
    assert model.predict([data(2), data(3)], verbose=0).shape == (ROWS, 1)
    assert "b" in [layer.name for layer in model.layers]


# ---- shared layers and models within models ----

def test_a_shared_layer_has_one_kernel_and_the_sum_of_its_gradients():
    x = data(3)
    once, twice = Input((3,)), Input((3,))
    shared = layers.Dense(3, use_bias=False)
    chain = Model(once, shared(shared(once)))
    assert len(chain.weights) == 1
    kernel = shared.get_weights()[0].astype("float64")
    np.testing.assert_allclose(chain.predict(x, verbose=0), x @ kernel @ kernel, rtol=1e-5, atol=1e-6)
    model = Model([once, twice], layers.Subtract()([shared(once), shared(twice)]))
    model.compile(keras.optimizers.SGD(1.0), "mse")
    other, y = data(3, seed=2), data(3, seed=3)
    error = (x - other) @ kernel - y
    gradient = 2 * (x - other).T @ error / error.size
    model.train_on_batch([x, other], y)
    np.testing.assert_allclose(shared.get_weights()[0], kernel - gradient, rtol=1e-5, atol=1e-6)


def test_weights_are_the_same_in_all_models_that_share_a_layer():
    model = compiled(residual())
    features = Model(model.input, model.get_layer("pool").output)
    x = data(8, 8, 3)
    before = features.predict(x, verbose=0)
    model.fit(x, targets(), verbose=0)
    assert not np.array_equal(features.predict(x, verbose=0), before)
    np.testing.assert_array_equal(model.get_layer("label")(features.predict(x, verbose=0)),
                                  model.predict(x, verbose=0)[0])


def test_a_model_is_a_layer_of_another():
    inner = residual()
    x = Input((8, 8, 3))
    label, number = inner(x, training=False)
    outer = Model(x, layers.Concatenate()([label, number]))
    values = data(8, 8, 3)
    np.testing.assert_array_equal(outer.predict(values, verbose=0),
                                  np.concatenate(inner.predict(values, verbose=0), axis=1))
    assert outer.count_params() == inner.count_params()
    inner.trainable = False
    assert outer.trainable_weights == []


def dropping(training, within=None):
    """A model that drops a layer's numbers as it was told; `within`: which another model is told something else."""
    x = Input((4,))
    model = Model(x, layers.Dropout(0.9)(x, training=training))
    return model if within is None else Model(x, model(x, training=within))


@pytest.mark.parametrize(("model", "drops"), [
    (dropping(None), False), (dropping(True), True), (dropping(False), False),
    (dropping(True, within=False), False), (dropping(False, within=True), True), (dropping(None, within=True), True),
], ids=["nobody", "told", "told not", "not by the outer", "by the outer", "by the outer alone"])
def test_a_call_that_does_not_say_training_leaves_it_to_the_layers(model, drops):
    """As in Keras: fit() is always as in training, and evaluate() and predict() are not, whatever the layers heard."""
    values = data(4)
    model.compile("sgd", "mse")
    once, again = model(values).numpy(), model(values).numpy()
    assert np.array_equal(once, values) != drops
    assert np.array_equal(once, again) != drops
    assert (model(values, training=True).numpy() == 0).mean() > 0.5
    assert model.train_on_batch(values, values) > 0
    np.testing.assert_array_equal(model(values, training=False), values)
    np.testing.assert_array_equal(model.predict(values, verbose=0), values)
    np.testing.assert_array_equal(model.predict_on_batch(values), values)
    assert model.evaluate(values, values, verbose=0) == 0


@pytest.mark.parametrize("told", [None, False, True])
def test_statistics_move_where_a_batch_is_normalized_by_its_own(told):
    x, values = Input((4,)), data(4)
    norm = layers.BatchNormalization(momentum=0.5)
    model = Model(x, norm(x, training=told))
    mean, variance = values.mean(axis=0), values.var(axis=0)
    first = model(values).numpy()
    own = (values - mean) / np.sqrt(variance + 1e-3)
    np.testing.assert_allclose(first, own if told else values / np.sqrt(1 + 1e-3), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(norm.moving_mean, mean / 2 if told else mean * 0, atol=1e-6)
    model.compile("sgd", "mse")
    before = norm.moving_mean.numpy()
    model.evaluate(values, values, verbose=0)
    np.testing.assert_array_equal(norm.moving_mean, before)
    model.fit(values, values, batch_size=ROWS, verbose=0)
    np.testing.assert_allclose(norm.moving_mean, before / 2 + mean / 2, atol=1e-6)
    norm.trainable = False
    before = norm.moving_mean.numpy()
    model(values, training=True)
    model(values)
    np.testing.assert_array_equal(norm.moving_mean, before)


@pytest.mark.parametrize(("training", "drops"), [(1, True), (np.True_, True), (0, False), (np.False_, False)])
def test_training_may_be_any_truth_value(training, drops):
    x = Input((50,))
    model = Model(x, layers.Dropout(0.9)(x, training=training))
    assert bool((model(np.ones((4, 50))) == 0).any()) == drops


def test_uses_of_one_dropout_drop_different_numbers():
    x = Input((50,))
    drop = layers.Dropout(0.5)
    model = Model(x, [drop(x), drop(x)])
    first, second = model(np.ones((4, 50)), training=True)
    assert not np.array_equal(first, second)


# ---- copies and descriptions ----

@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
                         ids=["deepcopy", "pickle"])
def test_a_copy_goes_on_training_where_the_model_was(copied):
    model, x = compiled(residual()), data(8, 8, 3)
    model.fit(x, targets(), verbose=0, shuffle=False)
    twin = copied(model)
    assert same_outputs(model, twin, x)
    assert twin.layers[1].output is not model.layers[1].output
    assert Model(twin.inputs, twin.get_layer("pool").output).output_shape == (None, 4)
    for each in (model, twin):
        each.fit(x, targets(), verbose=0, shuffle=False)
    assert same_outputs(model, twin, x)


def test_a_description_makes_the_same_model():
    model = residual()
    twin = models.model_from_json(model.to_json())
    twin.set_weights(model.get_weights())
    assert same_outputs(model, twin, data(8, 8, 3))
    assert twin.get_config() == model.get_config()


def test_a_description_keeps_shared_layers_training_and_models_within():
    inner = Sequential([Input((4,)), layers.Dense(4), layers.Dropout(0.5)], name="inner")
    shared = layers.Dense(4, name="shared")
    a, b = Input((4,), name="a"), Input((4,), name="b")
    model = Model({"b": b, "a": a}, [shared(inner(a, training=True)), shared(shared(b))])
    twin = models.model_from_json(model.to_json())
    assert twin.get_config() == model.get_config()
    assert twin.count_params() == model.count_params() == 40
    assert twin._connections.calls[0].training is True


def test_the_class_model_makes_a_model_of_a_description():
    inner = residual()
    image = Input((8, 8, 3))
    model = Model(image, layers.Concatenate()(inner(image)), name="outer")
    twin = Model.from_config(model.get_config())
    assert (type(twin), twin.name, len(twin.layers)) == (type(model), "outer", 3)
    twin.set_weights(model.get_weights())
    x = data(8, 8, 3)
    np.testing.assert_array_equal(twin.predict(x, verbose=0), model.predict(x, verbose=0))


def test_keras_finds_the_class_of_a_description():
    assert json.loads(residual().to_json())["module"] == "keras.src.models.functional"


def test_a_clone_starts_anew():
    model = compiled(residual())
    clone = models.clone_model(model)
    assert [weight.shape for weight in clone.weights] == [weight.shape for weight in model.weights]
    assert not np.array_equal(clone.get_weights()[0], model.get_weights()[0])


def test_a_clone_is_made_of_what_functions_return():
    """As many calls as the model has, with a layer that is shared called twice again, and its inputs given."""
    model = compiled(residual())
    asked, called = [], []

    def other(layer):
        asked.append(layer.name)
        return type(layer).from_config({**layer.get_config(), "name": f"{layer.name}_again"})

    def call(layer, *arguments, **keywords):
        called.append(layer.name)
        made = layer(*arguments, **keywords)
        return layers.Dropout(0.1)(made) if isinstance(layer, layers.Dense) else made

    inputs = [Input(tensor.shape[1:]) for tensor in model.inputs]
    clone = models.clone_model(model, inputs, other, call)
    assert sorted(asked) == sorted(layer.name for layer in model.layers if not isinstance(layer, layers.InputLayer))
    assert called == [f"{each.layer.name}_again" for each in model._known_connections("layers").calls]
    assert all(one is other for one, other in zip(clone.inputs, inputs, strict=True))
    assert any(isinstance(layer, layers.Dropout) for layer in clone.layers)
    assert clone.compiled
    clone.set_weights(model.get_weights())
    x = data(8, 8, 3)
    for one, other in zip(clone.predict(x, verbose=0), model.predict(x, verbose=0), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("recursive", [False, True])
def test_layers_of_models_inside_are_asked_for_where_that_is_wanted(recursive):
    shared = layers.Dense(4, name="shared")
    inner = Sequential([Input((4,)), shared], name="inner")
    x = Input((4,), name="x")
    model = Model(x, layers.add([inner(x), shared(x)]))
    asked = []

    def same(layer):
        asked.append(layer.name)
        return type(layer).from_config(layer.get_config())

    clone = models.clone_model(model, clone_function=same, recursive=recursive)
    assert sorted(asked) == sorted([model.layers[-1].name, "shared", *([] if recursive else ["inner"])])
    assert (clone.get_layer("inner").layers[0] is clone.get_layer("shared")) == recursive
    assert len(clone.weights) == (2 if recursive else 4)


@pytest.mark.parametrize(("arguments", "message"), [
    ({"clone_function": 3}, "clone_function must be a function, got 3"),
    ({"clone_function": lambda layer: None}, "must return a layer, got None for 'flatten"),
    ({"call_function": lambda layer, x: x}, "not supported with Sequential models"),
    ({"input_tensors": [1.0]}, "input_tensors must be what Input"),
    ({"input_tensors": [Input((2,)), Input((2,))]}, "are 2 tensors; the model has 1"),
    ({"recursive": 3}, "recursive"),
])
def test_bad_arguments_of_clone_model(arguments, message):
    with pytest.raises(ValueError, match=message):
        models.clone_model(Sequential([Input((2, 1)), layers.Flatten(), layers.Dense(1)]), **arguments)


def test_a_call_function_that_loses_an_output_is_told():
    with pytest.raises(ValueError, match="returned 0 tensors; expected 1"):
        models.clone_model(residual(), call_function=lambda layer, x, **others: [])


@pytest.mark.parametrize(("config", "message"), [
    ({"layers": [], "input_layers": [["x", 0, 0]], "output_layers": [["x", 0, 0]]}, "'x', which it does not have"),
    ({"layers": [{"class_name": "Dense", "name": "d", "config": {"units": 2, "name": "d"},
                  "inbound_nodes": [[["d", 0, 0, {}]]]}], "input_layers": [], "output_layers": [["d", 0, 0]]},
     "form a circle"),
    ({"layers": 3, "input_layers": [], "output_layers": []}, "needs 'layers'"),
])
def test_a_bad_description_is_an_error(config, message):
    with pytest.raises(ValueError, match=message):
        models.model_from_json(json.dumps({"class_name": "Functional", "config": config}))


def test_a_model_of_connected_layers_is_freed():
    gc.collect()
    before = len([each for each in gc.get_objects() if isinstance(each, Model)])
    model = compiled(residual())
    model.fit(data(8, 8, 3), targets(), verbose=0)
    del model
    gc.collect()
    assert len([each for each in gc.get_objects() if isinstance(each, Model)]) == before


# ---- refusals ----

def unconnected():
    return Model(Input((2,)), layers.Dense(1)(Input((2,), name="other")))


@pytest.mark.parametrize(("make", "error", "message"), [
    (unconnected, ValueError, "depend on the input 'other'"),
    (lambda: Model(Input((2,)), None), ValueError, "needs `inputs` and `outputs`"),
    (lambda: Model([], Input((2,))), ValueError, "`inputs` is empty"),
    (lambda: Model(np.zeros((2, 2)), Input((2,))), TypeError, "`inputs` must be what Input"),
    (lambda: Model(Input((2,)), layers.Dense(1)), TypeError, "`outputs` must be what Input"),
    (lambda: layers.Dense(1)(layers.Dense(1)), TypeError, "call it on what that returns"),
    (lambda: layers.Add()([Input((2,)), np.zeros((1, 2))]), TypeError, "symbolic tensors together with"),
    (lambda: layers.Add()(Input((2,))), ValueError, "at least 2"),
    (lambda: np.sqrt(Input((2,))), NotImplementedError, r"np.sqrt\(\) of a symbolic tensor"),
    (lambda: np.asarray(Input((2,))), NotImplementedError, "making an array of"),
    (lambda: bool(Input((2,))), NotImplementedError, "truth"),
    (lambda: Input((2, 2))[0], NotImplementedError, "axis of the batch"),
    (lambda: Model(x := Input((2,)), layers.Dense(1, name="a")(layers.Dense(1, name="a")(x))), ValueError,
     "'a' is used 2 times"),
])
def test_what_cannot_be_made_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


X, Y = data(8, 8, 3), targets()


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ((X, Y[0]), TypeError, "one array as `y`; the model has 2 outputs"),
    ((X, [Y[0]]), ValueError, "1 arrays as `y`; the model has 2 outputs: 'label', 'number'"),
    ((X, {"label": Y[0]}), ValueError, "`y` for 'label'; the model's outputs are 'label', 'number'"),
    ((X, [Y[0], Y[1][:5]]), ValueError, r"12 rows in `x` and 5 in `y`\['number'\]"),
    ((X, [Y[0] + 5, Y[1]]), ValueError, r"label 5 in row 0 of `y`\['label'\]"),
    ((X[:, :4], Y), ValueError, "of shape"),
])
def test_arrays_that_do_not_fit_are_named(arguments, error, message):
    model = compiled(residual())
    before = model.get_weights()
    with pytest.raises(error, match=message):
        model.fit(*arguments, verbose=0)
    assert all(map(np.array_equal, model.get_weights(), before))


@pytest.mark.parametrize(("options", "error", "message"), [
    ({"loss": ["mse"]}, ValueError, "1 values as `loss`; the model has 2 outputs"),
    ({"loss": ["mse", ["mse", "mae"]]}, ValueError, "2 values as `loss` for one output"),
    ({"loss": {"label": "mse", "numbr": "mse"}}, ValueError, "outputs are 'label', 'number'"),
    ({"loss": "mse", "metrics": ["mae"]}, ValueError, "1 entries as `metrics`; the model has 2 outputs"),
    ({"loss": "mse", "loss_weights": [1, "x"]}, TypeError, "loss_weights"),
])
def test_objectives_that_do_not_fit_are_named(options, error, message):
    with pytest.raises(error, match=message):
        residual().compile("sgd", **options)


def test_class_weights_need_one_output():
    with pytest.raises(ValueError, match="one output"):
        compiled(residual()).fit(X, Y, class_weight={0: 2.0}, verbose=0)


def test_batches_of_several_inputs_come_from_generators():
    a, b = Input((2,), name="a"), Input((3,), name="b")
    model = Model([a, b], layers.Dense(1)(layers.Concatenate()([a, b])))
    model.compile("sgd", "mse")
    batches = [({"a": data(2), "b": data(3)}, data(1)), ((data(2), data(3)), data(1))]
    history = model.fit(iter(batches), verbose=0, steps_per_epoch=2)
    assert np.isfinite(history.history["loss"][0])
    assert model.predict(iter([(x,) for x, _ in batches]), verbose=0).shape == (2 * ROWS, 1)


def test_a_subclass_without_a_call_is_a_functional_model():
    class Plain(Model):
        pass

    x = Input((4,))
    model = Plain(x, layers.Dense(2)(x), name="plain")
    again = Plain.from_config(model.get_config())
    assert (type(again), again.name, again.count_params()) == (Plain, "plain", 10)
