/* average_pooling2d.c - the mean of each window, or of the whole image, channel by channel. Padding is not counted. */
#include "pooling.h"
#include "registry.h"

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    for (size_t i = 0; i < images; i++)
        io->kernels->average_pool(layer->config, io->x[0] + i * io->stride, io->y + i * io->stride);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    for (size_t i = 0; i < images; i++)
        io->kernels->average_pool_backward(layer->config, io->dy + i * io->stride, io->dx[0] + i * io->stride);
}

const fcnn_layer_class fcnn_average_pooling2d_class = {
    .type = "average_pooling2d",
    .create = fcnn_pooling_create,
    .forward = forward,
    .backward = backward,
};

const fcnn_layer_class fcnn_global_average_pooling2d_class = {
    .type = "global_average_pooling2d",
    .create = fcnn_pooling_create_global,
    .forward = forward,
    .backward = backward,
};
