"""Compiling, training, evaluating and predicting: what all models can do."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from fashioncnn import optimizers
from fashioncnn._core import Network
from fashioncnn.callbacks import Callback, CallbackList, History, TerminateOnNaN
from fashioncnn.callbacks.callback_list import flattened
from fashioncnn.layers import unknown
from fashioncnn.layers.calls import Added
from fashioncnn.layers.graph import GraphLayer, Shape
from fashioncnn.layers.symbolic import Extents
from fashioncnn.metrics import Mean, Metric
from fashioncnn.models import calls, forms, loops, objective, validation
from fashioncnn.models.arguments import Verbosity, optional_count, unwatched_rows, validated_epochs, verbosity
from fashioncnn.models.objective import NOTHING, CompiledMetric, CompileMetrics, Objective
from fashioncnn.models.plan import Plan
from fashioncnn.models.ports import Ports
from fashioncnn.models.profiling import Profiled, reported
from fashioncnn.models.sources import ArraySource, BatchSource, Epochs, Repeats, Source, open_source, validation_arrays
from fashioncnn.models.tally import Logs, Tally, listed
from fashioncnn.models.validation import Expected, Names
from fashioncnn.utils import checks, structures
from fashioncnn.utils.keywords import told
from fashioncnn.utils.locks import CHANGING, Turn
from fashioncnn.utils.overrides import overridden
from fashioncnn.utils.registry import OPTIMIZERS
from fashioncnn.utils.settings import Configured
from fashioncnn.utils.variable import Variable

if TYPE_CHECKING:
    from fashioncnn.optimizers import Optimizer

NOBODY = CallbackList()  # to be told of what happens
Scores = float | list[float] | Logs


class Trainer(Profiled, Configured):
    """What a model does once it is compiled. A base class of `Model`, which owns the network."""

    name: str
    network: Network | None
    loss: Any
    history: History | None
    stop_training: bool
    stop_evaluating: bool
    stop_predicting: bool
    steps_per_execution: int

    def __init__(self) -> None:
        self._optimizer: Optimizer | None = None
        self.loss = None
        self.history = None
        self.stop_training = self.stop_evaluating = self.stop_predicting = False
        self._objective = NOTHING
        self._metrics: list[CompiledMetric] = []
        self._loss_tracker = Mean(name="loss")
        self._output_losses: dict[int, Mean] = {}
        self._compile_arguments: dict[str, Any] | None = None
        self._check_finite = True
        self.steps_per_execution = 1
        self._is_in_fit, self._initial_epoch, self._pass = False, 0, Turn()

    @told
    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, loss_weights: Any = None, metrics: Any = None,
                weighted_metrics: Any = None, run_eagerly: bool = False, steps_per_execution: int = 1,
                jit_compile: str | bool | None = "auto", auto_scale_loss: bool = True,
                check_finite: bool = True) -> None:
        """Chooses how the model is trained and judged. Weights stay as they are.

        Args:
            optimizer: A name or an object of `fashioncnn.optimizers`; the model's own goes on where it was. None: the
                model can be evaluated, not trained.
            loss: A name, a function or an object of `fashioncnn.losses`.
            loss_weights: None, or a number that the loss is multiplied by.
            metrics: A list of names, functions ``f(y_true, y_pred)`` or objects of `fashioncnn.metrics`.
            weighted_metrics: The same; these take the sample weights into account.
            run_eagerly: Without effect: nothing is ever compiled at run time. So is `jit_compile`.
            steps_per_execution: After how many batches callbacks hear of batches, and `stop_training` acts. As in Keras
                an epoch of `steps_per_epoch` batches has whole executions. Nothing is faster with more than 1.
            jit_compile: See `run_eagerly`.
            auto_scale_loss: Without effect: all numbers are float32.
            check_finite: Whether a loss in training that is NaN or infinite, or a weight that becomes so, raises
                FloatingPointError, which names the step and the first layer that made such a number. In inputs they are
                always a ValueError.

        Raises:
            ArgumentError: If an argument has the wrong type.
            NotImplementedError: If a class redefines what the core does: the model's, the loss's, the optimizer's.
            ValueError: If a name is unknown, an argument is not supported, or the loss does not fit the model's output;
                the model is as it was before.

        Example:
            >>> from fashioncnn import Input, Sequential, layers
            >>> model = Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
            >>> model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        """
        self.refuse_overrides()
        steps_per_execution = checks.integer("steps_per_execution", steps_per_execution, at_least=1)
        new_optimizer = optimizers.get(optimizer)
        names = forms.expected_outputs(self, loss, metrics)
        wanted = objective.read(loss, loss_weights, metrics, weighted_metrics, names)
        if new_optimizer is not None:
            new_optimizer.refuse_overrides()
        for each in wanted.losses:
            if each is not None:
                each.refuse_overrides()
        check_finite = checks.truth("check_finite", check_finite)
        with CHANGING:
            self._take_heads_off()
            shapes = unknown.filled(self._output_shapes or [(2,)] * len(names), 2)
            resolved = wanted.resolve(shapes if self.network is None else self.network.output_shapes)
            self._replace_objective(new_optimizer, wanted, resolved)
            self._optimizer, self.loss, self._objective, self._metrics = new_optimizer, loss, wanted, resolved
            self._loss_tracker.reset_state()
            self._output_losses = {number: Mean(name=name) for number, name in wanted.loss_names.items()}
            self._check_finite, self.steps_per_execution = check_finite, steps_per_execution
            self._compile_arguments = {"optimizer": optimizer, "loss": loss, "loss_weights": loss_weights,
                                       "metrics": metrics, "weighted_metrics": weighted_metrics,
                                       "check_finite": check_finite, "steps_per_execution": steps_per_execution}
            if self.network is not None:
                self._order_slots()
                self.network.check_finite = check_finite

    @property
    def optimizer(self) -> Optimizer | None:
        """The optimizer of `compile`. Another one that is set begins with the next update.

        Raises:
            ArgumentError: When something else than an optimizer is set.
            ValueError: When one of another model is set, or the model is not compiled; all stays as it was.
        """
        return self._optimizer

    @optimizer.setter
    def optimizer(self, value: Optimizer) -> None:
        if not OPTIMIZERS.is_member(value):
            raise checks.ArgumentError(f"`optimizer` must be an optimizer, got {value!r}; compile() takes names, too")
        if not self.compiled:
            raise ValueError(f"model '{self.name}' is not compiled, and compile() takes the optimizer")
        value.refuse_overrides()
        with CHANGING:
            self._replace_objective(value, self._objective, self._metrics)
            self._optimizer = value

    def _replace_objective(self, optimizer: Optimizer | None, wanted: Objective,
                           resolved: Sequence[CompiledMetric]) -> None:
        """Tells the core, if there is a network, of another objective and optimizer: both, or none if one does not fit.

        The optimizer of before is free afterwards, if it is another one.
        """
        before, network, paths = self.optimizer, self.network, self._weight_paths()
        if network is None:
            if before is not None and before is not optimizer:
                before.detach()
            return
        if optimizer is not None:
            optimizer.check_attachable(network, paths)
        wanted.apply(network, resolved)
        if before is not None and before is not optimizer:
            before.detach()
        if optimizer is None:
            return
        try:
            optimizer.attach(network, paths, self._weight_shapes())
        except BaseException:
            self._objective.apply(network, self._metrics)
            if before is not None:
                before.attach(network, paths, self._weight_shapes())
            raise

    def _forget_compilation(self) -> None:
        """Undoes `compile`."""
        if self.optimizer is not None:
            self.optimizer.detach()
        self._compile_arguments, self._objective, self._metrics, self._output_losses = None, NOTHING, [], {}

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compile_arguments is not None

    @property
    def metrics(self) -> list[Metric]:
        """What is reset at the beginning of a pass, and shown.

        The mean loss of a compiled model; all metrics of `compile` as one, whose `metrics` they are; metrics that are
        attributes of the model or a layer.
        """
        compiled: list[Metric] = [self._loss_tracker] if self.compiled else []
        arguments = self._compile_arguments or {}
        if any(arguments.get(name) is not None for name in ("metrics", "weighted_metrics")):
            compiled.append(CompileMetrics(self._metrics))
        return [*compiled, *self._output_losses.values(), *self._own_metrics()]

    @property
    def metrics_names(self) -> list[str]:
        """The names of `metrics`. Those of single metrics are the keys that ``evaluate(..., return_dict=True)`` has."""
        return [metric.name for metric in self.metrics]

    def reset_metrics(self) -> None:
        """Forgets what the metrics have counted. Every pass over data, and every batch on its own, does so first."""
        for metric in self.metrics:
            metric.reset_state()

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

    @told
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
            batch_size: Rows of a batch; None: 32, or as many as make `steps_per_epoch` batches of all rows.
            epochs: Where to stop: epochs are counted from `initial_epoch`.
            verbose: 0: silent; 1: a progress bar; 2: a line for each epoch; 3: its number only; "auto": 1 on a terminal
                or in a notebook, else 2.
            callbacks: A list of `callbacks.Callback`.
            validation_split: Which part of the rows is kept, from the end and before shuffling, for validation.
            validation_data: (x, y) or (x, y, sample_weight), or whatever else `evaluate` takes as x.
            shuffle: Whether the rows come in a new random order in every epoch.
            class_weight: A dict of weights by class number; a class without one counts 1.
            sample_weight: A weight for each row.
            initial_epoch: The number of the first epoch.
            steps_per_epoch: Batches of an epoch; None: all.
            validation_steps: Batches of a validation, the same first ones each time; None: all.
            validation_batch_size: Rows of a batch in validation; None: `batch_size`.
            validation_freq: Validate after every so many epochs, or after these (counted from 1).

        Returns:
            The `callbacks.History`: its `history` holds each epoch's loss and metrics.

        Raises:
            ArgumentError: If an argument has the wrong type.
            NotImplementedError: If the model's class redefines what the core does.
            ValueError: If an argument does not fit the model or the others, or holds NaN; nothing was changed then.
            FloatingPointError: If the loss or a weight becomes NaN or infinite (see `compile`). The last update is not
                made; if it could not be foreseen that it overflows, it is made of all other weights.
        """
        self._require_trainable("fit")
        checks.integer("epochs", epochs, at_least=0)
        checks.integer("initial_epoch", initial_epoch, at_least=0)
        checks.number("validation_split", validation_split, at_least=0, below=1)
        shuffle = checks.truth("shuffle", shuffle)
        validated = validated_epochs(validation_freq)
        verbose, callbacks = verbosity(verbose), list(flattened(callbacks))
        finite = self._check_finite and not any(isinstance(callback, TerminateOnNaN) for callback in callbacks)
        names = Names("fit", steps="steps_per_epoch")
        steps_per_epoch = optional_count("steps_per_epoch", steps_per_epoch)
        validation_steps = optional_count("validation_steps", validation_steps)
        training: ArraySource | BatchSource
        validation: ArraySource | BatchSource | None = None
        training = self._open(names, x, y, sample_weight, batch_size, steps_per_epoch, shuffle, class_weight)
        if (validation_data is not None or validation_split) and overridden(self, ["evaluate"]):
            raise self._refusal(["evaluate"])
        if validation_batch_size is None:
            validation_batch_size = batch_size
        if validation_data is not None:
            validation = self._open_validation(validation_data, validation_batch_size, validation_steps)
        elif validation_split:
            if not isinstance(training, ArraySource):
                raise ValueError("fit() got `validation_split`, which needs arrays; pass `validation_data` instead")
            training, validation = training.split(validation_split, validation_batch_size)
        self._prepare([source for source in (training, validation) if source is not None], scan=True, finite=finite)
        self._objective.warn_of_probabilities(self._output_activations())
        if not self.trainable_weights:
            warnings.warn("the model does not have any trainable weights", stacklevel=3)
        passes = Epochs(training, steps_per_epoch, self.steps_per_execution)
        tests = None if validation is None else Repeats(validation, validation_steps, self.steps_per_execution)
        training.tell("on_epoch_end")
        everyone = self._callbacks(callbacks, verbose, epochs, passes.steps, add_history=True)
        self.history = next(callback for callback in everyone.callbacks if isinstance(callback, History))
        with self._fitting(finite), self._holding_weights(), reported(self.built_network, "fit", self.name):
            self._run_epochs(everyone, passes, tests, range(initial_epoch, epochs), validated)
        return self.history

    def _run_epochs(self, callbacks: CallbackList, passes: Epochs, tests: Repeats | None, epochs: range,
                    validated: Any) -> None:
        self.stop_training, self._initial_epoch = False, epochs.start  # both of which callbacks may set
        logs: Logs = {}
        callbacks.on_train_begin()
        for epoch in range(self._initial_epoch, epochs.stop):
            callbacks.on_epoch_begin(epoch)
            steps, logs = self._train_epoch(passes, callbacks)
            if steps == 0:
                if epoch == self._initial_epoch:
                    raise ValueError("fit() got `x` without batches")
                break
            if tests is not None and validated(epoch + 1):
                scores = self._test(tests, callbacks)
                logs = dict(sorted({**logs, **{f"val_{name}": value for name, value in scores.items()}}.items()))
            callbacks.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        if epochs and self._optimizer is not None:
            self._optimizer.finalize_variable_values(self._trainable_variables())
        callbacks.on_train_end(logs)

    def _train_epoch(self, passes: Epochs, callbacks: CallbackList) -> tuple[int, Logs]:
        """The number of batches, and their loss and metrics."""
        with self._tally() as tally:
            return loops.train(self, passes.epoch(), tally, callbacks), tally.logs()

    @told
    def evaluate(self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Verbosity = "auto",
                 sample_weight: Any = None, steps: int | None = None, callbacks: Any = None,
                 return_dict: bool = False) -> Scores:
        """The loss and the metrics of the model on data.

        Args:
            x: See `fit`.
            y: See `fit`.
            batch_size: Rows of a batch; None: 32, or as many as make `steps` batches of all rows.
            verbose: See `fit`.
            sample_weight: A weight for each row.
            steps: How many batches; None: all.
            callbacks: A list of `callbacks.Callback`.
            return_dict: Whether to return a dict.

        Returns:
            The loss as a float; with metrics a list ``[loss, metric, ...]``, in the order in which `compile` got them.

        Raises:
            ArgumentError: If an argument has the wrong type.
            ValueError: If an argument does not fit the model or the others.
        """
        self._require_compiled("evaluate")
        verbose, callbacks = verbosity(verbose), list(flattened(callbacks))
        steps = optional_count("steps", steps)
        source = self._open(Names("evaluate"), x, y, sample_weight, batch_size, steps)
        self._prepare([source])
        passes = Repeats(source, steps, self.steps_per_execution)
        with reported(self.built_network, "evaluate", self.name):
            scores = self._test(passes, self._callbacks(callbacks, verbose, 1, passes.steps))
        if not scores:
            raise ValueError("evaluate() got `x` without batches")
        return self._scores(scores, return_dict)

    def _test(self, passes: Repeats, callbacks: CallbackList) -> Logs:
        """Loss and metrics of one pass; nothing where there were no batches left."""
        self.stop_evaluating = False
        callbacks.on_test_begin()
        self._pull()
        with self._tally() as tally:
            count = loops.test(self, passes.epoch(), tally, callbacks)
            logs = tally.logs() if count else {}
        callbacks.on_test_end(logs)
        return logs

    @told
    def predict(self, x: Any, batch_size: int | None = None, verbose: Verbosity = "auto", steps: int | None = None,
                callbacks: Any = None) -> Any:
        """The model's outputs for inputs.

        Args:
            x: Inputs: an array (N, ...), a `utils.PyDataset` or an iterable of batches.
            batch_size: Rows of a batch; None: as for `evaluate`. The results do not depend on it, but where a
                layer of your own looks at the batch.
            verbose: See `fit`.
            steps: How many batches; None: all.
            callbacks: A list of `callbacks.Callback`.

        Shapes:
            result (N, ...): one row for each row of `x`; a list or dict of such, as the model was made, for several
            outputs or a dict of one.

        Raises:
            ArgumentError: If an argument has the wrong type.
            ValueError: If `x` does not fit the model.
        """
        verbose, callbacks = verbosity(verbose), list(flattened(callbacks))
        steps = optional_count("steps", steps)
        source = self._open(Names("predict"), x, None, None, batch_size, steps)
        self._prepare([source], with_targets=False)
        passes = Epochs(source, steps, self.steps_per_execution)
        everyone = self._callbacks(callbacks, verbose, 1, passes.steps)
        self.stop_predicting = False
        everyone.on_predict_begin()
        self._pull()
        batches, rows = passes.epoch(), None
        if isinstance(source, ArraySource):
            rows = source.rows
            if steps is None and not everyone.wants_predict_batches and not self._looks_at_batches:
                batches = source.cut(unwatched_rows(self.built_network) if source.steps > 1 else rows)
        with reported(self.built_network, "predict", self.name):
            outputs = loops.predict(self, batches, rows, everyone)
        everyone.on_predict_end()
        return self._packed_arrays(outputs)

    @told
    def train_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None,
                       return_dict: bool = False) -> Scores:
        """One update from one batch. Arguments, results and errors as for `fit` and `evaluate`."""
        self._require_trainable("train_on_batch")
        source = self._one_batch("train_on_batch", x, y, sample_weight, class_weight)
        self._prepare([source])
        with self._tally() as tally, self._holding_weights():
            loops.train(self, source, tally, NOBODY)
            return self._scores(tally.logs(), return_dict)

    @told
    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Scores:
        """The loss and the metrics of one batch. Arguments, results and errors as for `evaluate`."""
        self._require_compiled("test_on_batch")
        source = self._one_batch("test_on_batch", x, y, sample_weight, None)
        self._prepare([source])
        self._pull()
        with self._tally() as tally:
            loops.test(self, source, tally, NOBODY)
            return self._scores(tally.logs(), return_dict)

    @told
    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch. Errors as for `predict`."""
        outputs = calls.outputs_for(self, "predict_on_batch", x, training=False)
        return structures.mapped(lambda output: output.numpy(), outputs)

    @contextmanager
    def _tally(self) -> Iterator[Tally]:
        """The tally of a pass. One within another, or beside it in another thread, leaves the model's metrics alone."""
        if not self._pass.take():
            yield Tally.beside(self._loss_tracker, self._output_losses, self._metrics, len(self._objective.aims))
            return
        try:
            yield Tally(self._loss_tracker, self._output_losses, self._metrics, self._own_metrics(),
                        len(self._objective.aims))
        finally:
            self._pass.give_back()

    def _require_trainable(self, caller: str) -> None:
        self._require_compiled(caller)
        if self._optimizer is None:
            raise ValueError(f"{caller}() needs an optimizer: model '{self.name}' was compiled with optimizer=None")

    def _require_compiled(self, caller: str) -> None:
        if not self.compiled:
            raise ValueError(f"{caller}() needs a compiled model: call compile() first")
        if not any(self._objective.has_loss) and not any(layer.is_custom for layer in self._flatten_layers()):
            raise ValueError(f"{caller}() needs a loss: pass `loss` to compile()")

    def _open(self, names: Names, x: Any, y: Any, sample_weight: Any, batch_size: int | None, steps: int | None,
              shuffle: bool = False, class_weight: Any = None) -> ArraySource | BatchSource:
        return forms.opened(self, names.caller, x, lambda: open_source(
            names, x, y, sample_weight, batch_size, steps, shuffle, class_weight, self._ports(),
            self._objective.has_loss))

    def _open_validation(self, validation_data: Any, batch_size: int | None,
                         steps: int | None) -> ArraySource | BatchSource:
        names = Names("fit", "`x` of `validation_data`", "`y` of `validation_data`",
                      "`sample_weight` of `validation_data`", "validation_steps")
        if not isinstance(validation_data, (tuple, list)):
            return self._open(names, validation_data, None, None, None, steps)
        return self._open(names, *validation_arrays(validation_data), batch_size, steps)

    def _one_batch(self, caller: str, x: Any, y: Any, sample_weight: Any, class_weight: Any) -> ArraySource:
        forms.learn(self, caller, x)
        return ArraySource(Names(caller), x, y, sample_weight, class_weight=class_weight, ports=self._ports(),
                           has_loss=self._objective.has_loss).in_one_batch()

    def _prepare(self, sources: Sequence[Source], scan: bool = False, with_targets: bool = True,
                 finite: bool = True) -> None:
        """Checks the data, and builds the model if need be; after an error it is what it was.

        Args:
            sources: All data of a call.
            scan: Whether whole arrays are searched for NaN.
            with_targets: Whether targets are needed.
            finite: Whether targets must be finite.
        """
        self.refuse_overrides()
        fixed = self._fixed_input_shapes()
        if fixed is None:
            for source in sources:
                source.fetch()
        if fixed is None or self.network is None:
            with CHANGING:
                self._bind(sources, scan, with_targets, finite)
        else:
            self._bind(sources, scan, with_targets, finite)

    def _bind(self, sources: Sequence[Source], scan: bool, with_targets: bool, finite: bool) -> None:
        is_new = not self.knows_shapes
        plan = self._plan_for(sources[0], with_targets)
        network, added = (self.built_network, self._added) if plan is None else (plan.network, plan.added)
        if with_targets and not any(self._objective.has_loss) and not added:
            raise ValueError(f"model '{self.name}' has no loss: pass `loss` to compile(), or let layers add_loss()")
        expected = Expected(network.input_shapes, network.output_shapes,
                            self._objective.losses if with_targets else None, scan or is_new, is_new,
                            finite and self._check_finite)
        for source in sources:
            source.bind(expected)
        if plan is not None:
            self._settle(plan)

    def _plan_for(self, source: Source, with_targets: bool) -> Plan | None:
        """The network that inputs and targets need, unless there is one for those of their shapes."""
        shapes = self._fixed_input_shapes()
        if shapes is None:
            shapes = validation.with_channels(source.row_shapes, self._input_shapes)
        targets = source.target_shapes if with_targets and self._objective.traces else None
        if self.network is None:
            return self._plan(shapes, targets=targets)
        has_heads = targets is None or getattr(self.network, "target_shapes", None) == targets
        if self.network.input_shapes == shapes and has_heads:
            return None
        plan = self._plan(shapes, targets=targets)
        if self._is_in_fit:
            raise ValueError(f"model '{self.name}' is being trained on inputs of {self.network.input_shapes}; others, "
                             f"{shapes}, in the same fit() are not supported by fashioncnn (yet)")
        return plan if targets is not None else plan._replace(metrics=self._metrics)

    @contextmanager
    def _fitting(self, finite: bool) -> Iterator[None]:
        """Keeps the network for as long as a fit runs, and sets whether a loss that is not finite is an error."""
        network, before = self.built_network, self._is_in_fit
        network.check_finite, self._is_in_fit = finite, True
        try:
            yield
        finally:
            network.check_finite, self._is_in_fit = self._check_finite, before

    def _callbacks(self, callbacks: list[Callback], verbose: Verbosity, epochs: int, steps: int | None,
                   add_history: bool = False) -> CallbackList:
        """The user's callbacks, and those that are always there."""
        if not callbacks and verbose == 0 and not add_history:
            return NOBODY
        params = {"verbose": verbose, "epochs": epochs, "steps": steps}
        return CallbackList(callbacks, self, params, add_history=add_history, add_progbar=verbose != 0)

    def _scores(self, logs: Logs, return_dict: bool) -> Scores:
        if return_dict:
            return logs
        return listed(logs, self._metrics, list(self._output_losses.values()), len(self._objective.aims))

    if TYPE_CHECKING:  # what a model has besides
        _penalized: list[GraphLayer]
        _added: list[Added]
        _is_told: bool
        _looks_at_batches: bool
        _is_open: bool
        _input_shapes: list[Extents] | None
        _output_shapes: list[Extents] | None

        @property
        def knows_shapes(self) -> bool: ...
        def _own_metrics(self) -> list[Metric]: ...
        def _fixed_input_shapes(self) -> list[Shape] | None: ...
        def _ports(self) -> Ports: ...
        def _names_of_outputs(self) -> list[str]: ...
        def _output_activations(self) -> list[str]: ...
        def _packed_arrays(self, arrays: list[Any]) -> Any: ...
        def _plan(self, input_shapes: Sequence[Shape], objective: Objective | None = None,
                  targets: Sequence[Shape | None] | None = None) -> Plan: ...
        def _settle(self, plan: Plan) -> None: ...
        def _weight_paths(self) -> list[str]: ...
        def _weight_shapes(self) -> list[Shape]: ...
        def _trainable_flags(self) -> list[bool]: ...
        def _trainable_variables(self) -> list[Variable]: ...
        def _pull(self) -> None: ...
        def _order_slots(self) -> None: ...
        def _take_heads_off(self) -> None: ...
        def _nothing(self) -> Objective: ...
        def _holding_weights(self) -> AbstractContextManager[None]: ...
