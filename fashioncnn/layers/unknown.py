"""Shapes with unknown extents: what layers make of them is found by trying two lengths in their place.

An extent that both tries make is known; one that follows what is tried is unknown itself. So every layer says by the
same nodes, and the core by the same formulas, what becomes of shapes that are known and of others.
"""

from __future__ import annotations

from collections.abc import Sequence

from fashioncnn.layers.graph import Description, Shape, Use
from fashioncnn.layers.symbolic import Extents

TRIED = (960, 1920)  # long enough for the windows of deep networks, and halved six times they are whole


def is_known(shapes: Sequence[Extents]) -> bool:
    """Whether all extents are."""
    return all(None not in shape for shape in shapes)


def filled(shapes: Sequence[Extents], length: int) -> list[Shape]:
    """The shapes with `length` in place of what is unknown.

    Example:
        >>> filled([(None, 8, 3)], 960)
        [(960, 8, 3)]
    """
    return [tuple(length if extent is None else extent for extent in shape) for shape in shapes]


def joined(first: Description, second: Description) -> Description:
    """What two tries have in common.

    Raises:
        ValueError: If the shape of a weight follows what was tried.
    """
    for parameter, other in zip(first.parameters, second.parameters, strict=True):
        if parameter.shape != other.shape:
            layer = parameter.layer
            raise ValueError(f"{type(layer).__name__} '{layer.name}': the shape of its {parameter.name} depends on an "
                             "unknown extent of the input; give Input() the whole shape")
    uses = [Use(use.layer, _common(use.inputs, other.inputs), _common(use.outputs, other.outputs))
            for use, other in zip(first.uses, second.uses, strict=True)]
    return Description(uses, first.parameters)


def _common(first: Sequence[Extents], second: Sequence[Extents]) -> list[Extents]:
    return [tuple(a if a == b else None for a, b in zip(one, other, strict=True))
            for one, other in zip(first, second, strict=True)]
