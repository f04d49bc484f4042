"""The C core as Python sees it. Everything numerical happens behind these names.

Errors: ValueError (a value, shape, label or name that does not fit; the message names the argument), TypeError (an
element type that cannot be used), MemoryError, OSError, DataError (a damaged file), FloatingPointError (a loss that is
not finite). After an error a network is as it was before the call.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

class DataError(ValueError):
    """A data file whose content is damaged or not what it claims to be."""

class Network:
    """Parameters, gradients, optimizer state and plan of one network.

    Args:
        nodes: One mapping for each node, inputs before their users; the last one is the output. Every node has
            ``type`` (str), ``name`` (str, the user's layer, for messages), ``inputs`` (tuple of positions of earlier
            nodes) and the attributes of its type:

            ========================= ===================================================================
            input                     shape (tuple, without the batch axis); no inputs
            conv2d                    filters, kernel_size (h, w), strides (h, w), padding "valid" or "same",
                                      dilation_rate (h, w), use_bias (bool)
            dense                     units, use_bias; acts on the last axis
            activation                function "linear", "relu" (+ negative_slope, max_value, threshold), "sigmoid",
                                      "tanh", "elu" (+ alpha), "selu", "softplus", "softsign", "gelu", "gelu_tanh",
                                      "silu", "exponential", "hard_sigmoid"
            softmax                   over the last axis
            max_pooling2d             pool_size (h, w), strides (h, w), padding
            average_pooling2d         the same
            global_average_pooling2d  keepdims (bool)
            global_max_pooling2d      keepdims (bool)
            reshape                   target_shape (tuple of sizes; Flatten is (n,))
            dropout                   rate
            rescaling                 scale, offset
            zero_padding2d            padding (top, bottom, left, right)
            add                       two or more inputs
            ========================= ===================================================================

            Parameters of a node with ``trainable`` False are not updated.

    All arrays handed out (`weights`, `gradients`, `optimizer_slots`) are views of the core's memory: writing to them
    changes the network. They stay valid as long as they are referenced.
    """

    def __init__(self, nodes: Sequence[Mapping[str, Any]]) -> None: ...
    @property
    def input_shape(self) -> tuple[int, ...]: ...
    @property
    def output_shapes(self) -> list[tuple[int, ...]]:
        """Of every node, without the batch axis."""
    @property
    def parameters(self) -> list[tuple[int, str, tuple[int, ...], int]]:
        """(node, name, shape, offset into `weights`) of every parameter: "kernel" before "bias", nodes in order."""
    @property
    def weights(self) -> NDArray[np.float32]:
        """(P,) every parameter, zeros at first."""
    @property
    def gradients(self) -> NDArray[np.float32]:
        """(P,) as the last `compute_gradients` left them."""
    @property
    def optimizer_slots(self) -> list[tuple[str, NDArray[np.float32]]]:
        """(name, (P,) values), in the order of Keras's variables: momentum, velocity for Adam."""
    trainable: list[bool]
    """One truth value a parameter."""
    iterations: int
    """Number of updates made."""
    learning_rate: float
    """What the next update uses."""
    seed: int
    """Key of the dropout masks."""
    random_step: int
    """Counts training steps; with `seed` it determines the next step's dropout masks."""
    check_finite: bool
    """Whether a training step with a NaN or infinite loss raises FloatingPointError (before anything is updated)."""

    def set_loss(self, loss: Mapping[str, Any]) -> None:
        """Chooses the loss: ``type`` "sparse_categorical_crossentropy" (from_logits), "categorical_crossentropy"
        (from_logits, label_smoothing), "binary_crossentropy" (from_logits, label_smoothing), "mean_squared_error",
        "mean_absolute_error", "huber" (delta). A final softmax or sigmoid is computed together with its
        crossentropy."""
    def set_optimizer(self, optimizer: Mapping[str, Any]) -> None:
        """Chooses the optimizer, with zero slots and iterations 0: ``type`` "adam" (beta_1, beta_2, epsilon, amsgrad),
        "sgd" (momentum, nesterov), "rmsprop" (rho, momentum, epsilon, centered); each with weight_decay, clipnorm,
        global_clipnorm, clipvalue (0 or absent: none)."""
    def set_metrics(self, metrics: Sequence[Mapping[str, Any]]) -> None:
        """Chooses what is counted in each step: ``type`` "sparse_categorical_accuracy", "categorical_accuracy",
        "binary_accuracy" (threshold), "sparse_top_k_categorical_accuracy" (k), "top_k_categorical_accuracy" (k); each
        with weighted (bool)."""
    def metric_totals(self) -> list[tuple[float, float]]:
        """(sum, number of images or sum of their weights) of every metric since the last reset."""
    def reset_metrics(self) -> None: ...
    def train_step(
        self,
        x: np.ndarray,
        y: np.ndarray,
        order: NDArray[np.int64] | None,
        start: int,
        stop: int,
        sample_weight: NDArray[np.float32] | None = None,
    ) -> float:
        """One update from the rows order[start:stop] (start:stop where order is None) of x and y; returns the batch's
        loss.

        Args:
            x: (rows, \\*input_shape), any number type and strides; a missing channel axis of 1 is supplied.
            y: For the sparse losses integer labels (rows,), (rows, 1) or (rows, \\*output_shape[:-1]); else numbers of
                the output's shape ((rows,) will do for (rows, 1)).
            sample_weight: (rows,), one weight an image.
        """
    def test_step(
        self,
        x: np.ndarray,
        y: np.ndarray,
        order: NDArray[np.int64] | None,
        start: int,
        stop: int,
        sample_weight: NDArray[np.float32] | None = None,
    ) -> float:
        """As `train_step`, in inference mode and without an update."""
    def compute_gradients(
        self,
        x: np.ndarray,
        y: np.ndarray,
        order: NDArray[np.int64] | None,
        start: int,
        stop: int,
        sample_weight: NDArray[np.float32] | None = None,
    ) -> float:
        """The first half of `train_step`: fills `gradients`, returns the loss."""
    def apply_gradients(self) -> None:
        """The second half: one update from `gradients`."""
    def last_outputs(self) -> NDArray[np.float32]:
        """(batch, \\*output_shape) a copy of the predictions of the last train_step, test_step or compute_gradients."""
    def predict(self, x: np.ndarray, start: int, stop: int, out: NDArray[np.float32], training: bool = False) -> None:
        """out[start:stop] = predictions for the rows start:stop of x. Results do not depend on how rows are grouped."""

def get_num_threads() -> int: ...
def set_num_threads(count: int) -> None:
    """0: automatic."""
def instruction_set() -> str:
    """The kernels in use: "baseline", "avx2", "avx512" or "neon"; FASHIONCNN_CPU chooses at import."""
def cpu_features() -> str: ...
def first_nonfinite_row(x: np.ndarray) -> int:
    """Position of the first row of x with a NaN or an infinity, or -1. Runs on all threads."""
def random_uniform(out: NDArray[np.float32], seed: int, stream: int, low: float, high: float) -> None: ...
def random_normal(
    out: NDArray[np.float32], seed: int, stream: int, mean: float, deviation: float, truncated: bool = False
) -> None: ...
def permutation(count: int, seed: int, stream: int) -> NDArray[np.int64]:
    """A random order of range(count): the same for the same seed and stream on every machine."""
def read_idx(path: str) -> np.ndarray:
    """Array of an IDX file, gzipped or not. OSError, or DataError for a damaged one."""
