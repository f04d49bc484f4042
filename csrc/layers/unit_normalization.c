/* unit_normalization.c - each vector along one axis divided by its length.
 *
 * y = x r with r = 1 / sqrt(sum of x^2), at most 1e12.  dx = r (dy - y sum of y dy), or r dy where r is at most.
 */
#include <math.h>

#include "../base/memory.h"
#include "registry.h"

static const float LARGEST_FACTOR = 1e12f;

/* The vectors of `extent` numbers, `inner` apart. */
typedef struct vectors {
    size_t outer, extent, inner;
} vectors;

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"axis", NULL};
    const fcnn_shape *in = &layer->input[0];
    size_t axis;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "axis", 0, in->rank > 0 ? in->rank - 1 : 0, &axis, 1, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(vectors), "a layer's description", error));
    vectors *self = layer->config;
    *self = (vectors){.outer = 1, .extent = in->rank > 0 ? in->extent[axis] : 1, .inner = 1};
    for (size_t a = 0; a < in->rank; a++)
        *(a < axis ? &self->outer : &self->inner) *= a == axis ? 1 : in->extent[a];
    layer->output = *in;
    layer->backward_reads = FCNN_READS_X;
    return FCNN_OK;
}

/* Where vector number v begins. */
static size_t first_of(const vectors *self, size_t v)
{
    return v / self->inner * self->extent * self->inner + v % self->inner;
}

static float factor_of(const vectors *self, const float *x)
{
    float sum = 0.0f;
    for (size_t j = 0; j < self->extent; j++)
        sum += x[j * self->inner] * x[j * self->inner];
    const float factor = 1.0f / sqrtf(sum);
    return factor < LARGEST_FACTOR ? factor : LARGEST_FACTOR;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const vectors *self = layer->config;
    for (size_t i = 0; i < images; i++)
        for (size_t v = 0; v < self->outer * self->inner; v++) {
            const size_t at = i * io->stride + first_of(self, v);
            const float factor = factor_of(self, io->x[0] + at);
            for (size_t j = 0; j < self->extent * self->inner; j += self->inner)
                io->y[at + j] = io->x[0][at + j] * factor;
        }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const vectors *self = layer->config;
    for (size_t i = 0; i < images; i++)
        for (size_t v = 0; v < self->outer * self->inner; v++) {
            const size_t at = i * io->stride + first_of(self, v);
            const float *x = io->x[0] + at, *dy = io->dy + at;
            const float factor = factor_of(self, x);
            float along = 0.0f; /* the sum of y dy */
            for (size_t j = 0; factor < LARGEST_FACTOR && j < self->extent * self->inner; j += self->inner)
                along += x[j] * factor * dy[j];
            for (size_t j = 0; j < self->extent * self->inner; j += self->inner)
                io->dx[0][at + j] = factor * (dy[j] - along * x[j] * factor);
        }
}

const fcnn_layer_class fcnn_unit_normalization_class = {
    .type = "unit_normalization",
    .create = create,
    .forward = forward,
    .backward = backward,
};
