"""What every layer must pass: the checks behind `TestCase.run_layer_test`.

They are: a layer's description makes an equal layer; `build` makes the expected number of weights;
`compute_output_shape` and a call give the expected shape, type and values; a step of training on random data runs,
and changes the weights to finite numbers.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
import package
import scope
import tensors
from placeholders import AbsentFeature, OutOfScope

# Arguments of Keras's that ask for what is not checked: masks, mixed precision, random generators, variables
# that are no weights.
NOT_CHECKED = {"supports_masking", "expected_mask_shape", "run_mixed_precision_check", "expected_num_seed_generators",
               "expected_num_non_trainable_variables", "tpu_atol", "tpu_rtol"}


class Assertions(Protocol):
    """What the checks ask of a test."""

    def run_class_serialization_test(self, instance: Any, custom_objects: Any = None) -> Any: ...
    def assertLen(self, iterable: Any, expected_len: int, msg: Any = None) -> None: ...
    def assertDType(self, x: Any, dtype: Any, msg: Any = None) -> None: ...
    def assertAllClose(self, actual: Any, desired: Any) -> None: ...


class Given(NamedTuple):
    """A layer's inputs, and what is expected of it. The names are those of Keras's `run_layer_test`."""

    input_shape: Any = None
    input_dtype: Any = None
    input_sparse: bool = False
    input_ragged: bool = False
    input_data: Any = None
    call_kwargs: Any = None
    expected_output_shape: Any = None
    expected_output_dtype: Any = None
    expected_output_sparse: bool = False
    expected_output_ragged: bool = False
    expected_output: Any = None
    expected_num_trainable_weights: int | None = None
    expected_num_non_trainable_weights: int | None = None
    expected_num_losses: int | None = None
    custom_objects: Any = None
    run_training_check: bool = True
    assert_built_after_instantiation: bool = False


def check_layer(test: Assertions, layer_cls: Any, init_kwargs: dict[str, Any], *args: Any, **kwargs: Any) -> None:
    """Fails if a layer does not do what is expected of it.

    Args:
        test: For its assertions.
        layer_cls: The class.
        init_kwargs: Arguments of the constructor.
        args: See `Given`; so are `kwargs`.
    """
    given = Given(*args, **{name: value for name, value in kwargs.items() if name not in NOT_CHECKED})
    if given.input_sparse or given.input_ragged:
        raise OutOfScope(scope.SPARSE, "run_layer_test")
    test.run_class_serialization_test(layer_cls(**init_kwargs), given.custom_objects)
    if given.assert_built_after_instantiation:
        assert layer_cls(**init_kwargs).built, "a layer without weights must be built from the start"
        own_build = type(layer_cls.__name__, (layer_cls,), {"build": lambda self, *args, **kwargs: None})
        assert not own_build(**init_kwargs).built, "a layer with a `build` of its own must not be built from the start"
    if given.input_shape is not None or given.input_data is not None:
        data = random_input(given.input_shape, given.input_dtype) if given.input_data is None else given.input_data
        if isinstance(data, dict):
            raise AbsentFeature("several inputs by name")
        _check_build(test, layer_cls(**init_kwargs), data, given)
        outputs = _check_call(test, layer_cls(**init_kwargs), data, given)
        if given.expected_output_shape is not None:
            shape = layer_cls(**init_kwargs).compute_output_shape(tensors.map_structure(tensors.shape, data))
            _check_shapes("compute_output_shape()", given.expected_output_shape, shape)
        if given.run_training_check:
            _check_training(layer_cls(**init_kwargs), data, outputs)


def random_input(shape: Any, dtype: Any) -> Any:
    """Numbers from 0 to 3 in arrays of the given shape, or of several in a list, a tuple or a dictionary."""
    if _is_shape(shape):
        return np.random.uniform(0, 3, shape).astype(tensors.standardize_dtype(dtype))
    if isinstance(shape, dict):
        return {name: random_input(part, (dtype or {}).get(name)) for name, part in shape.items()}
    dtypes = dtype if isinstance(dtype, (list, tuple)) else [dtype] * len(shape)
    return type(shape)(random_input(part, kind) for part, kind in zip(shape, dtypes, strict=True))


def _is_shape(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(extent is None or isinstance(extent, int) for extent in value)


def _check_build(test: Assertions, layer: Any, data: Any, given: Given) -> None:
    layer.build(tensors.map_structure(tensors.shape, data) if given.input_shape is None else given.input_shape)
    assert layer.built, "not built after build()"
    _check_weights(test, layer, given)


def _check_call(test: Assertions, layer: Any, data: Any, given: Given) -> Any:
    """Checks a call, and returns what it returned."""
    outputs = layer(data, **(given.call_kwargs or {}))
    assert layer.built, "not built after a call"
    _check_weights(test, layer, given)
    if given.expected_num_losses is not None and (given.expected_num_losses or hasattr(layer, "losses")):
        test.assertLen(layer.losses, given.expected_num_losses, "losses")
    flat = tensors.flatten(outputs)
    assert all(tensors.is_tensor(output) for output in flat), f"outputs that are no arrays: {flat}"
    if given.expected_output_shape is not None:
        _check_shapes("a call", given.expected_output_shape, tensors.map_structure(tensors.shape, outputs))
    if given.expected_output_dtype is not None:
        for output, dtype in zip(flat, tensors.flatten(given.expected_output_dtype), strict=True):
            test.assertDType(output, dtype)
    if given.expected_output is not None:
        for output, expected in zip(flat, tensors.flatten(given.expected_output), strict=True):
            test.assertAllClose(output, expected)
    return outputs


def _check_weights(test: Assertions, layer: Any, given: Given) -> None:
    if given.expected_num_trainable_weights is not None:
        test.assertLen(layer.trainable_weights, given.expected_num_trainable_weights, "trainable weights")
    if given.expected_num_non_trainable_weights is not None:
        test.assertLen(layer.non_trainable_weights, given.expected_num_non_trainable_weights, "other weights")


def _check_shapes(what: str, expected: Any, shape: Any) -> None:
    """Compares a shape, or several; None fits any extent."""
    if _is_shape(expected):
        fits = len(shape) == len(expected) and all(a in (None, b) for a, b in zip(expected, shape, strict=True))
        assert fits, f"{what} gave the shape {shape}, expected {expected}"
    else:
        assert len(shape) == len(expected), f"{what} gave {len(shape)} outputs, expected {len(expected)}"
        for one, other in zip(expected, shape, strict=True):
            _check_shapes(what, one, other)


def _check_training(layer: Any, data: Any, outputs: Any) -> None:
    """One update towards targets beside the outputs, by inputs of both signs, so that it reaches every weight."""
    data = tensors.map_structure(lambda array: array - 1.5 if tensors.is_float_dtype(array.dtype) else array, data)
    flat_outputs = tensors.flatten(outputs)
    if not all(tensors.is_float_dtype(output.dtype) for output in flat_outputs):
        return
    model = _model_of(layer, data)
    model.compile(optimizer="sgd", loss="mse")
    before = [weight.numpy() for weight in layer.trainable_weights]
    targets = [tensors.convert_to_numpy(output) + np.random.uniform(1, 2, output.shape) for output in flat_outputs]
    targets = targets if len(targets) > 1 else targets[0]
    rows = len(tensors.flatten(data)[0])
    history = model.fit(data, targets, batch_size=rows, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"]).all(), "the loss is not finite"
    after = [weight.numpy() for weight in layer.trainable_weights]
    assert [array.shape for array in after] == [array.shape for array in before], "an update changed shapes"
    assert all(np.isfinite(array).all() for array in after), "an update made weights that are not finite"
    changed = [not np.array_equal(new, old) for new, old in zip(after, before, strict=True)]
    assert any(changed) or not changed, "an update changed no weight"


def _model_of(layer: Any, data: Any) -> Any:
    """A model of the layer alone, for such data."""
    if not isinstance(data, (list, tuple)):
        model = package.find("", "Sequential")([layer])
        model.build((None, *data.shape[1:]))
        return model
    inputs = [package.find("", "Input")(array.shape[1:]) for array in data]
    return package.find("", "Model")(inputs, layer(inputs))
