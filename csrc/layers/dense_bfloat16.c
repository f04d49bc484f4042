/* dense_bfloat16.c - y = x W + b with factors rounded to bfloat16 and sums in float32.
 *
 * Forward:   y (N, O) = x (N, I) W (I, O) + b (O)
 * Backward:  dx = dy W^T,  dW = x^T dy,  db = sum over N of dy, which is not rounded
 *
 * Weights are read from memory for every group of images, and these products are so fast that it would take longer to
 * read them than to multiply. So a large layer, whose rows are images, goes through W once for all images of a block:
 * x is packed for all, then shards of W's columns yield their columns of y; backward, dy is packed as both products'
 * factor, then each shard of W's rows finds dx of its inputs and its gradients, and is updated.
 */
#include "dense_bfloat16.h"

#include "../base/sizes.h"
#include "../kernels/bfloat16.h"
#include "dense.h"

enum { PANEL = 32 };         /* columns of W, or rows, that are packed at once */
enum { SHARD_ROWS = PANEL }; /* rows of W whose gradient is one piece of work */
enum { SHARD_COLUMNS = 64 }; /* columns of W that are one, forward */
enum { PACK_COLUMNS = 128 }; /* columns of x or dy that are packed as one */
enum { LARGE = 1 << 15 };    /* parameters from which on factors are packed for all images */
enum { SUMMED = 256 };       /* images whose dy is one factor of dW */

_Static_assert(SHARD_COLUMNS % PANEL == 0, "shards are whole panels");
_Static_assert(PACK_COLUMNS % FCNN_TILE_DEPTH == 0 && PACK_COLUMNS % FCNN_TILE_ROWS == 0, "pieces are whole tiles");

/* ---- sizes ---- */

static size_t shards(size_t lines, size_t of_one) { return (lines + of_one - 1) / of_one; }
static size_t end_of(size_t shard, size_t of_one, size_t lines) { return smaller((shard + 1) * of_one, lines); }

/* Floats that a factor takes: so many rows of A or columns of B, and terms to sum over. */
static size_t factor_size(size_t lines, size_t terms) { return fcnn_tiles(lines) * fcnn_tiles_deep(terms) * FCNN_TILE; }

/* Rows that go through forward and backward at once. */
static size_t sweep_rows(const fcnn_dense *self) { return self->rows == 1 ? FCNN_DENSE_IMAGES : self->rows; }

static size_t scratch_size(const fcnn_dense *self)
{
    const size_t rows = sweep_rows(self);
    const size_t forward = factor_size(rows, self->inputs) + factor_size(PANEL, self->inputs);
    const size_t backward = factor_size(rows, self->outputs) + factor_size(PANEL, self->outputs);
    const size_t gradient = factor_size(PANEL, FCNN_TILE_DEPTH) + factor_size(self->outputs, FCNN_TILE_DEPTH);
    return larger(larger(forward, backward), larger(gradient, factor_size(PANEL, SUMMED)));
}

/* ---- packing ---- */

/* Packs `rows` rows of a matrix, `step` floats apart, and says where the next factor may begin. */
static uint32_t *pack(const fcnn_io *io, const float *x, size_t rows, size_t step, size_t columns, fcnn_factor factor,
                      uint32_t *tiles)
{
    const fcnn_patches matrix = fcnn_patches_of_rows(rows, step, columns);
    const int deep_columns = factor == FCNN_FACTOR_A || factor == FCNN_FACTOR_B_TRANSPOSED;
    const size_t lines = deep_columns ? rows : columns, terms = deep_columns ? columns : rows;
    io->bfloat16->pack(&matrix, x, columns, factor, fcnn_tiles_deep(terms), tiles);
    return tiles + factor_size(lines, terms);
}

/* ---- some images ---- */

/* y of `rows` rows whose factor is `a`, for columns [begin, end): by panels of W, packed at `b`. */
static void add_columns(const fcnn_layer *layer, const fcnn_io *io, const uint32_t *a, size_t rows, size_t begin,
                        size_t end, uint32_t *b, float *y, size_t ldy)
{
    const fcnn_dense *self = layer->config;
    const float *bias = fcnn_dense_bias(layer, io);
    for (size_t column = begin; column < end; column += PANEL) {
        const size_t columns = smaller(PANEL, end - column);
        pack(io, io->parameters + column, self->inputs, self->outputs, columns, FCNN_FACTOR_B, b);
        io->bfloat16->multiply(&(fcnn_product){.rows = rows,
                                               .columns = columns,
                                               .depth = fcnn_tiles_deep(self->inputs),
                                               .a = a,
                                               .b = b,
                                               .bias = bias ? bias + column : NULL,
                                               .c = y + column,
                                               .ldc = ldy});
    }
}

