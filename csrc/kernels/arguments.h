/* arguments.h - what kernels are told: the rows, images and windows they go through, which function, in which steps.
 */
#ifndef FCNN_ARGUMENTS_H
#define FCNN_ARGUMENTS_H

#include <stddef.h>
#include <stdint.h>

/* The ReLU behind an output, if there is one: what is below 0 becomes 0, and what is above `most` that; NaN stays. */
typedef struct fcnn_limits {
    int apply;
    float most; /* may be infinity */
} fcnn_limits;

static inline float fcnn_limit(float y, fcnn_limits limits)
{
    if (!limits.apply)
        return y;
    return y < 0.0f ? 0.0f : y > limits.most ? limits.most : y;
}

/* How the rows of a patch matrix, which is never built, are found in an image.
 *
 * Rows come in `lines` lines of `width`: row (i, j) begins line_step * i + step * j numbers into the image, and its
 * column run_number * run_length + l lies run[run_number] + l further on. A convolution's row is an output pixel, its
 * run the stretch of adjacent numbers (taps of one kernel row times channels) that the pixel sees in one image row. A
 * dense layer's row is an image, with one run. Padding is not known here: padded inputs are stored with their border.
 */
typedef struct fcnn_patches {
    size_t lines, width;
    ptrdiff_t line_step, step;
    const ptrdiff_t *run; /* (runs) */
    size_t runs, run_length;
    fcnn_limits limits; /* of forward's outputs */
} fcnn_patches;

/* The rows of a matrix, `step` floats apart. */
static inline fcnn_patches fcnn_patches_of_rows(size_t rows, size_t step, size_t columns)
{
    static const ptrdiff_t run = 0;
    return (fcnn_patches){
        .lines = 1, .width = rows, .step = (ptrdiff_t)step, .run = &run, .runs = 1, .run_length = columns};
}

/* What an image is beyond its border; with pixels a b c d: */
typedef enum fcnn_fill {
    FCNN_FILL_CONSTANT, /* k k k k | a b c d | k k k k */
    FCNN_FILL_NEAREST,  /* a a a a | a b c d | d d d d */
    FCNN_FILL_REFLECT,  /* d c b a | a b c d | d c b a */
    FCNN_FILL_WRAP      /* a b c d | a b c d | a b c d */
} fcnn_fill;

/* How an image (height, width, channels) is read between its pixels and beyond its border. */
typedef struct fcnn_resampling {
    size_t height, width, channels;
    fcnn_fill fill;
    float value;  /* k */
    int bilinear; /* else the nearest pixel's value */
} fcnn_resampling;

/* Floats that resample and resample_backward need as scratch: the image with a border. */
enum { FCNN_RESAMPLING_BORDER = 2 };
static inline size_t fcnn_resampling_scratch(const fcnn_resampling *how)
{
    return (how->height + 2 * FCNN_RESAMPLING_BORDER) * (how->width + 2 * FCNN_RESAMPLING_BORDER) * how->channels;
}

/* Whether these are small enough for an int32_t to count them, and each axis for floats to be exact: at most 2^21. */
int fcnn_resampling_fits(const fcnn_resampling *how);

typedef enum fcnn_activation {
    FCNN_LINEAR,
    FCNN_RELU,
    FCNN_SIGMOID,
    FCNN_TANH,
    FCNN_ELU,
    FCNN_SELU,
    FCNN_SOFTPLUS,
    FCNN_SOFTSIGN,
    FCNN_GELU,
    FCNN_GELU_TANH,
    FCNN_SILU,
    FCNN_EXPONENTIAL,
    FCNN_HARD_SIGMOID,
    FCNN_CELU,
    FCNN_HARD_SHRINK,
    FCNN_HARD_SILU,
    FCNN_HARD_TANH,
    FCNN_LOG_SIGMOID,
    FCNN_MISH,
    FCNN_SOFT_SHRINK,
    FCNN_SPARSE_PLUS,
    FCNN_SPARSE_SIGMOID,
    FCNN_SQUAREPLUS,
    FCNN_TANH_SHRINK,
    FCNN_THRESHOLD,
    FCNN_ACTIVATION_COUNT
} fcnn_activation;

