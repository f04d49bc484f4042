"""The inputs on which this package and Keras are compared; needs NumPy alone."""

from __future__ import annotations

import contextlib
import io
from types import SimpleNamespace

import numpy as np

STEPS = [0, 1, 3, 9, 10, 11, 19, 20, 25, 30, 50, 70, 100, 150, 1000]
SCHEDULES = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.9}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.9, "staircase": True}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "end_learning_rate": 0.01, "power": 2.0}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "power": 0.5, "cycle": True}),
    ("PiecewiseConstantDecay", {"boundaries": [10, 20], "values": [0.1, 0.05, 0.01]}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 50}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 50, "alpha": 0.1}),
    ("CosineDecay", {"initial_learning_rate": 0.01, "decay_steps": 50, "warmup_target": 0.1, "warmup_steps": 10}),
    ("CosineDecay", {"initial_learning_rate": 0.0, "decay_steps": 50, "alpha": 0.2, "warmup_target": 0.1,
                     "warmup_steps": 25}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 10}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 10, "t_mul": 1.5, "m_mul": 0.9}),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 10, "t_mul": 1.0, "m_mul": 0.5,
                             "alpha": 0.1}),
]

_SMOOTH = {"label_smoothing": 0.1}
_LOGITS = {"from_logits": True}
LOSSES = [
    *[("SparseCategoricalCrossentropy", arguments, kind, weighted)
      for weighted in (False, True)
      for arguments, kind in [({}, "labels"), ({}, "column labels"), (_LOGITS, "logits of labels"),
                              ({}, "labels of rows")] if not (weighted and kind == "labels of rows")],
    *[("CategoricalCrossentropy", arguments, kind, weighted)
      for weighted in (False, True)
      for arguments, kind in [({}, "one-hot"), (_SMOOTH, "one-hot"), ({**_SMOOTH, **_LOGITS}, "logits of one-hot")]],
    *[("BinaryCrossentropy", arguments, kind, weighted)
      for weighted in (False, True)
      for arguments, kind in [({}, "binary"), (_SMOOTH, "binary"), (_LOGITS, "binary logits"), ({}, "flat binary")]],
    *[(name, arguments, kind, weighted)
      for weighted in (False, True)
      for kind in ("numbers", "flat numbers")
      for name, arguments in [("MeanSquaredError", {}), ("MeanAbsoluteError", {}), ("Huber", {}),
                              ("Huber", {"delta": 0.3})]],
    *[("MeanSquaredError", {"reduction": reduction}, "numbers", True)
      for reduction in ("sum", "mean", "mean_with_sample_weight", "none")],
    *[(name, arguments, kind, weighted)
      for weighted in (False, True)
      for name, arguments, kind in [
          ("MeanAbsolutePercentageError", {}, "numbers"),
          ("MeanSquaredLogarithmicError", {}, "binary"),
          ("LogCosh", {}, "flat numbers"),
          ("Poisson", {}, "binary"),
          ("KLDivergence", {}, "one-hot"),
          ("CosineSimilarity", {}, "numbers"),
          ("CosineSimilarity", {"axis": 1}, "one-hot"),
          ("Hinge", {}, "binary logits"),
          ("Hinge", {}, "numbers"),
          ("SquaredHinge", {}, "flat binary"),
          ("CategoricalHinge", {}, "one-hot"),
          ("BinaryFocalCrossentropy", {}, "binary"),
          ("BinaryFocalCrossentropy", {**_SMOOTH, "apply_class_balancing": True, "gamma": 1.5}, "flat binary"),
          ("BinaryFocalCrossentropy", _LOGITS, "binary logits"),
          ("CategoricalFocalCrossentropy", {}, "one-hot of parts"),
          ("CategoricalFocalCrossentropy", {**_SMOOTH, **_LOGITS, "alpha": 0.5}, "logits of one-hot"),
          ("CategoricalGeneralizedCrossEntropy", {}, "labels"),
          ("Dice", {"axis": -1}, "binary"),
          ("Tversky", {"alpha": 0.3, "beta": 0.9, "axis": 1}, "binary"),
          ("SparseCategoricalCrossentropy", {"ignore_class": 2}, "labels"),
          ("SparseCategoricalCrossentropy", {"ignore_class": 0, "reduction": "mean_with_sample_weight"}, "labels"),
          ("SparseCategoricalCrossentropy", {"ignore_class": 1, "reduction": "sum"}, "labels"),
      ]],
    ("Dice", {}, "binary", False),
    ("Tversky", {"alpha": 0.7}, "one-hot", False),
    ("CategoricalCrossentropy", {"axis": 0}, "one-hot", False),
    ("CategoricalFocalCrossentropy", {"axis": 0}, "one-hot", False),
    ("BinaryCrossentropy", {**_SMOOTH, "axis": 0}, "binary", False),
    ("SparseCategoricalCrossentropy", {"ignore_class": 3, "axis": 2}, "labels of rows", False),
    ("SparseCategoricalCrossentropy", {}, "certain labels", False),
    ("CategoricalCrossentropy", {}, "certain one-hot", False),
    ("SparseCategoricalCrossentropy", {}, "labels of parts", False),
    ("CategoricalCrossentropy", {}, "one-hot of parts", False),
]

