/* conv2d.c - y = x * W + b, a two-dimensional convolution (cross-correlation, as in Keras) of images in HWC order.
 *
 * Forward:   y[p][o] = b[o] + sum over taps (i, j) and channels c of x[p * stride + (i, j) * dilation][c] W[i][j][c][o]
 * Backward:  dx = the same sum turned round, added tap by tap;  dW = sum over images and pixels of patch^T dy
 *
 * The taps of a kernel row and their channels lie side by side in an image row (unless dilated), so a patch is KH runs
 * of KW * C numbers and W, in Keras's HWIO order, is the matching matrix (KH * KW * C, O): see fcnn_patches. For 'same'
 * padding the image is first copied into a bordered one, which is kept for dW. Quickened, and where it is cheaper,
 * forward runs by Winograd's algorithm (kernels/conv2d_winograd.c), and so does backward: with stride 1 dx is the
 * convolution of dy by the kernel turned round, with its channels' axes exchanged. dW has a form of its own
 * (kernels/winograd_gradient.c).
 */
#include "conv2d.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/sizes.h"
#include "conv2d_bfloat16.h"
#include "registry.h"
#include "taps.h"
#include "winograd.h"

enum { SHARD_COLUMNS = 12 }; /* columns of patches whose gradient is one piece of work */

static size_t tap_count(const fcnn_conv2d *self)
{
    return self->patches.runs * self->patches.run_length / self->frame.channels;
}

/* ---- the memory that is prepared: the kernel for backward, the transformed one for forward, that for backward ---- */

static size_t transformed_for_forward(const fcnn_conv2d *self)
{
    return rounded(tap_count(self) * self->frame.channels * self->outputs);
}

static size_t transformed_for_backward(const fcnn_conv2d *self)
{
    return transformed_for_forward(self) + fcnn_winograd_prepared(&self->winograd);
}

static size_t backward_shards(const fcnn_conv2d *self)
{
    return self->backward.tile ? fcnn_winograd_shards(&self->backward) : tap_count(self);
}

/* ---- creation ---- */

/* A frame of dy in which every pixel of x finds all outputs that it takes part in. */
static fcnn_frame frame_of_dy(const fcnn_conv2d *self, const fcnn_extent extent[2])
{
    const fcnn_frame *x = &self->frame;
    return (fcnn_frame){.lines = extent[0].output,
                        .columns = extent[1].output,
                        .channels = self->outputs,
                        .height = x->lines + self->reach[0] - 1,
                        .width = x->columns + self->reach[1] - 1,
                        .top = self->reach[0] - 1 - extent[0].before,
                        .left = self->reach[1] - 1 - extent[1].before};
}

static size_t forward_scratch(const fcnn_conv2d *self)
{
    const size_t borders = self->padded ? fcnn_winograd_images(&self->winograd) * fcnn_frame_size(&self->frame) : 0;
    return fcnn_winograd_scratch(&self->winograd) + borders;
}

static size_t backward_scratch(const fcnn_conv2d *self)
{
    if (!self->backward.tile)
        return self->padded ? fcnn_frame_size(&self->frame) : 0;
    return fcnn_winograd_scratch(&self->backward) + fcnn_winograd_images(&self->backward) * fcnn_frame_size(&self->dy);
}

static size_t gradient_scratch(const fcnn_conv2d *self)
{
    return fcnn_winograd_gradient_scratch(&self->gradient, smaller(FCNN_GRADIENT_CHANNELS, self->frame.channels));
}

static size_t column_count(const fcnn_conv2d *self) { return self->patches.runs * self->patches.run_length; }

