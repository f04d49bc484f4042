"""Where batches come from: whole arrays, data sets of batches, and generators."""

from __future__ import annotations

import copy
import itertools
import math
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from fashioncnn._core import permutation
from fashioncnn.losses import Loss
from fashioncnn.models import validation
from fashioncnn.models.ports import ONE_EACH, Ports
from fashioncnn.models.validation import Array, Expected, Names
from fashioncnn.utils import checks, structures
from fashioncnn.utils.arrays import as_array, is_array
from fashioncnn.utils.dataset import batches_of
from fashioncnn.utils.seeds import next_key

Order = NDArray[np.int64] | None
# x, y, order, start, stop, sample_weight: what the core's train_step takes, in its order. Where there are several
# inputs or outputs, arrays come in tuples.
Batch = tuple[Any, Any, Order, int, int, Any]


class Source(Protocol):
    """Batches, one pass after another."""

    @property
    def steps(self) -> int | None:
        """Batches of one pass; None: not known."""

    @property
    def row_shapes(self) -> list[tuple[int, ...]]:
        """Shape of one row of each input, for a model that has none yet."""

    @property
    def target_shapes(self) -> list[tuple[int, ...] | None]:
        """Shape of one row of each output's targets; None where there are none."""

    def fetch(self) -> None:
        """Gets what `row_shapes` and `bind` look at, of a model that is not built yet: waits for nobody afterwards."""

    def bind(self, expected: Expected) -> None:
        """Checks what can be checked against the model; must come before iteration."""

    @property
    def runs_once(self) -> bool:
        """Whether a second pass would not give the same batches."""

    def tell(self, event: str) -> None:
        """Tells whoever makes the batches that an epoch begins or ends."""

    def __iter__(self) -> Iterator[Batch]: ...


