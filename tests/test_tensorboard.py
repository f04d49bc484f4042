"""What TensorBoard shows of training: event files, read back by the real package."""

from __future__ import annotations

import errno
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.graph import keras_util

from fashioncnn import Input, Model, Sequential, callbacks, layers

X = np.random.default_rng(0).random((64, 8, 8, 1), np.float32)
Y = np.random.default_rng(1).integers(0, 3, 64)


def branched():
    image = Input((8, 8, 1), name="image")
    one, other = layers.Conv2D(4, 3, padding="same", name="a")(image), layers.Conv2D(4, 1, name="b")(image)
    outputs = layers.Dense(3, "softmax", name="c")(layers.Flatten()(layers.Add(name="add")([one, other])))
    model = Model(image, outputs)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def logged(folder, model=None, epochs=2, **options):
    """The history of a model that was trained with the callback."""
    board = callbacks.TensorBoard(folder, **options)
    return (model or branched()).fit(X, Y, epochs=epochs, verbose=0, validation_split=0.25, batch_size=16,
                                     callbacks=[board])


def read(folder, part):
    events = EventAccumulator(str(Path(folder) / part), {"tensors": 0, "images": 0, "histograms": 0})
    return events.Reload()


def scalars(events, tag):
    return [(event.step, event.value) for event in events.Scalars(tag)]


def test_metrics_of_epochs_are_those_of_the_history(tmp_path):
    history = logged(tmp_path).history
    train, validation = read(tmp_path, "train"), read(tmp_path, "validation")
    assert set(train.Tags()["scalars"]) == {"epoch_accuracy", "epoch_loss", "epoch_learning_rate"}
    for name in ("loss", "accuracy"):
        assert scalars(train, f"epoch_{name}") == [(i, pytest.approx(v)) for i, v in enumerate(history[name])]
        values = history[f"val_{name}"]
        assert scalars(validation, f"epoch_{name}") == [(i, pytest.approx(v)) for i, v in enumerate(values)]
        assert scalars(validation, f"evaluation_{name}_vs_iterations") == [
            (3 * i + 3, pytest.approx(v)) for i, v in enumerate(values)]
    assert scalars(train, "epoch_learning_rate")[0][1] == pytest.approx(1e-3)


@pytest.mark.parametrize(("update_freq", "steps"), [("batch", [1, 2, 3, 4, 5, 6]), (1, [1, 2, 3, 4, 5, 6]),
                                                    (2, [2, 4, 6])])
def test_batches_are_counted_over_all_epochs(tmp_path, update_freq, steps):
    logged(tmp_path, update_freq=update_freq, write_steps_per_second=True)
    train = read(tmp_path, "train")
    for tag in ("batch_loss", "batch_accuracy", "batch_steps_per_second"):
        assert [step for step, _ in scalars(train, tag)] == steps
    assert all(value > 0 for _, value in scalars(train, "epoch_steps_per_second"))


def test_batches_are_not_watched_where_only_epochs_are_written(tmp_path):
    assert not callbacks.CallbackList([callbacks.TensorBoard(tmp_path)]).wants_train_batches
    assert callbacks.CallbackList([callbacks.TensorBoard(tmp_path, update_freq=5)]).wants_train_batches


def test_histograms_are_of_the_weights(tmp_path):
    model = branched()
    logged(tmp_path, model, epochs=3, histogram_freq=2)
    train = read(tmp_path, "train")
    for weight in model.weights:
        events = train.Histograms(f"{weight.path}/histogram")
        assert [event.step for event in events] == [0, 2]
        last = events[-1].histogram_value
        assert (last.num, last.min, last.max) == (weight.size, weight.numpy().min(), weight.numpy().max())
        assert sum(last.bucket) == weight.size
    assert train.Tags()["images"] == []


