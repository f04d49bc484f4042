"""Writes a model as one C file that makes predictions and needs nothing but the C library."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fashioncnn._core import Network
from fashioncnn.exchange.c_float import program_of
from fashioncnn.exchange.c_program import BYTES, TYPES, Memory, Program, plan_memory
from fashioncnn.exchange.c_steps import Node, Steps, steps_of
from fashioncnn.exchange.c_text import KEYWORDS, Face, identifier, lines_of, ports
from fashioncnn.layers.graph import Graph
from fashioncnn.saving.files import replacing
from fashioncnn.utils import checks

if TYPE_CHECKING:
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
    raise NotImplementedError


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
    graph = Graph()
    outputs = graph.connect(model, *(graph.input(shape, "input") for shape in shapes))
    network, _ = graph.build(outputs)
    return list(graph.nodes), outputs, network


def write_program(path: str, name: str, steps: Steps, program: Program, input_names: Sequence[str],
                  output_names: Sequence[str]) -> CReport:
    """Writes the file, and tells how large things are."""
    memory = plan_memory(program)
    weights = sum(BYTES.get(TYPES[each.values.dtype.name], each.values.itemsize) * each.values.size
                  for each in program.weights())
    face = Face(name, ports(program.inputs, input_names, [steps.shapes[number] for number in steps.inputs], "input"),
                ports(program.outputs, output_names, steps.output_shapes, "output"))
    with replacing(path) as file:
        for text in lines_of(program, memory, face, os.path.basename(path), _notes(weights, memory)):
            file.write(text.encode("ascii"))
    return CReport(weights, memory.bytes)


def _notes(weights: int, memory: Memory) -> list[str]:
    return [f"Weights: {weights:,} bytes, constant. Memory for activations: {memory.bytes:,} bytes."]
