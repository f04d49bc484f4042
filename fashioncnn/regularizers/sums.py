"""Regularizers that add up what each weight costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn.regularizers.regularizer import Regularizer, factor
from fashioncnn.utils.arrays import floating
from fashioncnn.utils.registry import REGULARIZERS
from fashioncnn.utils.settings import Setting
from fashioncnn.utils.tensor import Tensor, tensor


class _Sums(Regularizer):
    """``l1 * sum(abs(x)) + l2 * sum(x**2)``, with the factors that `_factors` returns."""

    def _factors(self) -> tuple[float, float]:
        raise NotImplementedError

    def __call__(self, x: Any) -> Tensor:
        array = floating(x)
        l1, l2 = self._factors()
        penalty = l1 * np.abs(array).sum(dtype=np.float64) + l2 * np.square(array, dtype=np.float64).sum()
        return tensor(penalty, array.dtype)

    def _core_config(self) -> dict[str, Any] | None:
        l1, l2 = self._factors()
        return {"type": "l1_l2", "l1": l1, "l2": l2} if l1 or l2 else None


@REGULARIZERS.register()
class L1(_Sums):
    """A penalty of ``l1 * sum(abs(x))``, which draws weights to 0.

    Args:
        l1: At least 0; None: 0.01.

    Raises:
        ArgumentError: If `l1` is not a number.
        ValueError: If it is negative or not finite.

    Example:
        >>> L1(0.5)([1.0, -3.0])
        array(2., dtype=float32)
    """

    l1 = Setting(lambda name, value: float(np.float32(factor(name, value))))  # as Keras's config has it

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = 0.01 if l1 is None else l1

    def _factors(self) -> tuple[float, float]:
        return self.l1, 0.0

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


@REGULARIZERS.register()
class L2(_Sums):
    """A penalty of ``l2 * sum(x**2)``, which keeps weights small.

    Args:
        l2: At least 0; None: 0.01.

    Raises:
        ArgumentError: If `l2` is not a number.
        ValueError: If it is negative or not finite.

    Example:
        >>> L2(0.5)([1.0, -3.0])
        array(5., dtype=float32)
    """

    l2 = Setting(factor)

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = 0.01 if l2 is None else l2

    def _factors(self) -> tuple[float, float]:
        return 0.0, self.l2

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


@REGULARIZERS.register("l1_l2")
class L1L2(_Sums):
    """A penalty of ``l1 * sum(abs(x)) + l2 * sum(x**2)``.

    Args:
        l1: At least 0; None: 0.
        l2: The same.

    Raises:
        ArgumentError: If an argument is not a number.
        ValueError: If one is negative or not finite.

    Example:
        >>> L1L2(l1=0.5, l2=0.5)([1.0, -3.0])
        array(7., dtype=float32)
    """

    l1 = Setting(factor)
    l2 = Setting(factor)

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = 0.0 if l1 is None else l1
        self.l2 = 0.0 if l2 is None else l2

    def _factors(self) -> tuple[float, float]:
        return self.l1, self.l2

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}
