"""A stand-in for `keras.src.testing`: what Keras's tests assert with."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import tempfile
import unittest
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import package
from layer_checks import check_layer
from outcomes import absence, notes
from tensors import convert_to_numpy, standardize_dtype

try:
    from absl.testing.parameterized import TestCase as _Base
except ImportError:
    _Base = unittest.TestCase


class _Raises:
    """A block that must raise one of the given classes.

    Keras's wording is not fashioncnn's, so a pattern is not demanded of the message; that it does not fit is noted. But
    an error that says that a feature is absent is not the error that the test waits for, whatever its class is.
    """

    def __init__(self, expected: Any, pattern: str | None) -> None:
        self.expected = expected
        self.pattern = pattern
        self.exception: BaseException | None = None

    def __enter__(self) -> _Raises:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> bool:
        if error is None:
            raise AssertionError(f"nothing was raised; expected {self.expected}")
        if not isinstance(error, self.expected):
            return False
        if absence(error, self.pattern or ""):
            notes.add(self.pattern, error)
            return False
        notes.compare(self.pattern, error)
        self.exception = self.value = error
        return True


def raises(expected: Any, function: Callable[..., Any] | None = None, *args: Any, match: Any = None,
           **kwargs: Any) -> Any:
    """In the place of `pytest.raises` and of unittest's methods; see `_Raises`."""
    block = _Raises(expected, match.pattern if isinstance(match, re.Pattern) else match)
    if function is not None:
        with block:
            function(*args, **kwargs)
    return block


class TestCase(_Base):  # type: ignore[misc,valid-type]
    """The base class of Keras's tests."""

    maxDiff = None

    def setUp(self) -> None:
        package.find("utils", "clear_session")()

    def get_temp_dir(self) -> str:
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def assertRaises(self, expected_exception: Any, *args: Any, **kwargs: Any) -> Any:
        return raises(expected_exception, *args, **kwargs)

    def assertRaisesRegex(self, expected_exception: Any, expected_regex: Any, *args: Any, **kwargs: Any) -> Any:
        block = raises(expected_exception, match=expected_regex)
        if args:
            with block:
                args[0](*args[1:], **kwargs)
        return block

    def assertEqual(self, first: Any, second: Any, msg: Any = None) -> None:
        """Where it is the message of an error that was waited for, a difference is noted, as with a pattern."""
        if isinstance(first, str) and first and first == notes.last and isinstance(second, str):
            notes.compare(f"^{re.escape(second)}$", AssertionError(first))
        else:
            super().assertEqual(first, second, msg)  # noqa: PT009

    def assertWarnsRegex(self, expected_warning: Any, expected_regex: Any, *args: Any, **kwargs: Any) -> Any:
        return self.assertWarns(expected_warning, *args, **kwargs)

    def assertAllClose(self, actual: Any, desired: Any, atol: float = 1e-6, rtol: float = 1e-6, tpu_atol: Any = None,
                       tpu_rtol: Any = None, msg: str | None = None) -> None:
        np.testing.assert_allclose(convert_to_numpy(actual), convert_to_numpy(desired), rtol, atol, err_msg=msg or "")

    def assertNotAllClose(self, x1: Any, x2: Any, atol: float = 1e-6, rtol: float = 1e-6,
                          msg: str | None = None) -> None:
        with raises(AssertionError):
            self.assertAllClose(x1, x2, atol, rtol)

    def assertAlmostEqual(self, actual: Any, desired: Any, decimal: int = 3, tpu_decimal: Any = None,
                          msg: str | None = None) -> None:
        np.testing.assert_almost_equal(convert_to_numpy(actual), convert_to_numpy(desired), decimal, err_msg=msg or "")

    def assertAllEqual(self, actual: Any, desired: Any, msg: str | None = None) -> None:
        np.testing.assert_array_equal(convert_to_numpy(actual), convert_to_numpy(desired), err_msg=msg or "")

    def assertLen(self, iterable: Any, expected_len: int, msg: str | None = None) -> None:
        assert len(iterable) == expected_len, f"{msg or 'length'}: expected {expected_len}, got {len(iterable)}"

    def assertDType(self, x: Any, dtype: Any, msg: str | None = None) -> None:
        own, wanted = standardize_dtype(getattr(x, "dtype", type(x))), standardize_dtype(dtype)
        assert own == wanted, f"{msg or 'dtype'}: expected {wanted}, got {own}"

    def assertFileExists(self, path: Any) -> None:
        assert Path(path).is_file(), f"there is no file {path}"

    def assertSparse(self, x: Any, sparse: bool = True) -> None:
        assert not sparse, "there are no sparse tensors"

    def assertRagged(self, x: Any, ragged: bool = True) -> None:
        assert not ragged, "there are no ragged tensors"

    def convert_to_numpy(self, x: Any) -> np.ndarray:
        return convert_to_numpy(x)

    def run_class_serialization_test(self, instance: Any, custom_objects: Any = None) -> Any:
        """An object's config, and its description with the class's name, must give an equal object each."""
        config = _as_json(instance.get_config())
        revived = type(instance).from_config(instance.get_config())
        _compare("from_config(get_config()) has the config", _as_json(revived.get_config()), config)
        _compare("from_config(get_config()) has the attributes", _attributes(revived), _attributes(instance))
        serialize, deserialize = _serializers(type(instance))
        description = _from_json(_as_json(serialize(instance)))
        revived = deserialize(description, custom_objects) if custom_objects else deserialize(description)
        _compare("deserialize(serialize()) is a", type(revived), type(instance))
        _compare("deserialize(serialize()) has the config", _as_json(revived.get_config()), config)
        return revived

    def run_layer_test(self, layer_cls: Any, init_kwargs: Any, *args: Any, **kwargs: Any) -> None:
        """See `layer_checks`."""
        check_layer(self, layer_cls, init_kwargs or {}, *args, **kwargs)


