"""Fashion-MNIST from a folder of pictures: files are read while the network trains, and images changed at random.

    python examples/folders.py
    python examples/folders.py --short    a few hundred pictures, to see that all is there
    python examples/folders.py --folder pictures    keeps the pictures, or reads your own: one folder a class

The pictures are made of the data set first, as a folder of your own would be: pictures/Sneaker/17.png and so on.
"""

import argparse
import pathlib
import tempfile

import fashioncnn as keras

layers = keras.layers
CLASSES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


def write_pictures(folder, count):
    """Writes the first images of the data set into a folder for each class."""
    (images, labels), _ = keras.datasets.fashion_mnist.load_data()
    for number, (image, label) in enumerate(zip(images[:count], labels[:count], strict=True)):
        path = folder / CLASSES[label] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        keras.utils.save_img(path, image[..., None], scale=False)


def network(classes):
    return keras.Sequential([
        layers.Input((28, 28, 1)),
        layers.Rescaling(1 / 255),
        layers.RandomFlip("horizontal"),
        layers.RandomTranslation(0.05, 0.05),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(64, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(classes, activation="softmax"),
    ])


def train(folder, epochs):
    training, validation = keras.utils.image_dataset_from_directory(
        folder, image_size=(28, 28), color_mode="grayscale", validation_split=0.2, subset="both", seed=1)
    classes = training.class_names
    model = network(len(classes))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(training.cache().shuffle(2000), validation_data=validation.cache(), epochs=epochs, verbose=2)
    image = keras.utils.img_to_array(keras.utils.load_img(training.file_paths[0], color_mode="grayscale"))
    scores = model.predict(image[None], verbose=0)[0]
    print(f"{pathlib.Path(training.file_paths[0]).parent.name} is taken for {classes[scores.argmax()]}")
    _, accuracy = model.evaluate(validation, verbose=0)
    print(f"validation accuracy: {accuracy:.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="two epochs of some hundred pictures")
    parser.add_argument("--folder", type=pathlib.Path, help="where the pictures are, or are written to")
    arguments = parser.parse_args()

    keras.utils.set_random_seed(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or pathlib.Path(temporary)
        if not any(folder.glob("*/*.png")):
            write_pictures(folder, 500 if arguments.short else 10_000)
        train(folder, 2 if arguments.short else 8)


if __name__ == "__main__":
    main()