typedef struct fcnn_activation_spec {
    fcnn_activation function;
    float negative_slope, max_value; /* RELU; not negative, max_value is infinity for none */
    float threshold;                 /* RELU, not negative; HARD_SHRINK, SOFT_SHRINK, THRESHOLD */
    float alpha;                     /* ELU, not negative; CELU, positive */
    float b;                         /* SQUAREPLUS; not negative */
    float default_value;             /* THRESHOLD */
} fcnn_activation_spec;

/* Mathematical functions of one number. */
typedef enum fcnn_function {
    FCNN_ABSOLUTE,
    FCNN_CEIL,
    FCNN_CLIP,
    FCNN_COS,
    FCNN_ERF,
    FCNN_EXPM1,
    FCNN_FIXED_POWER,
    FCNN_FLOOR,
    FCNN_LOG,
    FCNN_LOG1P,
    FCNN_RECIPROCAL,
    FCNN_ROUND, /* half to even */
    FCNN_RSQRT,
    FCNN_SIGN,
    FCNN_SIN,
    FCNN_SQRT,
    FCNN_SQUARE,
    FCNN_STOP_GRADIENT,
    FCNN_TRUNCATE,
    FCNN_FUNCTION_COUNT
} fcnn_function;

typedef struct fcnn_function_spec {
    fcnn_function function;
    float exponent;  /* FIXED_POWER */
    float low, high; /* CLIP; infinity for none */
} fcnn_function_spec;

/* How two numbers become one. A maximum and a minimum are NaN where either is; a comparison is 1 or 0. */
typedef enum fcnn_combination {
    FCNN_ADD,
    FCNN_SUBTRACT,
    FCNN_MULTIPLY,
    FCNN_DIVIDE,
    FCNN_MAXIMUM,
    FCNN_MINIMUM,
    FCNN_POWER,
    FCNN_EQUAL,
    FCNN_NOT_EQUAL,
    FCNN_GREATER,
    FCNN_GREATER_EQUAL,
    FCNN_LESS,
    FCNN_LESS_EQUAL
} fcnn_combination;

/* A pool's windows over an image (height, width, channels), already padded where it has to be. */
typedef struct fcnn_windows {
    size_t height, width, channels; /* input */
    size_t out_height, out_width;
    size_t pool_height, pool_width, stride_height, stride_width;
    size_t pad_top, pad_left; /* window (0, 0) starts at (-pad_top, -pad_left) */
} fcnn_windows;

/* An image as rows of channels, and y = (x - mean) * scale + offset for each channel. No gradient passes where y is not
 * between its limits. */
typedef struct fcnn_channels {
    size_t rows, channels;
    const float *mean, *scale, *offset; /* (channels); mean and offset NULL: 0 */
    fcnn_limits limits;
} fcnn_channels;

/* A convolution with a max pool behind it: each window of conv pixels has one winner, the only one with a gradient.
 *
 * `window` finds the patch of each window's first pixel; pixel number m of the window has its patch member[m] further
 * on. Windows lie in the pool's output (y, dy, winner) in lines of out_width, of which the first window.width are
 * looked at; and an image's winners begin stride floats after its neighbour's.
 */
typedef struct fcnn_pooled {
    fcnn_patches window;
    ptrdiff_t origin;        /* offset of the patch of window (0, 0) */
    const ptrdiff_t *member; /* (pool height * pool width) */
    size_t members;
    size_t out_width;
    int relu;   /* entries with y <= 0 have no gradient */
    int inside; /* all members of all windows lie in the image */
} fcnn_pooled;

/* A 3x3 or 5x5 convolution of stride 1 in square tiles. */
typedef struct fcnn_winograd {
    size_t tile;   /* m, outputs along a tile's edge: 4 or 5 for a kernel of 3, 2 or 3 for one of 5 */
    size_t kernel; /* r: 3 or 5 */
    size_t channels, outputs;
    size_t lines, width; /* of the output */
    size_t x_line;       /* floats from line to line of the input, whose pixels are `channels` apart */
    fcnn_limits limits;  /* of forward's outputs */
} fcnn_winograd;

/* A convolution of every channel by itself: output (i, j) sees with tap (a, b) the pixel
 * (i, j) * strides + (a, b) * dilation - before. Pixels outside of the image are 0. */
