"""Layers that make one array of several, and the functions that stand for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer
from fashioncnn.utils import checks
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting


class Merge(Layer):
    """One number of the inputs' numbers at the same place.

    Inputs of different shapes are broadcast: without the batch axis, shapes are aligned at their last axes, and an axis
    that is missing or of length 1 stands for any length.
    """

    takes_several = True
    _core_type: ClassVar[str]

    def add_to(self, graph: Graph, *inputs: int) -> int:
        self._check_count(inputs)
        return graph.add(self, self._core_type, *inputs)

    def compute_mask(self, inputs: Sequence[Any], mask: Sequence[Any] | None = None) -> Any:
        """True where the mask of one input is; None if an input has none. Masks are no part of what models compute.

        Raises:
            ValueError: If `inputs` and `mask` are not lists of the same length.
        """
        if mask is None:
            return None
        self._check_masks(inputs, mask)
        return None if any(each is None for each in mask) else np.logical_or.reduce([np.asarray(each) for each in mask])

    def _check_masks(self, inputs: Any, mask: Any) -> None:
        for name, value in (("mask", mask), ("inputs", inputs)):
            if not isinstance(value, (list, tuple)):
                raise ValueError(f"{type(self).__name__} '{self.name}': `{name}` should be a list. Received: {value!r}")
        if len(mask) != len(inputs):
            raise ValueError(f"{type(self).__name__} '{self.name}': `inputs` and `mask` should have the same length. "
                             f"Received: {len(inputs)} and {len(mask)}")

    def _check_count(self, inputs: Sequence[int], exactly: int | None = None) -> None:
        wanted = f"exactly {exactly}" if exactly else "at least 2"
        if len(inputs) < 2 or len(inputs) != (exactly or len(inputs)):
            raise ValueError(f"{type(self).__name__} '{self.name}' must be called on a list of {wanted} inputs, got "
                             f"{len(inputs)}")


@LAYERS.register()
class Add(Merge):
    """The sum of the inputs.

    Args:
        options: See `Layer`.

    Shapes:
        inputs (N, ...), at least two, of one shape or broadcast: an axis that is missing or of length 1 stands for any
        length. Output: the shape that they have together.

    Raises:
        ValueError: When it is called, if there are fewer than two inputs, or their shapes do not fit.

    Example:
        >>> import numpy as np
        >>> Add()([np.array([[1, 2]]), np.array([[30, 40]])])
        array([[31., 42.]], dtype=float32)
    """

    _core_type = "add"


@LAYERS.register()
class Subtract(Merge):
    """The first input minus the second. Shapes and errors as for `Add`, with exactly two inputs."""

    _core_type = "subtract"

    def add_to(self, graph: Graph, *inputs: int) -> int:
        self._check_count(inputs, 2)
        return super().add_to(graph, *inputs)


@LAYERS.register()
class Multiply(Merge):
    """The product of the inputs. Shapes and errors as for `Add`."""

    _core_type = "multiply"


@LAYERS.register()
class Average(Merge):
    """The mean of the inputs. Shapes and errors as for `Add`."""

    _core_type = "average"


@LAYERS.register()
class Maximum(Merge):
    """The largest of the inputs; of equal ones the first gets the gradient. Shapes and errors as for `Add`."""

    _core_type = "maximum"


@LAYERS.register()
class Minimum(Merge):
    """The smallest of the inputs; of equal ones the first gets the gradient. Shapes and errors as for `Add`."""

    _core_type = "minimum"


@LAYERS.register()
class Concatenate(Merge):
    """The inputs one behind the other.

    Args:
        axis: Along which axis; 0 would be that of the batch, which is not supported, and -1 is the last one.
        options: See `Layer`.

    Shapes:
        inputs (N, ...), at least two, alike but for `axis`. Output: as long along `axis` as all of them.

    Raises:
        ArgumentError: If `axis` is not an integer.
        ValueError: When it is called, if there are fewer than two inputs, their shapes do not fit, or there is no such
            axis.

    Example:
        >>> import numpy as np
        >>> Concatenate()([np.array([[1, 2]]), np.array([[3]])])
        array([[1., 2., 3.]], dtype=float32)
    """

    axis = Setting(lambda name, value: _axis(name, value))

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis

    def add_to(self, graph: Graph, *inputs: int) -> int:
        self._check_count(inputs)
        axis = _axis_of_image(self, "axis", self.axis, len(graph.shape(inputs[0])))
        return graph.add(self, "concatenate", *inputs, axis=axis)

    def compute_mask(self, inputs: Sequence[Any], mask: Sequence[Any] | None = None) -> Any:
        """True where a row of the result has a number that counts: an input without a mask counts everywhere.

        Raises:
            ValueError: See `Merge.compute_mask`.
        """
        if mask is None:
            return None
        self._check_masks(inputs, mask)
        if all(each is None for each in mask):
            return None
        rows = next(len(each) for each in mask if each is not None)
        masks = []
        for array, each in zip(inputs, mask, strict=True):
            shape = (rows, *array.shape[1:])  # a symbolic tensor does not know the rows
            wide = np.ones(shape, bool) if each is None else np.asarray(each, bool)
            masks.append(np.broadcast_to(wide[..., np.newaxis] if wide.ndim < len(shape) else wide, shape))
        return np.concatenate(masks, axis=self.axis).any(axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


@LAYERS.register()
class Dot(Merge):
    """The sum of the products of two inputs along an axis of each.

    Args:
        axes: The axis that is summed over: an integer, or one for each input. The batch's axis is 0.
        normalize: Whether vectors along that axis are first divided by their lengths, so that the result is the cosine
            of their angle.
        options: See `Layer`.

    Shapes:
        inputs (N, ...), exactly two, as long along their axes. Output (N, the first's other axes, the second's other
        axes), or (N, 1) where there is none.

    Raises:
        ArgumentError: If `axes` is not made of integers.
        ValueError: If there are not two axes; when it is called, if there are not two inputs, or they do not fit.

    Example:
        >>> import numpy as np
        >>> Dot(axes=1)([np.array([[1, 2]]), np.array([[3, 4]])])
        array([[11.]], dtype=float32)
    """

    axes = Setting(lambda name, value: _axes(name, value))
    normalize = Setting(checks.truth)

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.axes = axes
        self.normalize = normalize

    def add_to(self, graph: Graph, *inputs: int) -> int:
        self._check_count(inputs, 2)
        shapes = [graph.shape(position) for position in inputs]
        given = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        axes = [_axis_of_image(self, "axes", axis, len(shape)) for axis, shape in zip(given, shapes, strict=True)]
        terms = [shape[axis] for axis, shape in zip(axes, shapes, strict=True)]
        if terms[0] != terms[1]:
            raise ValueError(f"Dot '{self.name}' sums over axes {axes[0] + 1} and {axes[1] + 1} of inputs of shapes "
                             f"{(None, *shapes[0])} and {(None, *shapes[1])}, which are not equally long")
        rows = self._add_matrix(graph, inputs[0], axes[0], last=True)
        columns = self._add_matrix(graph, inputs[1], axes[1], last=False)
        product = graph.add(self, "dot", rows, columns)
        rest = [extent for axis, shape in zip(axes, shapes, strict=True) for extent in _without(axis, shape)]
        return graph.add(self, "reshape", product, target_shape=tuple(rest) or (1,))

    def _add_matrix(self, graph: Graph, position: int, axis: int, *, last: bool) -> int:
        """Adds what makes a matrix of an input: its axis `axis` is the last or the first, all others are the other."""
        shape = graph.shape(position)
        if self.normalize:
            along = tuple(int(other == axis) for other in range(len(shape)))
            position = graph.add(self, "normalization", position, along=along, kind="unit")
        others = [other for other in range(len(shape)) if other != axis]
        order = (*others, axis) if last else (axis, *others)
        if order != tuple(range(len(shape))):
            position = graph.add(self, "permute", position, dims=order)
        numbers = math.prod(_without(axis, shape))
        matrix = (numbers, shape[axis]) if last else (shape[axis], numbers)
        return graph.add(self, "reshape", position, target_shape=matrix)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def _without(axis: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def _axis(name: str, value: Any) -> int:
    return checks.integer(name, value, at_least=-(2**31))


def _axes(name: str, value: Any) -> int | list[int] | tuple[int, ...]:
    if not isinstance(value, (list, tuple)):
        return _axis(name, value)
    if len(value) != 2:
        raise ValueError(f"`{name}` must be an integer or two, got {value!r}")
    first, second = (_axis(name, axis) for axis in value)
    return [first, second] if isinstance(value, list) else (first, second)


def _axis_of_image(layer: Layer, name: str, axis: int, rank: int) -> int:
    """An axis that counts the batch's, as one that does not."""
    if not -rank <= axis <= rank or axis == 0:
        raise ValueError(f"{type(layer).__name__} '{layer.name}': {name}={axis} is not supported by fashioncnn for an "
                         f"input of {rank + 1} axes; supported: 1 to {rank}, and -{rank} to -1. 0 is the batch's")
    return axis - 1 if axis > 0 else axis + rank


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The same as ``Add(**kwargs)(inputs)``."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The same as ``Subtract(**kwargs)(inputs)``."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The same as ``Multiply(**kwargs)(inputs)``."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The same as ``Average(**kwargs)(inputs)``."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The same as ``Maximum(**kwargs)(inputs)``."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """The same as ``Minimum(**kwargs)(inputs)``."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """The same as ``Concatenate(axis, **kwargs)(inputs)``."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Sequence[Any], axes: int | Sequence[int] = -1, **kwargs: Any) -> Any:
    """The same as ``Dot(axes, **kwargs)(inputs)``."""
    return Dot(axes=axes, **kwargs)(inputs)