METRICS = [
    *[(name, arguments, kind, weighted)
      for weighted in (False, True)
      for name, arguments, kind in [
          ("SparseCategoricalAccuracy", {}, "labels"),
          ("SparseCategoricalAccuracy", {}, "column labels"),
          ("CategoricalAccuracy", {}, "one-hot"),
          ("BinaryAccuracy", {}, "binary"),
          ("BinaryAccuracy", {"threshold": 0.3}, "flat binary"),
          ("SparseTopKCategoricalAccuracy", {"k": 2}, "labels"),
          ("SparseTopKCategoricalAccuracy", {"k": 2}, "tied labels"),
          ("TopKCategoricalAccuracy", {"k": 3}, "one-hot"),
          ("Accuracy", {}, "column labels twice"),
          ("MeanSquaredError", {}, "numbers"),
          ("MeanAbsoluteError", {}, "numbers"),
          ("BinaryCrossentropy", {}, "binary"),
          ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, "binary logits"),
          ("CategoricalCrossentropy", {}, "one-hot"),
          ("SparseCategoricalCrossentropy", {}, "labels"),
          ("SparseCategoricalCrossentropy", {"from_logits": True}, "logits of labels"),
          ("SparseCategoricalCrossentropy", {"ignore_class": 2}, "labels"),
          ("MeanAbsolutePercentageError", {}, "numbers"),
          ("MeanSquaredLogarithmicError", {}, "binary"),
          ("RootMeanSquaredError", {}, "numbers"),
          ("RootMeanSquaredError", {}, "flat numbers"),
          ("LogCoshError", {}, "numbers"),
          ("CosineSimilarity", {}, "numbers"),
          ("Hinge", {}, "binary logits"),
          ("SquaredHinge", {}, "numbers"),
          ("CategoricalHinge", {}, "one-hot"),
          ("KLDivergence", {}, "one-hot"),
          ("Poisson", {}, "binary"),
          ("PearsonCorrelation", {}, "numbers"),
          ("ConcordanceCorrelation", {}, "numbers"),
      ]],
    ("SparseCategoricalAccuracy", {}, "labels of rows", False),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, "labels of rows", False),
    ("CategoricalCrossentropy", {"axis": 0}, "one-hot", False),
    ("CosineSimilarity", {"axis": 0}, "numbers", False),
    ("PearsonCorrelation", {"axis": 0}, "numbers", False),
    ("ConcordanceCorrelation", {"axis": 0}, "numbers", False),
]

