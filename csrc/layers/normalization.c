/* normalization.c - the numbers along some axes brought to one scale, for each index of the others: a group.
 *
 * With n numbers in a group, their mean m, Q the sum of (x - m)^2, and S the sum of x^2:
 *   standard   y = (x - m) f,  f = 1 / sqrt(Q / n + epsilon)
 *   variance   y = x f,        f = 1 / sqrt(Q / n + epsilon)
 *   rms        y = x f,        f = 1 / sqrt(S / n + epsilon)
 *   unit       y = x f,        f = 1 / sqrt(S), at most 1e12
 * Backward, from y: dx = f (dy - p - (y - o) q), where p is the mean of dy in standard, else 0; o is m f in variance,
 * else 0; and q is the sum of y dy, over n but in unit, where it is 0 if f is at most. f and o are saved.
 *
 * Groups that lie side by side are summed as rows. Else a block (lines, inner, columns) has its columns summed, then
 * those of each group in order, in double.
 */
#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "axes.h"
#include "registry.h"

typedef enum kind { STANDARD, VARIANCE, RMS, UNIT, KINDS } kind;
static const char *const kinds[KINDS] = {"standard", "variance", "rms", "unit"};
static const double MOST = 1e12;

typedef struct normalization {
    fcnn_axes axes;
    kind kind;
    double epsilon;
} normalization;

static int has_mean(const normalization *self) { return self->kind == STANDARD || self->kind == VARIANCE; }

static int in_rows(const fcnn_axes *axes) { return axes->lines == 1 || axes->inner == 1; }

static size_t groups_of(const fcnn_axes *axes) { return axes->outer * axes->inner; }

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"along", "kind", "epsilon", NULL};
    size_t chosen;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(normalization), "a layer's description", error));
    normalization *self = layer->config;
    FCNN_TRY(fcnn_axes_read(layer, attributes, "along", &self->axes, error));
    FCNN_TRY(fcnn_attributes_choice(attributes, "kind", kinds, KINDS, &chosen, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "epsilon", 0.0, 0x1p127, &self->epsilon, error));
    self->kind = (kind)chosen;
    layer->output = layer->input[0];
    layer->backward_reads = FCNN_READS_Y;
    layer->in_place = self->kind != VARIANCE;
    layer->saved = 2 * groups_of(&self->axes);
    layer->scratch = in_rows(&self->axes) ? 0 : 3 * self->axes.inner * self->axes.columns;
    return FCNN_OK;
}

static float factor_of(const normalization *self, double squares, double n)
{
    if (self->kind == UNIT)
        return (float)fmin(1.0 / sqrt(squares), MOST);
    return (float)(1.0 / sqrt(squares / n + self->epsilon));
}

/* f and o of a group. */
typedef struct statistics {
    float factor, origin;
} statistics;

static void save(const normalization *self, float *saved, size_t group, float factor, float mean)
{
    if (saved)
        memcpy(saved + 2 * group,
               &(statistics){.factor = factor, .origin = self->kind == VARIANCE ? mean * factor : 0.0f},
               sizeof(statistics));
}

/* dx = dy gain + (y slope + shift). */
typedef struct blend {
    float gain, slope, shift;
} blend;

/* What the sums of dy and of y dy over a group make of it. */
static blend blend_of(const normalization *self, const float *saved, size_t group, double sum, double product)
{
    const double n = (double)fcnn_axes_chosen(&self->axes);
    statistics own;
    memcpy(&own, saved + 2 * group, sizeof own);
    const double f = (double)own.factor, p = self->kind == STANDARD ? sum / n : 0.0;
    const double q = self->kind != UNIT ? product / n : own.factor < (float)MOST ? product : 0.0;
    return (blend){.gain = own.factor, .slope = (float)(-f * q), .shift = (float)(f * ((double)own.origin * q - p))};
}

/* ---- groups side by side ---- */

static void forward_rows(const normalization *self, const fcnn_kernels *kernels, const float *x, float *y, float *saved)
{
    const size_t n = fcnn_axes_chosen(&self->axes);
    for (size_t g = 0; g < groups_of(&self->axes); g++, x += n, y += n) {
        float shift = 0.0f;
        if (has_mean(self)) {
            shift = (float)(-(double)kernels->row_sum(FCNN_NUMBER, n, x, NULL) / (double)n);
            kernels->affine(1, n, x, NULL, &shift, 0, y);
        }
        const float *centred = has_mean(self) ? y : x;
        const float squares = kernels->row_sum(FCNN_PRODUCT, n, centred, centred);
        const float factor = factor_of(self, (double)squares, (double)n);
        kernels->affine(1, n, self->kind == STANDARD ? y : x, &factor, NULL, 0, y);
        save(self, saved, g, factor, -shift);
    }
}

