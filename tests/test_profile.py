"""Profiles: where the time of steps goes, told by `Model.profile` and by FASHIONCNN_PROFILE=1."""

from __future__ import annotations

import copy
import json
import multiprocessing
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import fashioncnn
from fashioncnn import Input, Model, Sequential, layers, losses, ops, optimizers, regularizers, utils
from fashioncnn.models import profiling
from fashioncnn.models.profile import OF_ALL, Profile

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.random((96, 12, 12, 1), np.float32), RANDOM.integers(0, 3, 96)


def images(*more, optimizer="adam", **options):
    utils.set_random_seed(0)
    model = Sequential([Input((12, 12, 1)), layers.Conv2D(4, 3, activation="relu", name="edges"),
                        layers.MaxPooling2D(name="pool"), *more, layers.Flatten(), layers.Dropout(0.3, name="drop"),
                        layers.Dense(3, activation="softmax", name="classes")], name="small")
    model.compile(optimizer, "sparse_categorical_crossentropy", **options)
    return model


def phases(profile, layer):
    return [row.phase for row in profile.rows if row.layer == layer]


def named(profile):
    """The layers that have rows."""
    return {name for row in profile.rows for name in row.layer.split(" + ")}


def accounted(profile):
    return sum(row.us + row.waiting for row in profile.rows) / profile.us


@pytest.mark.parametrize("threads", [1, 2])
def test_all_but_a_twentieth_of_a_step_is_accounted_for(threads, automatic_threads):
    fashioncnn.set_num_threads(threads)
    profile = images().profile(X, Y, batch_size=16)
    assert (profile.model, profile.purpose, profile.batches) == ("small", "training", 6)
    assert (profile.images, profile.threads) == (96, threads)
    assert 0.95 <= accounted(profile) <= 1 + 1e-9
    assert threads > 1 or profile.waiting < 0.1 * profile.us  # nobody is waited for
    assert min(row.waiting for row in profile.rows) >= 0
    assert profile.rest == pytest.approx(profile.us - sum(row.us + row.waiting for row in profile.rows))
    assert profile.waiting == pytest.approx(sum(row.waiting for row in profile.rows))
    assert sum(row.percent for row in profile.rows) == pytest.approx(
        100 * sum(row.us for row in profile.rows) / profile.us)


def test_every_layer_that_does_something_has_its_phases():
    profile = images(layers.Conv2D(5, 3, name="more"), layers.BatchNormalization(name="normal")).profile(X, Y)
    assert named(profile) == {OF_ALL, "edges", "pool", "more", "normal", "drop", "classes"}
    assert phases(profile, OF_ALL) == ["read", "loss", "join", "update"]
    assert {"forward", "weight gradient", "update"} <= set(phases(profile, "edges + pool"))
    assert "input gradient" not in phases(profile, "edges + pool")  # there is nothing before it
    assert {"forward", "input gradient", "weight gradient", "join", "update"} <= set(phases(profile, "more"))
    assert {"batch statistics", "forward", "batch gradients", "input gradient", "update",
            "move statistics"} <= set(phases(profile, "normal"))


def test_predictions_and_data_sets():
    model = images()
    profile = model.profile(X, batch_size=40)
    assert (profile.purpose, profile.batches, profile.images) == ("inference", 3, 96)
    assert {row.phase for row in profile.rows} <= {"read", "prepare", "forward", "loss"}
    assert accounted(profile) >= 0.95
    data = fashioncnn.data.Dataset.from_tensor_slices((X, Y)).batch(32)
    assert model.profile(data).purpose == "training"
    assert model.profile(data.map(lambda x, y: x)).purpose == "inference"
    assert model.profile(data.repeat(), steps=7).batches == 7
    assert model.profile(iter([(X, Y)] * 3)).images == 3 * 96


