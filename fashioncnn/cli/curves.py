"""The picture of a training run: loss and accuracy over the epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike

from fashioncnn.saving.files import replacing


def write_curves(history: Mapping[str, Sequence[float]], path: str | PathLike[str]) -> None:
    """Draws every metric of `history` beside its validation value, as PNG.

    Args:
        history: A value an epoch for each name, as in `History.history`.
        path: The file to write.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('drawing curves needs matplotlib: pip install "fashioncnn[plot]"') from error

    names = [name for name in ("loss", "accuracy") if name in history]
    figure = Figure(figsize=(5 * len(names), 4), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for key, label in ((name, "training"), (f"val_{name}", "validation")):
            if key in history:
                axes.plot(range(1, len(history[key]) + 1), history[key], marker="o", label=label)
        axes.set(title=name, xlabel="epoch")
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axes.grid(alpha=0.3)
        axes.legend()
    with replacing(path) as file:
        figure.savefig(file, format="png")
