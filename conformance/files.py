"""Keras's test files: which are in scope, and why the others are not."""

from __future__ import annotations

import scope

_IN_SCOPE = {
    "activations": ("activations",),
    "callbacks": (
        "backup_and_restore", "callback", "csv_logger", "early_stopping", "lambda_callback",
        "learning_rate_scheduler", "model_checkpoint", "monitor_callback", "reduce_lr_on_plateau", "swap_ema_weights",
        "terminate_on_nan"
    ),
    "constraints": ("constraints",),
    "initializers": ("constant_initializers", "random_initializers"),
    "layers/activations": ("activation", "elu", "leaky_relu", "prelu", "relu", "softmax"),
    "layers/convolutional": ("conv", "conv_transpose", "depthwise_conv", "separable_conv"),
    "layers/core": ("dense", "identity", "input_layer", "lambda_layer"),
    "layers": ("layer",),
    "layers/merging": ("merging",),
    "layers/normalization": (
        "batch_normalization", "group_normalization", "layer_normalization", "rms_normalization", "unit_normalization"
    ),
    "layers/pooling": ("average_pooling", "global_average_pooling", "global_max_pooling", "max_pooling"),
    "layers/preprocessing/image_preprocessing": (
        "center_crop", "random_brightness", "random_contrast", "random_crop", "random_flip", "random_rotation",
        "random_translation", "random_zoom", "resizing"
    ),
    "layers/preprocessing": ("normalization", "rescaling"),
    "layers/regularization": (
        "activity_regularization", "alpha_dropout", "dropout", "gaussian_dropout", "gaussian_noise", "spatial_dropout"
    ),
    "layers/reshaping": (
        "cropping1d", "cropping2d", "flatten", "permute", "repeat_vector", "reshape", "up_sampling1d", "up_sampling2d",
        "zero_padding1d", "zero_padding2d"
    ),
    "losses": ("loss", "losses"),
    "metrics": (
        "accuracy_metrics", "confusion_metrics", "correlation_metrics", "f_score_metrics", "hinge_metrics",
        "iou_metrics", "metric", "probabilistic_metrics", "reduction_metrics", "regression_metrics"
    ),
    "models": ("cloning", "functional", "model", "sequential"),
    "optimizers": ("adadelta", "adagrad", "adam", "adamax", "adamw", "ftrl", "lion", "nadam", "optimizer", "rmsprop",
                   "sgd"),
    "optimizers/schedules": ("learning_rate_schedule",),
    "regularizers": ("regularizers",),
    "saving": ("object_registration", "saving_api", "saving_lib", "serialization_lib"),
    "trainers/data_adapters": ("py_dataset_adapter",),
    "trainers": ("trainer",),
    "utils": ("numerical_utils", "progbar", "python_utils", "rng_utils", "summary_utils"),
}
IN_SCOPE = tuple(f"{folder}/{name}_test.py" for folder, names in _IN_SCOPE.items() for name in names)

# All other files, by the beginnings of their paths; the first that fits counts.
OUT_OF_SCOPE = (
    ("applications/", scope.APPLICATIONS),
    ("backend/", scope.BACKENDS),
    ("callbacks/orbax", scope.FRAMEWORK),
    ("callbacks/tensorboard", scope.FRAMEWORK),
    ("callbacks/remote_monitor", scope.UNUSUAL),
    ("datasets/", scope.STRUCTURED),
    ("distillation/", scope.APPLICATIONS),
    ("distribution/", scope.DISTRIBUTION),
    ("dtype_policies/", scope.DTYPES),
    ("initializers/initializer_test", scope.FRAMEWORK),
    ("export/", scope.FORMATS),
    ("layers/attention/", scope.SEQUENCES),
    ("layers/core/einsum_dense", scope.UNUSUAL),
    ("layers/core/wrapper", scope.UNUSUAL),
    ("layers/core/", scope.SEQUENCES),
    ("layers/normalization/", scope.UNUSUAL),
    ("layers/pooling/", scope.UNUSUAL),
    ("layers/preprocessing/image_preprocessing/bounding_boxes/", scope.BOXES),
    ("layers/preprocessing/image_preprocessing/", scope.UNUSUAL),
    ("layers/preprocessing/", scope.STRUCTURED),
    ("layers/regularization/", scope.UNUSUAL),
    ("layers/reshaping/", scope.ONE_AND_THREE),
    ("layers/rnn/", scope.SEQUENCES),
    ("legacy/", scope.FORMATS),
    ("models/variable_mapping", scope.INTERNALS),
    ("ops/", scope.BACKENDS),
    ("optimizers/", scope.UNUSUAL),
    ("quantizers/", scope.QUANTIZATION),
    ("random/", scope.BACKENDS),
    ("saving/file_editor", scope.UNUSUAL),
    ("testing/", scope.INTERNALS),
    ("trainers/data_adapters/grain", scope.FRAMEWORK),
    ("trainers/data_adapters/tf_", scope.FRAMEWORK),
    ("trainers/data_adapters/torch_", scope.FRAMEWORK),
    ("trainers/", scope.INTERNALS),
    ("tree/", scope.INTERNALS),
    ("utils/audio", scope.STRUCTURED),
    ("utils/image_dataset", scope.STRUCTURED),
    ("utils/text_dataset", scope.STRUCTURED),
    ("utils/timeseries", scope.STRUCTURED),
    ("utils/dataset_utils", scope.STRUCTURED),
    ("utils/jax_layer", scope.FRAMEWORK),
    ("utils/torch", scope.FRAMEWORK),
    ("utils/sequence", scope.SEQUENCES),
    ("utils/image_utils", scope.STRUCTURED),
    ("utils/", scope.INTERNALS),
    ("wrappers/", scope.APPLICATIONS),
)


def reason_for_file(file: str) -> str:
    """Why a file that is not in scope is not."""
    return next((reason for start, reason in OUT_OF_SCOPE if file.startswith(start)), scope.NEW)