/* The memory and the pieces of work of the ways that were chosen. */
static void measure(fcnn_layer *layer)
{
    const fcnn_conv2d *self = layer->config;
    layer->scratch = larger(larger(forward_scratch(self), backward_scratch(self)), gradient_scratch(self));
    layer->prepared = transformed_for_backward(self) + fcnn_winograd_prepared(&self->backward);
    layer->prepare_shards = fcnn_winograd_shards(&self->winograd) + backward_shards(self);
    layer->gradient_shards = self->gradient.tile ? fcnn_winograd_gradient_shards(&self->gradient)
                                                 : (column_count(self) + SHARD_COLUMNS - 1) / SHARD_COLUMNS;
    layer->interleaved = self->gradient.tile != 0;
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"filters",       "kernel_size", "strides",  "padding",
                                        "dilation_rate", "use_bias",    "bfloat16", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    size_t filters, use_bias;
    int bfloat16 = 0;
    fcnn_taps taps;
    fcnn_extent extent[2];
    FCNN_TRY(fcnn_attributes_sizes(attributes, "filters", 1, 1 << 20, &filters, 1, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "use_bias", 0, 1, &use_bias, 1, error));
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "bfloat16", &bfloat16, error));
    FCNN_TRY(fcnn_taps_read(attributes, &taps, error));
    FCNN_TRY(fcnn_windows_fit(layer, attributes, "kernel", taps.reach, taps.strides, extent, error));

    const size_t channels = layer->input[0].extent[2], runs = fcnn_taps_runs(&taps, 0);
    const fcnn_frame frame = fcnn_taps_frame(&layer->input[0], channels, extent);
    const fcnn_shape weights = {4, {taps.kernel[0], taps.kernel[1], channels, filters}};
    FCNN_TRY(fcnn_shape_check(&weights, layer->name, error));
    FCNN_TRY(fcnn_shape_check(&(fcnn_shape){3, {frame.height, frame.width, channels}}, layer->name, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(fcnn_conv2d) + runs * sizeof(ptrdiff_t), "a layer's description",
                           error));
    fcnn_conv2d *self = layer->config;
    self->frame = frame;
    self->padded = fcnn_frame_is_padded(&frame);
    self->outputs = filters;
    memcpy(self->reach, taps.reach, sizeof taps.reach);
    memcpy(self->strides, taps.strides, sizeof taps.strides);
    self->patches = fcnn_taps_patches(&taps, &frame, extent[0].output, extent[1].output, channels, self->run);

    layer->output = (fcnn_shape){3, {extent[0].output, extent[1].output, filters}};
    fcnn_layer_add_parameter(layer, "kernel", &weights);
    if (use_bias)
        fcnn_layer_add_parameter(layer, "bias", &(fcnn_shape){1, {filters}});
    if (bfloat16 && fcnn_conv2d_bfloat16_pays(self)) {
        fcnn_conv2d_bfloat16_create(layer);
        return FCNN_OK;
    }
    self->dy = frame_of_dy(self, extent);
    layer->saved = self->padded ? fcnn_frame_size(&frame) : 0;
    measure(layer);
    return FCNN_OK;
}

static void quicken(fcnn_layer *layer)
{
    fcnn_conv2d *self = layer->config;
    const size_t lines = layer->output.extent[0], width = layer->output.extent[1];
    self->winograd = fcnn_winograd_choose(self, lines, width);
    self->backward = fcnn_winograd_choose_backward(self, &self->dy);
    self->gradient = fcnn_winograd_choose_gradient(self, lines, width);
    measure(layer);
}

/* The first shards transform the kernel for forward, the others for backward: by Winograd's algorithm, or one tap each
 * is transposed, wt (tap, O, C) = W (tap, C, O). */
static void prepare(const fcnn_layer *layer, const fcnn_io *io, size_t shard)
{
    const fcnn_conv2d *self = layer->config;
    const size_t size = self->frame.channels * self->outputs, forwards = fcnn_winograd_shards(&self->winograd);
    const size_t tap = shard - forwards;
    if (shard < forwards)
        fcnn_winograd_prepare(&self->winograd, io, shard, io->prepared + transformed_for_forward(self));
    else if (io->saved && self->backward.tile)
        fcnn_winograd_prepare_backward(&self->backward, io, shard - forwards, io->prepared,
                                       io->prepared + transformed_for_backward(self));
    else if (io->saved)
        io->kernels->transpose(self->frame.channels, self->outputs, io->parameters + tap * size, self->outputs,
                               io->prepared + tap * size, self->frame.channels);
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_conv2d *self = layer->config;
    const float *bias = layer->parameters > 1 ? io->parameters + layer->parameter[1].offset : NULL;
    const size_t most = fcnn_winograd_images(&self->winograd);
    float *borders = io->scratch + fcnn_winograd_scratch(&self->winograd);
    for (size_t first = 0; first < images; first += most) {
        const size_t count = smaller(most, images - first);
        const fcnn_images x = fcnn_conv2d_bordered(self, io, first, count, borders);
        float *y = io->y + first * io->stride;
        if (self->winograd.tile)
            io->kernels->winograd_forward(&self->winograd, count, x.first, x.stride,
                                          io->prepared + transformed_for_forward(self), bias, y, io->stride,
                                          io->scratch);
        else
            io->kernels->patches_forward(&self->patches, x.first, io->parameters, bias, self->outputs, y,
                                         self->outputs);
    }
}

static void backward_winograd(const fcnn_conv2d *self, const fcnn_io *io, size_t images)
{
    const size_t most = fcnn_winograd_images(&self->backward), size = fcnn_frame_size(&self->dy);
    float *frames = io->scratch + fcnn_winograd_scratch(&self->backward);
    for (size_t first = 0; first < images; first += most) {
        const size_t count = smaller(most, images - first);
        for (size_t i = 0; i < count; i++)
            fcnn_frame_add(&self->dy, io->dy + (first + i) * io->stride, frames + i * size);
        io->kernels->winograd_forward(&self->backward, count, frames, size,
                                      io->prepared + transformed_for_backward(self), NULL,
                                      io->dx[0] + first * io->stride, io->stride, io->scratch);
    }
}

