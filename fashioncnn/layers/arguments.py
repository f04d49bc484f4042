"""Checks of arguments that several layers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fashioncnn import constraints, regularizers
from fashioncnn.utils import checks, structures
from fashioncnn.utils.overrides import is_written
from fashioncnn.utils.settings import Choice, Configured, Setting

Shape = tuple[int, ...]
PADDINGS = ("valid", "same")


def form_of_shapes(structure: Any, shapes: list[Any]) -> Any:
    """The form of a structure of shapes, which are added to a list in the order of leaves; None for a single shape.

    Example:
        >>> shapes = []
        >>> form_of_shapes({"b": (None, 2), "a": (None, 3)}, shapes), shapes
        ({'b': None, 'a': None}, [(None, 3), (None, 2)])
    """
    if isinstance(structure, Mapping):
        found = {key: form_of_shapes(structure[key], shapes) for key in sorted(structure)}
        return {key: found[key] for key in structure}
    if isinstance(structure, (list, tuple)) and any(map(structures.is_nested, structure)):
        return [form_of_shapes(item, shapes) for item in structure]
    shapes.append(structure)
    return None


def pair(name: str, value: Any, at_least: int = 1) -> tuple[int, int]:
    """An integer, or two: (height, width).

    Raises:
        ArgumentError: If `value` is neither an integer nor a pair of integers.
        ValueError: If one is less than `at_least`.

    Example:
        >>> pair("kernel_size", 3), pair("kernel_size", [5, 1])
        ((3, 3), (5, 1))
    """
    if not isinstance(value, (tuple, list)):
        value = (value, value)
    if len(value) != 2:
        raise ValueError(f"`{name}` must be an integer or two, got {value!r}")
    height, width = (checks.integer(name, extent, at_least=at_least) for extent in value)
    return height, width


def single(name: str, value: Any, at_least: int = 1) -> tuple[int]:
    """An integer, alone or in a tuple.

    Raises:
        ArgumentError: If `value` is not an integer.
        ValueError: If it is less than `at_least`, or there are several.

    Example:
        >>> single("kernel_size", 3), single("kernel_size", [5])
        ((3,), (5,))
    """
    if not isinstance(value, (tuple, list)):
        value = (value,)
    if len(value) != 1:
        raise ValueError(f"`{name}` must be an integer, got {value!r}")
    return (checks.integer(name, value[0], at_least=at_least),)


def in_image(extents: tuple[int, ...]) -> tuple[int, int]:
    """Two numbers as they are, and those of a sequence as in an image that is one line high: (1, number).

    Example:
        >>> in_image((3, 2)), in_image((5,))
        ((3, 2), (1, 5))
    """
    return extents if len(extents) == 2 else (1, extents[0])


def image_shape(owner: str, shape: Shape) -> Shape:
    """`shape`, which must be (height, width, channels): else ValueError."""
    if len(shape) != 3:
        raise ValueError(f"layer '{owner}' expects images (height, width, channels), got shape {shape}")
    return shape


def check_taps(owner: str, strides: tuple[int, ...], dilation_rate: tuple[int, ...]) -> None:
    """Raises ValueError where a convolution has both strides and dilation above 1."""
    if max(strides) > 1 and max(dilation_rate) > 1:
        raise ValueError(f"{owner}: `strides` or `dilation_rate` must be 1, got strides={strides} and "
                         f"dilation_rate={dilation_rate}")


def check_groups(owner: str, filters: int, groups: int) -> None:
    """Raises ValueError where filters cannot be divided into so many groups."""
    if filters % groups:
        raise ValueError(f"{owner}: `groups` must divide `filters` evenly, got groups={groups} and filters={filters}")


def positive(name: str, value: Any) -> int:
    """A positive integer."""
    return checks.integer(name, value, at_least=1)


def not_negative(name: str, value: Any) -> float:
    """A number of at least 0."""
    return checks.number(name, value, at_least=0)


class Padding(Choice):
    """ "valid", "same" or one of some `others`, in any letter case."""

    def __init__(self, *others: str) -> None:
        super().__init__(*PADDINGS, *others)

    def checked(self, instance: Any, value: Any) -> Any:
        return super().checked(instance, value.lower() if isinstance(value, str) else value)


def data_format() -> Setting:
    """The setting of that name: where images have their channels. See `Layer.add_nodes`."""
    return Choice("channels_last", "channels_first", none="channels_last")


def regularizer() -> Setting:
    """The setting of a regularizer, or of None."""
    return Setting(lambda name, value: _supported(regularizers.get, name, value))


def constraint() -> Setting:
    """The setting of a constraint, or of None."""
    return Setting(lambda name, value: _supported(constraints.get, name, value))


def _supported(get: Callable[[Any], Any], name: str, value: Any) -> Any:
    """What `get` finds, as long as its work can be done: the core does that of ours, `models.rules` that of users'."""
    found = get(value)
    if isinstance(found, Configured) and not is_written(found):
        found.refuse_overrides()
    return found


def extents(argument: str, shape: Any) -> tuple[int | None, ...]:
    """`shape` as a tuple of positive integers, and None for what is not known.

    Raises:
        ArgumentError: If it is not a sequence of integers.
        ValueError: If an extent is not positive.
    """
    if isinstance(shape, (str, bytes)) or not isinstance(shape, Sequence):
        raise checks.ArgumentError(f"`{argument}` must be a tuple of integers, got {shape!r}")
    return tuple(None if extent is None else positive(argument, extent) for extent in shape)
