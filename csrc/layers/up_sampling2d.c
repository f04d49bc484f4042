/* up_sampling2d.c - each pixel as a block of equal ones; dx = the sum over the block, row by row. */
#include <string.h>

#include "../base/memory.h"
#include "registry.h"
#include "windows.h"

enum { LARGEST = 1 << 16 };

typedef struct up_sampling {
    size_t size[2];
} up_sampling;

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"size", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_windows_expect_images(layer, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(up_sampling), "a layer's description", error));
    up_sampling *self = layer->config;
    FCNN_TRY(fcnn_attributes_sizes(attributes, "size", 1, LARGEST, self->size, 2, error));
    layer->output = layer->input[0];
    layer->output.extent[0] *= self->size[0];
    layer->output.extent[1] *= self->size[1];
    return FCNN_OK;
}

/* One line of the output from one of the input. */
static void repeat_pixels(size_t pixels, size_t channels, size_t times, const float *x, float *y)
{
    for (size_t p = 0; p < pixels; p++, x += channels)
        for (size_t t = 0; t < times; t++, y += channels)
            memcpy(y, x, channels * sizeof *y);
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const up_sampling *self = layer->config;
    const fcnn_shape *in = &layer->input[0];
    const size_t row = in->extent[1] * in->extent[2], outer_row = row * self->size[1];
    for (size_t i = 0; i < images; i++) {
        const float *x = io->x[0] + i * io->stride;
        float *y = io->y + i * io->stride;
        for (size_t line = 0; line < in->extent[0]; line++, x += row) {
            const float *first = y;
            repeat_pixels(in->extent[1], in->extent[2], self->size[1], x, y);
            y += outer_row;
            for (size_t t = 1; t < self->size[0]; t++, y += outer_row)
                memcpy(y, first, outer_row * sizeof *y);
        }
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const up_sampling *self = layer->config;
    const fcnn_shape *in = &layer->input[0];
    const size_t channels = in->extent[2], row = in->extent[1] * channels;
    for (size_t i = 0; i < images; i++) {
        const float *dy = io->dy + i * io->stride;
        float *dx = io->dx[0] + i * io->stride;
        memset(dx, 0, fcnn_shape_size(in) * sizeof *dx);
        for (size_t line = 0; line < in->extent[0] * self->size[0]; line++)
            for (size_t p = 0; p < in->extent[1] * self->size[1]; p++, dy += channels)
                io->kernels->add(channels, dy, dx + line / self->size[0] * row + p / self->size[1] * channels);
    }
}

const fcnn_layer_class fcnn_up_sampling2d_class = {
    .type = "up_sampling2d",
    .create = create,
    .forward = forward,
    .backward = backward,
};
