/* concatenate.c - the inputs one behind the other along an axis; backward takes them apart again.
 *
 * For each index of the axes before it, an input has one row of adjacent numbers; the output's row is all of them.
 */
#include <string.h>

#include "../base/memory.h"
#include "registry.h"

/* Numbers of one row, from axis `axis` on. */
static size_t row_of(const fcnn_shape *shape, size_t axis)
{
    size_t numbers = 1;
    for (; axis < shape->rank; axis++)
        numbers *= shape->extent[axis];
    return numbers;
}

static fcnn_status check_input(const fcnn_layer *layer, size_t input, size_t axis, fcnn_error *error)
{
    const fcnn_shape *shape = &layer->input[input], *first = &layer->input[0];
    int fits = shape->rank == first->rank && axis < shape->rank;
    for (size_t a = 0; fits && a < shape->rank; a++)
        fits = a == axis || shape->extent[a] == first->extent[a];
    char texts[2][64];
    if (!fits)
        return fcnn_fail(error, FCNN_E_SHAPE,
                         "Concatenate '%s' along axis %zu needs inputs that are alike but for that axis, got shapes %s "
                         "and %s",
                         layer->name, axis + 1, fcnn_shape_text(first, texts[0], sizeof texts[0]),
                         fcnn_shape_text(shape, texts[1], sizeof texts[1]));
    return FCNN_OK;
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"axis", NULL};
    size_t axis;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "axis", 0, FCNN_MAX_RANK - 1, &axis, 1, error));
    layer->output = layer->input[0];
    for (size_t k = 0; k < layer->inputs; k++) {
        FCNN_TRY(check_input(layer, k, axis, error));
        if (k > 0)
            layer->output.extent[axis] += layer->input[k].extent[axis];
    }
    FCNN_TRY(fcnn_allocate(&layer->config, 1, sizeof(size_t), "a layer's description", error));
    *(size_t *)layer->config = axis;
    return FCNN_OK;
}

static void forward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const size_t axis = *(const size_t *)layer->config;
    const size_t outer_row = row_of(&layer->output, axis), rows = fcnn_shape_size(&layer->output) / outer_row;
    size_t first = 0;
    for (size_t k = 0; k < layer->inputs; k++) {
        const size_t row = row_of(&layer->input[k], axis);
        for (size_t i = 0; i < images; i++)
            for (size_t r = 0; r < rows; r++)
                memcpy(io->y + i * io->stride + r * outer_row + first, io->x[k] + i * io->stride + r * row,
                       row * sizeof(float));
        first += row;
    }
}

static void backward(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const size_t axis = *(const size_t *)layer->config;
    const size_t outer_row = row_of(&layer->output, axis), rows = fcnn_shape_size(&layer->output) / outer_row;
    size_t first = 0;
    for (size_t k = 0; k < layer->inputs; k++) {
        const size_t row = row_of(&layer->input[k], axis);
        for (size_t i = 0; io->dx[k] && i < images; i++)
            for (size_t r = 0; r < rows; r++)
                memcpy(io->dx[k] + i * io->stride + r * row, io->dy + i * io->stride + r * outer_row + first,
                       row * sizeof(float));
        first += row;
    }
}

const fcnn_layer_class fcnn_concatenate_class = {
    .type = "concatenate",
    .create = create,
    .forward = forward,
    .backward = backward,
};
