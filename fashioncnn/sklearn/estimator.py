"""What both estimators are: how a network is made, compiled and trained from what the constructor was given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from fashioncnn import losses, optimizers
from fashioncnn.callbacks import Callback, EarlyStopping
from fashioncnn.losses import Loss
from fashioncnn.models import Model, clone_model
from fashioncnn.optimizers import Optimizer
from fashioncnn.sklearn import networks
from fashioncnn.utils import absent, checks
from fashioncnn.utils.seeds import Seeds, drawing_from

Array = NDArray[Any]

# Arguments of estimators around Keras's models, as in scikeras: what they are called here.
ELSEWHERE = {
    "build_fn": "model=function, which is called with input_shape=..., n_outputs=...",
    "nb_epoch": "epochs",
    "optimizer__learning_rate": "learning_rate",
    "validation_split": "early_stopping=True and validation_fraction",
}


class Estimator(BaseEstimator):
    """Base class of `CNNClassifier` and `CNNRegressor`, which say what the arguments mean."""

    _output_activation: ClassVar[str | None] = None
    _default_metrics: ClassVar[Sequence[str]] = ()
    __signature__ = absent.SignatureOfConstructor()

    def __new__(cls, *arguments: Any, **named: Any) -> Estimator:
        """Says what arguments of other wrappers of Keras's models are called here."""
        for name in named:
            if name in ELSEWHERE and name not in cls._get_param_names():
                raise checks.ArgumentError(f"{cls.__name__}() got an unexpected keyword argument '{name}'; write "
                                           f"{ELSEWHERE[name]}")
        return object.__new__(cls)

    def __init__(self, model: Any = None, *, input_shape: tuple[int, ...] | None = None, optimizer: Any = None,
                 learning_rate: Any = None, loss: Any = None, metrics: Sequence[Any] | None = None, epochs: int = 10,
                 batch_size: int = 32, shuffle: bool = True, early_stopping: bool = False,
                 validation_fraction: float = 0.1, n_iter_no_change: int = 10, tol: float = 1e-4,
                 callbacks: Sequence[Callback] | None = None, warm_start: bool = False, random_state: Any = None,
                 verbose: Any = 0) -> None:
        self.model = model
        self.input_shape = input_shape
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.loss = loss
        self.metrics = metrics
        self.epochs = epochs
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def _rows(self, X: Array) -> Array:
        """X in the shape that the network takes: a view wherever that is possible."""
        if self.input_shape is None:
            return X
        shape = tuple(self.input_shape)
        if math.prod(X.shape[1:]) != math.prod(shape):
            raise ValueError(f"input_shape={shape} takes {math.prod(shape)} numbers a row, and X has shape {X.shape}")
        return X.reshape(len(X), *shape)

    def _outputs(self, X: Any) -> Array:
        """What the network makes of X."""
        check_is_fitted(self)
        rows = self._rows(validate_data(self, X, reset=False, allow_nd=True))
        self._check_rows(rows)
        outputs: Array = self.model_.predict(rows, verbose=0)
        return outputs

    def _check_rows(self, rows: Array) -> None:
        if rows.shape[1:] != self._row_shape:
            raise ValueError(f"X has rows of shape {rows.shape[1:]}, but {type(self).__name__} was fitted on rows of "
                             f"shape {self._row_shape}")

    def _begin(self, rows: Array, n_outputs: int) -> None:
        """Makes a network that has learned nothing yet."""
        self._seeds = Seeds(int(check_random_state(self.random_state).randint(2**32, dtype=np.uint64)))
        self._row_shape = rows.shape[1:]
        with drawing_from(self._seeds):
            model = self._made_model(n_outputs)
            if not model.built:
                model.build((None, *self._row_shape))
            self._check_outputs(model, n_outputs)
            self._compile(model, n_outputs)
        self.model_ = model
        self.history_: dict[str, list[Any]] = {}
        self.n_iter_ = 0

    def _made_model(self, n_outputs: int) -> Model:
        if self.model is None:
            return networks.default(self._row_shape, n_outputs, self._output_activation)
        if isinstance(self.model, Model):
            return clone_model(self.model)
        if not callable(self.model):
            raise checks.ArgumentError(f"`model` must be None, a Model or a function that makes one, got "
                                       f"{self.model!r} of type {type(self.model).__name__}")
        model = self.model(input_shape=self._row_shape, n_outputs=n_outputs)
        if not isinstance(model, Model):
            raise checks.ArgumentError(f"`model` returned {model!r} of type {type(model).__name__}; it must return a "
                                       "Model")
        return model

    def _check_outputs(self, model: Model, n_outputs: int) -> None:
        """Raises ValueError if the network does not end in a row of as many units as are needed."""
        shape = model.output_shape
        if shape not in [(None, units) for units in self._possible_units(n_outputs)]:
            wanted = " or ".join(map(str, self._possible_units(n_outputs)))
            raise ValueError(f"the outputs of `model` have the shape {shape}; {type(self).__name__} needs one output "
                             f"of {wanted} units here")

    def _possible_units(self, n_outputs: int) -> list[int]:
        return [n_outputs]

    def _compile(self, model: Model, n_outputs: int) -> None:
        """What is not given is as the model was compiled; and where it was not, as is usual for the task."""
        was = model._compile_arguments or {}
        loss, metrics = self.loss, self.metrics
        if loss is None:
            loss = was.get("loss") or self._default_loss(model)
        if metrics is None:
            metrics = was.get("metrics") if was else self._default_metrics
        model.compile(self._made_optimizer(model.optimizer), loss, metrics=list(metrics or ()))

    def _default_loss(self, model: Model) -> Any:
        raise NotImplementedError

    def _made_optimizer(self, of_model: Optimizer | None) -> Optimizer:
        """An optimizer of the estimator's own."""
        given = of_model if self.optimizer is None else optimizers.get(self.optimizer)
        given = given or optimizers.Adam()
        config = given.get_config()
        if self.learning_rate is not None:
            config["learning_rate"] = self.learning_rate
        return type(given).from_config(config)

    def _loss_of_model(self) -> Loss:
        loss = losses.resolve(self.model_.loss)
        assert loss is not None, "_compile gives one"
        return loss

    def _train(self, rows: Array, targets: Array, weights: Array | None, epochs: int, stop_early: bool = False) -> None:
        """Trains the network that there is."""
        self._check_rows(rows)
        callbacks = list(self.callbacks or ())
        validation = None
        if stop_early:
            rows, targets, weights, validation = self._split(rows, targets, weights)
            callbacks.append(EarlyStopping("val_loss", self.tol, self.n_iter_no_change, restore_best_weights=True))
        with drawing_from(self._seeds):
            history = self.model_.fit(rows, targets, self.batch_size, epochs, self.verbose, callbacks,
                                      validation_data=validation, shuffle=self.shuffle, sample_weight=weights)
        for name, values in history.history.items():
            self.history_.setdefault(name, []).extend(values)
        self.n_iter_ += len(history.epoch)

    def _split(self, rows: Array, targets: Array,
               weights: Array | None) -> tuple[Array, Array, Array | None, tuple[Array, ...]]:
        """What is trained on, and what tells when to stop."""
        fraction = checks.number("validation_fraction", self.validation_fraction, above=0, below=1)
        numbers, kept = train_test_split(np.arange(len(rows)), test_size=fraction, stratify=self._strata(targets),
                                         random_state=self._seeds.seed)
        if weights is None:
            return rows[numbers], targets[numbers], None, (rows[kept], targets[kept])
        return rows[numbers], targets[numbers], weights[numbers], (rows[kept], targets[kept], weights[kept])

    def _strata(self, targets: Array) -> Array | None:
        return None


def checked_weights(sample_weight: Any, rows: int) -> Array | None:
    """One weight for each row, or None.

    Raises:
        ValueError: If there are not as many, one is negative or not finite, or all are 0.
    """
    if sample_weight is None:
        return None
    weights: Array = check_array(sample_weight, ensure_2d=False, allow_nd=True, dtype=np.float64,
                                 input_name="sample_weight")
    if weights.shape != (rows,):
        raise ValueError(f"sample_weight has shape {weights.shape}, expected ({rows},): one weight for each row")
    if weights.min() < 0 or not weights.any():
        raise ValueError("sample_weight must not be negative, nor zero for all rows")
    return weights


def of_mean_one(weights: Array | None) -> Array | None:
    """The weights so that their size does not act as another learning rate."""
    return None if weights is None else weights / weights.mean()
