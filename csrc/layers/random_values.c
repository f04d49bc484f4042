/* random_values.c - in training, values of pixels are changed at random; in inference y = x.
 *
 *   random_brightness   y = x + d, d uniform in an interval
 *   random_contrast     y = m + f (x - m), m the channel's mean over the image, f uniform in an interval
 *   random_erasing      a rectangle gets other values: a number for each channel, or clipped normal noise
 *
 * Brightness and contrast are clipped to a range; dx is 0 where that has cut something off. What is drawn belongs to
 * the layer's seed, the step and the image, so backward finds it again.
 */
#include <math.h>

#include "../base/memory.h"
#include "draws.h"
#include "registry.h"
#include "windows.h"

enum { MOST_FILLS = 8 };

typedef struct random_values {
    uint64_t seed;
    fcnn_interval factor, range;
    fcnn_interval scale; /* erasing: parts of the image's area */
    size_t fills;        /* erasing: numbers, one or one a channel; 0: noise */
    float fill[MOST_FILLS];
    float deviation; /* erasing: of the noise */
} random_values;

/* ---- creation ---- */

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, const char *const *names,
                          fcnn_error *error)
{
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_windows_expect_images(layer, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(random_values), "a layer's description", error));
    random_values *self = layer->config;
    FCNN_TRY(fcnn_draws_seed(attributes, &self->seed, error));
    FCNN_TRY(fcnn_draws_interval(attributes, "factor", &self->factor, error));
    layer->output = layer->input[0];
    layer->in_place = 1;
    return FCNN_OK;
}

static fcnn_status create_clipped(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"factor", "value_range", "seed", NULL};
    FCNN_TRY(create(layer, attributes, names, error));
    layer->backward_reads = FCNN_READS_X;
    layer->in_place = 0; /* x is read again */
    layer->dx_in_place = 1;
    return fcnn_draws_interval(attributes, "value_range", &((random_values *)layer->config)->range, error);
}

static fcnn_status create_contrast(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    FCNN_TRY(create_clipped(layer, attributes, error));
    layer->scratch = 2 * layer->output.extent[2];
    return FCNN_OK;
}

static fcnn_status create_erasing(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"factor", "scale", "fill_value", "deviation", "value_range", "seed", NULL};
    FCNN_TRY(create(layer, attributes, names, error));
    random_values *self = layer->config;
    FCNN_TRY(fcnn_draws_interval(attributes, "scale", &self->scale, error));
    FCNN_TRY(fcnn_draws_interval(attributes, "value_range", &self->range, error));
    if (self->scale.low < 0.0f || self->scale.high > 1.0f)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "layer '%s': `scale` must be from 0 to 1", layer->name);
    const double *fill;
    double deviation = 0.0;
    if (!fcnn_attributes_has(attributes, "fill_value")) {
        layer->scratch = fcnn_shape_size(&layer->output);
        FCNN_TRY(fcnn_attributes_number(attributes, "deviation", 0.0, 0x1p127, &deviation, error));
        self->deviation = (float)deviation;
        return FCNN_OK;
    }
    FCNN_TRY(fcnn_attributes_numbers(attributes, "fill_value", -0x1p127, 0x1p127, &fill, &self->fills, error));
    if (self->fills > MOST_FILLS || (self->fills != 1 && self->fills != layer->output.extent[2]))
        return fcnn_fail(error, FCNN_E_SHAPE, "layer '%s': %zu fill values for %zu channels", layer->name, self->fills,
                         layer->output.extent[2]);
    for (size_t i = 0; i < self->fills; i++)
        self->fill[i] = (float)fill[i];
    return FCNN_OK;
}

/* ---- brightness and contrast ---- */

static int is_outside(fcnn_interval range, float y) { return y < range.low || y > range.high; }

static float clipped(fcnn_interval range, float y)
{
    return y < range.low ? range.low : y > range.high ? range.high : y;
}

static float drawn_factor(const random_values *self, const fcnn_io *io, size_t image)
{
    float u;
    fcnn_draws(io, self->seed, image, &u, 1);
    return fcnn_draw_in(self->factor, u);
}

static void forward_brightness(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const random_values *self = layer->config;
    if (!io->training)
        fcnn_draws_copy(layer, io, images, io->x[0], io->y);
    for (size_t i = 0; io->training && i < images; i++) {
        const float *x = io->x[0] + i * io->stride, delta = drawn_factor(self, io, i);
        float *y = io->y + i * io->stride;
        for (size_t n = 0; n < fcnn_shape_size(&layer->output); n++)
            y[n] = clipped(self->range, x[n] + delta);
    }
}

static void backward_brightness(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const random_values *self = layer->config;
    fcnn_draws_copy(layer, io, images, io->dy, io->dx[0]);
    for (size_t i = 0; io->training && i < images; i++) {
        const float *x = io->x[0] + i * io->stride, delta = drawn_factor(self, io, i);
        float *dx = io->dx[0] + i * io->stride;
        for (size_t n = 0; n < fcnn_shape_size(&layer->output); n++)
            dx[n] = is_outside(self->range, x[n] + delta) ? 0.0f : dx[n];
    }
}

/* mean[c] = that of the channel. */
static void find_means(const fcnn_layer *layer, const float *x, float *mean)
{
    const size_t pixels = layer->output.extent[0] * layer->output.extent[1], channels = layer->output.extent[2];
    for (size_t c = 0; c < channels; c++) {
        double sum[4] = {0};
        for (size_t p = 0; p < pixels; p++)
            sum[p % 4] += (double)x[p * channels + c];
        mean[c] = (float)((sum[0] + sum[1] + sum[2] + sum[3]) / (double)pixels);
    }
}