def _compare(what: str, found: Any, expected: Any) -> None:
    assert found == expected, f"{what} {found}, expected {expected}"


def _attributes(value: Any) -> set[str]:
    return {name for name in dir(value) if not name.startswith("_")}


def _serializers(cls: type) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The functions of fashioncnn that describe objects of a class and make them again."""
    area = "saving"
    names = "serialize_keras_object", "deserialize_keras_object"
    if package.find(area, names[0]) is None:
        home = next(base.__module__ for base in cls.__mro__ if base.__module__.startswith("fashioncnn."))
        area = "optimizers.schedules" if "schedules" in home else home.split(".")[1]
        area = "layers" if area == "models" else area
        names = "serialize", "deserialize"
    return package.find(area, names[0]), package.find(area, names[1])


def _as_json(value: Any) -> str:
    """JSON that tells tuples from lists."""

    def mark(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: mark(entry) for key, entry in part.items()}
        if isinstance(part, list):
            return [mark(entry) for entry in part]
        return {"tuple of": [mark(entry) for entry in part]} if isinstance(part, tuple) else part

    return json.dumps(mark(value), sort_keys=True)


def _from_json(text: str) -> Any:
    return json.loads(text, object_hook=lambda part: tuple(part["tuple of"]) if "tuple of" in part else part)


def skip_if_backend(name: str, reason: str) -> Callable[[Any], Any]:
    """A test that another backend skips is not skipped here."""
    return lambda test: test


def named_product(*groups: Any, **values: Iterable[Any]) -> list[dict[str, Any]]:
    """All combinations of parameters, each with the name of the test that it makes."""
    named = [[{"testcase_name": str(getattr(value, "__name__", value)).lower(), key: value} for value in choices]
             for key, choices in values.items()]
    combinations = []
    for parts in itertools.product(*map(list, groups), *named):
        merged = {key: value for part in parts for key, value in part.items()}
        merged["testcase_name"] = "_".join(part["testcase_name"] for part in parts)
        combinations.append(merged)
    return combinations


def get_test_data(train_samples: int, test_samples: int, input_shape: tuple[int, ...], num_classes: int,
                  random_seed: int | None = None) -> Any:
    """Points around a random centre for each class: (x, y) to train on, and (x, y) to test with."""
    random = np.random.RandomState(random_seed)
    centres = 2 * num_classes * random.random_sample((num_classes, *input_shape))

    def draw(count: int) -> tuple[np.ndarray, np.ndarray]:
        labels = random.permutation(np.arange(count) % num_classes)
        return (centres[labels] + random.normal(size=(count, *input_shape))).astype("float32"), labels

    return draw(train_samples), draw(test_samples)


def uses_gpu() -> bool:
    """False; so are the other questions of this kind."""
    return False


uses_tpu = jax_uses_gpu = jax_uses_tpu = torch_uses_gpu = tensorflow_uses_gpu = tensorflow_uses_tpu = uses_gpu
