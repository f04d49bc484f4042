"""Fashion-MNIST with layers and a model of one's own: residual blocks whose channels are weighed (squeeze and excite).

    python examples/custom_model.py
    python examples/custom_model.py --short    a few steps, to see that all is there

Source: Hu et al., "Squeeze-and-excitation networks", 2018.
"""

import argparse

import fashioncnn as keras

layers, ops = keras.layers, keras.ops


class ChannelGate(layers.Layer):
    """Multiplies each channel by a number from 0 to 1, which depends on the means of all channels."""

    def __init__(self, ratio=4, **options):
        super().__init__(**options)
        self.ratio = ratio

    def build(self, input_shape):
        channels = input_shape[-1]
        self.down = self.add_weight(shape=(channels, channels // self.ratio), name="down")
        self.up = self.add_weight(shape=(channels // self.ratio, channels), name="up")

    def call(self, inputs):
        means = ops.mean(inputs, axis=(1, 2))
        gate = ops.sigmoid(ops.matmul(ops.relu(ops.matmul(means, self.down)), self.up))
        return inputs * gate[:, None, None, :]


class Block(layers.Layer):
    """Two convolutions and a gate, and what came in added to what comes out."""

    def __init__(self, filters, **options):
        super().__init__(**options)
        self.convolutions = [layers.Conv2D(filters, 3, padding="same", use_bias=False) for _ in range(2)]
        self.norms = [layers.BatchNormalization() for _ in range(2)]
        self.gate = ChannelGate()

    def call(self, inputs, training=None):
        x = inputs
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = ops.relu(norm(convolution(x), training=training))
        return self.gate(x) + inputs


class Network(keras.Model):
    def __init__(self, filters=16, classes=10):
        super().__init__()
        self.first = layers.Conv2D(filters, 3, padding="same", activation="relu")
        self.pool = layers.MaxPooling2D(2)
        self.blocks = [Block(filters) for _ in range(2)]
        self.drop = layers.Dropout(0.3)
        self.classes = layers.Dense(classes, activation="softmax")

    def call(self, inputs, training=None):
        x = self.pool(self.first(inputs))
        for block in self.blocks:
            x = block(x, training=training)
        x = ops.concatenate([ops.mean(x, axis=(1, 2)), ops.max(x, axis=(1, 2))], axis=-1)
        return self.classes(self.drop(x, training=training))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="two epochs of some hundred images")
    short = parser.parse_args().short

    (x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
    rows = 512 if short else len(x_train)
    x_train, x_test = x_train[:rows, ..., None] / 255.0, x_test[..., None] / 255.0
    keras.utils.set_random_seed(1)
    model = Network()
    model.compile(optimizer=keras.optimizers.Adam(2e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train[:rows], epochs=2 if short else 6, verbose=2)
    model.summary()
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"test accuracy: {accuracy:.4f}")


if __name__ == "__main__":
    main()
