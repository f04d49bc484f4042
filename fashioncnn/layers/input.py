"""The layer that says what a model's inputs look like."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from fashioncnn.layers.arguments import extents
from fashioncnn.layers.layer import Layer
from fashioncnn.layers.symbolic import KerasTensor, Node
from fashioncnn.utils import checks
from fashioncnn.utils.naming import auto_name
from fashioncnn.utils.registry import LAYERS
from fashioncnn.utils.settings import Choice


@LAYERS.register()
class InputLayer(Layer):
    """The shape of one input.

    Args:
        shape: Without the batch axis: ``(28, 28, 1)``. An extent of None may differ from one call of a
            model to the next.
        batch_size: None, or any number: batches of every size are taken.
        dtype: None or a NumPy dtype name; inputs of any number type are taken.
        sparse: None or False.
        ragged: None or False.
        batch_shape: `shape` with the batch axis first, in its place.
        optional: False.
        name: A name.

    Raises:
        ArgumentError: If `shape` is not a tuple of integers.
        ValueError: If an argument is not supported, or not exactly one of `shape` and `batch_shape` is given.
    """

    input_dtype: str
    sparse = Choice(False, none=False)
    ragged = Choice(False, none=False)
    optional = Choice(False)

    def __init__(self, shape: Sequence[int | None] | None = None, batch_size: int | None = None, dtype: Any = None,
                 sparse: bool | None = None, ragged: bool | None = None,
                 batch_shape: Sequence[int | None] | None = None, optional: bool = False, name: str | None = None,
                 input_shape: Sequence[int | None] | None = None, **options: Any) -> None:
        super().__init__(name=name, batch_size=batch_size, **options)
        self.sparse = sparse
        self.ragged = ragged
        self.optional = optional
        if input_shape is not None:
            warnings.warn("`input_shape` is an old name; write `shape`", stacklevel=2)
            shape = input_shape
        if (shape is None) == (batch_shape is None):
            raise ValueError(f"{type(self).__name__}: exactly one of `shape` and `batch_shape` must be given, got "
                             f"shape={shape}, batch_shape={batch_shape}")
        if batch_shape is not None:
            if batch_size is not None:
                raise ValueError(f"{type(self).__name__}: `batch_shape` has a batch size already, got batch_size="
                                 f"{batch_size} as well")
            batch_size, *shape = extents("batch_shape", batch_shape)
        self._extents = extents("shape", shape)
        self.batch_size = batch_size
        self.input_dtype = "float32" if dtype is None else str(getattr(dtype, "__name__", dtype))
        self._tensor_name = auto_name("KerasTensor") if name is None else name
        self.set_shapes([self.shape], [self.shape])
        self._make_tensor()

    def _make_tensor(self) -> None:
        Node(self, [], [KerasTensor(self.batch_shape, self.input_dtype, self._tensor_name)])

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        self._make_tensor()

    @property
    def batch_shape(self) -> tuple[int | None, ...]:
        """The shape with the batch axis, as it was declared."""
        return (self.batch_size, *self._extents)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """The shape without the batch axis."""
        return self._extents

    def check(self, shape: tuple[int, ...], model: str) -> None:
        """Raises ValueError unless inputs of this shape are what was declared."""
        fits = len(shape) == len(self._extents) and all(
            extent in (None, given) for extent, given in zip(self._extents, shape, strict=True))
        if not fits:
            raise ValueError(f"model '{model}' takes inputs of shape {(None, *self._extents)}, got {(None, *shape)}")

    def call(self) -> None:  # type: ignore[override]
        """Does nothing, as in Keras."""

    def get_config(self) -> dict[str, Any]:
        return {"batch_shape": self.batch_shape, "dtype": self.input_dtype, "sparse": False, "ragged": False,
                "name": self.name, "optional": False}


def Input(shape: Sequence[int | None] | None = None, batch_size: int | None = None, dtype: Any = None,
          sparse: bool | None = None, batch_shape: Sequence[int | None] | None = None, name: str | None = None,
          tensor: None = None, optional: bool = False) -> Any:
    """A symbolic tensor: the place of a model's input. Layers are called on it, or it goes first into a `Sequential`.

    Its class is `fashioncnn.KerasTensor`, and an `InputLayer` has made it.

    Args:
        shape: Without the batch axis: ``(28, 28, 1)``. An extent of None may differ from one call of the
            model to the next.
        batch_size: None, or any number: batches of every size are taken.
        dtype: See `InputLayer`.
        sparse: None or False.
        batch_shape: `shape` with the batch axis first, in its place.
        name: A name.
        tensor: None.
        optional: False.

    Raises:
        ArgumentError: If `shape` is not a tuple of integers.
        ValueError: If an argument is not supported.

    Example:
        >>> from fashioncnn import Sequential, layers
        >>> Sequential([Input(shape=(28, 28, 1)), layers.Flatten()]).output_shape
        (None, 784)
        >>> from fashioncnn import Model
        >>> image = Input(shape=(28, 28, 1))
        >>> Model(image, layers.Flatten()(image)).output_shape
        (None, 784)
    """
    if tensor is not None:
        raise checks.unsupported("Input", "tensor", tensor, "None")
    return InputLayer(shape, batch_size, dtype, sparse, batch_shape=batch_shape, optional=optional, name=name).output