typedef struct fcnn_depthwise {
    size_t height, width, channels; /* of the image */
    size_t lines, columns;          /* of the output */
    size_t kernel[2], strides[2], dilation[2];
    ptrdiff_t before[2];
    ptrdiff_t y_line, y_step; /* floats from output to output, down and across */
    fcnn_limits limits;       /* of forward's outputs */
} fcnn_depthwise;

enum { FCNN_WINOGRAD_BLOCK = 24 }; /* tiles that winograd_forward handles at once: whole register tiles */
enum { FCNN_WINOGRAD_GRADIENT_BLOCK = 32, FCNN_WINOGRAD_IMAGES = 16 }; /* see winograd_weight_gradient */
enum { FCNN_POOLED_STRIP = 1024 }; /* floats of a strip of an image: pooled_small.c */
enum { FCNN_LIVE_WORD = 64 };      /* entries that a word has bits for: sparse.h */
enum { FCNN_POOLED_SLICE = 16 };   /* channels whose weights lie together in pooled_input_gradient_3x3 */
enum { FCNN_POOLED_IMAGES = 4 };   /* that it handles at once, at most */
enum { FCNN_DENSE_IMAGES = 16 };   /* that dense_input_gradient transposes, or a dense layer in parts runs, at once */
enum { FCNN_DENSE_LANES = 16 };    /* sums that dense_backward makes of a dx: the widest vector's lanes */

enum { FCNN_SUM_LANES = 64 }; /* sums that row_sum makes: four of the widest vectors */
enum { FCNN_SUM_ROWS = 32 };  /* that column_sums adds up at once */

/* What row_sum and column_sums add up. */
typedef enum fcnn_term {
    FCNN_NUMBER,          /* a */
    FCNN_PRODUCT,         /* a * b, added with one rounding */
    FCNN_NEGATIVE_PRODUCT /* a * b where b is negative */
} fcnn_term;

/* Element types of arrays that users pass. */
typedef enum fcnn_dtype {
    FCNN_BOOL,
    FCNN_INT8,
    FCNN_UINT8,
    FCNN_INT16,
    FCNN_UINT16,
    FCNN_INT32,
    FCNN_UINT32,
    FCNN_INT64,
    FCNN_UINT64,
    FCNN_FLOAT16,
    FCNN_FLOAT32,
    FCNN_FLOAT64,
    FCNN_DTYPE_COUNT
} fcnn_dtype;

/* Numbers that hold for one whole step of an optimizer; computed once, in double, then rounded. */
typedef struct fcnn_update {
    float rate; /* the optimizer's step size; Adam: learning_rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) */
    float rate_of_gradient, epsilon; /* Nadam: see there */
    float decay;                     /* learning_rate * weight_decay; 0: none */
    float clip_value;                /* gradients are clipped to +- this; infinity: not */
    float clip_scale;                /* gradients are multiplied by this: clipping by norm, averaging; 1: not */
    int keeps_finite; /* where a new number would not be finite, the element's weight and slots stay as they were */
} fcnn_update;

/* True for activations whose derivative is computed from y alone (so that x need not be kept). */
int fcnn_activation_reads_output(const fcnn_activation_spec *spec);

/* Floats of scratch memory of the pooled gradients: weights for at most `shard` of the `outputs` at once. */
size_t fcnn_pooled_scratch(const fcnn_pooled *pooled, size_t outputs, size_t shard);

/* Tiles of one image. */
size_t fcnn_winograd_tiles(const fcnn_winograd *winograd);

/* (m + r - 1)^2: the matrices of a block, and of a transformed kernel; 0 where tile is 0. */
size_t fcnn_winograd_products(const fcnn_winograd *winograd);

/* Floats from one of these matrices to the next. */
size_t fcnn_winograd_step(size_t columns);
size_t fcnn_winograd_kernel_step(const fcnn_winograd *winograd);

/* Floats of scratch memory of winograd_forward, whole cache lines; 0 where tile is 0. */
size_t fcnn_winograd_scratch(const fcnn_winograd *winograd);

/* The same of winograd_weight_gradient, for so many channels at once; its matrices are these floats apart: those with a
 * row for each tile of a block, and the sums. */
size_t fcnn_winograd_gradient_scratch(const fcnn_winograd *winograd, size_t channels);
size_t fcnn_winograd_gradient_step(size_t columns);
size_t fcnn_winograd_sums_step(const fcnn_winograd *winograd, size_t channels);

#endif
