"""CNNRegressor: a network that estimates numbers, as scikit-learn's regressors do."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import validate_data

from fashioncnn.models import Model
from fashioncnn.sklearn.estimator import Array, Estimator, checked_weights, of_mean_one


class CNNRegressor(RegressorMixin, Estimator):
    """A network that estimates a number for each row, or several.

    y is (N,), or (N, outputs) for several numbers. Numbers of about the size of 1 train best: see scikit-learn's
    `TransformedTargetRegressor`.

    Args:
        model: None, a function or a `Model`, as for `CNNClassifier`; its output is a row with a unit for each number.
        input_shape: The shape of a row, if X has it in one axis.
        optimizer: A name or an optimizer, which is copied; None: "adam".
        learning_rate: Its learning rate, or a schedule; None: its own.
        loss: A name or a loss; None: "mse".
        metrics: What else is measured; None: nothing.
        epochs: Passes over the data.
        batch_size: Rows of a batch.
        shuffle: Whether each epoch takes the rows in another order.
        early_stopping: Whether a part of the data is kept, and training ends when the loss for it no longer falls.
        validation_fraction: The part that is kept.
        n_iter_no_change: Epochs that are waited.
        tol: How much the loss must fall to count as falling.
        callbacks: Callbacks of `fashioncnn.callbacks`.
        warm_start: Whether `fit` goes on with the network that there is.
        random_state: A seed: the same one gives the same bits.
        verbose: See `Model.fit`.

    Attributes:
        model_: The trained `Model`.
        history_: Loss and metrics of each epoch, in lists by name.
        n_iter_: The number of epochs.
        n_features_in_: The length of the second axis of X.
        feature_names_in_: The names of X's columns, where it has such.

    Example:
        >>> from sklearn.datasets import load_digits
        >>> images = load_digits().images / 16
        >>> regressor = CNNRegressor(epochs=5, random_state=1).fit(images, images.mean(axis=(1, 2)))
        >>> regressor.score(images, images.mean(axis=(1, 2))) > 0.5
        True
    """

    _target_shape: tuple[int, ...]

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> CNNRegressor:
        """Trains a new network, or with `warm_start` the one that there is.

        Args:
            X: See the class.
            y: The number, or the numbers, of each row.
            sample_weight: A weight for each row; their mean counts as 1.

        Raises:
            TypeError: If X is sparse, or an argument has the wrong type.
            ValueError: If an argument cannot be used.
        """
        goes_on = self.warm_start and hasattr(self, "model_")
        rows, y, weights = self._checked(X, y, sample_weight, is_first=True)
        self._begin_or_go_on(rows, y, goes_on)
        self._train(rows, y, of_mean_one(weights), self.epochs, self.early_stopping)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> CNNRegressor:
        """Goes on training: one epoch of these rows. A weight of a row counts as it is; all else as for `fit`."""
        goes_on = hasattr(self, "model_")
        rows, y, weights = self._checked(X, y, sample_weight, is_first=not goes_on)
        self._begin_or_go_on(rows, y, goes_on)
        self._train(rows, y, weights, 1)
        return self

    def predict(self, X: Any) -> Array:
        """The numbers of each row, in the shape that y had."""
        outputs = self._outputs(X).astype(np.float64)
        return outputs.reshape(len(outputs), *self._target_shape)

    def _checked(self, X: Any, y: Any, sample_weight: Any, is_first: bool) -> tuple[Array, Array, Array | None]:
        X, y = validate_data(self, X, y, reset=is_first, allow_nd=True, multi_output=True, y_numeric=True)
        return self._rows(X), y, checked_weights(sample_weight, len(X))

    def _begin_or_go_on(self, rows: Array, y: Array, goes_on: bool) -> None:
        if goes_on and y.shape[1:] != self._target_shape:
            raise ValueError(f"y has the shape {y.shape}; the network that there is makes (N, "
                             f"{', '.join(map(str, self._target_shape))})")
        if not goes_on:
            self._begin(rows, y.shape[1] if y.ndim == 2 else 1)
            self._target_shape = y.shape[1:]

    def _default_loss(self, model: Model) -> Any:
        return "mse"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
