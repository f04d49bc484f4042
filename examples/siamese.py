"""A siamese network on Fashion-MNIST: do two pictures show the same kind of thing? Five epochs.

    python examples/siamese.py
    python examples/siamese.py --short    a few steps, to see that all is there

One body looks at both pictures, with the same weights. It is trained on seven kinds, and tested on the other three,
which it has never seen.
"""

import argparse

import numpy as np

import fashioncnn as keras

layers = keras.layers
UNSEEN = (1, 8, 9)  # trousers, bags and ankle boots


def body():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(32),
    ], name="body")


def siamese():
    left, right = keras.Input((28, 28, 1), name="left"), keras.Input((28, 28, 1), name="right")
    shared = body()
    difference = layers.Subtract()([shared(left), shared(right)])
    squares = layers.Multiply()([difference, difference])
    return keras.Model([left, right], layers.Dense(1, activation="sigmoid", name="same")(squares))


def pairs(images, labels, count, random):
    """As many pairs of the same kind as of different ones, in turn."""
    places = {label: np.flatnonzero(labels == label) for label in np.unique(labels)}
    same = np.arange(count) % 2
    first = random.choice(list(places), count)
    other = np.array([label if alike else random.choice([kind for kind in places if kind != label])
                      for label, alike in zip(first, same, strict=True)])
    left = np.array([random.choice(places[label]) for label in first])
    right = np.array([random.choice(places[label]) for label in other])
    return [images[left], images[right]], same.astype("float32")


def main(short):
    keras.utils.set_random_seed(1)
    random = np.random.default_rng(1)
    (x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
    x_train, x_test = (x[..., None] / np.float32(255) for x in (x_train, x_test))
    seen, unseen = ~np.isin(y_train, UNSEEN), np.isin(y_test, UNSEEN)
    x, same = pairs(x_train[seen], y_train[seen], 256 if short else 60_000, random)
    x_new, same_new = pairs(x_test[unseen], y_test[unseen], 200 if short else 10_000, random)

    model = siamese()
    model.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x, same, batch_size=64, epochs=1 if short else 5, validation_split=0.1, verbose=2)

    loss, accuracy = model.evaluate(x_new, same_new, verbose=0)
    print(f"Pairs of unseen kinds: loss {loss:.4f}, accuracy {accuracy:.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a few steps on a few images")
    main(parser.parse_args().short)
