"""Models for exchange with other programs: between them they have every layer."""

from __future__ import annotations

import numpy as np
import onnxruntime

from fashioncnn import Input, Model, Sequential, layers, ops, saving

FUNCTIONS = (
    "relu", "leaky_relu", "relu6", "gelu", "linear", "sigmoid", "log_sigmoid", "hard_sigmoid", "sparse_sigmoid", "tanh",
    "hard_tanh", "tanh_shrink", "elu", "celu", "selu", "softplus", "sparse_plus", "squareplus", "softsign", "silu",
    "hard_silu", "mish", "exponential", "hard_shrink", "soft_shrink", "softmax", "log_softmax", "sparsemax", "glu")


def _chain(shape, *stack):
    return lambda: Sequential([Input(shape), *stack])


def _lenet():
    return Sequential([
        Input((28, 28, 1)), layers.Conv2D(6, 5, padding="same", activation="tanh"), layers.AveragePooling2D(),
        layers.Conv2D(16, 5), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(), layers.Flatten(),
        layers.Dropout(0.5), layers.Dense(20, "relu"), layers.Dense(10, "softmax")])


def _behind_flatten():
    return Sequential([
        Input((6, 7, 3)), layers.Conv2D(4, 3), layers.Flatten(), layers.BatchNormalization(), layers.PReLU(),
        layers.LayerNormalization(), layers.Rescaling(list(np.linspace(0.5, 1.5, 80)), 0.1), layers.Dense(5)])


def _residual():
    x = Input((12, 10, 3))
    y = layers.Conv2D(8, 3, 2, "same", use_bias=False)(x)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    y = layers.BatchNormalization()(layers.Conv2D(8, 3, padding="same")(y))
    y = layers.ReLU()(layers.Add()([y, layers.Conv2D(8, 1, 2, "same")(x)]))
    return Model(x, layers.Dense(4)(layers.GlobalAveragePooling2D()(y)))


