"""`Dataset`: elements that are made when they are asked for, spelled as in tf.data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from fashioncnn.data import elements, functions, several, steps
from fashioncnn.data.steps import INFINITE, UNKNOWN, Step
from fashioncnn.utils import checks
from fashioncnn.utils.absent import Absent
from fashioncnn.utils.tensor import Tensor, tensor

AUTOTUNE = -1
_AHEAD = 2  # elements that prefetch(AUTOTUNE) makes in advance
ABSENT = ("bucket_by_sequence_length", "counter", "fingerprint", "group_by_window", "ignore_errors", "load",
          "ragged_batch", "random", "rebatch", "rejection_resample", "save", "scan", "snapshot", "sparse_batch",
          "unique")


class Elements(Iterator[Any]):
    """The elements of one pass."""

    def __init__(self, iterator: Iterator[Any]) -> None:
        self._iterator = iterator

    def __next__(self) -> Any:
        return next(self._iterator)

    def get_next(self) -> Any:
        """The next element, as ``next()`` gives it."""
        return next(self._iterator)

    def close(self) -> None:
        """Ends the pass, and the threads that made elements for it."""
        if hasattr(self._iterator, "close"):
            self._iterator.close()


class Dataset:
    """Elements, one after the other: tensors, and tuples and dicts of them.

    Each method returns a new data set; nothing is computed before somebody iterates, and everything anew each time.
    `Model.fit`, `evaluate` and `predict` take a data set whose elements are batches: (x, y), (x, y, sample_weight), or
    x alone. Functions of the user get tensors with values, NumPy arrays that also have ``.numpy()``; they run as
    Python, one element at a time. Where only `shuffle`, `repeat`, `take` and the like stand between arrays and `batch`,
    a batch is taken in one piece.

    Arguments called `name` are without effect. Methods raise ArgumentError for an argument of a wrong type, and
    ValueError for one out of range.

    Example:
        >>> data = Dataset.range(6).map(lambda x: x * x).batch(4)
        >>> for batch in data:
        ...     print(batch)
        [0 1 4 9]
        [16 25]
        >>> len(data), data.element_spec.shape
        (2, (None,))
    """

    class_names: list[str] | None
    file_paths: list[str]

    def __init__(self, step: Step) -> None:
        if not isinstance(step, Step):
            raise checks.ArgumentError("a Dataset is made by Dataset.from_tensor_slices(), from_generator() and so on; "
                                       f"got {type(step).__name__}")
        self._step = step

    # Where elements come from.

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """The rows of an array, or of each array in a tuple or dict. Arrays are not copied.

        Args:
            tensors: Arrays with as many rows each, in a structure that the elements have as well.
            name: Without effect.

        Raises:
            ValueError: If their lengths differ, or one has no rows.

        Example:
            >>> images, labels = np.zeros((3, 28, 28), np.uint8), np.array([9, 2, 1])
            >>> [int(label) for _, label in Dataset.from_tensor_slices((images, labels))]
            [9, 2, 1]
        """
        if isinstance(tensors, list) and any(elements.is_part(item) for item in tensors):
            tensors = tuple(tensors)
        arrays = elements.element_of("from_tensor_slices()", tensors)
        return Dataset(steps.Slices(arrays, elements.rows_of(arrays)))

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """One element."""
        return Dataset(steps.Single(elements.element_of("from_tensors()", tensors)))

    @staticmethod
    def from_generator(generator: Callable[..., Iterable[Any]], output_types: Any = None, output_shapes: Any = None,
                       args: Any = None, output_signature: Any = None, name: str | None = None) -> Dataset:
        """What a generator makes.

        Args:
            generator: A function that returns an iterable; it is called once for each pass.
            output_types: The types of an element, in its structure.
            output_shapes: Its shapes, in the same structure; None: any.
            args: What the function is called with.
            output_signature: A `TensorSpec` for each tensor of an element, in the place of both. With none of the three
                elements are taken as they come.
            name: Without effect.

        Raises:
            ValueError: In a pass, if an element does not agree with its shapes and types.

        Example:
            >>> def squares(count):
            ...     for number in range(count):
            ...         yield number ** 2
            >>> list(Dataset.from_generator(squares, args=(3,)).as_numpy_iterator())
            [np.int32(0), np.int32(1), np.int32(4)]
        """
        if not callable(generator):
            raise checks.ArgumentError("`generator` must be a function that returns an iterable, got "
                                       f"{type(generator).__name__}")
        spec = output_signature
        if spec is None and output_types is not None:
            spec = _specs(output_types, output_shapes)
        arguments = tuple(elements.element_of("from_generator()", each) for each in args or ())
        return Dataset(steps.Generated(generator, arguments, spec))

    @staticmethod
    def range(*args: int, output_type: Any = np.int64, name: str | None = None) -> Dataset:
        """The numbers of ``range(*args)``."""
        return Dataset(steps.Numbers(range(*args), output_type))

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Dataset:
        """Elements of several data sets side by side, as long as all of them have one.

        Args:
            args: Data sets, or one tuple or dict of them.
            datasets: The same.
            name: Without effect.

        Raises:
            ArgumentError: If something else is among them.

        Example:
            >>> list(Dataset.zip(Dataset.range(2), Dataset.range(5, 9)).as_numpy_iterator())
            [(np.int64(0), np.int64(5)), (np.int64(1), np.int64(6))]
        """
        given = datasets if datasets is not None else args[0] if len(args) == 1 else args
        if isinstance(given, list):
            given = tuple(given)
        parts = elements.mapped(_step_of, given)
        found = elements.leaves(parts)
        if all(type(step) is steps.Slices for step in found):
            rows = min(step.count for step in found)
            arrays = elements.mapped(lambda step: elements.first_rows(step.arrays, rows), parts)
            return Dataset(steps.Slices(arrays, rows))
        return Dataset(steps.Zipped(parts))

    @staticmethod
    def list_files(file_pattern: Any, shuffle: bool | None = None, seed: int | None = None,
                   name: str | None = None) -> Dataset:
        """The paths of files, as bytes.

        Args:
            file_pattern: A pattern as of `glob.glob`, or several.
            shuffle: Whether each pass has them in a random order; None: yes. Else they are sorted.
            seed: Of that order.
            name: Without effect.

        Raises:
            FileNotFoundError: If there is no such file.
        """
        import glob

        patterns = [file_pattern] if isinstance(file_pattern, (str, bytes)) or np.ndim(file_pattern) == 0 else (
            file_pattern)
        texts = [_text(pattern) for pattern in patterns]
        paths = sorted({path for text in texts for path in glob.glob(text)})
        if not paths:
            raise FileNotFoundError(f"list_files() found no file like {', '.join(texts)}")
        found = Dataset.from_tensor_slices(paths)
        return found if shuffle is False else found.shuffle(len(paths), seed)

    @staticmethod
    def sample_from_datasets(datasets: Sequence[Dataset], weights: Any = None, seed: int | None = None,
                             stop_on_empty_dataset: bool = False, rerandomize_each_iteration: bool | None = None,
                             name: str | None = None) -> Dataset:
        """Elements of several data sets, each time of one that is drawn.

        Args:
            datasets: The data sets.
            weights: How likely each one is; None: all are alike.
            seed: Of what is drawn; None: it follows from `utils.set_random_seed`.
            stop_on_empty_dataset: Whether a pass ends where the drawn data set has; else where all have.
            rerandomize_each_iteration: Whether each pass draws anew; None: yes.
            name: Without effect.

        Raises:
            ValueError: If there are no data sets, or not a weight for each.

        Example:
            >>> few, many = Dataset.range(2).repeat(), Dataset.range(10, 1000)
            >>> mixed = Dataset.sample_from_datasets([few, many], [0.5, 0.5], seed=1)
            >>> 20 < sum(int(number) < 2 for number in mixed.take(100)) < 80
            True
        """
        steps_ = _steps_of("sample_from_datasets()", datasets)
        shares = None if weights is None else [float(weight) for weight in weights]
        if shares is not None and (len(shares) != len(steps_) or min(shares) < 0 or sum(shares) <= 0):
            raise ValueError(f"sample_from_datasets() got the weights {shares} for {len(steps_)} data sets; expected "
                             "one for each, not negative, and not all 0")
        return Dataset(several.Chosen(steps_, None, shares, _plain(seed), stop_on_empty_dataset,
                                      rerandomize_each_iteration is not False))

    @staticmethod
    def choose_from_datasets(datasets: Sequence[Dataset], choice_dataset: Dataset, stop_on_empty_dataset: bool = True,
                             name: str | None = None) -> Dataset:
        """Elements of several data sets, each time of the one whose number a further data set has.

        Args:
            datasets: The data sets.
            choice_dataset: Numbers of them.
            stop_on_empty_dataset: Whether a pass ends where the chosen data set has; else such a choice is passed over.
            name: Without effect.

        Raises:
            ValueError: If there are no data sets; in a pass, if there is none of a number.
        """
        return Dataset(several.Chosen(_steps_of("choose_from_datasets()", datasets), _step_of(choice_dataset), None,
                                      None, stop_on_empty_dataset))

    # What becomes of them.

    def map(self, map_func: Callable[..., Any], num_parallel_calls: int | None = None,
            deterministic: bool | None = None, synchronous: bool | None = None,
            use_unbounded_threadpool: bool = False, name: str | None = None) -> Dataset:
        """What a function makes of each element.

        Args:
            map_func: Called with an element; with the parts of a tuple, and with a dict as it is. It may change what it
                gets. Its errors are raised as they are.
            num_parallel_calls: How many threads may call it, where a call takes long enough for them to help;
                `AUTOTUNE`: as many as there are processors. None: it is called where the elements are asked for.
            deterministic: Without effect: the order of elements is always kept.
            synchronous: Without effect.
            use_unbounded_threadpool: Without effect.
            name: Without effect.

        Example:
            >>> pairs = Dataset.from_tensor_slices((np.array([0, 255], np.uint8), [3, 4]))
            >>> list(pairs.map(lambda x, y: (x / 255, y)).as_numpy_iterator())
            [(np.float32(0.0), np.int32(3)), (np.float32(1.0), np.int32(4))]
        """
        _check_function("map_func", map_func)
        return Dataset(functions.Mapped(self._step, map_func, _threads(num_parallel_calls)))

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements for which a function, called as that of `map`, returns True."""
        _check_function("predicate", predicate)
        return Dataset(functions.Filtered(self._step, predicate))

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements before the first one for which a function returns False."""
        _check_function("predicate", predicate)
        return Dataset(functions.Filtered(self._step, predicate, stops=True))

    def flat_map(self, map_func: Callable[..., Dataset], name: str | None = None) -> Dataset:
        """The elements of the data sets that a function makes of each element."""
        _check_function("map_func", map_func)
        return Dataset(functions.Flattened(self._step, map_func))

    def interleave(self, map_func: Callable[..., Dataset], cycle_length: int | None = None,
                   block_length: int | None = None, num_parallel_calls: int | None = None,
                   deterministic: bool | None = None, name: str | None = None) -> Dataset:
        """The elements of the data sets that a function makes of each element, of some data sets by turns.

        Args:
            map_func: The function, called as that of `map`.
            cycle_length: How many data sets take turns; None, `AUTOTUNE`: as many as there are processors.
            block_length: How many elements each gives at its turn; None: one.
            num_parallel_calls: Without effect.
            deterministic: Without effect.
            name: Without effect.

        Example:
            >>> twice = Dataset.range(3).interleave(lambda x: Dataset.from_tensors(x).repeat(2), cycle_length=2)
            >>> [int(x) for x in twice]
            [0, 1, 0, 1, 2, 2]
        """
        _check_function("map_func", map_func)
        width = checks.integer("cycle_length", AUTOTUNE if cycle_length is None else _plain(cycle_length), at_least=-1)
        length = checks.integer("block_length", 1 if block_length is None else _plain(block_length), at_least=1)
        if width == 0:
            raise ValueError("`cycle_length` must be AUTOTUNE or an integer >= 1, got 0")
        return Dataset(several.Interleaved(self._step, map_func, functions.processors() if width < 0 else width,
                                           length))

    def window(self, size: Any, shift: Any = None, stride: Any = 1, drop_remainder: bool = False,
               name: str | None = None) -> Dataset:
        """Data sets of some elements each, one for each tensor of an element.

        Args:
            size: How many elements each has; the last ones may have fewer.
            shift: How many elements lie between the beginnings of two; None: `size`.
            stride: How many lie between two elements of one.
            drop_remainder: Whether those with fewer are left out.
            name: Without effect.

        Example:
            >>> windows = Dataset.range(5).window(3, shift=1, drop_remainder=True)
            >>> [part.tolist() for part in windows.flat_map(lambda window: window.batch(3))]
            [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
        """
        number = checks.integer("size", _plain(size), at_least=1)
        further = number if shift is None else checks.integer("shift", _plain(shift), at_least=1)
        apart = checks.integer("stride", _plain(stride), at_least=1)
        return Dataset(several.Windowed(self._step, number, further, apart,
                                        checks.truth("drop_remainder", drop_remainder), _window))

    def shuffle(self, buffer_size: Any, seed: int | None = None, reshuffle_each_iteration: bool | None = True,
                name: str | None = None) -> Dataset:
        """Elements in random order: each is drawn from a buffer, where the next one takes its place.

        The order is not TensorFlow's. It follows from the seed and from how many passes were begun before.

        Args:
            buffer_size: How many elements the buffer holds. As many as there are: all orders are equally likely.
            seed: From 0 to 2**64 - 1; None: it follows from `utils.set_random_seed`.
            reshuffle_each_iteration: Whether each pass has another order.
            name: Without effect.

        Example:
            >>> sorted(int(x) for x in Dataset.range(5).shuffle(3, seed=1))
            [0, 1, 2, 3, 4]
        """
        size = checks.integer("buffer_size", _plain(buffer_size), at_least=1)
        again = True if reshuffle_each_iteration is None else checks.truth("reshuffle_each_iteration",
                                                                           reshuffle_each_iteration)
        return Dataset(steps.Shuffled(self._step, size, _plain(seed), again))

    def batch(self, batch_size: Any, drop_remainder: bool = False, num_parallel_calls: int | None = None,
              deterministic: bool | None = None, name: str | None = None) -> Dataset:
        """Elements put together along a new first axis.

        Args:
            batch_size: How many; the last batch may be smaller.
            drop_remainder: Whether a smaller last batch is left out.
            num_parallel_calls: Without effect.
            deterministic: Without effect.
            name: Without effect.

        Raises:
            ValueError: In a pass, if the shapes or types of a batch's elements differ.
        """
        size = checks.integer("batch_size", _plain(batch_size), at_least=1)
        return Dataset(steps.Batched(self._step, size, checks.truth("drop_remainder", drop_remainder)))

    def padded_batch(self, batch_size: Any, padded_shapes: Any = None, padding_values: Any = None,
                     drop_remainder: bool = False, name: str | None = None) -> Dataset:
        """Elements put together, with something behind each one until all of a batch have one shape.

        Args:
            batch_size: How many; the last batch may be smaller.
            padded_shapes: A shape for each tensor of an element, in its structure; None and -1 are the longest extent
                of a batch, and so is None for all.
            padding_values: What is put behind, for each tensor or for all; None: zeros.
            drop_remainder: Whether a smaller last batch is left out.
            name: Without effect.

        Raises:
            ValueError: In a pass, if an element does not fit its shape.

        Example:
            >>> rows = Dataset.range(1, 4).map(lambda count: np.full(count, count))
            >>> [batch.tolist() for batch in rows.padded_batch(2)]
            [[[1, 0], [2, 2]], [[3, 3, 3]]]
        """
        size = checks.integer("batch_size", _plain(batch_size), at_least=1)
        return Dataset(several.Padded(self._step, size, padded_shapes, padding_values,
                                      checks.truth("drop_remainder", drop_remainder)))

    def unbatch(self, name: str | None = None) -> Dataset:
        """The rows of each element, one by one."""
        return Dataset(steps.Unbatched(self._step))

    def repeat(self, count: Any = None, name: str | None = None) -> Dataset:
        """All elements several times; None and -1: without end."""
        times = None if count is None else checks.integer("count", _plain(count), at_least=-(2**63))
        return Dataset(steps.Repeated(self._step, None if times is None or times < 0 else times))

    def take(self, count: Any, name: str | None = None) -> Dataset:
        """The first elements; -1: all."""
        number = checks.integer("count", _plain(count), at_least=-(2**63))
        return self if number < 0 else Dataset(steps.Taken(self._step, number))

    def skip(self, count: Any, name: str | None = None) -> Dataset:
        """All but the first elements; -1: nothing."""
        number = checks.integer("count", _plain(count), at_least=-(2**63))
        return Dataset(steps.Skipped(self._step, None if number < 0 else number))

    def shard(self, num_shards: int, index: int, name: str | None = None) -> Dataset:
        """Every `num_shards`-th element, from number `index` on."""
        shards = checks.integer("num_shards", num_shards, at_least=1)
        if checks.integer("index", index, at_least=0) >= shards:
            raise ValueError(f"`index` must be below num_shards={shards}, got {index}")
        return Dataset(steps.Sharded(self._step, shards, index))

    def concatenate(self, dataset: Dataset, name: str | None = None) -> Dataset:
        """All elements, and then those of another data set."""
        return Dataset(steps.Concatenated(self._step, _step_of(dataset)))

    def enumerate(self, start: int = 0, name: str | None = None) -> Dataset:
        """Pairs of a number, from `start` on, and an element."""
        return Dataset(steps.Enumerated(self._step, checks.integer("start", _plain(start), at_least=-(2**63))))

    def cache(self, filename: Any = "", name: str | None = None) -> Dataset:
        """The elements of the first whole pass, kept in memory, in every pass.

        Raises:
            ValueError: If a file is named: nothing is kept in files.
        """
        if _text(filename):
            raise checks.unsupported("cache()", "filename", _text(filename), "'', which keeps elements in memory")
        return Dataset(steps.Cached(self._step))

    def prefetch(self, buffer_size: Any, name: str | None = None) -> Dataset:
        """The same elements, made in advance by a thread: at most `buffer_size` of them, or as many as `AUTOTUNE` says.
        """
        number = checks.integer("buffer_size", _plain(buffer_size), at_least=-1)
        return self if number == 0 else Dataset(steps.Prefetched(self._step, _AHEAD if number < 0 else number))

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """What a function makes of the data set."""
        made = transformation_func(self)
        _step_of(made)
        return made

    def _counted(self, number: int) -> Dataset:
        """The same elements, of which somebody knows how many there are."""
        return Dataset(steps.Counted(self._step, number))

    def with_options(self, options: Any, name: str | None = None) -> Dataset:
        """The same data set: options are without effect."""
        return self

    # What is known of them.

    def __iter__(self) -> Elements:
        return Elements(iter(self._step))

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements as plain NumPy arrays, numbers and bytes."""
        return map(elements.in_numpy, self)

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any], name: str | None = None) -> Any:
        """What is left when a function has taken a state and an element, and returned the next state, for all of them.

        Example:
            >>> Dataset.range(5).reduce(np.int64(0), lambda state, x: state + x)
            array(10)
        """
        state = elements.element_of("reduce()", initial_state)
        for element in self:
            state = functions.returned(reduce_func(state, element))
        return state

    def get_single_element(self, name: str | None = None) -> Any:
        """The element of a data set of one.

        Raises:
            ValueError: If there are more, or none.
        """
        found = list(self.take(2))
        if len(found) != 1:
            raise ValueError("get_single_element() needs a data set of one element, got "
                             + ("several" if found else "none"))
        return found[0]

    def cardinality(self) -> Tensor:
        """How many elements there are; `INFINITE_CARDINALITY`, -1, or `UNKNOWN_CARDINALITY`, -2."""
        return tensor(self._step.count, np.int64)

    def __len__(self) -> int:
        count = self._step.count
        if count < 0:
            raise TypeError("the data set is infinite" if count == INFINITE else
                            "how many elements the data set has is not known before a pass")
        return count

    def __bool__(self) -> bool:
        return True

    __nonzero__ = __bool__

    @property
    def is_infinite(self) -> bool:
        """Whether a pass has no end, as far as it is known."""
        return self._step.count == INFINITE

    @property
    def makes_in_advance(self) -> bool:
        """Whether a thread makes the elements in advance."""
        return isinstance(self._step, steps.Prefetched)

    @property
    def element_spec(self) -> Any:
        """A `TensorSpec` for each tensor of an element. Where a function or a generator makes them, it makes one."""
        return self._step.spec()

    def __repr__(self) -> str:
        count = self._step.count
        number = {INFINITE: "without end", UNKNOWN: "unknown number"}.get(count, f"{count} elements")
        return f"<Dataset: {type(self._step).__name__.lower()}, {number}>"


