/* max_pooling2d.c - the largest number of each window, channel by channel.
 *
 * Forward notes which of a window's pixels won (the first of equals), one byte an output, and backward gives it the
 * gradient. A window of more pixels than a byte can number is searched again.
 */
#include "pooling.h"
#include "registry.h"

enum { NUMBERED = 256 }; /* pixels that a byte can number */

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    FCNN_TRY(fcnn_pooling_create(layer, attributes, error));
    const fcnn_windows *windows = layer->config;
    layer->keeps_zeros = 1;
    if (windows->pool_height * windows->pool_width <= NUMBERED)
        layer->saved = (fcnn_shape_size(&layer->output) + sizeof(float) - 1) / sizeof(float);
    else
        layer->backward_reads = FCNN_READS_X | FCNN_READS_Y;
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    for (size_t i = 0; i < images; i++) {
        uint8_t *winner = io->saved && layer->saved > 0 ? (uint8_t *)(io->saved + i * io->stride) : NULL;
        io->kernels->max_pool(layer->config, io->x[0] + i * io->stride, io->y + i * io->stride, winner);
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    if (layer->saved == 0) {
        fcnn_pooling_give_to_largest(layer, io, images);
        return;
    }
    for (size_t i = 0; i < images; i++)
        io->kernels->max_pool_backward(layer->config, io->dy + i * io->stride,
                                       (const uint8_t *)(io->saved + i * io->stride), io->dx[0] + i * io->stride);
}

const fcnn_layer_class fcnn_max_pooling2d_class = {
    .type = "max_pooling2d",
    .create = create,
    .forward = forward,
    .backward = backward,
};
