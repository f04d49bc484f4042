/* dense.c - y = x W + b over the last axis.
 *
 * Forward:   y (N, O) = x (N, I) W (I, O) + b (O)
 * Backward:  dx = dy W^T,  dW = x^T dy,  db = sum over N of dy
 *
 * N counts images times the axes before the last. Forward and dx run over images; dW and db run over rows of W, each
 * row's sum in order of images, so that the result does not depend on the number of threads. Where W is large, y is the
 * sum of FCNN_PARTS products, over a part of W's rows each, and behind a ReLU dx can run over the rows as well, which
 * are then read once for dx and dW.
 */
#include "../base/memory.h"
#include "../base/sizes.h"
#include "dense.h"
#include "dense_bfloat16.h"
#include "registry.h"

enum { SHARD_ROWS = 48 };                   /* rows of W whose gradient is one piece of work */
enum { LARGE = 1 << 15, LARGE_SHARDS = 8 }; /* parameters and shards from which on the layer runs in parts */

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"units", "use_bias", "bfloat16", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    const fcnn_shape *in = &layer->input[0];
    if (in->rank == 0)
        return fcnn_fail(error, FCNN_E_SHAPE, "Dense '%s' needs an input with at least one axis", layer->name);
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(fcnn_dense), "a layer's description", error));
    fcnn_dense *self = layer->config;
    size_t use_bias;
    int bfloat16 = 0;
    FCNN_TRY(fcnn_attributes_sizes(attributes, "units", 1, (size_t)1 << 24, &self->outputs, 1, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "use_bias", 0, 1, &use_bias, 1, error));
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "bfloat16", &bfloat16, error));
    self->inputs = in->extent[in->rank - 1];
    self->rows = fcnn_shape_size(in) / self->inputs;

    layer->output = *in;
    layer->output.extent[in->rank - 1] = self->outputs;
    fcnn_layer_add_parameter(layer, "kernel", &(fcnn_shape){2, {self->inputs, self->outputs}});
    if (use_bias)
        fcnn_layer_add_parameter(layer, "bias", &(fcnn_shape){1, {self->outputs}});
    if (bfloat16) {
        fcnn_dense_bfloat16_create(layer);
        return FCNN_OK;
    }
    layer->scratch = FCNN_DENSE_IMAGES * self->outputs;
    layer->gradient_shards = (self->inputs + SHARD_ROWS - 1) / SHARD_ROWS;
    layer->in_parts =
        self->rows == 1 && self->inputs * self->outputs >= LARGE && layer->gradient_shards >= LARGE_SHARDS;
    return FCNN_OK;
}

/* How often forward and backward run, on how many rows each, and how far apart a row's neighbours are in x and y:
 * once over the images where an image is one row, else once an image. */
typedef struct sweep {
    size_t times, rows, step_x, step_y;
} sweep;

static sweep plan_sweep(const fcnn_dense *self, size_t stride, size_t images)
{
    if (self->rows == 1)
        return (sweep){1, images, stride, stride};
    return (sweep){images, self->rows, self->inputs, self->outputs};
}

/* Rows of W before the shard, and up to its end. */
static size_t first_row(size_t shard) { return shard * SHARD_ROWS; }
static size_t end_row(const fcnn_dense *self, size_t shard) { return smaller(first_row(shard + 1), self->inputs); }

/* What the rows of W of one part add to y. */
static void add_part(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t part, const float *x, float *y,
                     size_t ldy)
{
    const fcnn_dense *self = layer->config;
    const size_t first = first_row(fcnn_layer_part(layer, part)),
                 end = end_row(self, fcnn_layer_part(layer, part + 1) - 1);
    io->kernels->dense_forward(images, end - first, self->outputs, x + first, io->stride,
                               io->parameters + first * self->outputs, part == 0 ? fcnn_dense_bias(layer, io) : NULL, y,
                               ldy);
}

static float *part_of(const fcnn_dense *self, const fcnn_io *io, size_t part)
{
    return part == 0 ? io->y : io->parts + (part - 1) * self->outputs;
}

