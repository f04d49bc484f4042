/* conv2d_transpose.c - a convolution's gradient as a layer: from its output's shape to its input's.
 *
 * The convolution has the kernel (KH, KW, O, C): from O channels, those of y, to C, those of x. Each pixel of x adds
 * its multiples of the kernel to a window of y:
 *
 * Forward:   y[q][o] = b[o] + sum of x[p][c] W[i][j][o][c] over c, taps (i, j) and pixels p whose tap lies at q, that
 *            is p * stride + (i, j) * dilation = q
 * Backward:  dx = the convolution of dy;  dW = sum over images and pixels of patch(dy)^T x
 *
 * The windows of all pixels lie in a frame, of which y is a part: 'same' cuts off what the convolution would have
 * padded its input with, and y may go on where no window reaches.
 */
#include <string.h>

#include "../base/memory.h"
#include "../base/sizes.h"
#include "registry.h"
#include "taps.h"

enum { SHARD_COLUMNS = 48 }; /* columns of patches whose gradient is one piece of work */

typedef struct conv2d_transpose {
    fcnn_frame frame; /* of y */
    int padded;
    size_t taps, channels, outputs;
    fcnn_patches patches; /* of the frame, one for each pixel of x */
    ptrdiff_t run[];
} conv2d_transpose;

static size_t columns_of(const conv2d_transpose *self) { return self->taps * self->outputs; }

/* Along an axis: y's pixels, and those of the frame before and after it. The size is what Keras computes. `spare`: the
 * output_padding, SIZE_MAX for none given. */
static fcnn_extent extent_of(size_t input, size_t reach, size_t stride, int same, size_t spare)
{
    const size_t between = (input - 1) * stride, all = between + reach;
    size_t output;
    if (same)
        output = spare == SIZE_MAX ? input * stride : between + reach % 2 + spare;
    else
        output = all + (spare == SIZE_MAX ? larger(reach, stride) - reach : spare);
    const size_t cut = all > output ? all - output : 0;
    return (fcnn_extent){output, cut / 2, cut - cut / 2};
}

static fcnn_status read_extents(const fcnn_layer *layer, const fcnn_attributes *attributes, const fcnn_taps *taps,
                                fcnn_extent extent[2], fcnn_error *error)
{
    static const char *const paddings[] = {"valid", "same"};
    size_t same, spare[2] = {SIZE_MAX, SIZE_MAX};
    FCNN_TRY(fcnn_windows_expect_images(layer, error));
    FCNN_TRY(fcnn_attributes_choice(attributes, "padding", paddings, 2, &same, error));
    if (fcnn_attributes_has(attributes, "output_padding"))
        FCNN_TRY(fcnn_attributes_sizes(attributes, "output_padding", 0, 1 << 24, spare, 2, error));
    for (size_t axis = 0; axis < 2; axis++)
        extent[axis] =
            extent_of(layer->input[0].extent[axis], taps->reach[axis], taps->strides[axis], (int)same, spare[axis]);
    return FCNN_OK;
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"filters",        "kernel_size",   "strides",  "padding",
                                        "output_padding", "dilation_rate", "use_bias", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    size_t filters, use_bias;
    fcnn_taps taps;
    fcnn_extent extent[2];
    FCNN_TRY(fcnn_attributes_sizes(attributes, "filters", 1, 1 << 20, &filters, 1, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "use_bias", 0, 1, &use_bias, 1, error));
    FCNN_TRY(fcnn_taps_read(attributes, &taps, error));
    FCNN_TRY(read_extents(layer, attributes, &taps, extent, error));

    const fcnn_shape *image = &layer->input[0];
    const size_t channels = image->extent[2], runs = fcnn_taps_runs(&taps, 0);
    layer->output = (fcnn_shape){3, {extent[0].output, extent[1].output, filters}};
    const fcnn_frame frame = fcnn_taps_frame(&layer->output, filters, extent);
    const fcnn_shape weights = {4, {taps.kernel[0], taps.kernel[1], filters, channels}};
    FCNN_TRY(fcnn_shape_check(&weights, layer->name, error));
    FCNN_TRY(fcnn_shape_check(&layer->output, layer->name, error));
    FCNN_TRY(fcnn_shape_check(&(fcnn_shape){3, {frame.height, frame.width, filters}}, layer->name, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(conv2d_transpose) + runs * sizeof(ptrdiff_t),
                           "a layer's description", error));
    conv2d_transpose *self = layer->config;
    self->frame = frame;
    self->padded = fcnn_frame_is_padded(&frame);
    self->taps = taps.kernel[0] * taps.kernel[1];
    self->channels = channels;
    self->outputs = filters;
    self->patches = fcnn_taps_patches(&taps, &frame, image->extent[0], image->extent[1], filters, self->run);

    fcnn_layer_add_parameter(layer, "kernel", &weights);
    if (use_bias)
        fcnn_layer_add_parameter(layer, "bias", &(fcnn_shape){1, {filters}});
    layer->scratch = self->padded ? fcnn_frame_size(&frame) : 0;
    layer->prepared = fcnn_shape_size(&weights);
    layer->prepare_shards = self->taps;
    layer->gradient_shards = (columns_of(self) + SHARD_COLUMNS - 1) / SHARD_COLUMNS;
    return FCNN_OK;
}

