/* conv2d_bfloat16.c - y = x * W + b with factors rounded to bfloat16 and sums in float32.
 *
 * P is the matrix of patches of some lines of an image, which are packed as they are read from it:
 *
 *     forward    y = P W + b
 *     backward   P's gradient = dy W^T, whose rows are added to dx where their patches lie;  dW = P^T dy
 *
 * Each of a patch's runs is as deep as whole tiles. So many lines go at once as scratch has room for. W is packed for
 * both products when parameters are prepared; db, the sum of dy, is not rounded.
 */
#include "conv2d_bfloat16.h"

#include <string.h>

#include "../base/sizes.h"
#include "../kernels/bfloat16.h"

enum { ROOM = 1 << 16 };        /* floats of scratch that lines should fit into */
enum { SHARD_COLUMNS = 96 };    /* columns of P whose gradient is one piece of work, at most: of one run */
enum { PREPARED_COLUMNS = 64 }; /* rows of W that are one, packed for backward */

int fcnn_conv2d_bfloat16_pays(const fcnn_conv2d *self) { return 2 * self->patches.run_length >= FCNN_TILE_DEPTH; }

/* ---- sizes ---- */

static size_t shards(size_t lines, size_t of_one) { return (lines + of_one - 1) / of_one; }

static size_t column_count(const fcnn_conv2d *self) { return self->patches.runs * self->patches.run_length; }

static size_t run_depth(const fcnn_conv2d *self) { return fcnn_tiles_deep(self->patches.run_length); }
static size_t depth_of(const fcnn_conv2d *self) { return self->patches.runs * run_depth(self); }

/* Shards of the gradient that a run has. */
static size_t run_shards(const fcnn_conv2d *self) { return shards(self->patches.run_length, SHARD_COLUMNS); }

/* Floats of W as forward's factor. */
static size_t forward_factor(const fcnn_conv2d *self) { return fcnn_tiles(self->outputs) * depth_of(self) * FCNN_TILE; }

static size_t backward_factor(const fcnn_conv2d *self)
{
    return fcnn_tiles(column_count(self)) * fcnn_tiles_deep(self->outputs) * FCNN_TILE;
}

/* What some pixels need: patches; or dy and the gradient of their patches; or both factors of a shard of dW. */
static size_t forward_room(const fcnn_conv2d *self, size_t pixels)
{
    return fcnn_tiles(pixels) * depth_of(self) * FCNN_TILE;
}

static size_t backward_room(const fcnn_conv2d *self, size_t pixels)
{
    return fcnn_tiles(pixels) * fcnn_tiles_deep(self->outputs) * FCNN_TILE + pixels * column_count(self);
}

static size_t gradient_room(const fcnn_conv2d *self, size_t pixels)
{
    return (fcnn_tiles(SHARD_COLUMNS) + fcnn_tiles(self->outputs)) * fcnn_tiles_deep(pixels) * FCNN_TILE;
}

typedef size_t room(const fcnn_conv2d *self, size_t pixels);

/* Lines of patches that fit into ROOM; at least one. */
static size_t lines_at_once(const fcnn_conv2d *self, room *needs)
{
    size_t lines = self->patches.lines;
    while (lines > 1 && needs(self, lines * self->patches.width) > ROOM)
        lines = (lines + 1) / 2;
    return lines;
}

static size_t scratch_for(const fcnn_conv2d *self, room *needs)
{
    return rounded(needs(self, lines_at_once(self, needs) * self->patches.width));
}

/* The image with its border, behind what lines need. */
static size_t border(const fcnn_conv2d *self) { return self->padded ? fcnn_frame_size(&self->frame) : 0; }

/* ---- some lines of an image ---- */

typedef struct lines {
    fcnn_patches patches;
    size_t first, pixels; /* pixels before them, and theirs */
} lines;

static lines lines_from(const fcnn_conv2d *self, size_t line, size_t count)
{
    lines some = {.patches = self->patches, .first = line * self->patches.width};
    some.patches.lines = smaller(count, self->patches.lines - line);
    some.pixels = some.patches.lines * self->patches.width;
    return some;
}

/* Where their first patch lies in the bordered image. */
static ptrdiff_t offset_of(const fcnn_conv2d *self, size_t line) { return (ptrdiff_t)line * self->patches.line_step; }

/* ---- passes ---- */

