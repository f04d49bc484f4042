/* conv2d_pooled.c - a convolution, an optional ReLU and a max pool as one step.
 *
 * Forward:  the convolution's output is not kept. Where Winograd's algorithm is allowed and pays (winograd.h), a few
 *           images' output is computed into scratch memory that stays in the cache, and pooled from there. Else windows
 *           of four pixels are pooled in registers: kernels/pooled_forward.c. For other windows, the lines under one
 *           line of them are computed into scratch memory; all lines first, where windows overlap or are padded.
 * Backward: only winners that the ReLU let through have a gradient; see kernels/sparse.h.
 *
 * The ReLU comes after the pool: max(relu(a), relu(b)) = relu(max(a, b)), with a quarter of the work. Windows that
 * nobody reads (io->used) are not computed, nor are the convolution's pixels under them.
 */
#include "conv2d_pooled.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../base/sizes.h"
#include "conv2d.h"
#include "registry.h"
#include "winograd.h"

typedef struct conv2d_pooled {
    const fcnn_conv2d *conv;
    fcnn_windows windows; /* the pool over the convolution's output */
    int relu;
    int whole;              /* windows overlap or are padded */
    int square;             /* 3x3 taps under windows of 2x2 adjacent pixels: has kernels of its own */
    fcnn_winograd winograd; /* of the part of the convolution that the pool can read; tile 0: not used */
    int direct;             /* else windows of four pixels: computed in registers */
    size_t bordered;        /* floats of the bordered image, first in `saved`; the winners follow. 0: no border */
    ptrdiff_t member[];
} conv2d_pooled;

/* Output channels whose weight gradients are one piece of work. Their sums stay in the cache, beside an image; short
 * patches have small sums, and their kernel shares its loads between more channels. */
static size_t shard_outputs(const conv2d_pooled *self) { return self->conv->patches.run_length <= 5 ? 32 : 16; }

/* Lines of the convolution (axis 0; columns for axis 1) from its first to the last under `used` windows. */
static size_t covered(const fcnn_windows *w, int axis, size_t used)
{
    const size_t end = axis == 0 ? (used - 1) * w->stride_height + w->pool_height - w->pad_top
                                 : (used - 1) * w->stride_width + w->pool_width - w->pad_left;
    return smaller(end, axis == 0 ? w->height : w->width);
}

/* Whether all windows lie in the convolution's output. */
static int is_inside(const fcnn_windows *w)
{
    return !w->pad_top && !w->pad_left && (w->out_height - 1) * w->stride_height + w->pool_height <= w->height &&
           (w->out_width - 1) * w->stride_width + w->pool_width <= w->width;
}

static fcnn_pooled geometry(const conv2d_pooled *self, const size_t used[2])
{
    const fcnn_windows *w = &self->windows;
    const fcnn_patches *patches = &self->conv->patches;
    fcnn_pooled pooled = {
        .window = *patches,
        .origin = -((ptrdiff_t)w->pad_top * patches->line_step + (ptrdiff_t)w->pad_left * patches->step),
        .member = self->member,
        .members = w->pool_height * w->pool_width,
        .out_width = w->out_width,
        .relu = self->relu,
        .inside = is_inside(w),
    };
    pooled.window.lines = used[0];
    pooled.window.width = used[1];
    pooled.window.line_step *= (ptrdiff_t)w->stride_height;
    pooled.window.step *= (ptrdiff_t)w->stride_width;
    return pooled;
}

static size_t patch_columns(const conv2d_pooled *self)
{
    return self->conv->patches.runs * self->conv->patches.run_length;
}

/* Floats of the transposed kernel, first in the prepared memory. For a square its channels come in slices, the last one
 * padded. */
static size_t transposed_size(const conv2d_pooled *self)
{
    const size_t slices = (self->conv->frame.channels + FCNN_POOLED_SLICE - 1) / FCNN_POOLED_SLICE;
    const size_t columns = self->square ? 9 * slices * FCNN_POOLED_SLICE : patch_columns(self);
    return rounded(columns * self->conv->outputs);
}

/* Floats of the convolution's output that are in scratch memory, of one image. */
static size_t unpooled_size(const conv2d_pooled *self)
{
    const fcnn_windows *w = &self->windows;
    if (self->winograd.tile)
        return rounded(self->winograd.lines * self->winograd.width * self->conv->outputs);
    return (self->whole ? w->height : w->pool_height) * w->width * self->conv->outputs;
}

