"""Sequential: building, weights, models in models, descriptions and the summary."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from core import read, write

from fashioncnn import Input, Model, Sequential, callbacks, layers, models, optimizers, utils


def small(**options):
    return Sequential([Input((6, 6, 1)), layers.Conv2D(3, 3, activation="relu", name="conv"),
                       layers.MaxPooling2D(name="pool"), layers.Flatten(name="flat"),
                       layers.Dense(4, activation="softmax", name="out")], **options)


def compiled(model):
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def images(count=8, seed=0):
    random = np.random.default_rng(seed)
    return random.random((count, 6, 6, 1)), random.integers(0, 4, count)


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("declare", [
    lambda: Sequential([Input((6, 6, 1)), layers.Flatten(), layers.Dense(4)]),
    lambda: Sequential([layers.InputLayer(shape=[6, 6, 1]), layers.Flatten(), layers.Dense(4)]),
    lambda: Sequential([layers.InputLayer(batch_shape=(None, 6, 6, 1)), layers.Flatten(), layers.Dense(4)]),
    lambda: Sequential([layers.Flatten(input_shape=(6, 6, 1)), layers.Dense(4)]),
    lambda: Sequential([layers.Dense(4, input_dim=36)]),
])
def test_a_model_is_built_when_its_input_is_declared(declare):
    model = declare()
    assert model.built
    assert model.count_params() == 36 * 4 + 4
    assert model.output_shape == (None, 4)


def test_a_model_can_be_made_layer_by_layer():
    model = Sequential()
    model.add(Input((6, 6, 1)))
    assert not model.built
    model.add(layers.Flatten())
    assert model.output_shape == (None, 36)
    model.add(layers.Dense(4))
    before = model.get_weights()
    model.add(layers.Dense(2))
    assert model.output_shape == (None, 2)
    assert same(before, model.get_weights()[:2])


def test_weights_are_the_same_whether_layers_come_at_once_or_one_by_one():
    utils.set_random_seed(1)
    at_once = small().get_weights()
    utils.set_random_seed(1)
    model = Sequential()
    model.add(Input((6, 6, 1)))
    for make in [lambda: layers.Conv2D(3, 3), layers.MaxPooling2D, layers.Flatten, lambda: layers.Dense(4)]:
        model.add(make())
    assert same(at_once, model.get_weights())


def test_building_waits_for_the_first_data():
    model = Sequential([layers.Flatten(), layers.Dense(4)])
    assert not model.built
    assert model.get_weights() == []
    assert model(np.zeros((2, 6, 6))).shape == (2, 4)
    assert model.input_shape == (None, 6, 6)
    model = Sequential([layers.Flatten(), layers.Dense(4)])
    model.build((None, 3, 3))
    assert model.count_params() == 40
    with pytest.raises(ValueError, match=r"takes \(None, 3, 3\)"):
        model.build((None, 6, 6))


def test_pop_takes_the_last_layer_and_keeps_the_other_weights():
    model = compiled(small())
    before = model.get_weights()
    assert model.pop().name == "out"
    assert model.output_shape == (None, 12)
    assert same(before[:2], model.get_weights())
    with pytest.raises(ValueError, match="call compile"):
        model.fit(*images())
    model.add(layers.Dense(4, activation="softmax"))
    compiled(model).fit(*images(), verbose=0)
    for _ in range(4):
        model.pop()
    assert not model.built
    with pytest.raises(ValueError, match="no layers"):
        model.pop()


def test_a_layer_that_does_not_fit_is_not_added():
    model = small()
    before = model.get_weights()
    with pytest.raises(ValueError, match="'big'"):
        model.add(layers.Conv2D(1, 9, name="big"))
    assert [layer.name for layer in model.layers] == ["conv", "pool", "flat", "out"]
    assert same(before, model.get_weights())
    assert model(images()[0]).shape == (8, 4)


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: Sequential([layers.Dense]), TypeError, r"got the class Dense; write Dense\(...\)"),
    (lambda: Sequential([3]), TypeError, "got 3 of type int"),
    (lambda: Sequential(layers.Dense(3)), TypeError, "a list of layers"),
    (lambda: Sequential([layers.Dense(3, name="a"), layers.Dense(3, name="a")]), ValueError, "called 'a' already"),
    (lambda: Sequential([layers.Dense(3), Input((3,))]), ValueError, "an Input goes first"),
    (lambda: Sequential([Input((3,)), Input((3,))]), ValueError, "an Input goes first"),
    (lambda: Sequential([layer := layers.Dense(3), layer]), ValueError, "names must differ"),
    (lambda: Sequential(layer=[]), TypeError, "layer"),
    (lambda: Model()(np.zeros((1, 3))), NotImplementedError, r"write Model\(inputs, outputs\) or Sequential"),
    (lambda: Sequential()(np.zeros((1, 3))), ValueError, "has no layers"),
    (lambda: Sequential().build((None, 3)), ValueError, "has no layers"),
    (lambda: Sequential([layers.Dense(3)]).build(), ValueError, "needs input_shape"),
    (lambda: Sequential([layers.Dense(3)]).count_params(), ValueError, "isn't built"),
    (lambda: Sequential([layers.Dense(3)]).save_weights("x.npz"), ValueError, "no weights yet"),
])
def test_bad_arguments_are_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_layers_are_found_by_name_and_index():
    model = small()
    assert model.get_layer("conv") is model.get_layer(index=0) is model.layers[0]
    assert model.get_layer(index=-1).name == "out"
    for arguments, message in [({"name": "no"}, "the layers are conv, pool, flat, out"), ({"index": 4}, "4 layers"),
                               ({}, "either"), ({"name": "conv", "index": 0}, "either")]:
        with pytest.raises(ValueError, match=message):
            model.get_layer(**arguments)


def test_weights_can_be_read_and_written():
    model, other = small(), small()
    x, _ = images()
    names = ["conv/kernel", "conv/bias", "out/kernel", "out/bias"]
    assert [weight.path for weight in model.weights] == [f"{model.name}/{name}" for name in names]
    assert not np.array_equal(model(x), other(x))
    other.set_weights(model.get_weights())
    assert np.array_equal(model(x), other(x))
    model.layers[-1].bias.assign([9, 0, 0, 0])
    assert model(x).argmax(axis=1).tolist() == [0] * 8
    with pytest.raises(ValueError, match=r"3 arrays for 'sequential.*', which has 4 weights"):
        model.set_weights(model.get_weights()[:3])


def test_the_networks_memory_is_what_the_layers_show():
    model = compiled(small())
    write(model.network, np.zeros_like(read(model.network)))
    assert model.layers[0].kernel.numpy().max() == 0
    model.layers[0].kernel.assign(np.ones((3, 3, 1, 3)))
    assert read(model.network).sum() == 27


def test_frozen_layers_are_not_trained():
    model = small()
    model.layers[0].trainable = False
    assert len(model.trainable_weights) == 2
    assert len(model.non_trainable_weights) == 2
    before = model.get_weights()
    compiled(model).fit(*images(), verbose=0)
    after = model.get_weights()
    assert same(before[:2], after[:2])
    assert not np.array_equal(before[2], after[2])
    model.trainable = False
    model.train_on_batch(*images())
    assert same(after, model.get_weights())
    model.trainable = True
    model.train_on_batch(*images())
    assert not np.array_equal(after[0], model.get_weights()[0])


def test_a_model_in_a_model_shares_its_weights():
    inner = compiled(small())
    x, y = images()
    outer = Sequential([inner, layers.Softmax()])
    inner.fit(x, y, verbose=0)
    expected = layers.Softmax()(inner.predict(x, verbose=0))
    np.testing.assert_allclose(outer.predict(x, verbose=0), expected, rtol=1e-6)
    before = inner.get_weights()
    compiled(outer).fit(x, y, epochs=2, verbose=0)
    assert not same(before, inner.get_weights())
    np.testing.assert_allclose(layers.Softmax()(inner(x)), outer(x), rtol=1e-6)
    assert same(inner.get_weights(), outer.get_weights())
    inner.layers[-1].bias.assign([50, 0, 0, 0])
    assert outer(x).argmax(axis=1).tolist() == [0] * 8
    inner.trainable = False
    assert outer.trainable_weights == []


def test_layers_taken_from_a_model_keep_their_weights():
    model = small()
    x, _ = images()
    features = Sequential([Input((6, 6, 1)), *model.layers[:-1]])
    model.layers[0].bias.assign([1, 2, 3])
    by_hand = x
    for layer in model.layers[:-1]:
        by_hand = layer(by_hand)
    np.testing.assert_allclose(features(x), by_hand, rtol=1e-6)


def test_an_inner_model_that_was_never_built_gets_its_weights_from_the_outer():
    inner = Sequential([layers.Flatten(), layers.Dense(4)])
    outer = Sequential([Input((6, 6, 1)), inner])
    x, _ = images()
    np.testing.assert_array_equal(inner(x), outer(x))


def test_a_nested_model_refuses_inputs_of_another_shape():
    with pytest.raises(ValueError, match=r"takes inputs of shape \(None, 6, 6, 1\)"):
        Sequential([Input((7, 7, 1)), small()])


def test_dropout_masks_follow_from_the_seed():
    def outputs(**options):
        model = Sequential([Input((100,)), layers.Dropout(0.5, **options)])
        return model(np.ones((1, 100)), training=True)

    utils.set_random_seed(1)
    first, second = outputs(), outputs()
    assert not np.array_equal(first, second)
    utils.set_random_seed(1)
    assert np.array_equal(outputs(), first)
    assert np.array_equal(outputs(seed=3), outputs(seed=3))


def test_a_description_makes_the_same_architecture():
    model = Sequential([Input((6, 6, 1)), small(name="inner"), layers.Dense(2)], name="outer")
    for copy in (Sequential.from_config(model.get_config()), models.model_from_json(model.to_json()),
                 models.clone_model(model)):
        assert copy.to_json() == model.to_json()
        assert copy.name == "outer"
        copy.set_weights(model.get_weights())
        x, _ = images()
        assert np.array_equal(copy(x), model(x))


def test_a_clone_starts_anew():
    model = small()
    assert not np.array_equal(models.clone_model(model).get_weights()[0], model.get_weights()[0])


def test_the_description_is_that_of_keras():
    config = json.loads(small(name="m").to_json(indent=1))
    assert {key: config[key] for key in ("module", "class_name", "registered_name")} == {
        "module": "keras", "class_name": "Sequential", "registered_name": None}
    assert config["config"]["build_input_shape"] == [None, 6, 6, 1]
    first, conv = config["config"]["layers"][:2]
    assert (first["module"], first["class_name"], first["config"]["batch_shape"]) == (
        "keras.layers", "InputLayer", [None, 6, 6, 1])
    assert conv["config"]["kernel_initializer"]["class_name"] == "GlorotUniform"
    assert conv["config"]["activation"] == "relu"


@pytest.mark.parametrize(("text", "message"), [
    ("[]", "expected the description"),
    ('{"class_name": "Dense", "config": {"units": 1}}', "of a layer"),
    ('{"class_name": "Sequential", "config": {}}', "'layers'"),
    ('{"class_name": "Functional", "config": {"layers": []}}', "needs 'layers', 'input_layers' and 'output_layers'"),
    ('{"class_name": "Sequential", "config": {"name": "a", "layers": [{"class_name": "os.system", "config": {}}]}}',
     "os.system"),
    ("{", "Expecting"),
])
def test_a_bad_description_is_an_error(text, message):
    with pytest.raises(ValueError, match=message):
        models.model_from_json(text)


def printed(model, **options):
    lines = []
    model.summary(print_fn=lines.append, **options)
    assert len(lines) == 1
    assert lines[0].endswith("\n")
    return lines[0].splitlines()


def test_the_summary_counts_what_is_there(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    model = small(name="m")
    model.layers[0].trainable = False
    lines = printed(model)
    assert lines[0] == 'Model: "m"'
    assert lines[4] == "│ conv (Conv2D)                        │ (None, 4, 4, 3)             │              30 │"
    assert lines[-3:] == [" Total params: 82 (328.00 B)", " Trainable params: 52 (208.00 B)",
                          " Non-trainable params: 30 (120.00 B)"]
    assert {len(line) for line in lines[1:-3]} == {88}
    model.compile("adam", "sparse_categorical_crossentropy")
    assert printed(model) == lines
    model.fit(*images(), verbose=0)
    assert printed(model)[-1] == " Optimizer params: 106 (428.00 B)"
    model.layers[0].trainable = True  # but the optimizer takes no notice until the model trains again
    assert printed(model)[-4:] == [" Total params: 188 (756.00 B)", " Trainable params: 82 (328.00 B)",
                                   " Non-trainable params: 0 (0.00 B)", " Optimizer params: 106 (428.00 B)"]


def test_the_summary_of_a_model_without_shapes(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    lines = printed(Sequential([layers.Dense(3, name="d")]))
    assert lines[4] == "│ d (Dense)                            │ ?                           │     0 (unbuilt) │"


def test_the_summary_goes_to_standard_output():
    with contextlib.redirect_stdout(io.StringIO()) as output:
        small(name="m").summary()
    assert output.getvalue().startswith('Model: "m"\n┏')


def test_the_summary_breaks_and_cuts_long_names():
    model = Sequential([Input((3,)), layers.Dense(3, name="a_name_that_is_much_too_long_for_its_column")])
    lines = printed(model, line_length=50)
    assert lines[4].startswith("│ a_name_that_is_muc… │")
    assert lines[5].startswith("│ (Dense)             │")


def test_the_summary_of_nested_models_and_ranges():
    outer = Sequential([small(name="inner"), layers.Softmax(name="end")])
    assert any("   └ conv (Conv2D)" in line for line in printed(outer, expand_nested=True))
    assert not any("conv" in line for line in printed(outer))
    shown = "\n".join(printed(small(), layer_range=["pool", "fl.*"]))
    assert "pool" in shown
    assert "flat" in shown
    assert "conv" not in shown
    assert "│  Y  │" in "\n".join(printed(small(), line_length=60, show_trainable=True))


@pytest.mark.parametrize(("options", "message"), [
    ({"line_length": 10}, "too narrow"), ({"positions": [0.5, 1.0]}, "`positions`"),
    ({"layer_range": ["a"]}, "two names"),
    ({"layer_range": ["conv", "nothing"]}, "does not have"),
])
def test_a_summary_that_cannot_be_made(options, message):
    with pytest.raises(ValueError, match=message):
        printed(small(), **options)


# --- weights that two models share


def base_and_model():
    base = Sequential([Input((6,)), layers.Dense(5, activation="tanh")], name="base")
    model = Sequential([base, layers.Dense(3, activation="softmax")])
    model.compile(optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    return base, model


SHARED_X, SHARED_Y = np.random.default_rng(0).random((64, 6)), np.arange(64) % 3


def in_batches(model, function):
    """What the function gives after each of four batches of training."""
    found = []
    hook = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: found.append(function(batch)))
    model.fit(SHARED_X, SHARED_Y, batch_size=16, verbose=0, callbacks=[hook])
    return found


@pytest.mark.parametrize("read", [
    lambda base, model: base.get_weights()[0].sum(), lambda base, model: model.get_weights()[0].sum(),
    lambda base, model: base.predict(SHARED_X, verbose=0).sum(), lambda base, model: base(SHARED_X).sum(),
    lambda base, model: base.layers[0](SHARED_X).sum(),
    lambda base, model: pickle.loads(pickle.dumps(model)).get_weights()[0].sum()],
    ids=["base.get_weights", "get_weights", "base.predict", "base(x)", "layer(x)", "pickle"])
def test_who_looks_at_shared_weights_while_one_model_trains_sees_them_as_they_are(read):
    base, model = base_and_model()
    found = in_batches(model, lambda batch: float(read(base, model)))
    assert len(set(found)) == 4
    assert float(read(base, model)) == found[-1]


def test_who_sets_shared_weights_while_one_model_trains_sets_them():
    base, model = base_and_model()
    in_batches(model, lambda batch: model.set_weights([0 * weight for weight in model.get_weights()]))
    assert not any(weight.any() for weight in (*model.get_weights(), *base.get_weights()))
    in_batches(model, lambda batch: base.layers[0].kernel.assign(np.full((6, 5), 2.0)))
    assert (base.get_weights()[0] == 2).all()
    assert (model.get_weights()[0] == 2).all()


def test_two_models_may_train_shared_weights_by_turns_and_within_each_other():
    base, model = base_and_model()
    base.compile("sgd", "mse")
    losses = in_batches(model, lambda batch: base.train_on_batch(SHARED_X, np.zeros((64, 5))))
    assert losses == sorted(losses, reverse=True)
    assert np.array_equal(base.get_weights()[0], model.get_weights()[0])
    np.testing.assert_allclose(model.predict(SHARED_X, verbose=0), model.layers[1](base(SHARED_X)), rtol=1e-6)


def test_models_that_are_gone_leave_nothing_in_the_ones_that_they_were_made_of():
    base, _ = base_and_model()
    for _ in range(50):
        Sequential([base, layers.Dense(3)])
    gc.collect()
    assert len(base._outer) == 0
    base.add(layers.Dense(2))


TESTS = Path(__file__).parent
PREDICT_AND_TELL_MEGABYTES = """
import sys
import numpy as np
from core import peak_megabytes
from fashioncnn import Input, Sequential, layers, set_num_threads
set_num_threads(8)
side, channels, filters, images = map(int, sys.argv[1:])
model = Sequential([Input((side, side, channels)), layers.Conv2D(filters, 3, padding="same"),
                    layers.Conv2D(filters, 3, padding="same")])