SIGNATURES = {
    "optimizers": ["Adam", "AdamW", "SGD", "RMSprop", "Nadam", "Adamax", "Adagrad", "Adadelta", "Lion", "Ftrl"],
    "optimizers.schedules": ["ExponentialDecay", "PiecewiseConstantDecay", "PolynomialDecay", "InverseTimeDecay",
                             "CosineDecay", "CosineDecayRestarts"],
    "losses": ["SparseCategoricalCrossentropy", "CategoricalCrossentropy", "BinaryCrossentropy", "MeanSquaredError",
               "MeanAbsoluteError", "Huber", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "LogCosh",
               "Poisson", "KLDivergence", "CosineSimilarity", "Hinge", "SquaredHinge", "CategoricalHinge",
               "BinaryFocalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalGeneralizedCrossEntropy", "Dice",
               "Tversky", "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy",
               "mean_squared_error", "mean_absolute_error", "huber", "mean_absolute_percentage_error",
               "mean_squared_logarithmic_error", "log_cosh", "poisson", "kl_divergence", "cosine_similarity", "hinge",
               "squared_hinge", "categorical_hinge", "binary_focal_crossentropy", "categorical_focal_crossentropy",
               "categorical_generalized_cross_entropy", "dice", "tversky"],
    "metrics": ["Accuracy", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy",
                "TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "Mean", "Sum", "MeanMetricWrapper",
                "MeanSquaredError", "MeanAbsoluteError", "BinaryCrossentropy", "CategoricalCrossentropy",
                "SparseCategoricalCrossentropy", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError",
                "RootMeanSquaredError", "LogCoshError", "CosineSimilarity", "R2Score", "Hinge", "SquaredHinge",
                "CategoricalHinge", "KLDivergence", "Poisson", "PearsonCorrelation", "ConcordanceCorrelation",
                "pearson_correlation", "concordance_correlation", "TruePositives", "TrueNegatives", "FalsePositives",
                "FalseNegatives", "Precision", "Recall", "SensitivityAtSpecificity", "SpecificityAtSensitivity",
                "PrecisionAtRecall", "RecallAtPrecision", "AUC", "FBetaScore", "F1Score", "IoU", "BinaryIoU", "MeanIoU",
                "OneHotIoU", "OneHotMeanIoU", "sparse_top_k_categorical_accuracy"],
    "callbacks": ["EarlyStopping", "ModelCheckpoint", "CSVLogger", "LearningRateScheduler", "ReduceLROnPlateau",
                  "LambdaCallback", "TerminateOnNaN", "History", "ProgbarLogger", "TensorBoard", "BackupAndRestore",
                  "SwapEMAWeights"],
    "utils": ["Progbar", "PyDataset", "array_to_img", "clear_session", "get_file", "image_dataset_from_directory",
              "img_to_array", "load_img", "normalize", "save_img", "set_random_seed", "split_dataset",
              "to_categorical"],
    "applications": ["MobileNet", "MobileNetV2", "ResNet101", "ResNet152", "ResNet50", "VGG16", "VGG19"],
    "applications.imagenet_utils": ["decode_predictions", "preprocess_input"],
    "applications.resnet": ["decode_predictions", "preprocess_input"],
    "datasets.cifar10": ["load_data"],
    "datasets.cifar100": ["load_data"],
}
NEED_ARGUMENTS = ("MeanMetricWrapper", "SensitivityAtSpecificity", "SpecificityAtSensitivity", "PrecisionAtRecall",
                  "RecallAtPrecision", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU")
# What is called auc, auc_1 and so on: other golden cases have its config.
UNNAMED = ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "Precision", "Recall", "AUC",
           "BinaryIoU")
SERIALIZED = {
    "optimizers": SIGNATURES["optimizers"],
    "losses": [name for name in SIGNATURES["losses"] if name[0].isupper()],
    "metrics": [name for name in SIGNATURES["metrics"]
                if name[0].isupper() and name not in NEED_ARGUMENTS and name not in UNNAMED],
}


