/* dense.c - y = x W + b over the last axis.
 *
 * Forward:   y (N, O) = x (N, I) W (I, O) + b (O)
 * Backward:  dx = dy W^T,  dW = x^T dy,  db = sum over N of dy
 *
 * N counts images times the axes before the last. Forward and dx run over images; dW and db run over rows of W, each row's sum in
 * order of images, so that the result does not depend on the number of threads.
 */
#include "../base/memory.h"
#include "layer.h"
#include "registry.h"

enum { SHARD_ROWS = 48 };   /* rows of W whose gradient is one piece of work */

typedef struct dense {
    size_t rows;      /* of one image: the product of all axes but the last */
    size_t inputs;
    size_t outputs;
    int use_bias;
} dense;

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"units", "use_bias"};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, 2, error));
    const fcnn_shape *in = &layer->input[0];
    if (in->rank == 0)
        return fcnn_fail(error, FCNN_E_SHAPE, "Dense '%s' needs an input with at least one axis", layer->name);
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(dense), "a layer's description", error));
    dense *self = layer->config;
    size_t use_bias;
    FCNN_TRY(fcnn_attributes_sizes(attributes, "units", 1, (size_t)1 << 24, &self->outputs, 1, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "use_bias", 0, 1, &use_bias, 1, error));
    self->use_bias = (int)use_bias;
    self->inputs = in->extent[in->rank - 1];
    self->rows = fcnn_shape_size(in) / self->inputs;

    layer->output = *in;
    layer->output.extent[in->rank - 1] = self->outputs;
    fcnn_layer_add_parameter(layer, "kernel", &(fcnn_shape){2, {self->inputs, self->outputs}});
    if (self->use_bias)
        fcnn_layer_add_parameter(layer, "bias", &(fcnn_shape){1, {self->outputs}});
    layer->scratch = FCNN_DENSE_SCRATCH * self->outputs;
    layer->gradient_shards = (self->inputs + SHARD_ROWS - 1) / SHARD_ROWS;
    return FCNN_OK;
}

static const ptrdiff_t no_offset = 0;

/* How often forward and backward run, on how many rows each, and how far apart a row's neighbours are in x and y:
 * once over the images where an image is one row, else once an image. */
typedef struct sweep {
    size_t times, rows, step_x, step_y;
} sweep;

static sweep plan_sweep(const dense *self, size_t stride, size_t images)
{
    if (self->rows == 1)
        return (sweep){1, images, stride, stride};
    return (sweep){images, self->rows, self->inputs, self->outputs};
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const dense *self = layer->config;
    const sweep s = plan_sweep(self, io->stride, images);
    const float *bias = self->use_bias ? io->parameters + self->inputs * self->outputs : NULL;
    for (size_t i = 0; i < s.times; i++)
        io->kernels->dense_forward(s.rows, self->inputs, self->outputs, io->x[0] + i * io->stride, s.step_x, io->parameters, bias,
                                   io->y + i * io->stride, s.step_y);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const dense *self = layer->config;
    const sweep s = plan_sweep(self, io->stride, images);
    for (size_t i = 0; i < s.times; i++)
        io->kernels->dense_input_gradient(s.rows, self->inputs, self->outputs, io->dy + i * io->stride, s.step_y,
                                          io->parameters, io->dx[0] + i * io->stride, s.step_x, io->scratch);
}

static void gradient_range(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end)
{
    const dense *self = layer->config;
    const size_t last = (shard + 1) * SHARD_ROWS;
    *begin = shard * SHARD_ROWS * self->outputs;
    *end = last < self->inputs ? last * self->outputs : fcnn_layer_parameter_size(layer);
}

static void gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    const dense *self = layer->config;
    const size_t begin = shard * SHARD_ROWS;
    const size_t end = begin + SHARD_ROWS < self->inputs ? begin + SHARD_ROWS : self->inputs;
    float *gradients = io->gradients + (begin * self->outputs - io->gradients_begin);
    float *updated = io->updated ? io->updated + begin * self->outputs : NULL;
    const fcnn_patches rows = {.lines = 1, .width = self->rows, .step = (ptrdiff_t)self->inputs, .run = &no_offset, .runs = 1,
                               .run_length = self->inputs};
    if (self->rows == 1)
        io->kernels->dense_weight_gradient(images, io->stride, self->outputs, io->x[0], io->dy, begin, end, gradients,
                                           io->accumulate, updated);
    else
        io->kernels->patches_weight_gradient(&rows, io->x[0], io->dy, self->outputs, images, io->stride, self->outputs,
                                             begin, end, gradients, io->accumulate, updated);
    if (self->use_bias && end == self->inputs)
        io->kernels->bias_gradient(io->dy, self->outputs, self->rows, images, io->stride, self->outputs,
                                   io->gradients + (self->inputs * self->outputs - io->gradients_begin), io->accumulate);
}

const fcnn_layer_class fcnn_dense_class = {
    .type = "dense",
    .create = create,
    .forward = forward,
    .backward = backward,
    .gradient = gradient,
    .gradient_range = gradient_range,
};
