"""How training went: curves over the epochs, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.pictures.picture import Picture


def curves(history: Any, metrics: Sequence[str] | None = None) -> Picture:
    """Each metric over the epochs, beside its validation value.

    Args:
        history: What `fit` returned, or its `history`: a value an epoch for each name.
        metrics: Names of those to draw, without "val_"; None: all.

    Raises:
        ValueError: If the history has none of them.

    Example:
        >>> picture = curves({"loss": [1.0, 0.5], "val_loss": [1.1, 0.7], "accuracy": [0.4, 0.8]})
        >>> [axes.get_title() for axes in picture.axes]
        ['loss', 'accuracy']
    """
    values: Mapping[str, Sequence[float]] = getattr(history, "history", history)
    known = list(dict.fromkeys(name.removeprefix("val_") for name in values))
    names = known if metrics is None else [name for name in metrics if name in known]
    if not names:
        raise ValueError(f"curves() found nothing to draw: the history has {known}, wanted are {metrics}")
    picture = Picture(5 * len(names), 4)
    for axes, name in zip(picture.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            if key in values:
                axes.plot(range(1, len(values[key]) + 1), values[key], marker="o", label=label)
        axes.set(title=name, xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axes.grid(alpha=0.3)
        axes.legend()
    return picture


def confusion_matrix(y_true: Any, y_pred: Any, class_names: Sequence[str] | None = None,
                     normalize: bool = False) -> Picture:
    """How often each class (a row) is taken for each class (a column).

    Args:
        y_true: The classes, (N,) or (N, 1), or one-hot, (N, classes).
        y_pred: The same, or what `predict` returned: (N, classes), or (N, 1) for the two classes of a sigmoid.
        class_names: Their names; None: numbers.
        normalize: Whether cells show the parts of their row, instead of counts.

    Raises:
        ValueError: If the two do not have the same number of rows, or there are more classes than names.

    Example:
        >>> picture = confusion_matrix([0, 1, 1], [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], ["cat", "dog"])
        >>> [text.get_text() for text in picture.axes[0].texts]
        ['1', '0', '1', '1']
    """
    true, predicted = as_classes(y_true), as_classes(y_pred)
    if len(true) != len(predicted):
        raise ValueError(f"y_true has {len(true)} rows and y_pred {len(predicted)}")
    widths = [np.shape(y)[1] for y in (y_true, y_pred) if np.ndim(y) == 2]
    count = int(max(true.max(initial=0) + 1, predicted.max(initial=0) + 1, *widths, 2))
    names = names_of(class_names, count)
    counts = np.zeros((count, count), np.int64)
    np.add.at(counts, (true, predicted), 1)
    parts = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    size = max(3.5, 0.55 * count + 1.5)
    picture = Picture(size, size)
    axes = picture.subplots()
    axes.imshow(parts, cmap="Blues", vmin=0, vmax=1)
    axes.set(xlabel="predicted", ylabel="true", xticks=range(count), yticks=range(count), yticklabels=names)
    axes.set_xticklabels(names, rotation=45, ha="right", rotation_mode="anchor")
    for row in range(count):
        for column in range(count):
            text = f"{parts[row, column]:.2f}" if normalize else str(counts[row, column])
            axes.text(column, row, text, ha="center", va="center", fontsize=8,
                      color="white" if parts[row, column] > 0.5 else "black")
    return picture


def as_classes(y: Any) -> NDArray[np.int64]:
    """The class of each row of labels, one-hot vectors or predictions.

    Example:
        >>> as_classes([[0.2, 0.8], [0.6, 0.4]]), as_classes([[0.3], [0.7]]), as_classes([2, 0])
        (array([1, 0]), array([0, 1]), array([2, 0]))
    """
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] > 1:
        return array.argmax(axis=1)  # type: ignore[no-any-return]
    flat = array.reshape(-1)
    if not np.issubdtype(flat.dtype, np.floating) or np.array_equal(flat, flat.round()):
        return flat.astype(np.int64)
    return (flat > 0.5).astype(np.int64)


def names_of(class_names: Sequence[str] | None, count: int) -> list[str]:
    """Names for `count` classes.

    Raises:
        ValueError: If there are too few.
    """
    if class_names is None:
        return [str(number) for number in range(count)]
    if len(class_names) < count:
        raise ValueError(f"there are {count} classes, but `class_names` has {len(class_names)}")
    return [str(name) for name in class_names]
