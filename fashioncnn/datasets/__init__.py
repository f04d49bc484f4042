"""Data sets: `fashion_mnist`, `mnist`, `kmnist`, `cifar10`, `cifar100`, and `load_idx` for any IDX file."""

from fashioncnn.datasets import cifar10, cifar100, fashion_mnist, kmnist, mnist
from fashioncnn.datasets.idx import load_idx
from fashioncnn.utils import absent

__all__ = ["cifar10", "cifar100", "fashion_mnist", "kmnist", "load_idx", "mnist"]

__getattr__ = absent.module_getattr(__name__)