class ArraySource:
    """Batches of arrays that are never copied.

    Args:
        names: For messages.
        x: Rows of inputs.
        y: Rows of targets, or None for predicting.
        sample_weight: A weight for each row, or None.
        batch_size: Rows of a batch; None: 32, or what gives `steps` batches.
        steps: Batches wanted, where there is no `batch_size`.
        shuffle: Whether every pass takes the rows in a new random order.
        class_weight: Weights by class, or None.
        first_row: What messages call the first row.
        ports: The model's inputs and outputs.
        has_loss: Which outputs have a loss, and so targets.

    Raises:
        ArgumentError, ValueError: If the arrays cannot be used.
    """

    def __init__(self, names: Names, x: Any, y: Any = None, sample_weight: Any = None, batch_size: int | None = None,
                 steps: int | None = None, shuffle: bool = False, class_weight: Any = None, first_row: int = 0,
                 ports: Ports = ONE_EACH, has_loss: Sequence[bool] = (True,)) -> None:
        self._names, self._ports, self._has_loss = names, ports, has_loss
        self._x = [as_array(named.caller, named.x, array) for named, array in
                   zip(self._input_names(), ports.split_inputs(names.caller, names.x, x), strict=True)]
        self._y: list[Array | None] | None = None
        if y is not None:
            targets = ports.split_targets(names.caller, names.y, y, has_loss)
            self._y = [None if array is None else as_array(named.caller, named.y, array)
                       for named, array in zip(self._output_names(), targets, strict=True)]
        weights = ports.split_weights(names.caller, names.sample_weight, sample_weight)
        self._weights = [validation.sample_weights(named, array, self.rows)
                         for named, array in zip(self._output_names(), weights, strict=True)]
        several = isinstance(x, (list, tuple)) and len(x) > 1 and all(isinstance(row, np.ndarray) for row in x)
        hint = f"; a list of {len(x)} arrays is {len(x)} rows, as the model has one input" if several else ""
        self._check_lengths("" if len(self._x) > 1 else hint)
        if class_weight is not None and sample_weight is not None:
            raise ValueError(f"{names.caller}() got both `class_weight` and `sample_weight`; give one of them")
        if class_weight is not None and len(ports.output_names) > 1:
            raise checks.unsupported(f"{names.caller}()", "class_weight", class_weight, "a model with one output")
        self._class_weight = class_weight
        if batch_size is None:
            batch_size = math.ceil(self.rows / steps) if steps else 32
        self._batch_size = checks.integer("batch_size", batch_size, at_least=1)
        self._shuffle = shuffle
        self._first_row = first_row

    def _input_names(self) -> list[Names]:
        names = self._ports.input_names
        return [self._names.of(name) for name in names] if len(names) > 1 else [self._names]

    def _output_names(self) -> list[Names]:
        names = self._ports.output_names
        return [self._names.of(name) for name in names] if len(names) > 1 else [self._names]

    def _check_lengths(self, hint: str) -> None:
        first = self._x[0]
        for names, array in zip(self._input_names(), self._x, strict=True):
            if len(array) != len(first):
                raise ValueError(f"{names.caller}() got {len(first)} rows in {self._input_names()[0].x} and "
                                 f"{len(array)} in {names.x}; all must have the same number")
        targets = self._y or [None] * len(self._weights)
        for names, y, weights in zip(self._output_names(), targets, self._weights, strict=True):
            if y is None and weights is None:
                continue
            validation.check_lengths(names._replace(x=self._names.x), first, y, weights, hint)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self._x[0])

    @property
    def steps(self) -> int:
        return math.ceil(self.rows / self._batch_size)

    runs_once = False

    @property
    def target_shapes(self) -> list[tuple[int, ...] | None]:
        return [None if y is None else y.shape[1:] for y in self._y or [None] * len(self._weights)]

    def fetch(self) -> None:
        """Arrays are there."""

    def tell(self, event: str) -> None:
        """Arrays need not know."""

    @property
    def row_shapes(self) -> list[tuple[int, ...]]:
        return [array.shape[1:] or (1,) for array in self._x]

    def split(self, fraction: float, batch_size: int | None) -> tuple[ArraySource, ArraySource]:
        """The first rows for training, and the last `fraction` of them for validation.

        Raises:
            ValueError: If one part would be empty.
        """
        count = math.floor(self.rows * (1 - fraction))
        if count in (0, self.rows):
            raise ValueError(f"{self._names.caller}() got validation_split={fraction}, which leaves one part of the "
                             f"{self.rows} rows of {self._names.x} empty")
        return self._part(slice(0, count), self._batch_size), self._part(slice(count, None), batch_size)

    def _part(self, rows: slice, batch_size: int | None) -> ArraySource:
        """The rows alone; those from the first one on are for training."""
        part = copy.copy(self)
        part._x = [array[rows] for array in self._x]
        part._y = None if self._y is None else [None if array is None else array[rows] for array in self._y]
        part._weights = [None if weights is None else weights[rows] for weights in self._weights]
        part._first_row = rows.start
        if batch_size is not None:
            part._batch_size = checks.integer("batch_size", batch_size, at_least=1)
        if rows.start > 0:
            part._shuffle, part._class_weight = False, None
        return part

    def in_one_batch(self) -> ArraySource:
        """The same rows in one batch."""
        self._batch_size = self.rows
        return self

    def bind(self, expected: Expected) -> None:
        self._x = [validation.inputs(names, x, shape, expected.scan, self._first_row) for names, x, shape in
                   zip(self._input_names(), self._x, expected.input_shapes, strict=True)]
        if expected.losses is None:
            return
        targets = self._y or [None] * len(expected.losses)
        self._y = [self._bound(names, y, loss, shape, expected) for names, y, loss, shape in
                   zip(self._output_names(), targets, expected.losses, expected.output_shapes, strict=True)]
        if self._class_weight is not None:
            (y,) = self._y
            assert y is not None, "a loss needs targets"
            self._weights = [validation.class_weights(self._names.caller, self._class_weight, y)]

    def _bound(self, names: Names, y: Array | None, loss: Loss | None, shape: tuple[int, ...],
               expected: Expected) -> Array | None:
        """The targets of one output, if its loss takes them."""
        if loss is None:
            return None
        if y is None:
            raise ValueError(f"{names.caller}() needs {names.y}: the loss '{loss.name}' compares predictions with it")
        scan = expected.scan and expected.finite_targets
        return validation.targets(names, y, loss, shape, scan, self._first_row)

    def __iter__(self) -> Iterator[Batch]:
        return self.cut(self._batch_size)

    def cut(self, size: int) -> Iterator[Batch]:
        """The rows in batches of `size`, for when the batches themselves do not matter."""
        x, y, rows = _packed(self._x), None if self._y is None else _packed(self._y), self.rows
        weights = None if all(array is None for array in self._weights) else _packed(self._weights)
        order = permutation(rows, *next_key()) if self._shuffle else None
        for start in range(0, rows, size):
            yield x, y, order, start, min(start + size, rows), weights


def _packed(arrays: Sequence[Any]) -> Any:
    """One array as it is, several in a tuple."""
    return arrays[0] if len(arrays) == 1 else tuple(arrays)


