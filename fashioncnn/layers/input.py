"""The layer that says what a model's inputs look like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fashioncnn.layers.graph import Graph
from fashioncnn.layers.layer import Layer, checked_shape


class InputLayer(Layer):
    """The shape of one input.

    Args:
        shape: Without the batch axis: ``(28, 28, 1)``.
        batch_size: None; batches of every size are taken.
        dtype: None or a NumPy dtype name; inputs of any number type are taken.
        sparse: None or False.
        ragged: None or False.
        batch_shape: `shape` with the batch axis first, in its place.
        optional: False.
        name: A name.

    Raises:
        TypeError: If `shape` is not a tuple of integers.
        ValueError: If an argument is not supported, or not exactly one of `shape` and `batch_shape` is given.
    """

    def __init__(self, shape: Sequence[int | None] | None = None, batch_size: int | None = None, dtype: Any = None,
                 sparse: bool | None = None, ragged: bool | None = None,
                 batch_shape: Sequence[int | None] | None = None, optional: bool = False, name: str | None = None,
                 input_shape: Sequence[int | None] | None = None, **options: Any) -> None:
        super().__init__(name=name, **options)
        unsupported = {"batch_size": batch_size, "sparse": sparse, "ragged": ragged, "optional": optional}
        for argument, value in unsupported.items():
            self._check_only(argument, value, None, False)
        if shape is None:
            shape = input_shape
        if (shape is None) == (batch_shape is None):
            raise ValueError(f"{type(self).__name__}: exactly one of `shape` and `batch_shape` must be given, got "
                             f"shape={shape}, batch_shape={batch_shape}")
        if batch_shape is not None:
            self._check_only("batch_shape[0]", batch_shape[0], None)
            shape = batch_shape[1:]
        self.shape = checked_shape("shape", shape)
        self.input_dtype = "float32" if dtype is None else str(dtype)
        self.set_shapes(self.shape, self.shape)

    @property
    def batch_shape(self) -> tuple[int | None, ...]:
        """`shape` with the batch axis, None."""
        return (None, *self.shape)

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.input(self.shape, self.name)

    def get_config(self) -> dict[str, Any]:
        return {"batch_shape": self.batch_shape, "dtype": self.input_dtype, "sparse": False, "ragged": False,
                "name": self.name, "optional": False}


def Input(shape: Sequence[int | None] | None = None, batch_size: int | None = None, dtype: Any = None,
          sparse: bool | None = None, batch_shape: Sequence[int | None] | None = None,
          name: str | None = None) -> InputLayer:
    """What goes first into a `Sequential` model: the shape of one input.

    Args:
        shape: Without the batch axis: ``(28, 28, 1)``.
        batch_size: None.
        dtype: See `InputLayer`.
        sparse: None or False.
        batch_shape: `shape` with the batch axis first, in its place.
        name: A name.

    Raises:
        TypeError: If `shape` is not a tuple of integers.
        ValueError: If an argument is not supported.

    Example:
        >>> from fashioncnn import Sequential, layers
        >>> Sequential([Input(shape=(28, 28, 1)), layers.Flatten()]).output_shape
        (None, 784)
    """
    return InputLayer(shape, batch_size, dtype, sparse, batch_shape=batch_shape, name=name)
