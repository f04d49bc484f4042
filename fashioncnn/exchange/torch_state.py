"""State dicts of PyTorch: the weights of a chain of layers, as an ``nn.Sequential`` of the same layers names them.

PyTorch's images have their channels first, so kernels have their axes in another order, and so have the rows of a dense
layer behind a Flatten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from fashioncnn import activations, layers
from fashioncnn.exchange import layouts
from fashioncnn.exchange.layouts import Layout
from fashioncnn.models import Model, Sequential
from fashioncnn.utils.variable import Variable

Array = NDArray[np.float32]
COUNTER = "num_batches_tracked"  # of batch normalizations; nothing depends on it


class Entry(NamedTuple):
    """A weight: ours, and how it becomes PyTorch's and back."""

    name: str
    layer: layers.Layer
    weight: Variable
    to_theirs: Callable[[Array], Array]
    to_ours: Callable[[Array], Array]

    def theirs(self) -> Array:
        """Its values as PyTorch has them."""
        return np.ascontiguousarray(self.to_theirs(self.weight.numpy()))


Module = list[Entry]  # one of PyTorch's; most have no weights


def to_torch(model: Model) -> dict[str, NDArray[Any]]:
    """The weights of `model` as the state dict of an ``nn.Sequential`` of the same layers: "0.weight", "0.bias", ...

    Each layer is a module, each activation that a layer has as an argument is one behind it, a global pool is followed
    by a Flatten, and a convolution with strides and padding "same" is preceded by a padding. A transposed one with
    padding "same" is followed by a cropping, where more goes at one end than at the other. A Dense layer on images or
    sequences is a convolution with a kernel of 1. A model in the model is a module that has its layers as its own.

    Args:
        model: A built model whose layers form a chain.

    Returns:
        Arrays by name; ``torch.from_numpy`` makes tensors of them.

    Raises:
        NotImplementedError: If a layer has no counterpart in PyTorch, which is named then, or the layers form no chain.
        ValueError: If the model is not built.

    Example:
        >>> from fashioncnn import Input
        >>> model = Sequential([Input((28, 28, 1)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(),
        ...                     layers.Dense(10)])
        >>> {name: array.shape for name, array in to_torch(model).items()}
        {'0.weight': (4, 1, 3, 3), '0.bias': (4,), '3.weight': (10, 2704), '3.bias': (10,)}
    """
    state: dict[str, NDArray[Any]] = {}
    for place, module in _modules(model):
        state.update({f"{place}.{entry.name}": entry.theirs() for entry in module})
        if any(entry.name == "running_var" for entry in module):
            state[f"{place}.{COUNTER}"] = np.asarray(0, np.int64)
    return state


def from_torch(model: Model, state_dict: Mapping[str, Any]) -> None:
    """Reads a state dict of PyTorch into a model of the same layers.

    Modules are taken in their order, whatever they are called: "features.0.weight" is as good as "0.weight". Where
    their names are those of `to_torch`, their order does not matter.

    Args:
        model: A built model whose layers form a chain.
        state_dict: What ``module.state_dict()`` returned, or the same with arrays in the place of tensors.

    Raises:
        NotImplementedError: See `to_torch`.
        TypeError: If `state_dict` is no mapping from names.
        ValueError: If a name or a shape does not fit the model, numbers are not finite, or the modules of an
            ``nn.Sequential`` are not in order. Says which; the model is as it was then.

    Example:
        >>> from fashioncnn import Input
        >>> model = Sequential([Input((4,)), layers.Dense(2)])
        >>> from_torch(model, {"fc.weight": [[1, 2, 3, 4], [5, 6, 7, 8]], "fc.bias": [0.5, 0]})
        >>> model(np.ones((1, 4)))
        array([[10.5, 26. ]], dtype=float32)
    """
    named = {place: module for place, module in _modules(model) if module}
    theirs, ours = _in_order(_grouped(state_dict), list(named)), list(named.values())
    found: list[tuple[Entry, Array]] = []
    for (place, values), module in zip(theirs.items(), ours, strict=False):
        layer = module[0].layer
        about = f"{type(layer).__name__} '{layer.name}'"
        names = {entry.name: entry for entry in module}
        for name in (*values, *names):
            if name not in names or name not in values:
                has, lacks = ("the state dict", about) if name in values else (about, "the state dict")
                raise ValueError(f"from_torch(): {has} has '{place}.{name}', which {lacks} lacks")
        found += [(entry, _checked(f"{place}.{name}", entry, values[name], about)) for name, entry in names.items()]
    if len(theirs) != len(ours):
        raise ValueError(f"from_torch(): the state dict has {len(theirs)} modules with weights "
                         f"({', '.join(theirs)}), and model '{model.name}' {len(ours)}")
    for entry, array in found:
        entry.weight.assign(entry.to_ours(array))