class BatchSource:
    """Batches that somebody else makes: a `utils.PyDataset`, or anything else that can be iterated over.

    Args:
        names: For messages.
        batches: Gives (x, y), (x, y, sample_weight), or x where predicting.
        shuffle: Whether the batches of a `PyDataset` come in a new random order in every pass.
        class_weight: Weights by class, or None.
        ports: The model's inputs and outputs.
        has_loss: Which outputs have a loss, and so targets.

    Raises:
        ValueError: If there are none.
    """

    def __init__(self, names: Names, batches: Any, shuffle: bool = False, class_weight: Any = None,
                 ports: Ports = ONE_EACH, has_loss: Sequence[bool] = (True,)) -> None:
        self._names, self._ports, self._has_loss = names, ports, has_loss
        self._batches = batches
        has_number = hasattr(batches, "__len__") or hasattr(batches, "num_batches")
        self._indexed = has_number and hasattr(batches, "__getitem__")
        self._shuffle = shuffle
        self._class_weight = class_weight
        self._expected: Expected | None = None
        self._peeked: list[Any] = []
        if self.steps == 0:
            raise ValueError(f"{names.caller}() got {names.x} without batches")

    @property
    def steps(self) -> int | None:
        if hasattr(self._batches, "num_batches"):
            return cast("int | None", self._batches.num_batches)
        try:
            return len(self._batches)
        except TypeError:  # there is no len(), or it does not know
            return None

    @property
    def runs_once(self) -> bool:
        return isinstance(self._batches, Iterator) and not self._indexed

    @property
    def row_shapes(self) -> list[tuple[int, ...]]:
        return ArraySource(self._names, self._parts(self._first_batch())[0], ports=self._ports).row_shapes

    @property
    def target_shapes(self) -> list[tuple[int, ...] | None]:
        x, y, *_ = (*self._parts(self._first_batch()), None)
        return ArraySource(self._names, x, y, ports=self._ports, has_loss=self._has_loss).target_shapes

    def fetch(self) -> None:
        self._first_batch()

    @property
    def first_inputs(self) -> Any:
        """Those of the first batch."""
        return self._parts(self._first_batch())[0]

    def set_ports(self, ports: Ports, has_loss: Sequence[bool]) -> None:
        """Tells of the model's inputs and outputs, where they were not known before."""
        self._ports, self._has_loss = ports, has_loss

    def _first_batch(self) -> Any:
        """The first batch, which a pass still begins with; it is fetched once."""
        if not self._peeked:
            if self._indexed:
                self._peeked = [self._batches[0]]
            else:
                iterator = iter(self._batches)
                self._peeked = list(itertools.islice(iterator, 1))
                if not self._peeked:
                    raise ValueError(f"{self._names.caller}() got {self._names.x} without batches")
                if iterator is self._batches:
                    self._batches = itertools.chain(self._peeked, iterator)
        return self._peeked[0]

    def _parts(self, batch: Any) -> tuple[Any, ...]:
        parts = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
        if _is_dataset(self._batches) and any(np.ndim(leaf) == 0 for leaf in structures.leaves(parts)
                                               if leaf is not None):
            raise ValueError(f"{self._names.caller}() got {self._names.x} of single elements; it takes batches, as "
                             "those of dataset.batch(32)")
        if not 1 <= len(parts) <= 3:
            raise ValueError(f"{self._names.caller}(): a batch must be (x, y) or (x, y, sample_weight), got "
                             f"{type(batch).__name__} of {len(parts)}")
        return parts

    def bind(self, expected: Expected) -> None:
        self._expected = expected
        if expected.is_new:
            self._checked(self._first_batch(), scan=True)
        self._peeked = []

    def _checked(self, batch: Any, scan: bool = False) -> Batch:
        assert self._expected is not None, "bind comes first"
        x, y, weights = (*self._parts(batch), None, None)[:3]
        source = ArraySource(self._names, x, y, weights, class_weight=self._class_weight, ports=self._ports,
                             has_loss=self._has_loss)
        source.bind(self._expected._replace(scan=scan))
        return next(source.cut(source.rows))

    def __iter__(self) -> Iterator[Batch]:
        return map(self._checked, self._raw_batches())

    def _raw_batches(self) -> Iterator[Any]:
        batches = self._batches_in_order()
        if getattr(self._batches, "makes_in_advance", True):
            return batches
        from fashioncnn.utils.ahead import ahead

        return ahead(lambda: batches, count=2)

    def _batches_in_order(self) -> Iterator[Any]:
        if not self._indexed:
            return iter(self._batches)
        count = self.steps
        if count is None:
            return batches_of(self._batches, itertools.count())
        order = permutation(count, *next_key()).tolist() if self._shuffle else range(count)
        return batches_of(self._batches, order)

    def tell(self, event: str) -> None:
        """Calls the data set's method of this name, if it has one."""
        if hasattr(self._batches, event):
            getattr(self._batches, event)()


