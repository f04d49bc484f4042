"""MobileNet, half as wide, on Fashion-MNIST; five epochs.

    python examples/mobilenet_fashion.py
    python examples/mobilenet_fashion.py --short    a few steps, to see that all is there

The network halves its images five times, so they are made larger first.
"""

import argparse

import fashioncnn as keras


def main(short):
    keras.utils.set_random_seed(1)
    (x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
    if short:
        x_train, y_train, x_test, y_test = x_train[:128], y_train[:128], x_test[:100], y_test[:100]

    image = keras.Input((28, 28, 1))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(image)
    x = keras.layers.Resizing(*(32, 32) if short else (64, 64))(x)
    model = keras.applications.MobileNet(input_tensor=x, alpha=0.5, weights=None, classes=10)
    print(f"{model.name} has {len(model.layers)} layers and {model.count_params():,} weights")

    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train[..., None], y_train, batch_size=64, epochs=1 if short else 5, validation_split=0.1, verbose=2)

    loss, accuracy = model.evaluate(x_test[..., None], y_test, verbose=0)
    print(f"Test loss: {loss:.4f}, test accuracy: {accuracy:.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="a few steps on a few images")
    main(parser.parse_args().short)
