/* zero_padding2d.c - the image inside a border of zeros; backward cuts the border off. */
#include <string.h>

#include "../base/memory.h"
#include "registry.h"
#include "windows.h"

enum { TOP, BOTTOM, LEFT, RIGHT, SIDES };

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"padding", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_windows_expect_images(layer, error));
    FCNN_TRY(fcnn_allocate(&layer->config, SIDES, sizeof(size_t), "a layer's description", error));
    size_t *border = layer->config;
    FCNN_TRY(fcnn_attributes_sizes(attributes, "padding", 0, 1 << 16, border, SIDES, error));
    layer->output = layer->input[0];
    layer->output.extent[0] += border[TOP] + border[BOTTOM];
    layer->output.extent[1] += border[LEFT] + border[RIGHT];
    return FCNN_OK;
}

/* Floats of one row of the input and of the output, and where the image begins in the output. */
typedef struct geometry {
    size_t rows, row, outer_row, first;
} geometry;

static geometry measure(const fcnn_layer *layer)
{
    const size_t *border = layer->config, channels = layer->input[0].extent[2];
    const size_t outer_row = layer->output.extent[1] * channels;
    return (geometry){
        .rows = layer->input[0].extent[0],
        .row = layer->input[0].extent[1] * channels,
        .outer_row = outer_row,
        .first = border[TOP] * outer_row + border[LEFT] * channels,
    };
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const geometry g = measure(layer);
    for (size_t i = 0; i < images; i++) {
        float *y = io->y + i * io->stride;
        memset(y, 0, fcnn_shape_size(&layer->output) * sizeof *y);
        for (size_t r = 0; r < g.rows; r++)
            memcpy(y + g.first + r * g.outer_row, io->x[0] + i * io->stride + r * g.row, g.row * sizeof *y);
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const geometry g = measure(layer);
    for (size_t i = 0; i < images; i++)
        for (size_t r = 0; r < g.rows; r++)
            memcpy(io->dx[0] + i * io->stride + r * g.row, io->dy + i * io->stride + g.first + r * g.outer_row,
                   g.row * sizeof(float));
}

const fcnn_layer_class fcnn_zero_padding2d_class = {
    .type = "zero_padding2d",
    .create = create,
    .forward = forward,
    .backward = backward,
};
