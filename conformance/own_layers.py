"""Layers that a test file defines, with a `call` of their own.

Where fashioncnn does not have them, it may stumble over one anywhere, and the error names something else.
"""

from __future__ import annotations

import traceback
from functools import cache
from typing import Any

import numpy as np

FEATURE = "layers of your own"


@cache
def are_absent() -> bool:
    """Whether a class derived from `Layer` that defines `call` does not work as a layer."""
    from fashioncnn.layers import Layer

    class Same(Layer):
        def call(self, x: Any) -> Any:
            return x

    try:
        Same()(np.ones((1, 1), np.float32))
    except Exception:
        return True
    return False


def is_own(layer: Any) -> bool:
    """Whether a class that is not fashioncnn's says what the layer computes."""
    return any("call" in vars(cls) for cls in type(layer).__mro__ if not cls.__module__.startswith("fashioncnn."))


def have_raised(error: BaseException) -> bool:
    """Whether fashioncnn raised an error in a method of such a layer, or of a model that has one."""
    from fashioncnn.layers import Layer

    for frame, _ in traceback.walk_tb(error.__traceback__):
        layer = frame.f_locals.get("self")
        if isinstance(layer, Layer) and frame.f_globals.get("__name__", "").startswith("fashioncnn."):
            if is_own(layer):
                return True
            if any(map(is_own, getattr(layer, "layers", ()))):
                return True
    return False
