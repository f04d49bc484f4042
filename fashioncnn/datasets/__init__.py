"""Data sets: `fashion_mnist`, `mnist`, and `load_idx` for any IDX file."""

from fashioncnn.datasets import fashion_mnist, mnist
from fashioncnn.datasets.idx import load_idx
from fashioncnn.utils import absent

__all__ = ["fashion_mnist", "load_idx", "mnist"]

__getattr__ = absent.module_getattr(__name__)
