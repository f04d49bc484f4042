/* dot.c - y (..., M, N) = x0 (..., M, K) x1 (..., K, N), products of matrices, one for each index of the axes before.
 *
 * Backward: dx0 = dy x1^T, dx1 = x0^T dy. Sums run in order of the axis that is summed over.
 */
#include <string.h>

#include "registry.h"

typedef struct matrices {
    size_t count;                /* of products */
    size_t rows, terms, columns; /* M, K, N */
} matrices;

static matrices matrices_of(const fcnn_layer *layer)
{
    const fcnn_shape *a = &layer->input[0], *b = &layer->input[1];
    matrices m = {1, a->extent[a->rank - 2], a->extent[a->rank - 1], b->extent[b->rank - 1]};
    for (size_t axis = 0; axis + 2 < a->rank; axis++)
        m.count *= a->extent[axis];
    return m;
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    FCNN_TRY(fcnn_attributes_expect(attributes, (const char *const[]){NULL}, error));
    const fcnn_shape *a = &layer->input[0], *b = &layer->input[1];
    char first[64], second[64];
    if (layer->inputs != 2)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "Dot '%s' needs exactly 2 inputs, got %zu", layer->name,
                         layer->inputs);
    int fits = a->rank >= 2 && a->rank == b->rank && a->extent[a->rank - 1] == b->extent[b->rank - 2];
    for (size_t axis = 0; fits && axis + 2 < a->rank; axis++)
        fits = a->extent[axis] == b->extent[axis];
    if (!fits)
        return fcnn_fail(error, FCNN_E_SHAPE, "Dot '%s' cannot multiply matrices of shapes %s and %s", layer->name,
                         fcnn_shape_text(a, first, sizeof first), fcnn_shape_text(b, second, sizeof second));
    layer->output = *a;
    layer->output.extent[a->rank - 1] = b->extent[b->rank - 1];
    layer->scratch = matrices_of(layer).terms * matrices_of(layer).columns;
    layer->backward_reads = FCNN_READS_X;
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const matrices m = matrices_of(layer);
    const fcnn_patches rows = fcnn_patches_of_rows(m.rows, m.terms, m.terms);
    for (size_t i = 0; i < images; i++)
        for (size_t n = 0; n < m.count; n++) {
            const size_t at = i * io->stride;
            io->kernels->patches_forward(&rows, io->x[0] + at + n * m.rows * m.terms,
                                         io->x[1] + at + n * m.terms * m.columns, NULL, m.columns,
                                         io->y + at + n * m.rows * m.columns, m.columns);
        }
}

/* The gradients of one product. Either may be NULL: not wanted. */
static void find_gradients(const fcnn_io *io, const matrices *m, const float *x0, const float *x1, const float *dy,
                           float *dx0, float *dx1)
{
    const fcnn_patches rows = fcnn_patches_of_rows(m->rows, m->terms, m->terms);
    if (dx0) {
        io->kernels->transpose(m->terms, m->columns, x1, m->columns, io->scratch, m->terms);
        memset(dx0, 0, m->rows * m->terms * sizeof *dx0);
        io->kernels->patches_input_gradient(&rows, m->terms, dy, m->columns, io->scratch, m->columns, dx0);
    }
    if (dx1)
        io->kernels->patches_weight_gradient(&rows, x0, dy, m->columns, 1, 0, m->columns, 0, m->terms, dx1, 0, NULL);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const matrices m = matrices_of(layer);
    for (size_t i = 0; i < images; i++)
        for (size_t n = 0; n < m.count; n++) {
            const size_t at = i * io->stride, first = at + n * m.rows * m.terms, second = at + n * m.terms * m.columns;
            find_gradients(io, &m, io->x[0] + first, io->x[1] + second, io->dy + at + n * m.rows * m.columns,
                           io->dx[0] ? io->dx[0] + first : NULL, io->dx[1] ? io->dx[1] + second : NULL);
        }
}

const fcnn_layer_class fcnn_dot_class = {
    .type = "dot",
    .create = create,
    .forward = forward,
    .backward = backward,
};
