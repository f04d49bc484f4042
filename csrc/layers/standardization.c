/* standardization.c - y = (x - mean) / s, or the inverse, y = x s + mean, with s = max(sqrt(variance), 1e-7).
 *
 * There is a mean and a variance for each index of some axes: numbers that never change, or parameters that neither
 * gradients nor batches change. dx = dy / s, or dy s.
 */
#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "registry.h"
#include "weights.h"

typedef struct standardization {
    fcnn_axes axes;
    size_t count; /* means */
    int inverse;
    int is_given;
    float given[]; /* means, then variances */
} standardization;

static fcnn_status read_given(fcnn_layer *layer, const fcnn_attributes *attributes, size_t count, fcnn_error *error)
{
    standardization *self = layer->config;
    static const char *const what[] = {"mean", "variance"};
    for (size_t w = 0; w < 2; w++) {
        const double *values;
        size_t found;
        FCNN_TRY(fcnn_attributes_numbers(attributes, what[w], -0x1p127, 0x1p127, &values, &found, error));
        if (found != count)
            return fcnn_fail(error, FCNN_E_SHAPE, "layer '%s' has %zu numbers as `%s`, its input needs %zu",
                             layer->name, found, what[w], count);
        for (size_t i = 0; i < count; i++)
            self->given[w * count + i] = (float)values[i];
    }
    return FCNN_OK;
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"along", "invert", "mean", "variance", NULL};
    const fcnn_shape *in = &layer->input[0];
    fcnn_axes axes;
    size_t flags[FCNN_MAX_RANK];
    fcnn_shape shape = {.rank = 0};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_axes_read(layer, attributes, "along", &axes, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "along", 0, 1, flags, in->rank, error));
    for (size_t a = 0; a < in->rank; a++)
        if (flags[a])
            shape.extent[shape.rank++] = in->extent[a];
    const int is_given = fcnn_attributes_has(attributes, "mean");
    const size_t count = fcnn_axes_chosen(&axes), numbers = is_given ? 2 * count : 0;
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(standardization) + numbers * sizeof(float),
                           "a layer's description", error));
    standardization *self = layer->config;
    *self = (standardization){.axes = axes, .count = count, .is_given = is_given};
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "invert", &self->inverse, error));
    if (is_given)
        FCNN_TRY(read_given(layer, attributes, count, error));
    for (size_t p = 0; !is_given && p < 2; p++) {
        fcnn_layer_add_parameter(layer, p == 0 ? "mean" : "variance", &shape);
        layer->parameter[p].statistic = 1;
    }
    fcnn_weights_set_shards(layer);
    layer->scratch = count;
    layer->output = *in;
    layer->in_place = 1;
    return FCNN_OK;
}

/* Divides by s, or multiplies; and moves by the mean. */
static void apply(const fcnn_layer *layer, const fcnn_io *io, size_t images, const float *from, float *to, int moves)
{
    const standardization *self = layer->config;
    const float *mean = self->is_given ? self->given : io->parameters, *variance = mean + self->count;
    float *s = io->scratch;
    for (size_t i = 0; i < self->count; i++)
        s[i] = sqrtf(variance[i]) < 1e-7f ? 1e-7f : sqrtf(variance[i]); /* NaN stays */
    for (size_t i = 0; i < images; i++, from += io->stride, to += io->stride)
        for (size_t n = 0; n < fcnn_weights_stretches(&self->axes); n++) {
            const fcnn_stretch at = fcnn_weights_stretch(&self->axes, n);
            for (size_t r = 0; r < at.rows; r++)
                for (size_t c = 0; c < at.columns; c++) {
                    const size_t place = at.begin + r * at.columns + c, p = at.first + c * at.step;
                    const float offset = moves ? mean[p] : 0.0f;
                    to[place] = self->inverse ? from[place] * s[p] + offset : (from[place] - offset) / s[p];
                }
        }
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    apply(layer, io, images, io->x[0], io->y, 1);
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    apply(layer, io, images, io->dy, io->dx[0], 0);
}

/* Of statistics, it is 0. */
static void gradient(const fcnn_layer *layer, const fcnn_io *io, size_t images, size_t shard)
{
    (void)images;
    size_t begin, end;
    fcnn_weights_gradient_range(layer, shard, &begin, &end);
    memset(io->gradient.values + (begin - io->gradient.begin), 0, (end - begin) * sizeof(float));
}

const fcnn_layer_class fcnn_standardization_class = {
    .type = "standardization",
    .create = create,
    .forward = forward,
    .backward = backward,
    .gradient = gradient,
    .gradient_range = fcnn_weights_gradient_range,
};
