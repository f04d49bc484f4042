"""The record of a training run."""

from __future__ import annotations

import weakref
from typing import Any, NoReturn

from fashioncnn.callbacks.callback import Callback, Logs
from fashioncnn.utils import absent


class _Records(dict[str, list[Any]]):
    """A dict that says which keys it has."""

    def __missing__(self, key: str) -> NoReturn:
        if any(repr(known) in absent.OLD.get(key, "") for known in self):
            raise KeyError(absent.sentence(key))
        validated = any(str(known).startswith("val_") for known in self)
        hint = "; there was no validation" if str(key).startswith("val_") and not validated else ""
        raise KeyError(f"no {key!r} among the keys {', '.join(map(repr, self))}{hint}")


class History(Callback):
    """Keeps every epoch's logs; `fit` returns one.

    Attributes:
        history: For each key of the logs the list of its values: floats, and whatever callbacks added.
        epoch: The epochs' numbers.
        model: The model, as long as somebody else has it.

    Example:
        >>> record = History()
        >>> record.on_epoch_end(0, {"loss": 0.5})
        >>> record.on_epoch_end(1, {"loss": 0.25})
        >>> record.history
        {'loss': [0.5, 0.25]}
    """

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = _Records()
        self.epoch: list[int] = []
        self._model: weakref.ref[Any] | None = None

    @property
    def model(self) -> Any:
        return None if self._model is None else self._model()

    @model.setter
    def model(self, model: Any) -> None:
        self._model = None if model is None else weakref.ref(model)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_model": None}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for key, value in (logs or {}).items():
            self.history.setdefault(key, []).append(value)
        if self.model is not None:
            self.model.history = self
