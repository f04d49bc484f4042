"""A residual network of 20 layers on CIFAR-10, as He et al. trained it; 64 epochs.

    python examples/resnet_cifar10.py
    python examples/resnet_cifar10.py --short    a few steps, to see that all is there

Source: He et al., "Deep residual learning for image recognition", 2015, section 4.2.
"""

import argparse
import math

import numpy as np

import fashioncnn as keras

layers = keras.layers
BATCH_SIZE = 128


class Augmented(keras.utils.PyDataset):
    """Batches of images that are moved by up to four pixels, and every second one turned over."""

    def __init__(self, images, labels, **options):
        super().__init__(**options)
        self.images = np.pad(images, ((0, 0), (4, 4), (4, 4), (0, 0)))
        self.labels = labels
        self.random = np.random.default_rng(1)
        self.order = self.random.permutation(len(labels))

    def __len__(self):
        return math.ceil(len(self.labels) / BATCH_SIZE)

    def __getitem__(self, number):
        rows = self.order[number * BATCH_SIZE : (number + 1) * BATCH_SIZE]
        images = np.stack([self.changed(self.images[row]) for row in rows])
        return images, self.labels[rows]

    def changed(self, image):
        top, left = self.random.integers(0, 9, 2)
        image = image[top : top + 32, left : left + 32]
        return image[:, ::-1] if self.random.random() < 0.5 else image

    def on_epoch_end(self):
        self.order = self.random.permutation(len(self.labels))


def convolution(x, filters, strides=1, size=3):
    x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False,
                      kernel_initializer="he_normal")(x)
    return layers.BatchNormalization()(x)


def block(x, filters, strides):
    """Two convolutions, and what came in added to what comes out."""
    shortcut = x if strides == 1 else convolution(x, filters, strides, size=1)
    x = layers.ReLU()(convolution(x, filters, strides))
    x = layers.Add()([shortcut, convolution(x, filters)])
    return layers.ReLU()(x)


def resnet(depth=20):
    image = keras.Input((32, 32, 3))
    x = layers.ReLU()(convolution(image, 16))
    for filters in (16, 32, 64):
        for number in range((depth - 2) // 6):
            x = block(x, filters, strides=2 if filters > 16 and number == 0 else 1)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, activation="softmax")(x), name=f"resnet{depth}")


def main(short):
    keras.utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()
    if short:
        x_train, y_train, x_test, y_test = x_train[:256], y_train[:256], x_test[:100], y_test[:100]
    mean = x_train.mean(axis=(0, 1, 2), dtype="float64")
    x_train = ((x_train - mean) / 64).astype("float32")
    x_test = ((x_test - mean) / 64).astype("float32")

    batches = Augmented(x_train, y_train)
    epochs = 1 if short else 64
    steps = epochs * len(batches)
    rate = keras.optimizers.schedules.PiecewiseConstantDecay([steps * 0.5, steps * 0.75], [0.1, 0.01, 0.001])
    model = resnet(depth=8 if short else 20)
    model.compile(keras.optimizers.SGD(rate, momentum=0.9, weight_decay=1e-3),
                  loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(batches, epochs=epochs, validation_data=(x_test, y_test), verbose=2)

    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"Test loss: {loss:.4f}, test accuracy: {accuracy:.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a few steps on a few images")
    main(parser.parse_args().short)
