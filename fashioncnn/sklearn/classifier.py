"""CNNClassifier: a network that tells classes apart, as scikit-learn's classifiers do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from fashioncnn.activations import sigmoid, softmax
from fashioncnn.callbacks import Callback
from fashioncnn.losses import BinaryCrossentropy, SparseCategoricalCrossentropy
from fashioncnn.models import Model
from fashioncnn.sklearn.estimator import Array, Estimator, checked_weights, of_mean_one


class CNNClassifier(ClassifierMixin, Estimator):
    """A network that tells classes apart.

    X is an array of features (N, features), or of images (N, height, width) or (N, height, width, channels); numbers of
    any type, which are used as they are: small ones train best. y holds the classes, whole numbers or strings.

    Args:
        model: None: the reference network for images, a hidden layer of 128 units for all else. Or a function that is
            called with ``input_shape=`` and ``n_outputs=`` and returns a model; or a `Model`, whose architecture alone
            counts. Its output is a row with a unit for each class, or with a single one for two classes, before or
            behind a softmax or sigmoid. If it is compiled, that holds for whatever is None here.
        input_shape: The shape of a row, if X has it in one axis: ``(28, 28, 1)`` for rows of 784 numbers.
        optimizer: A name or an optimizer, which is copied; None: "adam".
        learning_rate: Its learning rate, or a schedule; None: its own.
        loss: A name or a loss; None: the crossentropy that fits the outputs.
        metrics: What else is measured; None: ["accuracy"].
        epochs: Passes over the data.
        batch_size: Rows of a batch.
        shuffle: Whether each epoch takes the rows in another order.
        class_weight: A dict of weights by class, or "balanced": each class counts the same.
        early_stopping: Whether a part of the data is kept, and training ends when the loss for it no longer falls. The
            weights are then those of the best epoch.
        validation_fraction: The part that is kept; of each class alike.
        n_iter_no_change: Epochs that are waited.
        tol: How much the loss must fall to count as falling.
        callbacks: Callbacks of `fashioncnn.callbacks`.
        warm_start: Whether `fit` goes on with the network that there is.
        random_state: A seed: the same one gives the same bits.
        verbose: See `Model.fit`.

    Attributes:
        classes_: The classes, sorted.
        model_: The trained `Model`.
        history_: Loss and metrics of each epoch, in lists by name.
        n_iter_: The number of epochs.
        n_features_in_: The length of the second axis of X.
        feature_names_in_: The names of X's columns, where it has such.

    Example:
        >>> from sklearn.datasets import load_digits
        >>> from sklearn.model_selection import train_test_split
        >>> images, digits = load_digits(return_X_y=True)
        >>> x, x_test, y, y_test = train_test_split(images / 16, digits, random_state=1)
        >>> classifier = CNNClassifier(input_shape=(8, 8, 1), epochs=5, random_state=1).fit(x, y)
        >>> classifier.score(x_test, y_test) > 0.9
        True
        >>> classifier.predict_proba(x_test[:2]).shape
        (2, 10)
    """

    _output_activation = "softmax"
    _default_metrics = ("accuracy",)

    def __init__(self, model: Any = None, *, input_shape: tuple[int, ...] | None = None, optimizer: Any = None,
                 learning_rate: Any = None, loss: Any = None, metrics: Sequence[Any] | None = None, epochs: int = 10,
                 batch_size: int = 32, shuffle: bool = True, class_weight: Mapping[Any, float] | str | None = None,
                 early_stopping: bool = False, validation_fraction: float = 0.1, n_iter_no_change: int = 10,
                 tol: float = 1e-4, callbacks: Sequence[Callback] | None = None, warm_start: bool = False,
                 random_state: Any = None, verbose: Any = 0) -> None:
        super().__init__(model, input_shape=input_shape, optimizer=optimizer, learning_rate=learning_rate, loss=loss,
                         metrics=metrics, epochs=epochs, batch_size=batch_size, shuffle=shuffle,
                         early_stopping=early_stopping, validation_fraction=validation_fraction,
                         n_iter_no_change=n_iter_no_change, tol=tol, callbacks=callbacks, warm_start=warm_start,
                         random_state=random_state, verbose=verbose)
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> CNNClassifier:
        """Trains a new network, or with `warm_start` the one that there is.

        Args:
            X: See the class.
            y: The class of each row.
            sample_weight: A weight for each row; their mean counts as 1.

        Raises:
            TypeError: If X is sparse, or an argument has the wrong type.
            ValueError: If an argument cannot be used, there are less than two classes, or with `warm_start` others.
        """
        goes_on = self.warm_start and hasattr(self, "model_")
        rows, y, weights = self._checked(X, y, sample_weight, is_first=True)
        classes = np.unique(y)
        if goes_on and not np.array_equal(classes, self.classes_):
            raise ValueError(f"warm_start=True goes on with the classes {self.classes_}, and y has {classes}")
        if not goes_on:
            self._begin_with(rows, classes)
        self._train(rows, self._encoded(y), of_mean_one(weights), self.epochs, self.early_stopping)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> CNNClassifier:
        """Goes on training: one epoch of these rows.

        Args:
            X: See the class.
            y: The class of each row.
            classes: All classes that there will be; needed in the first call.
            sample_weight: A weight for each row, which counts as it is.

        Raises:
            TypeError, ValueError: As `fit`; and if `classes` is missing in the first call, or differs later.
        """
        is_first = not hasattr(self, "model_")
        if is_first and classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit")
        if not is_first and classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"partial_fit() got classes={classes!r}, and those of the first call were {self.classes_}")
        rows, y, weights = self._checked(X, y, sample_weight, is_first)
        if is_first:
            self._begin_with(rows, np.unique(classes))
        self._train(rows, self._encoded(y), weights, 1)
        return self

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, in the order of `classes_`: (N, classes)."""
        outputs = self._outputs(X)
        if self.model_._output_activations() == ["linear"]:
            outputs = np.asarray((sigmoid if outputs.shape[1] == 1 else softmax)(outputs))
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of `predict_proba`."""
        with np.errstate(divide="ignore"):  # of 0 it is minus infinity
            return np.asarray(np.log(self.predict_proba(X)))

    def predict(self, X: Any) -> Array:
        """The likeliest class of each row."""
        numbers = self.predict_proba(X).argmax(axis=1)
        found: Array = self.classes_[numbers]
        return found

    def _checked(self, X: Any, y: Any, sample_weight: Any, is_first: bool) -> tuple[Array, Array, Array | None]:
        """Rows, classes and weights; class weights among them."""
        X, y = validate_data(self, X, y, reset=is_first, allow_nd=True)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        weights = checked_weights(sample_weight, len(X))
        if self.class_weight is not None:
            by_class = compute_sample_weight(self.class_weight, y)
            weights = by_class if weights is None else weights * by_class
        return self._rows(X), y, weights

    def _begin_with(self, rows: Array, classes: Array) -> None:
        if len(classes) < 2:
            raise ValueError(f"{type(self).__name__} needs two classes or more, got one class: {classes.tolist()[0]!r}")
        self._begin(rows, len(classes))
        self.classes_ = classes

    def _encoded(self, y: Array) -> Array:
        """The classes in the form that the loss takes: as numbers, or as rows with a single 1."""
        numbers = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        unknown = self.classes_[numbers] != y
        if unknown.any():
            raise ValueError(f"y has the class {y[unknown].tolist()[0]!r}, which is not among the classes "
                             f"{self.classes_}")
        if self._loss_of_model().takes_labels or self.model_.output_shape[-1] == 1:
            return numbers
        return np.eye(len(self.classes_), dtype=np.float32)[numbers]

    def _strata(self, targets: Array) -> Array:
        return targets if targets.ndim == 1 else targets.argmax(axis=1)

    def _possible_units(self, n_outputs: int) -> list[int]:
        return [2, 1] if n_outputs == 2 else [n_outputs]

    def _default_loss(self, model: Model) -> Any:
        is_single = model.output_shape[-1] == 1
        loss = BinaryCrossentropy if is_single else SparseCategoricalCrossentropy
        return loss(from_logits=model._output_activations() == ["linear"])
