"""What arrays a model takes: every check is made, and named after the caller's argument, before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import first_nonfinite_row
from fashioncnn.losses import Loss
from fashioncnn.losses.traced import is_traced
from fashioncnn.utils import checks
from fashioncnn.utils.arrays import as_array

Array = NDArray[Any]


class Expected(NamedTuple):
    """What a model takes and gives: a shape for each input, a shape and a loss for each output.

    With `scan`, arrays are searched for NaN and infinity before a pass over them begins. The core refuses a batch that
    has one in any case, but then earlier batches have been trained on. Where the model `is_new`, about to be built for
    these data, batches are scanned as well: as far as it can be seen before. Without `finite_targets` only the inputs
    must be finite. Where there are no `losses`, targets are not looked at.
    """

    input_shapes: Sequence[tuple[int, ...]]
    output_shapes: Sequence[tuple[int, ...]]
    losses: Sequence[Loss | None] | None
    scan: bool = False
    is_new: bool = False
    finite_targets: bool = True


class Names(NamedTuple):
    """How messages speak of the arrays."""

    caller: str
    x: str = "`x`"
    y: str = "`y`"
    sample_weight: str = "`sample_weight`"
    steps: str = "steps"

    def of(self, port: str) -> Names:
        """How messages speak of one of several inputs or outputs."""
        return self._replace(x=f"{self.x}[{port!r}]", y=f"{self.y}[{port!r}]",
                             sample_weight=f"{self.sample_weight}[{port!r}]")


def check_lengths(names: Names, x: Array, y: Array | None, sample_weight: Array | None, hint: str = "") -> None:
    """Raises ValueError, which ends in the hint, unless all arrays have as many rows as `x`."""
    for name, array in ((names.y, y), (names.sample_weight, sample_weight)):
        if array is not None and len(array) != len(x):
            raise ValueError(f"{names.caller}() got {len(x)} rows in {names.x} and {len(array)} in {name}; both "
                             f"must have the same number{hint}")


def with_channels(rows: Sequence[tuple[int, ...]],
                  declared: Sequence[tuple[int | None, ...]] | None) -> list[tuple[int, ...]]:
    """The shapes of rows of each input, with the channel axis of 1 that `inputs` would add or take away.

    Args:
        rows: What came.
        declared: What the model was made for; None: nothing yet.
    """
    shapes = []
    for row, shape in zip(rows, declared or rows, strict=True):
        if len(row) == len(shape) - 1 and shape[-1] == 1:
            row = (*row, 1)
        elif len(row) == len(shape) + 1 and row[-1] == 1:
            row = row[:-1]
        shapes.append(row)
    return shapes


def inputs(names: Names, x: Array, shape: tuple[int, ...], scan: bool, first_row: int = 0) -> Array:
    """`x` with the rank that the model takes: a channel axis of 1 is added or taken away.

    Args:
        names: For messages.
        x: Rows of one input.
        shape: The shape of a row.
        scan: Whether the rows are searched for NaN and infinity.
        first_row: What messages call the first row.

    Raises:
        ValueError: If the shape of a row is another one, or a scan finds a NaN or an infinity.
    """
    if x.shape[1:] != shape:
        if (*x.shape[1:], 1) == shape:
            x = x[..., np.newaxis]
        elif x.shape[1:] == (*shape, 1):
            x = x[..., 0]
        else:
            hint = ""
            if x.shape == shape or (*x.shape, 1) == shape:
                hint = "; one image alone needs a batch axis: image[np.newaxis]"
            elif len(shape) == 3 and x.ndim == 4 and (*x.shape[2:], x.shape[1]) == shape:
                hint = "; the channels are the last axis: np.moveaxis(images, 1, -1)"
            raise ValueError(f"{names.caller}() got {names.x} of shape {x.shape}; the model takes "
                             f"{text_of_shape(shape)}{hint}")
    if scan:
        _check_finite(names.caller, names.x, x, first_row)
    return x


def targets(names: Names, y: Array, loss: Loss, outputs: tuple[int, ...], scan: bool, first_row: int = 0) -> Array:
    """`y`, if the loss takes it.

    Args:
        names: For messages.
        y: Rows of targets of one output.
        loss: The loss of the output.
        outputs: The shape of a row of the output.
        scan: Whether the rows are searched for NaN and infinity.
        first_row: What messages call the first row.

    Raises:
        ValueError: If a shape or a label does not fit the model's output, or a scan finds a NaN or an infinity.
    """
    if is_traced(loss):
        pass  # it takes what it computes with
    elif loss.takes_labels:
        _check_labels(names, y, loss, outputs, first_row)
    elif y.shape[1:] != outputs and (*y.shape[1:], 1) != outputs:
        hint = ("; integer labels go with loss='sparse_categorical_crossentropy'"
                if y.dtype.kind in "iu" and y.shape[1:] in ((), (1,)) and outputs[-1] > 1 else "")
        raise ValueError(f"{names.caller}() got {names.y} of shape {y.shape}; the loss '{loss.name}' takes the shape "
                         f"of the model's output, {text_of_shape(outputs)}{hint}")
    if scan:
        _check_finite(names.caller, names.y, y, first_row)
    loss.examine(y)
    return y


def _check_labels(names: Names, y: Array, loss: Loss, outputs: tuple[int, ...], first_row: int) -> None:
    classes = outputs[-1]
    if y.shape[1:] not in (outputs[:-1], (*outputs[:-1], 1)):
        hint = "; rows of ones and zeros go with loss='categorical_crossentropy'" if y.shape[1:] == outputs else ""
        if len(outputs) > 1 and y.shape[1:] in ((), (1,)):
            hint = (f"; the model's output has the shape {text_of_shape(outputs)}: for one label an image, Flatten or "
                    "GlobalAveragePooling2D comes before the last layer")
        raise ValueError(f"{names.caller}() got {names.y} of shape {y.shape}; the loss '{loss.name}' takes one integer "
                         f"for each image, {text_of_shape(outputs[:-1])}{hint}")
    fits = y.min() >= 0 and y.max() < classes and (y.dtype.kind != "f" or bool((y == np.floor(y)).all()))
    bad = None if fits else _first_bad_label(y, classes, getattr(loss, "ignore_class", None))
    if bad is not None:
        row, label = bad
        raise ValueError(f"{names.caller}() got the label {label} in row {first_row + row} of {names.y}; the model's "
                         f"last layer has {classes} units: labels must be whole, 0 to {classes - 1}")


def _first_bad_label(y: Array, classes: int, ignored: int | None) -> tuple[int, Any] | None:
    """The row of the first label that is none, nor the one that is ignored, and the label; None: there is none."""
    rows = y.reshape(len(y), -1)
    bad = ~((rows >= 0) & (rows < classes) & (rows == np.floor(rows)))
    if ignored is not None:
        bad &= rows != ignored
    row = int(bad.any(axis=1).argmax())
    return (row, rows[row][bad[row]][0]) if bad[row].any() else None


def sample_weights(names: Names, weights: Any, rows: int) -> NDArray[np.float32] | None:
    """One float32 for each row, or None.

    Raises:
        ArgumentError: If the weights are not numbers.
        ValueError: If there are not `rows` of them, or one is a NaN or an infinity.
    """
    if weights is None:
        return None
    array = as_array(names.caller, names.sample_weight, weights)
    if array.shape not in ((rows,), (rows, 1)):
        raise ValueError(f"{names.caller}() got {names.sample_weight} of shape {array.shape}; expected one weight for "
                         f"each of the {rows} rows of {names.x}")
    flat = np.ascontiguousarray(array.reshape(rows), np.float32)
    if not np.isfinite(flat).all():
        raise ValueError(f"{names.caller}() got {names.sample_weight} with a number that is not finite")
    return flat


def class_weights(caller: str, class_weight: Any, y: Array) -> NDArray[np.float32]:
    """The weight of each row's class; a class without one counts 1.

    Args:
        caller: For messages.
        class_weight: Weights by class number.
        y: Labels, or rows of ones and zeros. Targets that are not whole numbers count as the nearest one.

    Raises:
        ArgumentError: If `class_weight` is not a mapping of numbers.
        ValueError: If there is more than one label for each row, or a key is not a whole number.
    """
    if not isinstance(class_weight, Mapping):
        hint = "" if isinstance(class_weight, str) else ", such as dict(enumerate(weights))"
        raise checks.ArgumentError(f"{caller}() got {class_weight!r} as `class_weight`; expected a dict of weights by "
                                   f"class number{hint}")
    if y.ndim > 2:
        raise checks.unsupported(f"{caller}()", "class_weight", dict(class_weight),
                                 "targets with one class for each row")
    limit = float(np.finfo(np.float32).max)
    by_class = {_class_number(label): checks.number(f"class_weight[{label!r}]", weight, at_least=-limit, at_most=limit)
                for label, weight in class_weight.items()}
    classes = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else np.rint(y).reshape(len(y))
    found, position = np.unique(classes, return_inverse=True)
    return np.array([by_class.get(number, 1.0) for number in found.tolist()], np.float32)[position]


def _class_number(label: Any) -> int:
    if isinstance(label, (float, np.floating)) and float(label).is_integer():
        return int(label)
    if isinstance(label, str):
        raise checks.ArgumentError(f"`class_weight` has the key {label!r}; expected numbers of classes")
    return checks.integer("class_weight", label, at_least=-(2**63))


def _check_finite(caller: str, name: str, array: Array, first_row: int) -> None:
    if array.dtype.kind == "f":
        row = first_nonfinite_row(array)
        if row >= 0:
            raise ValueError(f"{caller}() got a NaN or an infinity in {name}, first in row {first_row + row}")


def text_of_shape(shape: tuple[int, ...]) -> str:
    """A shape with its batch axis: "(N, 28, 28, 1)"."""
    return f"({', '.join(['N', *map(str, shape)])}{'' if shape else ','})"
