"""TensorFlow's name for the global seed."""

from __future__ import annotations

from fashioncnn.utils import absent
from fashioncnn.utils.seeds import set_random_seed

__all__ = ["set_seed"]


def set_seed(seed: int) -> None:
    """Does what `utils.set_random_seed` does, which also sets Python's and NumPy's seeds."""
    set_random_seed(seed)


__getattr__ = absent.module_getattr(__name__)