/* dx of `rows` rows whose dy is `a`, for up to PANEL inputs from `input` on. */
static void find_dx(const fcnn_dense *self, const fcnn_io *io, const uint32_t *a, size_t rows, size_t input,
                    size_t inputs, uint32_t *b, float *dx, size_t lddx)
{
    pack(io, io->parameters + input * self->outputs, inputs, self->outputs, self->outputs, FCNN_FACTOR_B_TRANSPOSED, b);
    io->bfloat16->multiply(&(fcnn_product){.rows = rows,
                                           .columns = inputs,
                                           .depth = fcnn_tiles_deep(self->outputs),
                                           .a = a,
                                           .b = b,
                                           .c = dx + input,
                                           .ldc = lddx});
}

/* How often forward and backward run, on how many rows each, and how far apart a row's neighbours are in x and y. */
typedef struct sweep {
    size_t times, step, rows, step_x, step_y;
} sweep;

static sweep plan_sweep(const fcnn_dense *self, size_t stride, size_t images)
{
    if (self->rows == 1)
        return (sweep){shards(images, FCNN_DENSE_IMAGES), FCNN_DENSE_IMAGES * stride, FCNN_DENSE_IMAGES, stride,
                       stride};
    return (sweep){images, stride, self->rows, self->inputs, self->outputs};
}

/* Of the sweep's turn number i; the last one may have fewer rows. */
static size_t rows_of(const fcnn_dense *self, const sweep *s, size_t i, size_t images)
{
    return smaller(s->rows, images * self->rows - i * s->rows);
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_dense *self = layer->config;
    const sweep s = plan_sweep(self, io->stride, images);
    for (size_t i = 0; i < s.times; i++) {
        const size_t rows = rows_of(self, &s, i, images);
        uint32_t *a = fcnn_words(io->scratch),
                 *b = pack(io, io->x[0] + i * s.step, rows, s.step_x, self->inputs, FCNN_FACTOR_A, a);
        add_columns(layer, io, a, rows, 0, self->outputs, b, io->y + i * s.step, s.step_y);
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_dense *self = layer->config;
    const sweep s = plan_sweep(self, io->stride, images);
    for (size_t i = 0; i < s.times; i++) {
        const size_t rows = rows_of(self, &s, i, images);
        uint32_t *a = fcnn_words(io->scratch),
                 *b = pack(io, io->dy + i * s.step, rows, s.step_y, self->outputs, FCNN_FACTOR_A, a);
        for (size_t input = 0; input < self->inputs; input += PANEL)
            find_dx(self, io, a, rows, input, smaller(PANEL, self->inputs - input), b, io->dx[0] + i * s.step,
                    s.step_x);
    }
}

/* ---- gradients ---- */

static void gradient_range(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end)
{
    const fcnn_dense *self = layer->config;
    const size_t last = end_of(shard, SHARD_ROWS, self->inputs);
    *begin = shard * SHARD_ROWS * self->outputs;
    *end = last < self->inputs ? last * self->outputs : fcnn_layer_parameter_size(layer);
}

/* The shard's gradient = or += x^T dy, of rows whose dy is `b`, packed with the same depth. x is packed at `a`. */
static void add_gradient(const fcnn_dense *self, const fcnn_io *io, const float *x, size_t rows, size_t step,
                         const uint32_t *b, size_t shard, int accumulate, uint32_t *a)
{
    const size_t first = shard * SHARD_ROWS, inputs = end_of(shard, SHARD_ROWS, self->inputs) - first;
    pack(io, x + first, rows, step, inputs, FCNN_FACTOR_A_TRANSPOSED, a);
    io->bfloat16->multiply(&(fcnn_product){.rows = inputs,
                                           .columns = self->outputs,
                                           .depth = fcnn_tiles_deep(rows),
                                           .a = a,
                                           .b = b,
                                           .accumulate = accumulate,
                                           .c = io->gradient.values + (first * self->outputs - io->gradient.begin),
                                           .ldc = self->outputs});
}

/* By a tile's depth of rows at a time. */
static void gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const fcnn_dense *self = layer->config;
    const size_t matrices = self->rows == 1 ? 1 : images, rows = self->rows == 1 ? images : self->rows;
    const size_t step_x = self->rows == 1 ? io->stride : self->inputs;
    const size_t step_y = self->rows == 1 ? io->stride : self->outputs;
    int accumulate = io->gradient.accumulate;
    for (size_t i = 0; i < matrices; i++)
        for (size_t row = 0; row < rows; row += FCNN_TILE_DEPTH) {
            const size_t some = smaller(FCNN_TILE_DEPTH, rows - row);
            uint32_t *b = fcnn_words(io->scratch), *a = pack(io, io->dy + i * io->stride + row * step_y, some, step_y,
                                                             self->outputs, FCNN_FACTOR_B, b);
            add_gradient(self, io, io->x[0] + i * io->stride + row * step_x, some, step_x, b, shard, accumulate, a);
            accumulate = 1;
        }
    if (end_of(shard, SHARD_ROWS, self->inputs) == self->inputs)
        fcnn_dense_bias_gradient(layer, io, images);
}