x = np.ones((images, side, side, channels), np.float32)
before = peak_megabytes()
assert model.predict(x, verbose=0).any()
print(peak_megabytes() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak of a process's memory")
@pytest.mark.parametrize(("shape", "least"), [((224, 3, 64, 1), 25), ((64, 1, 16, 400), 100)])
def test_predictions_take_memory_for_what_runs_at_once(shape, least):
    """What is least is room for the results, and for an image's own in between."""
    result = subprocess.run([sys.executable, "-c", PREDICT_AND_TELL_MEGABYTES, *map(str, shape)], cwd=TESTS,
                            capture_output=True, text=True, check=True)
    assert least - 13 <= float(result.stdout) < 2 * least + 30


def test_a_model_without_an_optimizer_can_be_evaluated_only():
    x, y = images(50)
    model = compiled(small())
    expected = model.evaluate(x, y, verbose=0)
    model.compile(None, "sparse_categorical_crossentropy", metrics=["accuracy"])
    clone = models.clone_model(model)
    assert clone.compiled
    assert model.optimizer is clone.optimizer is None
    assert model.evaluate(x, y, verbose=0) == model.test_on_batch(x, y) == expected
    lines = []
    model.summary(print_fn=lines.append)
    assert "Optimizer params" not in lines[0]
    for train in (model.fit, model.train_on_batch):
        with pytest.raises(ValueError, match=rf"{train.__name__}\(\) needs an optimizer"):
            train(x, y)
    model.optimizer = optimizers.SGD()
    model.fit(x, y, verbose=0)
    assert model.optimizer.iterations == 2
