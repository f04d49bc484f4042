"""Base class of data sets that hand out one batch at a time."""

from __future__ import annotations

from typing import Any


class PyDataset:
    """A data set of numbered batches; derive from it and define `__len__` and `__getitem__`.

    `Model.fit`, `evaluate` and `predict` take one in place of arrays. Also known as `utils.Sequence`, its older name.

    Args:
        workers: 1; batches are made in the training loop itself.
        use_multiprocessing: False.
        max_queue_size: Unused, for compatibility with Keras.

    Raises:
        ValueError: If more than one worker or another process is asked for.

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

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        if workers not in (0, 1) or use_multiprocessing:
            raise ValueError(f"PyDataset: workers={workers!r}, use_multiprocessing={use_multiprocessing!r} is not "
                             "supported by fashioncnn; supported: workers=1, use_multiprocessing=False")
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __len__(self) -> int:
        """The number of batches of an epoch."""
        raise NotImplementedError(f"{type(self).__name__} must define __len__(self)")

    def __getitem__(self, index: int) -> Any:
        """Batch `index`: (x, y), or (x, y, sample_weight), or (x,) for predicting."""
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__(self, index)")

    def on_epoch_begin(self) -> None:
        """Called before the first batch of an epoch."""

    def on_epoch_end(self) -> None:
        """Called after the last batch of an epoch."""
