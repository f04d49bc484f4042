/* add.c - y = the sum of all inputs, in order; every dx is dy. */
#include <string.h>

#include "registry.h"

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    FCNN_TRY(fcnn_attributes_expect(attributes, (const char *const[]){NULL}, error));
    if (layer->inputs < 2)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "Add '%s' needs at least 2 inputs, got %zu", layer->name,
                         layer->inputs);
    for (size_t k = 1; k < layer->inputs; k++) {
        char first[64], other[64];
        if (!fcnn_shape_equal(&layer->input[0], &layer->input[k]))
            return fcnn_fail(error, FCNN_E_SHAPE, "Add '%s' needs inputs of one shape, got %s and %s", layer->name,
                             fcnn_shape_text(&layer->input[0], first, sizeof first),
                             fcnn_shape_text(&layer->input[k], other, sizeof other));
    }
    layer->output = layer->input[0];
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const size_t size = fcnn_shape_size(&layer->output);
    for (size_t i = 0; i < images; i++) {
        float *y = io->y + i * io->stride;
        memcpy(y, io->x[0] + i * io->stride, size * sizeof *y);
        for (size_t k = 1; k < layer->inputs; k++)
            io->kernels->add(size, io->x[k] + i * io->stride, y);
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const size_t size = fcnn_shape_size(&layer->output);
    for (size_t k = 0; k < layer->inputs; k++)
        for (size_t i = 0; io->dx[k] && i < images; i++)
            memcpy(io->dx[k] + i * io->stride, io->dy + i * io->stride, size * sizeof(float));
}

const fcnn_layer_class fcnn_add_class = {
    .type = "add",
    .create = create,
    .forward = forward,
    .backward = backward,
};
