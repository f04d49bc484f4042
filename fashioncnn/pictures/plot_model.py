"""A model's boxes and arrows in a file: by Graphviz, through pydot as in Keras, and without Graphviz by matplotlib."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from html import escape
from typing import Any

from fashioncnn.pictures.boxes import Box, Diagram, Group
from fashioncnn.saving.files import replacing


def model_to_dot(model: Any, show_shapes: bool = False, show_dtype: bool = False, show_layer_names: bool = True,
                 rankdir: str = "TB", expand_nested: bool = False, dpi: int = 200, subgraph: bool = False,
                 show_layer_activations: bool = False, show_trainable: bool = False, splines: str = "ortho",
                 **options: Any) -> Any:
    """A model as a pydot.Dot, or a pydot.Cluster where it is to be a `subgraph`. For the arguments see `plot_model`.

    Raises:
        ImportError: If pydot is not installed.
        ValueError: If the model is not built.

    Example:
        >>> from fashioncnn import Input, Sequential, layers
        >>> dot = model_to_dot(Sequential([Input((4,)), layers.Dense(3), layers.Dense(2)]))
        >>> len(dot.get_nodes()), len(dot.get_edges())
        (2, 1)
    """
    _refuse(options)
    try:
        import pydot
    except ImportError as error:
        raise ImportError('model_to_dot() needs an extra: pip install "fashioncnn[plot]"') from error
    diagram = Diagram(model, show_shapes=show_shapes, show_dtype=show_dtype, show_layer_names=show_layer_names,
                      expand_nested=expand_nested, show_layer_activations=show_layer_activations,
                      show_trainable=show_trainable)
    dot: Any
    prefix = f"{_word(model.name)}_" if subgraph else ""  # beside others, whose boxes have other names
    if subgraph:
        dot = _cluster(model.name, model.name)
    else:
        dot = pydot.Dot(rankdir=rankdir, concentrate=True, dpi=dpi, splines=splines)
    clusters: list[tuple[Group, Any]] = []
    homes = [dot] * len(diagram.boxes)
    for number, group in enumerate(diagram.groups):
        cluster = _cluster(f"{prefix}{group.name}_{number}", group.name)
        for inner, of_inner in [pair for pair in clusters if group.begin <= pair[0].begin and pair[0].end <= group.end]:
            cluster.add_subgraph(of_inner)
            clusters.remove((inner, of_inner))
        clusters.append((group, cluster))
        homes[group.begin : group.end] = [cluster if home is dot else home for home in homes[group.begin : group.end]]
    for _, cluster in clusters:
        dot.add_subgraph(cluster)
    for number, box in enumerate(diagram.boxes):
        homes[number].add_node(pydot.Node(f"{prefix}{number}", label=_label(box), fontname="Helvetica", shape="plain"))
    for start, end in diagram.arrows:
        dot.add_edge(pydot.Edge(f"{prefix}{start}", f"{prefix}{end}", penwidth="2"))
    return dot


def _cluster(name: str, text: str) -> Any:
    """A frame with a text, in quotes, as Graphviz's HTML would begin with "<"."""
    import pydot

    quoted = _printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return pydot.Cluster(graph_name=_word(name), style="dashed", label=f'"{quoted}"', labeljust="l")


def _word(name: str) -> str:
    return re.sub(r"\W", "_", name)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _escaped(text: str) -> str:
    return escape(_printable(text))


def _label(box: Box) -> str:
    """A box as a table of Graphviz's HTML."""
    cells = [f'<td bgcolor="white"><font point-size="14">{_escaped(name)}: <b>{_escaped(value)}</b></font></td>'
             for name, value in box.lines]
    if box.trainable is not None:
        color, text = ("forestgreen", "Trainable") if box.trainable else ("firebrick", "Non-trainable")
        cells.append(f'<td bgcolor="{color}"><font point-size="14" color="white"><b>{text}</b></font></td>')
    row = f"<tr>{''.join(cells)}</tr>" if cells else ""
    title = f'<font point-size="16" color="white"><b>{_escaped(box.title)}</b></font>'
    return (f'<<table border="0" cellborder="1" bgcolor="black" cellpadding="10">'
            f'<tr><td colspan="{max(len(cells), 1)}">{title}</td></tr>{row}</table>>')


