"""Writes a model as one C file that makes predictions and needs nothing but the C library."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import Network
from fashioncnn.exchange.c_float import program_of
from fashioncnn.exchange.c_program import BYTES, TYPES, Memory, Program, for_comments, plan_memory
from fashioncnn.exchange.c_steps import Node, Steps, steps_of
from fashioncnn.exchange.c_text import KEYWORDS, Face, identifier, lines_of, ports
from fashioncnn.saving.files import replacing
from fashioncnn.utils import checks
from fashioncnn.utils.arrays import as_array

if TYPE_CHECKING:
    from fashioncnn.exchange.c_int8 import Quantized
    from fashioncnn.models import Model


class CReport(NamedTuple):
    """What an exported C file takes, in bytes, and what it is worth.

    Args:
        weights: Constants, in read-only memory.
        memory: Static memory for activations.
        accuracy: Of the model itself on the data given as `calibration_data` and `y`; None without `y`.
        quantized_accuracy: Of the C code on the same data; None without `quantize`.
    """

    weights: int
    memory: int
    accuracy: float | None = None
    quantized_accuracy: float | None = None


def export_c(model: Model, path: str, name: str | None = None, quantize: str | None = None,
             calibration_data: Any = None, y: Any = None) -> CReport:
    """Writes `model` to a C file: see `Model.export`.

    Args:
        model: A model whose inputs have known shapes.
        path: The file.
        name: What names in C begin with; None: the file's name.
        quantize: None: floats; "int8": weights and activations of 8 bits.
        calibration_data: Inputs from which the ranges of activations are learned, for "int8".
        y: The classes of these inputs: the report tells the accuracy then.

    Raises:
        NotImplementedError: If there is no C code for what a layer does.
        OSError: If the file cannot be written.
        ValueError: If an argument or the model does not fit.
    """
    name = _checked_name(name, path)
    checks.one_of("export()", "quantize", quantize, (None, "int8"))
    if (quantize is None) != (calibration_data is None) or (y is not None and quantize is None):
        raise ValueError("export() to C takes `calibration_data`, and `y` if wanted, with quantize=\"int8\" and not "
                         "without it: some hundred inputs that are like those of the task")
    nodes, outputs, network = _described(model)
    steps = steps_of(nodes, outputs, network)
    names = model.input_names, model.output_names
    if quantize is None:
        return write_program(path, name, steps, program_of(steps), *names)
    from fashioncnn.exchange.c_int8 import Quantized

    x = _arrays(model, calibration_data, steps)
    quantized = Quantized(steps, nodes, network, outputs, x)
    accuracies = _accuracies(model, x, y, quantized) if y is not None else (None, None)
    return write_program(path, name, steps, quantized.program, *names, accuracies)


def _arrays(model: Model, calibration_data: Any, steps: Steps) -> list[NDArray[np.float32]]:
    """An array (N, ...) for each input."""
    arrays = []
    for part, number in zip(model._ports().split_inputs("export", "calibration_data", calibration_data), steps.inputs,
                            strict=True):
        array, shape = as_array("export", "calibration_data", part), steps.shapes[number]
        if array.shape[1:] not in (shape, shape[:-1] if shape[-1:] == (1,) else shape):
            raise ValueError(f"export() got calibration_data of shape {array.shape}; the model expects "
                             f"{(None, *shape)}")
        arrays.append(np.ascontiguousarray(array.reshape(-1, *shape), np.float32))
    if len({len(array) for array in arrays}) > 1:
        raise ValueError("export() got calibration_data with different numbers of rows for the inputs")
    return arrays


def _accuracies(model: Model, x: list[NDArray[np.float32]], y: Any, quantized: Quantized) -> tuple[float, float]:
    """Of the model and of the C code."""
    truth = as_array("export", "y", y)
    if len(quantized.found) > 1:
        raise ValueError("export() takes `y` for models with one output; this one has several")
    if len(truth) != len(x[0]):
        raise ValueError(f"export() got calibration_data with {len(x[0])} rows and y with {len(truth)}")
    (coded,) = quantized.predict(x)
    predictions = np.asarray(model.predict(x if len(x) > 1 else x[0], verbose=0))
    return _accuracy(predictions, truth), _accuracy(coded.reshape(predictions.shape), truth)


def _accuracy(predictions: NDArray[Any], truth: NDArray[Any]) -> float:
    """The share of rows whose largest output is the right class; of a single output, whether it is above one half."""
    classes = predictions.argmax(axis=-1) if predictions.shape[-1] > 1 else predictions[..., 0] > 0.5
    if truth.shape == predictions.shape and predictions.shape[-1] > 1:
        truth = truth.argmax(axis=-1)
    if truth.size != classes.size:
        raise ValueError(f"export() got y of shape {truth.shape}; expected a class, or a row of "
                         f"{predictions.shape[-1]} numbers, for each prediction")
    return float(np.mean(truth.reshape(classes.shape) == classes))


def _checked_name(name: str | None, path: str) -> str:
    if name is None:
        return identifier(os.path.splitext(os.path.basename(path))[0] or "net")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) or name in KEYWORDS:
        raise ValueError(f"export() to C: name={name!r} is not a name that C takes: a letter, then letters, digits and "
                         "underscores, and none of C's own words")
    return name


def _described(model: Model) -> tuple[list[Node], list[int], Network]:
    """A model's nodes, the positions of its outputs, and a network of them with its weights."""
    shapes = model._fixed_input_shapes() if model.built else None
    if shapes is None:
        raise ValueError(f"export() to C: model '{model.name}' has no inputs of known shapes; give it an Input with a "
                         "number for each extent")
    graph, outputs = model._graph_of(shapes)
    network, _ = graph.build(outputs)
    nodes, positions = graph.needed(outputs)
    return list(nodes), positions, network


def write_program(path: str, name: str, steps: Steps, program: Program, input_names: Sequence[str],
                  output_names: Sequence[str], accuracies: tuple[float | None, float | None] = (None, None)) -> CReport:
    """Writes the file, and tells how large things are."""
    memory = plan_memory(program)
    weights = sum(BYTES.get(TYPES[each.values.dtype.name], each.values.itemsize) * each.values.size
                  for each in program.weights())
    face = Face(name, ports(program.inputs, input_names, [steps.shapes[number] for number in steps.inputs], "input"),
                ports(program.outputs, output_names, steps.output_shapes, "output"))
    file_name = for_comments(os.path.basename(path))
    with replacing(path) as file:
        for text in lines_of(program, memory, face, file_name, _notes(weights, memory, accuracies)):
            file.write(text.encode("ascii"))
    return CReport(weights, memory.bytes, *accuracies)


def _notes(weights: int, memory: Memory, accuracies: tuple[float | None, float | None]) -> list[str]:
    sizes = f"Weights: {weights:,} bytes, constant. Memory for activations: {memory.bytes:,} bytes."
    before, after = accuracies
    if before is None or after is None:
        return [sizes]
    return [sizes, f"Accuracy on the data that it was calibrated with: {after:.2%} in int8, {before:.2%} in float."]
