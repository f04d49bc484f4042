"""An autoencoder on Fashion-MNIST: each picture through 32 numbers and back, and noise is left behind; five epochs.

    python examples/autoencoder.py
    python examples/autoencoder.py --short    a few steps, to see that all is there
"""

import argparse

import numpy as np

import fashioncnn as keras

layers = keras.layers


def autoencoder(code_size):
    """The whole network, and the part of it that makes the code. Both have the same weights."""
    image = keras.Input((28, 28, 1), name="image")
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(image)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Flatten()(x)
    code = layers.Dense(code_size, name="code")(x)
    x = layers.Dense(7 * 7 * 32, activation="relu")(code)
    x = layers.Reshape((7, 7, 32))(x)
    x = layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid")(x)
    return keras.Model(image, x), keras.Model(image, code)


def nearest(codes, others):
    """For each code the number of the one among the others that is nearest to it."""
    distances = (codes**2).sum(1)[:, None] - 2 * codes @ others.T + (others**2).sum(1)
    return distances.argmin(axis=1)


def main(short):
    keras.utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
    if short:
        x_train, y_train, x_test, y_test = x_train[:256], y_train[:256], x_test[:100], y_test[:100]
    x_train = x_train[..., None] / np.float32(255)
    x_test = x_test[..., None] / np.float32(255)
    random = np.random.default_rng(1)
    noisy_train, noisy_test = (np.clip(x + random.normal(0, 0.2, x.shape), 0, 1).astype("float32")
                               for x in (x_train, x_test))

    model, encoder = autoencoder(code_size=32)
    model.compile("adam", loss="mse")
    model.fit(noisy_train, x_train, batch_size=64, epochs=1 if short else 5, validation_split=0.1, verbose=2)

    print(f"Mean squared error of the noisy pictures: {np.square(noisy_test - x_test).mean():.4f}")
    print(f"Mean squared error of what is made of them: {model.evaluate(noisy_test, x_test, verbose=0):.4f}")
    neighbours = nearest(encoder.predict(x_test[:1000], verbose=0), encoder.predict(x_train, verbose=0))
    same = (y_train[neighbours] == y_test[:1000]).mean()
    print(f"Nearest neighbours by their codes that are of the same kind: {same:.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a few steps on a few images")
    main(parser.parse_args().short)
