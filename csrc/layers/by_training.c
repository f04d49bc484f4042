/* by_training.c - y = x0 in training, x1 in inference; dx of the other one is 0. */
#include <string.h>

#include "registry.h"

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    FCNN_TRY(fcnn_attributes_expect(attributes, (const char *const[]){NULL}, error));
    if (layer->inputs != 2 || !fcnn_shape_equal(&layer->input[0], &layer->input[1]))
        return fcnn_fail(error, FCNN_E_SHAPE, "'%s' needs two inputs of the same shape", layer->name);
    layer->output = layer->input[0];
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const float *chosen = io->x[io->training ? 0 : 1];
    for (size_t i = 0; i < images; i++)
        memcpy(io->y + i * io->stride, chosen + i * io->stride, fcnn_shape_size(&layer->output) * sizeof(float));
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const size_t bytes = fcnn_shape_size(&layer->output) * sizeof(float);
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; io->dx[k] && i < images; i++)
            if (k == (io->training ? 0 : 1))
                memcpy(io->dx[k] + i * io->stride, io->dy + i * io->stride, bytes);
            else
                memset(io->dx[k] + i * io->stride, 0, bytes);
}

const fcnn_layer_class fcnn_by_training_class = {
    .type = "by_training",
    .create = create,
    .forward = forward,
    .backward = backward,
};
