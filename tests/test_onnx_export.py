"""Models as ONNX: what onnxruntime makes of the file is what the model predicts."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from exchange_zoo import (
    FUNCTIONS,
    MODELS,
    TRACED,
    WRITTEN_ONLY,
    difference,
    images,
    made,
    outputs,
    run_onnx,
    with_weights,
)

from fashioncnn import Input, Model, Sequential, layers, saving

TOLERANCE = 1e-5


def operators(path):
    return Counter(node.op_type for node in onnx.load(path).graph.node)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "model.onnx")


@pytest.mark.parametrize("name", [*MODELS, *WRITTEN_ONLY])
def test_onnxruntime_predicts_the_same(name, path):
    model = made(name)
    model.export(path)
    onnx.checker.check_model(path, full_check=True)
    for rows in (1, 3):
        arrays = images(model, rows)
        assert difference(outputs(model, arrays), run_onnx(path, arrays)) < TOLERANCE


@pytest.mark.parametrize("name", TRACED)
def test_code_that_is_traced_is_written(name, path):
    model = with_weights(TRACED[name]())
    model.export(path)
    for rows in (1, 3):
        arrays = images(model, rows)
        expected = outputs(model, arrays)
        assert difference(expected, run_onnx(path, arrays)) < TOLERANCE
    with suppress(NotImplementedError):
        assert difference(expected, outputs(saving.from_onnx(path), arrays)) < TOLERANCE


def test_the_zoo_has_every_layer_and_every_function():
    from fashioncnn import activations
    from fashioncnn.utils.registry import LAYERS

    used = {type(layer).__name__ for name in (*MODELS, *WRITTEN_ONLY) for layer in made(name)._flatten_layers()}
    bases = {"Functional", "Model", "Layer", "InputLayer"}
    missing = {cls.__name__ for cls in LAYERS.all_classes().values()} - used - bases
    assert missing <= {"Activation", "GlobalAveragePooling1D", "Lambda", "SpatialDropout1D", "MixUp", "CutMix"}
    assert {name for name in activations.__all__ if callable(getattr(activations, name))} - set(FUNCTIONS) <= {
        "deserialize", "get", "serialize", "add_to", "swish", "hard_swish", "threshold"}


@pytest.mark.parametrize("size", [7, 8])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_windows_of_all_kinds(size, stride, kernel, padding, path):
    x = Input((size, size + 1, 2))
    model = Model(x, [layers.Conv2D(2, kernel, stride, padding)(x), layers.DepthwiseConv2D(kernel, stride, padding)(x),
                      layers.Conv2DTranspose(2, kernel, stride, padding)(x),
                      layers.MaxPooling2D(kernel, stride, padding)(x),
                      layers.AveragePooling2D(kernel, stride, padding)(x)])
    model.export(path)
    arrays = images(model)
    assert difference(outputs(model, arrays), run_onnx(path, arrays)) < TOLERANCE


def test_the_face_is_that_of_the_model(path):
    image, colours = Input((None, 8, 3), name="image", dtype="uint8"), Input((4,), name="colours")
    model = Model({"colours": colours, "image": image},
                  {"mean": layers.GlobalAveragePooling2D()(image), "a": layers.Dense(2)(colours)})
    model.export(path)
    graph = onnx.load(path).graph
    shapes = {each.name: [d.dim_value or d.dim_param for d in each.type.tensor_type.shape.dim]
              for each in (*graph.input, *graph.output)}
    assert shapes == {"image": ["batch", "image_1", 8, 3], "colours": ["batch", 4], "a": ["batch", 2],
                      "mean": ["batch", 3]}
    arrays = {"image": np.full((2, 5, 8, 3), 200, np.uint8), "colours": np.ones((2, 4), np.float32)}
    (mean,) = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(["mean"], arrays)
    np.testing.assert_array_equal(mean, np.full((2, 3), 200.0))


def test_a_convolution_network_is_transposed_once(path):
    made("lenet").export(path)
    assert operators(path)["Transpose"] == 1
    made("residual").export(path)
    assert operators(path)["Transpose"] == 1
    made("unet").export(path)
    assert operators(path)["Transpose"] == 2


def test_shared_layers_are_written_once(path):
    made("shared").export(path)
    names = [tensor.name for tensor in onnx.load(path).graph.initializer]
    assert len([name for name in names if name.endswith("/kernel")]) == 2
    equal = Sequential([Input((4,)), layers.Dense(4, kernel_initializer="ones"),
                        layers.Dense(4, kernel_initializer="ones")])
    equal.export(path)
    names = [tensor.name for tensor in onnx.load(path).graph.initializer]
    assert len([name for name in names if name.endswith("/kernel")]) == 2, "two layers, though they are equal"


def test_versions(path):
    model = made("lenet")
    model.export(path)
    file = onnx.load(path)
    assert (file.producer_name, file.opset_import[0].version, file.ir_version) == ("fashioncnn", 18, 8)
    model.export(path, opset_version=19)
    assert onnx.load(path).opset_import[0].version == 19
    for version in (17, 999, "18"):
        with pytest.raises(ValueError, match=r"opset_version.*18 to"):
            model.export(path, opset_version=version)


def test_a_trained_model_is_written_as_it_is_now(path):
    model = made("lenet")
    model.compile("sgd", "sparse_categorical_crossentropy")
    x = np.random.default_rng(0).random((8, 28, 28, 1), np.float32)
    model.fit(x, np.arange(8), epochs=2, verbose=0)
    model.export(path)
    assert difference([model.predict(x, verbose=0)], run_onnx(path, [x])) < TOLERANCE


@pytest.mark.parametrize(("make", "message"), [
    (lambda x: layers.Dropout(0.5, name="noisy")(x, training=True), "'noisy' .*training=True"),
    (lambda x: layers.BatchNormalization(name="bn")(x, training=True), "'bn' .*training=True"),
    (lambda x: layers.Resizing(4, 4, "bicubic", name="cubic")(x), "'cubic' .*give Input"),
    (lambda x: layers.Resizing(4, 4, crop_to_aspect_ratio=True, name="cropped")(x), "'cropped'.*give Input"),
    (lambda x: layers.Resizing(4, 4, pad_to_aspect_ratio=True, name="padded")(x), "'padded'.*give Input"),
    (lambda x: layers.Add()([x, layers.Permute((2, 1, 3))(x)]), "does not take .*give Input"),
])
def test_what_onnx_does_not_have(make, message, path):
    x = Input((None, None, 3))
    model = Model(x, make(x))
    with pytest.raises(NotImplementedError, match=message):
        model.export(path)


def test_errors(path, tmp_path, monkeypatch, capsys):
    model = made("vectors")
    with pytest.raises(ValueError, match=r"isn't built"):
        Sequential([layers.Dense(3)]).export(path)
    with pytest.raises(ValueError, match=r"supported formats: .*'onnx' \(.onnx\)"):
        model.export(str(tmp_path / "model"))
    with pytest.raises(ValueError, match=r"format='tf_saved_model'"):
        model.export(path, format="tf_saved_model")
    with pytest.raises(ValueError, match="input_signature"):
        model.export(path, input_signature=[1])
    with pytest.raises(TypeError, match="opset_version"):
        model.export(path, opset=18)
    with pytest.raises(OSError, match="nowhere"):
        model.export(str(tmp_path / "nowhere" / "x.onnx"))
    model.export(tmp_path / "other", format="onnx", verbose=True)
    assert "other" in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "onnx.checker", None)
    with pytest.raises(ImportError, match=r'pip install "fashioncnn\[onnx\]"'):
        model.export(path)


def test_a_failure_leaves_the_old_file(path):
    made("vectors").export(path)
    before = Path(path).read_bytes()
    x = Input((4,))
    with pytest.raises(NotImplementedError):
        Model(x, layers.Dropout(0.5)(x, training=True)).export(path)
    assert Path(path).read_bytes() == before
