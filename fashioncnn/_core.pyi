"""The C core as Python sees it. Everything numerical happens behind these names.

Errors: ValueError (a value, shape, label or name that does not fit; the message names the argument), TypeError (an
element type that cannot be used), MemoryError, OSError, DataError (a damaged file), FloatingPointError (a loss or a
weight that is not finite). After an error a network is as it was before the call; only where an update overflows that
nobody foresaw, other weights have taken the step.

Calls may come from several threads: those on one network run one after the other, without Python's lock. What a call
finds out it returns itself; nothing is fetched later, and no array shares the core's memory.
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
            dropout                   rate, seed
            rescaling                 scale, offset: numbers, or tuples of one for each channel
            zero_padding2d            padding (top, bottom, left, right)
            add                       two or more inputs
            ========================= ===================================================================

    Vectors have P numbers each, P being the size of all parameters: "weights" (zeros at first), "gradients" (as the
    last `compute_gradients` left them) and the optimizer's slots.
    """

    def __init__(self, nodes: Sequence[Mapping[str, Any]]) -> None: ...
    @property
    def input_shape(self) -> tuple[int, ...]: ...
    @property
    def output_shapes(self) -> list[tuple[int, ...]]:
        """Of every node, without the batch axis."""
    @property
    def parameters(self) -> list[tuple[int, str, tuple[int, ...], int]]:
        """(node, name, shape, offset into the vectors) of every parameter: "kernel" before "bias", nodes in order."""
    @property
    def optimizer_slots(self) -> list[str]:
        """Their names, in the order of Keras's variables: momentum, velocity for Adam."""
    trainable: list[bool]
    """One truth value a parameter."""
    decays: list[bool]
    """One truth value a parameter: whether the optimizer's weight decay acts on it; all do at first."""
    iterations: int
    """Number of updates made; with gradient_accumulation_steps, of batches that gradients came from."""
    learning_rate: float
    """What the next update uses."""
    random_step: int
    """Counts training steps; with a layer's seed it determines the next step's dropout masks."""
    check_finite: bool
    """Whether a target, a loss or an update that is NaN or infinite makes a training step raise. See above for what is
    changed then."""

    def set_objective(self, loss: Mapping[str, Any] | None, metrics: Sequence[Mapping[str, Any]]) -> None:
        """Chooses the loss and what is counted in each step: both, or neither after an error.

        Args:
            loss: ``type`` "sparse_categorical_crossentropy" (from_logits), "categorical_crossentropy" (from_logits,
                label_smoothing), "binary_crossentropy" (from_logits, label_smoothing), "mean_squared_error",
                "mean_absolute_error", "huber" (delta); each with reduction "sum_over_batch_size" (the default), "sum",
                "mean_with_sample_weight" or "none", and factor. A final softmax or sigmoid is computed together with
                its crossentropy.
            metrics: ``type`` "sparse_categorical_accuracy", "categorical_accuracy", "binary_accuracy" (threshold),
                "sparse_top_k_categorical_accuracy" (k), "top_k_categorical_accuracy" (k); each with weighted (bool).
        """
    def set_optimizer(self, optimizer: Mapping[str, Any], keep: bool = False, /) -> None:
        """Chooses the optimizer, with new slots and iterations 0; with `keep` slots of the same names, and iterations,
        stay.

        Args:
            optimizer: ``type`` "adam" (beta_1, beta_2, epsilon, amsgrad), "nadam" and "adamax" (beta_1, beta_2,
                epsilon), "lion" (beta_1, beta_2), "sgd" (momentum, nesterov), "rmsprop" (rho, momentum, epsilon,
                centered), "adagrad" (initial_accumulator_value, epsilon), "adadelta" (rho, epsilon), "ftrl"
                (learning_rate_power, initial_accumulator_value, l1_regularization_strength,
                l2_regularization_strength, l2_shrinkage_regularization_strength, beta); each with weight_decay,
                clipnorm, global_clipnorm, clipvalue (0 or absent: none), ema_momentum (absent: no average of weights
                is kept), ema_overwrite_frequency, gradient_accumulation_steps (absent: none).
            keep: See above.
        """
    def train_step(
        self,
        x: np.ndarray,
        y: np.ndarray,
        order: NDArray[np.int64] | None,
        start: int,
        stop: int,
        sample_weight: NDArray[np.float32] | None = None,
        outputs: NDArray[np.float32] | None = None,
        /,
    ) -> tuple[float, ...]:
        """One update from the rows order[start:stop] (start:stop where order is None) of x and y.

        Args:
            x: (rows, \\*input_shape), any number type and strides; a missing channel axis of 1 is supplied.
            y: For the sparse losses whole labels of any number type, (rows,), (rows, 1) or (rows,
                \\*output_shape[:-1]); else numbers of the output's shape ((rows,) will do for (rows, 1)).
            sample_weight: (rows,), one weight an image.
            outputs: (stop - start, \\*output_shape) to be filled with the batch's predictions.

        Returns:
            The loss; then of every metric its sum, and the number of images or the sum of their weights.
        """
    def test_step(
        self,
        x: np.ndarray,
        y: np.ndarray,
        order: NDArray[np.int64] | None,
        start: int,
        stop: int,
        sample_weight: NDArray[np.float32] | None = None,
        outputs: NDArray[np.float32] | None = None,
        /,
    ) -> tuple[float, ...]:
        """As `train_step`, in inference mode and without an update."""
    def compute_gradients(
        self,
        x: np.ndarray,
        y: np.ndarray,
        order: NDArray[np.int64] | None,
        start: int,
        stop: int,
        sample_weight: NDArray[np.float32] | None = None,
        outputs: NDArray[np.float32] | None = None,
        /,
    ) -> tuple[float, ...]:
        """The first half of `train_step`: fills the gradients."""
    def apply_gradients(self) -> None:
        """The second half: one update from the gradients."""
    def predict(self, x: np.ndarray, start: int, stop: int, out: NDArray[np.float32], training: bool = False) -> None:
        """out[start:stop] = predictions for the rows start:stop of x. Results do not depend on how rows are grouped."""
    def read(self, vector: str, offset: int, values: NDArray[np.float32], /) -> None:
        """Fills `values` with the numbers of a vector from `offset` on."""
    def write(self, vector: str, offset: int, values: NDArray[np.float32], /) -> None:
        """Replaces the numbers of a vector from `offset` on by `values`."""

def take_locks() -> None:
    """Waits, before a fork, until no network is in use, and keeps it so; in the meantime Python goes on."""

def give_locks() -> None:
    """Undoes `take_locks`, after the fork: in the parent and in the child."""

def get_num_threads() -> int: ...
def set_num_threads(count: int) -> None:
    """0: automatic."""
def instruction_set() -> str:
    """The kernels in use: "baseline", "avx2", "avx512" or "neon"; FASHIONCNN_CPU chooses, when the core is loaded."""
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
