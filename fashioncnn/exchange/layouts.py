"""How a tensor of another program lies beside ours: the same numbers, with their axes in another order.

Our images have their channels last; in ONNX and PyTorch the channels come first. Instead of moving numbers about in
each layer, a tensor carries its layout along, and what is constant (kernels, the rows of a dense layer) is permuted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

Order = tuple[int, ...]
Shape = tuple[int, ...]


class Layout(NamedTuple):
    """Which of our axes the other tensor's axes are. The batch axis is the first in both, and is not counted.

    Attributes:
        order: Their axis i is our axis ``order[i]``.
        image: None; or, where both tensors have one axis, the shape of the image that ours was flattened from. `order`
            is that of the image's axes then.
    """

    order: Order
    image: Shape | None = None

    @property
    def is_ours(self) -> bool:
        """Whether both tensors have their numbers in the same order."""
        return self.order == tuple(range(len(self.order)))

    @property
    def rank(self) -> int:
        """The number of axes."""
        return 1 if self.image is not None else len(self.order)

    @property
    def plain(self) -> Layout:
        """This layout; ours where the one axis is a flattened image's, whose numbers are in another order."""
        return self if self.image is None else ours(1)

    def place(self, axis: int) -> int:
        """Where our axis is in the other tensor, whose batch axis is counted here."""
        return 1 if self.image is not None else self.order.index(axis) + 1

    def arranged(self, extents: Sequence[Any]) -> tuple[Any, ...]:
        """What belongs to our axes, in the order of the other tensor's."""
        return tuple(extents) if self.image is not None else tuple(extents[axis] for axis in self.order)

    def to_theirs(self, array: NDArray[Any]) -> NDArray[Any]:
        """An array with our axes, and any others behind them, with the other tensor's.

        Example:
            >>> Layout((2, 0, 1)).to_theirs(np.zeros((28, 14, 3))).shape
            (3, 28, 14)
            >>> Layout((1, 0), image=(2, 3)).to_theirs(np.arange(6))
            array([0, 3, 1, 4, 2, 5])
        """
        return self._moved(array, self.order, self.image)

    def to_ours(self, array: NDArray[Any]) -> NDArray[Any]:
        """The way back."""
        image = None if self.image is None else tuple(self.image[axis] for axis in self.order)
        return self._moved(array, inverse(self.order), image)

    @staticmethod
    def _moved(array: NDArray[Any], order: Order, image: Shape | None) -> NDArray[Any]:
        if image is None:
            return array.transpose(*order, *range(len(order), array.ndim))
        rest = array.shape[1:]
        wide = array.reshape(*image, *rest)
        return wide.transpose(*order, *range(len(order), wide.ndim)).reshape(-1, *rest)


def ours(rank: int) -> Layout:
    """The layout of a tensor whose axes are in our order."""
    return Layout(tuple(range(rank)))


def channels_first(rank: int) -> Layout:
    """The layout of a tensor that has its channels first, and the other axes in our order."""
    return Layout((rank - 1, *range(rank - 1)))


def inverse(order: Order) -> Order:
    """The order that leads back."""
    return tuple(order.index(axis) for axis in range(len(order)))


def reshaped(shape: Shape, order: Order, target: Shape) -> Order | None:
    """The order in which a reshaped tensor has its axes, if one reshape does for both tensors.

    Args:
        shape: Of our tensor.
        order: In which the other one has its axes.
        target: What our tensor is reshaped to.

    Returns:
        None if the other tensor's axes have to be moved first.

    Example:
        >>> reshaped((28, 28, 6), (2, 0, 1), (28, 28, 2, 3))  # channels become two axes
        (2, 3, 0, 1)
        >>> reshaped((28, 28, 6), (2, 0, 1), (784, 6))
        (1, 0)
        >>> reshaped((28, 28, 6), (2, 0, 1), (4704,)) is None
        True
    """
    blocks = _blocks(shape, target)
    if blocks is None:
        return None
    if order == tuple(range(len(shape))) and len(shape) > 1:
        return tuple(range(len(target)))
    long = [axis for axis in order if shape[axis] > 1]
    parts: list[list[int]] = []
    while long:
        sources, targets = next(block for block in blocks if long[0] in block[0])
        sources = [axis for axis in sources if shape[axis] > 1]
        if long[: len(sources)] != sources:
            return None
        long = long[len(sources) :]
        parts.append(targets)
    return _with_ones([axis for part in parts for axis in part], len(target))


def _with_ones(placed: list[int], rank: int) -> Order:
    """All axes, those that are not placed yet each beside a neighbour: being of length 1, they fit anywhere."""
    free = [axis for axis in range(rank) if axis not in placed]
    for axis in reversed(free):
        if axis + 1 in placed:
            placed.insert(placed.index(axis + 1), axis)
    for axis in free:
        if axis not in placed:
            placed.insert(placed.index(axis - 1) + 1 if axis else 0, axis)
    return tuple(placed)


def _blocks(shape: Shape, target: Shape) -> list[tuple[list[int], list[int]]] | None:
    """The smallest stretches of axes that have as many numbers in both shapes; None if there are none. Axes of length 1
    that have no counterpart are in no block."""
    if math.prod(shape) != math.prod(target):
        return None
    blocks = []
    i = j = 0
    while i < len(shape) and j < len(target):
        if (shape[i] == 1) != (target[j] == 1):
            i, j = i + (shape[i] == 1), j + (target[j] == 1)
            continue
        first, second = [i], [j]
        numbers, others = shape[i], target[j]
        while numbers != others:
            if numbers < others:
                i += 1
                first.append(i)
                numbers *= shape[i]
            else:
                j += 1
                second.append(j)
                others *= target[j]
        blocks.append((first, second))
        i, j = i + 1, j + 1
    return blocks


def transposed_extent(reach: int, stride: int, same: bool, spare: int | None) -> tuple[int, int]:
    """What is cut off the windows of all pixels, and how much the output has beyond them, along an axis."""
    if same:
        more = stride - reach if spare is None else reach % 2 + spare - reach
    else:
        more = max(stride - reach, 0) if spare is None else spare
    return max(-more, 0), max(more, 0)
