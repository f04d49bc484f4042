"""Evaluating and saving the moving averages of weights in the place of the weights."""

from __future__ import annotations

from fashioncnn.callbacks.callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Puts the moving averages of the weights into the model while it is evaluated or predicts, and takes them out.

    For an optimizer with ``use_ema=True``. What validation says is then what the model will be worth after `fit`, which
    ends with the averages.

    Args:
        swap_on_epoch: Whether the averages are in the model at the end of an epoch as well, for callbacks that come
            after this one: `ModelCheckpoint` saves them then.

    Raises:
        ValueError: In `fit`, `evaluate` or `predict`, if the optimizer keeps no averages.

    Example:
        >>> from fashioncnn import Input, Sequential, layers, optimizers
        >>> model = Sequential([Input((4,)), layers.Dense(1)])
        >>> model.compile(optimizers.SGD(use_ema=True), "mse")
        >>> x, y = [[1, 2, 3, 4], [4, 3, 2, 1]], [[1], [0]]
        >>> history = model.fit(x, y, validation_data=(x, y), callbacks=[SwapEMAWeights()], verbose=0)
        >>> history.history["val_loss"][0] == model.evaluate(x, y, verbose=0)
        True
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = swap_on_epoch
        self._are_in_model = False

    def _put(self, averages: bool) -> None:
        """Lets the model have the averages, or the weights."""
        optimizer = self.model.optimizer
        if optimizer is None or not optimizer.use_ema:
            raise ValueError("SwapEMAWeights must be used when `use_ema=True` is set on the optimizer; the model has "
                             f"{'none' if optimizer is None else f'{type(optimizer).__name__} without it'}")
        if averages is not self._are_in_model:
            with self.model._holding_weights():
                optimizer.swap_averages(self.model._trainable_variables())
            self._are_in_model = averages

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._are_in_model = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._put(averages=False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._put(averages=True)
            if epoch == (self.params or {}).get("epochs", 0) - 1 or self.model.stop_training:
                self.model.optimizer.keep_as_averages(self.model._trainable_variables())

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._put(averages=True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._put(averages=False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._put(averages=True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._put(averages=False)
