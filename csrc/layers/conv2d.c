/* conv2d.c - y = x * W + b, a two-dimensional convolution (cross-correlation, as in Keras) of images in HWC order.
 *
 * Forward:   y[p][o] = b[o] + sum over taps (i, j) and channels c of x[p * stride + (i, j) * dilation][c] W[i][j][c][o]
 * Backward:  dx = the same sum turned round, added tap by tap;  dW = sum over images and pixels of patch^T dy
 *
 * The taps of a kernel row and their channels lie side by side in an image row (unless dilated), so a patch is KH runs
 * of KW * C numbers and W, in Keras's HWIO order, is the matching matrix (KH * KW * C, O): see fcnn_patches. For 'same'
 * padding the image is first copied into a bordered one, which is kept for dW. Where it is cheaper, forward runs by
 * Winograd's algorithm (kernels/conv2d_winograd.c).
 */
#include "conv2d.h"

#include <string.h>

#include "../base/memory.h"
#include "../base/sizes.h"
#include "registry.h"
#include "taps.h"
#include "winograd.h"

enum { SHARD_COLUMNS = 12 }; /* columns of patches whose gradient is one piece of work */

static size_t tap_count(const fcnn_conv2d *self)
{
    return self->patches.runs * self->patches.run_length / self->frame.channels;
}

/* Floats of the transposed kernel, first in the prepared memory; whole cache lines. */
static size_t transposed_size(const fcnn_conv2d *self)
{
    return rounded(tap_count(self) * self->frame.channels * self->outputs);
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"filters",       "kernel_size", "strides", "padding",
                                        "dilation_rate", "use_bias",    NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    size_t filters, use_bias;
    fcnn_taps taps;
    fcnn_extent extent[2];
    FCNN_TRY(fcnn_attributes_sizes(attributes, "filters", 1, 1 << 20, &filters, 1, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "use_bias", 0, 1, &use_bias, 1, error));
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
    const size_t bordered = fcnn_frame_size(&frame);
    self->winograd = fcnn_winograd_choose(self, extent[0].output, extent[1].output);
    layer->saved = self->padded ? bordered : 0;
    layer->scratch =
        fcnn_winograd_scratch(&self->winograd) + (self->padded ? fcnn_winograd_images(&self->winograd) * bordered : 0);
    layer->prepared = transposed_size(self) + fcnn_winograd_prepared(&self->winograd);
    layer->prepare_shards = tap_count(self) + fcnn_winograd_shards(&self->winograd);
    layer->gradient_shards = (runs * self->patches.run_length + SHARD_COLUMNS - 1) / SHARD_COLUMNS;
    return FCNN_OK;
}

/* Shards below the number of taps transpose one tap each for backward: wt (tap, O, C) = W (tap, C, O). */
static void prepare(const fcnn_layer *layer, const fcnn_io *io, size_t shard)
{
    const fcnn_conv2d *self = layer->config;
    const size_t size = self->frame.channels * self->outputs, taps = tap_count(self);
    if (shard >= taps)
        fcnn_winograd_prepare(&self->winograd, io, shard - taps, io->prepared + transposed_size(self));
    else if (io->saved)
        io->kernels->transpose(self->frame.channels, self->outputs, io->parameters + shard * size, self->outputs,
                               io->prepared + shard * size, self->frame.channels);
}

fcnn_images fcnn_conv2d_bordered(const fcnn_conv2d *self, const fcnn_io *io, size_t first, size_t images,
                                 float *scratch)
{
    const float *x = io->x[0] + first * io->stride;
    if (!self->padded)
        return (fcnn_images){x, io->stride};
    float *bordered = io->saved ? io->saved + first * io->stride : scratch;
    const size_t stride = io->saved ? io->stride : fcnn_frame_size(&self->frame);
    for (size_t i = 0; i < images; i++)
        fcnn_frame_add(&self->frame, x + i * io->stride, bordered + i * stride);
    return (fcnn_images){bordered, stride};
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
                                          io->prepared + transposed_size(self), bias, y, io->stride, io->scratch);
        else
            io->kernels->patches_forward(&self->patches, x.first, io->parameters, bias, self->outputs, y,
                                         self->outputs);
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_conv2d *self = layer->config;
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

static size_t column_count(const fcnn_conv2d *self) { return self->patches.runs * self->patches.run_length; }

static void gradient_range(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end)
{
    const fcnn_conv2d *self = layer->config;
    const size_t last = (shard + 1) * SHARD_COLUMNS;
    *begin = shard * SHARD_COLUMNS * self->outputs;
    *end = last < column_count(self) ? last * self->outputs : fcnn_layer_parameter_size(layer);
}

static void gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const fcnn_conv2d *self = layer->config;
    const size_t columns = column_count(self), begin = shard * SHARD_COLUMNS;
    const size_t end = smaller(begin + SHARD_COLUMNS, columns);
    const float *x = self->padded ? io->saved : io->x[0];
    io->kernels->patches_weight_gradient(&self->patches, x, io->dy, self->outputs, images, io->stride, self->outputs,
                                         begin, end, io->gradient.values + (begin * self->outputs - io->gradient.begin),
                                         io->gradient.accumulate,
                                         io->gradient.updated ? io->gradient.updated + begin * self->outputs : NULL);
    if (layer->parameters > 1 && end == columns)
        io->kernels->sum_rows(io->dy, self->outputs, self->patches.lines * self->patches.width, images, io->stride,
                              self->outputs, io->gradient.values + (layer->parameter[1].offset - io->gradient.begin),
                              io->gradient.accumulate);
}

const fcnn_layer_class fcnn_conv2d_class = {
    .type = "conv2d",
    .create = create,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .gradient = gradient,
    .gradient_range = gradient_range,
};
