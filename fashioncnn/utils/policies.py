"""In which precision layers compute: Keras's policies, as far as there are any here, and the one in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fashioncnn.utils import checks

SUPPORTED = ("float32", "mixed_bfloat16")
KNOWN = ("bfloat16", "float16", "float64", "mixed_float16")  # to Keras alone


class DTypePolicy:
    """In which precision a layer computes.

    Under "mixed_bfloat16" the factors of a layer's products are rounded to bfloat16, 8 bits of precision beside
    float32's range. Weights, sums, outputs, gradients, losses and the optimizer stay float32, and there is no loss to
    scale. `Dense` has such products; other layers compute in float32 whatever their policy. docs/numerics.md says what
    is rounded, docs/performance.md what it brings on which processors.

    Args:
        name: "float32" or "mixed_bfloat16"; None: "float32".

    Raises:
        TypeError: If `name` is no string.
        ValueError: If there is no such policy here.

    Example:
        >>> policy = DTypePolicy("mixed_bfloat16")
        >>> policy.compute_dtype, policy.variable_dtype
        ('bfloat16', 'float32')
    """

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = "float32"
        if not isinstance(name, str):
            raise TypeError(f"'name' must be a string, such as 'mixed_bfloat16'. Received: name={name!r} (of type "
                            f"{type(name)})")
        if name in KNOWN:
            raise checks.unsupported("DTypePolicy", "dtype", name, " and ".join(map(repr, SUPPORTED)))
        if name not in SUPPORTED:
            raise ValueError(f"Cannot convert {name!r} to a mixed precision DTypePolicy: there is none of that name; "
                             f"supported: {' and '.join(map(repr, SUPPORTED))}")
        self._name = name

    @property
    def name(self) -> str:
        """The policy's name."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """What the factors of products are rounded to: "float32", or "bfloat16"."""
        return self._name.removeprefix("mixed_")

    @property
    def variable_dtype(self) -> str:
        """The type of weights: "float32"."""
        return "float32"

    @property
    def quantization_mode(self) -> None:
        """None: nothing is quantized."""
        return None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"name": self._name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> DTypePolicy:
        """The policy that `get_config` described."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'


_in_force = DTypePolicy("float32")


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are made without another.

    Example:
        >>> dtype_policy()
        <DTypePolicy "float32">
    """
    return _in_force


def set_dtype_policy(policy: str | DTypePolicy) -> None:
    """Sets the policy of layers that will be made without another; those that are there keep theirs.

    Args:
        policy: A `DTypePolicy`, or the name of one.

    Raises:
        ValueError: If it is neither, or there is no such policy here.

    Example:
        >>> set_dtype_policy("mixed_bfloat16")
        >>> dtype_policy()
        <DTypePolicy "mixed_bfloat16">
        >>> set_dtype_policy("float32")
    """
    global _in_force
    if not isinstance(policy, (str, DTypePolicy)):
        raise ValueError("Invalid `policy` argument. Expected the string name of a policy (such as 'mixed_bfloat16') "
                         f"or a `DTypePolicy` instance. Received: policy={policy!r} (of type {type(policy)})")
    _in_force = get(policy)


def get(identifier: Any) -> DTypePolicy:
    """The policy that an argument means.

    Args:
        identifier: None: the one in force; a policy or its name, or what `serialize` or Keras wrote of one; a type, as
            `np.float32`.

    Raises:
        ValueError: If it means none, or one that is not there.

    Example:
        >>> get({"class_name": "DTypePolicy", "config": {"name": "mixed_bfloat16"}})
        <DTypePolicy "mixed_bfloat16">
    """
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    name = getattr(identifier, "name", getattr(identifier, "__name__", identifier))
    if not isinstance(name, str):
        raise ValueError("Cannot interpret `dtype` argument. Expected a string or an instance of DTypePolicy. "
                         f"Received: dtype={identifier!r}")
    return DTypePolicy(name)


def serialize(policy: DTypePolicy) -> dict[str, Any]:
    """A description, as Keras writes it, of which `deserialize` makes the policy again.

    Example:
        >>> serialize(DTypePolicy("mixed_bfloat16"))["config"]
        {'name': 'mixed_bfloat16'}
    """
    return {"module": "keras", "class_name": "DTypePolicy", "config": policy.get_config(), "registered_name": None}


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> DTypePolicy:
    """The policy that `serialize` or Keras described.

    Args:
        config: A mapping with ``class_name`` and ``config``.
        custom_objects: Not used: there are no policies of users.

    Raises:
        ValueError: If the description is malformed, or there is no such policy here.
    """
    inner = config.get("config")
    if config.get("class_name", "DTypePolicy") not in ("DTypePolicy", "FloatDTypePolicy", "Policy") or not isinstance(
            inner, Mapping) or not isinstance(inner.get("name"), str):
        raise ValueError(f"dtype={dict(config)!r} is not supported by fashioncnn; supported: a DTypePolicy of "
                         f"{' or '.join(map(repr, SUPPORTED))}")
    return DTypePolicy(inner["name"])