static void backward_plain(const fcnn_conv2d *self, const fcnn_io *io, size_t images)
{
    for (size_t i = 0; i < images; i++) {
        float *dx = io->dx[0] + i * io->stride;
        float *bordered = self->padded ? io->scratch : dx;
        memset(bordered, 0, fcnn_frame_size(&self->frame) * sizeof(float));
        io->kernels->patches_input_gradient(&self->patches, self->frame.channels, io->dy + i * io->stride,
                                            self->outputs, io->prepared, self->outputs, bordered);
        if (self->padded)
            fcnn_frame_remove(&self->frame, bordered, dx);
    }
}

/* Whether each pixel of x is seen once. */
static int is_pointwise(const fcnn_conv2d *self)
{
    return !self->padded && tap_count(self) == 1 && self->strides[0] == 1 && self->strides[1] == 1;
}

/* dx = dy W^T: a product like forward's. */
static void backward_pointwise(const fcnn_conv2d *self, const fcnn_io *io, size_t images)
{
    const size_t pixels = self->patches.lines * self->patches.width;
    const fcnn_patches rows = fcnn_patches_of_rows(pixels, self->outputs, self->outputs);
    for (size_t at = 0; at < images * io->stride; at += io->stride)
        io->kernels->patches_forward(&rows, io->dy + at, io->prepared, NULL, self->frame.channels, io->dx[0] + at,
                                     self->frame.channels);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_conv2d *self = layer->config;
    if (self->backward.tile)
        backward_winograd(self, io, images);
    else if (is_pointwise(self))
        backward_pointwise(self, io, images);
    else
        backward_plain(self, io, images);
}

static void gradient_range(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end)
{
    const fcnn_conv2d *self = layer->config;
    const size_t last = (shard + 1) * SHARD_COLUMNS;
    *begin = shard * SHARD_COLUMNS * self->outputs;
    *end = last < column_count(self) ? last * self->outputs : fcnn_layer_parameter_size(layer);
}

/* Both return whether the shard is the last. */
static int gradient_winograd(const fcnn_conv2d *self, const fcnn_io *io, const float *x, size_t images, size_t shard)
{
    const size_t begin = shard * FCNN_GRADIENT_CHANNELS, channels = self->frame.channels;
    const size_t end = smaller(begin + FCNN_GRADIENT_CHANNELS, channels);
    io->kernels->winograd_weight_gradient(&self->gradient, x, io->dy, images, io->stride, begin, end,
                                          io->gradient.values, io->gradient.accumulate, io->scratch);
    return end == channels;
}

static int gradient_plain(const fcnn_conv2d *self, const fcnn_io *io, const float *x, size_t images, size_t shard)
{
    const size_t columns = column_count(self), begin = shard * SHARD_COLUMNS;
    const size_t end = smaller(begin + SHARD_COLUMNS, columns);
    io->kernels->patches_weight_gradient(&self->patches, x, io->dy, self->outputs, images, io->stride, self->outputs,
                                         begin, end, io->gradient.values + (begin * self->outputs - io->gradient.begin),
                                         io->gradient.accumulate,
                                         io->gradient.updated ? io->gradient.updated + begin * self->outputs : NULL);
    return end == columns;
}

static void gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const fcnn_conv2d *self = layer->config;
    const float *x = self->padded ? io->saved : io->x[0];
    const int last = self->gradient.tile ? gradient_winograd(self, io, x, images, shard)
                                         : gradient_plain(self, io, x, images, shard);
    if (layer->parameters > 1 && last)
        io->kernels->sum_rows(io->dy, self->outputs, self->patches.lines * self->patches.width, images, io->stride,
                              self->outputs, io->gradient.values + (layer->parameter[1].offset - io->gradient.begin),
                              io->gradient.accumulate);
}

static fcnn_status limit(const fcnn_layer *layer, fcnn_limits limits, fcnn_layer *limited, fcnn_error *error)
{
    const fcnn_conv2d *self = layer->config;
    FCNN_TRY(fcnn_layer_copy(layer, sizeof *self + self->patches.runs * sizeof *self->run, limited, error));
    fcnn_conv2d *copy = limited->config;
    copy->patches.run = copy->run;
    copy->patches.limits = limits;
    return FCNN_OK;
}

const fcnn_layer_class fcnn_conv2d_class = {
    .type = "conv2d",
    .create = create,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .gradient = gradient,
    .gradient_range = gradient_range,
    .limit = limit,
    .quicken = quicken,
};