def validation_arrays(validation_data: Sequence[Any]) -> tuple[Any, Any, Any]:
    """x, y and sample_weight, which may be None."""
    if len(validation_data) not in (2, 3):
        raise ValueError(f"`validation_data` must be (x, y) or (x, y, sample_weight), got {len(validation_data)} items")
    x, y, sample_weight = (*validation_data, None)[:3]
    return x, y, sample_weight


def _is_dataset(x: Any) -> bool:
    """Whether something is a `fashioncnn.data.Dataset`: nothing is, where nobody has loaded these."""
    loaded = sys.modules.get("fashioncnn.data.dataset")
    return loaded is not None and isinstance(x, loaded.Dataset)


def makes_batches(x: Any) -> bool:
    """Whether what a caller passed as x makes whole batches."""
    is_iterable = hasattr(x, "__iter__") or hasattr(x, "__getitem__")
    return is_iterable and not is_array(x) and not isinstance(x, (list, tuple, dict, str))


def open_source(names: Names, x: Any, y: Any = None, sample_weight: Any = None, batch_size: int | None = None,
                steps: int | None = None, shuffle: bool = False, class_weight: Any = None, ports: Ports = ONE_EACH,
                has_loss: Sequence[bool] = (True,)) -> ArraySource | BatchSource:
    """The source for whatever a caller passed as x.

    Raises:
        ArgumentError, ValueError: If it cannot be used, or comes with arguments that go with arrays only.
    """
    if x is None:
        raise ValueError(f"{names.caller}() needs {names.x}")
    if not makes_batches(x):
        return ArraySource(names, x, y, sample_weight, batch_size, steps, shuffle, class_weight, ports=ports,
                           has_loss=has_loss)
    for name, value in ((names.y, y), (names.sample_weight, sample_weight)):
        if value is not None:
            raise ValueError(f"{names.caller}() got {name} together with {names.x} of type {type(x).__name__}, which "
                             "makes whole batches itself")
    if batch_size is not None:
        warnings.warn(f"{names.caller}() does without `batch_size`={batch_size}: {names.x} of type {type(x).__name__} "
                      "makes whole batches itself", stacklevel=7)
    if _is_dataset(x) and x.is_infinite and steps is None:
        raise ValueError(f"{names.caller}() got {names.x} that repeats without end; `{names.steps}` says how many "
                         "batches are taken")
    return BatchSource(names, x, shuffle, class_weight, ports, has_loss)


class Epochs:
    """A source cut into epochs: of `steps` batches, going on where the last one ended, or else of one pass each.

    Args:
        source: The source.
        steps: Batches of an epoch; None: all.
        together: How many batches are run together: as in Keras an epoch of `steps` has whole such runs.
    """

    def __init__(self, source: Source, steps: int | None, together: int = 1) -> None:
        self._source = source
        self._steps = steps and math.ceil(steps / together) * together
        self._iterator: Iterator[Batch] | None = None
        self._taken = 0

    @property
    def steps(self) -> int | None:
        """Batches of an epoch; None: not known."""
        return self._steps or self._source.steps

    def epoch(self) -> Iterator[Batch]:
        """The batches of the next epoch. Warns when there are not enough."""
        self._source.tell("on_epoch_begin")
        try:
            if self._iterator is None or self._steps is None:
                self._iterator, self._taken = iter(self._source), 0
            before = self._taken
            for batch in itertools.islice(self._iterator, self._steps):
                self._taken += 1
                yield batch
            self._end(self._taken - before)
        finally:
            self._source.tell("on_epoch_end")

    def _end(self, count: int) -> None:
        """After an epoch of `count` batches."""
        if count == 0 or (self._steps and count < self._steps):
            warnings.warn(f"the data ran out after {count} batches of an epoch; it must make at least "
                          "steps_per_epoch * epochs of them", stacklevel=4)
            self._iterator = None
        elif self._taken == self._source.steps:
            self._iterator = None


class Repeats(Epochs):
    """A source whose epochs all have the same batches: the first `steps`, or all."""

    def __init__(self, source: Source, steps: int | None, together: int = 1) -> None:
        super().__init__(source, steps, together)
        self._kept: list[Batch] | None = [] if steps is not None and source.runs_once else None

    def epoch(self) -> Iterator[Batch]:
        self._source.tell("on_epoch_end")
        self._iterator = None
        if self._kept:
            yield from self._kept
            return
        for batch in super().epoch():
            if self._kept is not None:
                self._kept.append(_copied(batch))
            yield batch


def _copied(batch: Batch) -> Batch:
    """A batch that does not change when its maker uses its arrays again."""
    x, y, order, start, stop, weights = batch
    return _copy_of(x), _copy_of(y), order, start, stop, weights


def _copy_of(arrays: Any) -> Any:
    if isinstance(arrays, tuple):
        return tuple(map(_copy_of, arrays))
    return None if arrays is None else arrays.copy()
