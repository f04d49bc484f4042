"""What code of users is made of, in operators of ONNX: functions, comparisons, reductions, parts of arrays, weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fashioncnn.exchange import layouts
from fashioncnn.exchange.layouts import Layout
from fashioncnn.exchange.onnx_writer import Writer

_BROADCAST = ("add", "average", "divide", "dot", "equal", "greater", "greater_equal", "less", "less_equal", "maximum",
              "minimum", "multiply", "not_equal", "power", "subtract", "where")
_FIRST = -(2**31)  # the end of a reversed slice that holds number 0


# ---- several inputs ----

def brought_together(writer: Writer) -> tuple[list[str], Layout]:
    """The inputs with as many axes, in one layout, and that layout."""
    rank = max(len(writer.shape(position)) for position in writer.inputs)
    if all(len(writer.shape(position)) == rank for position in writer.inputs):
        layout = writer.common_layout(writer.inputs)
        return [writer.arranged(position, layout) for position in writer.inputs], layout
    return [_widened(writer, position, rank) for position in writer.inputs], layouts.ours(rank)


def _widened(writer: Writer, position: int, rank: int) -> str:
    """A tensor with axes of length 1 behind the batch's."""
    name, missing = writer.ours(position), rank - len(writer.shape(position))
    return writer.op("Unsqueeze", name, writer.integers(range(1, 1 + missing))) if missing else name


def pair(operator: str) -> Callable[[Writer], None]:
    """Writes an operator of two inputs."""
    def write(writer: Writer) -> None:
        names, layout = brought_together(writer)
        writer.put(writer.op(operator, *names), layout)

    return write


def comparison(operator: str, negated: bool = False) -> Callable[[Writer], None]:
    """Writes a comparison, as 1 and 0."""
    def write(writer: Writer) -> None:
        names, layout = brought_together(writer)
        holds = writer.op(operator, *names)
        writer.put(writer.as_floats(writer.op("Not", holds) if negated else holds), layout)

    return write


def where(writer: Writer) -> None:
    """Writes a node of the type "where"."""
    (condition, *others), layout = brought_together(writer)
    is_zero = writer.op("Equal", condition, writer.numbers(0.0))
    writer.put(writer.op("Where", is_zero, *reversed(others)), layout)


def by_training(writer: Writer) -> None:
    """Writes what is taken in inference."""
    _, position = writer.inputs
    writer.put(writer.primary(position), writer.layout(position))


# ---- functions of each number ----

def function(writer: Writer) -> None:
    """Writes a node of the type "function"."""
    (position,) = writer.inputs
    made = _FUNCTIONS[writer.node["function"]](writer, writer.primary(position))
    writer.put(made, writer.layout(position))


def _plain(*operators: str) -> Callable[[Writer, str], str]:
    """Operators one after the other."""
    def write(writer: Writer, x: str) -> str:
        for operator in operators:
            x = writer.op(operator, x)
        return x

    return write


def _clip(writer: Writer, x: str) -> str:
    bounds = [writer.node.get(name) for name in ("low", "high")]
    return writer.op("Clip", x, *("" if bound is None else writer.numbers(bound) for bound in bounds))


def _power(writer: Writer, x: str) -> str:
    return writer.op("Pow", x, writer.numbers(writer.node["exponent"]))


def _expm1(writer: Writer, x: str) -> str:
    return writer.op("Sub", writer.op("Exp", x), writer.numbers(1.0))


def _log1p(writer: Writer, x: str) -> str:
    return writer.op("Log", writer.op("Add", x, writer.numbers(1.0)))


def _square(writer: Writer, x: str) -> str:
    return writer.op("Mul", x, x)


def _truncate(writer: Writer, x: str) -> str:
    return writer.op("Mul", writer.op("Sign", x), writer.op("Floor", writer.op("Abs", x)))


_FUNCTIONS: dict[str, Callable[[Writer, str], str]] = {
    "absolute": _plain("Abs"), "ceil": _plain("Ceil"), "clip": _clip, "cos": _plain("Cos"), "erf": _plain("Erf"),
    "expm1": _expm1, "floor": _plain("Floor"), "log": _plain("Log"), "log1p": _log1p, "power": _power,
    "reciprocal": _plain("Reciprocal"), "round": _plain("Round"), "rsqrt": _plain("Sqrt", "Reciprocal"),
    "sign": _plain("Sign"), "sin": _plain("Sin"), "sqrt": _plain("Sqrt"), "square": _square,
    "stop_gradient": lambda writer, x: x, "trunc": _truncate,
}


# ---- reductions ----