def test_work_is_counted_by_the_definition():
    inputs = Input((10, 10, 2))
    x = layers.Conv2D(6, 3, padding="same", name="conv")(inputs)
    x = layers.MaxPooling2D(name="pool")(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, name="depth")(x)
    x = layers.Conv2DTranspose(4, 3, strides=2, name="up")(x)
    x = layers.Conv2D(4, 3, groups=2, name="groups")(x)
    x = layers.Dense(7, name="dense")(x)
    outputs = layers.GlobalAveragePooling2D(name="mean")(x)
    model = Model(inputs, outputs)
    model.compile("adam", "mse")
    x, y = RANDOM.random((64, 10, 10, 2)), RANDOM.random((64, 7))
    profile = model.profile(x, y, batch_size=16)
    forward = {row.layer: row for row in profile.rows if row.phase == "forward"}
    counts = {"conv + pool": 100 * 9 * 2 * 6, "depth": 9 * 9 * 6 * 2, "up": 9 * 9 * 12 * 4, "groups": 25 * 9 * 2 * 4,
              "dense": 25 * 4 * 7, "mean": 0}
    assert {layer: row.multiply_adds for layer, row in forward.items()} == counts
    for row in profile.rows:
        if row.phase.endswith("gradient") and counts[row.layer]:
            assert row.multiply_adds == counts[row.layer]
            assert row.gflops == pytest.approx(2e-3 * row.multiply_adds / row.us / profile.threads)
            assert row.percent_of_peak == pytest.approx(50 * row.gflops / profile.peak)
    assert forward["mean"].gflops is forward["mean"].percent_of_peak is None
    assert forward["conv + pool"].bytes == 4 * (200 + 150 + (9 * 2 * 6 + 6) / 16)
    (update,) = [row for row in profile.rows if row.layer == "dense" and row.phase == "update"]
    assert update.bytes == 4 * 35 * 7 / 16  # gradient; weight and two moments, read and written
    assert profile.peak > 0.1


