"""Callbacks made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fashioncnn.callbacks.callback import Callback
from fashioncnn.utils import keywords

Function = Callable[..., Any]


class LambdaCallback(Callback):
    """Calls the given functions in place of the methods of those names.

    Args:
        on_epoch_begin: ``f(epoch, logs)``.
        on_epoch_end: ``f(epoch, logs)``.
        on_train_begin: ``f(logs)``.
        on_train_end: ``f(logs)``.
        on_train_batch_begin: ``f(batch, logs)``.
        on_train_batch_end: ``f(batch, logs)``.
        kwargs: Any other method of `Callback`, or an attribute.

    Raises:
        ArgumentError: If `Callback` has no method of a name that begins with "on_", or has another attribute.

    Example:
        >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))
        >>> callback.on_epoch_end(0, {"loss": 0.5})
        0 {'loss': 0.5}
    """

    def __init__(self, on_epoch_begin: Function | None = None, on_epoch_end: Function | None = None,
                 on_train_begin: Function | None = None, on_train_end: Function | None = None,
                 on_train_batch_begin: Function | None = None, on_train_batch_end: Function | None = None,
                 **kwargs: Function) -> None:
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, function in given.items():
            if name.startswith("on_") != hasattr(Callback, name):
                hooks = [known for known in dir(Callback) if known.startswith("on_")]
                raise keywords.unexpected("LambdaCallback", name, hooks)
            if function is not None:
                setattr(self, name, function)
