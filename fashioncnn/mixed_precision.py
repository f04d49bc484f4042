"""Layers whose products take factors rounded to bfloat16, under Keras's names.

Example:
    >>> from fashioncnn import layers
    >>> set_global_policy("mixed_bfloat16")
    >>> layers.Dense(10).dtype_policy
    <DTypePolicy "mixed_bfloat16">
    >>> set_global_policy("float32")
"""

from __future__ import annotations

from fashioncnn.utils import absent
from fashioncnn.utils.policies import DTypePolicy, dtype_policy, set_dtype_policy

__all__ = ["DTypePolicy", "Policy", "dtype_policy", "global_policy", "set_dtype_policy", "set_global_policy"]

Policy = DTypePolicy
global_policy, set_global_policy = dtype_policy, set_dtype_policy

__getattr__ = absent.module_getattr(__name__)
