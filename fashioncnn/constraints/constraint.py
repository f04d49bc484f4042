"""Base class of the constraints, and the one that has no arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fashioncnn.utils.arrays import floating
from fashioncnn.utils.registry import CONSTRAINTS
from fashioncnn.utils.settings import Configured
from fashioncnn.utils.tensor import Tensor, tensor


@CONSTRAINTS.register()
@CONSTRAINTS.base
class Constraint(Configured):
    """What a layer's weights are brought back to after each update.

    A layer takes one for each kind of weights, as ``kernel_constraint=`` and so on; it acts while these are trainable.
    Called with an array, a constraint returns what it makes of it. This class itself changes nothing. One of your own
    has a `__call__` of its own, or is a function; it is called with the weight after each update.

    Example:
        >>> from fashioncnn import constraints, layers
        >>> layer = layers.Dense(3, kernel_constraint=constraints.MaxNorm(2))
        >>> layer.get_config()["kernel_constraint"]["config"]
        {'max_value': 2, 'axis': 0}
    """

    _core_methods = ("__call__",)
    _instead = "Derive a class with a __call__ of its own."

    def __call__(self, w: Any) -> Tensor:
        """What becomes of an array of weights, as a new array of the same type."""
        array = floating(w)
        return tensor(self._constrained(array).astype(array.dtype), array.dtype)

    def _constrained(self, w: Any) -> Any:
        return w

    def core_config(self, shape: Sequence[int], core_shape: Sequence[int] | None = None) -> dict[str, Any] | None:
        """What the core's `Network.set_rules` takes for weights of a shape; None where nothing is changed.

        Args:
            shape: The weights' shape.
            core_shape: That of the core's parameter, where it has more axes, of extent 1; None: the same.

        Raises:
            NotImplementedError: If the constraint is written in Python.
            ValueError: If it does not fit the shape.
        """
        self.refuse_overrides()
        return self._core_config(tuple(shape), tuple(shape if core_shape is None else core_shape))

    def _core_config(self, shape: tuple[int, ...], core_shape: tuple[int, ...]) -> dict[str, Any] | None:
        return None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Constraint:
        """The constraint that `get_config` described."""
        return cls(**config)


@CONSTRAINTS.register()
class NonNeg(Constraint):
    """Weights that are negative become 0.

    Example:
        >>> NonNeg()([-1.0, 2.0])
        array([0., 2.], dtype=float32)
    """

    def _constrained(self, w: Any) -> Any:
        return np.maximum(w, 0)

    def _core_config(self, shape: tuple[int, ...], core_shape: tuple[int, ...]) -> dict[str, Any] | None:
        return {"type": "non_neg"}