def reduction(writer: Writer) -> None:
    """Writes a node of the type "reduce"."""
    (position,) = writer.inputs
    node, layout = writer.node, writer.layout(position).plain
    reduced = range(node["first"], node["last"] + 1)
    axes = writer.integers(sorted(map(layout.place, reduced)), "axes")
    keepdims = int(node.get("keepdims", False))
    operator = f"Reduce{node['kind'].capitalize()}"
    made = writer.op(operator, writer.arranged(position, layout), axes, keepdims=keepdims)
    kept = [axis for axis in layout.order if axis not in reduced]
    writer.put(made, layout if keepdims else Layout(tuple(sorted(kept).index(axis) for axis in kept)))


# ---- parts of arrays ----

def part(writer: Writer) -> None:
    """Writes a node of the type "slice".

    Number i of the part is number begin + i * step of the whole; reversed, i counts from the last. Of seven numbers,
    begin 1, step 2 and extent 3 are numbers 1, 3 and 5; reversed they go from 5 in steps of -2, to before 0.
    """
    (position,) = writer.inputs
    layout = writer.layout(position).plain
    cuts = [(layout.place(axis), *_cut(writer, axis)) for axis in range(layout.rank) if not _is_whole(writer, axis)]
    if not cuts:
        writer.hand_on()
        return
    axes, starts, ends, steps = (writer.integers(column) for column in zip(*sorted(cuts), strict=True))
    writer.put(writer.op("Slice", writer.arranged(position, layout), starts, ends, axes, steps), layout)


def _is_whole(writer: Writer, axis: int) -> bool:
    """Whether the part has the whole of an axis, in order."""
    node = writer.node
    return not node["reverse"][axis] and all(shapes[writer.position][axis] == shapes[writer.inputs[0]][axis]
                                             for shapes in writer.description.tried)


def _cut(writer: Writer, axis: int) -> tuple[int, int, int]:
    """Where a part starts along an axis, where it ends, and in which steps it goes."""
    begin, step, extent = (_known(writer, writer.node[name][axis]) for name in ("begin", "step", "extent"))
    last = begin + (extent - 1) * step
    if not writer.node["reverse"][axis]:
        return begin, last + 1, step
    return last, begin - 1 if begin else _FIRST, -step


def _known(writer: Writer, number: int | None) -> int:
    if number is None:
        writer.refuse("takes a part that depends on an extent that is not known; give Input() the whole shape")
    return number


def padding(writer: Writer) -> None:
    """Writes a node of the type "pad"."""
    (position,) = writer.inputs
    node, layout = writer.node, writer.layout(position).plain
    if any(step != 1 for step in node["step"]) or any(node["reverse"]):
        writer.refuse("spreads numbers in steps")
    before: Sequence[int] = [_known(writer, number) for number in node["begin"]]
    after = [_after(writer, axis) for axis in range(layout.rank)]
    pads = writer.integers([0, *layout.arranged(before), 0, *layout.arranged(after)], "pads")
    made = writer.op("Pad", writer.arranged(position, layout), pads, writer.numbers(node.get("value", 0.0)))
    writer.put(made, layout)


def _after(writer: Writer, axis: int) -> int:
    """How many numbers are put behind an axis; the same, whatever its extent."""
    counts = {shapes[writer.position][axis] - shapes[writer.inputs[0]][axis] - writer.node["begin"][axis]
              for shapes in writer.description.tried}
    return _known(writer, counts.pop() if len(counts) == 1 else None)


# ---- what every image is given alike ----

def constant(writer: Writer) -> None:
    """Writes a node of the type "constant"."""
    shape = writer.known_shape(writer.position)
    _give(writer, writer.numbers(np.reshape(writer.node["values"], (1, *shape)), "constant"))


def weight(writer: Writer) -> None:
    """Writes a node of the type "weight"."""
    _give(writer, writer.numbers(writer.parameters["weight"][np.newaxis], "weight"))


def _give(writer: Writer, name: str) -> None:
    """Notes where the array is: once, if all that takes it broadcasts it over images, else once for each image."""
    shape, nodes = writer.known_shape(writer.position), writer.description.nodes
    users = [user for user, node in enumerate(nodes) if writer.position in node["inputs"]]
    broadcasts = all(nodes[user]["type"] in _BROADCAST and not writer.is_given[user] for user in users)
    if writer.position in writer.description.outputs or not broadcasts:
        (source,) = writer.inputs
        batch = writer.op("Shape", writer.primary(source), start=0, end=1)
        name = writer.op("Expand", name, writer.op("Concat", batch, writer.integers([*shape]), axis=0))
    writer.put(name, layouts.ours(len(shape)))
