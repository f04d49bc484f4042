"""The names that weights have in files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from fashioncnn.utils.registry import snake_case
from fashioncnn.utils.variable import Variable


def items(layers: Iterable[Any]) -> list[tuple[str, Variable]]:
    """(name, weight) of every weight of a model's layers.

    Names count the layers of each class, as in Keras's files: "conv2d_1/kernel" is the second Conv2D's, whatever the
    layers are called. So they do not depend on what else was made in the same process.
    """
    found = []
    counts: Counter[str] = Counter()
    for layer in layers:
        kind = snake_case(type(layer).__name__)
        place = f"{kind}_{counts[kind]}" if counts[kind] else kind
        counts[kind] += 1
        own = layer._weight_items() if hasattr(layer, "_weight_items") else [(w.name, w) for w in layer.weights]
        found += [(f"{place}/{name}", weight) for name, weight in own]
    return found
