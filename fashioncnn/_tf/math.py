"""`tf.math`: functions of numbers, counts and scores. Arguments and defaults are TensorFlow's."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from fashioncnn._tf import arrays, names
from fashioncnn.backend import elementwise, products, reductions
from fashioncnn.backend.conversion import array, floats, operand, wrapped
from fashioncnn.utils import absent, checks
from fashioncnn.utils.operators import has_tensors, of_tensors
from fashioncnn.utils.tensor import Tensor

# What the package itself, or its backend, has under the same name.
_ELSEWHERE: dict[str, Any] = {
    **{name: getattr(names, name) for name in (
        "abs", "add", "argmax", "argmin", "cos", "divide", "equal", "exp", "greater", "greater_equal", "less",
        "less_equal", "maximum", "minimum", "multiply", "negative", "not_equal", "pow", "reduce_all", "reduce_any",
        "reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_sum", "round", "sigmoid", "sign", "sin",
        "sqrt", "square", "subtract", "tanh")},
    "cumsum": arrays.cumsum, "log": elementwise.log, "reduce_std": reductions.std, "reduce_variance": reductions.var,
    "softplus": products.softplus,
}
__all__ = sorted([*_ELSEWHERE, "bincount", "ceil", "confusion_matrix", "count_nonzero", "divide_no_nan", "floor",
                  "floordiv", "floormod", "in_top_k", "is_finite", "is_inf", "is_nan", "l2_normalize", "log1p",
                  "logical_and", "logical_not", "logical_or", "logical_xor", "mod", "reciprocal", "reduce_logsumexp",
                  "rsqrt", "squared_difference", "tan", "top_k", "truediv"])


def confusion_matrix(labels: Any, predictions: Any, num_classes: int | None = None, weights: Any = None,
                     dtype: Any = np.int32, name: str | None = None) -> Tensor:
    """How often each class, one a row, was taken for each one, one a column.

    Args:
        labels: The classes' numbers.
        predictions: What they were taken for.
        num_classes: How many there are; None: one more than the largest number.
        weights: What each one counts; None: 1.
        dtype: Of the counts.
        name: Without effect.

    Raises:
        ValueError: If there are not as many of each, or a number is no class.

    Example:
        >>> confusion_matrix([0, 1, 2, 2], [0, 2, 2, 2])
        array([[1, 0, 0],
               [0, 0, 1],
               [0, 0, 2]], dtype=int32)
    """
    true, found = (array(values).reshape(-1).astype(np.int64) for values in (labels, predictions))
    if len(true) != len(found):
        raise ValueError(f"confusion_matrix() got {len(true)} labels and {len(found)} predictions")
    both = np.concatenate([true, found])
    classes = int(both.max(initial=-1)) + 1 if num_classes is None else checks.integer("num_classes", num_classes,
                                                                                         at_least=1)
    if len(both) and (both.min() < 0 or both.max() >= classes):
        raise ValueError(f"confusion_matrix() got the numbers {both.min()} to {both.max()}; classes are 0 to "
                         f"{classes - 1}")
    counts = np.zeros((classes, classes), dtype)
    np.add.at(counts, (true, found), 1 if weights is None else array(weights).astype(dtype))
    return wrapped(counts)


class TopK(NamedTuple):
    """What `top_k` returns."""

    values: Tensor
    indices: Tensor


def top_k(input: Any, k: int = 1, sorted: bool = True, index_type: Any = np.int32,
          name: str | None = None) -> TopK:
    """The `k` largest numbers along the last axis, and their places; of equal ones the first."""
    numbers = array(input)
    places = np.argsort(-numbers.astype(np.float64), axis=-1, kind="stable")[..., :k]
    return TopK(wrapped(np.take_along_axis(numbers, places, -1)), wrapped(places.astype(index_type)))


def in_top_k(targets: Any, predictions: Any, k: int, name: str | None = None) -> Tensor:
    """Whether each target is among the `k` largest of its row."""
    return products.in_top_k(predictions, targets, k)


def bincount(arr: Any, weights: Any = None, minlength: int | None = None, maxlength: int | None = None,
             dtype: Any = np.int32, name: str | None = None) -> Tensor:
    """How often each number from 0 on occurs."""
    found = np.bincount(array(arr).reshape(-1), None if weights is None else array(weights).reshape(-1), minlength or 0)
    return wrapped(found[:maxlength].astype(dtype if weights is None else array(weights).dtype))


def count_nonzero(input: Any, axis: Any = None, keepdims: bool | None = None, dtype: Any = np.int64,
                  name: str | None = None) -> Tensor:
    """How many numbers are not 0."""
    return wrapped(np.asarray((array(input) != 0).sum(axis, keepdims=bool(keepdims))).astype(dtype))


def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None) -> Tensor:
    """``x / sqrt(max(sum(x ** 2), epsilon))``"""
    if has_tensors(x):
        return products.l2_normalized(x, axis, epsilon)  # type: ignore[no-any-return]
    numbers = floats(x, "l2_normalize")
    sums = np.sum(np.square(numbers), tuple(axis) if isinstance(axis, list) else axis, keepdims=True)
    return wrapped(numbers / np.sqrt(np.maximum(sums, np.asarray(epsilon, numbers.dtype))))


@of_tensors("divide_no_nan", x="x1", y="x2")
def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x / y``, and 0 where `y` is 0."""
    numbers = floats(x, "divide_no_nan")
    others = operand(y, numbers)
    with np.errstate(divide="ignore", invalid="ignore"):
        return wrapped(np.where(others == 0, np.zeros((), numbers.dtype), numbers / others))


