"""Policies of precision, under Keras's names; `mixed_precision` sets the one in force.

Example:
    >>> get("mixed_bfloat16")
    <DTypePolicy "mixed_bfloat16">
"""

from __future__ import annotations

from fashioncnn.utils import absent
from fashioncnn.utils.policies import DTypePolicy, deserialize, get, serialize

__all__ = ["DTypePolicy", "FloatDTypePolicy", "deserialize", "get", "serialize"]

FloatDTypePolicy = DTypePolicy

__getattr__ = absent.module_getattr(__name__)
