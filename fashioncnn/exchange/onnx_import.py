"""A model of an ONNX file.

Images of this library have their channels last. A file says for each operator where the channels are; for an input one
has to look at what takes it: convolutions and pools want the channels first. Such an input has them last in the model,
and all that is constant is permuted, so that in the model nothing is transposed.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import DataError
from fashioncnn.exchange import layouts, onnx_package
from fashioncnn.exchange import onnx_read_arithmetic as arithmetic
from fashioncnn.exchange import onnx_read_functions as functions
from fashioncnn.exchange import onnx_read_normalizations as normalizations
from fashioncnn.exchange import onnx_read_shapes as shapes
from fashioncnn.exchange import onnx_read_windows as windows
from fashioncnn.exchange.onnx_export import LARGEST
from fashioncnn.exchange.onnx_read_constants import DTYPES, fold, is_foldable, shape_of
from fashioncnn.exchange.onnx_reader import Operation, Read, Reader, Value, array_of
from fashioncnn.layers import Input
from fashioncnn.layers.symbolic import KerasTensor
from fashioncnn.models import Model
from fashioncnn.saving.limits import read_file
from fashioncnn.utils import checks

LARGEST_EXTENT = 1 << 24  # of an input
OLDEST = 7  # before, arrays were broadcast by other rules
SLIDING = ("AveragePool", "BatchNormalization", "Conv", "ConvTranspose", "GlobalAveragePool", "GlobalMaxPool",
           "InstanceNormalization", "MaxPool")
_READERS: dict[str, Read] = {**functions.READERS, **arithmetic.READERS, **normalizations.READERS, **shapes.READERS,
                             **windows.READERS}


def from_onnx(filepath: str | bytes | os.PathLike[str], data_format: str | None = None) -> Model:
    """A model of an ONNX file, such as PyTorch and tf2onnx write of convolution networks; it can be trained on.

    The model's images have their channels last, whatever the file has: ``(N, height, width, channels)``. Where the
    file's inputs have them first, its outputs that are images do so too, and the model's have them last.

    Args:
        filepath: The file, with all weights in it.
        data_format: Where the channels are in the file's inputs of four axes or three: "channels_first" or
            "channels_last"; None: as the operators say that take them; if they say nothing, images have them first
            unless fashioncnn or tf2onnx wrote the file.

    Raises:
        DataError: If the file is damaged.
        ImportError: If the extra "onnx" is not installed.
        NotImplementedError: If there is no layer for an operator, or for what its attributes say; names the node.
        OSError: If the file cannot be read.
        ValueError: If `data_format` is something else.

    Example:
        >>> from fashioncnn import Input, Sequential, layers
        >>> model = Sequential([Input((8, 8, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.Dense(2)])
        >>> model.export("small.onnx")
        >>> from_onnx("small.onnx").output_shape
        (None, 2)
    """
    checks.one_of("from_onnx()", "data_format", data_format, (None, "channels_first", "channels_last"))
    path, onnx = os.fsdecode(filepath), onnx_package.load()
    data = read_file(path, LARGEST)
    try:
        return _Importer(path, onnx.ModelProto.FromString(data), data_format).model()
    except NotImplementedError as error:
        raise NotImplementedError(str(error) if path in str(error) else f"{path}: {error}") from error
    except DataError:
        raise
    except Exception as error:  # protobuf raises errors of its own
        raise DataError(f"{path}: damaged file ({error})") from error


class _Importer:
    """Reads one file."""

    def __init__(self, path: str, file: Any, data_format: str | None) -> None:
        self._path = path
        self._graph = file.graph
        self._producer = file.producer_name
        self._data_format = data_format
        opset = max((each.version for each in file.opset_import if each.domain in ("", "ai.onnx")), default=0)
        if opset < OLDEST:
            raise NotImplementedError(f"version {opset} of ONNX's operators; supported: {OLDEST} and later")
        if self._graph.sparse_initializer:
            raise NotImplementedError("sparse constants")
        self._operations = [Operation(node, path, opset) for node in self._graph.node]
        self._outputs = [output.name for output in self._graph.output]
        constants = {tensor.name: array_of(tensor) for tensor in self._graph.initializer}
        self._reader = Reader(self._operations, self._outputs, constants)
        self._is_first = False  # whether an input has its channels first in the file

    def model(self) -> Model:
        """The model."""
        inputs = [self._input(each) for each in self._graph.input if each.name not in self._reader.constants]
        if not inputs:
            raise NotImplementedError("a graph without inputs")
        constants = [operation for operation in self._operations if operation.kind == "Constant"]
        for operation in (*constants, *self._operations):  # who looks ahead finds them
            if operation not in self._reader.done:
                self._reader.done.add(operation)
                self._read(operation)
        return Model(inputs, [self._output(name) for name in self._outputs])

    def _read(self, operation: Operation) -> None:
        reader = self._reader
        try:
            if operation.domain not in ("", "ai.onnx"):
                operation.refuse(f"operators of the domain '{operation.domain}'")
            if operation.kind == "Constant":
                reader.constants[operation.outputs[0]] = _constant(operation)
            elif operation.kind == "Shape" and operation.inputs[0] in reader.values:
                reader.constants[operation.outputs[0]] = shape_of(reader, operation)
            elif is_foldable(reader, operation):
                reader.constants[operation.outputs[0]] = fold(reader, operation)
            elif operation.kind in _READERS:
                _READERS[operation.kind](reader, operation)
            else:
                operation.refuse("there is no layer for this operator")
        except NotImplementedError:
            raise
        except (ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise DataError(f"{operation!r}: damaged file ({error})") from error

    # ---- the face ----

    def _input(self, proto: Any) -> KerasTensor:
        tensor = proto.type.tensor_type
        extents = [extent.dim_value if extent.HasField("dim_value") else None for extent in tensor.shape.dim][1:]
        if any(extent is not None and not 0 < extent <= LARGEST_EXTENT for extent in extents):
            raise ValueError(f"input '{proto.name}' has the shape {extents}")
        dtype = DTYPES.get(tensor.elem_type)
        if dtype is None or not extents:
            raise NotImplementedError(f"input '{proto.name}': an element type of {tensor.elem_type} and "
                                      f"{len(extents)} axes besides the batch's; supported: numbers, and at least one")
        layout = layouts.ours(len(extents))
        if self._has_channels_first(proto.name, len(extents)):
            layout, self._is_first = layouts.channels_first(len(extents)), True
        shape = [extents[layout.order.index(axis)] for axis in range(len(extents))]
        known: KerasTensor = Input(shape, dtype=np.dtype(dtype).name, name=proto.name.replace("/", "_") or None)
        self._reader.values[proto.name] = Value(known, layout)
        return known

    def _has_channels_first(self, name: str, rank: int) -> bool:
        if rank not in (2, 3):
            return False
        if self._data_format is not None:
            return self._data_format == "channels_first"
        if self._producer == onnx_package.PRODUCER:
            return False
        said = self._said_of(name)
        return rank == 3 and self._producer != "tf2onnx" if said is None else said

    def _said_of(self, name: str) -> bool | None:
        """Whether a tensor has its channels first, as those say that take it, or what they make of it."""
        names, met = [name], {name}
        while names:
            for operation in self._reader.users(names.pop(0)):
                if operation.kind in SLIDING:
                    return True
                order = operation.integers("perm") or []
                if operation.kind == "Transpose" and order[:2] == [0, len(order) - 1]:
                    return False
                if operation.kind not in ("Flatten", "Gemm", "MatMul", "Reshape", "Transpose"):
                    new = [output for output in operation.outputs if output not in met]
                    names += new
                    met.update(new)
        return None

    def _output(self, name: str) -> KerasTensor:
        if name not in self._reader.values:
            raise NotImplementedError(f"output '{name}', which does not follow the inputs")
        value = self._reader.values[name]
        if self._is_first and value.layout == layouts.channels_first(value.layout.rank):
            return value.tensor
        return self._reader.theirs(value)


def _constant(operation: Operation) -> NDArray[Any]:
    if operation.has("value"):
        return operation.tensor("value")
    if operation.has("value_float"):
        return np.asarray(operation.number("value_float", 0.0), np.float32)
    if operation.has("value_int"):
        return np.asarray(operation.integer("value_int", 0), np.int64)
    if operation.has("value_ints"):
        return np.asarray(operation.integers("value_ints"), np.int64)
    operation.refuse("a constant that is not made of numbers")
