"""Products of matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fashioncnn.ops.elementwise import multiply
from fashioncnn.ops.operation import at_once, operation
from fashioncnn.ops.reductions import sum as sum_over
from fashioncnn.ops.shapes import expand_dims, transpose
from fashioncnn.utils.tracing import TracedTensor, current, is_traced
from fashioncnn.utils.variable import Variable


@operation
def matmul(x1: Any, x2: Any) -> Any:
    """The product of matrices, which are the last two axes.

    Example:
        >>> matmul([[1.0, 2.0]], [[3.0], [4.0]])
        array([[11.]], dtype=float32)
    """
    if not is_traced(x1, x2):
        return at_once(np.matmul, x1, x2)
    trace = current()
    first = trace.operand(x1)
    if isinstance(x2, Variable) and x2.ndim == 2 and first.batched and first.ndim >= 2:
        _check(first.shape[-1], x2.shape[0], first.shape, x2.shape)
        return trace.weight(x2, "dense", "kernel", first, units=x2.shape[1], use_bias=False)
    return _product(first, trace.operand(x2))


def _check(columns: Any, rows: Any, first: Any, second: Any) -> None:
    if columns != rows:
        raise ValueError(f"ops.matmul(): tensors of shapes {tuple(first)} and {tuple(second)} have no product: "
                         f"{columns} columns meet {rows} rows")


def _product(first: TracedTensor, second: TracedTensor) -> TracedTensor:
    """The product of two traced tensors: the axes before the matrices are broadcast."""
    trace = current()
    _check(first.shape[-1], second.shape[-2 if second.ndim > 1 else 0], first.shape, second.shape)
    if first.batched and first.ndim == 2 and (not second.batched and second.ndim == 2):
        row = _product(expand_dims(first, 1), second)
        return trace.reshaped(row, row.image_shape[1:])
    if len(first.image_shape) < 2 or len(second.image_shape) < 2:
        raise NotImplementedError(f"ops.matmul(): the product of tensors of shapes {first.shape} and {second.shape} is "
                                  "not supported by fashioncnn (yet): expand_dims makes matrices of vectors")
    before = np.broadcast_shapes(first.image_shape[:-2], second.image_shape[:-2])
    return trace.node("dot", _spread(first, before), _spread(second, before))


def _spread(x: TracedTensor, before: tuple[int, ...]) -> TracedTensor:
    """`x` with the axes `before` its matrices."""
    shape = (*before, *x.image_shape[-2:])
    if x.image_shape == shape:
        return x
    missing = len(shape) - len(x.image_shape)
    x = current().reshaped(x, (1,) * missing + x.image_shape)
    return current().node("add", x, current().constant(np.zeros(shape, np.float32)))


@operation
def dot(x1: Any, x2: Any) -> Any:
    """The product of two matrices, of vectors the sum of products; a number multiplies."""
    if not is_traced(x1, x2):
        return at_once(np.dot, x1, x2)
    return multiply(x1, x2) if np.ndim(x2) == 0 and not hasattr(x2, "shape") else matmul(x1, x2)


@operation
def einsum(subscripts: str, *operands: Any) -> Any:
    """Sums of products as ``"bij,bjk->bik"`` says; in a model of two tensors.

    Raises:
        NotImplementedError: In a model, if there are not two tensors, or an index is repeated in one of them.
        ValueError: If the subscripts do not fit.
    """
    if not is_traced(*operands):
        return at_once(lambda *arrays: np.einsum(subscripts, *arrays), *operands)
    before, arrow, after = subscripts.replace(" ", "").partition("->")
    terms = before.split(",")
    if len(operands) != 2 or len(terms) != 2 or not arrow or "..." in subscripts:
        raise NotImplementedError("ops.einsum() in a model takes two tensors and subscripts such as 'bij,bjk->bik'")
    a, b = (current().operand(operand) for operand in operands)
    for term, operand in zip(terms, (a, b), strict=True):
        if len(set(term)) != len(term) or len(term) != operand.ndim:
            raise ValueError(f"ops.einsum(): {term!r} does not fit a tensor of shape {operand.shape}")
    return _einsum(a, b, terms[0], terms[1], after)


def _einsum(a: TracedTensor, b: TracedTensor, of_a: str, of_b: str, after: str) -> TracedTensor:
    """As a product of matrices: the indices of both that stay come first, then those of one, then what is summed."""
    a, of_a = _summed(a, of_a, of_b + after)
    b, of_b = _summed(b, of_b, of_a + after)
    batch = of_a[0] if a.batched else of_b[0] if b.batched else ""
    extents: dict[str, Any] = {**dict(zip(of_a, a.shape, strict=True)), **dict(zip(of_b, b.shape, strict=True))}
    both = [index for index in of_a if index in of_b and index in after and index != batch]
    rows = [index for index in of_a if index not in of_b and index != batch]
    columns = [index for index in of_b if index not in of_a and index != batch]
    summed = [index for index in of_a if index in of_b and index not in after]

    def matrices(x: TracedTensor, of_x: str, *groups: list[str]) -> TracedTensor:
        order = [*([batch] if x.batched else []), *(index for group in groups for index in group)]
        moved = transpose(x, [of_x.index(index) for index in order])
        shape = [math.prod(extents[index] for index in group) for group in groups]
        return current().reshaped(moved, shape)

    product = current().node("dot", matrices(a, of_a, both, rows, summed), matrices(b, of_b, both, summed, columns))
    found = current().reshaped(product, [extents[index] for index in (*both, *rows, *columns)])
    made = "".join(([batch] if found.batched else []) + both + rows + columns)
    if sorted(made) != sorted(after):
        raise ValueError(f"ops.einsum(): '{of_a},{of_b}' cannot become {after!r}")
    result: TracedTensor = transpose(found, [made.index(index) for index in after])
    return result


def _summed(x: TracedTensor, of_x: str, others: str) -> tuple[TracedTensor, str]:
    """`x` without the indices that it has alone."""
    alone = [number for number, index in enumerate(of_x) if index not in others]
    if not alone:
        return x, of_x
    return sum_over(x, alone), "".join(index for number, index in enumerate(of_x) if number not in alone)
