/* grouped_conv2d.c - a convolution whose channels are divided into groups, each with filters of its own.
 *
 * With G groups of C / G channels of x and O / G filters, the outputs of group g are the convolution (conv2d.c) of its
 * channels with its columns of the kernel (KH, KW, C / G, O). For the products the kernel is re-laid, so that each
 * group's columns lie together; a group's gradient is summed in scratch memory and put in its columns.
 */
#include <string.h>

#include "../base/memory.h"
#include "../base/sizes.h"
#include "registry.h"
#include "taps.h"

enum { SHARD_COLUMNS = 48 }; /* columns of patches whose gradient is one piece of work */

typedef struct grouped_conv2d {
    fcnn_frame frame;
    int padded;
    size_t groups, taps, channels, outputs; /* of one group */
    fcnn_patches patches;                   /* of the first group */
    ptrdiff_t run[];
} grouped_conv2d;

static size_t columns_of(const grouped_conv2d *self) { return self->taps * self->channels; }

static size_t pieces_of(const grouped_conv2d *self) { return (columns_of(self) + SHARD_COLUMNS - 1) / SHARD_COLUMNS; }

static fcnn_status expect_whole_groups(const fcnn_layer *layer, size_t groups, size_t filters, fcnn_error *error)
{
    if (layer->input[0].extent[2] % groups == 0 && filters % groups == 0)
        return FCNN_OK;
    return fcnn_fail(error, FCNN_E_SHAPE,
                     "layer '%s': %zu groups must divide the %zu channels of its input and its %zu filters evenly",
                     layer->name, groups, layer->input[0].extent[2], filters);
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"filters",       "kernel_size", "strides",  "padding",
                                        "dilation_rate", "groups",      "use_bias", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    size_t filters, groups, use_bias;
    fcnn_taps taps;
    fcnn_extent extent[2];
    FCNN_TRY(fcnn_attributes_sizes(attributes, "filters", 1, 1 << 20, &filters, 1, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "groups", 1, 1 << 20, &groups, 1, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "use_bias", 0, 1, &use_bias, 1, error));
    FCNN_TRY(fcnn_taps_read(attributes, &taps, error));
    FCNN_TRY(fcnn_windows_fit(layer, attributes, "kernel", taps.reach, taps.strides, extent, error));
    FCNN_TRY(expect_whole_groups(layer, groups, filters, error));

    const size_t all = layer->input[0].extent[2], runs = fcnn_taps_runs(&taps, 1);
    const fcnn_frame frame = fcnn_taps_frame(&layer->input[0], all, extent);
    const fcnn_shape weights = {4, {taps.kernel[0], taps.kernel[1], all / groups, filters}};
    FCNN_TRY(fcnn_shape_check(&weights, layer->name, error));
    FCNN_TRY(fcnn_shape_check(&(fcnn_shape){3, {frame.height, frame.width, all}}, layer->name, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(grouped_conv2d) + runs * sizeof(ptrdiff_t),
                           "a layer's description", error));
    grouped_conv2d *self = layer->config;
    self->frame = frame;
    self->padded = fcnn_frame_is_padded(&frame);
    self->groups = groups;
    self->taps = runs;
    self->channels = all / groups;
    self->outputs = filters / groups;
    self->patches = fcnn_taps_patches(&taps, &frame, extent[0].output, extent[1].output, self->channels, self->run);

    layer->output = (fcnn_shape){3, {extent[0].output, extent[1].output, filters}};
    fcnn_layer_add_parameter(layer, "kernel", &weights);
    if (use_bias)
        fcnn_layer_add_parameter(layer, "bias", &(fcnn_shape){1, {filters}});
    layer->saved = self->padded ? fcnn_frame_size(&frame) : 0;
    layer->scratch = larger(layer->saved, SHARD_COLUMNS * self->outputs);
    layer->prepared = 2 * fcnn_shape_size(&weights);
    layer->prepare_shards = groups;
    layer->gradient_shards = groups * pieces_of(self);
    return FCNN_OK;
}

/* A group's kernel (taps * channels, outputs), and its kernel for backward (taps, outputs, channels). */
static float *kernel_of(const grouped_conv2d *self, const fcnn_io *io, size_t group)
{
    return io->prepared + group * columns_of(self) * self->outputs;
}