/* One tap transposed, for forward. */
static void prepare(const fcnn_layer *layer, const fcnn_io *io, size_t tap)
{
    const conv2d_transpose *self = layer->config;
    const size_t at = tap * self->outputs * self->channels;
    io->kernels->transpose(self->outputs, self->channels, io->parameters + at, self->channels, io->prepared + at,
                           self->outputs);
}

/* The frame before any pixel has been added: every pixel is the bias. */
static void begin_frame(const fcnn_layer *layer, const fcnn_io *io, float *framed)
{
    const conv2d_transpose *self = layer->config;
    const size_t pixels = self->frame.height * self->frame.width;
    if (layer->parameters == 1)
        memset(framed, 0, pixels * self->outputs * sizeof *framed);
    else
        for (size_t p = 0; p < pixels; p++)
            memcpy(framed + p * self->outputs, io->parameters + layer->parameter[1].offset,
                   self->outputs * sizeof *framed);
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const conv2d_transpose *self = layer->config;
    for (size_t i = 0; i < images; i++) {
        float *y = io->y + i * io->stride, *framed = self->padded ? io->scratch : y;
        begin_frame(layer, io, framed);
        io->kernels->patches_input_gradient(&self->patches, self->outputs, io->x[0] + i * io->stride, self->channels,
                                            io->prepared, self->channels, framed);
        if (self->padded)
            fcnn_frame_remove(&self->frame, framed, y);
    }
}

/* dy of one image in its frame. */
static const float *framed_gradient(const conv2d_transpose *self, const fcnn_io *io, size_t image)
{
    const float *dy = io->dy + image * io->stride;
    if (!self->padded)
        return dy;
    fcnn_frame_add(&self->frame, dy, io->scratch);
    return io->scratch;
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const conv2d_transpose *self = layer->config;
    for (size_t i = 0; i < images; i++)
        io->kernels->patches_forward(&self->patches, framed_gradient(self, io, i), io->parameters, NULL, self->channels,
                                     io->dx[0] + i * io->stride, self->channels);
}

static void gradient_range(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end)
{
    const conv2d_transpose *self = layer->config;
    const size_t last = (shard + 1) * SHARD_COLUMNS;
    *begin = shard * SHARD_COLUMNS * self->channels;
    *end = last < columns_of(self) ? last * self->channels : fcnn_layer_parameter_size(layer);
}

static void gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const conv2d_transpose *self = layer->config;
    const size_t columns = columns_of(self), begin = shard * SHARD_COLUMNS;
    const size_t end = smaller(begin + SHARD_COLUMNS, columns);
    float *sums = io->gradient.values + (begin * self->channels - io->gradient.begin);
    for (size_t i = 0; i < images; i++)
        io->kernels->patches_weight_gradient(&self->patches, framed_gradient(self, io, i), io->x[0] + i * io->stride,
                                             self->channels, 1, io->stride, self->channels, begin, end, sums,
                                             io->gradient.accumulate || i > 0, NULL);
    if (layer->parameters > 1 && end == columns)
        io->kernels->sum_rows(io->dy, self->outputs, self->frame.lines * self->frame.columns, images, io->stride,
                              self->outputs, io->gradient.values + (layer->parameter[1].offset - io->gradient.begin),
                              io->gradient.accumulate);
}

const fcnn_layer_class fcnn_conv2d_transpose_class = {
    .type = "conv2d_transpose",
    .create = create,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .gradient = gradient,
    .gradient_range = gradient_range,
};
