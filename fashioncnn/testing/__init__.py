"""What tests of networks need: gradients that are right, weights that are the same, trainings that go as before.

pytest finds `fashioncnn.testing.plugin` by itself, with the fixture `golden_training`. Nothing is loaded before its
first use, as every run of pytest imports this package.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # as typing has it, which takes long to import
if TYPE_CHECKING:
    from typing import Any

    from fashioncnn.testing.bits import assert_same_bits, weights_digest
    from fashioncnn.testing.gradients import GradientCheck, check_gradients

__all__ = ["GradientCheck", "assert_same_bits", "check_gradients", "weights_digest"]

_homes = {"GradientCheck": "gradients", "assert_same_bits": "bits", "check_gradients": "gradients",
          "weights_digest": "bits"}


def __getattr__(name: str) -> Any:
    if name not in _homes:
        raise AttributeError(f"module '{__name__}' has no '{name}'; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"{__name__}.{_homes[name]}"), name)
