/* dropout.c - in training, each number is dropped with probability `rate` and the others are divided by 1 - rate.
 *
 * In inference y = x. Masks are a function of the layer's seed, the step and the image, so backward computes them again
 * instead of storing them.
 * Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.
 */
#include <string.h>

#include "../base/memory.h"
#include "registry.h"

typedef struct dropout {
    float rate;
    uint64_t seed;
} dropout;

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"rate", "seed", NULL};
    double rate;
    size_t seed;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_number(attributes, "rate", 0.0, 1.0, &rate, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "seed", 0, INT64_MAX, &seed, 1, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(dropout), "a layer's description", error));
    *(dropout *)layer->config = (dropout){(float)rate, seed};
    layer->output = layer->input[0];
    layer->in_place = 1;
    layer->keeps_zeros = 1;
    return FCNN_OK;
}

/* to = from under the masks of the batch. */
static void mask(const fcnn_layer *layer, const fcnn_io *io, size_t images, const float *from, float *to)
{
    const dropout *self = layer->config;
    const size_t size = fcnn_shape_size(&layer->output);
    for (size_t i = 0; i < images; i++, from += io->stride, to += io->stride)
        io->kernels->dropout(size, from, self->seed, io->random_step, io->first_image + i, self->rate, to);
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    if (io->training) {
        mask(layer, io, images, io->x[0], io->y);
        return;
    }
    for (size_t i = 0; io->y != io->x[0] && i < images; i++)
        memcpy(io->y + i * io->stride, io->x[0] + i * io->stride, fcnn_shape_size(&layer->output) * sizeof(float));
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    mask(layer, io, images, io->dy, io->dx[0]);
}

const fcnn_layer_class fcnn_dropout_class = {
    .type = "dropout",
    .create = create,
    .forward = forward,
    .backward = backward,
};