def batch(kind, seed=0):
    """(y_true, y_pred, sample_weight) of a kind of targets."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(6, 5)).astype(np.float32)
    probabilities = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    labels = random.integers(0, 5, 6)
    one_hot = np.eye(5, dtype=np.float32)[labels]
    flags = random.integers(0, 2, (6, 3)).astype(np.float32)
    weights = random.uniform(0, 2, 6).astype(np.float32)
    sigmoid = 1 / (1 + np.exp(-logits[:, :3]))
    numbers = random.normal(size=(6, 3)).astype(np.float32)
    certain = np.eye(5, dtype=np.float32)[[0, 1, 2, 3, 4, 0]]
    pairs = {
        "labels": (labels, probabilities),
        "column labels": (labels[:, None], probabilities),
        "column labels twice": (labels[:, None], np.roll(np.minimum(labels, 2), 1)[:, None].astype(np.float32)),
        "tied labels": (labels, np.round(probabilities, 1)),
        "labels of rows": (labels.reshape(2, 3), probabilities.reshape(2, 3, 5)),
        "logits of labels": (labels, logits),
        "one-hot": (one_hot, probabilities),
        "logits of one-hot": (one_hot, logits),
        "binary": (flags, sigmoid),
        "flat binary": (flags[:, 0], sigmoid[:, :1]),
        "binary logits": (flags, logits[:, :3]),
        "numbers": (numbers, logits[:, :3]),
        "flat numbers": (numbers[:, 0], logits[:, :1]),
        "labels of parts": (labels, 0.5 * probabilities),
        "one-hot of parts": (one_hot, 0.5 * probabilities),
        "certain labels": (labels, certain),
        "certain one-hot": (one_hot, certain),
    }
    return (*pairs[kind], weights)


_FALLS_THEN_RISES = [1.0, 0.8, 0.9, 0.7, 0.75, 0.74, 0.73, 0.72, 0.69, 0.71]
_STAYS = [1.0, 0.5] + [0.5] * 12
_ACCURACIES = [0.1, 0.5, 0.4, 0.6, 0.6, 0.55, 0.59, 0.58]
CALLBACKS = [
    ("EarlyStopping", {}, "val_loss", _FALLS_THEN_RISES),
    ("EarlyStopping", {"patience": 2, "verbose": 1}, "val_loss", _FALLS_THEN_RISES),
    ("EarlyStopping", {"patience": 3, "restore_best_weights": True, "verbose": 1}, "val_loss", _FALLS_THEN_RISES),
    ("EarlyStopping", {"patience": 3, "min_delta": 0.15, "restore_best_weights": True}, "val_loss", _FALLS_THEN_RISES),
    ("EarlyStopping", {"patience": 2, "baseline": 0.5, "restore_best_weights": True}, "val_loss", _FALLS_THEN_RISES),
    ("EarlyStopping", {"patience": 2, "baseline": 0.75}, "val_loss", _FALLS_THEN_RISES),
    ("EarlyStopping", {"patience": 1, "start_from_epoch": 4, "restore_best_weights": True}, "val_loss",
     _FALLS_THEN_RISES),
    ("EarlyStopping", {"monitor": "val_accuracy", "mode": "max", "patience": 2, "restore_best_weights": True},
     "val_accuracy", _ACCURACIES),
    ("EarlyStopping", {"monitor": "val_accuracy", "mode": "max", "patience": 2, "min_delta": -0.05}, "val_accuracy",
     _ACCURACIES),
    ("EarlyStopping", {"patience": 0, "restore_best_weights": True}, "val_loss", [1.0, 2.0, 0.5]),
    ("ReduceLROnPlateau", {"patience": 2, "factor": 0.5, "verbose": 1}, "val_loss", _STAYS),
    ("ReduceLROnPlateau", {"patience": 1, "factor": 0.5, "cooldown": 2}, "val_loss", _STAYS),
    ("ReduceLROnPlateau", {"patience": 0, "factor": 0.5, "cooldown": 1, "min_lr": 0.125}, "val_loss", _STAYS),
    ("ReduceLROnPlateau", {"patience": 2, "factor": 0.5, "min_delta": 0.12}, "val_loss", _FALLS_THEN_RISES),
    ("ReduceLROnPlateau", {"monitor": "val_accuracy", "mode": "max", "patience": 1, "factor": 0.5, "min_lr": 0.3,
                           "verbose": 1}, "val_accuracy", _ACCURACIES),
]


class Model:
    """Just enough of a model for callbacks; its weights say which epoch they are from."""

    def __init__(self):
        self.epoch = None
        self.stop_training = False
        self.optimizer = SimpleNamespace(learning_rate=1.0)

    def get_weights(self):
        return self.epoch

    def set_weights(self, weights):
        self.epoch = weights


def run_callback(module, name, arguments, key, values):
    """What a callback does while the logs' `key` takes the given values: epochs run, weights, rates, printed text."""
    callback = getattr(module, name)(**arguments)
    model = Model()
    callback.set_model(model)
    rates, epochs = [], 0
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        callback.on_train_begin({})
        for epoch, value in enumerate(values):
            callback.on_epoch_begin(epoch, {})
            model.epoch = epoch
            logs = {"loss": 0.0, key: value}
            callback.on_epoch_end(epoch, logs)
            rates.append([float(model.optimizer.learning_rate), logs.get("learning_rate")])
            epochs += 1
            if model.stop_training:
                break
        callback.on_train_end({})
    return {"epochs": epochs, "weights": model.epoch, "rates": rates, "output": output.getvalue()}