class Products(layers.Layer):
    """Two products, of which the second has no weights."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 6))

    def call(self, x):
        x = ops.relu(ops.matmul(x, self.kernel))
        return ops.matmul(x, ops.transpose(x, (0, 2, 1)))


def test_steps_of_a_layer_of_ones_own_are_one_row():
    model = Sequential([Input((5, 4)), Products(name="own"), layers.Flatten(), layers.Dense(1, name="last")])
    model.compile("sgd", "mse")
    profile = model.profile(np.ones((64, 5, 4)), np.ones((64, 1)))
    assert len({(row.layer, row.phase) for row in profile.rows}) == len(profile.rows)
    rows = {row.phase: row for row in profile.rows if row.layer == "own"}
    assert rows["forward"].multiply_adds == 5 * 4 * 6 + 5 * 6 * 5
    assert rows["input gradient"].multiply_adds == 2 * 5 * 6 * 5
    assert rows["weight gradient"].multiply_adds == 5 * 4 * 6


def two_inputs():
    one, other = Input((12, 12, 1), name="one"), Input((4,), name="other")
    side = layers.Dense(5, name="side")(other)
    x = layers.concatenate([layers.Flatten()(layers.Conv2D(2, 3, name="conv")(one)), side], name="both")
    model = Model([one, other], {"kind": layers.Dense(3, name="kind")(x), "size": layers.Dense(1, name="size")(x)})
    model.compile("adam", {"kind": losses.SparseCategoricalCrossentropy(from_logits=True), "size": "mse"})
    return model


def test_a_model_of_several_inputs_and_outputs():
    profile = two_inputs().profile({"one": X, "other": np.ones((96, 4))}, {"kind": Y, "size": np.ones(96)})
    assert named(profile) == {OF_ALL, "conv", "side", "both", "kind", "size"}
    assert accounted(profile) >= 0.95


def everything(model):
    """All that training changes of a model."""
    return [*model.get_weights(), *(np.array(each) for each in model.optimizer.variables),
            np.array([model.built_network.iterations, model.built_network.random_step])]


@pytest.mark.parametrize("optimizer", ["adam", optimizers.SGD(0.1, momentum=0.9, clipnorm=0.5),
                                       optimizers.Adam(optimizers.schedules.CosineDecay(0.1, 50), use_ema=True,
                                                       gradient_accumulation_steps=2)],
                         ids=["adam", "clipped", "averaged"])
def test_a_model_is_after_a_profile_as_it_was(optimizer):
    def trained():
        model = images(layers.BatchNormalization(), layers.GaussianNoise(0.1, seed=1), metrics=["accuracy"],
                       optimizer=copy.deepcopy(optimizer))
        utils.set_random_seed(3)
        model.fit(X, Y, verbose=0)
        return model

    other = trained()
    expected = other.fit(X, Y, verbose=0).history
    model = trained()
    before, history = everything(model), model.history.history
    model.profile(X, Y, sample_weight=np.linspace(0, 1, 96))
    model.profile(X)
    for now, then in zip(everything(model), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert model.history.history == history
    assert not model.built_network.keeps_profile
    assert model.fit(X, Y, verbose=0).history == expected
    for now, then in zip(everything(model), everything(other), strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_model_that_never_trained_begins_as_if_there_had_been_no_profile():
    other = images()
    other.fit(X, Y, verbose=0)
    model = images()
    model.profile(X, Y)
    model.fit(X, Y, verbose=0)
    for now, then in zip(everything(model), everything(other), strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize(("call", "message"), [
    (lambda model: Sequential([layers.Dense(2)]).profile(X), "needs weights, and model 'sequential"),
    (lambda model: Sequential([Input((12, 12, 1)), layers.Flatten()]).profile(X, Y), "needs a compiled model"),
    (lambda model: model.profile(X, Y, steps=0), "`steps` must be an integer >= 1, got 0"),
    (lambda model: model.profile(X, Y, steps=2.5), "`steps` must be an integer, got 2.5"),
    (lambda model: model.profile(X, Y, batch_size=32, steps=4), "got steps=4, but `x` has 3 batches: pass more rows"),
    (lambda model: model.profile(X[:0], Y[:0]), "no rows"),
    (lambda model: model.profile(X, Y, batch_size=0), "`batch_size` must be an integer >= 1, got 0"),
    (lambda model: model.profile(X, Y[:5]), "96 rows in `x` and 5 in `y`"),
    (lambda model: model.profile(X[:, :3], Y), "profile\\(\\)"),
    (lambda model: model.profile(X, sample_weight=np.ones(96)), "got `sample_weight` without `y`"),
    (lambda model: model.profile(X, Y, epochs=2), "unexpected keyword argument 'epochs'"),
])
def test_what_cannot_be_profiled_is_an_error(call, message):
    model = images()
    before = everything(model)
    with pytest.raises(ValueError, match=message):
        call(model)
    for now, then in zip(everything(model), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_steps_run_that_often():
    assert images().profile(X, Y, batch_size=8, steps=3).batches == 3
    assert images().profile(np.tile(X, (2, 1, 1, 1)), np.tile(Y, 2), batch_size=1).batches == 100
    assert images().profile(X[:5], Y[:5]).images == 5


def test_what_is_printed_and_kept():
    profile = images().profile(X, Y, batch_size=16)
    lines = str(profile).splitlines()
    assert "small, training" in lines[0]
    assert "6 batches, 96 images" in lines[0]
    assert lines[1].split("  ")[0] == "layer"
    assert lines[1].endswith("KB")
    assert len(lines) == 3 + len(profile.rows) + 3
    assert [line.split()[2:4] for line in lines[-3:]] == [["at", "work"], ["waiting", lines[-2].split()[3]],
                                                          ["the", "rest"]]
    assert max(map(len, lines[1:])) <= 110
    assert repr(profile) == f"<Profile: {lines[0]}>"
    html = profile._repr_html_()
    assert html.count("<tr>") == len(profile.rows) + 4
    assert "edges + pool" in html
    kept = json.loads(json.dumps(profile.to_dict()))
    assert kept["us"] == profile.us
    assert kept["rows"][0]["layer"] == OF_ALL
    assert [*kept["rows"][0]] == list(profile.rows[0]._fields)


def test_a_picture_has_a_bar_for_each_layer(tmp_path):
    pytest.importorskip("matplotlib")
    profile = images().profile(X, Y)
    picture = profile.plot()
    (axes,) = picture.axes
    assert [text.get_text() for text in axes.get_yticklabels()] == [OF_ALL, "edges + pool", "drop", "classes"]
    drawn = sum(bar.get_width() for bars in axes.containers for bar in bars)
    assert drawn == pytest.approx(profile.us - profile.rest)
    picture.save(tmp_path / "stages.png")


def test_a_picture_without_matplotlib_names_the_extra(monkeypatch):
    profile = images().profile(X)
    for name in [name for name in sys.modules if name.startswith("fashioncnn.pictures")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "fashioncnn\[plot\]"'):
        profile.plot()


def test_models_are_profiled_in_several_threads_at_once(automatic_threads):
    fashioncnn.set_num_threads(2)
    shared, found = images(), []

    def run(model, count):
        for _ in range(3):
            found.append((model.profile(X[:count], Y[:count]), count))

    threads = [threading.Thread(target=run, args=(shared, 96)), threading.Thread(target=run, args=(shared, 64)),
               threading.Thread(target=run, args=(images(), 32))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 9
    assert all(profile.images == count and accounted(profile) >= 0.95 for profile, count in found)


def test_a_model_is_profiled_while_it_trains():
    model = images()
    profiles = []
    seen = fashioncnn.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: profiles.append(model.profile(X, Y)) if batch == 1 else None)
    other = images()
    for each, watching in ((model, [seen]), (other, [])):
        utils.set_random_seed(1)
        each.fit(X, Y, verbose=0, callbacks=watching)
    assert [profile.batches for profile in profiles] == [3]
    for now, then in zip(everything(model), everything(other), strict=True):
        np.testing.assert_array_equal(now, then)


def profile_in_child(model, queue):
    profile = model.profile(X, Y)
    queue.put((profile.images, accounted(profile)))


def test_a_forked_child_profiles(automatic_threads):
    fashioncnn.set_num_threads(2)
    model = images()
    model.profile(X, Y)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=profile_in_child, args=(model, queue))
    child.start()
    count, share = queue.get(timeout=60)
    child.join(60)
    assert count == 96
    assert 0.95 <= share <= 1 + 1e-9


# ---- FASHIONCNN_PROFILE ----


@pytest.fixture
def asked(monkeypatch):
    monkeypatch.setattr(profiling, "asked", "1")


def test_tables_are_printed_where_the_environment_asks(asked, capsys):
    model = images()
    model.fit(X, Y, verbose=0, epochs=2)
    err = capsys.readouterr().err
    assert err.startswith("fit(): small, training")
    assert "6 batches, 192 images" in err
    assert "edges + pool" in err
    assert err.endswith("\n")
    model.fit(X, Y, verbose=0, validation_split=0.5)
    both = capsys.readouterr().err
    assert "training" in both
    assert "inference" in both
    assert both.count("fit(): ") == 2
    model.evaluate(X, Y, verbose=0)
    assert capsys.readouterr().err.startswith("evaluate(): small, inference")
    model.predict(X, verbose=0)
    out = capsys.readouterr()
    assert out.err.startswith("predict(): small, inference")
    assert "96 images" in out.err
    assert out.out == ""
    assert not model.built_network.keeps_profile
    model.train_on_batch(X, Y)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("value", "printed"), [("1", "predict(): small, inference"), ("on", "ValueError"), ("0", "")])
def test_the_environment_asks(value, printed):
    script = ("import numpy, fashioncnn as f\nmodel = f.Sequential([f.Input((2,)), f.layers.Dense(1)], name='small')\n"
              "model.predict(numpy.ones((4, 2)), verbose=0)")
    result = subprocess.run([sys.executable, "-c", script], env={**os.environ, "FASHIONCNN_PROFILE": value},
                            capture_output=True, text=True, check=False)
    assert printed in result.stderr
    assert bool(result.stderr) == bool(printed)
    assert result.returncode == (value == "on")


def test_an_evaluation_within_fit_is_part_of_it(asked, capsys):
    model = images()
    inner = fashioncnn.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: model.evaluate(X[:40], Y[:40],
                                                                                                verbose=0))
    model.fit(X, Y, verbose=0, callbacks=[inner])
    err = capsys.readouterr().err
    assert err.count("fit(): ") == 2
    assert "evaluate()" not in err
    assert "3 batches, 96 images" in err
    assert "2 batches, 40 images" in err


def test_an_interrupted_fit_prints_nothing_and_times_no_more(asked, capsys):
    model = images()

    def stop(batch, logs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, verbose=0, callbacks=[fashioncnn.callbacks.LambdaCallback(on_train_batch_end=stop)])
    assert capsys.readouterr().err == ""
    assert not model.built_network.keeps_profile


def test_losses_and_rules_of_ones_own(asked, capsys):
    class Small(regularizers.Regularizer):
        def __call__(self, x):
            return 0.01 * ops.sum(x * x)

    model = Sequential([Input((4,)), layers.Dense(3, kernel_regularizer=Small(), name="ruled")])
    model.compile("adam", lambda y, prediction: ops.mean((y - prediction) ** 2, axis=-1))
    model.fit(np.ones((64, 4)), np.ones((64, 3)), verbose=0)
    err = capsys.readouterr().err
    assert "2 batches, 64 images" in err
    assert "ruled" in err
    assert [line for line in err.splitlines() if line.startswith(f"{OF_ALL}") and " update " in line]


@pytest.mark.parametrize("value", ["0", ""])
def test_nothing_is_printed_where_it_does_not(value, monkeypatch, capsys):
    monkeypatch.setattr(profiling, "asked", value)
    images().fit(X, Y, verbose=0)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("value", ["yes", "2", "true"])
def test_a_value_that_means_nothing_is_an_error(value, monkeypatch):
    monkeypatch.setattr(profiling, "asked", value)
    model = images()
    before = everything(model)
    for call in (lambda: model.fit(X, Y, verbose=0), lambda: model.evaluate(X, Y, verbose=0),
                 lambda: model.predict(X, verbose=0)):
        with pytest.raises(ValueError, match=f"FASHIONCNN_PROFILE is '{value}'; it must be 1"):
            call()
    for now, then in zip(everything(model), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_numbers_are_those_that_the_core_has_counted():
    stages = [(("a",), "forward", 2.0, 1.0, 500.0, 8.0, 40.0), (("a",), "forward", 1.0, 0.0, 100.0, 8.0, 0.0),
              ((), "read", 0.5, 0.5, 0.0, 4.0, 0.0)]
    profile = Profile("m", ("training", 2, 10, 3.0, 6.0, stages), 1e-6)
    first, second = profile.rows
    assert (first.layer, first.phase, first.multiply_adds, first.bytes) == ("a", "forward", 600, 16 + 40 * 2 / 10)
    assert (first.us, first.waiting, first.percent) == (150000.0, 50000.0, 50.0)
    assert first.gflops == pytest.approx(2e-9 * 600 * 10 / 3)
    assert first.percent_of_peak == pytest.approx(
        100 * (600 * 10 / 3) / 1e3)
    assert (second.layer, second.us, second.gflops) == (OF_ALL, 25000.0, None)
    assert (profile.threads, profile.us, profile.waiting) == (2, 300000.0, 75000.0)
    assert profile.rest == pytest.approx(50000.0)
