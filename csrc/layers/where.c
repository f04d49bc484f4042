/* where.c - y = x1 where x0 is not 0, else x2; shapes are broadcast. dx1 and dx2 = dy where they were taken, else 0;
 * dx0 = 0.
 */
#include <string.h>

#include "../base/memory.h"
#include "broadcast.h"
#include "registry.h"

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    FCNN_TRY(fcnn_attributes_expect(attributes, (const char *const[]){NULL}, error));
    if (layer->inputs != 3)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "where '%s' needs a condition and 2 inputs, got %zu inputs",
                         layer->name, layer->inputs);
    FCNN_TRY(fcnn_broadcast_shape(layer, layer->input, layer->inputs, &layer->output, error));
    FCNN_TRY(fcnn_shape_check(&layer->output, layer->name, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(fcnn_broadcast), "a layer's description", error));
    fcnn_broadcast_describe(layer->config, layer->input, layer->inputs, &layer->output);
    layer->backward_reads = FCNN_READS_FIRST_X;
    layer->scratch = fcnn_shape_size(&layer->output);
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_broadcast *b = layer->config;
    const size_t run = fcnn_broadcast_run(b), runs = fcnn_broadcast_runs(b);
    for (size_t image = 0; image < images; image++) {
        const size_t at = image * io->stride;
        for (size_t r = 0; r < runs; r++) {
            size_t step[3];
            const float *x[3];
            for (size_t k = 0; k < 3; k++)
                x[k] = io->x[k] + at + fcnn_broadcast_place(b, k, r, &step[k]);
            float *y = io->y + at + r * run;
            for (size_t i = 0; i < run; i++)
                y[i] = x[0][i * step[0]] != 0.0f ? x[1][i * step[1]] : x[2][i * step[2]];
        }
    }
}

/* used = dy at the places of one image where the condition is `truth`, else 0. */
static void find_used(const fcnn_broadcast *b, const float *condition, int truth, const float *dy, float *used)
{
    const size_t run = fcnn_broadcast_run(b), runs = fcnn_broadcast_runs(b);
    for (size_t r = 0; r < runs; r++, dy += run, used += run) {
        size_t step;
        const float *c = condition + fcnn_broadcast_place(b, 0, r, &step);
        for (size_t i = 0; i < run; i++)
            used[i] = (c[i * step] != 0.0f) == truth ? dy[i] : 0.0f;
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const fcnn_broadcast *b = layer->config;
    for (size_t i = 0; i < images; i++) {
        const size_t at = i * io->stride;
        if (io->dx[0])
            memset(io->dx[0] + at, 0, fcnn_shape_size(&layer->input[0]) * sizeof(float));
        for (size_t k = 1; k < 3; k++) {
            float *dx = io->dx[k] ? io->dx[k] + at : NULL;
            if (dx)
                find_used(b, io->x[0] + at, k == 1, io->dy + at, b->whole[k] ? dx : io->scratch);
            if (dx && !b->whole[k])
                fcnn_broadcast_gather(b, io->kernels, k, io->scratch, dx);
        }
    }
}

const fcnn_layer_class fcnn_where_class = {
    .type = "where",
    .create = create,
    .forward = forward,
    .backward = backward,
};