static void forward_part(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t part)
{
    add_part(layer, io, images, part, io->x[0], part_of(layer->config, io, part), io->stride);
}

static void add_rows(const fcnn_io *io, size_t images, size_t outputs, const float *from, size_t step, float *y)
{
    for (size_t i = 0; i < images; i++)
        io->kernels->add(outputs, from + i * step, y + i * io->stride);
}

/* All parts, for as many images as scratch has room for. */
static void run_parts(const fcnn_layer *layer, const fcnn_io *io, size_t images, const float *x, float *y)
{
    const fcnn_dense *self = layer->config;
    add_part(layer, io, images, 0, x, y, io->stride);
    for (size_t part = 1; part < FCNN_PARTS; part++) {
        add_part(layer, io, images, part, x, io->scratch, self->outputs);
        add_rows(io, images, self->outputs, io->scratch, self->outputs, y);
    }
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_dense *self = layer->config;
    const sweep s = plan_sweep(self, io->stride, images);
    if (io->parts) { /* they have run */
        for (size_t part = 1; part < FCNN_PARTS; part++)
            add_rows(io, images, self->outputs, part_of(self, io, part), io->stride, io->y);
        return;
    }
    if (layer->in_parts) {
        for (size_t i = 0; i < images; i += FCNN_DENSE_IMAGES)
            run_parts(layer, io, smaller(FCNN_DENSE_IMAGES, images - i), io->x[0] + i * io->stride,
                      io->y + i * io->stride);
        return;
    }
    for (size_t i = 0; i < s.times; i++)
        io->kernels->dense_forward(s.rows, self->inputs, self->outputs, io->x[0] + i * io->stride, s.step_x,
                                   io->parameters, fcnn_dense_bias(layer, io), io->y + i * io->stride, s.step_y);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_dense *self = layer->config;
    const sweep s = plan_sweep(self, io->stride, images);
    for (size_t i = 0; i < s.times; i++)
        io->kernels->dense_input_gradient(s.rows, self->inputs, self->outputs, io->dy + i * io->stride, s.step_y,
                                          io->parameters, io->dx[0] + i * io->stride, s.step_x, io->scratch);
}

static void gradient_range(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end)
{
    const fcnn_dense *self = layer->config;
    const size_t last = end_row(self, shard);
    *begin = first_row(shard) * self->outputs;
    *end = last < self->inputs ? last * self->outputs : fcnn_layer_parameter_size(layer);
}

static void gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const fcnn_dense *self = layer->config;
    const size_t first = first_row(shard), end = end_row(self, shard), begin = first * self->outputs;
    float *gradients = io->gradient.values + (begin - io->gradient.begin),
          *updated = io->gradient.updated ? io->gradient.updated + begin : NULL;
    const fcnn_patches rows = fcnn_patches_of_rows(self->rows, self->inputs, self->inputs);
    if (self->rows == 1)
        io->kernels->dense_weight_gradient(images, io->stride, self->outputs, io->x[0], io->dy, first, end, gradients,
                                           io->gradient.accumulate, updated);
    else
        io->kernels->patches_weight_gradient(&rows, io->x[0], io->dy, self->outputs, images, io->stride, self->outputs,
                                             first, end, gradients, io->gradient.accumulate, updated);
    if (end == self->inputs)
        fcnn_dense_bias_gradient(layer, io, images);
}

static void backward_gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const fcnn_dense *self = layer->config;
    const size_t first = first_row(shard), rows = end_row(self, shard) - first, begin = first * self->outputs;
    io->kernels->dense_backward(images, rows, self->outputs, io->x[0] + first, io->stride, io->dy, io->stride,
                                io->parameters + begin, io->dx[0] + first,
                                io->gradient.values + (begin - io->gradient.begin), io->gradient.accumulate);
    if (first + rows == self->inputs)
        fcnn_dense_bias_gradient(layer, io, images);
}

const fcnn_layer_class fcnn_dense_class = {
    .type = "dense",
    .create = create,
    .forward = forward,
    .forward_part = forward_part,
    .backward = backward,
    .gradient = gradient,
    .backward_gradient = backward_gradient,
    .gradient_range = gradient_range,
};