def _grouped(state_dict: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The values by the names of their modules, in order."""
    modules: dict[str, dict[str, Any]] = {}
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"from_torch(): state_dict is a {type(state_dict).__name__}, and no dict: pass "
                        "module.state_dict()")
    for name, value in state_dict.items():
        if not isinstance(name, str):
            raise TypeError(f"from_torch(): the state dict has the name {name!r}; expected strings")
        place, _, last = name.rpartition(".")
        if last != COUNTER:
            modules.setdefault(place, {})[last] = value
    return modules


def _in_order(modules: dict[str, dict[str, Any]], places: list[str]) -> dict[str, dict[str, Any]]:
    """The modules in the order of the model's, where their names say it.

    Raises:
        ValueError: If the numbers of an ``nn.Sequential`` are not in order, as in a file that is sorted by names.
    """
    if modules.keys() == set(places):
        return {place: modules[place] for place in places}
    last: dict[str, int] = {}
    for place in modules:
        parent, _, number = place.rpartition(".")
        if number.isdecimal() and last.setdefault(parent, 0) > int(number):
            raise ValueError(f"from_torch(): in the state dict '{place}' comes after number {last[parent]}; modules "
                             "are taken in their order, so pass them in that of module.state_dict()")
        if number.isdecimal():
            last[parent] = int(number)
    return modules


def _checked(name: str, entry: Entry, value: Any, about: str) -> Array:
    if hasattr(value, "detach"):
        value = value.detach().cpu().float().numpy()
    shape = entry.theirs().shape
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"from_torch(): '{name}' is no array ({error}); {about} takes numbers of shape {shape}"
                         ) from error
    if array.shape != shape or array.dtype.kind not in "fiu":
        raise ValueError(f"from_torch(): '{name}' is {array.dtype} {array.shape}; {about} takes numbers of shape "
                         f"{shape}")
    with np.errstate(over="ignore"):
        numbers = array.astype(np.float32)
    if not np.isfinite(numbers).all():
        raise ValueError(f"from_torch(): '{name}' has numbers that are not finite in float32")
    return numbers


# ---- modules ----

def _modules(model: Model) -> list[tuple[str, Module]]:
    """PyTorch's modules, with their names."""
    return list(_Walk().through(model, ""))


def _chain(model: Model) -> list[layers.Layer]:
    if not model.built:
        raise ValueError(f"model '{model.name}' isn't built yet: give it an Input, or call build(input_shape)")
    if isinstance(model, Sequential):
        return model.layers
    connections = model._known_connections("layers")
    if not connections.is_chain():
        raise NotImplementedError(f"model '{model.name}' is no chain of layers, as an nn.Sequential is; "
                                  'export("x.onnx") writes such a model')
    return [call.layer for call in connections.calls]


class _Walk:
    """Goes through the layers of a chain, and keeps in mind how PyTorch's tensor lies beside ours."""

    def __init__(self) -> None:
        self._flat: Layout | None = None  # behind the Flatten of an image

    def through(self, model: Model, prefix: str) -> Iterator[tuple[str, Module]]:
        """The modules of a model's layers, whose names begin with `prefix`."""
        number = 0
        for layer in _chain(model):
            if isinstance(layer, Model):
                yield from self.through(layer, f"{prefix}{number}.")
                number += 1
                continue
            for module in self._modules_of(layer):
                yield f"{prefix}{number}", module
                number += 1

    def _modules_of(self, layer: layers.Layer) -> list[Module]:
        if getattr(layer, "data_format", None) == "channels_first":
            raise NotImplementedError(f"{type(layer).__name__} '{layer.name}': data_format='channels_first' in a state "
                                      "dict of PyTorch is not supported by fashioncnn (yet); make the model with "
                                      "channels last")
        for classes, method in _METHODS.items():
            if isinstance(layer, classes):
                modules: list[Module] = method(self, layer)
                return modules + _activation_of(layer)
        raise NotImplementedError(f"{type(layer).__name__} '{layer.name}' has no counterpart in a state dict of "
                                  "PyTorch; export(\"x.onnx\") writes such a model")

    def _plain(self, layer: layers.Layer) -> list[Module]:
        return [[]]

    def _flatten(self, layer: layers.Layer) -> list[Module]:
        shape = layer.input_shape[1:]
        if len(shape) > 1 and None in shape:
            raise NotImplementedError(f"Flatten '{layer.name}' has an input of shape {layer.input_shape}, of which "
                                      "an extent is not known; give Input() the whole shape")
        if len(shape) > 1:
            self._flat = Layout(layouts.channels_first(len(shape)).order, shape)
        return [[]]

    def _global_pool(self, layer: Any) -> list[Module]:
        return [[]] if layer.keepdims else [[], []]

    def _dense(self, layer: Any) -> list[Module]:
        axes = len(layer.input_shape) - 2
        if axes > 2:
            self._refuse(layer, f"an input of shape {layer.input_shape}; it has modules for vectors, sequences, images")
        if axes:  # a convolution with a kernel of one pixel
            ones, own = (1,) * axes, layer.kernel.shape
            return [[_entry(layer, "weight", "kernel", lambda kernel: kernel.T.reshape(*own[::-1], *ones),
                            lambda kernel: kernel.reshape(own[::-1]).T), *_bias(layer)]]
        flat, self._flat = self._flat, None
        rows = Layout((0,)) if flat is None else flat
        module = [_entry(layer, "weight", "kernel", lambda kernel: rows.to_theirs(kernel).T,
                         lambda kernel: rows.to_ours(kernel.T))]
        return [module + _bias(layer)]

    def _convolution(self, layer: Any) -> list[Module]:
        return [*_padding_before(layer), [_kernel(layer, "kernel"), *_bias(layer)]]

    def _transposed(self, layer: Any) -> list[Module]:
        return [[_kernel(layer, "kernel"), *_bias(layer)], *_cropping_behind(layer)]

    def _depthwise(self, layer: Any) -> list[Module]:
        return [*_padding_before(layer), [_depthwise_kernel(layer, "kernel"), *_bias(layer)]]

    def _separable(self, layer: Any) -> list[Module]:
        return [*_padding_before(layer), [_depthwise_kernel(layer, "depthwise_kernel")],
                [_kernel(layer, "pointwise_kernel"), *_bias(layer)]]

    def _batch_normalization(self, layer: Any) -> list[Module]:
        if layer.axis not in (-1, len(layer.input_shape) - 1):
            self._refuse(layer, f"axis={layer.axis}")
        return [[*self._scaled(layer), *(self._vector(layer, name, own) for name, own in
                                         (("running_mean", "moving_mean"), ("running_var", "moving_variance")))]]

    def _layer_normalization(self, layer: Any) -> list[Module]:
        rank = len(layer.input_shape) - 1
        axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
        if {axis % (rank + 1) for axis in axes} != set(range(1, rank + 1)) or layer.rms_scaling:
            self._refuse(layer, f"axis={layer.axis}")
        return [self._scaled(layer, channels_first=rank > 1)]

    def _group_normalization(self, layer: Any) -> list[Module]:
        if layer.axis not in (-1, len(layer.input_shape) - 1):
            self._refuse(layer, f"axis={layer.axis}")
        return [self._scaled(layer)]

    def _scaled(self, layer: Any, channels_first: bool = False) -> Module:
        """Gamma and beta, of which PyTorch has both or neither."""
        if layer.scale != layer.center:
            self._refuse(layer, f"scale={layer.scale} with center={layer.center}")
        return [self._vector(layer, name, own, channels_first) for name, own in (("weight", "gamma"), ("bias", "beta"))
                if layer.scale]

    def _prelu(self, layer: Any) -> list[Module]:
        if layer.alpha.size != layer.alpha.shape[-1]:
            self._refuse(layer, f"shared_axes={layer.shared_axes}")
        flat, shape = self._flat, layer.alpha.shape
        return [[_entry(layer, "weight", "alpha",
                        lambda alpha: (alpha if flat is None else flat.to_theirs(alpha)).reshape(-1),
                        lambda alpha: (alpha if flat is None else flat.to_ours(alpha)).reshape(shape))]]

    def _vector(self, layer: layers.Layer, name: str, own: str, channels_first: bool = False) -> Entry:
        """A weight with a number for each channel, or for each number of an image."""
        layout = self._flat
        if layout is None:
            rank = len(layer.input_shape) - 1
            layout = layouts.channels_first(rank) if channels_first else Layout((0,))
        return _entry(layer, name, own, layout.to_theirs, layout.to_ours)

    @staticmethod
    def _refuse(layer: layers.Layer, what: str) -> NoReturn:
        raise NotImplementedError(f"{type(layer).__name__} '{layer.name}' has no counterpart in a state dict of "
                                  f"PyTorch, because of {what}")


def _entry(layer: layers.Layer, name: str, own: str, to_theirs: Callable[[Array], Array],
           to_ours: Callable[[Array], Array]) -> Entry:
    return Entry(name, layer, layer._variables[own], to_theirs, to_ours)


def _kernel(layer: layers.Layer, own: str) -> Entry:
    """(height, width, a, b) here, (b, a, height, width) there."""
    axes = layer._variables[own].ndim - 2
    return _entry(layer, "weight", own, lambda kernel: kernel.transpose(axes + 1, axes, *range(axes)),
                  lambda kernel: kernel.transpose(*range(2, axes + 2), 1, 0))


def _depthwise_kernel(layer: layers.Layer, own: str) -> Entry:
    """(height, width, channels, multiplier) here, (channels * multiplier, 1, height, width) there."""
    *size, channels, multiplier = layer._variables[own].shape
    axes = range(len(size))
    return _entry(layer, "weight", own,
                  lambda kernel: kernel.transpose(-2, -1, *axes).reshape(channels * multiplier, 1, *size),
                  lambda kernel: kernel.reshape(channels, multiplier, *size).transpose(*(2 + a for a in axes), 0, 1))


def _bias(layer: Any) -> Module:
    return [_entry(layer, "bias", "bias", np.asarray, np.asarray)] if layer.use_bias else []


def _padding_before(layer: Any) -> list[Module]:
    """A module that pads, where PyTorch's convolution cannot do it."""
    return [[]] if layer.padding == "causal" or (layer.padding == "same" and max(layer.strides) > 1) else []


def _cropping_behind(layer: Any) -> list[Module]:
    """A module that crops, where PyTorch's transposed convolution cannot take away more at the end."""
    reaches = [(size - 1) * rate + 1 for size, rate in zip(layer.kernel_size, layer.dilation_rate, strict=True)]
    spare = layer.output_padding or (None,) * len(reaches)
    cuts = [layouts.transposed_extent(reach, stride, layer.padding == "same", more)[0]
            for reach, stride, more in zip(reaches, layer.strides, spare, strict=True)]
    return [[]] if any(cut % 2 for cut in cuts) else []


def _activation_of(layer: layers.Layer) -> list[Module]:
    """The module for an activation that is an argument."""
    function = getattr(layer, "activation", activations.linear)
    if isinstance(layer, layers.Activation) or function is activations.linear:
        return []
    if isinstance(function, layers.Layer) and function.weights:
        raise NotImplementedError(f"the activation of {type(layer).__name__} '{layer.name}' has weights; make it a "
                                  "layer of its own")
    return [[]]


_METHODS: dict[tuple[type, ...], Callable[[_Walk, Any], list[Module]]] = {
    (layers.Flatten,): _Walk._flatten,
    (layers.Dense,): _Walk._dense,
    (layers.SeparableConv2D, layers.SeparableConv1D): _Walk._separable,
    (layers.DepthwiseConv2D, layers.DepthwiseConv1D): _Walk._depthwise,
    (layers.Conv2DTranspose, layers.Conv1DTranspose): _Walk._transposed,
    (layers.Conv2D, layers.Conv1D): _Walk._convolution,
    (layers.BatchNormalization,): _Walk._batch_normalization,
    (layers.LayerNormalization,): _Walk._layer_normalization,
    (layers.GroupNormalization,): _Walk._group_normalization,
    (layers.PReLU,): _Walk._prelu,
    (layers.GlobalAveragePooling2D, layers.GlobalAveragePooling1D, layers.GlobalMaxPooling2D,
     layers.GlobalMaxPooling1D): _Walk._global_pool,
    (layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.Softmax, layers.Identity,
     layers.Dropout, layers.AlphaDropout, layers.GaussianDropout, layers.GaussianNoise, layers.ActivityRegularization,
     layers.MaxPooling2D, layers.MaxPooling1D, layers.AveragePooling2D, layers.AveragePooling1D,
     layers.ZeroPadding2D, layers.ZeroPadding1D, layers.Cropping2D, layers.Cropping1D,
     layers.UpSampling2D, layers.UpSampling1D, layers.Rescaling): _Walk._plain,
}
