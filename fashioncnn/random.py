"""Random arrays, with Keras's names and defaults, and TensorFlow's name for the global seed.

Without a seed the numbers follow from `utils.set_random_seed`; with one each call gives the same, and with a
`SeedGenerator` the next ones. They are not the numbers that Keras gives.

In the `call` of a layer of your own, where the shape begins with the batch's extent, `normal`, `uniform` and `dropout`
leave nodes behind: each image has numbers of its own, which are others in every step and every prediction.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fashioncnn.backend.conversion import array, wrapped
from fashioncnn.utils import absent, checks
from fashioncnn.utils.operators import operation
from fashioncnn.utils.seeds import SeedGenerator, key_of, next_key_of, set_random_seed
from fashioncnn.utils.tensor import Tensor, tensor
from fashioncnn.utils.tracing import current, is_running, is_traced

__all__ = ["SeedGenerator", "dropout", "normal", "randint", "set_seed", "shuffle", "truncated_normal", "uniform"]

Seed = int | SeedGenerator | None


def set_seed(seed: int) -> None:
    """Does what `utils.set_random_seed` does, which also sets Python's and NumPy's seeds."""
    set_random_seed(seed)


def drawn(seed: Seed) -> np.random.Generator:
    """NumPy's generator for one call.

    Raises:
        NotImplementedError: Where code is traced: its numbers would be the same for ever.
    """
    if is_running():
        raise NotImplementedError(f"'{current().layer.name}' draws random numbers where it is called: that code runs "
                                  "once, and they would be the same for ever. Where the first extent of the shape is "
                                  "the batch's, random.normal(), uniform() and dropout() draw them anew in each step")
    return np.random.Generator(np.random.PCG64([*next_key_of(seed)]))


def _shape(shape: Any) -> tuple[int, ...]:
    return tuple(int(extent) for extent in np.atleast_1d(np.asarray(shape, np.int64)))


def _is_of_batch(shape: Any) -> bool:
    """Whether code is traced, and the shape begins with the batch's extent."""
    return is_running() and isinstance(shape, (list, tuple)) and tuple(shape[:1]) == (None,)


def _core_seed(seed: Seed) -> int:
    """The seed of a node: another one for each draw of a graph, and the same whenever the graph is made again.

    Raises:
        NotImplementedError: If it is an integer, with which Keras draws the same numbers in every step.
    """
    trace = current()
    if isinstance(seed, SeedGenerator):
        key = seed.key
    elif seed is None:
        key = trace.layer.__dict__.setdefault("_key_of_draws", key_of(None))
    else:
        raise NotImplementedError(f"'{trace.layer.name}': random numbers that are the same in every step, as seed="
                                  f"{seed!r} makes them, are not supported by fashioncnn (yet): pass a "
                                  "random.SeedGenerator, or None")
    return trace.graph.next_seed(key.seed ^ key.stream << 32)


def _normal_of_images(shape: Any, seed: Seed) -> Any:
    """For each image of the batch numbers with mean 0 and deviation 1."""
    trace = current()
    if None in shape[1:]:
        raise ValueError(f"'{trace.layer.name}': random numbers of shape {tuple(shape)}: all extents but the first "
                         "must be known")
    zeros = trace.for_each_image(trace.constant(np.zeros(_shape(shape[1:]) if len(shape) > 1 else ())))
    with trace.graph.acting(True, firm=True):
        return trace.node("gaussian_noise", zeros, stddev=1.0, seed=_core_seed(seed))


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Seed = None,
           name: str | None = None) -> Tensor:
    """Numbers of a normal distribution.

    Example:
        >>> normal((2, 3), seed=1).shape
        (2, 3)
    """
    if _is_of_batch(shape):
        return _normal_of_images(shape, seed) * stddev + mean  # type: ignore[no-any-return]
    return wrapped(drawn(seed).normal(mean, stddev, _shape(shape)).astype(dtype or np.float32))


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Seed = None,
                     name: str | None = None) -> Tensor:
    """Numbers of a normal distribution; what is farther than two deviations from the mean is drawn again."""
    chance = drawn(seed)
    numbers = chance.standard_normal(_shape(shape))
    while (far := abs(numbers) > 2).any():
        numbers[far] = chance.standard_normal(int(far.sum()))
    return wrapped((numbers * stddev + mean).astype(dtype or np.float32))


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Seed = None,
            name: str | None = None) -> Tensor:
    """Numbers from `minval` on, below `maxval`; whole ones of an integer type."""
    kind = np.dtype(dtype or np.float32)
    if maxval is None and kind.kind not in "iu":
        maxval = 1.0
    if _is_of_batch(shape) and kind.kind == "f":
        parts = operation("erf")(_normal_of_images(shape, seed) * 0.5**0.5) * 0.5 + 0.5
        return operation("minimum")(parts, 1 - 2.0**-24) * (maxval - minval) + minval  # type: ignore[no-any-return]
    if kind.kind in "iu":
        return randint(shape, minval, maxval, kind, seed)
    low, high = float(minval), float(maxval)
    found = (low + (high - low) * drawn(seed).random(_shape(shape), np.float32)).astype(kind)
    return wrapped(np.minimum(found, np.nextafter(kind.type(high), kind.type(low))) if high > low else found)


def randint(shape: Any, minval: Any, maxval: Any, dtype: Any = "int32", seed: Seed = None) -> Tensor:
    """Whole numbers from `minval` on, below `maxval`.

    Raises:
        ValueError: If there is none between them.
    """
    low, high = int(minval), int(maxval)
    if high <= low:
        raise ValueError(f"`maxval` must be above minval={low}, got {high}")
    return wrapped(drawn(seed).integers(low, high, _shape(shape)).astype(dtype))


def shuffle(x: Any, axis: int = 0, seed: Seed = None, name: str | None = None) -> Tensor:
    """The slices along an axis in random order."""
    numbers = array(x)
    checks.axes("axis", axis, numbers.ndim)
    return wrapped(drawn(seed).permutation(numbers, axis))


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Seed = None) -> Any:
    """Each number is dropped with probability `rate`; the others are divided by ``1 - rate``.

    Raises:
        NotImplementedError: In a model, if a `noise_shape` is given.
    """
    rate = checks.number("rate", rate, at_least=0, at_most=1)
    if is_traced(inputs):
        if noise_shape is not None:
            raise NotImplementedError("random.dropout(): noise_shape in a model is not supported by fashioncnn (yet): "
                                      "the layer Dropout has it")
        trace = current()
        with trace.graph.acting(True, firm=True):
            return trace.node("dropout", trace.operand(inputs), rate=rate, seed=_core_seed(seed))
    values = array(inputs)
    shape = values.shape if noise_shape is None else tuple(noise_shape)
    kept = drawn(seed).random(shape) >= rate
    with np.errstate(divide="ignore", invalid="ignore"):
        return tensor(np.where(kept, values / np.float32(1 - rate), 0), values.dtype)


__getattr__ = absent.module_getattr(__name__)