static size_t forward_scratch(const conv2d_pooled *self)
{
    return fcnn_winograd_images(&self->winograd) * unpooled_size(self) + fcnn_winograd_scratch(&self->winograd);
}

static int is_square(const conv2d_pooled *self)
{
    const fcnn_conv2d *conv = self->conv;
    const fcnn_windows *w = &self->windows;
    const int pool = w->pool_height == 2 && w->pool_width == 2 && w->stride_height == 2 && w->stride_width == 2;
    const int taps = conv->reach[0] == 3 && conv->reach[1] == 3 && patch_columns(self) == 9 * conv->frame.channels;
    return pool && taps && !self->whole && conv->strides[0] == 1 && conv->strides[1] == 1;
}

/* The kernels keep places in an image, and in the kernel, in 32 bits. */
static fcnn_status expect_small_offsets(const conv2d_pooled *self, const char *name, fcnn_error *error)
{
    const fcnn_windows *w = &self->windows;
    const size_t image = fcnn_frame_size(&self->conv->frame);
    const size_t kernel = patch_columns(self) * self->conv->outputs,
                 output = w->out_height * w->out_width * self->conv->outputs;
    if (image <= INT32_MAX && kernel <= INT32_MAX && output <= INT32_MAX)
        return FCNN_OK;
    return fcnn_fail(error, FCNN_E_SHAPE,
                     "layer '%s' and its pool are too large: images and kernels of at most %d numbers are supported",
                     name, INT32_MAX);
}

fcnn_status fcnn_conv2d_pooled_create(fcnn_layer *fused, const fcnn_layer *conv, int relu, const fcnn_layer *pool,
                                      int winograd, fcnn_error *error)
{
    const fcnn_windows *windows = pool->config;
    const size_t members = windows->pool_height * windows->pool_width;
    *fused = *conv;
    fused->class = &fcnn_conv2d_pooled_class;
    fused->config = NULL;
    fused->bfloat16 = 0;
    FCNN_TRY(fcnn_allocate(&fused->config, 1, sizeof(conv2d_pooled) + members * sizeof(ptrdiff_t), "the plan", error));
    conv2d_pooled *self = fused->config;
    self->conv = conv->config;
    self->windows = *windows;
    self->relu = relu;
    self->whole = windows->stride_height < windows->pool_height || !is_inside(windows);
    self->bordered = conv->saved;
    for (size_t m = 0; m < members; m++)
        self->member[m] = (ptrdiff_t)(m / windows->pool_width) * self->conv->patches.line_step +
                          (ptrdiff_t)(m % windows->pool_width) * self->conv->patches.step;

    const size_t outputs = self->conv->outputs;
    FCNN_TRY(expect_small_offsets(self, conv->name, error));
    const fcnn_pooled pooled = geometry(self, (size_t[2]){windows->out_height, windows->out_width});
    fused->output = pool->output;
    fused->zero_is_dead = relu;
    fused->backward_reads = relu ? FCNN_READS_Y | FCNN_GRADIENT_READS_Y : 0;
    fused->saved = self->bordered + (fcnn_shape_size(&pool->output) + sizeof(float) - 1) / sizeof(float);
    const size_t lists = rounded(outputs) + fcnn_pooled_scratch(&pooled, outputs, shard_outputs(self));
    self->square = is_square(self);
    if (winograd)
        self->winograd = fcnn_winograd_choose(self->conv, covered(windows, 0, windows->out_height),
                                              covered(windows, 1, windows->out_width));
    self->direct = !self->whole && !self->winograd.tile && members == 4;
    fused->scratch =
        fcnn_winograd_images(&self->winograd) * rounded(self->bordered) + larger(forward_scratch(self), lists);
    fused->prepared = transposed_size(self) + fcnn_winograd_prepared(&self->winograd);
    fused->prepare_shards = patch_columns(self) / self->conv->frame.channels + fcnn_winograd_shards(&self->winograd);
    fused->gradient_shards = (outputs + shard_outputs(self) - 1) / shard_outputs(self);
    return FCNN_OK;
}