/* The first shards pack W's runs for forward, the others some of its rows for backward. */
static void prepare(const fcnn_layer *layer, const fcnn_io *io, size_t shard)
{
    const fcnn_conv2d *self = layer->config;
    const size_t runs = self->patches.runs, length = self->patches.run_length, outputs = self->outputs;
    if (shard < runs) {
        const fcnn_patches rows = fcnn_patches_of_rows(length, outputs, outputs);
        io->bfloat16->pack(&rows, io->parameters + shard * length * outputs, outputs, FCNN_FACTOR_B, depth_of(self),
                           fcnn_words(io->prepared) + shard * run_depth(self) * FCNN_TILE);
    } else if (io->saved) {
        const size_t first = (shard - runs) * PREPARED_COLUMNS, depth = fcnn_tiles_deep(outputs);
        const fcnn_patches rows =
            fcnn_patches_of_rows(smaller(PREPARED_COLUMNS, column_count(self) - first), outputs, outputs);
        io->bfloat16->pack(&rows, io->parameters + first * outputs, outputs, FCNN_FACTOR_B_TRANSPOSED, depth,
                           fcnn_words(io->prepared + forward_factor(self)) + fcnn_tiles(first) * depth * FCNN_TILE);
    }
}

static void forward_image(const fcnn_layer *layer, const fcnn_io *io, const float *x, float *y)
{
    const fcnn_conv2d *self = layer->config;
    const size_t most = lines_at_once(self, forward_room);
    for (size_t line = 0; line < self->patches.lines; line += most) {
        const lines some = lines_from(self, line, most);
        for (size_t run = 0; run < self->patches.runs; run++)
            io->bfloat16->pack(&some.patches, x + offset_of(self, line) + self->run[run], self->patches.run_length,
                               FCNN_FACTOR_A, depth_of(self),
                               fcnn_words(io->scratch) + run * run_depth(self) * FCNN_TILE);
        io->bfloat16->multiply(
            &(fcnn_product){.rows = some.pixels,
                            .columns = self->outputs,
                            .depth = depth_of(self),
                            .a = fcnn_words(io->scratch),
                            .b = fcnn_words(io->prepared),
                            .bias = layer->parameters > 1 ? io->parameters + layer->parameter[1].offset : NULL,
                            .c = y + some.first * self->outputs,
                            .ldc = self->outputs});
    }
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_conv2d *self = layer->config;
    float *bordered = io->scratch + scratch_for(self, forward_room);
    for (size_t i = 0; i < images; i++)
        forward_image(layer, io, fcnn_conv2d_bordered(self, io, i, 1, bordered).first, io->y + i * io->stride);
}

/* Whether the rows of P's gradient are dx. */
static int is_pointwise(const fcnn_conv2d *self)
{
    return !self->padded && column_count(self) == self->frame.channels && self->strides[0] == 1 &&
           self->strides[1] == 1;
}

/* Adds rows, one of each patch, to where the patches lie in dx. */
static void add_to_patches(const fcnn_conv2d *self, const fcnn_io *io, const fcnn_patches *patches, const float *rows,
                           float *dx)
{
    for (size_t line = 0; line < patches->lines; line++)
        for (size_t column = 0; column < patches->width; column++) {
            float *at = dx + (ptrdiff_t)line * patches->line_step + (ptrdiff_t)column * patches->step;
            for (size_t run = 0; run < patches->runs; run++, rows += patches->run_length)
                io->kernels->add(patches->run_length, rows, at + self->run[run]);
        }
}

