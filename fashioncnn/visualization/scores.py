"""The gradient of a class's score with respect to an image, or to what a layer makes of it.

The core finds gradients of parameters. So a parameter is added to what is asked about: the gradient of a sum is that of
each of its parts. The loss is the distance from a target far below all scores, whose gradient is exactly 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashioncnn.layers import Dense, Input, Layer
from fashioncnn.layers.graph import Graph
from fashioncnn.models import Model, Sequential
from fashioncnn.utils.registry import LAYERS
from fashioncnn.visualization.features import refuse_channels_first

FAR_BELOW = -1e30
NOISE = ("rate", "stddev")  # arguments of layers that act in training only
FINAL = ("softmax", "sigmoid")  # activations that scores go into


class _Shift(Layer):
    """Adds a weight to each number of an image; all are 0."""

    has_weights = True

    def add_to(self, graph: Graph, *inputs: int) -> int:
        return graph.add(self, "affine", *inputs, along=(1,) * len(graph.shape(inputs[0])), scale="", offset=True)


def score_gradients(model: Model, images: Any, classes: Any,
                    layer: Layer | None) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What a layer makes of images, and the gradient of a class's score with respect to that, in inference.

    Args:
        model: A classifier with one input and the output (N, classes). It is not changed.
        images: (N, ...), as its `predict` takes them.
        classes: Whose scores: a number, or one for each image; None: the class that each is taken for.
        layer: A layer of the model; None: the images themselves.

    Returns:
        Two arrays (N, ...) of the layer's output.

    Raises:
        NotImplementedError: If a layer has its channels before the pixels.
        ValueError: See `saliency_map`.
    """
    refuse_channels_first(model)
    if len(model.inputs) != 1 or len(model.outputs) != 1 or len(model.output_shape) != 2:
        raise ValueError(f"gradients of a class's score are found for models with one input and the output "
                         f"(N, classes); model '{model.name}' takes {model.input_shape} and makes {model.output_shape}")
    scorer = _scorer(model)
    array = np.asarray(images, np.float32).reshape(-1, *model.input_shape[1:])
    numbers = _class_numbers(scorer, array, classes)
    if layer is None:
        return array, _gradients_of_inputs(scorer, [array], numbers)
    at = scorer.layers[model.layers.index(layer)].output
    maps = Model(scorer.inputs, at).predict(array, verbose=0)
    try:
        rest, given = Model(at, scorer.outputs), [maps]
    except ValueError:  # there is another way from the image to the score
        rest, given = Model([at, *scorer.inputs], scorer.outputs), [maps, array]
    return maps, _gradients_of_inputs(rest, given, numbers)


def _scorer(model: Model) -> Model:
    """A copy of the model, with the same weights, that ends before a final softmax or sigmoid and has no noise."""
    config = model.get_config()
    _silence(config)
    last = config["layers"][-1]
    if not isinstance(model, Sequential):
        place = config["output_layers"]
        while isinstance(place[0], list):
            place = place[0]
        last = next(layer for layer in config["layers"] if layer["config"]["name"] == place[0])
    if last["class_name"] == "Softmax":
        last.update(class_name="Activation", config={"name": last["config"]["name"], "activation": "linear"})
    elif last["config"].get("activation") in FINAL:
        last["config"]["activation"] = "linear"
    own = {type(layer).__name__: type(layer) for layer in model._flatten_layers()}
    scorer: Model = LAYERS.deserialize({**LAYERS.serialize(model, compiled=False), "config": config}, own)
    scorer.set_weights(model.get_weights())
    return scorer


def _silence(config: dict[str, Any]) -> None:
    """Turns off, in the config of a model, dropout and noise: the core finds gradients as in training."""
    for layer in config["layers"]:
        if "layers" in layer["config"]:
            _silence(layer["config"])
        layer["config"].update((name, 0.0) for name in NOISE if name in layer["config"])


def _class_numbers(scorer: Model, array: NDArray[np.float32], classes: Any) -> NDArray[np.int64]:
    if classes is None:
        return scorer.predict(array, verbose=0).argmax(axis=-1)  # type: ignore[no-any-return]
    count = scorer.output_shape[-1]
    numbers = np.asarray(classes)
    if numbers.shape not in ((), (len(array),)):
        raise ValueError(f"`classes` must be a number, or {len(array)} of them, got the shape {numbers.shape}")
    if not np.issubdtype(numbers.dtype, np.integer) or numbers.min() < 0 or numbers.max() >= count:
        raise ValueError(f"`classes` must be whole numbers from 0 to {count - 1}, got {classes!r}")
    return np.broadcast_to(numbers, len(array))


def _gradients_of_inputs(model: Model, arrays: list[NDArray[np.float32]],
                         numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    """Of the first input, for each row: the score of the class of that number."""
    inputs = [Input(array.shape[1:]) for array in arrays]
    shift = _Shift()
    pick = Dense(1, use_bias=False)
    shifted = [shift(inputs[0]), *inputs[1:]]
    score = pick(model(shifted if len(shifted) > 1 else shifted[0]))
    probe = Model(inputs, score)
    probe.compile("sgd", "mean_absolute_error")
    network = probe.built_network
    # Batch normalization that is not trainable uses its moving averages.
    network.trainable = [weight.layer is shift for weight in probe._parameters]
    place = next(weight.place for weight in probe._parameters if weight.layer is shift)
    target = np.full((1, 1), FAR_BELOW, np.float32)
    gradients = np.empty_like(arrays[0])
    for i, number in enumerate(numbers):
        pick.set_weights([np.eye(model.output_shape[-1], dtype=np.float32)[:, number, None]])
        network.compute_gradients(tuple(array[i : i + 1] for array in arrays), target, None, 0, 1)
        network.read("gradients", place.offset, gradients[i])
    return gradients
