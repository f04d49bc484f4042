/* margins.c - zero_padding2d: the image inside a border of one number; cropping2d: without its border.
 *
 * Backward does the other's work: it cuts the border off, or puts one of zeros around.
 */
#include <string.h>

#include "../base/memory.h"
#include "registry.h"
#include "windows.h"

enum { TOP, BOTTOM, LEFT, RIGHT, SIDES };
enum { LARGEST = 1 << 16 };

/* How the smaller of two images lies in the larger one, in floats. */
typedef struct margins {
    size_t rows, row; /* of the smaller one */
    size_t outer_row, outer_size;
    size_t first; /* where the smaller one begins */
    float value;  /* of the border */
} margins;

static margins measure(const fcnn_shape *inner, const fcnn_shape *outer, const size_t border[SIDES])
{
    const size_t channels = inner->extent[2], outer_row = outer->extent[1] * channels;
    return (margins){
        .rows = inner->extent[0],
        .row = inner->extent[1] * channels,
        .outer_row = outer_row,
        .outer_size = fcnn_shape_size(outer),
        .first = border[TOP] * outer_row + border[LEFT] * channels,
    };
}

static fcnn_status read_border(fcnn_layer *layer, const fcnn_attributes *attributes, const char *name,
                               size_t border[SIDES], fcnn_error *error)
{
    FCNN_TRY(fcnn_windows_expect_images(layer, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, name, 0, LARGEST, border, SIDES, error));
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(margins), "a layer's description", error));
    layer->output = layer->input[0];
    return FCNN_OK;
}

static fcnn_status create_padding(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"padding", "value", NULL};
    size_t border[SIDES];
    double value = 0.0;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "value", -0x1p127, 0x1p127, &value, error));
    FCNN_TRY(read_border(layer, attributes, "padding", border, error));
    layer->output.extent[0] += border[TOP] + border[BOTTOM];
    layer->output.extent[1] += border[LEFT] + border[RIGHT];
    margins *self = layer->config;
    *self = measure(&layer->input[0], &layer->output, border);
    self->value = (float)value;
    return FCNN_OK;
}

static fcnn_status create_cropping(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"cropping", NULL};
    size_t border[SIDES];
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(read_border(layer, attributes, "cropping", border, error));
    const fcnn_shape *in = &layer->input[0];
    if (border[TOP] + border[BOTTOM] >= in->extent[0] || border[LEFT] + border[RIGHT] >= in->extent[1])
        return fcnn_fail(error, FCNN_E_SHAPE,
                         "layer '%s': cropping %zu + %zu lines and %zu + %zu columns leaves nothing of a %zux%zu input",
                         layer->name, border[TOP], border[BOTTOM], border[LEFT], border[RIGHT], in->extent[0],
                         in->extent[1]);
    layer->output.extent[0] -= border[TOP] + border[BOTTOM];
    layer->output.extent[1] -= border[LEFT] + border[RIGHT];
    *(margins *)layer->config = measure(&layer->output, in, border);
    return FCNN_OK;
}

/* to = a border of `value` with `from` inside. */
static void put_inside(const margins *self, const float *from, float value, float *to)
{
    for (size_t i = 0; i < self->outer_size; i++)
        to[i] = value;
    for (size_t r = 0; r < self->rows; r++)
        memcpy(to + self->first + r * self->outer_row, from + r * self->row, self->row * sizeof *to);
}

static void cut_out(const margins *self, const float *from, float *to)
{
    for (size_t r = 0; r < self->rows; r++)
        memcpy(to + r * self->row, from + self->first + r * self->outer_row, self->row * sizeof *to);
}

static void forward_padding(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const margins *self = layer->config;
    for (size_t i = 0; i < images; i++)
        put_inside(self, io->x[0] + i * io->stride, self->value, io->y + i * io->stride);
}

static void backward_padding(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    for (size_t i = 0; i < images; i++)
        cut_out(layer->config, io->dy + i * io->stride, io->dx[0] + i * io->stride);
}

static void forward_cropping(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    for (size_t i = 0; i < images; i++)
        cut_out(layer->config, io->x[0] + i * io->stride, io->y + i * io->stride);
}

static void backward_cropping(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    for (size_t i = 0; i < images; i++)
        put_inside(layer->config, io->dy + i * io->stride, 0.0f, io->dx[0] + i * io->stride);
}

const fcnn_layer_class fcnn_zero_padding2d_class = {
    .type = "zero_padding2d",
    .create = create_padding,
    .forward = forward_padding,
    .backward = backward_padding,
};

const fcnn_layer_class fcnn_cropping2d_class = {
    .type = "cropping2d",
    .create = create_cropping,
    .forward = forward_cropping,
    .backward = backward_cropping,
};
