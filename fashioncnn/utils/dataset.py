"""Base class of data sets that hand out one batch at a time."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from fashioncnn.utils import checks, overrides
from fashioncnn.utils.absent import SaysWhatIsAbsent


class PyDataset(SaysWhatIsAbsent):
    """A data set of numbered batches; derive from it and define `__len__` (or `num_batches`) and `__getitem__`.

    `Model.fit`, `evaluate` and `predict` take one in place of arrays. Also known as `utils.Sequence`, its older name.

    Args:
        workers: How many threads make batches; 0 and 1: they are made in the training loop itself.
        use_multiprocessing: Whether `workers` are processes: batches travel to this one as pickles. They are begun
            anew for each pass, with the data set as it is then; where processes are not forked, it must be picklable.
        max_queue_size: At most so many batches are made in advance by threads or processes.

    Raises:
        ArgumentError: If an argument has the wrong type.

    Example:
        >>> import numpy as np
        >>> class Ones(PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         return np.ones((32, 28, 28, 1)), np.zeros(32, dtype=int)
        >>> len(Ones())
        3
    """

    # For classes whose constructor does not call this one.
    workers = 1
    use_multiprocessing = False
    max_queue_size = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = checks.integer("workers", workers, at_least=0)
        self.use_multiprocessing = checks.truth("use_multiprocessing", use_multiprocessing)
        self.max_queue_size = checks.integer("max_queue_size", max_queue_size, at_least=0)

    def __getitem__(self, index: int) -> Any:
        """Batch `index`: (x, y), or (x, y, sample_weight), or (x,) for predicting."""
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__(self, index)")

    def __iter__(self) -> Iterator[Any]:
        """The batches in order, without end where their number is not known."""
        has_end = hasattr(self, "__len__") or overrides.overridden(self, ["num_batches"])
        count = self.num_batches if has_end else None
        return batches_of(self, itertools.count() if count is None else range(count))

    @property
    def num_batches(self) -> int | None:
        """The number of batches of an epoch: ``len()``. Where it is redefined and None, there is no end."""
        if not hasattr(self, "__len__"):
            raise NotImplementedError(f"{type(self).__name__} must define __len__(self), or the property num_batches")
        return len(self)

    def on_epoch_begin(self) -> None:
        """Called before the first batch of an epoch."""

    def on_epoch_end(self) -> None:
        """Called after the last batch of an epoch, and before the first epoch, as Keras does."""


def batches_of(dataset: Any, indices: Iterable[int]) -> Iterator[Any]:
    """The batches of these numbers, in this order: made by threads if there are several `workers`, or by processes."""
    workers = getattr(dataset, "workers", 1)
    processes = getattr(dataset, "use_multiprocessing", False) and workers > 0
    if workers > 1 or processes:
        yield from _made_in_advance(dataset, indices, workers, processes)
    else:
        for index in indices:
            yield dataset[index]


def _made_in_advance(dataset: Any, indices: Iterable[int], workers: int, processes: bool) -> Iterator[Any]:
    from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

    pool: Executor
    if processes:
        pool, make = ProcessPoolExecutor(workers, initializer=_keep, initargs=(dataset,)), _batch_of_kept
    else:
        pool, make = ThreadPoolExecutor(workers, "fashioncnn-dataset"), dataset.__getitem__
    pending: deque[Future[Any]] = deque()
    try:
        for index in indices:
            pending.append(pool.submit(make, index))
            if len(pending) >= max(workers, dataset.max_queue_size):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


_kept: Any = None  # in a process of a pool: the data set


def _keep(dataset: Any) -> None:
    global _kept
    _kept = dataset


def _batch_of_kept(index: int) -> Any:
    return _kept[index]
