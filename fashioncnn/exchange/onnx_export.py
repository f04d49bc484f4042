"""A model as an ONNX file.

What the core would run is written node by node, so layers that are made of the same nodes need no code of their own.
At its face the file has this library's layout: images with their channels last. Inside, convolutions and pools want
them first: an image is transposed before the first of these, and nothing is transposed back before something asks.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from fashioncnn import __version__
from fashioncnn.exchange import layouts, onnx_package
from fashioncnn.exchange.onnx_description import describe
from fashioncnn.exchange.onnx_write_nodes import write_node
from fashioncnn.exchange.onnx_writer import Writer
from fashioncnn.layers.symbolic import Extents
from fashioncnn.models import Model
from fashioncnn.saving.files import replacing
from fashioncnn.utils import checks

LARGEST = 2**31 - 1  # bytes that a file of this kind can have


def export_onnx(model: Model, filepath: str | os.PathLike[str], opset_version: int | None = None) -> None:
    """Writes `model` as ONNX, for inference.

    Args:
        model: A built model.
        filepath: The file.
        opset_version: Which version of ONNX's operators the file asks for: at least 18, which is what None stands for.

    Raises:
        ImportError: If the extra "onnx" is not installed.
        NotImplementedError: If a layer does what ONNX has nothing for; names the layer.
        OSError: If the file cannot be written; one that existed is still there.
        ValueError: If the model is not built, or the version not supported.
    """
    onnx = onnx_package.load()
    opset = onnx_package.OPSET if opset_version is None else opset_version
    newest = onnx.defs.onnx_opset_version()
    if not isinstance(opset, int) or not onnx_package.OPSET <= opset <= newest:
        raise checks.unsupported("export()", "opset_version", opset, f"{onnx_package.OPSET} to {newest}")
    file = _file_of(onnx, model, opset)
    if file.ByteSize() > LARGEST:
        raise NotImplementedError(f"model '{model.name}' is larger than an .onnx file can be, which is 2 GiB; "
                                  "save_weights() has no such limit")
    onnx.checker.check_model(file, full_check=True)
    with replacing(filepath) as stream:
        stream.write(file.SerializeToString())


def _file_of(onnx: Any, model: Model, opset: int) -> Any:
    description = describe(model)
    writer = Writer(onnx, description)
    names = iter(model.input_names)
    types = iter([layer.input_dtype for layer in model._known_connections("inputs").input_layers])
    inputs = []
    for position, node in enumerate(description.nodes):
        writer.position = position
        if node["type"] == "input":
            inputs.append(_write_input(onnx, writer, next(names), next(types)))
        else:
            write_node(writer)
    outputs = [_write_output(onnx, writer, name, position)
               for name, position in zip(model._names_of_outputs(), description.outputs, strict=True)]
    graph = onnx.helper.make_graph(writer.nodes, writer.unique(model.name), inputs, outputs, writer.constants)
    return onnx.helper.make_model(graph, producer_name=onnx_package.PRODUCER, producer_version=__version__,
                                  ir_version=onnx_package.IR_VERSION,
                                  opset_imports=[onnx.helper.make_opsetid("", opset)])


def _write_input(onnx: Any, writer: Writer, name: str, dtype: str) -> Any:
    shape = writer.shape(writer.position)
    writer.node["name"] = name
    name = tensor = writer.unique(name)
    element = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    if element != onnx.TensorProto.FLOAT:
        tensor = writer.op("Cast", name, to=onnx.TensorProto.FLOAT)
    writer.put(tensor, layouts.ours(len(shape)))
    return onnx.helper.make_tensor_value_info(name, element, _extents(name, shape))


def _write_output(onnx: Any, writer: Writer, name: str, position: int) -> Any:
    writer.position = position
    tensor, name = writer.ours(position), writer.unique(name)
    writer.nodes.append(onnx.helper.make_node("Identity", [tensor], [name], f"{name}/output"))
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, _extents(name, writer.shape(position)))


def _extents(name: str, shape: Extents) -> list[int | str]:
    """The batch is of any size; so is what is not known."""
    return ["batch", *(f"{name}_{axis}" if extent is None else extent for axis, extent in enumerate(shape, 1))]
