"""The text of a C file: its head, its functions, its weights, and the calls that make a prediction."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from fashioncnn import __version__
from fashioncnn.exchange.c_library import Definition, definitions_for, is_defined, words_of
from fashioncnn.exchange.c_program import TYPES, Argument, Call, Identity, Memory, Program, Read, Weights, Write

WIDTH = 120
HARD_SPACE = "\1"
NUMBERS_IN_A_LINE = {"float": 6, "int8_t": 20, "int32_t": 10, "size_t": 20}
ARENAS = {"float": "arena", "int8_t": "int8_arena", "int32_t": "int32_arena"}
KEYWORDS = frozenset((
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "float",
    "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof",
    "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while", "_Bool", "_Complex",
    "_Imaginary",
))


class Port(NamedTuple):
    """An input or an output: its parameter's name, its tensor and its shape."""

    name: str
    tensor: int
    shape: tuple[int, ...]


class Face(NamedTuple):
    """What callers see of a file."""

    name: str
    inputs: list[Port]
    outputs: list[Port]

    @property
    def prototype(self) -> str:
        parameters = [f"const float *{port.name}" for port in self.inputs]
        parameters += [f"float *{port.name}" for port in self.outputs]
        return f"void {self.name}_predict({', '.join(parameters)})"

    def size_of(self, port: Port) -> str:
        return f"{self.name}_{port.name}_size".upper()


def identifier(text: str) -> str:
    """A name that C takes, as near to `text` as can be.

    Example:
        >>> identifier("my net-2"), identifier("3x3"), identifier("float")
        ('my_net_2', 'n3x3', 'float_')
    """
    name = re.sub(r"\W", "_", text, flags=re.ASCII)
    if not re.match(r"[A-Za-z]", name):
        name = f"n{name}"
    return f"{name}_" if name in KEYWORDS else name


def unique(text: str, taken: set[str]) -> str:
    """An identifier that is not taken yet; it is then."""
    name = base = identifier(text)
    count = 1
    while name in taken:
        count += 1
        name = f"{base}_{count}"
    taken.add(name)
    return name


def ports(tensors: Sequence[int], names: Sequence[str], shapes: Sequence[tuple[int, ...]], kind: str) -> list[Port]:
    """The inputs, or the outputs: "input" alone, or each with its layer's name."""
    taken: set[str] = set()
    called = [kind] if len(tensors) == 1 else [unique(f"{kind}_{name}", taken) for name in names]
    return [Port(*port) for port in zip(called, tensors, shapes, strict=True)]


def lines_of(program: Program, memory: Memory, face: Face, file_name: str, notes: Sequence[str]) -> Iterator[str]:
    """The file, in pieces that may be long.

    Args:
        program: What is computed.
        memory: Where tensors are.
        face: Names of the function, and of what it takes.
        file_name: For the first line.
        notes: Paragraphs for the head.

    Raises:
        ValueError: If a weight is not finite.
    """
    definitions = definitions_for({call.function for call in program.calls if is_defined(call.function)})
    names = _names_of(program.weights(), words_of(definitions) | {port.name for port in (*face.inputs, *face.outputs)})
    yield _head(face, file_name, notes)
    yield _includes(program, definitions)
    yield f"{face.prototype};\n\n"
    sizes = ", ".join(f"{face.size_of(port)} = {int(np.prod(port.shape))}" for port in (*face.inputs, *face.outputs))
    yield f"{_wrapped(f'enum {{ {sizes} }};')}\n\n"
    yield "/* ---- what layers do ---- */\n\n"
    yield from (f"{definition.text}\n\n" for definition in definitions)
    yield "/* ---- weights ---- */\n\n"
    for weights in program.weights():
        yield from _constant(weights, names[weights.identity])
    yield "/* ---- the network ---- */\n\n"
    yield from (f"static {type} {ARENAS[type]}[{size}];\n" for type, size in sorted(memory.sizes.items()))
    yield _predict(program, memory, face, names)
    yield _main(face)


def _comment(paragraphs: Iterable[str]) -> str:
    """A block comment; a paragraph that begins with spaces stays as it is."""
    lines: list[str] = []
    for paragraph in paragraphs:
        kept = paragraph.split("\n") if paragraph.startswith(" ") else textwrap.wrap(paragraph, WIDTH - 4)
        lines += [*kept, ""]
    return "/* " + "\n".join(f" * {line}".rstrip() for line in lines[:-1])[3:] + "\n */\n"


def _head(face: Face, file_name: str, notes: Sequence[str]) -> str:
    every = [*face.inputs, *face.outputs]
    width = max(len(port.name) for port in every)
    shapes = "\n".join(f"    {port.name:{width}}  {port.shape}, {int(np.prod(port.shape)):,} floats" for port in every)
    macro = f"{face.name.upper()}_MAIN"
    stem = face.name
    return _comment([
        f"{file_name} - a network for predictions in C99, written by fashioncnn {__version__}.",
        f"    {face.prototype};",
        "computes what the model's predict() does for one input. No array may overlap another.",
        shapes,
        "The last axis runs fastest: images are (height, width, channels).",
        *notes,
        "All memory is static, and nothing is allocated: calls must not overlap in time. For several threads let each "
        "have a copy of its own of this file's arenas, or lock.",
        f"For tests there is a program that reads raw floats from stdin, one input after the other, and writes the "
        f"outputs to stdout: cc -std=c99 -O3 -D{macro} {file_name} -lm -o {stem} && ./{stem} < images > outputs",
    ]) + "\n"


