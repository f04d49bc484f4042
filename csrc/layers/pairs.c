/* pairs.c - operators of two inputs, whose shapes are broadcast:
 *
 *   divide          y = x0 / x1                      dx0 = dy / x1, dx1 = -dy y / x1
 *   power           y = x0 to the power x1           dx0 = dy x1 x0^(x1 - 1), dx1 = dy y log x0, or 0 where x0 <= 0
 *   equal, not_equal, greater, greater_equal, less, less_equal      y = 1 or 0; they have no gradient
 *
 * Those that work on any number of inputs are in merging.c.
 */
#include <string.h>

#include "../base/memory.h"
#include "broadcast.h"
#include "registry.h"

typedef struct pair {
    fcnn_combination how;
    fcnn_broadcast broadcast;
} pair;

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_combination how, fcnn_error *error)
{
    FCNN_TRY(fcnn_attributes_expect(attributes, (const char *const[]){NULL}, error));
    if (layer->inputs != 2)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "'%s' needs exactly 2 inputs, got %zu", layer->name, layer->inputs);
    FCNN_TRY(fcnn_broadcast_shape(layer, layer->input, layer->inputs, &layer->output, error));
    FCNN_TRY(fcnn_shape_check(&layer->output, layer->name, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(pair), "a layer's description", error));
    pair *self = layer->config;
    self->how = how;
    fcnn_broadcast_describe(&self->broadcast, layer->input, layer->inputs, &layer->output);
    if (how == FCNN_DIVIDE || how == FCNN_POWER) {
        layer->backward_reads = FCNN_READS_X | FCNN_READS_Y;
        layer->scratch = 2 * fcnn_shape_size(&layer->output);
    }
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const pair *self = layer->config;
    for (size_t i = 0; i < images; i++) {
        const size_t at = i * io->stride;
        fcnn_broadcast_spread(&self->broadcast, 0, io->x[0] + at, io->y + at);
        fcnn_broadcast_combine(&self->broadcast, io->kernels, self->how, 1, io->x[1] + at, io->y + at);
    }
}

/* dx = the gradient `used` of an input at each place of the output, handed to its numbers. */
static void hand_on(const pair *self, const fcnn_io *io, size_t input, const float *used, size_t size, float *dx)
{
    if (self->broadcast.whole[input])
        memcpy(dx, used, size * sizeof *dx);
    else
        fcnn_broadcast_gather(&self->broadcast, io->kernels, input, used, dx);
}

static void find_quotient(const fcnn_layer *layer, const fcnn_io *io, size_t at, float *first, float *second)
{
    const fcnn_broadcast *b = &((const pair *)layer->config)->broadcast;
    const size_t size = fcnn_shape_size(&layer->output);
    memcpy(first, io->dy + at, size * sizeof *first);
    fcnn_broadcast_combine(b, io->kernels, FCNN_DIVIDE, 1, io->x[1] + at, first);
    io->kernels->scale_offset(size, first, -1.0f, 0.0f, second);
    io->kernels->combine(FCNN_MULTIPLY, size, io->y + at, 1, second);
}

static void find_power(const fcnn_layer *layer, const fcnn_io *io, size_t at, float *first, float *second)
{
    const fcnn_broadcast *b = &((const pair *)layer->config)->broadcast;
    const size_t run = fcnn_broadcast_run(b), runs = fcnn_broadcast_runs(b);
    for (size_t r = 0; r < runs; r++) {
        size_t base_step, exponent_step;
        const float *base = io->x[0] + at + fcnn_broadcast_place(b, 0, r, &base_step);
        const float *exponent = io->x[1] + at + fcnn_broadcast_place(b, 1, r, &exponent_step);
        const size_t place = at + r * run;
        io->kernels->power_backward(run, base, base_step, exponent, exponent_step, io->y + place, io->dy + place,
                                    io->dx[0] ? first + r * run : NULL, io->dx[1] ? second + r * run : NULL);
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const pair *self = layer->config;
    const size_t size = fcnn_shape_size(&layer->output);
    float *used[2] = {io->scratch, io->scratch + size};
    for (size_t i = 0; i < images; i++) {
        const size_t at = i * io->stride;
        if (self->how == FCNN_DIVIDE)
            find_quotient(layer, io, at, used[0], used[1]);
        else
            find_power(layer, io, at, used[0], used[1]);
        for (size_t k = 0; k < 2; k++)
            if (io->dx[k])
                hand_on(self, io, k, used[k], size, io->dx[k] + at);
    }
}

static void backward_nothing(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    for (size_t k = 0; k < layer->inputs; k++)
        for (size_t i = 0; io->dx[k] && i < images; i++)
            memset(io->dx[k] + i * io->stride, 0, fcnn_shape_size(&layer->input[k]) * sizeof(float));
}

static fcnn_status create_divide(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    return create(layer, attributes, FCNN_DIVIDE, error);
}

static fcnn_status create_power(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    return create(layer, attributes, FCNN_POWER, error);
}

static fcnn_status create_equal(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    return create(layer, attributes, FCNN_EQUAL, error);
}

static fcnn_status create_not_equal(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    return create(layer, attributes, FCNN_NOT_EQUAL, error);
}

static fcnn_status create_greater(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    return create(layer, attributes, FCNN_GREATER, error);
}

static fcnn_status create_greater_equal(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    return create(layer, attributes, FCNN_GREATER_EQUAL, error);
}

static fcnn_status create_less(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    return create(layer, attributes, FCNN_LESS, error);
}

static fcnn_status create_less_equal(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    return create(layer, attributes, FCNN_LESS_EQUAL, error);
}

const fcnn_layer_class fcnn_divide_class = {
    .type = "divide",
    .create = create_divide,
    .forward = forward,
    .backward = backward,
};

const fcnn_layer_class fcnn_power_class = {
    .type = "power",
    .create = create_power,
    .forward = forward,
    .backward = backward,
};

const fcnn_layer_class fcnn_equal_class = {
    .type = "equal",
    .create = create_equal,
    .forward = forward,
    .backward = backward_nothing,
};

const fcnn_layer_class fcnn_not_equal_class = {
    .type = "not_equal",
    .create = create_not_equal,
    .forward = forward,
    .backward = backward_nothing,
};

const fcnn_layer_class fcnn_greater_class = {
    .type = "greater",
    .create = create_greater,
    .forward = forward,
    .backward = backward_nothing,
};

const fcnn_layer_class fcnn_greater_equal_class = {
    .type = "greater_equal",
    .create = create_greater_equal,
    .forward = forward,
    .backward = backward_nothing,
};

const fcnn_layer_class fcnn_less_class = {
    .type = "less",
    .create = create_less,
    .forward = forward,
    .backward = backward_nothing,
};

const fcnn_layer_class fcnn_less_equal_class = {
    .type = "less_equal",
    .create = create_less_equal,
    .forward = forward,
    .backward = backward_nothing,
};