/* wt (O, taps, C) = W (taps, C, O), for one tap; for a square (slices, O, taps, C of the slice). */
static void transpose_tap(const conv2d_pooled *self, const fcnn_io *io, size_t taps, size_t tap)
{
    const size_t channels = self->conv->frame.channels, outputs = self->conv->outputs;
    const size_t slice = self->square ? FCNN_POOLED_SLICE : channels;
    for (size_t c = 0; c < channels; c += slice)
        io->kernels->transpose(smaller(slice, channels - c), outputs, io->parameters + (tap * channels + c) * outputs,
                               outputs, io->prepared + (c * outputs * taps) + tap * slice, taps * slice);
}

/* Shards below KH * KW transpose the kernel for backward, one tap each; the others transform it for forward. */
static void prepare(const fcnn_layer *layer, const fcnn_io *io, size_t shard)
{
    const conv2d_pooled *self = layer->config;
    const size_t taps = patch_columns(self) / self->conv->frame.channels;
    if (shard < taps) {
        if (io->saved)
            transpose_tap(self, io, taps, shard);
        return;
    }
    fcnn_winograd_prepare(&self->winograd, io, shard - taps, io->prepared + transposed_size(self));
}

static uint8_t *winners(const conv2d_pooled *self, float *saved) { return (uint8_t *)(saved + self->bordered); }

/* Pools line number `line` of the windows, of which `used` are wanted; `lines` begins with line `first` of the
 * convolution, `width` pixels wide; y and winner with line 0. */
static void pool_line(const conv2d_pooled *self, const fcnn_kernels *kernels, size_t line, size_t used,
                      const float *lines, size_t first, size_t width, float *y, uint8_t *winner)
{
    static const fcnn_activation_spec relu = {.function = FCNN_RELU, .max_value = INFINITY};
    const size_t outputs = self->conv->outputs, start = line * self->windows.stride_height;
    const size_t skipped = start > self->windows.pad_top ? start - self->windows.pad_top : 0;
    const size_t at = line * self->windows.out_width * outputs;
    fcnn_windows one = self->windows;
    one.out_height = 1;
    one.out_width = used;
    one.pad_top = self->windows.pad_top + skipped - start;
    one.height = self->windows.height - skipped;
    one.width = width;
    kernels->max_pool(&one, lines + (skipped - first) * width * outputs, y + at, winner ? winner + at : NULL);
    if (self->relu)
        kernels->activation_forward(&relu, used * outputs, y + at, y + at);
}

/* What forward reads and writes of some images, from the first one on. */
typedef struct batch {
    fcnn_images x;
    float *y;
    uint8_t *winner;   /* NULL: not wanted */
    const float *bias; /* NULL: none */
    float *unpooled;   /* scratch memory */
} batch;

static uint8_t *winners_of(const batch *b, size_t image, size_t stride)
{
    return b->winner ? b->winner + image * stride * sizeof(float) : NULL;
}

static void forward_winograd(const fcnn_layer *layer, const fcnn_io *io, const batch *b, size_t images)
{
    const conv2d_pooled *self = layer->config;
    const size_t size = unpooled_size(self);
    fcnn_winograd read = self->winograd; /* the part that is read, and computed */
    read.lines = covered(&self->windows, 0, io->used[0]);
    read.width = covered(&self->windows, 1, io->used[1]);
    io->kernels->winograd_forward(&read, images, b->x.first, b->x.stride, io->prepared + transposed_size(self), b->bias,
                                  b->unpooled, size, b->unpooled + fcnn_winograd_images(&self->winograd) * size);
    for (size_t i = 0; i < images; i++)
        for (size_t line = 0; line < io->used[0]; line++)
            pool_line(self, io->kernels, line, io->used[1], b->unpooled + i * size, 0, read.width,
                      b->y + i * io->stride, winners_of(b, i, io->stride));
}

static void forward_direct(const fcnn_layer *layer, const fcnn_io *io, const batch *b)
{
    const conv2d_pooled *self = layer->config;
    const fcnn_pooled pooled = geometry(self, io->used);
    io->kernels->pooled_forward(&pooled, b->x.first, io->parameters, b->bias, self->conv->outputs, b->y, b->winner);
}

