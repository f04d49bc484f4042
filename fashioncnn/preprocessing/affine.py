"""Images turned, shifted, sheared and zoomed: `apply_affine_transform`, for one image and for a batch.

Formulas and conventions are those of Keras's ImageDataGenerator, which calls SciPy: a point of the result is looked up
in the image, among rows and columns. What lies beyond the border is SciPy's, too: with "constant" nothing is
interpolated with the constant, and with "wrap" the last row and the first are the same place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.ops.image import affine_transform
from fashioncnn.utils import checks

FILL_MODES = ("nearest", "constant", "reflect", "wrap")
PARAMETERS = ("theta", "tx", "ty", "shear", "zx", "zy")
Floats = NDArray[Any]


def matrices_of(parameters: Sequence[Mapping[str, Any]], rows: int, columns: int) -> tuple[Floats, NDArray[np.bool_]]:
    """For each change the matrix that takes a point (row, column, 1) of the result to one of the image; and whether
    that is another one."""
    values = np.array([[each.get(name, 1 if name[0] == "z" else 0) for name in PARAMETERS] for each in parameters],
                      np.float64)
    theta, tx, ty, shear, zx, zy = values.T
    theta, shear = np.deg2rad(theta), np.deg2rad(shear)
    ones, zeros = np.ones(len(values)), np.zeros(len(values))

    def matrices(first: list[Any], second: list[Any]) -> Floats:
        return np.array([*first, *second, zeros, zeros, ones]).T.reshape(-1, 3, 3)

    turned = matrices([np.cos(theta), -np.sin(theta), zeros], [np.sin(theta), np.cos(theta), zeros])
    shifted = matrices([ones, zeros, tx], [zeros, ones, ty])
    sheared = matrices([ones, -np.sin(shear), zeros], [zeros, np.cos(shear), zeros])
    whole: Floats = turned @ shifted @ sheared @ matrices([zx, zeros, zeros], [zeros, zy, zeros])
    middle = np.array([float(rows) / 2 - 0.5, float(columns) / 2 - 0.5])
    whole[:, :2, 2] += middle - whole[:, :2, :2] @ middle
    return whole, (values != [0, 0, 0, 0, 1, 1]).any(axis=1)


def exchanged(matrices: Floats) -> Floats:
    """Matrices for points (column, row, 1): Keras builds them so, and uses them the other way round."""
    places = np.array([1, 0, 2])
    return matrices[:, places[:, None], places]


def looked_up(images: Floats, matrices: Floats, fill_mode: str, cval: float, order: int) -> Floats:
    """Images through matrices.

    Args:
        images: (N, H, W, C).
        matrices: (N, 3, 3), which take (row, column, 1) of the result to a point of the image.
        fill_mode: One of `FILL_MODES`.
        cval: The constant.
        order: 1: bilinear, 0: the nearest pixel.

    Shapes:
        result (N, H, W, C), of the images' type
    """
    if images.dtype.kind in "iu":
        looked = looked_up(images.astype(np.float32), matrices, fill_mode, cval, order)
        whole: Floats = np.floor(looked + 0.5).astype(images.dtype)
        return whole
    rows, columns = images.shape[1:3]
    if order == 0 or fill_mode == "wrap":
        return _in_numpy(images, matrices, fill_mode, cval, order)
    (m00, m01, m02), (m10, m11, m12) = matrices[:, :2].transpose(1, 2, 0)
    zeros = np.zeros(len(matrices))
    transforms = np.array([m11, m10, m12, m01, m00, m02, zeros, zeros]).T
    inside = "nearest" if fill_mode == "constant" else fill_mode
    result = np.asarray(affine_transform(images, transforms, "bilinear", inside))
    if fill_mode == "constant":
        points = _points(matrices, rows, columns)
        outside = ((points < 0) | (points > np.array([rows - 1, columns - 1]))).any(axis=-1)
        result[outside] = cval
    return result


def _points(matrices: Floats, rows: int, columns: int) -> Floats:
    """(N, H, W, 2): where in the image each pixel of the result is looked up."""
    grid = np.indices((rows, columns)).transpose(1, 2, 0).astype(np.float64)
    found: Floats = np.einsum("hwj,nij->nhwi", grid, matrices[:, :2, :2]) + matrices[:, None, None, :2, 2]
    return found


def _in_numpy(images: Floats, matrices: Floats, fill_mode: str, cval: float, order: int) -> Floats:
    extents = np.array(images.shape[1:3])
    points = _points(matrices, *extents)
    outside = ((points < 0) | (points > extents - 1)).any(axis=-1)
    if fill_mode == "wrap":
        period = np.maximum(extents - 1, 1)
        points = np.where(points < 0, points + period * (np.trunc(-points / period) + 1), points)
        points = np.where(points > extents - 1, points - period * np.trunc(points / period), points)
        points = np.where(extents > 1, points, 0)
    number = np.arange(len(images))[:, None, None]
    if order == 0:
        row, column = np.moveaxis(_filled(np.floor(points + 0.5).astype(np.intp), extents, fill_mode), -1, 0)
        result = images[number, row, column]
    else:
        low = np.floor(points).astype(np.intp)
        part = points - low
        result = np.zeros(images.shape)
        for down in (0, 1):
            for right in (0, 1):
                row, column = np.moveaxis(_filled(low + np.array([down, right], np.intp), extents, fill_mode), -1, 0)
                weight = abs(1 - down - part[..., 0]) * abs(1 - right - part[..., 1])
                result += weight[..., None] * images[number, row, column]
    if fill_mode == "constant":
        result[outside] = cval
    found: Floats = result.astype(images.dtype, copy=False)
    return found


def _filled(index: NDArray[np.intp], extents: Any, fill_mode: str) -> NDArray[np.intp]:
    """Places in the image for those beyond its border."""
    if fill_mode == "reflect":
        index = index % (2 * extents)
        index = np.minimum(index, 2 * extents - 1 - index)
    inside: NDArray[np.intp] = np.minimum(np.maximum(index, 0), extents - 1)
    return inside


def check_options(owner: str, fill_mode: Any, order: Any) -> None:
    """Raises ValueError for a fill mode or an order of interpolation that is not there."""
    checks.one_of(owner, "fill_mode", fill_mode, FILL_MODES)
    if order not in (0, 1):
        raise checks.unsupported(owner, "interpolation order", order, "0 and 1: splines need more than an image's "
                                 "neighbours")


def apply_affine_transform(x: Any, theta: float = 0, tx: float = 0, ty: float = 0, shear: float = 0, zx: float = 1,
                           zy: float = 1, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0,
                           fill_mode: str = "nearest", cval: float = 0.0, order: int = 1) -> Floats:
    """An image turned, shifted, sheared and zoomed around its middle.

    Args:
        x: One image of three axes.
        theta: An angle in degrees.
        tx: How many pixels farther along `col_axis` the result is looked up, if that is the later one of the two; else
            along `row_axis`.
        ty: The same along the other one.
        shear: An angle in degrees.
        zx: How many pixels of the image come on one of the result, along the axis of `tx`.
        zy: The same along the other one.
        row_axis: Where the rows are.
        col_axis: Where the columns are.
        channel_axis: Where the channels are: 0 or 2.
        fill_mode: What lies beyond the border a b c d: "nearest" a a a b c d d d, "constant", "reflect"
            b a a b c d d c, or "wrap", where d is also the place before a.
        cval: The constant.
        order: 1: between pixels is interpolated; 0: the nearest one is taken.

    Raises:
        ValueError: If the axes are not those of an image, or an option is not there.

    Example:
        >>> image = np.arange(6.0).reshape(2, 3, 1)
        >>> apply_affine_transform(image, tx=1, row_axis=0, col_axis=1, channel_axis=2)[..., 0]
        array([[1., 2., 2.],
               [4., 5., 5.]])
    """
    owner = "apply_affine_transform()"
    check_options(owner, fill_mode, order)
    array = np.asarray(x)
    if array.ndim != 3 or sorted((row_axis, col_axis, channel_axis)) != [0, 1, 2] or channel_axis == 1:
        raise ValueError(f"{owner} takes one image of three axes, whose rows, columns and channels are the axes 0, 1 "
                         f"and 2, channels the first or the last; got the shape {array.shape}, row_axis={row_axis}, "
                         f"col_axis={col_axis}, channel_axis={channel_axis}")
    parameters = dict(zip(PARAMETERS, (theta, tx, ty, shear, zx, zy), strict=True))
    matrices, changes = matrices_of([parameters], array.shape[row_axis], array.shape[col_axis])
    if not changes[0]:
        return array
    if col_axis > row_axis:
        matrices = exchanged(matrices)
    images = np.moveaxis(array, channel_axis, -1)[np.newaxis]
    return np.moveaxis(looked_up(images, matrices, fill_mode, cval, order)[0], -1, channel_axis)


def batch_transformed(images: Floats, parameters: Sequence[Mapping[str, Any]], channel_axis: int, fill_mode: str,
                      cval: float, order: int) -> Floats:
    """Each image of a batch through the transformation of its parameters; those that have none stay as they are."""
    batch = np.moveaxis(images, channel_axis, -1)
    matrices, changes = matrices_of(parameters, *batch.shape[1:3])
    if not changes.any():
        return images
    matrices = exchanged(matrices)
    if changes.all():
        return np.moveaxis(looked_up(batch, matrices, fill_mode, cval, order), -1, channel_axis)
    result = batch.copy()
    result[changes] = looked_up(batch[changes], matrices[changes], fill_mode, cval, order)
    return np.moveaxis(result, -1, channel_axis)
