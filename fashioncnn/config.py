"""Settings of Keras, and devices of TensorFlow, that scripts ask for. All but the policy have one value here.

One setting is our own, and has two values: whether convolutions run by `winograd`'s algorithm.

Example:
    >>> image_data_format(), floatx(), list_physical_devices("GPU")
    ('channels_last', 'float32', [])
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from fashioncnn import _core
from fashioncnn.utils import absent, checks
from fashioncnn.utils.policies import dtype_policy, set_dtype_policy

__all__ = [
    "PhysicalDevice",
    "backend",
    "dtype_policy",
    "enable_op_determinism",
    "epsilon",
    "experimental",
    "floatx",
    "get_visible_devices",
    "gpu_device_name",
    "image_data_format",
    "is_gpu_available",
    "list_logical_devices",
    "list_physical_devices",
    "run_functions_eagerly",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_visible_devices",
    "set_winograd",
    "winograd",
]


class PhysicalDevice(NamedTuple):
    """A device, as TensorFlow lists them."""

    name: str
    device_type: str


def backend() -> str:
    """The name of what computes: "fashioncnn"."""
    return "fashioncnn"


def floatx() -> str:
    """The type of all weights and outputs."""
    return "float32"


def set_floatx(value: str) -> None:
    """Raises ValueError unless `value` is "float32"."""
    checks.float32("set_floatx()", value)


def epsilon() -> float:
    """How far probabilities are kept from 0 and 1 before their logarithm is taken."""
    return 1e-7


def set_epsilon(value: float) -> None:
    """Raises ValueError unless `value` is 1e-7."""
    checks.one_of("set_epsilon()", "value", value, [epsilon()])


def image_data_format() -> str:
    """Where images have their channels."""
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Raises ValueError unless `data_format` is "channels_last"."""
    checks.one_of("set_image_data_format()", "data_format", data_format, ["channels_last"])


def winograd() -> bool:
    """Whether convolutions may run by Winograd's algorithm; see `set_winograd`."""
    return _core.winograd()


def set_winograd(value: bool) -> None:
    """Says whether convolutions may run by Winograd's algorithm, in all models of this process.

    By it 3x3 and 5x5 convolutions of stride 1 need a third to a quarter of the products, and round more than plain
    sums: docs/numerics.md has the figures. False is for those who compare results with other programs to the last
    digits. It costs time, and changes bits: the same model, seed and data give others than with True.

    It holds from each model's next batch on, also for models that were trained before. Weights, the optimizer and
    statistics stay as they are; nothing of it is kept in files. Processes that begin later, other than by a fork, take
    theirs from the variable FASHIONCNN_WINOGRAD, 0 or 1; without it it is True.

    Args:
        value: True or False.

    Raises:
        ArgumentError: If `value` is neither.

    Example:
        >>> set_winograd(False)
        >>> winograd()
        False
        >>> set_winograd(True)
    """
    _core.set_winograd(checks.flag("value", value))


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices of a type, "CPU" or "GPU"; None: all. There is a CPU, and never a GPU."""
    return [] if device_type not in (None, "CPU") else [PhysicalDevice("/physical_device:CPU:0", "CPU")]


list_logical_devices = get_visible_devices = list_physical_devices


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Raises ValueError unless the devices are those of the type, or of no type, which there are."""
    checks.one_of("set_visible_devices()", "devices", devices, [list_physical_devices(device_type)])


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Without effect: nothing is ever compiled at run time."""


def enable_op_determinism() -> None:
    """Without effect: the same seed gives the same bits in any case."""


def is_gpu_available() -> bool:
    """Whether there is a GPU: no."""
    return False


def gpu_device_name() -> str:
    """The GPU's name: none."""
    return ""


experimental = sys.modules[__name__]

__getattr__ = absent.module_getattr(__name__)