static float *transposed_of(const grouped_conv2d *self, const fcnn_io *io, size_t group)
{
    return kernel_of(self, io, self->groups + group);
}

static void prepare(const fcnn_layer *layer, const fcnn_io *io, size_t group)
{
    const grouped_conv2d *self = layer->config;
    const size_t outputs = self->outputs, all = outputs * self->groups, tap = self->channels * outputs;
    const float *w = io->parameters + group * outputs;
    for (size_t k = 0; k < columns_of(self); k++)
        memcpy(kernel_of(self, io, group) + k * outputs, w + k * all, outputs * sizeof(float));
    for (size_t t = 0; io->saved && t < self->taps; t++)
        io->kernels->transpose(self->channels, outputs, kernel_of(self, io, group) + t * tap, outputs,
                               transposed_of(self, io, group) + t * tap, self->channels);
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const grouped_conv2d *self = layer->config;
    const size_t all = self->outputs * self->groups;
    for (size_t i = 0; i < images; i++) {
        const float *x = io->x[0] + i * io->stride;
        if (self->padded) {
            float *framed = io->saved ? io->saved + i * io->stride : io->scratch;
            fcnn_frame_add(&self->frame, x, framed);
            x = framed;
        }
        for (size_t g = 0; g < self->groups; g++) {
            const float *bias =
                layer->parameters > 1 ? io->parameters + layer->parameter[1].offset + g * self->outputs : NULL;
            io->kernels->patches_forward(&self->patches, x + g * self->channels, kernel_of(self, io, g), bias,
                                         self->outputs, io->y + i * io->stride + g * self->outputs, all);
        }
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const grouped_conv2d *self = layer->config;
    for (size_t i = 0; i < images; i++) {
        float *dx = io->dx[0] + i * io->stride, *framed = self->padded ? io->scratch : dx;
        memset(framed, 0, fcnn_frame_size(&self->frame) * sizeof *framed);
        for (size_t g = 0; g < self->groups; g++)
            io->kernels->patches_input_gradient(
                &self->patches, self->channels, io->dy + i * io->stride + g * self->outputs,
                self->outputs * self->groups, transposed_of(self, io, g), self->outputs, framed + g * self->channels);
        if (self->padded)
            fcnn_frame_remove(&self->frame, framed, dx);
    }
}

/* Copies `rows` of a group's columns of the kernel, `all` apart, from or to rows that lie together. */
static void copy_rows(size_t rows, size_t outputs, const float *from, size_t from_step, float *to, size_t to_step)
{
    for (size_t r = 0; r < rows; r++)
        memcpy(to + r * to_step, from + r * from_step, outputs * sizeof *to);
}

static void gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const grouped_conv2d *self = layer->config;
    const size_t group = shard / pieces_of(self), begin = shard % pieces_of(self) * SHARD_COLUMNS;
    const size_t end = smaller(begin + SHARD_COLUMNS, columns_of(self)), outputs = self->outputs;
    const size_t all = outputs * self->groups, first = group * outputs;
    const float *x = self->padded ? io->saved : io->x[0];
    float *sums = io->gradient.values + begin * all + first;
    if (io->gradient.accumulate)
        copy_rows(end - begin, outputs, sums, all, io->scratch, outputs);
    io->kernels->patches_weight_gradient(&self->patches, x + group * self->channels, io->dy + first, all, images,
                                         io->stride, outputs, begin, end, io->scratch, io->gradient.accumulate, NULL);
    copy_rows(end - begin, outputs, io->scratch, outputs, sums, all);
    if (layer->parameters > 1 && begin == 0)
        io->kernels->sum_rows(io->dy + first, all, self->patches.lines * self->patches.width, images, io->stride,
                              outputs, io->gradient.values + layer->parameter[1].offset + first,
                              io->gradient.accumulate);
}

const fcnn_layer_class fcnn_grouped_conv2d_class = {
    .type = "grouped_conv2d",
    .create = create,
    .prepare = prepare,
    .forward = forward,
    .backward = backward,
    .gradient = gradient,
};
