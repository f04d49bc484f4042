"""Normalization by means and variances of the data, which are found once, before training."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fashioncnn.layers.axes import along, integer
from fashioncnn.layers.graph import Graph, Parameter, Shape
from fashioncnn.layers.layer import Layer
from fashioncnn.layers.symbolic import Extents
from fashioncnn.utils import checks
from fashioncnn.utils.arrays import as_array, is_array
from fashioncnn.utils.dataset import PyDataset, batches_of
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor
from fashioncnn.utils.variable import Variable

ROWS = 1024  # of an array that are looked at together


def _axes(name: str, value: Any) -> tuple[int, ...]:
    if value is None:
        return ()
    return tuple(integer(name, axis) for axis in (value if isinstance(value, (list, tuple)) else [value]))


def _numbers(name: str, value: Any) -> Any:
    """None, a number, or lists of numbers; kept as lists."""
    name = name.removeprefix("input_")
    if value is None:
        return None
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise checks.ArgumentError(f"`{name}` must be made of numbers, got {value!r}")
    if not np.isfinite(array).all():
        raise ValueError(f"`{name}` must be finite, got {value!r}")
    return array.tolist()


@LAYERS.register()
class Normalization(Layer):
    """``(x - mean) / max(sqrt(variance), 1e-7)``, with a mean and a variance of the data for each index of some axes.

    They are given, or `adapt` finds them in data; then they are weights, which training leaves alone.

    Args:
        axis: The axes, counted with the batch axis, along which they differ; None: one mean for all numbers.
        mean: A number, or one for each index of the axes; None: `adapt` finds it, and before that it is 0.
        variance: The same; None: 1 before `adapt`. Both are given, or neither.
        invert: Whether to compute ``mean + x * max(sqrt(variance), 1e-7)``, the way back.
        options: See `Layer`.

    Shapes:
        input and output (N, ...).

    Raises:
        ArgumentError: If an argument has the wrong type or a keyword is unknown.
        ValueError: If mean and variance do not belong together; when it is built, if the input does not have the axes
            or they do not fit it.

    Example:
        >>> import numpy as np
        >>> data = np.array([[1.0, 10], [3, 30]])
        >>> layer = Normalization()
        >>> layer.adapt(data)
        >>> layer(data)
        array([[-1., -1.],
               [ 1.,  1.]], dtype=float32)
    """

    has_weights = True
    statistics: ClassVar[tuple[str, ...]] = ("mean", "variance")
    axis = Setting(_axes)
    input_mean = Setting(_numbers)
    input_variance = Setting(_numbers)
    invert = Setting(checks.truth)

    def __init__(self, axis: int | Sequence[int] | None = -1, mean: Any = None, variance: Any = None,
                 invert: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.axis = axis
        if (mean is None) != (variance is None):
            raise ValueError("When setting values directly, both `mean` and `variance` must be set. Received: "
                             f"mean={mean} and variance={variance}")
        if np.shape(mean) != np.shape(variance):
            raise ValueError("When setting values directly, `mean` and `variance` must have the same shape. Received: "
                             f"mean shape {np.shape(mean)} and variance shape {np.shape(variance)}")
        if len(np.shape(mean)) > len(self.axis):
            raise ValueError(f"The rank of `mean` must be less than or equal to the number of axes ({len(self.axis)}). "
                             f"Received: mean shape {np.shape(mean)} for axis {self.axis}")
        self.input_mean = mean
        self.input_variance = variance
        self.invert = invert
        self._count: Variable | None = None

    def _build(self, shapes: Sequence[Extents]) -> list[Extents]:
        (shape,) = shapes
        for axis in self._kept(len(shape) + 1):
            if axis > 0 and shape[axis - 1] is None:
                raise ValueError(f"All `axis` values to be kept must have a known shape. Received axis={self.axis}, "
                                 f"inputs.shape={(None, *shape)}, with unknown axis at index {axis}")
        return super()._build(shapes)

    def _kept(self, rank: int) -> tuple[int, ...]:
        """The axes of data with `rank` axes along which numbers differ, counted from 0."""
        if any(not -rank <= axis < rank for axis in self.axis):
            raise ValueError(f"All `axis` values must be in the range [-ndim, ndim). Received inputs with ndim={rank}, "
                             f"while axis={self.axis}")
        return tuple(sorted({axis % rank for axis in self.axis}))

    def _along(self, shape: Shape) -> tuple[int, ...]:
        self._kept(len(shape) + 1)
        return along("Normalization", self.axis, shape) if self.axis else (0,) * len(shape)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        shape = graph.shape(inputs[0])
        if not shape:  # single numbers
            position = graph.add(self, "reshape", *inputs, target_shape=(1,))
            return graph.add(self, "reshape", self._add(graph, position, (1,)), target_shape=())
        return self._add(graph, inputs[0], shape)

    def _add(self, graph: Graph, position: int, shape: Shape) -> int:
        flags = self._along(shape)
        attributes: dict[str, Any] = {"along": flags, "invert": self.invert}
        for name, given in (("mean", self.input_mean), ("variance", self.input_variance)):
            if given is not None:
                attributes[name] = self._spread(name, given, tuple(itertools.compress(shape, flags)))
        return graph.add(self, "standardization", position, **attributes)

    def _spread(self, name: str, given: Any, shape: Shape) -> tuple[float, ...]:
        """A number for each index of the axes."""
        try:
            return tuple(np.broadcast_to(np.asarray(given, np.float64), shape).ravel().tolist())
        except ValueError:
            raise ValueError(f"Normalization '{self.name}': `{name}` of shape {np.shape(given)} does not fit inputs "
                             f"with {shape} along the axes {self.axis}") from None

    def initial_value(self, name: str, shape: Shape) -> float:
        return 1.0 if name == "variance" else 0.0

    def weight_of(self, parameter: Parameter, values: NDArray[np.float32]) -> Variable:
        if self._count is None:
            self._count = Variable(np.zeros((), np.int32), trainable=False, name="count")
            self._count.path = f"{parameter.path.rpartition('/')[0]}/count"
        return super().weight_of(parameter, values)

    @property
    def own_weights(self) -> list[Variable]:
        """Mean, variance, and a count that Keras keeps and does not use; none where the numbers were given."""
        return [*super().own_weights, *([] if self._count is None else [self._count])]

    @property
    def adapt_mean(self) -> Variable | None:
        """The weight that is the mean, once the layer is built."""
        return self._variables.get("mean")

    @property
    def adapt_variance(self) -> Variable | None:
        """The weight that is the variance, once the layer is built."""
        return self._variables.get("variance")

    @property
    def count(self) -> Variable | None:
        """A weight of Keras that nothing is computed with, once the layer is built."""
        return self._count

    @property
    def mean(self) -> Tensor | None:
        """The mean with as many axes as the input, once the layer is built."""
        return self._in_form(self.input_mean, self.adapt_mean)

    @property
    def variance(self) -> Tensor | None:
        """The variance with as many axes as the input, once the layer is built."""
        return self._in_form(self.input_variance, self.adapt_variance)

    def _in_form(self, given: Any, weight: Variable | None) -> Tensor | None:
        if not self.knows_shapes:
            return None
        extents = self.input_shape
        kept = self._kept(len(extents))
        values = np.asarray(given if weight is None else weight.numpy(), np.float32)
        wide = np.broadcast_to(values, [extents[axis] for axis in kept])
        return tensor(wide.reshape([extent if axis in kept else 1 for axis, extent in enumerate(extents)]))

    def adapt(self, data: Any) -> None:
        """Finds mean and variance of data, in place of those that the layer has.

        Args:
            data: An array (N, ...); or batches, as arrays or as (x, y): a list, a generator, a `PyDataset`, or a loader
                of another library.

        Raises:
            ArgumentError: If it is neither.
            ValueError: If there are no batches, their shapes differ, or do not fit the layer.

        Example:
            >>> import numpy as np
            >>> layer = Normalization(axis=None)
            >>> layer.adapt(np.ones((2, 3)) for _ in range(2))
            >>> layer.adapt_mean.numpy().item(), layer.adapt_variance.numpy().item()
            (1.0, 0.0)
        """
        batches = _batches(data)
        first = next(batches, None)
        if first is None:
            raise ValueError("adapt() received an empty iterable (no batches). Expected at least one batch. Pass a "
                             "non-empty iterable of arrays or tensors, e.g. layer.adapt([x]) or "
                             "layer.adapt(list_of_batches).")
        kept = self._kept(first.ndim)
        if self.knows_shapes and any(self.input_shape[axis] != first.shape[axis] for axis in kept if axis > 0):
            raise ValueError(f"The layer was built with input_shape={self.input_shape}, but adapt() is being called "
                             f"with data with an incompatible shape, data.shape={first.shape}")
        self._build([first.shape[1:]])
        mean: Any = 0.0
        variance: Any = 0.0
        total = 0
        for batch in itertools.chain([first], batches):
            if batch.ndim != first.ndim or any(batch.shape[axis] != first.shape[axis] for axis in kept):
                raise ValueError(f"adapt() yielded a batch with incompatible shape. Expected {(None, *first.shape[1:])}"
                                 f", got {batch.shape}.")
            others = tuple(axis for axis in range(batch.ndim) if axis not in kept)
            count = math.prod(batch.shape[axis] for axis in others)
            total += count
            share = count / total
            found = batch.mean(axis=others, dtype=np.float64)
            between = mean * (1 - share) + found * share
            variance = ((variance + (mean - between) ** 2) * (1 - share)
                        + (batch.var(axis=others, dtype=np.float64) + (found - between) ** 2) * share)
            mean = between
        if self.adapt_mean is not None and self.adapt_variance is not None:  # else they were given, as in Keras
            self.adapt_mean.assign(np.asarray(mean, np.float32))
            self.adapt_variance.assign(np.asarray(variance, np.float32))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "invert": self.invert, "mean": self.input_mean,
                "variance": self.input_variance}


def _batches(data: Any) -> Iterator[NDArray[Any]]:
    """Arrays of rows."""
    if is_array(data):
        array = as_array("adapt", "data", data)
        yield from (array[start : start + ROWS] for start in range(0, len(array), ROWS))
        return
    if not isinstance(data, (Iterable, PyDataset)):
        raise checks.ArgumentError(f"Unsupported data type: {type(data)}. `adapt` takes arrays, utils.PyDataset, and "
                                   "iterables of batches (e.g. list, generator).")
    if isinstance(data, PyDataset) and hasattr(data, "__len__"):  # which may be an iterator without end, too
        data = batches_of(data, range(len(data)))
    for batch in data:
        x = batch[0] if isinstance(batch, (list, tuple)) and len(batch) > 0 and is_array(batch[0]) else batch
        if not is_array(x):
            raise checks.ArgumentError("adapt() expects an iterable that yields arrays or tensors with a `.shape` "
                                       f"attribute. Got an element of type {type(x).__name__}.")
        yield as_array("adapt", "data", x)