static void backward_rows(const normalization *self, const fcnn_kernels *kernels, const float *y, const float *dy,
                          const float *saved, float *dx)
{
    const size_t n = fcnn_axes_chosen(&self->axes);
    for (size_t g = 0; g < groups_of(&self->axes); g++, y += n, dy += n, dx += n) {
        const float sum = self->kind == STANDARD ? kernels->row_sum(FCNN_NUMBER, n, dy, NULL) : 0.0f;
        const float product = kernels->row_sum(FCNN_PRODUCT, n, dy, y);
        const blend b = blend_of(self, saved, g, (double)sum, (double)product);
        kernels->blend(1, n, dy, y, &b.gain, &b.slope, &b.shift, 0, dx);
    }
}

/* ---- groups in the columns of blocks ---- */

static void sum_columns(const fcnn_axes *axes, const fcnn_kernels *kernels, fcnn_term term, const float *a,
                        const float *b, float *sum)
{
    const size_t width = axes->inner * axes->columns;
    memset(sum, 0, width * sizeof *sum);
    kernels->column_sums(term, axes->lines, width, a, b, width, sum);
}

/* The sum of the columns of one group. */
static double sum_group(const fcnn_axes *axes, const float *columns, size_t group)
{
    double sum = 0.0;
    for (size_t c = 0; c < axes->columns; c++)
        sum += (double)columns[group * axes->columns + c];
    return sum;
}

static void fill_group(const fcnn_axes *axes, float *columns, size_t group, float value)
{
    for (size_t c = 0; c < axes->columns; c++)
        columns[group * axes->columns + c] = value;
}

static void forward_block(const normalization *self, const fcnn_kernels *kernels, const float *x, float *y,
                          float *saved, float *scratch)
{
    const fcnn_axes *axes = &self->axes;
    const size_t width = axes->inner * axes->columns;
    const double n = (double)fcnn_axes_chosen(axes);
    float *shift = scratch, *factor = scratch + width;
    memset(shift, 0, width * sizeof *shift);
    if (has_mean(self)) {
        sum_columns(axes, kernels, FCNN_NUMBER, x, NULL, shift);
        for (size_t g = 0; g < axes->inner; g++)
            fill_group(axes, shift, g, (float)(-sum_group(axes, shift, g) / n));
        kernels->affine(axes->lines, width, x, NULL, shift, 1, y);
    }
    const float *centred = has_mean(self) ? y : x;
    sum_columns(axes, kernels, FCNN_PRODUCT, centred, centred, factor);
    for (size_t g = 0; g < axes->inner; g++) {
        fill_group(axes, factor, g, factor_of(self, sum_group(axes, factor, g), n));
        save(self, saved, g, factor[g * axes->columns], -shift[g * axes->columns]);
    }
    kernels->affine(axes->lines, width, self->kind == STANDARD ? y : x, factor, NULL, 1, y);
}

static void backward_block(const normalization *self, const fcnn_kernels *kernels, const float *y, const float *dy,
                           const float *saved, float *scratch, float *dx)
{
    const fcnn_axes *axes = &self->axes;
    const size_t width = axes->inner * axes->columns;
    float *gain = scratch, *slope = scratch + width, *shift = scratch + 2 * width;
    sum_columns(axes, kernels, FCNN_NUMBER, dy, NULL, gain);
    sum_columns(axes, kernels, FCNN_PRODUCT, dy, y, slope);
    for (size_t g = 0; g < axes->inner; g++) {
        const blend b = blend_of(self, saved, g, sum_group(axes, gain, g), sum_group(axes, slope, g));
        fill_group(axes, gain, g, b.gain);
        fill_group(axes, slope, g, b.slope);
        fill_group(axes, shift, g, b.shift);
    }
    kernels->blend(axes->lines, width, dy, y, gain, slope, shift, 1, dx);
}

/* ---- the layer ---- */

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const normalization *self = layer->config;
    const size_t block = fcnn_axes_block(&self->axes);
    for (size_t i = 0; i < images; i++) {
        const float *x = io->x[0] + i * io->stride;
        float *y = io->y + i * io->stride, *saved = io->saved ? io->saved + i * io->stride : NULL;
        if (in_rows(&self->axes)) {
            forward_rows(self, io->kernels, x, y, saved);
            continue;
        }
        for (size_t o = 0; o < self->axes.outer; o++)
            forward_block(self, io->kernels, x + o * block, y + o * block,
                          saved ? saved + 2 * o * self->axes.inner : NULL, io->scratch);
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const normalization *self = layer->config;
    const size_t block = fcnn_axes_block(&self->axes);
    for (size_t i = 0; i < images; i++) {
        const float *y = io->y + i * io->stride, *dy = io->dy + i * io->stride, *saved = io->saved + i * io->stride;
        float *dx = io->dx[0] + i * io->stride;
        if (in_rows(&self->axes)) {
            backward_rows(self, io->kernels, y, dy, saved, dx);
            continue;
        }
        for (size_t o = 0; o < self->axes.outer; o++)
            backward_block(self, io->kernels, y + o * block, dy + o * block, saved + 2 * o * self->axes.inner,
                           io->scratch, dx + o * block);
    }
}

const fcnn_layer_class fcnn_normalization_class = {
    .type = "normalization",
    .create = create,
    .forward = forward,
    .backward = backward,
};
