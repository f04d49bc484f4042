/* vectors.c - applies a function to each vector along some axes. */
#include "vectors.h"

#include <string.h>

#include "../base/memory.h"

static int lie_apart(const fcnn_axes *axes) { return axes->lines > 1 && axes->inner > 1; }

/* Floats of a block's vectors and of their gradients, where they have to be put side by side. */
static size_t gathered(const fcnn_axes *axes) { return lie_apart(axes) ? 2 * fcnn_axes_block(axes) : 0; }

fcnn_status fcnn_vectors_create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"along", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(fcnn_axes), "a layer's description", error));
    fcnn_axes *axes = layer->config;
    FCNN_TRY(fcnn_axes_read(layer, attributes, "along", axes, error));
    layer->output = layer->input[0];
    layer->backward_reads = FCNN_READS_Y;
    layer->in_place = 1;
    layer->scratch = gathered(axes);
    return FCNN_OK;
}

/* One block (lines, inner, columns) as vectors (inner, lines, columns). */
static void gather(const fcnn_axes *axes, const fcnn_kernels *kernels, const float *block, float *vectors)
{
    if (axes->columns == 1) {
        kernels->transpose(axes->lines, axes->inner, block, axes->inner, vectors, axes->lines);
        return;
    }
    for (size_t l = 0; l < axes->lines; l++)
        for (size_t i = 0; i < axes->inner; i++, block += axes->columns)
            memcpy(vectors + (i * axes->lines + l) * axes->columns, block, axes->columns * sizeof *block);
}

/* And back: the same with lines and inner exchanged. */
static void scatter(const fcnn_axes *axes, const fcnn_kernels *kernels, const float *vectors, float *block)
{
    const fcnn_axes turned = {axes->outer, axes->inner, axes->lines, axes->columns};
    gather(&turned, kernels, vectors, block);
}

void fcnn_vectors_run_forward(const fcnn_layer *layer, const fcnn_io *io, size_t images, fcnn_vectors_forward *make)
{
    const fcnn_axes *axes = layer->config;
    const size_t block = fcnn_axes_block(axes), length = fcnn_axes_chosen(axes);
    float *vectors = io->scratch, *scratch = io->scratch + gathered(axes);
    for (size_t i = 0; i < images; i++) {
        const float *x = io->x[0] + i * io->stride;
        float *y = io->y + i * io->stride;
        if (!lie_apart(axes)) {
            make(io->kernels, axes->outer * block / length, length, x, y, scratch);
            continue;
        }
        for (size_t o = 0; o < axes->outer; o++, x += block, y += block) {
            gather(axes, io->kernels, x, vectors);
            make(io->kernels, axes->inner, length, vectors, vectors, scratch);
            scatter(axes, io->kernels, vectors, y);
        }
    }
}

void fcnn_vectors_run_backward(const fcnn_layer *layer, const fcnn_io *io, size_t images, fcnn_vectors_backward *make)
{
    const fcnn_axes *axes = layer->config;
    const size_t block = fcnn_axes_block(axes), length = fcnn_axes_chosen(axes);
    const float *read = layer->backward_reads & FCNN_READS_Y ? io->y : io->x[0];
    float *vectors = io->scratch, *gradients = vectors + block, *scratch = io->scratch + gathered(axes);
    for (size_t i = 0; i < images; i++) {
        const float *given = read + i * io->stride, *dy = io->dy + i * io->stride;
        float *dx = io->dx[0] + i * io->stride;
        if (!lie_apart(axes)) {
            make(io->kernels, axes->outer * block / length, length, given, dy, dx, scratch);
            continue;
        }
        for (size_t o = 0; o < axes->outer; o++, given += block, dy += block, dx += block) {
            gather(axes, io->kernels, given, vectors);
            gather(axes, io->kernels, dy, gradients);
            make(io->kernels, axes->inner, length, vectors, gradients, gradients, scratch);
            scatter(axes, io->kernels, gradients, dx);
        }
    }
}
