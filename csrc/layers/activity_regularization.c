/* activity_regularization.c - y = x, with a penalty of l1 times the sum of |x|, plus l2 times the sum of x^2.
 *
 * The penalty of a batch, a part of its loss, is the mean over the images: dx = dy + (l1 sign(x) + 2 l2 x) / images,
 * where sign(0) = 0.
 */
#include <string.h>

#include "../base/memory.h"
#include "../kernels/penalty.h"
#include "registry.h"

typedef struct factors {
    double l1, l2;
} factors;

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"l1", "l2", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(factors), "a layer's description", error));
    factors *self = layer->config;
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "l1", 0.0, FCNN_MOST_PENALTY, &self->l1, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "l2", 0.0, FCNN_MOST_PENALTY, &self->l2, error));
    layer->output = layer->input[0];
    layer->backward_reads = FCNN_READS_Y;
    layer->in_place = 1;
    layer->keeps_zeros = 1;
    layer->penalizes = 1;
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const factors *self = layer->config;
    const size_t size = fcnn_shape_size(&layer->output);
    for (size_t i = 0; i < images; i++) {
        const float *x = io->x[0] + i * io->stride;
        float *y = io->y + i * io->stride;
        if (y != x)
            memcpy(y, x, size * sizeof *y);
        io->penalty[i] = fcnn_penalty(io->kernels, size, y, self->l1, self->l2);
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const factors *self = layer->config;
    const size_t size = fcnn_shape_size(&layer->output);
    const float step = (float)(self->l1 / (double)io->batch), slope = (float)(2.0 * self->l2 / (double)io->batch);
    for (size_t i = 0; i < images; i++) {
        float *dx = io->dx[0] + i * io->stride;
        if (!io->dy)
            memset(dx, 0, size * sizeof *dx);
        else if (dx != io->dy + i * io->stride)
            memcpy(dx, io->dy + i * io->stride, size * sizeof *dx);
        io->kernels->add_penalty(size, io->y + i * io->stride, step, slope, dx);
    }
}

const fcnn_layer_class fcnn_activity_regularization_class = {
    .type = "activity_regularization",
    .create = create,
    .forward = forward,
    .backward = backward,
};
