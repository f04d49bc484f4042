"""Several callbacks as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fashioncnn.callbacks.callback import Callback, Logs
from fashioncnn.callbacks.history import History

BatchHook = Callable[..., None]


class CallbackList(Callback):
    """Calls each of its callbacks, in their order, with the same logs.

    Methods that are called for every batch reach only the callbacks that define them; where there is none,
    `wants_train_batches`, `wants_test_batches` or `wants_predict_batches` is False and the loop need not call.

    Args:
        callbacks: Callbacks, or lists of them; None for none.
        model: The model at work.
        params: What `set_params` gets.
        add_history: Whether a `History` is added where there is none.
        add_progbar: Whether a `ProgbarLogger` is added where there is none.

    Raises:
        TypeError: If something else than a callback is given.
    """

    def __init__(self, callbacks: Any = None, model: Any = None, params: Mapping[str, Any] | None = None,
                 add_history: bool = False, add_progbar: bool = False) -> None:
        self.callbacks = list(flattened(callbacks))
        if add_history and not any(isinstance(callback, History) for callback in self.callbacks):
            self.callbacks.append(History())
        if add_progbar:
            self._add_progbar()
        if params is not None:
            self.set_params(params)
        if model is not None:
            self.set_model(model)
        self._find_batch_hooks()

    def _add_progbar(self) -> None:
        from fashioncnn.callbacks.progbar_logger import ProgbarLogger

        if not any(isinstance(callback, ProgbarLogger) for callback in self.callbacks):
            self.callbacks.append(ProgbarLogger())

    def set_params(self, params: Mapping[str, Any]) -> None:
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        for callback in self.callbacks:
            callback.set_model(model)

    def _find_batch_hooks(self) -> None:
        self._train_batch_begin = self._hooks("on_train_batch_begin", "on_batch_begin")
        self._train_batch_end = self._hooks("on_train_batch_end", "on_batch_end")
        self._test_batch_begin = self._hooks("on_test_batch_begin")
        self._test_batch_end = self._hooks("on_test_batch_end")
        self._predict_batch_begin = self._hooks("on_predict_batch_begin")
        self._predict_batch_end = self._hooks("on_predict_batch_end")
        self.wants_train_batches = bool(self._train_batch_begin or self._train_batch_end)
        self.wants_test_batches = bool(self._test_batch_begin or self._test_batch_end)
        self.wants_predict_batches = bool(self._predict_batch_begin or self._predict_batch_end)

    def _hooks(self, name: str, *older_names: str) -> list[BatchHook]:
        """The method `name` of every callback that defines it, or a method that it calls."""
        names = (name, *older_names)
        return [getattr(callback, name) for callback in self.callbacks if any(map(callback._hears, names))]

    def _tell(self, name: str, *when: int, logs: Logs | None) -> None:
        """Calls the method `name` of every callback."""
        logs = {} if logs is None else logs
        for callback in self.callbacks:
            getattr(callback, name)(*when, logs)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._tell("on_train_begin", logs=logs)
        self._find_batch_hooks()

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._tell("on_train_end", logs=logs)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._tell("on_epoch_begin", epoch, logs=logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._tell("on_epoch_end", epoch, logs=logs)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        _call(self._train_batch_begin, batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        _call(self._train_batch_end, batch, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._tell("on_test_begin", logs=logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._tell("on_test_end", logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        _call(self._test_batch_begin, batch, logs)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        _call(self._test_batch_end, batch, logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._tell("on_predict_begin", logs=logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._tell("on_predict_end", logs=logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        _call(self._predict_batch_begin, batch, logs)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        _call(self._predict_batch_end, batch, logs)


def _call(hooks: list[BatchHook], batch: int, logs: Logs | None) -> None:
    logs = {} if logs is None else logs
    for hook in hooks:
        hook(batch, logs=logs)


def flattened(callbacks: Any) -> Iterator[Callback]:
    """The callbacks in lists of them; None stands for none. TypeError if there is something else."""
    if isinstance(callbacks, (list, tuple)):
        for item in callbacks:
            yield from flattened(item)
    elif isinstance(callbacks, Callback):
        yield callbacks
    elif callbacks is not None:
        raise TypeError(f"`callbacks` must be instances of Callback, got {callbacks!r}")
