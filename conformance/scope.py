"""Which of Keras's tests fashioncnn is to pass one day, and why the others are none of its business.

A trainer of convolutional networks for images on CPUs is measured by the tests of what such a trainer needs. Whatever
is out of scope is so for a reason that has a name; the table counts them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

FRAMEWORK = "other frameworks"
QUANTIZATION = "quantization"
SPARSE = "sparse tensors"
DTYPES = "dtype policies"
BACKENDS = "operations and backends"
DISTRIBUTION = "distribution"
ONE_AND_THREE = "1D and 3D"
SEQUENCES = "sequences"
INTERNALS = "internals"
FORMATS = "file formats"
STATELESS = "stateless calls"
BOXES = "bounding boxes"
STRUCTURED = "structured data"
UNUSUAL = "unusual parts"
APPLICATIONS = "applications"
SKIPPED = "skipped"
NOTHING = "nothing asked"
NOT_INSTALLED = "not installed"
NEW = "new"

REASONS = {
    FRAMEWORK: "tensors, data sets and tools of TensorFlow, JAX, PyTorch or Grain",
    QUANTIZATION: "weights of few bits, and LoRA",
    SPARSE: "sparse and ragged tensors",
    DTYPES: "dtype policies, half precision and loss scaling",
    BACKENDS: "`keras.ops`, `keras.random`, symbolic tensors, and what lies below them",
    DISTRIBUTION: "training on several devices",
    ONE_AND_THREE: "layers for three spatial axes, and the rarer ones for one",
    SEQUENCES: "masks, embedding, attention, recurrence, text",
    INTERNALS: "names that Keras does not export, and attributes with an underscore",
    FORMATS: "older and foreign file formats",
    STATELESS: "stateless calls, rematerialization and compilation",
    BOXES: "bounding boxes",
    STRUCTURED: "tables, categories, sound, and folders of files",
    UNUSUAL: "augmentations, layers, optimizers and callbacks beyond the usual",
    APPLICATIONS: "pretrained applications, distillation and wrappers",
    SKIPPED: "the test skips itself, for any backend or for this one",
    NOTHING: "the test runs nothing of the library",
    NOT_INSTALLED: "the test needs a package that Keras's environment does not have",
    NEW: "a file that the list below does not know yet",
}

# Packages that are never loaded.
FRAMEWORKS = dict.fromkeys(("tensorflow", "jax", "jaxlib", "grain", "tf_keras"), FRAMEWORK)
# Packages that are used where they are installed.
OPTIONAL_PACKAGES = {
    "torch": FRAMEWORK,
    **dict.fromkeys(("scipy", "pandas", "PIL", "matplotlib", "pydot", "h5py"), NOT_INSTALLED),
}

# Names of Keras's by which a test asks for something out of scope; the beginning of the path decides.
_NAMES = {
    "quantizers": QUANTIZATION,
    "distribution": DISTRIBUTION,
    "backend.distribution_lib": DISTRIBUTION,
    "backend.common.remat": STATELESS,
    "backend.common.symbolic_scope": BACKENDS,
    "backend.compute_output_spec": BACKENDS,
    "backend.common.global_state": INTERNALS,
    "backend.StatelessScope": STATELESS,
    "backend.AutocastScope": DTYPES,
    "backend.get_keras_mask": SEQUENCES,
    "backend.set_keras_mask": SEQUENCES,
    "backend.tensorflow": FRAMEWORK,
    "backend.torch": FRAMEWORK,
    "backend.jax": FRAMEWORK,
    "dtype_policies": DTYPES,
    "legacy": FORMATS,
    "export": FORMATS,
    "applications": APPLICATIONS,
    "layers.attention": SEQUENCES,
    "layers.rnn": SEQUENCES,
    **dict.fromkeys(("layers.Embedding", "layers.LSTM", "layers.GRU", "layers.SimpleRNN", "layers.RNN",
                     "layers.TimeDistributed", "layers.MultiHeadAttention", "layers.Attention", "layers.Masking",
                     "layers.Bidirectional", "layers.TextVectorization", "layers.StringLookup"), SEQUENCES),
    **dict.fromkeys((f"layers.{kind}3D" for kind in (
        "Conv", "MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling", "UpSampling", "ZeroPadding",
        "Cropping", "SpatialDropout")), ONE_AND_THREE),
    **dict.fromkeys(("layers.SeparableConv1D", "layers.DepthwiseConv1D", "layers.Conv1DTranspose"), ONE_AND_THREE),
    "layers.Conv3DTranspose": ONE_AND_THREE,
}


def reason_for_name(path: str) -> str | None:
    """Why what has this path below `keras.src` is out of scope, or None."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        reason = _NAMES.get(".".join(parts[:length]))
        if reason:
            return reason
    return None


class Rule(NamedTuple):
    """Tests that are out of scope by what they are called.

    Attributes:
        pattern: Found in the name of the test.
        reason: Why.
        files: Found in the path of the file.
    """

    pattern: str
    reason: str
    files: str = ""


