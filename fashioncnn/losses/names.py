"""The functions that names of losses stand for: their own names, and shorter ones."""

from __future__ import annotations

from fashioncnn import _lazily
from fashioncnn.losses.crossentropy import binary_crossentropy
from fashioncnn.losses.logarithmic import kl_divergence, log_cosh, mean_squared_logarithmic_error
from fashioncnn.losses.regression import mean_absolute_error, mean_absolute_percentage_error, mean_squared_error
from fashioncnn.utils.registry import LOSSES

_lazily.load("fashioncnn.losses")

_ALIASES = {
    "bce": binary_crossentropy,
    "kld": kl_divergence,
    "mae": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "mse": mean_squared_error,
    "msle": mean_squared_logarithmic_error,
}
LOSSES.functions = {
    **{function.__name__: function for function in LOSSES.by_function},
    **_ALIASES,
    **{alias.upper(): function for alias, function in _ALIASES.items()},
    "kullback_leibler_divergence": kl_divergence,
    "logcosh": log_cosh,
}
