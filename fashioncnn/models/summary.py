"""The table that `Model.summary` prints, laid out as Keras lays it out."""

from __future__ import annotations

import base64
import html
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Protocol

from fashioncnn._core import Network
from fashioncnn.callbacks import History
from fashioncnn.layers.layer import Layer
from fashioncnn.models.connections import Connections
from fashioncnn.optimizers import Optimizer
from fashioncnn.utils import checks, structures
from fashioncnn.utils.variable import Variable

DEFAULT_WIDTH, NARROWEST = 88, 20
TRAINABLE_WIDTH, NARROWEST_WITH_TRAINABLE = 12, 40
WIDTH_WITH_SOURCES = 108


class Summarized(Protocol):
    """What a summary tells of a model."""

    name: str
    network: Network | None
    history: History | None
    _connections: Connections | None

    @property
    def compiled(self) -> bool: ...
    @property
    def optimizer(self) -> Optimizer | None: ...
    @property
    def layers(self) -> list[Layer]: ...
    @property
    def trainable_weights(self) -> list[Variable]: ...
    @property
    def non_trainable_weights(self) -> list[Variable]: ...


def render_html(model: Summarized) -> str:
    """The summary as a table of HTML, with the curves of the last training where matplotlib can draw them."""
    titles = ["Layer (type)", "Output Shape", "Param #"] + ["Connected to"] * _shows_sources(model)
    rows = [_html_row("th", titles)]
    rows += [_html_row("td", [cells[title] for title in titles]) for layer in model.layers
             for cells in _rows(model, layer, True, 0)]
    totals = "<br>".join(html.escape(line.strip()) for line in _totals(model))
    return (f"<div><b>{html.escape(type(model).__name__)}: {html.escape(model.name)}</b><table>{''.join(rows)}</table>"
            f"<p>{totals}</p>{_curves(model)}</div>")


def _html_row(kind: str, texts: list[str]) -> str:
    cells = (f'<{kind} style="text-align: left; white-space: nowrap">{html.escape(text)}</{kind}>' for text in texts)
    return f"<tr>{''.join(cells)}</tr>"


def _curves(model: Summarized) -> str:
    """The curves as an image within the HTML; nothing before a training, or without matplotlib."""
    if model.history is None or not model.history.history:
        return ""
    try:
        from fashioncnn.pictures.training import curves
    except ImportError:
        return ""
    data = base64.b64encode(curves(model.history)._repr_png_()).decode()
    return f'<img alt="curves of the last training" style="max-width: 100%" src="data:image/png;base64,{data}">'


def render(model: Summarized, line_length: int | None, positions: Sequence[float] | None, expand_nested: bool,
           show_trainable: bool, layer_range: Sequence[str] | None) -> str:
    """The summary of a model; for the arguments see `Model.summary`."""
    header, alignment = ["Layer (type)", "Output Shape", "Param #"], "<<>"
    ends = list(positions or (0.45, 0.80, 1.0))
    default_width, narrowest = DEFAULT_WIDTH, NARROWEST
    if _shows_sources(model):
        header.append("Connected to")
        alignment += "<"
        ends = list(positions or (0.3, 0.56, 0.74, 1.0))
        default_width = WIDTH_WITH_SOURCES
    if show_trainable:
        header.append("Trainable")
        alignment += "^"
        ends = [end * 0.9 for end in ends] + [1.0]
        default_width, narrowest = default_width + TRAINABLE_WIDTH, NARROWEST_WITH_TRAINABLE
    if len(ends) != len(header):
        raise ValueError(f"`positions` must hold {len(header)} numbers, got {list(positions or ())}")
    if line_length is None:
        import shutil

        line_length = max(narrowest, min(default_width, shutil.get_terminal_size().columns - 4))
    widths = _column_widths(checks.integer("line_length", line_length, at_least=1), ends)
    rows = [[cells[title] for title in header] for layer in _listed(model.layers, layer_range)
            for cells in _rows(model, layer, expand_nested, 0)]
    return "\n".join([f'Model: "{model.name}"', *_table(header, rows, widths, alignment), *_totals(model)])


def _column_widths(line_length: int, ends: Sequence[float]) -> list[int]:
    """Characters between the rules of each column: the space a column ends with and the one it begins with included."""
    marks = [0, *(int(end * line_length) for end in ends)]
    widths = [mark - before + 2 for before, mark in pairwise(marks)]
    if min(widths) < 6:
        raise ValueError(f"a summary of {line_length} characters a line is too narrow; pass a larger `line_length`")
    # The rules between columns take their share from all columns.
    excess = sum(widths) + len(widths) + 1 - line_length
    for i, width in enumerate(widths):
        if excess > 0:
            share = round(excess / (len(widths) - i))
            widths[i], excess = width - share, excess - share
    return widths


def _shows_sources(model: Summarized) -> bool:
    """Whether a column says what each layer is connected to: where the layers form no chain."""
    return model._connections is not None and not model._connections.is_chain()


