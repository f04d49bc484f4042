"""Profiles of models: `Model.profile`, and the tables that FASHIONCNN_PROFILE=1 asks for."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain, count, islice
from typing import TYPE_CHECKING, Any, cast

from fashioncnn._core import Network
from fashioncnn.callbacks import CallbackList
from fashioncnn.models import loops
from fashioncnn.models.arguments import optional_count
from fashioncnn.models.sources import Batch
from fashioncnn.models.validation import Names
from fashioncnn.utils import output
from fashioncnn.utils.keywords import told

if TYPE_CHECKING:
    from fashioncnn.models.model import Model
    from fashioncnn.models.profile import Profile

VARIABLE = "FASHIONCNN_PROFILE"
asked = os.environ.get(VARIABLE, "")  # once: to look takes longer than to predict a small thing
STEPS = 100


class Profiled:
    """What a model can say about its own speed. A base class of `Trainer`."""

    @told
    def profile(self, x: Any, y: Any = None, batch_size: int | None = None, sample_weight: Any = None,
                steps: int | None = None) -> Profile:
        """Finds out where the time of training steps goes, or of predictions. The model stays as it is.

        A copy of the model runs: its weights are trained, with the optimizer as it is now, and forgotten. The first
        batch runs once before it is timed.

        Args:
            x: Inputs: see `fit`.
            y: Targets: see `fit`. None: predictions are made, unless `x` is a data set that has targets.
            batch_size: Rows of a batch; None: 32, or as many as make `steps` batches of all rows.
            sample_weight: A weight for each row.
            steps: How many batches; None: 100, or as many as there are.

        Returns:
            A `models.profile.Profile`: a table, of which `plot()` makes a picture.

        Raises:
            ArgumentError: If an argument has the wrong type.
            ValueError: If the model is not built, or is to be trained and not compiled; if the data do not fit it, or
                are less than `steps` batches.

        Example:
            >>> import numpy as np
            >>> from fashioncnn import Input, Sequential, layers
            >>> model = Sequential([Input((28, 28, 1)), layers.Conv2D(8, 3, activation="relu", name="edges"),
            ...                     layers.MaxPooling2D(name="pool"), layers.Flatten(),
            ...                     layers.Dense(10, name="digits")])
            >>> profile = model.profile(np.zeros((64, 28, 28, 1)))
            >>> [(row.layer, row.phase) for row in profile.rows if row.multiply_adds]
            [('edges + pool', 'forward'), ('digits', 'forward')]
            >>> profile.rows[-1].multiply_adds
            13520
        """
        steps = optional_count("steps", steps)
        twin = _twin(cast("Model", self))
        if y is not None:
            twin._require_trainable("profile")
        source = twin._open(Names("profile"), x, y, sample_weight, batch_size, steps)
        learns = any(shape is not None for shape in source.target_shapes)
        if learns:
            twin._require_trainable("profile")
        elif sample_weight is not None:
            raise ValueError("profile() got `sample_weight` without `y`: predictions have no use for it")
        twin._prepare([source], with_targets=learns)
        batches = iter(source)
        first = list(islice(batches, 1))
        with twin._holding_weights():
            _run(twin, first, learns)
            twin.built_network.keeps_profile = True
            count = _run(twin, islice(chain(first, batches), steps or STEPS), learns)
        if count < (steps or 1):
            raise ValueError(f"profile() got steps={steps or STEPS}, but `x` has {count} batches: pass more rows, or "
                             "fewer steps")
        (measured,) = twin.built_network.profile()
        return _table(twin.name, measured)


def _table(name: str, measured: Any) -> Profile:
    from fashioncnn.models.profile import Profile, peak

    return Profile(name, measured, peak())


def _twin(model: Model) -> Model:
    """A copy that runs in the model's place."""
    if not model.knows_shapes:
        raise ValueError(f"profile() needs weights, and model '{model.name}' has none yet: give it an Input, call "
                         "build(input_shape), or fit it")
    return copy.deepcopy(model)


def _run(model: Model, batches: Iterable[Batch], learns: bool) -> int:
    """Training steps, or predictions; returns the number of batches."""
    counted = count()
    numbered = (batch for batch, _ in zip(batches, counted, strict=False))
    if learns:
        with model._tally() as tally:
            loops.train(model, numbered, tally, CallbackList())
    else:
        loops.predict(model, numbered, None, CallbackList())
    return next(counted)


def wanted() -> bool:
    """Whether the environment asks for a table.

    Raises:
        ValueError: If nobody can tell.
    """
    if asked not in ("", "0", "1"):
        raise ValueError(f"{VARIABLE} is {asked!r}; it must be 1, for a table of where the time went after each fit(), "
                         "evaluate() and predict(), or 0")
    return asked == "1"


def reported(network: Network, caller: str, name: str) -> AbstractContextManager[None]:
    """If the environment asks for it, prints at the end where the time of the network's calls went.

    One call within another, as an evaluation in a callback of fit, is counted in the outer one's tables.
    """
    return _reporting(network, caller, name) if wanted() and not network.keeps_profile else _SILENCE


_SILENCE = nullcontext()


@contextmanager
def _reporting(network: Network, caller: str, name: str) -> Iterator[None]:
    network.keeps_profile = True
    try:
        yield
        for measured in network.profile():
            output.complain(f"{caller}(): {_table(name, measured)}")
    finally:
        network.keeps_profile = False