RULES = (
    Rule(r"quantiz|gptq|awq|int4|int8|float8|lora", QUANTIZATION),
    Rule(r"_sparse(_|$)|sparse_tensor|ragged", SPARSE, "layers/|models/|optimizers/"),
    Rule(r"dtype_polic|mixed_precision|autocast|float16|loss_scale", DTYPES),
    Rule(r"_jax|_torch|tf_data|_tf(_|$)|tensorflow|grain", FRAMEWORK),
    Rule(r"remat|jit_compile", STATELESS),
    Rule(r"stateless", STATELESS, "layers/|metrics/|models/|optimizers/"),
    Rule(r"3[dD](_|$|[A-Z0-9])", ONE_AND_THREE, "convolutional/|pooling/|reshaping/|spatial_dropout"),
    Rule(r"1[dD](_|$|[A-Z0-9])", ONE_AND_THREE, "conv_transpose|depthwise_conv|separable_conv"),
    Rule(r"_mask(_|$|ed|ing)|masking|embedding|attention|rnn|lstm", SEQUENCES),
    Rule(r"bounding_box", BOXES),
    Rule(r"distributed|multi_device", DISTRIBUTION),
    Rule(r"legacy_(h5|load)|_h5_format|endpoint_h5|load_weights_h5_|saved_model|export|onnx", FORMATS,
         "saving/|models/|layers/"),
    Rule(r"global_seed_generator", NOTHING, "utils/"),
    # By attributes with an underscore: how much memory a save takes, which is to leave half a file behind if it fails,
    # and what arguments are known to all layers.
    Rule(r"save_model_exception_raised", INTERNALS, "saving/"),
    Rule(r"register_call_context_arguments_after_call", INTERNALS, "layers/"),
)


def reason_for_test(file: str, test: str) -> str | None:
    """Why a test of a file in scope is out of scope by its name, or None."""
    for rule in RULES:
        if re.search(rule.files, file) and re.search(rule.pattern, test):
            return rule.reason
    return None


# Words that say nothing about what an error is about.
COMMON_WORDS = frozenset((
    "must", "should", "have", "with", "that", "this", "from", "only", "when", "none", "been", "does", "than",
    "keras", "fashioncnn", "supported", "expected", "received", "invalid", "argument", "value", "values", "shape",
    "layer", "layers", "model", "input", "inputs", "output", "outputs", "class", "instance", "type", "name",
))

# Files that can be loaded only under the name of one of Keras's own backends.
BACKEND_NAMES = {"trainers/trainer_test.py": "tensorflow"}

# Tests that no rule can decide: the feature that they depend on, and why the error does not name it.
ABSENT = {
    "layers/layer_test.py::LayerTest.test_trainable_setting":
        ("variables of a layer of your own", "the state of a SeedGenerator is one"),
    "layers/normalization/layer_normalization_test.py::LayerNormalizationTest.test_ln_basics":
        ("inputs of no numbers", "an axis of one of its inputs has a length of 0"),
    "layers/preprocessing/image_preprocessing/center_crop_test.py::CenterCropTest.test_dynamic_spatial_dims":
        ("batches of several shapes", "one predict() gets them"),
    "layers/reshaping/flatten_test.py::FlattenTest.test_flatten_with_dynamic_batch_size_and_dynamic_dimenstions":
        ("batches of several shapes", "one fit() or predict() gets them"),
    "layers/reshaping/reshape_test.py::ReshapeTest.test_reshape_model_fit_with_varying_input_size_and_minus_one":
        ("batches of several shapes", "one fit() or predict() gets them"),
    **{f"models/model_test.py::ModelTest.test_functional_{name}":
       ("objectives that are checked late", "compile() refuses what does not fit, Keras's fit() does")
       for name in ("dict_outputs_dict_losses_invalid_keys", "dict_outputs_dict_metrics_invalid_keys",
                    "list_outputs_dict_losses_invalid_keys", "list_outputs_dict_losses_no_output_names",
                    "list_outputs_dict_metrics_invalid_keys")},
    "models/model_test.py::ModelTest.test_functional_list_outputs_invalid_nested_list_losses":
        ("several losses for one output", "a list of two"),
    **{f"models/model_test.py::ModelTest.test_functional_{name}": ("losses of your own", "functions of nested outputs")
       for name in ("deeply_nested_outputs_struct_losses", "struct_outputs_namedtuple_struct_losses",
                    *(f"struct_outputs_struct_losses{case}" for case in range(8)))},
    "models/model_test.py::ModelTest.test_functional_list_outputs_with_custom_compute_loss":
        ("models of your own", "a class with compute_loss()"),
    "optimizers/optimizer_test.py::OptimizerTest.test_ema_with_model_fit":
        ("targets that are broadcast", "one target for two outputs"),
    "saving/saving_api_test.py::SaveModelTests.test_objects_to_skip_with_functional_subclass_attribute_layer":
        ("models of your own", "an attribute that is a layer counts as one of the layers"),
    "saving/saving_lib_test.py::SafeZipReadTest.test_load_model_rejects_extraction_bomb":
        ("assets in files", "the bomb is in a member that fashioncnn does not read"),
    "saving/saving_lib_test.py::SavingTest.test_save_to_fileobj":
        ("files that are open", "save_model() and load_model() of Keras's inner module take a stream"),
}