def _inverted():
    x = Input((9, 9, 4))
    y = layers.ReLU(6.0)(layers.BatchNormalization()(layers.Conv2D(8, 1)(x)))
    y = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(y)
    gate = layers.Conv2D(16, 1, activation="hard_sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(y))
    y = layers.Conv2D(4, 1)(layers.Multiply()([y, gate]))
    return Model(x, layers.Add()([x, y]))


def _squeeze():
    x = Input((6, 6, 3))
    y = layers.Conv2D(4, 3)(x)
    gate = layers.Reshape((1, 1, 4))(layers.Dense(4, "sigmoid")(layers.GlobalAveragePooling2D()(y)))
    return Model(x, layers.Conv2D(2, 1)(layers.Multiply()([y, gate])))


def _unet():
    x = Input((8, 12, 3))
    fine = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    coarse = layers.Conv2D(6, 3, padding="same", activation="elu")(layers.MaxPooling2D()(fine))
    y = layers.Concatenate()([fine, layers.Conv2DTranspose(4, 3, 2, "same")(coarse)])
    return Model(x, layers.Conv2D(2, 1, activation="softmax")(y))


def _merged():
    x = Input((5, 6, 3))
    a, b = layers.Conv2D(4, 3, padding="same")(x), layers.Conv2D(4, 3, padding="same")(x)
    y = layers.Add()([layers.Maximum()([a, b]), layers.Minimum()([a, b]), layers.Multiply()([a, b, a]),
                      layers.Average()([a, b]), layers.Subtract()([a, b])])
    return Model(x, layers.Concatenate(axis=1)([y, a, layers.Conv2D(4, 1)(x)]))


def _broadcast():
    x = Input((5, 6, 3))
    y = layers.Conv2D(4, 3)(x)
    return Model(x, layers.Add()([y, layers.Dense(4)(layers.GlobalMaxPooling2D()(y))]))


def _shared():
    a, b = Input((6, 6, 2), name="a"), Input((6, 6, 2), name="b")
    tower = Sequential([Input((6, 6, 2)), layers.Conv2D(3, 3), layers.BatchNormalization(), layers.Flatten()])
    first, second = tower(a), tower(b)
    dense = layers.Dense(3, name="both")
    return Model([a, b], {"x": dense(first), "sum": layers.Add()([dense(first), dense(second)])})


def _several():
    x = Input((5, 5, 2))
    y = layers.Conv2D(3, 3, name="y")(x)
    return Model([x], [y, layers.Flatten(name="flat")(y), x, y])


def _dots():
    x = Input((4, 4, 3))
    y, z = layers.Conv2D(4, 3, padding="same")(x), layers.Conv2D(4, 3, padding="same")(x)
    return Model(x, layers.Dot((1, 2))([y, z]))


def _attention():
    x = Input((6, 4))
    scores = layers.Softmax()(layers.Dot((2, 2))([layers.Dense(5)(x), layers.Dense(5)(x)]))
    return Model(x, layers.Dot((2, 1))([scores, layers.LayerNormalization()(x)]))


# What reads its own files: all but those whose operators have no layer.
MODELS = {
    "lenet": _lenet,
    "behind flatten": _behind_flatten,
    "residual": _residual,
    "inverted": _inverted,
    "squeeze": _squeeze,
    "unet": _unet,
    "merged": _merged,
    "broadcast": _broadcast,
    "shared": _shared,
    "several": _several,
    "dots": _dots,
    "attention": _attention,
    "vectors": _chain((8,), layers.Dense(6, "relu"), layers.BatchNormalization(scale=False), layers.Dense(3)),
    "strides": _chain((9, 8, 3), layers.Conv2D(4, (3, 2), (2, 3), "same"), layers.Conv2D(3, 2, strides=2)),
    "dilation": _chain((9, 9, 3), layers.Conv2D(4, 3, dilation_rate=2, padding="same"),
                       layers.Conv2DTranspose(3, 3, dilation_rate=2), layers.DepthwiseConv2D(3, dilation_rate=2)),
    "groups": _chain((7, 7, 4), layers.Conv2D(6, 3, groups=2), layers.SeparableConv2D(5, 3, activation="relu")),
    "transposed": _chain((4, 5, 3), layers.Conv2DTranspose(4, 3, 2, "same"), layers.Conv2DTranspose(4, 2, 3),
                         layers.Conv2DTranspose(2, 4, 2, "same")),
    "transposed, more": _chain((4, 5, 3), layers.Conv2DTranspose(4, 3, 3, "same", output_padding=1),
                               layers.Conv2DTranspose(2, 3, 2, output_padding=1)),
    "pools": _chain((9, 8, 3), layers.MaxPooling2D(3, 2, "same"), layers.AveragePooling2D((2, 3), 2, "same"),
                    layers.MaxPooling2D(2, 1)),
    "sequences": _chain((12, 4), layers.Conv1D(6, 3, padding="causal", dilation_rate=2), layers.MaxPooling1D(2),
                        layers.SeparableConv1D(3, 3, padding="same"), layers.Conv1DTranspose(4, 3, strides=2),
                        layers.BatchNormalization(), layers.Flatten(), layers.Dense(3)),
    "sequences, more": _chain((12, 4), layers.ZeroPadding1D(2), layers.Cropping1D((1, 2)), layers.UpSampling1D(2),
                              layers.AveragePooling1D(2), layers.DepthwiseConv1D(3), layers.GlobalMaxPooling1D(),
                              layers.RepeatVector(3)),
    "margins": _chain((5, 8, 3), layers.ZeroPadding2D(((1, 2), (0, 3))), layers.Cropping2D(((1, 0), (2, 3))),
                      layers.Conv2D(2, 2), layers.ZeroPadding2D(1)),
    "larger": _chain((5, 8, 3), layers.UpSampling2D((2, 3)), layers.Conv2D(3, 1),
                     layers.UpSampling2D(2, interpolation="bilinear")),
    "resized": _chain((5, 8, 3), layers.Conv2D(3, 1), layers.Resizing(7, 9), layers.Resizing(4, 12, "nearest"),
                      layers.Resizing(4, 4, crop_to_aspect_ratio=True)),
    "permuted": _chain((5, 8, 3), layers.Permute((3, 1, 2)), layers.Reshape((3, 40)), layers.Permute((2, 1)),
                       layers.Dense(4), layers.Reshape((-1, 4, 2)), layers.Conv2D(3, 3)),
    "flat and back": _chain((6, 6, 3), layers.Conv2D(4, 3), layers.Flatten(), layers.Reshape((4, 4, 4)),
                            layers.Conv2D(2, 3)),
    "group normalization": _chain((5, 6, 4), layers.Conv2D(4, 3), layers.GroupNormalization(2), layers.Conv2D(4, 3),
                                  layers.GroupNormalization(-1, center=False)),
    "layer normalization": _chain((5, 6, 4), layers.Conv2D(4, 3), layers.LayerNormalization(),
                                  layers.LayerNormalization((1, 2, 3), scale=False)),
    "rms normalization": _chain((5, 6, 4), layers.Conv2D(4, 3), layers.RMSNormalization(), layers.Flatten(),
                                layers.RMSNormalization(), layers.Dense(3)),
    "axis of channels": _chain((5, 6, 4), layers.BatchNormalization(axis=1), layers.Conv2D(3, 3),
                               layers.BatchNormalization(axis=2)),
    "rectifiers": _chain((5, 6, 4), layers.Conv2D(3, 3), layers.PReLU(shared_axes=[1, 2]), layers.PReLU(),
                         layers.LeakyReLU(0.2), layers.ELU(0.5), layers.ReLU(1.0, 0.2)),
    "rescaled": _chain((5, 6, 3), layers.Rescaling([1.0, 2.0, 3.0], [0.1, 0.2, 0.3]), layers.Conv2D(2, 3),
                       layers.Rescaling(1 / 255, -1)),
    "random": _chain((5, 6, 3), layers.Dropout(0.5), layers.GaussianNoise(0.1), layers.SpatialDropout2D(0.2),
                     layers.AlphaDropout(0.2), layers.GaussianDropout(0.1), layers.ActivityRegularization(0.1),
                     layers.Conv2D(2, 3, activity_regularizer="l2")),
    "augmented": _chain((6, 8, 3), layers.Normalization(), layers.RandomFlip(), layers.RandomTranslation(0.1, 0.1),
                        layers.RandomRotation(0.2), layers.RandomZoom(0.3), layers.RandomBrightness(0.2),
                        layers.RandomContrast(0.2), layers.RandomErasing(), layers.RandomCrop(5, 6),
                        layers.CenterCrop(4, 5), layers.Conv2D(2, 3), layers.Normalization(invert=True),
                        layers.Normalization(None, 1.0, 3.0)),
    "any size": _chain((None, None, 3), layers.Conv2D(4, 3, 2, "same"), layers.MaxPooling2D(3, 2, "same"),
                       layers.UpSampling2D(2, interpolation="bilinear"), layers.GlobalAveragePooling2D(),
                       layers.Dense(3)),
    "any length": _chain((None, 3), layers.Conv1D(4, 3, 2, "same"), layers.BatchNormalization(), layers.Dense(5),
                         layers.LayerNormalization()),
    "turned, any size": _chain((None, None, 3), layers.Permute((2, 1, 3)), layers.Conv2D(3, (3, 2)),
                               layers.Conv2DTranspose(2, 3, 2, "same"), layers.Resizing(9, 11), layers.Flatten(),
                               layers.Dense(2)),
    "channels first": _chain((3, 8, 7), layers.Conv2D(4, 3, activation="relu", data_format="channels_first"),
                             layers.MaxPooling2D(data_format="channels_first"), layers.ReLU(),
                             layers.Conv2DTranspose(2, 3, 2, data_format="channels_first"),
                             layers.Flatten(data_format="channels_first"), layers.Dense(3)),
    "one pixel": _chain((1, 1, 6), layers.Conv2D(4, 1), layers.Flatten(), layers.Dense(3)),
    "group normalization of any size": _chain((None, None, 4), layers.Conv2D(4, 3), layers.GroupNormalization(2)),
    "nothing": _chain((4,), layers.Identity()),
}
# Models of which a part is written in operators that have no layer.
WRITTEN_ONLY = {
    "unit": _chain((5, 6, 4), layers.Conv2D(4, 3), layers.UnitNormalization()),
    "several axes": _chain((5, 6, 4), layers.Conv2D(3, 3), layers.Softmax([1, 2]), layers.LayerNormalization(1)),
    "threshold": _chain((6,), layers.ReLU(2.0, 0.1, 0.5), layers.ReLU(0.3, 0.1, 0.5)),
    "interpolated": _chain((5, 8, 3), layers.Conv2D(3, 1), layers.Resizing(7, 9, "bicubic"),
                           layers.Resizing(4, 5, "lanczos3"), layers.Resizing(3, 2, antialias=True)),
    "normalized along lines": _chain((5, 8, 3), layers.Conv2D(3, 1), layers.Normalization((1, 3), invert=True)),
    "framed": _chain((5, 8, 3), layers.Resizing(4, 4, pad_to_aspect_ratio=True, fill_value=2.0)),
    "normalized dot": lambda: Model(x := Input((4, 3)), layers.Dot((2, 2), normalize=True)([x, layers.Dense(3)(x)])),
}


@saving.register_keras_serializable("zoo")
class _Scaled(layers.Layer):
    """Weights of its own, of which one is put beside what the layer gets."""

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), name="scale")
        self.beside = self.add_weight(shape=(*input_shape[1:-1], 1), name="beside")

    def call(self, x):
        beside = ops.broadcast_to(self.beside, (ops.shape(x)[0], *self.beside.shape))
        return ops.concatenate([x * self.scale, beside], axis=-1)