_ROWS = [{"loss": 0.5, "accuracy": 0.25, "val_loss": 0.125}, {"val_loss": 1e-5, "loss": 1.0, "accuracy": 0.1}]
CSV = [
    ({}, [_ROWS]),
    ({"separator": ";"}, [_ROWS]),
    ({}, [_ROWS, [{"loss": 3.0}, {"loss": 2.0, "val_loss": 4.0}]]),
    ({"append": True}, [_ROWS, _ROWS]),
]


@contextlib.contextmanager
def clock(module):
    """Makes the clocks of a `time` module stand still, but for calls of the function that this yields."""
    now = [1000.0]
    saved = module.time, module.perf_counter
    module.time = module.perf_counter = lambda: now[0]

    def tick(seconds):
        now[0] += seconds

    try:
        yield tick
    finally:
        module.time, module.perf_counter = saved


def _update(current, loss, finalize=None):
    return {"current": current, "values": [("accuracy", 1 - loss), ("loss", loss)], "finalize": finalize}


PROGRESS = [
    ({"target": 20, "verbose": 2}, [(0.5, _update(1, 0.5)), (1.0, _update(10, 0.25)), (2.0, _update(20, 0.125))]),
    ({"target": 1875, "verbose": 2, "stateful_metrics": ["loss", "accuracy"]},
     [(0.5, _update(1, 0.5)), (1.0, _update(1000, 5e-4)), (2.0, _update(1875, 5e-4))]),
    ({"target": 3, "verbose": 2}, [(30.0, _update(1, 0.5)), (30.0, _update(3, 0.25, True))]),
    ({"target": 200, "verbose": 1, "stateless_metrics": []},
     [(0.5, _update(1, 0.5)), (0.01, _update(2, 0.5)), (1.0, _update(99, 5e-4)), (2.0, _update(200, 0.125, True))]),
    ({"target": 20, "verbose": 1}, [(0.5, _update(1, 0.5)), (1.0, _update(10, 0.25)), (9.0, _update(19, 0.2)),
                                    (2.0, _update(20, 0.125))]),
    ({"target": 1000, "verbose": 1, "unit_name": "sample"}, [(80.0, _update(1, 0.5)), (80.0, _update(500, 0.25))]),
    ({"target": None, "verbose": 1}, [(0.5, _update(1, 0.5)), (1.0, _update(10, 0.25)),
                                      (1.0, _update(20, 0.25, True))]),
    ({"target": 10, "verbose": 0}, [(0.5, _update(10, 0.5))]),
]
