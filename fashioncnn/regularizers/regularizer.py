"""Base class of the regularizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fashioncnn.utils import checks
from fashioncnn.utils.registry import REGULARIZERS
from fashioncnn.utils.settings import Configured
from fashioncnn.utils.tensor import Tensor, tensor


@REGULARIZERS.register()
@REGULARIZERS.base
class Regularizer(Configured):
    """A penalty for a layer's weights or outputs, which is added to the loss of training and evaluating.

    A layer takes one for each kind of weights, as ``kernel_regularizer=`` and so on. While these are trainable, the
    penalty is part of the loss, and its gradient part of theirs, before it is clipped. ``activity_regularizer=`` takes
    `L1`, `L2` or `L1L2` for the outputs; that penalty is divided by the number of images. Called with an array, a
    regularizer returns the penalty. This class itself has none. One of your own has a `__call__` of its own, or is a
    function; it computes one number with operators and `fashioncnn.ops`, and is traced once for each weight.

    Example:
        >>> from fashioncnn import layers, regularizers
        >>> layer = layers.Dense(3, kernel_initializer="ones", kernel_regularizer=regularizers.L2(0.5))
        >>> layer.build((None, 4))
        >>> layer.losses
        [array(6., dtype=float32)]
    """

    _core_methods = ("__call__",)
    _instead = "Derive a class with a __call__ of its own."

    def __call__(self, x: Any) -> Tensor:
        """The penalty for an array of weights, as an array without axes of the same type."""
        return tensor(0.0)

    def core_config(self) -> dict[str, Any] | None:
        """What the core's `Network.set_rules` takes; None where there is no penalty.

        Raises:
            NotImplementedError: If the regularizer is written in Python.
        """
        self.refuse_overrides()
        return self._core_config()

    def _core_config(self) -> dict[str, Any] | None:
        return None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        raise NotImplementedError(f"{type(self).__name__} must define get_config(self)")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Regularizer:
        """The regularizer that `get_config` described."""
        return cls(**config)


def factor(name: str, value: Any) -> float:
    """What a penalty is multiplied by: a number of at least 0."""
    return checks.number(name, value, at_least=0)