static void backward_image(const fcnn_conv2d *self, const fcnn_io *io, const float *dy, float *dx)
{
    const size_t most = lines_at_once(self, backward_room), columns = column_count(self);
    const int pointwise = is_pointwise(self);
    for (size_t line = 0; line < self->patches.lines; line += most) {
        const lines some = lines_from(self, line, most);
        const size_t depth = fcnn_tiles_deep(self->outputs);
        const fcnn_patches rows = fcnn_patches_of_rows(some.pixels, self->outputs, self->outputs);
        float *patches = io->scratch + fcnn_tiles(some.pixels) * depth * FCNN_TILE;
        io->bfloat16->pack(&rows, dy + some.first * self->outputs, self->outputs, FCNN_FACTOR_A, depth,
                           fcnn_words(io->scratch));
        io->bfloat16->multiply(&(fcnn_product){.rows = some.pixels,
                                               .columns = columns,
                                               .depth = depth,
                                               .a = fcnn_words(io->scratch),
                                               .b = fcnn_words(io->prepared + forward_factor(self)),
                                               .c = pointwise ? dx + some.first * columns : patches,
                                               .ldc = columns});
        if (!pointwise)
            add_to_patches(self, io, &some.patches, patches, dx + offset_of(self, line));
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_conv2d *self = layer->config;
    for (size_t i = 0; i < images; i++) {
        float *dx = io->dx[0] + i * io->stride;
        float *bordered = self->padded ? io->scratch + scratch_for(self, backward_room) : dx;
        if (!is_pointwise(self))
            memset(bordered, 0, fcnn_frame_size(&self->frame) * sizeof *bordered);
        backward_image(self, io, io->dy + i * io->stride, bordered);
        if (self->padded)
            fcnn_frame_remove(&self->frame, bordered, dx);
    }
}

/* [*begin, *end) = the columns of P that belong to the shard. */
static void columns_of(const fcnn_conv2d *self, size_t shard, size_t *begin, size_t *end)
{
    const size_t length = self->patches.run_length, within = shard % run_shards(self) * SHARD_COLUMNS;
    *begin = shard / run_shards(self) * length + within;
    *end = *begin + smaller(SHARD_COLUMNS, length - within);
}

static void gradient_range(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end)
{
    const fcnn_conv2d *self = layer->config;
    columns_of(self, shard, begin, end);
    *begin *= self->outputs;
    *end = *end < column_count(self) ? *end * self->outputs : fcnn_layer_parameter_size(layer);
}

/* The gradient of columns [begin, end) of P, which lie in one run, = or += that of one image. */
static void gradient_of_image(const fcnn_conv2d *self, const fcnn_io *io, const float *x, const float *dy, size_t begin,
                              size_t end, int accumulate)
{
    const size_t most = lines_at_once(self, gradient_room), length = self->patches.run_length;
    const ptrdiff_t first = self->run[begin / length] + (ptrdiff_t)(begin % length);
    for (size_t line = 0; line < self->patches.lines; line += most) {
        const lines some = lines_from(self, line, most);
        const size_t depth = fcnn_tiles_deep(some.pixels);
        const fcnn_patches rows = fcnn_patches_of_rows(some.pixels, self->outputs, self->outputs);
        uint32_t *a = fcnn_words(io->scratch), *b = a + fcnn_tiles(end - begin) * depth * FCNN_TILE;
        io->bfloat16->pack(&some.patches, x + offset_of(self, line) + first, end - begin, FCNN_FACTOR_A_TRANSPOSED,
                           depth, a);
        io->bfloat16->pack(&rows, dy + some.first * self->outputs, self->outputs, FCNN_FACTOR_B, depth, b);
        io->bfloat16->multiply(&(fcnn_product){.rows = end - begin,
                                               .columns = self->outputs,
                                               .depth = depth,
                                               .a = a,
                                               .b = b,
                                               .accumulate = accumulate || line > 0,
                                               .c = io->gradient.values + (begin * self->outputs - io->gradient.begin),
                                               .ldc = self->outputs});
    }
}

/* The bias belongs to the last shard. */
static void gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const fcnn_conv2d *self = layer->config;
    const float *x = self->padded ? io->saved : io->x[0];
    size_t begin, end;
    columns_of(self, shard, &begin, &end);
    for (size_t i = 0; i < images; i++)
        gradient_of_image(self, io, x + i * io->stride, io->dy + i * io->stride, begin, end,
                          io->gradient.accumulate || i > 0);
    if (layer->parameters > 1 && end == column_count(self))
        io->kernels->sum_rows(io->dy, self->outputs, self->patches.lines * self->patches.width, images, io->stride,
                              self->outputs, io->gradient.values + (layer->parameter[1].offset - io->gradient.begin),
                              io->gradient.accumulate);
}

const fcnn_layer_class fcnn_conv2d_bfloat16_class = {
    .type = "conv2d",
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .gradient = gradient,
    .gradient_range = gradient_range,
};

void fcnn_conv2d_bfloat16_create(fcnn_layer *layer)
{
    const fcnn_conv2d *self = layer->config;
    layer->class = &fcnn_conv2d_bfloat16_class;
    layer->bfloat16 = 1;
    layer->saved = border(self);
    layer->scratch = larger(larger(scratch_for(self, forward_room), scratch_for(self, backward_room)) + border(self),
                            scratch_for(self, gradient_room));
    layer->prepared = forward_factor(self) + backward_factor(self);
    layer->prepare_shards = self->patches.runs + shards(column_count(self), PREPARED_COLUMNS);
    layer->gradient_shards = self->patches.runs * run_shards(self);
}
