"""What arrays a model takes: every check is made, and named after the caller's argument, before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashioncnn import _core
from fashioncnn.losses import Loss
from fashioncnn.utils import checks
from fashioncnn.utils.arrays import as_array

Array = NDArray[Any]


class Expected(NamedTuple):
    """What a model takes and gives.

    With `scan`, arrays are searched for NaN and infinity before a pass over them begins. The core refuses a batch that
    has one in any case, but then earlier batches have been trained on.
    """

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    loss: Loss | None
    scan: bool = False


class Names(NamedTuple):
    """How messages speak of the arrays."""

    caller: str
    x: str = "`x`"
    y: str = "`y`"
    sample_weight: str = "`sample_weight`"


def check_lengths(names: Names, x: Array, y: Array | None, sample_weight: Array | None) -> None:
    """Raises ValueError unless all arrays have as many rows as `x`."""
    for name, array in ((names.y, y), (names.sample_weight, sample_weight)):
        if array is not None and len(array) != len(x):
            raise ValueError(f"{names.caller}() got {len(x)} rows in {names.x} and {len(array)} in {name}; they must "
                             "be as many")


def inputs(names: Names, x: Array, expected: Expected, first_row: int = 0) -> Array:
    """`x` with the rank that the model takes: a channel axis of 1 is added or taken away.

    Raises:
        ValueError: If the shape of a row is another one, or a scan finds a NaN or an infinity.
    """
    shape = expected.input_shape
    if x.shape[1:] != shape:
        if (*x.shape[1:], 1) == shape:
            x = x[..., np.newaxis]
        elif x.shape[1:] == (*shape, 1):
            x = x[..., 0]
        else:
            hint = "; one image alone needs a batch axis: image[np.newaxis]" if x.shape == shape else ""
            raise ValueError(f"{names.caller}() got {names.x} of shape {x.shape}; the model takes "
                             f"{text_of_shape(shape)}{hint}")
    if expected.scan:
        _check_finite(names.caller, names.x, x, first_row)
    return x


def targets(names: Names, y: Array, expected: Expected, first_row: int = 0) -> Array:
    """`y`, if the loss takes it.

    Raises:
        TypeError: If labels are not integers.
        ValueError: If a shape or a label does not fit the model's output, or a scan finds a NaN or an infinity.
    """
    loss, outputs = expected.loss, expected.output_shape
    assert loss is not None, "targets are only looked at where there is a loss"
    if loss.takes_labels:
        _check_labels(names, y, loss, outputs)
    elif y.shape[1:] != outputs and (*y.shape[1:], 1) != outputs:
        hint = ("; integer labels go with loss='sparse_categorical_crossentropy'"
                if y.dtype.kind in "iu" and y.shape[1:] in ((), (1,)) and outputs[-1] > 1 else "")
        raise ValueError(f"{names.caller}() got {names.y} of shape {y.shape}; the loss '{loss.name}' takes the shape "
                         f"of the model's output, {text_of_shape(outputs)}{hint}")
    if expected.scan:
        _check_finite(names.caller, names.y, y, first_row)
    return y


def _check_labels(names: Names, y: Array, loss: Loss, outputs: tuple[int, ...]) -> None:
    classes = outputs[-1]
    if y.shape[1:] not in (outputs[:-1], (*outputs[:-1], 1)):
        hint = "; rows of ones and zeros go with loss='categorical_crossentropy'" if y.shape[1:] == outputs else ""
        raise ValueError(f"{names.caller}() got {names.y} of shape {y.shape}; the loss '{loss.name}' takes one integer "
                         f"for each image, {text_of_shape(outputs[:-1])}{hint}")
    if y.dtype.kind == "f":
        raise TypeError(f"{names.caller}() got labels of dtype {y.dtype} in {names.y}; the loss '{loss.name}' takes "
                        "integers: pass y.astype('int64')")
    low, high = int(y.min()), int(y.max())
    if low < 0 or high >= classes:
        raise ValueError(f"{names.caller}() got labels from {low} to {high} in {names.y}, but the model's last layer "
                         f"has {classes} units: labels must be 0 to {classes - 1}.")


def sample_weights(names: Names, weights: Any, rows: int) -> NDArray[np.float32] | None:
    """One float32 for each row, or None.

    Raises:
        TypeError: If the weights are not numbers.
        ValueError: If there are not `rows` of them, or one is a NaN, an infinity or negative.
    """
    if weights is None:
        return None
    array = as_array(names.caller, names.sample_weight, weights)
    if array.shape not in ((rows,), (rows, 1)):
        raise ValueError(f"{names.caller}() got {names.sample_weight} of shape {array.shape}; expected one weight for "
                         f"each of the {rows} rows of {names.x}")
    flat = np.ascontiguousarray(array.reshape(rows), np.float32)
    if not (np.isfinite(flat).all() and flat.min() >= 0):
        raise ValueError(f"{names.caller}() got {names.sample_weight} with a number that is negative or not finite")
    return flat


def class_weights(caller: str, class_weight: Any, y: Array, outputs: tuple[int, ...]) -> NDArray[np.float32]:
    """The weight of each row's class; a class without one counts 1.

    Args:
        caller: For messages.
        class_weight: Weights by class number.
        y: Labels, or rows of ones and zeros.
        outputs: Shape of the model's output.

    Raises:
        TypeError: If `class_weight` is not a mapping of numbers.
        ValueError: If it names a class that the model does not have, or there is more than one output for each image.
    """
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"{caller}() got {class_weight!r} as `class_weight`; expected a dict of weights by class "
                        "number")
    if len(outputs) != 1:
        raise checks.unsupported(f"{caller}()", "class_weight", dict(class_weight),
                                 "models with one output for each image")
    labels = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else np.rint(y).astype(np.int64).reshape(len(y))
    classes = max(outputs[-1], 2)
    table = np.ones(max(classes, int(labels.max()) + 1), np.float32)
    for label, weight in class_weight.items():
        if checks.integer("class_weight", label, at_least=0) >= classes:
            raise ValueError(f"{caller}() got a `class_weight` for class {label}, but the classes are 0 to "
                             f"{classes - 1}")
        table[label] = checks.number(f"class_weight[{label}]", weight, at_least=0)
    return table[labels]


def _check_finite(caller: str, name: str, array: Array, first_row: int) -> None:
    if array.dtype.kind == "f":
        row = _core.first_nonfinite_row(array)
        if row >= 0:
            raise ValueError(f"{caller}() got a NaN or an infinity in {name}, first in row {first_row + row}")


def text_of_shape(shape: tuple[int, ...]) -> str:
    """A shape with its batch axis: "(N, 28, 28, 1)"."""
    return f"({', '.join(['N', *map(str, shape)])}{'' if shape else ','})"
