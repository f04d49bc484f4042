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
        nodes: One mapping for each node, inputs before their users. Every node has ``type`` (str), ``name`` (str, the
            user's layer, for messages), ``inputs`` (tuple of positions of earlier nodes), if wanted ``shares``
            (position of an earlier node with parameters of the same shapes, which it uses, too) and ``training`` (True
            or False: it acts as in training, or in inference, where `predict` does not say it), and the attributes of
            its type:

            ========================= ===================================================================
            input                     shape (tuple, without the batch axis); no inputs
            conv2d                    filters, kernel_size (h, w), strides (h, w), padding "valid" or "same",
                                      dilation_rate (h, w), use_bias (bool)
            grouped_conv2d            groups, and as conv2d
            conv2d_transpose          as conv2d; output_padding (h, w) or not given
            depthwise_conv2d          depth_multiplier, and as conv2d without filters
            dense                     units, use_bias; acts on the last axis
            activation                function "linear", "relu" (+ negative_slope, max_value, threshold), "sigmoid",
                                      "tanh", "elu" (+ alpha), "selu", "softplus", "softsign", "gelu", "gelu_tanh",
                                      "silu", "exponential", "hard_sigmoid", "celu" (+ alpha), "hard_shrink"
                                      (+ threshold), "hard_silu", "hard_tanh", "log_sigmoid", "mish", "soft_shrink"
                                      (+ threshold), "sparse_plus", "sparse_sigmoid", "squareplus" (+ b),
                                      "tanh_shrink", "threshold" (+ threshold, default_value)
            activity_regularization   l1, l2 (absent: 0), of a penalty for its input, which it hands on
            softmax                   along (1 for each axis that the sum runs over, 0 for the others; absent: the last)
            log_softmax               the same
            sparsemax                 the same
            glu                       axis, counted from 0 (absent: the last)
            prelu                     along (1 for each axis along which alpha differs)
            normalization             along (1 for each axis of a group), kind "standard" (+ epsilon), "variance"
                                      (+ epsilon), "rms" (+ epsilon), "unit"
            affine                    along (1 for each axis along which the weights differ), scale (the weight's name:
                                      "gamma", "scale", or "" for none), offset (bool: "beta")
            max_pooling2d             pool_size (h, w), strides (h, w), padding
            average_pooling2d         the same
            global_average_pooling2d  keepdims (bool)
            global_max_pooling2d      keepdims (bool)
            reshape                   target_shape (tuple of sizes; Flatten is (n,))
            permute                   dims (tuple of axes, from 0 on)
            dropout                   rate, seed; noise_shape (tuple, 1 or the input's extents) and one_for_all (bool:
                                      all images have the same mask) where they are wanted
            alpha_dropout             the same
            gaussian_dropout          rate, seed
            gaussian_noise            stddev, seed
            rescaling                 scale, offset: numbers, or tuples of one for each channel
            standardization           along (1 for each axis along which the numbers differ), invert (bool); mean,
                                      variance (tuples of numbers) where they are no parameters
            random_brightness         factor (low, high), value_range (low, high), seed
            random_contrast           the same
            random_crop               size (h, w), seed
            random_erasing            factor, scale, value_range (low, high), seed; fill_value (a number, or one for
                                      each channel), or deviation, of noise
            random_flip               horizontal, vertical (bool), seed
            random_rotation           factor (low, high), parts of a turn; fill_mode "constant", "nearest", "reflect",
                                      "wrap", fill_value, interpolation "nearest", "bilinear", seed
            random_translation        height_factor, width_factor (low, high), parts of the image; and as the rotation
            random_zoom               the same; width_factor, where it is not the height's
            zero_padding2d            padding (top, bottom, left, right); value, where it is not 0
            cropping2d                cropping (top, bottom, left, right)
            up_sampling2d             size (h, w): how many times as large
            resizing                  size (h, w) of the output, interpolation "nearest", "bilinear", "bicubic",
                                      "lanczos3", "lanczos5", antialias (bool)
            add                       inputs of one shape, or broadcast as NumPy does without the batch axis
            average                   the same
            multiply                  the same
            maximum                   the same
            minimum                   the same
            subtract                  the same, of two inputs
            concatenate               axis (from 0 on); inputs alike but for that axis
            dot                       two inputs, matrices (..., M, K) and (..., K, N) for each index before
            divide                    two inputs, broadcast as NumPy does
            power                     the same
            equal                     the same: 1 or 0, without a gradient
            not_equal                 the same
            greater                   the same
            greater_equal             the same
            less                      the same
            less_equal                the same
            by_training               two inputs of one shape: the first in training, the second in inference
            where                     three inputs, broadcast: the second where the first is not 0, else the third
            function                  function "absolute", "ceil", "clip" (+ low, high), "cos", "erf", "expm1", "floor",
                                      "log", "log1p", "power" (+ exponent), "reciprocal", "round", "rsqrt", "sign",
                                      "sin", "sqrt", "square", "stop_gradient", "trunc"
            over_batch                kind "sum", "mean", of each number over all images, the same for every one
            reduce                    kind "sum", "mean", "max", "min", "prod"; first, last (axes, from 0 on); keepdims
            slice                     begin, step, reverse (0 or 1), extent: one of each for every axis
            pad                       begin, step, reverse, whole: the input is that part of an output of the shape
                                      `whole`; value (absent: 0), of the rest
            weight                    shape; the input is one of the network's, and only says where the weight belongs
            constant                  shape, values; the same
            batch_normalization       center, scale (bool), epsilon, momentum; over the last axis
            ========================= ===================================================================

        outputs: Positions of the nodes whose outputs are the network's; None: the last one.

    Where a network has several inputs or outputs, arrays come in tuples, with one for each; so do losses and metrics.

    Vectors have P numbers each, P being the size of all parameters: "weights" (zeros at first), "gradients" (as the
    last `compute_gradients` left them) and the optimizer's slots.
    """

    def __init__(self, nodes: Sequence[Mapping[str, Any]], outputs: Sequence[int] | None = None) -> None: ...
    @property
    def input_shapes(self) -> list[tuple[int, ...]]:
        """Without the batch axis, as the others."""
    @property
    def output_shapes(self) -> list[tuple[int, ...]]: ...
    @property
    def node_shapes(self) -> list[tuple[int, ...]]:
        """Shapes of all nodes' outputs."""
    @property
    def parameters(self) -> list[tuple[int, str, tuple[int, ...], int]]:
        """(node, name, shape, offset into the vectors) of every parameter: "kernel" before "bias", nodes in order.

        Parameters that several nodes share are listed with the first.
        """
    @property
    def optimizer_slots(self) -> list[str]:
        """Their names, in the order of Keras's variables: momentum, velocity for Adam."""
    trainable: list[bool]
    """One truth value a parameter; of a statistic (moving mean, moving variance), whether it moves in training."""
    @property
    def optimized(self) -> list[bool]:
        """One truth value a parameter: whether an optimizer may change it. It is trainable, and no statistic."""
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

    keeps_profile: bool
    """Whether the calls that compute are timed; when it is set, what was counted before is forgotten. So it is of
    calls before other parameters became trainable, or another objective was set."""

    def profile(
        self,
    ) -> list[tuple[str, int, int, float, float, list[tuple[tuple[str, ...], str, float, float, float, float, float]]]]:
        """Where the time of the calls went, for each purpose of which there were any.

        Returns:
            The purpose: "training", "inference", "inference as in training", "inference as told"; the number of passes,
            and of their images; the seconds of all passes, and the same times the threads that each could use; then
            the stages: names of the layers of a step of the plan (none: it is done for no step in particular), what is
            done, the seconds that all threads together spent on it, and those that they waited after it,
            multiply-adds of an image, bytes of an image, bytes of a pass.
        """
    def set_objective(
        self,
        loss: Mapping[str, Any] | tuple[Mapping[str, Any] | None, ...] | None,
        metrics: Sequence[Mapping[str, Any]] | tuple[Sequence[Mapping[str, Any]], ...],
    ) -> None:
        """Chooses the losses and what is counted in each step: all, or nothing after an error.

        Args:
            loss: None: the output has no loss. ``type`` "sparse_categorical_crossentropy" (from_logits, ignore_class,
                axis), "categorical_crossentropy" and "binary_crossentropy" (from_logits, label_smoothing, axis),
                "categorical_focal_crossentropy" (the same, alpha, gamma), "binary_focal_crossentropy" (the same,
                apply_class_balancing), "categorical_generalized_cross_entropy" (q), "mean_squared_error",
                "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error", "huber"
                (delta), "log_cosh", "poisson", "kl_divergence", "cosine_similarity" (axis), "hinge", "squared_hinge",
                "categorical_hinge", "dice" (axis), "tversky" (alpha, beta, axis), "value" (the prediction is the
                loss, and the target is not looked at); each with reduction
                "sum_over_batch_size" (the default), "sum", "mean_with_sample_weight" or "none", and factor. An axis is
                the last one, but those of "dice" and "tversky" are one or several of an image's; all count the batch's
                as 0. A final softmax or sigmoid is computed together with its crossentropy (a focal one: with a
                sigmoid), where nobody else reads its output, and no class is ignored.
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
    def set_rules(
        self, regularizers: Sequence[Mapping[str, Any] | None], constraints: Sequence[Mapping[str, Any] | None], /
    ) -> None:
        """Chooses what the parameters obey while they are trainable: one regularizer and one constraint each, or None.

        Args:
            regularizers: ``type`` "l1_l2" (l1, l2), "orthogonal" (factor, mode "rows" or "columns"). Their penalties
                are part of the loss and of the gradients.
            constraints: ``type`` "non_neg", "norm" (min_value, max_value, rate, summed: for each axis whether a norm is
                a sum over it). They act after each update.
        """
    def train_step(
        self,
        x: np.ndarray | tuple[np.ndarray, ...],
        y: np.ndarray | tuple[np.ndarray | None, ...],
        order: NDArray[np.int64] | None,
        start: int,
        stop: int,
        sample_weight: NDArray[np.float32] | tuple[NDArray[np.float32] | None, ...] | None = None,
        outputs: NDArray[np.float32] | tuple[NDArray[np.float32] | None, ...] | None = None,
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
            The loss, which is the sum of all outputs' losses times their factors; where there are several outputs, each
            one's loss without its factor, 0 where it has none; then of every metric its sum, and the number of images
            or the sum of their weights.
        """
    def test_step(
        self,
        x: np.ndarray | tuple[np.ndarray, ...],
        y: np.ndarray | tuple[np.ndarray | None, ...],
        order: NDArray[np.int64] | None,
        start: int,
        stop: int,
        sample_weight: NDArray[np.float32] | tuple[NDArray[np.float32] | None, ...] | None = None,
        outputs: NDArray[np.float32] | tuple[NDArray[np.float32] | None, ...] | None = None,
        /,
    ) -> tuple[float, ...]:
        """As `train_step`, in inference mode and without an update."""
    def compute_gradients(
        self,
        x: np.ndarray | tuple[np.ndarray, ...],
        y: np.ndarray | tuple[np.ndarray | None, ...],
        order: NDArray[np.int64] | None,
        start: int,
        stop: int,
        sample_weight: NDArray[np.float32] | tuple[NDArray[np.float32] | None, ...] | None = None,
        outputs: NDArray[np.float32] | tuple[NDArray[np.float32] | None, ...] | None = None,
        /,
    ) -> tuple[float, ...]:
        """The first half of `train_step`: fills the gradients."""
    def apply_gradients(self) -> None:
        """The second half: one update from the gradients."""
    def predict(
        self,
        x: np.ndarray | tuple[np.ndarray, ...],
        start: int,
        stop: int,
        out: NDArray[np.float32] | tuple[NDArray[np.float32] | None, ...],
        training: bool | None = False,
    ) -> tuple[float, ...]:
        """out[start:stop] = predictions for the rows start:stop of x. Results do not depend on how rows are grouped;
        but as in training, all rows are one batch. None: each node acts as it was told, others as in inference.

        Returns:
            What each node "activity_regularization" would add to the loss, in their order.
        """
    def read(self, vector: str, offset: int, values: NDArray[np.float32], /) -> None:
        """Fills `values` with the numbers of a vector from `offset` on."""
    def write(self, vector: str, offset: int, values: NDArray[np.float32], /) -> None:
        """Replaces the numbers of a vector from `offset` on by `values`."""

def describe(
    nodes: Sequence[Mapping[str, Any]],
) -> tuple[list[tuple[int, ...]], list[tuple[int, str, tuple[int, ...], int]]]:
    """What `Network(nodes)` would have as `node_shapes` and `parameters`, at no cost; nodes need no use."""

def take_locks() -> None:
    """Waits, before a fork, until no network is in use, and keeps it so; in the meantime Python goes on."""

def give_locks() -> None:
    """Undoes `take_locks`, after the fork: in the parent and in the child."""

def get_num_threads() -> int: ...
def set_num_threads(count: int) -> None:
    """0: automatic."""
def winograd() -> bool:
    """Whether convolutions may run by Winograd's algorithm."""
def set_winograd(value: bool, /) -> None:
    """Networks that have run are planned again at their next call."""
def instruction_set() -> str:
    """The kernels in use: "baseline", "avx2", "avx512" or "neon"; FASHIONCNN_CPU chooses, when the core is loaded."""
def cpu_features() -> str: ...
def measure_peak() -> float:
    """Multiply-adds a second that a core can do: those of a product of small matrices. Takes some milliseconds."""
def first_nonfinite_row(x: np.ndarray) -> int:
    """Position of the first row of x with a NaN or an infinity, or -1. Runs on all threads."""
def random_uniform(out: NDArray[np.float32], seed: int, stream: int, low: float, high: float) -> None: ...
def random_normal(
    out: NDArray[np.float32], seed: int, stream: int, mean: float, deviation: float, truncated: bool = False
) -> None: ...
def permutation(count: int, seed: int, stream: int) -> NDArray[np.int64]:
    """A random order of range(count): the same for the same seed and stream on every machine."""
def resample(
    x: np.ndarray,
    transforms: NDArray[np.float32],
    y: NDArray[np.float32],
    fill_mode: str,
    fill_value: float,
    bilinear: bool,
) -> None:
    """Images (N, H, W, C) of any type, seen through projective transforms (N or 1, 8) as TensorFlow has them."""
def read_idx(path: str) -> np.ndarray:
    """Array of an IDX file, gzipped or not. OSError, or DataError for a damaged one."""