def _rows(model: Summarized, layer: Layer, expand_nested: bool, depth: int) -> Iterator[dict[str, str]]:
    """The cells, by the titles of their columns, of a layer and, if wanted, of those inside it."""
    prefix = "   " * depth + "└ " if depth else ""
    connections = model._connections
    sources = [] if connections is None else connections.sources_of(layer)
    yield {
        "Layer (type)": f"{prefix}{layer.name} ({layer.title})",
        "Output Shape": _shape_text(_output_shape(layer)) if layer.knows_shapes else "?",
        "Param #": f"{layer.count_params():,}" if layer.knows_shapes else "0 (unbuilt)",
        "Connected to": ", ".join(f"{source.layer.name}[{source.call}][{source.output}]" for source in sources) or "-",
        "Trainable": "-" if not layer.weights else "Y" if layer.trainable else "N",
    }
    if expand_nested:
        for inner in getattr(layer, "layers", ()):
            yield from _rows(model, inner, expand_nested, depth + 1)


def _output_shape(layer: Layer) -> Any:
    """That of the layer's last call; a list for several outputs."""
    calls = layer._inbound_nodes
    return structures.single([tensor.shape for tensor in calls[-1].outputs]) if calls else layer.output_shape


def _shape_text(shape: Any) -> str:
    """ "(None, 10)", or "[(None, 10), (None, 2)]" for several outputs."""
    if isinstance(shape, list):
        return f"[{', '.join(map(_shape_text, shape))}]"
    return f"({', '.join(map(str, shape))})"


def _listed(layers: list[Layer], layer_range: Sequence[str] | None) -> list[Layer]:
    """The layers from the first to the last that `layer_range` names."""
    if layer_range is None:
        return layers
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ValueError(f"`layer_range` must be two names, got {layer_range!r}")
    found = [[i for i, layer in enumerate(layers) if re.match(name, layer.name)] for name in layer_range]
    if not all(found):
        raise ValueError(f"`layer_range` {list(layer_range)} names layers that the model does not have")
    first, last = found
    if min(first) > max(last):
        first, last = last, first
    return layers[min(first) : max(last) + 1]


def _table(header: list[str], rows: list[list[str]], widths: list[int], alignment: str) -> Iterator[str]:
    yield _rule("┏", "━", "┳", "┓", widths)
    yield from _cells(header, "┃", widths, alignment, at_bottom=True)
    yield _rule("┡", "━", "╇", "┩", widths)
    for i, row in enumerate(rows):
        if i:
            yield _rule("├", "─", "┼", "┤", widths)
        yield from _cells(row, "│", widths, alignment)
    yield _rule("└", "─", "┴", "┘", widths)


def _rule(left: str, line: str, joint: str, right: str, widths: list[int]) -> str:
    return left + joint.join(line * width for width in widths) + right


def _cells(texts: list[str], bar: str, widths: list[int], alignment: str, at_bottom: bool = False) -> Iterator[str]:
    """The lines of one row, as many as its longest cell needs."""
    columns = [_wrapped(text, width - 2) for text, width in zip(texts, widths, strict=True)]
    height = max(map(len, columns))
    for lines in columns:
        blank = [""] * (height - len(lines))
        lines[:] = blank + lines if at_bottom else lines + blank
    for line in zip(*columns, strict=True):
        cells = [f" {text:{side}{width - 2}} " for text, side, width in zip(line, alignment, widths, strict=True)]
        yield bar + bar.join(cells) + bar


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width`: broken at spaces, longer words cut."""
    lines = [""]
    for word in re.findall(r"\s*\S+", text):
        if lines[-1] and len(lines[-1]) + len(word) > width:
            lines.append(word.lstrip())
        else:
            lines[-1] += word
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]


def _totals(model: Summarized) -> Iterator[str]:
    trainable, fixed = _count(model.trainable_weights), _count(model.non_trainable_weights)
    optimizer, optimizer_bytes = 0, 0
    if model.compiled and model.network is not None and model.optimizer is not None and model.network.iterations:
        # Keras counts the number of updates (8 bytes) and the learning rate (4 bytes, but for a schedule) as well.
        moments = len(model.network.optimizer_slots) * _optimized(model.network)
        rates = 0 if model.optimizer.has_schedule else 1
        optimizer, optimizer_bytes = moments + 1 + rates, 4 * (moments + rates) + 8
    total = trainable + fixed
    yield f" Total params: {total + optimizer:,} ({_size_text(4 * total + optimizer_bytes)})"
    yield f" Trainable params: {trainable:,} ({_size_text(4 * trainable)})"
    yield f" Non-trainable params: {fixed:,} ({_size_text(4 * fixed)})"
    if optimizer:
        yield f" Optimizer params: {optimizer:,} ({_size_text(optimizer_bytes)})"


def _optimized(network: Network) -> int:
    """The number of weights that the optimizer updates; others may have become trainable since."""
    return sum(math.prod(shape) for (_, _, shape, _), optimized in
               zip(network.parameters, network.optimized, strict=True) if optimized)


def _count(weights: Iterable[Variable]) -> int:
    return sum(weight.size for weight in weights)


def _size_text(size: float) -> str:
    """Bytes in the largest unit that leaves a number of at least 1: "879.04 KB"."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} TB"
