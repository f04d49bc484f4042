"""Images side by side, with what they are and what they are taken for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fashioncnn.pictures.picture import Picture, as_images, draw_image, grid
from fashioncnn.pictures.training import as_classes, names_of
from fashioncnn.utils import checks


def gallery(images: Any, y_true: Any = None, y_pred: Any = None, class_names: Sequence[str] | None = None,
            columns: int = 8, limit: int = 32) -> Picture:
    """Images with their classes; where a prediction is wrong, its title is red and says what is true.

    Args:
        images: (N, height, width) or (N, height, width, 1, 3 or 4); for their numbers see `picture.as_images`.
        y_true: See `confusion_matrix`; None: not known.
        y_pred: The same, or what `predict` returned; None: not known.
        class_names: Names of the classes; None: numbers.
        columns: Images in a line.
        limit: How many images are drawn at most.

    Raises:
        ValueError: If there are no images, or fewer labels than images.

    Example:
        >>> import numpy as np
        >>> picture = gallery(np.zeros((2, 8, 8)), [0, 1], [0, 0], ["cat", "dog"])
        >>> [axes.get_title() for axes in picture.axes]
        ['cat', 'cat (dog)']
    """
    pixels = as_images(images)[: checks.integer("limit", limit, at_least=1)]
    if len(pixels) == 0:
        raise ValueError("gallery() got no images")
    labels = [None if y is None else as_classes(y)[: len(pixels)] for y in (y_true, y_pred)]
    for name, classes in zip(("y_true", "y_pred"), labels, strict=True):
        if classes is not None and len(classes) < len(pixels):
            raise ValueError(f"there are {len(pixels)} images, but `{name}` has {len(classes)} rows")
    known = [classes for classes in labels if classes is not None]
    names = names_of(class_names, 1 + max((int(classes.max()) for classes in known), default=-1))
    picture, places = grid(len(pixels), checks.integer("columns", columns, at_least=1), 1.2, 0.25)
    true, predicted = labels
    for i, (axes, image) in enumerate(zip(places, pixels, strict=True)):
        draw_image(axes, image)
        if known:
            shown = known[-1][i]
            wrong = true is not None and predicted is not None and true[i] != predicted[i]
            text = f"{names[shown]} ({names[true[i]]})" if wrong and true is not None else names[shown]
            axes.set_title(text, fontsize=8, color="tab:red" if wrong else "black")
    return picture
