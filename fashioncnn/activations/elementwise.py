"""Activation functions that make of each number another one."""

from __future__ import annotations

from typing import Any

from fashioncnn.activations.run import elementwise
from fashioncnn.utils import checks


def linear(x: Any) -> Any:
    """``x``"""
    return elementwise(x, function="linear")


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """``max(x, 0)``; in full: ``max_value`` where ``x >= max_value``, ``x`` where ``x >= threshold``, else
    ``negative_slope * (x - threshold)``.

    Example:
        >>> relu([-1.0, 0.5, 2.0])
        array([0. , 0.5, 2. ], dtype=float32)
    """
    return elementwise(x, **relu_node(negative_slope, max_value, threshold))


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """``x`` where it is positive, else ``negative_slope * x``."""
    return relu(x, negative_slope)


def relu6(x: Any) -> Any:
    """``min(max(x, 0), 6)``"""
    return relu(x, max_value=6.0)


def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``"""
    return elementwise(x, function="sigmoid")


def log_sigmoid(x: Any) -> Any:
    """``log(sigmoid(x))``"""
    return elementwise(x, function="log_sigmoid")


def hard_sigmoid(x: Any) -> Any:
    """``min(max(x / 6 + 1 / 2, 0), 1)``"""
    return elementwise(x, function="hard_sigmoid")


def sparse_sigmoid(x: Any) -> Any:
    """``min(max((x + 1) / 2, 0), 1)``"""
    return elementwise(x, function="sparse_sigmoid")


def tanh(x: Any) -> Any:
    """``(exp(x) - exp(-x)) / (exp(x) + exp(-x))``"""
    return elementwise(x, function="tanh")


def hard_tanh(x: Any) -> Any:
    """``min(max(x, -1), 1)``"""
    return elementwise(x, function="hard_tanh")


def tanh_shrink(x: Any) -> Any:
    """``x - tanh(x)``"""
    return elementwise(x, function="tanh_shrink")


def elu(x: Any, alpha: float = 1.0) -> Any:
    """``x`` where it is positive, else ``alpha * (exp(x) - 1)``."""
    return elementwise(x, function="elu", alpha=checks.number("alpha", alpha))


def celu(x: Any, alpha: float = 1.0) -> Any:
    """``x`` where it is positive, else ``alpha * (exp(x / alpha) - 1)``.

    Raises:
        ValueError: If `alpha` is not positive.
    """
    return elementwise(x, function="celu", alpha=checks.number("alpha", alpha, above=0))


def selu(x: Any) -> Any:
    """``1.0507 * elu(x, 1.67326)``, with all digits."""
    return elementwise(x, function="selu")


def softplus(x: Any) -> Any:
    """``log(1 + exp(x))``"""
    return elementwise(x, function="softplus")


def sparse_plus(x: Any) -> Any:
    """0 where ``x <= -1``, ``x`` where ``x >= 1``, ``(x + 1)**2 / 4`` in between."""
    return elementwise(x, function="sparse_plus")


def squareplus(x: Any, b: float = 4) -> Any:
    """``(x + sqrt(x**2 + b)) / 2``

    Raises:
        ValueError: If `b` is negative.
    """
    return elementwise(x, function="squareplus", b=checks.number("b", b, at_least=0))


def softsign(x: Any) -> Any:
    """``x / (1 + |x|)``"""
    return elementwise(x, function="softsign")


def gelu(x: Any, approximate: bool = False) -> Any:
    """``x / 2 * (1 + erf(x / sqrt(2)))``; with `approximate`, tanh takes the place of erf."""
    return elementwise(x, function="gelu_tanh" if approximate else "gelu")


def silu(x: Any) -> Any:
    """``x * sigmoid(x)``, also known as swish."""
    return elementwise(x, function="silu")


def hard_silu(x: Any) -> Any:
    """``x * hard_sigmoid(x)``, also known as hard swish."""
    return elementwise(x, function="hard_silu")


def mish(x: Any) -> Any:
    """``x * tanh(softplus(x))``"""
    return elementwise(x, function="mish")


def exponential(x: Any) -> Any:
    """``exp(x)``"""
    return elementwise(x, function="exponential")


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """``x`` where ``|x| > threshold``, else 0."""
    return elementwise(x, function="hard_shrink", threshold=checks.number("threshold", threshold))


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """``x - threshold`` where ``x > threshold``, ``x + threshold`` where ``x < -threshold``, else 0."""
    return elementwise(x, function="soft_shrink", threshold=checks.number("threshold", threshold))


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """``x`` where ``x > threshold``, else ``default_value``.

    Example:
        >>> threshold([-1.0, 0.5, 2.0], 1.0, -7.0)
        array([-7., -7.,  2.], dtype=float32)
    """
    return elementwise(x, function="threshold", threshold=checks.number("threshold", threshold),
                       default_value=checks.number("default_value", default_value))


def relu_node(negative_slope: float, max_value: float | None, threshold: float) -> dict[str, Any]:
    """The attributes of the core's rectifier.

    Raises:
        TypeError: If an argument is not a number.
        ValueError: If `max_value` or `negative_slope` is negative.
    """
    node = {"function": "relu", "negative_slope": checks.number("negative_slope", negative_slope, at_least=0),
            "threshold": checks.number("threshold", threshold)}
    if max_value is not None:
        node["max_value"] = checks.number("max_value", max_value, at_least=0)
    return node


swish = silu
hard_swish = hard_silu