def _includes(program: Program, definitions: Sequence[Definition]) -> str:
    headers = {header for definition in definitions for header in definition.headers} | {"math.h", "stddef.h"}
    if any(call.function == "memcpy" for call in program.calls):
        headers.add("string.h")
    return "".join(f"#include <{header}>\n" for header in sorted(headers)) + "\n"


# ---- weights ----


def _names_of(every: Sequence[Weights], taken: set[str]) -> Mapping[Identity, str]:
    taken = set(taken) | set(ARENAS.values())
    return {weights.identity: unique(weights.name, taken) for weights in every}


def _constant(weights: Weights, name: str) -> Iterator[str]:
    c_type = TYPES[weights.values.dtype.name]
    if weights.values.dtype.kind == "f" and not np.isfinite(weights.values).all():
        raise ValueError(f"weights {weights.name} are not finite, and C has no constants for such numbers: train "
                         "the model again, with a lower learning rate")
    yield f"static const {c_type} {name}[{weights.values.size}] = {{\n"
    count = NUMBERS_IN_A_LINE[c_type]
    for begin in range(0, weights.values.size, count):
        yield f"    {', '.join(map(_literal, weights.values[begin:begin + count]))},\n"
    yield "};\n\n"


def _literal(value: Any) -> str:
    """Hexadecimal where it is a float: exact whatever a compiler makes of decimal places, and read in less time."""
    if not isinstance(value, np.floating):
        return str(value)
    digits, exponent = float(value).hex().split("p")
    return f"{digits.rstrip('0').rstrip('.')}p{int(exponent)}f" if value else "0.0f"


# ---- calls ----


def _predict(program: Program, memory: Memory, face: Face, names: Mapping[Identity, str]) -> str:
    own = {port.tensor: port.name for port in (*face.inputs, *face.outputs)}

    def written(argument: Argument) -> str:
        if isinstance(argument, list):
            return "".join(map(written, argument))
        if isinstance(argument, (Read, Write)):
            if argument.tensor in own:
                return own[argument.tensor]
            type, offset = memory.place[argument.tensor]
            return f"{ARENAS[type]} + {offset}"
        return names[argument.identity] if isinstance(argument, Weights) else argument

    def lines(call: Call) -> str:
        arguments = ", ".join(map(written, call.arguments))
        comment = _wrapped(f"/* {call.comment} */", 4) + "\n" if call.comment else ""
        return comment + _wrapped(f"{call.function}({arguments});", 4) + "\n"

    read = {tensor for call in program.calls for tensor in call.tensors(Read)}
    unused = "".join(f"    (void){port.name};\n" for port in face.inputs if port.tensor not in read)
    return f"\n{face.prototype}\n{{\n{unused}{''.join(map(lines, program.calls))}}}\n"


def _wrapped(line: str, indent: int = 0) -> str:
    line = re.sub(r"\w+ \+ \d+|\.\w+ = (\{[\d, ]*\}|[^ ]*)", lambda match: match.group().replace(" ", HARD_SPACE), line)
    return textwrap.fill(line, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 4),
                         break_long_words=False, break_on_hyphens=False).replace(HARD_SPACE, " ")


def _main(face: Face) -> str:
    """The program for tests."""
    def declared(ports: Sequence[Port]) -> str:
        return "".join(f"    static float {port.name}[{face.size_of(port)}];\n" for port in ports)

    def whole(function: str, port: Port, stream: str) -> str:
        return f"{function}({port.name}, sizeof *{port.name}, {face.size_of(port)}, {stream}) != {face.size_of(port)}"

    first, *others = face.inputs
    rest = " || ".join(whole("fread", port, "stdin") for port in others)
    written = " ||\n            ".join(whole("fwrite", port, "stdout") for port in face.outputs)
    truncated = f"got < {face.size_of(first)}" + (f" || {rest}" if rest else "")
    arguments = ", ".join(port.name for port in (*face.inputs, *face.outputs))
    return f"""
#ifdef {face.name.upper()}_MAIN
#include <stdio.h>

int main(void)
{{
{declared((*face.inputs, *face.outputs))}    size_t got;
    while ((got = fread({first.name}, sizeof *{first.name}, {face.size_of(first)}, stdin)) > 0) {{
        if ({truncated}) {{
            fputs("the last input is not whole\\n", stderr);
            return 1;
        }}
        {face.name}_predict({arguments});
        if ({written})
            return 1;
    }}
    return ferror(stdin) || fflush(stdout) != 0;
}}
#endif
"""
