/* prelu.c - y = x where it is positive, else alpha x, with an alpha for each index of some axes.
 *
 * Backward: dx = dy where x is positive, alpha dy where it is negative, and 0 where it is 0; dalpha = sum of dy x where
 * x is negative.
 */
#include "../base/memory.h"
#include "registry.h"
#include "weights.h"

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"along", NULL};
    fcnn_shape shape = layer->input[0];
    size_t flags[FCNN_MAX_RANK];
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(fcnn_axes), "a layer's description", error));
    FCNN_TRY(fcnn_axes_read(layer, attributes, "along", layer->config, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "along", 0, 1, flags, shape.rank, error));
    for (size_t a = 0; a < shape.rank; a++)
        shape.extent[a] = flags[a] ? shape.extent[a] : 1;
    fcnn_layer_add_parameter(layer, "alpha", &shape);
    fcnn_weights_set_shards(layer);
    layer->output = layer->input[0];
    layer->backward_reads = FCNN_READS_X;
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_axes *axes = layer->config;
    for (size_t i = 0; i < images; i++)
        for (size_t n = 0; n < fcnn_weights_stretches(axes); n++) {
            const fcnn_stretch s = fcnn_weights_stretch(axes, n);
            const size_t at = i * io->stride + s.begin;
            io->kernels->prelu(s.rows, s.columns, io->x[0] + at, io->parameters + s.first, s.step, io->y + at);
        }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_axes *axes = layer->config;
    for (size_t i = 0; i < images; i++)
        for (size_t n = 0; n < fcnn_weights_stretches(axes); n++) {
            const fcnn_stretch s = fcnn_weights_stretch(axes, n);
            const size_t at = i * io->stride + s.begin;
            io->kernels->prelu_backward(s.rows, s.columns, io->x[0] + at, io->parameters + s.first, s.step, io->dy + at,
                                        io->dx[0] + at);
        }
}

static void gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    fcnn_weights_gradient(layer, layer->config, io, images, shard, FCNN_NEGATIVE_PRODUCT);
}

const fcnn_layer_class fcnn_prelu_class = {
    .type = "prelu",
    .create = create,
    .forward = forward,
    .backward = backward,
    .gradient = gradient,
    .gradient_range = fcnn_weights_gradient_range,
};