/* For any windows: line by line, or all lines first. */
static void forward_lines(const fcnn_layer *layer, const fcnn_io *io, const batch *b)
{
    const conv2d_pooled *self = layer->config;
    const fcnn_windows *w = &self->windows;
    fcnn_patches patches = self->conv->patches;
    patches.width = covered(w, 1, io->used[1]);
    patches.lines = self->whole ? covered(w, 0, io->used[0]) : w->pool_height;
    for (size_t line = 0; line < io->used[0]; line++) {
        const size_t first = self->whole ? 0 : line * w->stride_height;
        if (line == 0 || !self->whole)
            io->kernels->patches_forward(&patches, b->x.first + (ptrdiff_t)first * patches.line_step, io->parameters,
                                         b->bias, self->conv->outputs, b->unpooled, self->conv->outputs);
        pool_line(self, io->kernels, line, io->used[1], b->unpooled, first, patches.width, b->y, b->winner);
    }
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const conv2d_pooled *self = layer->config;
    const size_t most = fcnn_winograd_images(&self->winograd);
    for (size_t first = 0; first < images; first += most) {
        const size_t count = smaller(most, images - first);
        const batch b = {
            .x = fcnn_conv2d_bordered(self->conv, io, first, count, io->scratch),
            .y = io->y + first * io->stride,
            .winner = io->saved ? winners(self, io->saved + first * io->stride) : NULL,
            .bias = layer->parameters > 1 ? io->parameters + layer->parameter[1].offset : NULL,
            .unpooled = io->scratch + most * rounded(self->bordered),
        };
        if (self->winograd.tile)
            forward_winograd(layer, io, &b, count);
        else if (self->direct)
            forward_direct(layer, io, &b);
        else
            forward_lines(layer, io, &b);
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const conv2d_pooled *self = layer->config;
    const fcnn_pooled pooled = geometry(self, io->used);
    const size_t size = fcnn_frame_size(&self->conv->frame), outputs = self->conv->outputs;
    const size_t most = self->bordered ? 1 : FCNN_POOLED_IMAGES; /* that have a place for their gradient */
    float *lists = io->scratch + rounded(self->bordered);
    for (size_t i = 0, count; i < images; i += count) {
        count = self->square ? smaller(most, images - i) : 1;
        float *dx = io->dx[0] + i * io->stride, *bordered = self->bordered ? io->scratch : dx;
        for (size_t n = 0; n < count; n++)
            memset(bordered + n * io->stride, 0, size * sizeof(float));
        const float *y = io->y + i * io->stride, *dy = io->dy + i * io->stride;
        const uint8_t *winner = winners(self, io->saved + i * io->stride);
        if (self->square)
            io->kernels->pooled_input_gradient_3x3(&pooled, self->conv->frame.channels, count, io->stride, y, dy,
                                                   winner, io->prepared, outputs, bordered, lists);
        else
            io->kernels->pooled_input_gradient(&pooled, y, dy, winner, io->prepared, outputs, bordered, lists);
        if (self->bordered)
            fcnn_frame_remove(&self->conv->frame, bordered, dx);
    }
}

static void gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const conv2d_pooled *self = layer->config;
    const fcnn_pooled pooled = geometry(self, io->used);
    const size_t size = shard_outputs(self), begin = shard * size, outputs = self->conv->outputs;
    const size_t end = smaller(begin + size, outputs);
    float *bias = io->scratch;
    if (layer->parameters > 1)
        bias = io->gradient.values + layer->parameter[1].offset;
    else
        memset(bias, 0, outputs * sizeof *bias); /* summed for nobody */
    io->kernels->pooled_weight_gradient(
        &pooled, self->bordered ? io->saved : io->x[0], io->y, io->dy, winners(self, io->saved), images, io->stride,
        outputs, begin, end, io->gradient.values, bias, io->gradient.accumulate, io->scratch + rounded(outputs));
}

static void input_used(const fcnn_layer *layer, const size_t used[2], size_t in[2])
{
    const conv2d_pooled *self = layer->config;
    const fcnn_windows *w = &self->windows;
    in[0] = layer->input[0].extent[0];
    in[1] = layer->input[0].extent[1];
    if (self->bordered)
        return;
    const size_t lines = covered(w, 0, used[0]), columns = covered(w, 1, used[1]);
    in[0] = (lines - 1) * self->conv->strides[0] + self->conv->reach[0];
    in[1] = (columns - 1) * self->conv->strides[1] + self->conv->reach[1];
}

const fcnn_layer_class fcnn_conv2d_pooled_class = {
    .type = "conv2d_pooled",
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .gradient = gradient,
    .input_used = input_used,
};