/* ---- all images of a block ---- */

static void pack_forward(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const fcnn_dense *self = layer->config;
    const size_t first = shard * PACK_COLUMNS, columns = end_of(shard, PACK_COLUMNS, self->inputs) - first;
    const fcnn_patches rows = fcnn_patches_of_rows(images, io->stride, columns);
    io->bfloat16->pack(&rows, io->x[0] + first, columns, FCNN_FACTOR_A, fcnn_tiles_deep(self->inputs),
                       fcnn_words(io->packed) + first / FCNN_TILE_DEPTH * FCNN_TILE);
}

static void forward_shard(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const fcnn_dense *self = layer->config;
    add_columns(layer, io, fcnn_words(io->packed), images, shard * SHARD_COLUMNS,
                end_of(shard, SHARD_COLUMNS, self->outputs), fcnn_words(io->scratch), io->y, io->stride);
}

/* dy of SUMMED images from `first` on as a factor of dW, behind that of dx. */
static uint32_t *packed_for_gradient(const fcnn_dense *self, const fcnn_io *io, size_t images, size_t first)
{
    return fcnn_words(io->packed) + factor_size(images, self->outputs) + factor_size(self->outputs, first);
}

static void pack_backward(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const fcnn_dense *self = layer->config;
    const size_t first = shard * PACK_COLUMNS, columns = end_of(shard, PACK_COLUMNS, self->outputs) - first;
    const fcnn_patches rows = fcnn_patches_of_rows(images, io->stride, columns);
    if (io->dx[0])
        io->bfloat16->pack(&rows, io->dy + first, columns, FCNN_FACTOR_A, fcnn_tiles_deep(self->outputs),
                           fcnn_words(io->packed) + first / FCNN_TILE_DEPTH * FCNN_TILE);
    for (size_t image = 0; image < images; image += SUMMED) {
        const size_t some = smaller(SUMMED, images - image);
        pack(io, io->dy + image * io->stride + first, some, io->stride, columns, FCNN_FACTOR_B,
             packed_for_gradient(self, io, images, image) + factor_size(first, some));
    }
}

static void backward_gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const fcnn_dense *self = layer->config;
    const size_t first = shard * SHARD_ROWS, inputs = end_of(shard, SHARD_ROWS, self->inputs) - first;
    if (io->dx[0])
        find_dx(self, io, fcnn_words(io->packed), images, first, inputs, fcnn_words(io->scratch), io->dx[0],
                io->stride);
    for (size_t image = 0; image < images; image += SUMMED)
        add_gradient(self, io, io->x[0] + image * io->stride, smaller(SUMMED, images - image), io->stride,
                     packed_for_gradient(self, io, images, image), shard, io->gradient.accumulate || image > 0,
                     fcnn_words(io->scratch));
    if (end_of(shard, SHARD_ROWS, self->inputs) == self->inputs)
        fcnn_dense_bias_gradient(layer, io, images);
}

static const fcnn_layer_class dense_bfloat16_class = {
    .type = "dense",
    .forward = forward,
    .backward = backward,
    .gradient = gradient,
    .pack_forward = pack_forward,
    .forward_shard = forward_shard,
    .pack_backward = pack_backward,
    .backward_gradient = backward_gradient,
    .gradient_range = gradient_range,
};

void fcnn_dense_bfloat16_create(fcnn_layer *layer)
{
    const fcnn_dense *self = layer->config;
    layer->class = &dense_bfloat16_class;
    layer->bfloat16 = 1;
    layer->gradient_shards = shards(self->inputs, SHARD_ROWS);
    layer->scratch = scratch_size(self);
    if (self->rows > 1 || self->inputs * self->outputs < LARGE)
        return;
    layer->forward_shards = shards(self->outputs, SHARD_COLUMNS);
    layer->pack_shards[0] = shards(self->inputs, PACK_COLUMNS);
    layer->pack_shards[1] = shards(self->outputs, PACK_COLUMNS);
    const size_t backward = factor_size(FCNN_TILE_DEPTH, self->outputs) + factor_size(self->outputs, FCNN_TILE_DEPTH);
    layer->packed = larger(factor_size(FCNN_TILE_DEPTH, self->inputs), backward) / FCNN_TILE_DEPTH;
}