def test_weights_that_are_not_finite_are_left_out_of_histograms(tmp_path):
    model = Sequential([Input((2,)), layers.Dense(2, name="d")], name="sequential")
    model.compile(None, "mse")
    model.set_weights([[[1, np.nan], [np.inf, 2]], [np.nan, np.nan]])
    board = callbacks.TensorBoard(tmp_path, histogram_freq=1, write_images=True)
    board.set_model(model)
    board._write_weights(0)
    board.on_train_end()
    train = read(tmp_path, "train")
    assert train.Tags()["histograms"] == ["sequential/d/kernel/histogram"]
    assert train.Histograms("sequential/d/kernel/histogram")[0].histogram_value.num == 2


def test_pictures_show_every_plane(tmp_path):
    logged(tmp_path, histogram_freq=1, write_images=True, epochs=1)
    train = read(tmp_path, "train")
    sizes = {tag: (event.height, event.width) for tag in train.Tags()["images"] for event in train.Images(tag)}
    assert sizes["a/kernel/image"] == (7, 7)  # four planes of 3 x 3, two by two, and a line between
    assert sizes["a/bias/image"] == (1, 4)
    assert sizes["c/kernel/image"] == (3, 256)


def test_the_graph_is_drawn_by_tensorboard(tmp_path):
    logged(tmp_path, epochs=1)
    text = read(tmp_path, "train").Tensors("keras")[0].tensor_proto.string_val[0]
    graph = {node.name.partition("/")[2]: list(node.input) for node in
             keras_util.keras_model_to_graph_def(json.loads(text)).node}
    assert [name.partition("/")[2] for name in graph["add"]] == ["a", "b"]
    logged(tmp_path / "without", epochs=1, write_graph=False)
    assert read(tmp_path / "without", "train").Tags()["tensors"] == []


def test_a_second_fit_adds_a_file(tmp_path):
    board, model = callbacks.TensorBoard(tmp_path), branched()
    for start in (0, 1):
        model.fit(X, Y, initial_epoch=start, epochs=start + 1, verbose=0, callbacks=[board])
    assert len(os.listdir(tmp_path / "train")) == 2
    assert [step for step, _ in scalars(read(tmp_path, "train"), "epoch_loss")] == [0, 1]
    assert not (tmp_path / "validation").exists()


def test_evaluate_writes_beside_the_updates(tmp_path):
    model = branched()
    model.fit(X, Y, verbose=0)
    loss = model.evaluate(X, Y, verbose=0, callbacks=[callbacks.TensorBoard(tmp_path)])[0]
    assert scalars(read(tmp_path, "validation"), "evaluation_loss_vs_iterations") == [(2, pytest.approx(loss))]


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OSError, match="file"):
        logged(blocked)


def test_a_full_disk_is_an_error_and_the_model_is_usable(tmp_path, monkeypatch):
    model = branched()
    board = callbacks.TensorBoard(tmp_path)

    def full(event):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    board._train.scalar("first", 0.0, 0)
    monkeypatch.setattr(board._train._writer, "write_event", full)
    with pytest.raises(OSError, match=r"No space left.*train"):
        model.fit(X, Y, verbose=0, callbacks=[board])
    assert math.isfinite(model.evaluate(X, Y, verbose=0)[0])


@pytest.mark.parametrize(("options", "message"), [
    ({"update_freq": "step"}, "update_freq"),
    ({"update_freq": 0}, "update_freq"),
    ({"histogram_freq": -1}, "histogram_freq"),
    ({"profile_batch": 2}, "profile_batch"),
    ({"embeddings_freq": 1}, "embeddings_freq"),
    ({"embeddings_metadata": "x"}, "embeddings_metadata"),
])
def test_what_is_not_supported_says_so(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        callbacks.TensorBoard(tmp_path, **options)


def test_the_extra_is_named_where_it_is_missing():
    code = "import sys; sys.modules['tensorboardX'] = None; from fashioncnn import callbacks; callbacks.TensorBoard()"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'pip install "fashioncnn[tensorboard]"' in result.stderr
