/* reduce.c - one number of all those along neighbouring axes: their sum, mean, largest, smallest or product.
 *
 * An image is seen as (outer, count, inner), where `count` is what is reduced. Backward:
 *
 *   sum       dx = dy                   mean   dx = dy / count
 *   max, min  dx = dy / n, where x is one of the n numbers that equal y, else 0
 *   prod      dx = dy times the product of the others
 */
#include <string.h>

#include "../base/memory.h"
#include "registry.h"

typedef enum kind { SUM, MEAN, MAX, MIN, PROD } kind;

static const char *const kinds[] = {"sum", "mean", "max", "min", "prod"};

typedef struct reduction {
    kind how;
    size_t outer, count, inner;
} reduction;

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"kind", "first", "last", "keepdims", NULL};
    const fcnn_shape *in = &layer->input[0];
    size_t how, first, last;
    int keepdims = 0;
    if (in->rank == 0)
        return fcnn_fail(error, FCNN_E_SHAPE, "'%s' needs an input with at least one axis", layer->name);
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_choice(attributes, "kind", kinds, sizeof kinds / sizeof *kinds, &how, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "first", 0, in->rank - 1, &first, 1, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "last", first, in->rank - 1, &last, 1, error));
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "keepdims", &keepdims, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(reduction), "a layer's description", error));
    reduction *self = layer->config;
    *self = (reduction){(kind)how, 1, 1, 1};
    layer->output.rank = 0;
    for (size_t a = 0; a < in->rank; a++) {
        const int is_reduced = a >= first && a <= last;
        *(a < first ? &self->outer : is_reduced ? &self->count : &self->inner) *= in->extent[a];
        if (!is_reduced || keepdims)
            layer->output.extent[layer->output.rank++] = is_reduced ? 1 : in->extent[a];
    }
    layer->backward_reads = self->how == MAX || self->how == MIN ? FCNN_READS_X | FCNN_READS_Y
                            : self->how == PROD                  ? FCNN_READS_X
                                                                 : 0;
    layer->scratch = self->inner;
    return FCNN_OK;
}

static fcnn_combination combination_of(kind how)
{
    return how == MAX ? FCNN_MAXIMUM : how == MIN ? FCNN_MINIMUM : how == PROD ? FCNN_MULTIPLY : FCNN_ADD;
}

/* y (inner) = the reduction of x (count, inner). */
static void reduce_block(const reduction *self, const fcnn_kernels *kernels, const float *x, float *y)
{
    const float count = (float)self->count;
    if (self->inner == 1 && (self->how == SUM || self->how == MEAN)) {
        *y = kernels->row_sum(FCNN_NUMBER, self->count, x, x);
    } else {
        memcpy(y, x, self->inner * sizeof *y);
        for (size_t n = 1; n < self->count; n++)
            kernels->combine(combination_of(self->how), self->inner, x + n * self->inner, 1, y);
    }
    if (self->how == MEAN)
        kernels->combine(FCNN_DIVIDE, self->inner, &count, 0, y);
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const reduction *self = layer->config;
    for (size_t i = 0; i < images; i++)
        for (size_t o = 0; o < self->outer; o++)
            reduce_block(self, io->kernels, io->x[0] + i * io->stride + o * self->count * self->inner,
                         io->y + i * io->stride + o * self->inner);
}

/* dx = dy, each number divided by how often it is the reduction's, at those places. ties: room for inner numbers. */
static void share(const reduction *self, const fcnn_kernels *kernels, const float *x, const float *y, const float *dy,
                  float *ties, float *dx)
{
    const size_t inner = self->inner;
    memset(ties, 0, inner * sizeof *ties);
    for (size_t n = 0; n < self->count; n++)
        for (size_t c = 0; c < inner; c++)
            ties[c] += x[n * inner + c] == y[c];
    for (size_t n = 0; n < self->count; n++) {
        for (size_t c = 0; c < inner; c++)
            dx[n * inner + c] = x[n * inner + c] == y[c] ? dy[c] : 0.0f;
        kernels->combine(FCNN_DIVIDE, inner, ties, 1, dx + n * inner);
    }
}

/* dx = dy times the product of the numbers before, times that of the numbers behind. behind: room for inner numbers. */
static void multiply_others(const reduction *self, const fcnn_kernels *kernels, const float *x, const float *dy,
                            float *behind, float *dx)
{
    const size_t inner = self->inner;
    memcpy(dx, dy, inner * sizeof *dx);
    for (size_t n = 1; n < self->count; n++) {
        memcpy(dx + n * inner, dx + (n - 1) * inner, inner * sizeof *dx);
        kernels->combine(FCNN_MULTIPLY, inner, x + (n - 1) * inner, 1, dx + n * inner);
    }
    memcpy(behind, x + (self->count - 1) * inner, inner * sizeof *behind);
    for (size_t n = self->count - 1; n-- > 0;) {
        kernels->combine(FCNN_MULTIPLY, inner, behind, 1, dx + n * inner);
        kernels->combine(FCNN_MULTIPLY, inner, x + n * inner, 1, behind);
    }
}

static void spread(const reduction *self, const fcnn_kernels *kernels, const float *dy, float *dx)
{
    const float count = (float)self->count;
    memcpy(dx, dy, self->inner * sizeof *dx);
    if (self->how == MEAN)
        kernels->combine(FCNN_DIVIDE, self->inner, &count, 0, dx);
    if (self->inner == 1)
        for (size_t n = 1; n < self->count; n++)
            dx[n] = *dx;
    else
        for (size_t n = 1; n < self->count; n++)
            memcpy(dx + n * self->inner, dx, self->inner * sizeof *dx);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const reduction *self = layer->config;
    const size_t block = self->count * self->inner;
    for (size_t i = 0; i < images; i++)
        for (size_t o = 0; o < self->outer; o++) {
            const size_t in = i * io->stride + o * block, out = i * io->stride + o * self->inner;
            if (self->how == MAX || self->how == MIN)
                share(self, io->kernels, io->x[0] + in, io->y + out, io->dy + out, io->scratch, io->dx[0] + in);
            else if (self->how == PROD)
                multiply_others(self, io->kernels, io->x[0] + in, io->dy + out, io->scratch, io->dx[0] + in);
            else
                spread(self, io->kernels, io->dy + out, io->dx[0] + in);
        }
}

const fcnn_layer_class fcnn_reduce_class = {
    .type = "reduce",
    .create = create,
    .forward = forward,
    .backward = backward,
};
