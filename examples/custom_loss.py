"""Segmentation with a loss of one's own: which pixels belong to a piece of clothing? Overlap counts, not pixels alone.

    python examples/custom_loss.py
    python examples/custom_loss.py --short    a few steps, to see that all is there

Source: Milletari et al., "V-Net: fully convolutional neural networks for volumetric medical image segmentation", 2016.
"""

import argparse

import numpy as np

import fashioncnn as keras

layers, ops = keras.layers, keras.ops


def dice(y_true, y_pred):
    """1 for masks that do not overlap, 0 for equal ones: a number for each image."""
    both = ops.sum(y_true * y_pred, axis=(1, 2, 3))
    return 1 - (2 * both + 1) / (ops.sum(y_true + y_pred, axis=(1, 2, 3)) + 1)


class DiceAndPixels(keras.losses.Loss):
    """Some of both: the overlap, and the crossentropy of the pixels."""

    def __init__(self, share=0.5, **options):
        super().__init__(**options)
        self.share = share

    def call(self, y_true, y_pred):
        p = ops.clip(y_pred, 1e-6, 1 - 1e-6)
        pixels = -y_true * ops.log(p) - (1 - y_true) * ops.log(1 - p)
        return self.share * dice(y_true, y_pred) + (1 - self.share) * ops.mean(pixels, axis=(1, 2, 3))


def overlap(y_true, y_pred):
    """A metric: the part of both masks' pixels that they share."""
    a, b = ops.cast(y_true > 0.5, "float32"), ops.cast(y_pred > 0.5, "float32")
    return ops.sum(a * b, axis=(1, 2, 3)) / (ops.sum(ops.maximum(a, b), axis=(1, 2, 3)) + 1e-6)


def noisy(images, seed):
    """Images on a noisy ground, and the masks of what is on them."""
    masks = (images > 40)[..., None].astype("float32")
    noise = np.random.default_rng(seed).uniform(0, 0.7, masks.shape)
    return (images[..., None] / 255.0 * 0.5 + noise).astype("float32"), masks


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="two epochs of some hundred images")
    short = parser.parse_args().short

    (x_train, _), (x_test, _) = keras.datasets.fashion_mnist.load_data()
    rows, epochs = (256, 2) if short else (20000, 3)
    x_train, y_train = noisy(x_train[:rows], 1)
    x_test, y_test = noisy(x_test[:1000], 2)
    keras.utils.set_random_seed(1)
    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.Conv2D(1, 1, activation="sigmoid"),
    ])
    model.compile(optimizer="adam", loss=DiceAndPixels(), metrics=[overlap])
    model.fit(x_train, y_train, epochs=epochs, verbose=2)
    print(f"overlap of the masks: {model.evaluate(x_test, y_test, verbose=0)[1]:.4f}")


if __name__ == "__main__":
    main()
