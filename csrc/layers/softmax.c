/* softmax.c - y = exp(x) / sum of exp(x) over the last axis; dx = y (dy - sum of y dy). */
#include "registry.h"

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    FCNN_TRY(fcnn_attributes_expect(attributes, (const char *const[]){NULL}, error));
    if (layer->input[0].rank == 0)
        return fcnn_fail(error, FCNN_E_SHAPE, "Softmax '%s' needs an input with at least one axis", layer->name);
    layer->output = layer->input[0];
    layer->backward_reads = FCNN_READS_Y;
    layer->in_place = 1;
    layer->activation = "softmax";
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const size_t columns = layer->output.extent[layer->output.rank - 1];
    const size_t rows = fcnn_shape_size(&layer->output) / columns;
    for (size_t i = 0; i < images; i++)
        io->kernels->softmax(rows, columns, io->x[0] + i * io->stride, io->y + i * io->stride);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const size_t columns = layer->output.extent[layer->output.rank - 1];
    const size_t rows = fcnn_shape_size(&layer->output) / columns;
    for (size_t i = 0; i < images; i++)
        io->kernels->softmax_backward(rows, columns, io->y + i * io->stride, io->dy + i * io->stride,
                                      io->dx[0] + i * io->stride);
}

const fcnn_layer_class fcnn_softmax_class = {
    .type = "softmax",
    .create = create,
    .forward = forward,
    .backward = backward,
};
