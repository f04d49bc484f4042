/* merging.c - layers that make one number of several inputs' numbers at the same place; shapes are broadcast.
 *
 *   add       y = x0 + x1 + ..., in order          dxk = dy
 *   average   the same, divided by their count      dxk = dy / count
 *   subtract  y = x0 - x1                           dx0 = dy, dx1 = -dy
 *   multiply  y = x0 x1 ..., in order               dxk = dy times the other inputs, in order
 *   maximum   the largest; minimum: the smallest    dxk = dy where xk is the first input that equals y, else 0
 *
 * The gradient of an input that was broadcast is the sum over the places where it was used, in their order.
 */
#include <string.h>

#include "../base/memory.h"
#include "broadcast.h"
#include "registry.h"

typedef struct merging {
    fcnn_combination how;
    int averages;
    fcnn_broadcast broadcast;
} merging;

static int chooses(const merging *self) { return self->how == FCNN_MAXIMUM || self->how == FCNN_MINIMUM; }

/* Floats of scratch memory for what a maximum has not handed out yet; a gradient that is not written in place
 * follows. */
static size_t left_size(const fcnn_layer *layer)
{
    return chooses(layer->config) ? fcnn_shape_size(&layer->output) : 0;
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_combination how, int averages,
                          fcnn_error *error)
{
    FCNN_TRY(fcnn_attributes_expect(attributes, (const char *const[]){NULL}, error));
    FCNN_TRY(fcnn_broadcast_shape(layer, layer->input, layer->inputs, &layer->output, error));
    FCNN_TRY(fcnn_shape_check(&layer->output, layer->name, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(merging), "a layer's description", error));
    merging *self = layer->config;
    self->how = how;
    self->averages = averages;
    fcnn_broadcast_describe(&self->broadcast, layer->input, layer->inputs, &layer->output);
    layer->backward_reads = chooses(self) ? FCNN_READS_X | FCNN_READS_Y : how == FCNN_MULTIPLY ? FCNN_READS_X : 0;
    layer->scratch = left_size(layer);
    for (size_t k = 0; k < layer->inputs; k++)
        if (chooses(self) || !self->broadcast.whole[k])
            layer->scratch = left_size(layer) + fcnn_shape_size(&layer->output);
    return FCNN_OK;
}

static fcnn_status create_add(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    return create(layer, attributes, FCNN_ADD, 0, error);
}

static fcnn_status create_average(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    return create(layer, attributes, FCNN_ADD, 1, error);
}

static fcnn_status create_subtract(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    if (layer->inputs != 2)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "Subtract '%s' needs exactly 2 inputs, got %zu", layer->name,
                         layer->inputs);
    return create(layer, attributes, FCNN_SUBTRACT, 0, error);
}

static fcnn_status create_multiply(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    return create(layer, attributes, FCNN_MULTIPLY, 0, error);
}

static fcnn_status create_maximum(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    return create(layer, attributes, FCNN_MAXIMUM, 0, error);
}

static fcnn_status create_minimum(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    return create(layer, attributes, FCNN_MINIMUM, 0, error);
}

static void divide_by_count(const fcnn_layer *layer, const fcnn_kernels *kernels, float *y)
{
    const float count = (float)layer->inputs;
    kernels->combine(FCNN_DIVIDE, fcnn_shape_size(&layer->output), &count, 0, y);
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const merging *self = layer->config;
    for (size_t i = 0; i < images; i++) {
        float *y = io->y + i * io->stride;
        fcnn_broadcast_spread(&self->broadcast, 0, io->x[0] + i * io->stride, y);
        for (size_t k = 1; k < layer->inputs; k++)
            fcnn_broadcast_combine(&self->broadcast, io->kernels, self->how, k, io->x[k] + i * io->stride, y);
        if (self->averages)
            divide_by_count(layer, io->kernels, y);
    }
}

/* to = the gradient of input `k` at each place of the output, for one image. left: what a maximum has not handed out
 * to the inputs before. */
static void find_used(const fcnn_layer *layer, const fcnn_io *io, size_t image, size_t k, float *left, float *to)
{
    const merging *self = layer->config;
    const fcnn_broadcast *b = &self->broadcast;
    const size_t size = fcnn_shape_size(&layer->output), at = image * io->stride;
    if (chooses(self)) {
        const size_t run = fcnn_broadcast_run(b), runs = fcnn_broadcast_runs(b);
        for (size_t r = 0; r < runs; r++) {
            size_t step;
            const float *x = io->x[k] + at + fcnn_broadcast_place(b, k, r, &step);
            io->kernels->take_equal(run, x, step, io->y + at + r * run, left + r * run, to + r * run);
        }
        return;
    }
    if (self->how == FCNN_SUBTRACT && k == 1) {
        io->kernels->scale_offset(size, io->dy + at, -1.0f, 0.0f, to);
        return;
    }
    memcpy(to, io->dy + at, size * sizeof *to);
    for (size_t j = 0; self->how == FCNN_MULTIPLY && j < layer->inputs; j++)
        if (j != k)
            fcnn_broadcast_combine(b, io->kernels, FCNN_MULTIPLY, j, io->x[j] + at, to);
    if (self->averages)
        divide_by_count(layer, io->kernels, to);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const merging *self = layer->config;
    float *left = io->scratch, *used = io->scratch + left_size(layer);
    for (size_t i = 0; i < images; i++) {
        if (chooses(self))
            memcpy(left, io->dy + i * io->stride, left_size(layer) * sizeof *left);
        for (size_t k = 0; k < layer->inputs; k++) {
            float *dx = io->dx[k] ? io->dx[k] + i * io->stride : NULL;
            const int direct = dx && self->broadcast.whole[k];
            if (dx || chooses(self))
                find_used(layer, io, i, k, left, direct ? dx : used);
            if (dx && !direct)
                fcnn_broadcast_gather(&self->broadcast, io->kernels, k, used, dx);
        }
    }
}

const fcnn_layer_class fcnn_add_class = {
    .type = "add",
    .create = create_add,
    .forward = forward,
    .backward = backward,
};

const fcnn_layer_class fcnn_average_class = {
    .type = "average",
    .create = create_average,
    .forward = forward,
    .backward = backward,
};

const fcnn_layer_class fcnn_subtract_class = {
    .type = "subtract",
    .create = create_subtract,
    .forward = forward,
    .backward = backward,
};

const fcnn_layer_class fcnn_multiply_class = {
    .type = "multiply",
    .create = create_multiply,
    .forward = forward,
    .backward = backward,
};

const fcnn_layer_class fcnn_maximum_class = {
    .type = "maximum",
    .create = create_maximum,
    .forward = forward,
    .backward = backward,
};

const fcnn_layer_class fcnn_minimum_class = {
    .type = "minimum",
    .create = create_minimum,
    .forward = forward,
    .backward = backward,
};
