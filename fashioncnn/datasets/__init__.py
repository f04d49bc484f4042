"""Data sets: `fashion_mnist`, `mnist`, and `load_idx` for any IDX file."""

from fashioncnn.datasets import fashion_mnist, mnist
from fashioncnn.datasets.idx import load_idx

__all__ = ["fashion_mnist", "load_idx", "mnist"]
