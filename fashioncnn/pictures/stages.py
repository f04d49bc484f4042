"""Where the time of a network's steps goes: a bar for each layer, made of its phases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from fashioncnn.pictures.picture import Picture

WAITING = "waiting"
# In the order in which they are drawn.
COLORS = {
    "read": "tab:olive", "prepare": "tab:pink", "batch statistics": "tab:cyan", "forward": "tab:blue",
    "loss": "gold", "batch gradients": "mediumaquamarine", "input gradient": "tab:orange",
    "weight gradient": "tab:red", "both gradients": "orangered", "join": "tab:brown", "update": "tab:purple",
    "move statistics": "teal", WAITING: "lightgray",
}


class Spent(Protocol):
    """What is drawn of a row of a profile."""

    @property
    def layer(self) -> str: ...
    @property
    def phase(self) -> str: ...
    @property
    def us(self) -> float: ...
    @property
    def waiting(self) -> float: ...


class Spending(Protocol):
    """What is drawn of a profile."""

    @property
    def us(self) -> float: ...
    @property
    def rows(self) -> Sequence[Spent]: ...


def stages(profiles: Mapping[str, Spending]) -> Picture:
    """A panel for each profile: bars of layers, whose parts are phases, and what threads waited after them.

    Args:
        profiles: `models.profile.Profile`s by their titles, which stand over the panels.

    Raises:
        ValueError: If there is none.

    Example:
        >>> import numpy as np
        >>> from fashioncnn import Input, Sequential, layers
        >>> model = Sequential([Input((4,)), layers.Dense(8, name="hidden"), layers.Dense(2, name="output")])
        >>> picture = stages({"predictions": model.profile(np.zeros((32, 4)))})
        >>> [text.get_text() for text in picture.axes[0].get_yticklabels()]
        ['(all layers)', 'hidden', 'output']
    """
    if not profiles:
        raise ValueError("stages() needs at least one profile")
    height = max(len({row.layer for row in profile.rows}) for profile in profiles.values())
    picture = Picture(9, len(profiles) * (0.4 * height + 0.9) + 0.9)
    panels = picture.subplots(len(profiles), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (title, profile) in zip(panels, profiles.items(), strict=True):
        _draw(axes, profile)
        axes.set_title(f"{title}: {profile.us:.1f} us an image", loc="left", fontsize=10)
    panels[-1].set_xlabel("us an image")
    handles = {label: handle for axes in panels
               for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    names = [phase for phase in COLORS if phase in handles]
    picture.legend([handles[phase] for phase in names], names, loc="outside lower center", ncols=5, fontsize=8)
    return picture


def _draw(axes: Any, profile: Spending) -> None:
    layers = list(dict.fromkeys(row.layer for row in profile.rows))
    ends = dict.fromkeys(layers, 0.0)
    for phase, color in COLORS.items():
        widths = [sum(row.waiting if phase == WAITING else row.us for row in profile.rows
                      if row.layer == layer and phase in (row.phase, WAITING)) for layer in layers]
        if any(widths):
            axes.barh(layers, widths, left=list(ends.values()), color=color, label=phase)
        ends = {layer: end + width for (layer, end), width in zip(ends.items(), widths, strict=True)}
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
