/* glu.c - y = a sigmoid(b), where a and b are the halves of x along one axis; da = dy sigmoid(b),
 * db = dy a sigmoid(b) (1 - sigmoid(b)). */
#include "../base/memory.h"
#include "registry.h"

/* The halves are stretches of `half` numbers, side by side, `pairs` times. */
typedef struct glu {
    size_t pairs, half;
} glu;

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"axis", NULL};
    const fcnn_shape *in = &layer->input[0];
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    if (in->rank == 0)
        return fcnn_fail(error, FCNN_E_SHAPE, "layer '%s' needs an input with at least one axis", layer->name);
    size_t axis = in->rank - 1, numbers = 1;
    if (fcnn_attributes_has(attributes, "axis"))
        FCNN_TRY(fcnn_attributes_sizes(attributes, "axis", 0, in->rank - 1, &axis, 1, error));
    if (in->extent[axis] % 2 != 0)
        return fcnn_fail(error, FCNN_E_SHAPE, "layer '%s': glu cannot halve an axis of %zu", layer->name,
                         in->extent[axis]);
    for (size_t a = axis; a < in->rank; a++)
        numbers *= in->extent[a];
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(glu), "a layer's description", error));
    *(glu *)layer->config = (glu){.pairs = fcnn_shape_size(in) / numbers, .half = numbers / 2};
    layer->output = *in;
    layer->output.extent[axis] /= 2;
    layer->backward_reads = FCNN_READS_X;
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const glu *self = layer->config;
    for (size_t i = 0; i < images; i++)
        for (size_t p = 0; p < self->pairs; p++) {
            const float *a = io->x[0] + i * io->stride + 2 * p * self->half;
            io->kernels->glu(self->half, a, a + self->half, io->y + i * io->stride + p * self->half);
        }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const glu *self = layer->config;
    for (size_t i = 0; i < images; i++)
        for (size_t p = 0; p < self->pairs; p++) {
            const size_t at = i * io->stride + 2 * p * self->half;
            const float *a = io->x[0] + at;
            float *da = io->dx[0] + at;
            io->kernels->glu_backward(self->half, a, a + self->half, io->dy + i * io->stride + p * self->half, da,
                                      da + self->half);
        }
}

const fcnn_layer_class fcnn_glu_class = {
    .type = "glu",
    .create = create,
    .forward = forward,
    .backward = backward,
};
