"""Keyword arguments that a function does not take: the error says what to write instead."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

from fashioncnn.utils.checks import ArgumentError

P = ParamSpec("P")
R = TypeVar("R")

# Keywords that Keras had once, and scripts still use: what they are called today.
OLD = {
    "W_constraint": "kernel_constraint",
    "W_regularizer": "kernel_regularizer",
    "b_constraint": "bias_constraint",
    "b_regularizer": "bias_regularizer",
    "bias": "use_bias",
    "border_mode": "padding",
    "decay": "learning_rate=optimizers.schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=decay)",
    "dim_ordering": "data_format",
    "epsilon": "min_delta",
    "init": "kernel_initializer",
    "lr": "learning_rate",
    "nb_epoch": "epochs",
    "nb_filter": "filters",
    "nb_val_samples": "validation_steps",
    "output_dim": "units",
    "p": "rate",
    "period": "save_freq",
    "samples_per_epoch": "steps_per_epoch",
    "subsample": "strides",
    "val_samples": "steps",
}
MOVED = dict.fromkeys(("max_queue_size", "use_multiprocessing", "workers"), "a utils.PyDataset has it")


def unexpected(owner: str, keyword: str, known: Iterable[str]) -> ArgumentError:
    """The error for a keyword that a function does not take.

    Args:
        owner: The function's name.
        keyword: The keyword.
        known: Those that it takes.

    Example:
        >>> str(unexpected("fit", "nb_epoch", ["x", "y", "epochs"]))
        "fit() got an unexpected keyword argument 'nb_epoch'; 'nb_epoch' is an old name of Keras: write epochs"
    """
    from difflib import get_close_matches

    names = list(known)
    today = OLD.get(keyword, "")
    close = get_close_matches(keyword, names, 1, 0.7)
    if today.partition("=")[0] in names:
        hint = f"'{keyword}' is an old name of Keras: write {today}"
    elif keyword in MOVED:
        hint = MOVED[keyword]
    else:
        hint = f"did you mean '{close[0]}'?" if close else f"it takes {', '.join(names) or 'none'}"
    return ArgumentError(f"{owner}() got an unexpected keyword argument '{keyword}'; {hint}")


@functools.lru_cache(maxsize=1024)
def _known(function: Callable[..., Any]) -> tuple[tuple[str, ...], bool]:
    """The names of a function's arguments, without self; and whether it takes others too."""
    parameters = inspect.signature(function).parameters.values()
    others = any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters)
    return tuple(each.name for each in parameters
                 if each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY) and each.name != "self"), others


def refuse_unknown(owner: str, function: Callable[..., Any], keywords: Mapping[str, Any]) -> None:
    """Raises ArgumentError if a function does not take one of the keywords; it may be called before the function is.

    Of a function that takes others too, only old names are known to be wrong.
    """
    known, others = _known(function)
    for keyword in keywords:
        if keyword not in known and (not others or OLD.get(keyword) in known):
            raise unexpected(owner, keyword, known)


def told(method: Callable[P, R]) -> Callable[P, R]:
    """Decorates a method: an unknown keyword is an `unexpected` one."""
    @functools.wraps(method)
    def call(*arguments: P.args, **keywords: P.kwargs) -> R:
        refuse_unknown(method.__name__, method, keywords)
        return method(*arguments, **keywords)

    return call