def plot_model(model: Any, to_file: str | os.PathLike[str] = "model.png", show_shapes: bool = False,
               show_dtype: bool = False, show_layer_names: bool = False, rankdir: str = "TB",
               expand_nested: bool = False, dpi: int = 200, show_layer_activations: bool = False,
               show_trainable: bool = False, splines: str = "ortho", **options: Any) -> Any:
    """Draws a model's layers and their connections into a file. Needs the extra "plot".

    Graphviz draws it, where its program `dot` is installed; else matplotlib does.

    Args:
        model: A built model.
        to_file: The file; its ending says of which kind: .png, .svg, .pdf; PNG where there is none.
        show_shapes: Whether boxes tell the shapes of what goes in and out.
        show_dtype: Whether they tell the type of the numbers.
        show_layer_names: Whether they tell the layers' names.
        rankdir: "TB": from the top down; "LR": from left to right.
        expand_nested: Whether the layers of models in the model are drawn too.
        dpi: Pixels an inch.
        show_layer_activations: Whether boxes tell activations.
        show_trainable: Whether they tell which layers are trained.
        splines: How Graphviz draws lines: "ortho", "curved", "polyline", "spline", "line".
        options: Older arguments of Keras; they raise ValueError.

    Returns:
        In a notebook, what shows the picture; else None.

    Raises:
        ImportError: If neither pydot with Graphviz nor matplotlib is installed.
        OSError: If the file cannot be written.
        ValueError: If the model is not built, or there is no picture of that kind.

    Example:
        >>> import tempfile
        >>> from fashioncnn import Input, Sequential, layers
        >>> path = os.path.join(tempfile.mkdtemp(), "model.png")
        >>> _ = plot_model(Sequential([Input((4,)), layers.Dense(3)]), path, show_shapes=True)
        >>> os.path.exists(path)
        True
    """
    _refuse(options)
    shown = {"show_shapes": show_shapes, "show_dtype": show_dtype, "show_layer_names": show_layer_names,
             "expand_nested": expand_nested, "show_layer_activations": show_layer_activations,
             "show_trainable": show_trainable}
    if rankdir not in ("TB", "LR", "BT", "RL"):
        raise ValueError(f"`rankdir` must be 'TB', 'LR', 'BT' or 'RL', got {rankdir!r}")
    path = os.fspath(to_file)
    kind = os.path.splitext(path)[1][1:] or "png"
    if _has_graphviz():
        drawn = _drawn(model_to_dot(model, rankdir=rankdir, dpi=dpi, splines=splines, **shown).to_string(), kind)
        with replacing(path) as file:
            file.write(drawn)
    else:
        from fashioncnn.pictures.diagram import draw

        draw(Diagram(model, **shown), rankdir).save(path, dpi)
    if kind == "pdf":
        return None
    try:
        from IPython import display, get_ipython
    except ImportError:
        return None
    image: Any = display.Image
    return image(filename=path) if kind != "svg" and get_ipython() is not None else None


def _refuse(options: dict[str, Any]) -> None:
    for name, value in options.items():
        if name != "layer_range" or value is not None:
            raise ValueError(f"the argument `{name}` is not supported")


def _drawn(source: str, kind: str) -> bytes:
    """What Graphviz makes of a description."""
    done = subprocess.run(["dot", f"-T{kind}"], input=source.encode(), capture_output=True, check=False)
    if done.returncode:
        raise ValueError(f"Graphviz made no {kind!r} of the model: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _has_graphviz() -> bool:
    try:
        import pydot  # noqa: F401
    except ImportError:
        return False
    return shutil.which("dot") is not None
