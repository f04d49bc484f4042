/* random_views.c - in training:
 *
 *   random_flip   half of the images are turned over, from left to right, upside down or both; in inference y = x
 *   random_crop   of each image a window, anywhere; in inference the one in the middle
 *
 * A decision belongs to the layer's seed, the step and the image, so backward finds it again.
 */
#include <string.h>

#include "../base/memory.h"
#include "draws.h"
#include "registry.h"
#include "windows.h"

typedef struct random_views {
    uint64_t seed;
    int horizontal, vertical;
} random_views;

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, const char *const *names,
                          fcnn_error *error)
{
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_windows_expect_images(layer, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(random_views), "a layer's description", error));
    layer->output = layer->input[0];
    return fcnn_draws_seed(attributes, &((random_views *)layer->config)->seed, error);
}

/* ---- flip ---- */

static fcnn_status create_flip(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"horizontal", "vertical", "seed", NULL};
    FCNN_TRY(create(layer, attributes, names, error));
    random_views *self = layer->config;
    FCNN_TRY(fcnn_attributes_optional_flag(attributes, "horizontal", &self->horizontal, error));
    return fcnn_attributes_optional_flag(attributes, "vertical", &self->vertical, error);
}

/* to = a line of pixels in the opposite order. */
static void turn_over(size_t pixels, size_t channels, const float *from, float *to)
{
    const float *pixel = from + pixels * channels;
    for (size_t i = 0; channels == 1 && i < pixels; i++)
        to[i] = from[pixels - 1 - i];
    for (size_t i = 0; channels != 1 && i < pixels; i++, to += channels) {
        pixel -= channels;
        for (size_t c = 0; c < channels; c++)
            to[c] = pixel[c];
    }
}

/* Of dy the same makes dx. */
static void flip(const fcnn_layer *layer, const fcnn_io *io, size_t images, const float *from, float *to)
{
    const random_views *self = layer->config;
    const size_t lines = layer->output.extent[0], columns = layer->output.extent[1];
    const size_t channels = layer->output.extent[2], line = columns * channels;
    for (size_t i = 0; i < images; i++, from += io->stride, to += io->stride) {
        float u = 1.0f;
        if (io->training)
            fcnn_draws(io, self->seed, i, &u, 1);
        if (u > 0.5f) {
            memcpy(to, from, lines * line * sizeof *to);
            continue;
        }
        for (size_t v = 0; v < lines; v++) {
            const float *source = from + (self->vertical ? lines - 1 - v : v) * line;
            if (self->horizontal)
                turn_over(columns, channels, source, to + v * line);
            else
                memcpy(to + v * line, source, line * sizeof *to);
        }
    }
}

static void forward_flip(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    flip(layer, io, images, io->x[0], io->y);
}

static void backward_flip(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    flip(layer, io, images, io->dy, io->dx[0]);
}

/* ---- crop ---- */

static fcnn_status create_crop(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"size", "seed", NULL};
    FCNN_TRY(create(layer, attributes, names, error));
    const fcnn_shape *in = &layer->input[0];
    size_t size[2];
    FCNN_TRY(fcnn_attributes_sizes(attributes, "size", 1, SIZE_MAX, size, 2, error));
    if (size[0] > in->extent[0] || size[1] > in->extent[1])
        return fcnn_fail(error, FCNN_E_SHAPE, "layer '%s': no window of %zux%zu fits an image of %zux%zu", layer->name,
                         size[0], size[1], in->extent[0], in->extent[1]);
    layer->output.extent[0] = size[0];
    layer->output.extent[1] = size[1];
    return FCNN_OK;
}

/* Where an image's window begins, in floats. */
static size_t window_of(const fcnn_layer *layer, const fcnn_io *io, size_t image)
{
    const random_views *self = layer->config;
    const fcnn_shape *in = &layer->input[0], *out = &layer->output;
    float u[2];
    size_t begin[2];
    if (io->training)
        fcnn_draws(io, self->seed, image, u, 2);
    for (size_t axis = 0; axis < 2; axis++) {
        const size_t room = in->extent[axis] - out->extent[axis];
        begin[axis] = io->training ? (size_t)((double)u[axis] * (double)(room + 1)) : room / 2;
    }
    return (begin[0] * in->extent[1] + begin[1]) * in->extent[2];
}

static void forward_crop(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const size_t line = layer->input[0].extent[1] * layer->input[0].extent[2];
    const size_t cut = layer->output.extent[1] * layer->output.extent[2];
    for (size_t i = 0; i < images; i++) {
        const float *x = io->x[0] + i * io->stride + window_of(layer, io, i);
        for (size_t v = 0; v < layer->output.extent[0]; v++)
            memcpy(io->y + i * io->stride + v * cut, x + v * line, cut * sizeof *x);
    }
}

static void backward_crop(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const size_t line = layer->input[0].extent[1] * layer->input[0].extent[2];
    const size_t cut = layer->output.extent[1] * layer->output.extent[2];
    for (size_t i = 0; i < images; i++) {
        float *dx = io->dx[0] + i * io->stride;
        memset(dx, 0, fcnn_shape_size(&layer->input[0]) * sizeof *dx);
        dx += window_of(layer, io, i);
        for (size_t v = 0; v < layer->output.extent[0]; v++)
            memcpy(dx + v * line, io->dy + i * io->stride + v * cut, cut * sizeof *dx);
    }
}

const fcnn_layer_class fcnn_random_flip_class = {
    .type = "random_flip",
    .create = create_flip,
    .forward = forward_flip,
    .backward = backward_flip,
};

const fcnn_layer_class fcnn_random_crop_class = {
    .type = "random_crop",
    .create = create_crop,
    .forward = forward_crop,
    .backward = backward_crop,
};