for _name in ABSENT:
    setattr(Dataset, _name, Absent(_name, f"'Dataset.{_name}' of TensorFlow is not in fashioncnn (yet)"))


def _step_of(dataset: Any) -> Step:
    if not isinstance(dataset, Dataset):
        raise checks.ArgumentError(f"expected a Dataset, got {type(dataset).__name__}")
    return dataset._step


def _steps_of(caller: str, datasets: Sequence[Dataset]) -> list[Step]:
    found = [_step_of(dataset) for dataset in datasets]
    if not found:
        raise ValueError(f"{caller} got no data sets")
    return found


def _window(found: list[Any]) -> Any:
    """Elements as a data set for each tensor."""
    return elements.mapped(lambda *leaves: Dataset(several.Listed(leaves)), *found)


def _check_function(name: str, function: Any) -> None:
    if not callable(function):
        raise checks.ArgumentError(f"`{name}` must be a function, got {type(function).__name__}")


def _plain(value: Any) -> Any:
    """A number in an array of the library's own as Python's."""
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _text(value: Any) -> str:
    found = value.item() if isinstance(value, np.ndarray) else value
    return found.decode() if isinstance(found, bytes) else str(found)


def _threads(number: int | None) -> int:
    if number is None:
        return 1
    found = checks.integer("num_parallel_calls", number, at_least=AUTOTUNE)
    if found == 0:
        raise ValueError("`num_parallel_calls` must be AUTOTUNE or an integer >= 1, got 0")
    return functions.processors() if found < 0 else found


def _specs(types: Any, shapes: Any) -> Any:
    """A spec for each type; the shapes, unless they are None, have the same structure with a shape at each leaf."""
    if isinstance(types, dict):
        return {key: _specs(types[key], None if shapes is None else shapes[key]) for key in types}
    if isinstance(types, (tuple, list)):
        return tuple(_specs(each, None if shapes is None else shapes[place]) for place, each in enumerate(types))
    return elements.TensorSpec(None if shapes is None else tuple(shapes), np.dtype(types))
