"""Compiling, training, evaluating and predicting: what all models can do."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn import losses, optimizers
from fashioncnn import metrics as metrics_module
from fashioncnn._core import Network
from fashioncnn.callbacks import Callback, CallbackList, History, TerminateOnNaN
from fashioncnn.losses import Loss
from fashioncnn.models import data, loops
from fashioncnn.models.data import Expected, Names
from fashioncnn.models.sources import ArraySource, BatchSource, Epochs, Source, open_source
from fashioncnn.models.tally import CompiledMetric, Tally
from fashioncnn.optimizers import Optimizer
from fashioncnn.utils import checks
from fashioncnn.utils.arrays import as_array

# Rows that are predicted in one call of the core where nobody looks at batches; long enough to be quick, and short
# enough for an interruption to be noticed.
UNWATCHED_ROWS = 1024
Verbosity = str | int
Scores = float | list[float] | dict[str, float]


class Trainer:
    """What a model does once it is compiled. A base class of `Model`, which owns the network."""

    network: Network | None
    name: str

    def __init__(self) -> None:
        self.optimizer: Optimizer | None = None
        self.loss: Loss | None = None
        self.history: History | None = None
        self.stop_training = False
        self._metrics: list[CompiledMetric] = []
        self._wanted_metrics: tuple[tuple[Any, bool], ...] = ()
        self._check_finite = True
        self._compiled = False

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, loss_weights: None = None, metrics: Any = None,
                weighted_metrics: Any = None, run_eagerly: bool = False, steps_per_execution: int = 1,
                jit_compile: str | bool | None = "auto", auto_scale_loss: bool = True,
                check_finite: bool = True) -> None:
        """Chooses how the model is trained and judged. Weights stay as they are.

        Args:
            optimizer: A name or an object of `fashioncnn.optimizers`.
            loss: A name, a function or an object of `fashioncnn.losses`.
            loss_weights: None.
            metrics: A list of names, functions ``f(y_true, y_pred)`` or objects of `fashioncnn.metrics`.
            weighted_metrics: The same; these take the sample weights into account.
            run_eagerly: Without effect: nothing is ever compiled at run time. So is `jit_compile`.
            steps_per_execution: 1.
            jit_compile: See `run_eagerly`.
            auto_scale_loss: Without effect: all numbers are float32.
            check_finite: Whether a loss in training that is NaN or infinite raises FloatingPointError, which names the
                step and the first layer that made such a number. In data they are always a ValueError.

        Raises:
            TypeError: If an argument has the wrong type.
            ValueError: If a name is unknown, an argument is not supported, or the loss does not fit the model's output;
                the model is as it was before.

        Example:
            >>> from fashioncnn import Input, Sequential, layers
            >>> model = Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
            >>> model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        """
        if loss_weights is not None:
            raise checks.unsupported("compile()", "loss_weights", loss_weights, "None")
        if steps_per_execution != 1:
            raise checks.unsupported("compile()", "steps_per_execution", steps_per_execution, "1")
        new_optimizer, new_loss = optimizers.get(optimizer), losses.get(loss)
        if new_optimizer is None:
            raise ValueError("compile() needs an optimizer, got None")
        wanted = (*((metric, False) for metric in _metric_list("metrics", metrics)),
                  *((metric, True) for metric in _metric_list("weighted_metrics", weighted_metrics)))
        if self.network is None:
            _resolve(wanted, new_loss, (2,))
        else:
            self._configure(self.network, new_optimizer, new_loss, wanted)
        if self.optimizer is not None and self.optimizer is not new_optimizer:
            self.optimizer.detach()
        self.optimizer, self.loss, self._wanted_metrics = new_optimizer, new_loss, wanted
        self._check_finite = bool(check_finite)
        if self.network is not None:
            self.network.check_finite = self._check_finite
        self._compiled = True

    def _configure(self, network: Network, optimizer: Optimizer, loss: Loss | None,
                   wanted: Sequence[tuple[Any, bool]]) -> None:
        """Hands a compiled model's choices to the core: all of them, or none if one does not fit."""
        metrics = _resolve(wanted, loss, network.output_shapes[-1])
        try:
            _set_objectives(network, loss, metrics)
            optimizer.attach(network)
        except BaseException:
            _set_objectives(network, self.loss, self._metrics)
            raise
        self._metrics = metrics

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled

    @property
    def metrics(self) -> list[metrics_module.Metric]:
        """The metrics of a compiled model that is built."""
        return [compiled.metric for compiled in self._metrics]

    @property
    def metrics_names(self) -> list[str]:
        """What the numbers that `evaluate` returns are called, in its order."""
        return ["loss", *(compiled.name for compiled in self._metrics)] if self._compiled else []

    def reset_metrics(self) -> None:
        """Forgets what the metrics have counted. Every pass over data, and every batch on its own, does so first."""
        if self.network is not None:
            self.network.reset_metrics()
        for compiled in self._metrics:
            compiled.metric.reset_state()

    @property
    def built_network(self) -> Network:
        """The network of a model that is built.

        Raises:
            ValueError: If it is not.
        """
        if self.network is None:
            raise ValueError(f"model '{self.name}' is not built yet: give it an Input, call build(input_shape), or "
                             "fit it")
        return self.network

    def fit(self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1,
            verbose: Verbosity = "auto", callbacks: Any = None, validation_split: float = 0.0,
            validation_data: Any = None, shuffle: bool = True, class_weight: Any = None, sample_weight: Any = None,
            initial_epoch: int = 0, steps_per_epoch: int | None = None, validation_steps: int | None = None,
            validation_batch_size: int | None = None, validation_freq: int | Collection[int] = 1) -> History:
        """Trains the model.

        Arrays are used where they lie, whatever their number type; nothing is copied. The rows' order follows from
        `utils.set_random_seed`. An interruption between two batches leaves a model that can be used and trained on.

        Args:
            x: Inputs: an array (N, ...), or in place of all arrays a `utils.PyDataset` or an iterable of batches.
            y: Targets: an array with N rows.
            batch_size: Rows of a batch; None: 32.
            epochs: Where to stop: epochs are counted from `initial_epoch`.
            verbose: 0: silent; 1: a progress bar; 2: a line for each epoch; "auto": 1 on a terminal or in a notebook,
                else 2.
            callbacks: A list of `callbacks.Callback`.
            validation_split: Which part of the rows is kept, from the end and before shuffling, for validation.
            validation_data: (x, y) or (x, y, sample_weight), or whatever else `evaluate` takes as x.
            shuffle: Whether the rows come in a new random order in every epoch.
            class_weight: A dict of weights by class number.
            sample_weight: A weight for each row.
            initial_epoch: The number of the first epoch.
            steps_per_epoch: Batches of an epoch; None: all.
            validation_steps: Batches of a validation; None: all.
            validation_batch_size: Rows of a batch in validation; None: `batch_size`.
            validation_freq: Validate after every so many epochs, or after these (counted from 1).

        Returns:
            The `callbacks.History`: its `history` holds each epoch's loss and metrics.

        Raises:
            TypeError: If an argument has the wrong type, such as labels that are not integers.
            ValueError: If an argument does not fit the model or the others, or holds NaN; nothing was changed then.
            FloatingPointError: If the loss becomes NaN or infinite (see `compile`); the last update is not made.
        """
        self._require_compiled("fit")
        checks.integer("epochs", epochs, at_least=0)
        checks.integer("initial_epoch", initial_epoch, at_least=0)
        checks.number("validation_split", validation_split, at_least=0, below=1)
        shuffle = _truth("fit", "shuffle", shuffle)
        validated = _validated_epochs(validation_freq)
        verbose, callbacks = _verbosity(verbose), CallbackList(callbacks).callbacks
        finite = self._check_finite and not any(isinstance(callback, TerminateOnNaN) for callback in callbacks)
        names = Names("fit")
        steps_per_epoch = _optional_count("steps_per_epoch", steps_per_epoch)
        validation_steps = _optional_count("validation_steps", validation_steps)
        training: ArraySource | BatchSource
        validation: ArraySource | BatchSource | None = None
        training = open_source(names, x, y, sample_weight, batch_size, steps_per_epoch, shuffle, class_weight)
        if validation_batch_size is None:
            validation_batch_size = batch_size
        if validation_data is not None:
            validation = _validation_source(validation_data, validation_batch_size, validation_steps)
        elif validation_split:
            if not isinstance(training, ArraySource):
                raise ValueError("fit() got `validation_split`, which needs arrays; pass `validation_data` instead")
            training, validation = training.split(validation_split, validation_batch_size)
        self._prepare([source for source in (training, validation) if source is not None], scan=True)
        passes = Epochs(training, steps_per_epoch)
        tests = None if validation is None else Epochs(validation, validation_steps)
        everyone = self._callbacks(callbacks, verbose, epochs, passes.steps, add_history=True)
        self.history = next(callback for callback in everyone.callbacks if isinstance(callback, History))
        with self._watching_for_nan(finite):
            self._run_epochs(everyone, passes, tests, range(initial_epoch, epochs), validated)
        return self.history

    def _run_epochs(self, callbacks: CallbackList, passes: Epochs, tests: Epochs | None, epochs: range,
                    validated: Any) -> None:
        self.stop_training = False
        logs: dict[str, float] = {}
        callbacks.on_train_begin()
        for epoch in epochs:
            callbacks.on_epoch_begin(epoch)
            tally = self._new_tally()
            try:
                steps = loops.train(self, passes.epoch(), tally, callbacks)
            finally:
                self._push()
            if steps == 0:
                if epoch == epochs.start:
                    raise ValueError("fit() got `x` without batches")
                break
            logs = tally.logs()
            if tests is not None and validated(epoch + 1):
                scores = self._test(tests, callbacks)
                logs.update({f"val_{name}": value for name, value in scores.items()})
            callbacks.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        callbacks.on_train_end(logs)

    def evaluate(self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Verbosity = "auto",
                 sample_weight: Any = None, steps: int | None = None, callbacks: Any = None,
                 return_dict: bool = False) -> Scores:
        """The loss and the metrics of the model on data.

        Args:
            x: See `fit`.
            y: See `fit`.
            batch_size: Rows of a batch; None: 32.
            verbose: See `fit`.
            sample_weight: A weight for each row.
            steps: How many batches; None: all.
            callbacks: A list of `callbacks.Callback`.
            return_dict: Whether to return a dict.

        Returns:
            The loss as a float; with metrics a list ``[loss, metric, ...]``, in the order of `metrics_names`.

        Raises:
            TypeError: If an argument has the wrong type.
            ValueError: If an argument does not fit the model or the others.
        """
        self._require_compiled("evaluate")
        verbose, callbacks = _verbosity(verbose), CallbackList(callbacks).callbacks
        steps = _optional_count("steps", steps)
        source = open_source(Names("evaluate"), x, y, sample_weight, batch_size, steps)
        self._prepare([source])
        passes = Epochs(source, steps)
        scores = self._test(passes, self._callbacks(callbacks, verbose, 1, passes.steps))
        if not scores:
            raise ValueError("evaluate() got `x` without batches")
        return self._scores(scores, return_dict)

    def _test(self, passes: Epochs, callbacks: CallbackList) -> dict[str, float]:
        """Loss and metrics of one pass; nothing where there were no batches left."""
        callbacks.on_test_begin()
        tally = self._new_tally()
        count = loops.test(self, passes.epoch(), tally, callbacks)
        logs = tally.logs() if count else {}
        callbacks.on_test_end(logs)
        return logs

    def predict(self, x: Any, batch_size: int | None = None, verbose: Verbosity = "auto", steps: int | None = None,
                callbacks: Any = None) -> NDArray[np.float32]:
        """The model's outputs for inputs.

        Args:
            x: Inputs: an array (N, ...), a `utils.PyDataset` or an iterable of batches.
            batch_size: Rows of a batch; None: 32. The results do not depend on it.
            verbose: See `fit`.
            steps: How many batches; None: all.
            callbacks: A list of `callbacks.Callback`.

        Shapes:
            result (N, ...): one row for each row of `x`.

        Raises:
            TypeError: If an argument has the wrong type.
            ValueError: If `x` does not fit the model.
        """
        verbose, callbacks = _verbosity(verbose), CallbackList(callbacks).callbacks
        steps = _optional_count("steps", steps)
        source = open_source(Names("predict"), x, None, None, batch_size, steps)
        self._prepare([source], with_targets=False)
        passes = Epochs(source, steps)
        everyone = self._callbacks(callbacks, verbose, 1, passes.steps)
        everyone.on_predict_begin()
        batches, rows = passes.epoch(), None
        if isinstance(source, ArraySource):
            rows = source.rows
            if steps is None and not everyone.wants_predict_batches:
                batches = source.cut(UNWATCHED_ROWS)
        outputs = loops.predict(self, batches, rows, everyone)
        everyone.on_predict_end()
        return outputs

    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None,
                       return_dict: bool = False) -> Scores:
        """One update from one batch. Arguments, results and errors as for `fit` and `evaluate`."""
        self._require_compiled("train_on_batch")
        source = _one_batch("train_on_batch", x, y, sample_weight, class_weight)
        self._prepare([source])
        tally = self._new_tally()
        loops.train(self, source, tally, CallbackList())
        self._push()
        return self._scores(tally.logs(), return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Scores:
        """The loss and the metrics of one batch. Arguments, results and errors as for `evaluate`."""
        self._require_compiled("test_on_batch")
        source = _one_batch("test_on_batch", x, y, sample_weight, None)
        self._prepare([source])
        tally = self._new_tally()
        loops.test(self, source, tally, CallbackList())
        return self._scores(tally.logs(), return_dict)

    def predict_on_batch(self, x: Any) -> NDArray[np.float32]:
        """The outputs for one batch. Errors as for `predict`."""
        return self._outputs("predict_on_batch", x, training=False)

    def _outputs(self, caller: str, x: Any, training: bool) -> NDArray[np.float32]:
        """The outputs for an array, without callbacks and with as little in between as possible."""
        names = Names(caller)
        array = as_array(caller, names.x, x)
        with self._unbuilt_after_an_error():
            network = self._network_for(array.shape[1:] or (1,))
            self._pull()
            array = data.inputs(names, array, Expected(network.input_shape, network.output_shapes[-1], None))
        outputs = np.empty((len(array), *network.output_shapes[-1]), np.float32)
        network.predict(array, 0, len(array), outputs, training)
        return outputs

    def _new_tally(self) -> Tally:
        self.reset_metrics()
        return Tally(self.built_network, self._metrics)

    def _require_compiled(self, caller: str) -> None:
        if not self._compiled:
            raise ValueError(f"{caller}() needs a compiled model: call compile() first")
        if self.loss is None:
            raise ValueError(f"{caller}() needs a loss: pass `loss` to compile()")

    def _prepare(self, sources: Sequence[Source], scan: bool = False, with_targets: bool = True) -> None:
        """Builds the model if need be and checks the data; after an error the model is what it was."""
        with self._unbuilt_after_an_error():
            network = self._network_for(sources[0].row_shape if self.network is None else None)
            loss = self.loss if with_targets else None
            for source in sources:
                source.bind(Expected(network.input_shape, network.output_shapes[-1], loss, scan))
        self._pull()

    def _network_for(self, row_shape: tuple[int, ...] | None) -> Network:
        """The network, built for rows of this shape if there is none yet."""
        if self.network is None:
            assert row_shape is not None
            self._build_network(row_shape)
        return self.built_network

    @contextmanager
    def _unbuilt_after_an_error(self) -> Iterator[None]:
        was_built = self.network is not None
        try:
            yield
        except BaseException:
            if not was_built:
                self._forget_network()
            raise

    @contextmanager
    def _watching_for_nan(self, finite: bool) -> Iterator[None]:
        """Sets whether a loss that is not finite is an error, for as long as a fit runs."""
        network = self.built_network
        network.check_finite = finite
        try:
            yield
        finally:
            network.check_finite = self._check_finite

    def _callbacks(self, callbacks: list[Callback], verbose: Verbosity, epochs: int, steps: int | None,
                   add_history: bool = False) -> CallbackList:
        """The user's callbacks, and those that are always there."""
        params = {"verbose": verbose, "epochs": epochs, "steps": steps}
        return CallbackList(callbacks, self, params, add_history=add_history, add_progbar=verbose != 0)

    def _scores(self, logs: dict[str, float], return_dict: bool) -> Scores:
        if return_dict:
            return logs
        return [logs[name] for name in self.metrics_names] if self._metrics else logs["loss"]

    def _build_network(self, input_shape: tuple[int, ...]) -> None:
        raise NotImplementedError

    def _forget_network(self) -> None:
        raise NotImplementedError

    def _trainable_flags(self) -> list[bool]:
        raise NotImplementedError

    def _pull(self) -> None:
        raise NotImplementedError

    def _push(self) -> None:
        raise NotImplementedError


def _set_objectives(network: Network, loss: Loss | None, metrics: Sequence[CompiledMetric]) -> None:
    if loss is not None:
        network.set_loss(loss.core_config())
    configs = [compiled.core_config() for compiled in metrics]
    network.set_metrics([config for config in configs if config is not None])


def _metric_list(argument: str, metrics: Any) -> Sequence[Any]:
    if metrics is None:
        return []
    if not isinstance(metrics, (list, tuple)):
        raise TypeError(f"`{argument}` must be a list, got {metrics!r}")
    flat = [metric for item in metrics for metric in (item if isinstance(item, (list, tuple)) else [item])]
    return [metric for metric in flat if metric is not None]


def _resolve(wanted: Sequence[tuple[Any, bool]], loss: Loss | None,
             output_shape: tuple[int, ...]) -> list[CompiledMetric]:
    """The metrics with their names in logs: as Keras, a weighted one whose name is taken is called "weighted_...".

    Raises:
        ValueError: If a name is unknown or used twice.
    """
    resolved: dict[str, CompiledMetric] = {}
    for identifier, weighted in wanted:
        metric = metrics_module.resolve(identifier, loss, output_shape)
        name = f"weighted_{metric.name}" if weighted and metric.name in resolved else metric.name
        if name in resolved or name == "loss":
            raise ValueError(f"compile() got two metrics called '{name}'; give one of them another name")
        resolved[name] = CompiledMetric(name, metric, weighted)
    return list(resolved.values())


def _validation_source(validation_data: Any, batch_size: int | None, steps: int | None) -> ArraySource | BatchSource:
    names = Names("fit", "`x` of `validation_data`", "`y` of `validation_data`", "`sample_weight` of `validation_data`")
    if not isinstance(validation_data, (tuple, list)):
        return open_source(names, validation_data)
    if len(validation_data) not in (2, 3):
        raise ValueError(f"`validation_data` must be (x, y) or (x, y, sample_weight), got {len(validation_data)} items")
    x, y, sample_weight = (*validation_data, None)[:3]
    return open_source(names, x, y, sample_weight, batch_size, steps)


def _one_batch(caller: str, x: Any, y: Any, sample_weight: Any, class_weight: Any) -> ArraySource:
    array = as_array(caller, "`x`", x)
    return ArraySource(Names(caller), array, y, sample_weight, batch_size=len(array), class_weight=class_weight)


def _verbosity(verbose: Any) -> Verbosity:
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"`verbose` must be 'auto', 0, 1 or 2, got {verbose!r}")
    return verbose if verbose == "auto" else int(verbose)


def _optional_count(argument: str, value: Any) -> int | None:
    return None if value is None else checks.integer(argument, value, at_least=1)


def _truth(caller: str, argument: str, value: Any) -> bool:
    if not isinstance(value, (bool, int, np.bool_)):
        raise checks.unsupported(f"{caller}()", argument, value, "True, False")
    return bool(value)


def _validated_epochs(validation_freq: Any) -> Any:
    """A function that says whether to validate after epoch n, n counted from 1."""
    if isinstance(validation_freq, Collection) and not isinstance(validation_freq, str):
        return set(validation_freq).__contains__
    frequency = checks.integer("validation_freq", validation_freq, at_least=1)
    return lambda number: number % frequency == 0