def squared_difference(x: Any, y: Any, name: str | None = None) -> Any:
    """``(x - y) ** 2``"""
    return elementwise.square(names.subtract(x, y))


@of_tensors("logsumexp", input_tensor="x")
def reduce_logsumexp(input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """The logarithm of the sum of the exponentials."""
    numbers = floats(input_tensor, "reduce_logsumexp")
    axes = tuple(axis) if isinstance(axis, list) else axis
    most = numbers.max(axis=axes, keepdims=True)
    sums = np.log(np.exp(numbers - most).sum(axis=axes, keepdims=True)) + most
    return wrapped(sums if keepdims else np.squeeze(sums, axes) if axes is not None else sums.reshape(()))


@of_tensors("floor")
def floor(x: Any, name: str | None = None) -> Tensor:
    """The next whole number below."""
    return wrapped(np.floor(array(x)))


@of_tensors("ceil")
def ceil(x: Any, name: str | None = None) -> Tensor:
    """The next whole number above."""
    return wrapped(np.ceil(array(x)))


@of_tensors("rsqrt")
def rsqrt(x: Any, name: str | None = None) -> Tensor:
    """``1 / sqrt(x)``"""
    with np.errstate(divide="ignore", invalid="ignore"):
        return wrapped(1 / np.sqrt(floats(x, "rsqrt")))


@of_tensors("reciprocal")
def reciprocal(x: Any, name: str | None = None) -> Tensor:
    """``1 / x``"""
    with np.errstate(divide="ignore"):
        return wrapped(1 / floats(x, "reciprocal"))


@of_tensors("log1p")
def log1p(x: Any, name: str | None = None) -> Tensor:
    """``log(1 + x)``"""
    with np.errstate(divide="ignore", invalid="ignore"):
        return wrapped(np.log1p(floats(x, "log1p")))


@of_tensors("tan")
def tan(x: Any, name: str | None = None) -> Tensor:
    """The tangent."""
    return wrapped(np.tan(floats(x, "tan")))


@of_tensors("floor_divide", x="x1", y="x2")
def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x // y``"""
    numbers = array(x)
    return wrapped(numbers // operand(y, numbers))


@of_tensors("mod", x="x1", y="x2")
def floormod(x: Any, y: Any, name: str | None = None) -> Tensor:
    """``x % y``, with the sign of `y`."""
    numbers = array(x)
    return wrapped(numbers % operand(y, numbers))


mod, truediv = floormod, names.divide


def is_nan(x: Any, name: str | None = None) -> Tensor:
    """Where it is no number."""
    return wrapped(np.isnan(array(x)))


def is_inf(x: Any, name: str | None = None) -> Tensor:
    """Where it is infinite."""
    return wrapped(np.isinf(array(x)))


def is_finite(x: Any, name: str | None = None) -> Tensor:
    """Where it is a finite number."""
    return wrapped(np.isfinite(array(x)))


@of_tensors("logical_and", x="x1", y="x2")
def logical_and(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where both hold."""
    return wrapped(np.logical_and(array(x), array(y)))


@of_tensors("logical_or", x="x1", y="x2")
def logical_or(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where one of them holds, or both."""
    return wrapped(np.logical_or(array(x), array(y)))


@of_tensors("logical_xor", x="x1", y="x2")
def logical_xor(x: Any, y: Any, name: str | None = None) -> Tensor:
    """Where one of them holds, and not both."""
    return wrapped(np.logical_xor(array(x), array(y)))


@of_tensors("logical_not")
def logical_not(x: Any, name: str | None = None) -> Tensor:
    """Where it does not hold."""
    return wrapped(np.logical_not(array(x)))


globals().update(_ELSEWHERE)
__getattr__ = absent.tensorflow_getattr(__name__, "math")