# Functions of ops on an image (N, 5, 6, 4), which lies with its channels first when it comes from a convolution.
OPERATIONS = {
    **{name: getattr(ops, name) for name in (
        "abs", "ceil", "cos", "erf", "exp", "expm1", "floor", "round", "sign", "sin", "square", "stop_gradient",
        "trunc")},
    "logsumexp": lambda x: ops.logsumexp(x, (1, 2)),
    "positive": lambda x: ops.sqrt(x * x) + ops.log(1 + x * x) + ops.log1p(ops.abs(x)) + ops.rsqrt(1 + ops.square(x)),
    "reciprocal": lambda x: ops.reciprocal(2 + ops.sin(x)) + ops.abs(x) ** 1.5,
    "clip": lambda x: ops.clip(x, -0.5, 0.25) + ops.maximum(x, 0.1),
    "pairs": lambda x: x / (1 + ops.abs(x)) + (2 + ops.sin(x)) ** ops.cos(x) + x[..., :1] * ops.ones((5, 6, 4)),
    "comparisons": lambda x: ops.stack([ops.cast(made, "float32") for made in (
        x > 0, x >= x[..., ::-1], x < 0.5, x <= x[:, :1], ops.equal(x, x[..., :1]), ops.not_equal(x, x[..., :1]))], 1),
    "where": lambda x: ops.where(x > 0, x, 0.1 * x) + ops.where(x[..., :1] > 0, 1.0, x),
    "reductions": lambda x: ops.mean(x, (1, 2)) + ops.max(ops.sum(x, 1), 1) + ops.min(ops.prod(x, 2), 1),
    "kept axes": lambda x: x - ops.mean(x, (1, 2), keepdims=True) + ops.std(x, -1, keepdims=True),
    "one number": lambda x: ops.norm(x, axis=-1) + ops.sum(x, axis=(1, 2, 3), keepdims=True)[..., 0],
    "parts": lambda x: ops.concatenate([x[:, 1:4, ::2], x[:, 3:0:-1, ::-2], ops.roll(x, 2, 2)[:, 1:4, 3:]], 2),
    "padded": lambda x: ops.pad(x, ((0, 0), (1, 2), (0, 1), (3, 0))) - 1,
    "taken": lambda x: ops.take(x, [0, 2, 2], -1) + ops.flip(x, 1)[..., 1:],
    "products": lambda x: ops.matmul(x, ops.transpose(x, (0, 1, 3, 2))),
    "sums of products": lambda x: ops.einsum("nhwc,nhwd->nhcd", x, x),
    "largest": lambda x: ops.one_hot(ops.argmax(x, -1), 4) + ops.cumsum(x, 3),
}
# Models of code that is traced; of some of it layers can be made again.
TRACED = {
    **{name: _chain((5, 6, 4), layers.Lambda(function)) for name, function in OPERATIONS.items()},
    **{f"{name}, behind a convolution": _chain((6, 7, 3), layers.Conv2D(4, 2), layers.Lambda(function),
                                               layers.Flatten(), layers.Dense(3))
       for name, function in OPERATIONS.items()},
    "flat": lambda: Model(x := Input((5, 6, 3)), ops.flip(layers.Flatten()(layers.Conv2D(4, 2)(x)), 1)[:, 3:] * 2),
    "any size": lambda: Model(
        x := Input((None, None, 3)), ops.sum(ops.square(layers.Conv2D(4, 2)(x)), (1, 2))),
    "parts of any size": lambda: Model(x := Input((None, None, 3)), ops.flip(layers.Conv2D(4, 2)(x)[..., 1:], -1)),
    "weights": _chain((5, 6, 3), layers.Conv2D(4, 2), _Scaled(), layers.Flatten(), layers.Dense(3)),
}
for _name in FUNCTIONS:
    _home = WRITTEN_ONLY if _name in ("sparse_plus", "squareplus", "sparsemax", "glu") else MODELS
    _home[_name] = _chain((5, 4, 3), layers.Conv2D(6, 2, activation=_name), layers.Flatten(), layers.Dense(6, _name))


