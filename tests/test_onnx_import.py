"""Models of ONNX files: of PyTorch's, of graphs made by hand, and of our own."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from exchange_zoo import MODELS, WRITTEN_ONLY, difference, images, made, outputs
from onnx import TensorProto, helper, numpy_helper

from fashioncnn import DataError, Sequential, layers, saving
from fashioncnn.exchange import onnx_import

TORCH = Path(__file__).parent / "golden" / "torch"
RANDOM = np.random.default_rng(0)


def channels_last(array):
    return np.moveaxis(array, 1, -1) if array.ndim > 2 else array


def kernel(*shape):
    return RANDOM.normal(0, 0.4, shape).astype(np.float32)


def graph(shape, *nodes, opset=18, batch="batch", **constants):
    """A file of nodes (operator, inputs, attributes), of which the first takes "x", and each one "" what is before."""
    made, last = [], "x"
    for number, (operator, inputs, attributes) in enumerate(nodes):
        output = f"y{number}"
        made.append(helper.make_node(operator, [last if name == "" else name.strip() for name in inputs], [output],
                                     f"node{number}", **attributes))
        last = output
    initializers = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    body = helper.make_graph(made, "graph", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *shape])],
                             [helper.make_tensor_value_info(last, TensorProto.FLOAT, None)], initializers)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "model.onnx")


def read(file, path, **options):
    onnx.save(file, path)
    return saving.from_onnx(path, **options)


def assert_the_same(file, path, shape, first=True, tolerance=1e-5, **options):
    """The model predicts what onnxruntime does; returns it."""
    model = read(file, path, **options)
    x = np.random.default_rng(2).normal(0, 1, (3, *shape)).astype(np.float32)
    (expected,) = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": x})
    found = np.asarray(model(channels_last(x) if first else x))
    assert difference([channels_last(expected) if first else expected], [found]) < tolerance
    return model


# ---- PyTorch ----

@pytest.mark.parametrize("name", [path.stem for path in sorted(TORCH.glob("*.onnx"))])
def test_networks_of_pytorch(name):
    arrays = np.load(TORCH / f"{name}.npz")
    model = saving.from_onnx(TORCH / f"{name}.onnx")
    assert difference([channels_last(arrays["y"])], [np.asarray(model(channels_last(arrays["x"])))]) < 1e-5


def test_a_network_of_pytorch_is_made_of_plain_layers():
    model = saving.from_onnx(TORCH / "unet.onnx")
    assert [type(layer).__name__ for layer in model.layers] == [
        "InputLayer", "Conv2D", "ReLU", "MaxPooling2D", "Conv2D", "GroupNormalization", "ELU", "Conv2DTranspose",
        "Concatenate", "Conv2D", "ReLU", "UpSampling2D", "Conv2D", "Activation"]
    kinds = {type(layer).__name__ for layer in saving.from_onnx(TORCH / "mobilenet.onnx").layers}
    assert "DepthwiseConv2D" in kinds
    assert not kinds & {"Permute", "Reshape", "Rescaling"} - {"Reshape"}


def test_it_trains_on():
    arrays = np.load(TORCH / "lenet.npz")
    model = saving.from_onnx(TORCH / "lenet.onnx")
    model.compile("adam", "sparse_categorical_crossentropy")
    history = model.fit(channels_last(arrays["x"]), np.arange(3), epochs=60, verbose=0)
    assert history.history["loss"][-1] < 0.5 * history.history["loss"][0]


# ---- our own ----

@pytest.mark.parametrize("name", MODELS)
def test_round_trip(name, path):
    model = made(name)
    model.export(path)
    again = saving.from_onnx(path)
    assert again.input_names == model.input_names
    arrays = images(model)
    assert difference(outputs(model, arrays), outputs(again, arrays)) < 1e-5
    assert [tensor.shape for tensor in again.inputs] == [tensor.shape for tensor in model.inputs]


@pytest.mark.parametrize("name", WRITTEN_ONLY)
def test_what_has_no_layer_is_named(name, path):
    made(name).export(path)
    with pytest.raises(NotImplementedError, match=r"model.onnx: node '.*/\w+' \(\w+\) is not supported"):
        saving.from_onnx(path)


def test_shared_layers_stay_shared_and_equal_ones_apart(path):
    model = made("shared")
    model.export(path)
    assert saving.from_onnx(path).count_params() == model.count_params()
    twice = Sequential([layers.Input((4,)), layers.BatchNormalization(), layers.BatchNormalization()])
    twice.export(path)
    assert saving.from_onnx(path).count_params() == twice.count_params()


# ---- operators ----

WINDOWS = {
    "pads": ("Conv", ["", "w"], {"pads": [1, 2, 0, 3]}, kernel(4, 3, 3, 2)),
    "same": ("Conv", ["", "w"], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, kernel(4, 3, 3, 2)),
    "same, before": ("Conv", ["", "w"], {"auto_pad": "SAME_LOWER", "strides": [2, 2]}, kernel(4, 3, 2, 2)),
    "groups": ("Conv", ["", "w"], {"group": 3, "dilations": [2, 1], "pads": [2, 1, 2, 1]}, kernel(6, 1, 3, 3)),
    "a group of all": ("Conv", ["", "w"], {"strides": [1, 2]}, kernel(6, 3, 3, 3)),
    "transposed": ("ConvTranspose", ["", "w"], {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]},
                   kernel(3, 4, 3, 3)),
    "transposed, cut": ("ConvTranspose", ["", "w"], {"strides": [2, 3], "pads": [1, 0, 0, 2]}, kernel(3, 4, 4, 3)),
    "transposed, sparse": ("ConvTranspose", ["", "w"], {"strides": [3, 3]}, kernel(3, 4, 2, 2)),
    "transposed, same": ("ConvTranspose", ["", "w"], {"strides": [2, 2], "pads": [1, 1, 1, 1]}, kernel(3, 4, 4, 4)),
    "max": ("MaxPool", [""], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, None),
    "max, ceil": ("MaxPool", [""], {"kernel_shape": [3, 2], "strides": [2, 2], "ceil_mode": 1}, None),
    "max, one side": ("MaxPool", [""], {"kernel_shape": [3, 3], "strides": [1, 2], "pads": [1, 0, 0, 1]}, None),
    "mean": ("AveragePool", [""], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, None),
    "mean, counted": ("AveragePool", [""], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1],
                                            "count_include_pad": 1}, None),
    "mean, same": ("AveragePool", [""], {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"}, None),
}


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("shape", [(3, 8, 9), (3, 11, 6)])
def test_windows(name, shape, path):
    operator, inputs, attributes, w = WINDOWS[name]
    constants = {} if w is None else {"w": w}
    assert_the_same(graph(shape, (operator, inputs, attributes), **constants), path, shape)


def numbers(**values):
    return {name: np.asarray(value, np.int64 if np.asarray(value).dtype.kind == "i" else np.float32)
            for name, value in values.items()}


VECTOR, IMAGE = (6,), (3, 6, 5)
CONV = ("Conv", ["", "k"], {})
OPERATORS = {
    "clip": (IMAGE, [("Clip", ["", "a", "b"], {})], numbers(a=-0.3, b=0.7), {}),
    "clip below": (IMAGE, [("Clip", ["", "a"], {})], numbers(a=0.25), {}),
    "clip above": (IMAGE, [("Clip", ["", " ", "b"], {})], numbers(b=0.5), {}),
    "clip, old": (IMAGE, [("Clip", [""], {"min": 0.0, "max": 6.0})], {}, {"opset": 9}),
    "bounds": (IMAGE, [("Max", ["", "a"], {}), ("Min", ["b", ""], {})], numbers(a=-0.5, b=0.5), {}),
    "hard sigmoid": (IMAGE, [("HardSigmoid", [""], {"alpha": 0.3, "beta": 0.4})], {}, {}),
    "thresholded": (IMAGE, [("ThresholdedRelu", [""], {"alpha": 0.3})], {}, {}),
    "arithmetic": (IMAGE, [("Sub", ["", "m"], {}), ("Div", ["", "s"], {}), ("Sub", ["one", ""], {}), ("Neg", [""], {}),
                           ("Mul", ["s", ""], {}), ("Add", ["", "one"], {})],
                   numbers(m=kernel(1, 3, 1, 1), s=kernel(3, 1, 1) + 3, one=1.0), {}),
    "normalized input": (IMAGE, [("Sub", ["", "m"], {}), CONV],
                         {**numbers(m=kernel(3, 1, 1)), "k": kernel(2, 3, 3, 3)}, {}),
    "gelu": (VECTOR, [("MatMul", ["", "k"], {}), ("Div", ["", "r"], {}), ("Erf", [""], {}), ("Add", ["", "one"], {}),
                      ("Mul", ["y0", ""], {}), ("Mul", ["", "half"], {})],
             {**numbers(r=np.sqrt(2), one=1.0, half=0.5), "k": kernel(6, 4)}, {}),
    "gelu, the other way": (VECTOR, [("Mul", ["", "r"], {}), ("Erf", [""], {}), ("Add", ["one", ""], {}),
                                     ("Mul", ["", "half"], {}), ("Mul", ["", "x"], {})],
                            numbers(r=np.sqrt(0.5), one=1.0, half=0.5), {}),
    "layer normalization, written out": (
        (4, 6), [("ReduceMean", [""], {"axes": [-1]}), ("Sub", ["x", "y0"], {}), ("Pow", ["y1", "two"], {}),
                 ("ReduceMean", [""], {"axes": [-1]}), ("Add", ["", "e"], {}), ("Sqrt", [""], {}),
                 ("Div", ["y1", ""], {}), ("Mul", ["", "g"], {}), ("Add", ["", "b"], {})],
        numbers(two=2.0, e=1e-4, g=kernel(6), b=kernel(6)), {"opset": 13}),
    "rms normalization, written out": (
        (4, 6), [("Pow", ["", "two"], {}), ("ReduceMean", ["", "axes"], {}), ("Add", ["e", ""], {}), ("Sqrt", [""], {}),
                 ("Reciprocal", [""], {}), ("Mul", ["x", ""], {}), ("Mul", ["g", ""], {})],
        numbers(two=2.0, axes=[-1], e=1e-4, g=kernel(6)), {}),
    "rms normalization of channels": (
        IMAGE, [CONV, ("Mul", ["", ""], {}), ("ReduceMean", [""], {"axes": [1]}), ("Add", ["", "e"], {}),
                ("Sqrt", [""], {}), ("Div", ["y0", ""], {}), ("Mul", ["", "g"], {}), ("Add", ["", "b"], {})],
        {"k": kernel(2, 3, 3, 3), **numbers(e=1e-4, g=kernel(2, 1, 1), b=kernel(2, 1, 1))}, {"opset": 13}),
    "rms normalization of columns": (
        IMAGE, [CONV, ("Mul", ["", ""], {}), ("ReduceMean", [""], {"axes": [3]}), ("Add", ["", "e"], {}),
                ("Sqrt", [""], {}), ("Div", ["y0", ""], {}), ("Conv", ["", "l"], {})],
        {"k": kernel(2, 3, 3, 3), "l": kernel(2, 2, 1, 1), **numbers(e=1e-4)}, {"opset": 13}),
    "rms normalization behind flatten": (
        IMAGE, [CONV, ("Flatten", [""], {}), ("Mul", ["", ""], {}), ("ReduceMean", [""], {"axes": [1]}),
                ("Add", ["", "e"], {}), ("Sqrt", [""], {}), ("Div", ["y1", ""], {}), ("Mul", ["", "g"], {})],
        {"k": kernel(2, 3, 3, 3), **numbers(e=1e-4, g=kernel(24))}, {"opset": 13}),
    "squared": (IMAGE, [CONV, ("Mul", ["", ""], {})], {"k": kernel(2, 3, 3, 3)}, {}),
    "instance normalization": (IMAGE, [("InstanceNormalization", ["", "g", "b"], {})],
                               numbers(g=kernel(3), b=kernel(3)), {}),
    "group normalization": ((6, 4, 5), [("GroupNormalization", ["", "g", "b"], {"num_groups": 3})],
                            numbers(g=kernel(3), b=kernel(3)), {}),
    "group normalization of channels": ((6, 4, 5), [("GroupNormalization", ["", "g", "b"], {"num_groups": 3})],
                                        numbers(g=kernel(6), b=kernel(6)), {"opset": 21}),
    "prelu": (IMAGE, [("PRelu", ["", "a"], {})], numbers(a=kernel(3, 1, 1)), {}),
    "prelu of one": (IMAGE, [("PRelu", ["", "a"], {})], numbers(a=kernel(1)), {}),
    "softmax of channels": (IMAGE, [("Softmax", [""], {"axis": 1})], {}, {}),
    "softmax of columns": (IMAGE, [("LogSoftmax", [""], {"axis": -1})], {}, {}),
    "softmax, old": (VECTOR, [("Softmax", [""], {})], {}, {"opset": 11}),
    "mean of all": (IMAGE, [CONV, ("ReduceMean", ["", "axes"], {"keepdims": 0})],
                    {"k": kernel(2, 3, 3, 3), **numbers(axes=[2, 3])}, {}),
    "mean, old": (IMAGE, [CONV, ("ReduceMean", [""], {"axes": [-1, -2]}), ("Squeeze", [""], {"axes": [2, 3]})],
                  {"k": kernel(2, 3, 3, 3)}, {"opset": 11}),
    "largest of lines": ((4, 6), [("ReduceMax", ["", "axes"], {"keepdims": 0})], numbers(axes=[1]), {}),
    "pad and slice": (IMAGE, [("Pad", ["", "p"], {}), CONV, ("Slice", ["", "s", "e", "axes"], {})],
                      {**numbers(p=[0, 0, 1, 2, 0, 0, 0, 1], s=[1, 0], e=[-1, 4], axes=[2, 3]),
                       "k": kernel(2, 3, 2, 2)}, {}),
    "pad, old": (IMAGE, [("Pad", [""], {"pads": [0, 0, 1, 2, 0, 0, 0, -1]}), CONV], {"k": kernel(2, 3, 2, 2)},
                 {"opset": 9}),
    "upsample, old": (IMAGE, [CONV, ("Upsample", ["", "s"], {"mode": "nearest"})],
                      {**numbers(s=[1.0, 1.0, 2.0, 3.0]), "k": kernel(2, 3, 3, 3)}, {"opset": 9}),
    "resize to sizes": (IMAGE, [CONV, ("Resize", ["", " ", " ", "s"], {"mode": "linear"})],
                        {**numbers(s=[3, 2, 7, 9]), "k": kernel(2, 3, 3, 3)}, {"batch": 3}),
    "resize, nearest": (IMAGE, [CONV, ("Resize", ["", " ", "s"], {"nearest_mode": "floor", "mode": "nearest",
                                                                 "coordinate_transformation_mode": "asymmetric"})],
                        {**numbers(s=[1.0, 1.0, 2.0, 2.0]), "k": kernel(2, 3, 3, 3)}, {}),
    "dense behind flatten": (IMAGE, [CONV, ("Flatten", [""], {}),
                                     ("Gemm", ["", "w", "b"], {"alpha": 0.5, "beta": 2.0})],
                             {"k": kernel(2, 3, 3, 3), "w": kernel(24, 4), "b": kernel(1, 4)}, {}),
    "dense of any shape": ((4, 6), [("MatMul", ["", "w"], {}), ("Add", ["", "b"], {})],
                           {"w": kernel(6, 3), "b": kernel(3)}, {}),
    "bias behind": (IMAGE, [CONV, ("Add", ["", "b"], {})], {"k": kernel(2, 3, 3, 3), "b": kernel(1, 2, 1, 1)}, {}),
    "factors behind": (IMAGE, [("Conv", ["", "k", "b"], {}), ("Mul", ["", "f"], {}), ("Add", ["a", ""], {}),
                               ("Mul", ["", "a"], {})],
                       {"k": kernel(2, 3, 3, 3), "b": kernel(2), "f": kernel(1, 2, 1, 1), "a": kernel(2, 1, 1)}, {}),
    "factors behind a depthwise one": (IMAGE, [("Conv", ["", "k"], {"group": 3}), ("Mul", ["", "f"], {}),
                                               ("Add", ["", "f"], {})],
                                       {"k": kernel(6, 1, 2, 2), "f": kernel(6, 1, 1)}, {}),
    "factors behind a transposed one": (IMAGE, [("ConvTranspose", ["", "k"], {}), ("Mul", ["", "f"], {}),
                                                ("Add", ["", "f"], {})],
                                        {"k": kernel(3, 5, 2, 2), "f": kernel(5, 1, 1)}, {}),
    "factors behind a dense one": (VECTOR, [("MatMul", ["", "k"], {}), ("Mul", ["", "f"], {}), ("Add", ["", "f"], {})],
                                   {"k": kernel(6, 4), "f": kernel(4)}, {}),
    "tile": (IMAGE, [CONV, ("Unsqueeze", ["", "axes"], {}), ("Tile", ["", "r"], {}), ("Reshape", ["", "s"], {})],
             {**numbers(axes=[3], r=[1, 1, 1, 3, 2], s=[-1, 2, 12, 6]), "k": kernel(2, 3, 3, 3)}, {}),
    "flat functions": (IMAGE, [CONV, ("Flatten", [""], {}), ("BatchNormalization", ["", "g", "b", "m", "v"], {}),
                               ("PRelu", ["", "a"], {}), ("Mul", ["", "a"], {}), ("Softmax", [""], {})],
                       {"k": kernel(2, 3, 3, 3), **{name: np.abs(kernel(24)) for name in "gbmva"}}, {}),
    "flat out": (IMAGE, [CONV, ("Flatten", [""], {})], {"k": kernel(2, 3, 3, 3)}, {}),
    "shuffle": ((6, 4, 5), [("Reshape", ["", "s"], {}), ("Transpose", [""], {"perm": [0, 2, 1, 3, 4]}),
                            ("Reshape", ["", "t"], {}), ("Conv", ["", "k"], {})],
                {**numbers(s=[0, 2, 3, 4, 5], t=[0, 6, 4, 5]), "k": kernel(2, 6, 3, 3)}, {}),
    "squeeze and excitation": (IMAGE, [("GlobalAveragePool", [""], {}), ("Reshape", ["", "s"], {}),
                                       ("Gemm", ["", "w"], {}), ("Sigmoid", [""], {}),
                                       ("Unsqueeze", ["", "axes"], {}), ("Mul", ["x", ""], {})],
                               {**numbers(s=[-1, 3], axes=[2, 3]), "w": kernel(3, 3)}, {}),
    "attention": ((4, 6), [("MatMul", ["", "w"], {}), ("Transpose", [""], {"perm": [0, 2, 1]}),
                           ("MatMul", ["x", ""], {}),
                           ("Softmax", [""], {"axis": -1}), ("MatMul", ["", "x"], {})], {"w": kernel(6, 6)}, {}),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name, path):
    shape, nodes, constants, options = OPERATORS[name]
    sequences = len(shape) == 2
    assert_the_same(graph(shape, *nodes, **options, **constants), path, shape, first=not sequences)


def test_a_shape_that_the_graph_computes(path):
    nodes = [("Conv", ["", "k"], {}), ("Shape", [""], {}), ("Gather", ["", "zero"], {}),
             ("Unsqueeze", ["", "axes"], {}), ("Concat", ["", "rest"], {"axis": 0}), ("Reshape", ["y0", ""], {}),
             ("Gemm", ["", "w"], {"transB": 1})]
    constants = {**numbers(zero=0, axes=[0], rest=[-1]), "k": kernel(2, 3, 3, 3), "w": kernel(4, 24)}
    assert_the_same(graph(IMAGE, *nodes, **constants), path, IMAGE)


def test_sequences_with_their_channels_first(path):
    file = graph((3, 9), ("Conv", ["", "k"], {"pads": [1, 1]}),
                 ("MaxPool", [""], {"kernel_shape": [2], "strides": [2]}), ("Flatten", [""], {}),
                 ("Gemm", ["", "w"], {}), k=kernel(4, 3, 3), w=kernel(16, 2))
    assert assert_the_same(file, path, (3, 9)).input_shape == (None, 9, 3)


def test_images_of_any_size(path):
    file = graph((3, "height", "width"), ("Conv", ["", "k"], {"pads": [1, 1, 1, 1], "strides": [2, 2]}),
                 ("Relu", [""], {}), ("MaxPool", [""], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
                 ("GlobalAveragePool", [""], {}), ("Flatten", [""], {}), k=kernel(4, 3, 3, 3))
    model = assert_the_same(file, path, (3, 9, 12))
    assert model.input_shape == (None, None, None, 3)
    assert_the_same(file, path, (3, 6, 7))


def test_constants_behind_products_are_part_of_their_weights(path):
    shape, nodes, constants, _ = OPERATORS["factors behind"]
    model = read(graph(shape, *nodes, **constants), path)
    assert [type(layer).__name__ for layer in model.layers] == ["InputLayer", "Conv2D"]


@pytest.mark.parametrize("name", [name for name in OPERATORS if "rms" in name])
def test_a_normalization_that_was_written_out_is_one_layer(name, path):
    shape, nodes, constants, options = OPERATORS[name]
    model = read(graph(shape, *nodes, **options, **constants), path)
    assert "RMSNormalization" in {type(layer).__name__ for layer in model.layers}
    assert not {"Multiply", "GlobalAveragePooling2D"} & {type(layer).__name__ for layer in model.layers}


def test_rms_normalization(path):
    """Which older versions of onnxruntime do not have."""
    factors, x = kernel(6), np.random.default_rng(3).normal(0, 1, (2, 4, 6)).astype(np.float32)
    node = ("RMSNormalization", ["", "g"], {"epsilon": 1e-4})
    expected = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-4) * factors
    np.testing.assert_allclose(read(graph((4, 6), node, opset=23, g=factors), path)(x), expected, atol=1e-6)
    with pytest.raises(NotImplementedError, match="axis=1; supported: the last one"):
        read(graph((4, 6), (*node[:2], {"axis": 1}), opset=23, g=kernel(4, 6)), path)


def test_where_the_channels_are(path):
    flat = graph((3, 6, 5), ("Flatten", [""], {}), ("Gemm", ["", "w"], {}), w=kernel(90, 2))
    assert assert_the_same(flat, path, (3, 6, 5)).input_shape == (None, 6, 5, 3)
    model = assert_the_same(flat, path, (3, 6, 5), first=False, data_format="channels_last")
    assert model.input_shape == (None, 3, 6, 5)
    flat.producer_name = "tf2onnx"
    assert read(flat, path).input_shape == (None, 3, 6, 5)
    last = graph((6, 5, 3), ("Mul", ["", "half"], {}), ("Transpose", [""], {"perm": [0, 3, 1, 2]}),
                 ("Conv", ["", "k"], {}),
                 ("Transpose", [""], {"perm": [0, 2, 3, 1]}), half=np.float32(0.5), k=kernel(2, 3, 3, 3))
    model = assert_the_same(last, path, (6, 5, 3), first=False)
    assert model.input_shape == (None, 6, 5, 3)
    assert "Permute" not in {type(layer).__name__ for layer in model.layers}
    with pytest.raises(ValueError, match="data_format"):
        saving.from_onnx(path, data_format="NCHW")


# ---- what is refused ----

@pytest.mark.parametrize(("nodes", "constants", "message"), [
    ([("Det", [""], {})], {}, r"node 'node0' \(Det\) is not supported by fashioncnn \(yet\): there is no layer"),
    ([("Relu", [""], {"domain": "com.microsoft"})], {}, r"'node0' \(Relu\).*domain 'com.microsoft'"),
    ([("Softmax", [""], {"axis": 0})], {}, "axis=0"),
    ([("Transpose", [""], {"perm": [1, 0, 2, 3]})], {}, r"perm=\[1, 0, 2, 3\], which moves the batch"),
    ([("Reshape", ["", "s"], {})], numbers(s=[-1, 5]), "another batch"),
    ([("MaxPool", [""], {"kernel_shape": [2, 2], "dilations": [2, 2]})], {}, "dilations above 1"),
    ([("Add", ["", "c"], {})], numbers(c=kernel(6, 5)), r"a constant of shape \(6, 5\).*one for each channel"),
    ([("Erf", [""], {})], {}, "a part of gelu"),
    ([("Pow", ["", "two"], {})], numbers(two=2.0), "a part of normalizations"),
    ([("Pad", ["", "p", "v"], {})], numbers(p=[0, 0, 1, 1, 0, 0, 1, 1], v=1.0), "supported: zeros"),
    ([("Resize", ["", " ", "s"], {"coordinate_transformation_mode": "align_corners"})], numbers(s=[1., 1., 2., 2.]),
     "align_corners"),
    ([("Constant", [], {"value_string": "a"}), ("Relu", ["x"], {})], {}, "not made of numbers"),
    ([("Conv", ["", "x"], {})], {}, "input 'x' is not constant"),
])
def test_what_is_not_known_is_named(nodes, constants, message, path):
    with pytest.raises(NotImplementedError, match=message) as caught:
        read(graph(IMAGE, *nodes, **constants), path)
    assert str(caught.value).startswith(path)


def test_numbers_in_other_files_are_refused(path):
    file = graph(IMAGE, ("Conv", ["", "k"], {}), k=kernel(2, 3, 3, 3))
    tensor = file.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    Path(path).write_bytes(file.SerializeToString())
    with pytest.raises(NotImplementedError, match=r"model.onnx: the numbers of 'k' are in another file"):
        saving.from_onnx(path)


@pytest.mark.parametrize(("nodes", "constants"), [
    ([("Conv", ["", "k"], {})], {"k": kernel(2, 4, 3, 3)}),
    ([("Conv", ["", "k"], {"kernel_shape": [5, 5]})], {"k": kernel(2, 3, 3, 3)}),
    ([("Conv", ["", "k"], {"group": 2})], {"k": kernel(3, 3, 3, 3)}),
    ([("Conv", ["", "k"], {"strides": [0, 1]})], {"k": kernel(2, 3, 3, 3)}),
    ([("Conv", ["", "k"], {"pads": [-1, 0, 0, 0]})], {"k": kernel(2, 3, 3, 3)}),
    ([("Conv", ["", "k"], {})], {"k": np.full((2, 3, 3, 3), np.nan, np.float32)}),
    ([("Flatten", [""], {}), ("Gemm", ["", "w"], {})], {"w": kernel(91, 2)}),
    ([("BatchNormalization", ["", "g", "g", "g", "g"], {})], {"g": kernel(4)}),
    ([("Reshape", ["", "s"], {})], numbers(s=[0, 7, -1])),
    ([("Transpose", [""], {"perm": [0, 1, 1, 2]})], {}),
    ([("Div", ["", "z"], {})], numbers(z=0.0)),
    ([("Concat", ["", "x"], {"axis": 7}), ("Gather", ["", "x"], {})], {}),
    ([("ConstantOfShape", ["s"], {}), ("Add", ["x", ""], {})], numbers(s=[2**20, 2**20])),
    ([("Expand", ["one", "s"], {}), ("Add", ["x", ""], {})], numbers(one=1.0, s=[2**30])),
    ([("Resize", ["", " ", "s"], {"mode": "linear"})], numbers(s=[1.0, 1.0, 1e6, 1e6])),
])
def test_what_does_not_fit_is_damage(nodes, constants, path):
    with pytest.raises((DataError, NotImplementedError), match=r"model\.onnx"):
        read(graph(IMAGE, *nodes, **constants), path)
    if nodes[0][0] != "Concat":
        with pytest.raises(DataError):
            saving.from_onnx(path)


def test_few_numbers_do_not_become_many_weights(path):
    nodes = [node for pad in range(1, 40)
             for node in [("Conv", ["x", "k"], {"pads": [pad, pad, pad, pad]}), ("GlobalAveragePool", [""], {})]]
    names = [f"y{2 * number + 1}" for number in range(39)]
    file = graph(IMAGE, *nodes, ("Sum", names, {}), k=kernel(16, 3, 3, 3))
    with pytest.raises(DataError, match="too often"):
        read(file, path)


def test_other_files(path, tmp_path, monkeypatch):
    for data in (b"", b"\x00", b"no model at all", Path(__file__).read_bytes()):
        Path(path).write_bytes(data)
        with pytest.raises((DataError, NotImplementedError), match=r"model\.onnx"):
            saving.from_onnx(path)
    with pytest.raises(FileNotFoundError):
        saving.from_onnx(str(tmp_path / "none.onnx"))
    with pytest.raises(NotImplementedError, match="version 6"):
        read(graph(IMAGE, ("Relu", [""], {}), opset=6), path)
    monkeypatch.setattr(onnx_import, "LARGEST", 10)
    with pytest.raises(DataError, match="at most 10 are read"):
        saving.from_onnx(path)
    monkeypatch.setitem(sys.modules, "onnx.helper", None)
    with pytest.raises(ImportError, match=r'pip install "fashioncnn\[onnx\]"'):
        saving.from_onnx(path)
