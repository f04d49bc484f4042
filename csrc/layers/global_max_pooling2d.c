/* global_max_pooling2d.c - the largest number of the whole image, channel by channel.
 *
 * The image may have more pixels than a byte can number, so backward looks for the first that equals the output.
 */
#include <string.h>

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

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_windows *windows = layer->config;
    const size_t channels = windows->channels, size = fcnn_shape_size(&layer->input[0]);
    for (size_t i = 0; i < images; i++) {
        const float *x = io->x[0] + i * io->stride, *y = io->y + i * io->stride, *dy = io->dy + i * io->stride;
        float *dx = io->dx[0] + i * io->stride;
        memset(dx, 0, size * sizeof *dx);
        for (size_t c = 0; c < channels; c++) {
            size_t winner = c;
            while (winner + channels < size && x[winner] != y[c])
                winner += channels;
            dx[winner] = dy[c];
        }
    }
}

const fcnn_layer_class fcnn_global_max_pooling2d_class = {
    .type = "global_max_pooling2d",
    .create = create,
    .forward = forward,
    .backward = backward,
};