def made(name):
    """The model of that name, with weights that are not what they start with."""
    return with_weights({**MODELS, **WRITTEN_ONLY}[name]())


def with_weights(model):
    """The model with weights that are not what they start with."""
    random = np.random.default_rng(0)
    for weight in model.weights:
        values = random.normal(0, 0.2, weight.shape)
        weight.assign(0.5 + np.abs(values) if "variance" in weight.path else values)
    return model


def images(model, rows=3, unknown=11):
    """Arrays for the model's inputs."""
    random = np.random.default_rng(1)
    shapes = [[unknown + axis if extent is None else extent for axis, extent in enumerate(tensor.shape[1:])]
              for tensor in model.inputs]
    return [random.normal(0, 1, (rows, *shape)).astype(np.float32) for shape in shapes]


def outputs(model, arrays):
    """What the model makes of them, as a list."""
    made = model(arrays if len(arrays) > 1 else arrays[0], training=False)
    if isinstance(made, dict):
        return [np.asarray(made[name]) for name in sorted(made)]
    return [np.asarray(array) for array in (made if isinstance(made, list) else [made])]


def difference(first, second):
    """The largest difference of two lists of arrays, beside the largest number where that is above 1."""
    assert [array.shape for array in first] == [array.shape for array in second]
    return max(float(np.abs(a - b).max() / max(1, np.abs(a).max())) for a, b in zip(first, second, strict=True))


def run_onnx(path, arrays):
    """What onnxruntime makes of them."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {each.name: array for each, array in zip(session.get_inputs(), arrays, strict=True)})
