/* dot.c - y (M, N) = x0 (M, K) x1 (K, N), a product of two matrices for each image.
 *
 * Backward: dx0 = dy x1^T, dx1 = x0^T dy. Sums run in order of the axis that is summed over.
 */
#include <string.h>

#include "registry.h"

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    FCNN_TRY(fcnn_attributes_expect(attributes, (const char *const[]){NULL}, error));
    const fcnn_shape *a = &layer->input[0], *b = &layer->input[1];
    char first[64], second[64];
    if (layer->inputs != 2)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "Dot '%s' needs exactly 2 inputs, got %zu", layer->name,
                         layer->inputs);
    if (a->rank != 2 || b->rank != 2 || a->extent[1] != b->extent[0])
        return fcnn_fail(error, FCNN_E_SHAPE, "Dot '%s' cannot multiply matrices of shapes %s and %s", layer->name,
                         fcnn_shape_text(a, first, sizeof first), fcnn_shape_text(b, second, sizeof second));
    layer->output = (fcnn_shape){2, {a->extent[0], b->extent[1]}};
    layer->scratch = fcnn_shape_size(b);
    layer->backward_reads = FCNN_READS_X;
    return FCNN_OK;
}

/* The rows of x0 as patches. */
static fcnn_patches rows_of(const fcnn_layer *layer)
{
    const size_t *extent = layer->input[0].extent;
    return fcnn_patches_of_rows(extent[0], extent[1], extent[1]);
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_patches rows = rows_of(layer);
    const size_t columns = layer->output.extent[1];
    for (size_t i = 0; i < images; i++)
        io->kernels->patches_forward(&rows, io->x[0] + i * io->stride, io->x[1] + i * io->stride, NULL, columns,
                                     io->y + i * io->stride, columns);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_patches rows = rows_of(layer);
    const size_t terms = layer->input[0].extent[1], columns = layer->output.extent[1];
    for (size_t i = 0; i < images; i++) {
        const size_t at = i * io->stride;
        if (io->dx[0]) {
            io->kernels->transpose(terms, columns, io->x[1] + at, columns, io->scratch, terms);
            memset(io->dx[0] + at, 0, fcnn_shape_size(&layer->input[0]) * sizeof(float));
            io->kernels->patches_input_gradient(&rows, terms, io->dy + at, columns, io->scratch, columns,
                                                io->dx[0] + at);
        }
        if (io->dx[1])
            io->kernels->patches_weight_gradient(&rows, io->x[0] + at, io->dy + at, columns, 1, 0, columns, 0, terms,
                                                 io->dx[1] + at, 0, NULL);
    }
}

const fcnn_layer_class fcnn_dot_class = {
    .type = "dot",
    .create = create,
    .forward = forward,
    .backward = backward,
};
