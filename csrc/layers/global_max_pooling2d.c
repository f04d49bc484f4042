/* global_max_pooling2d.c - the largest number of the whole image, channel by channel. */
#include "pooling.h"
#include "registry.h"

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    FCNN_TRY(fcnn_pooling_create_global(layer, attributes, error));
    layer->backward_reads = FCNN_READS_X | FCNN_READS_Y;
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    for (size_t i = 0; i < images; i++)
        io->kernels->max_pool(layer->config, io->x[0] + i * io->stride, io->y + i * io->stride, NULL);
}

const fcnn_layer_class fcnn_global_max_pooling2d_class = {
    .type = "global_max_pooling2d",
    .create = create,
    .forward = forward,
    .backward = fcnn_pooling_give_to_largest,
};