static void forward_contrast(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const random_values *self = layer->config;
    const size_t size = fcnn_shape_size(&layer->output), channels = layer->output.extent[2];
    if (!io->training)
        fcnn_draws_copy(layer, io, images, io->x[0], io->y);
    for (size_t i = 0; io->training && i < images; i++) {
        const float *x = io->x[0] + i * io->stride, factor = drawn_factor(self, io, i);
        float *y = io->y + i * io->stride, *mean = io->scratch;
        find_means(layer, x, mean);
        for (size_t p = 0; p < size; p += channels)
            for (size_t c = 0; c < channels; c++)
                y[p + c] = clipped(self->range, (x[p + c] - mean[c]) * factor + mean[c]);
    }
}

/* With g = dy where nothing was cut off, else 0: dx = f g + (1 - f) mean(g). */
static void backward_contrast(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const random_values *self = layer->config;
    const size_t size = fcnn_shape_size(&layer->output), channels = layer->output.extent[2];
    fcnn_draws_copy(layer, io, images, io->dy, io->dx[0]);
    for (size_t i = 0; io->training && i < images; i++) {
        const float *x = io->x[0] + i * io->stride, factor = drawn_factor(self, io, i);
        float *dx = io->dx[0] + i * io->stride, *mean = io->scratch, *mean_gradient = mean + channels;
        find_means(layer, x, mean);
        for (size_t p = 0; p < size; p += channels)
            for (size_t c = 0; c < channels; c++)
                if (is_outside(self->range, (x[p + c] - mean[c]) * factor + mean[c]))
                    dx[p + c] = 0.0f;
        find_means(layer, dx, mean_gradient);
        for (size_t p = 0; p < size; p += channels)
            for (size_t c = 0; c < channels; c++)
                dx[p + c] = factor * dx[p + c] + (1.0f - factor) * mean_gradient[c];
    }
}

/* ---- erasing ---- */

/* The lines and columns whose pixels are erased: [begin, end). */
typedef struct rectangle {
    size_t begin[2], end[2];
} rectangle;

static size_t pixels_before(float place, size_t extent)
{
    const float first = ceilf(place); /* the first pixel that is not before it */
    return first >= (float)extent ? extent : (size_t)first;
}

/* Whether the image is erased, and where. */
static int find_rectangle(const fcnn_layer *layer, const fcnn_io *io, size_t image, rectangle *where)
{
    const random_values *self = layer->config;
    float u[6];
    if (!io->training)
        return 0;
    fcnn_draws(io, self->seed, image, u, 6);
    for (size_t axis = 0; axis < 2; axis++) {
        const float extent = (float)layer->output.extent[axis];
        const float length = sqrtf(fcnn_draw_in(self->scale, u[axis])) * extent;
        const float begin = u[2 + axis] * (extent - length);
        where->begin[axis] = pixels_before(begin, layer->output.extent[axis]);
        where->end[axis] = pixels_before(begin + length, layer->output.extent[axis]);
    }
    return u[5] < fcnn_draw_in(self->factor, u[4]);
}

static void forward_erasing(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const random_values *self = layer->config;
    const size_t channels = layer->output.extent[2], line = layer->output.extent[1] * channels;
    fcnn_draws_copy(layer, io, images, io->x[0], io->y);
    for (size_t i = 0; i < images; i++) {
        rectangle where;
        float *y = io->y + i * io->stride;
        if (!find_rectangle(layer, io, i, &where))
            continue;
        if (self->fills == 0)
            io->kernels->normals(where.end[0] * line, self->seed, io->random_step, io->first_image + i, 0.0f,
                                 self->deviation, io->scratch);
        for (size_t v = where.begin[0]; v < where.end[0]; v++)
            for (size_t n = where.begin[1] * channels; n < where.end[1] * channels; n++) {
                const float fill =
                    self->fills ? self->fill[self->fills > 1 ? n % channels : 0] : io->scratch[v * line + n];
                y[v * line + n] = clipped(self->range, fill);
            }
    }
}

static void backward_erasing(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const size_t channels = layer->output.extent[2], line = layer->output.extent[1] * channels;
    fcnn_draws_copy(layer, io, images, io->dy, io->dx[0]);
    for (size_t i = 0; i < images; i++) {
        rectangle where;
        float *dx = io->dx[0] + i * io->stride;
        if (!find_rectangle(layer, io, i, &where))
            continue;
        for (size_t v = where.begin[0]; v < where.end[0]; v++)
            for (size_t n = where.begin[1] * channels; n < where.end[1] * channels; n++)
                dx[v * line + n] = 0.0f;
    }
}

const fcnn_layer_class fcnn_random_brightness_class = {
    .type = "random_brightness",
    .create = create_clipped,
    .forward = forward_brightness,
    .backward = backward_brightness,
};

const fcnn_layer_class fcnn_random_contrast_class = {
    .type = "random_contrast",
    .create = create_contrast,
    .forward = forward_contrast,
    .backward = backward_contrast,
};

const fcnn_layer_class fcnn_random_erasing_class = {
    .type = "random_erasing",
    .create = create_erasing,
    .forward = forward_erasing,
    .backward = backward_erasing,
};
