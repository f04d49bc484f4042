"""Gradients by back-propagation beside differences of the loss."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashioncnn.models import Model
from fashioncnn.utils import checks

# Steps of central differences: great ones for smooth losses, where rounding counts least; small ones between kinks.
STEPS = (2.0**-4, 2.0**-6, 2.0**-8, 2.0**-10, 2.0**-12, 2.0**-14)
# Steps so small that the loss changes by little more than its rounding.
TINY_STEPS = 2.0**-18 * np.arange(-4.0, 5.0)
LEAST_ROUNDING = 2.0**-26  # of the loss
CLEAR = 0.1  # of a weight's largest gradient: the most that a difference may be uncertain by
NEGLIGIBLE = 0.01  # of the largest gradient of all
SHOWN = 5  # wrong gradients in a message


class GradientCheck(NamedTuple):
    """What `check_gradients` found.

    Attributes:
        checked: Numbers whose gradients agreed.
        unclear: Numbers near which the loss has a kink, or is too coarse, to tell.
        largest: The largest difference that there was, relative to the largest gradient of the same weight.
    """

    checked: int
    unclear: int
    largest: float


class _Slope(NamedTuple):
    """A central difference, and how much rounding may add to it."""

    value: float
    rounding: float


class _Element(NamedTuple):
    """One number of a weight: its name, its gradient both ways, how far the second may be off, and how large they are
    for the weight."""

    name: str
    by_layers: float
    by_differences: float
    uncertainty: float
    scale: float

    @property
    def is_clear(self) -> bool:
        return self.uncertainty <= CLEAR * self.scale or self.scale == 0

    def is_wrong(self, tolerance: float) -> bool:
        return self.difference > tolerance * self.scale + 2 * self.uncertainty

    @property
    def difference(self) -> float:
        return abs(self.by_layers - self.by_differences)


def check_gradients(model: Model, x: Any, y: Any, sample_weight: Any = None, *, samples: int | None = 10,
                    tolerance: float = 0.02, seed: int = 0) -> GradientCheck:
    """Compares the gradients of the loss with central differences of it.

    The loss is that of a training step with all rows as one batch, with dropout's masks held still, batch statistics
    and penalties. It is computed in float32, so a difference is uncertain: by the rounding of the loss over the step,
    and by what smaller steps find, beyond their own rounding. The steps are 2**-4 to 2**-14, and of each number the
    most certain one counts. A gradient is wrong if both differ by more than `tolerance` of the largest gradient of
    the same weight plus twice the uncertainty.

    The model stays as it is. Some ten rows are enough, and quickest.

    Args:
        model: A compiled model.
        x: Inputs, as for `fit`.
        y: Targets.
        sample_weight: A weight for each row.
        samples: How many numbers of each weight are looked at: the one with the largest gradient, and others at random.
            None: all.
        tolerance: See above.
        seed: Of what is random.

    Returns:
        How many were looked at, and how well they agreed.

    Raises:
        AssertionError: If a gradient is wrong; or for most numbers of a weight there is no telling.
        ValueError: If the data do not fit the model, or it is not compiled.

    Example:
        >>> import fashioncnn as keras
        >>> keras.utils.set_random_seed(1)
        >>> model = keras.Sequential([keras.Input((6, 6, 1)), keras.layers.Conv2D(2, 3, activation="tanh"),
        ...                           keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")])
        >>> model.compile("adam", "sparse_categorical_crossentropy")
        >>> x = np.random.default_rng(1).normal(size=(8, 6, 6, 1))
        >>> result = check_gradients(model, x, np.arange(8) % 3)
        >>> result.checked, result.largest < 0.01
        (25, True)
    """
    __tracebackhide__ = True
    tolerance = checks.number("tolerance", tolerance, at_least=0)
    samples = None if samples is None else checks.integer("samples", samples, at_least=1)
    random = np.random.default_rng(seed)
    loss = _Loss(model, x, y, sample_weight)
    gradients = loss.gradients()
    least_scale = NEGLIGIBLE * max((float(np.abs(gradient).max()) for *_, gradient in gradients), default=0.0)
    elements = []
    for name, offset, gradient in gradients:
        found = _compared(loss, name, offset, gradient, _chosen(gradient, samples, random), least_scale)
        if 2 * sum(element.is_clear for element in found) < len(found):
            raise AssertionError(f"the loss is too coarse, or has too many kinks, around {name} to tell its gradient; "
                                 "try other rows, fewer rows, or activations without kinks")
        elements += found
    _report([element for element in elements if element.is_wrong(tolerance)])
    clear = [element for element in elements if element.is_clear]
    largest = max((element.difference / element.scale for element in clear if element.scale), default=0.0)
    return GradientCheck(len(clear), len(elements) - len(clear), largest)


class _Loss:
    """The loss of one batch as a function of the weights of a copy of a model."""

    def __init__(self, model: Model, x: Any, y: Any, sample_weight: Any) -> None:
        self._model = copy.copy(model)
        self._model._require_compiled("check_gradients")
        source = self._model._one_batch("check_gradients", x, y, sample_weight, None)
        self._model._prepare([source])
        self._batch = next(iter(source))
        self._network = self._model.built_network
        self._network.trainable = self._model._trainable_flags()
        self._random_step = self._network.random_step

    def value(self) -> float:
        self._network.random_step = self._random_step
        return self._network.compute_gradients(*self._batch)[0]

    def gradients(self) -> list[tuple[str, int, NDArray[np.float32]]]:
        """The name, the place and the gradient of each weight that an optimizer may change."""
        self.value()
        found = []
        for weight, learned in zip(self._model._parameters, self._network.optimized, strict=True):
            if learned:
                gradient = np.empty(weight.variable.shape, np.float32)
                self._network.read("gradients", weight.place.offset, gradient)
                found.append((f"{weight.layer.name}/{weight.name}", weight.place.offset, gradient))
        return found

    def rounding(self, offset: int) -> float:
        """The standard deviation of the loss from a straight line, in tiny steps of the number at `offset`."""
        places, values = self._along(offset, TINY_STEPS)
        line = np.polynomial.Polynomial.fit(places, values, 1)
        deviation = np.sqrt(np.square(values - line(places)).sum() / (len(places) - 2))
        return max(float(deviation), LEAST_ROUNDING * float(np.abs(values).max()))

    def slope(self, offset: int, step: float, rounding: float) -> _Slope:
        """The central difference for the number at `offset`."""
        places, values = self._along(offset, np.array([-step, step]))
        width = float(places[1] - places[0])
        return _Slope(float(values[1] - values[0]) / width, 2 * rounding / width)

    def _along(self, offset: int, steps: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Values of the number at `offset`, as float32 has them, and the loss for each; the number stays as it is."""
        middle = np.empty(1, np.float32)
        self._network.read("weights", offset, middle)
        places = (middle + steps).astype(np.float32)
        values = []
        for place in places:
            self._network.write("weights", offset, place.reshape(1))
            values.append(self.value())
        self._network.write("weights", offset, middle)
        return places.astype(np.float64), np.array(values)


def _compared(loss: _Loss, name: str, offset: int, gradient: NDArray[Any], chosen: list[int],
              least_scale: float) -> list[_Element]:
    """Those of a weight's numbers that were chosen; beside each gradient the most certain of all differences."""
    rounding = loss.rounding(offset + chosen[0])
    found = []
    for i in chosen:
        slopes = [loss.slope(offset + i, step, rounding) for step in STEPS]
        uncertainty, by_differences = min((_uncertainty(slopes[k:]), slopes[k].value) for k in range(len(slopes) - 1))
        by_layers = float(gradient.flat[i])
        found.append(_Element(name + _index(gradient.shape, i), by_layers, by_differences, uncertainty, 0))
    scale = max(least_scale, *(max(abs(each.by_layers), abs(each.by_differences)) for each in found))
    return [each._replace(scale=scale) for each in found]


def _uncertainty(slopes: list[_Slope]) -> float:
    """How far the first may be off: by its rounding, and by what smaller steps find, but for their own rounding."""
    first, *smaller = slopes
    return 2 * first.rounding + max(max(abs(first.value - each.value) - each.rounding, 0.0) for each in smaller)


def _chosen(gradient: NDArray[Any], samples: int | None, random: np.random.Generator) -> list[int]:
    if samples is None or samples >= gradient.size:
        return list(range(gradient.size))
    largest = int(np.abs(gradient).argmax())
    others = [int(i) for i in random.permutation(gradient.size)[:samples] if i != largest]
    return [largest, *others[: samples - 1]]


def _index(shape: tuple[int, ...], position: int) -> str:
    return f"[{', '.join(str(i) for i in np.unravel_index(position, shape))}]" if shape else ""


def _report(wrong: list[_Element]) -> None:
    if not wrong:
        return
    __tracebackhide__ = True
    wrong.sort(key=lambda element: -element.difference / (element.scale or 1))
    lines = [f"{each.name}: {each.by_layers:.6g} by back-propagation, {each.by_differences:.6g} by differences "
             f"(+- {each.uncertainty:.1g})" for each in wrong[:SHOWN]]
    rest = [f"... and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
    raise AssertionError("\n".join(["gradients are wrong:", *lines, *rest]))
