"""Points in a plane for vectors of many numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fashioncnn.pictures.picture import Picture
from fashioncnn.pictures.training import as_classes, names_of


def embedding(features: Any, y: Any = None, class_names: Sequence[str] | None = None) -> Picture:
    """Each row of features as a point, coloured by its class: along the two directions in which rows differ most
    (principal components, by singular value decomposition).

    Args:
        features: (N, ...), as `visualization.features` returns them; more axes are taken as one.
        y: The class of each row, as in `confusion_matrix`; None: not known.
        class_names: Names of the classes; None: numbers.

    Raises:
        ValueError: If there are fewer than two rows, a number is not finite, or `y` has another number of rows.

    Example:
        >>> picture = embedding(np.eye(4), [0, 0, 1, 1], ["cat", "dog"])
        >>> [text.get_text() for text in picture.axes[0].get_legend().get_texts()]
        ['cat', 'dog']
    """
    vectors = np.asarray(features, np.float64)
    if vectors.ndim < 2 or len(vectors) < 2:
        raise ValueError(f"embedding() needs at least two rows of features, got an array of shape {vectors.shape}")
    vectors = vectors.reshape(len(vectors), -1)
    if not np.isfinite(vectors).all():
        raise ValueError("embedding() got features that are not finite")
    directions = np.linalg.svd(vectors - vectors.mean(axis=0), full_matrices=False)[2][:2]
    points = np.zeros((len(vectors), 2))
    points[:, : len(directions)] = (vectors - vectors.mean(axis=0)) @ directions.T

    picture = Picture(6, 5)
    axes = picture.subplots()
    axes.set(xlabel="first principal component", ylabel="second principal component")
    if y is None:
        axes.scatter(points[:, 0], points[:, 1], s=12)
        return picture
    classes = as_classes(y)
    if len(classes) != len(points):
        raise ValueError(f"there are {len(points)} rows of features, but `y` has {len(classes)}")
    names = names_of(class_names, int(classes.max()) + 1)
    for number in np.unique(classes):
        mine = points[classes == number]
        axes.scatter(mine[:, 0], mine[:, 1], s=12, alpha=0.7, label=names[number])
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return picture
