/* slice.c - a part of an array: along axis a, numbers begin[a], begin[a] + step[a], ..., `extent[a]` of them; where
 * reverse[a], in the opposite order.
 *
 *   slice   y = the part of x; dx = dy there, else 0
 *   pad     y = `value`, but x in the part; dx = the part of dy
 *
 * In an array of shape (5,), begin 1, step 3 and extent 2 are numbers 1 and 4, reversed numbers 4 and 1.
 */
#include <string.h>

#include "../base/memory.h"
#include "registry.h"

typedef struct part {
    size_t rank, runs, size; /* of the part: rows along its last axis, and numbers */
    size_t extent[FCNN_MAX_RANK];
    size_t origin;                 /* where its first number is in the whole */
    ptrdiff_t step[FCNN_MAX_RANK]; /* floats of the whole from one number of the part to the next */
    size_t whole;                  /* numbers of the whole */
    float value;
} part;

/* Describes a part of `whole` of the shape `shape`. */
static fcnn_status describe(const fcnn_layer *layer, const fcnn_attributes *attributes, const fcnn_shape *whole,
                            const fcnn_shape *shape, part *self, fcnn_error *error)
{
    size_t begin[FCNN_MAX_RANK], step[FCNN_MAX_RANK], reverse[FCNN_MAX_RANK], floats = 1;
    const size_t rank = whole->rank;
    char text[64];
    FCNN_TRY(fcnn_attributes_sizes(attributes, "begin", 0, (size_t)1 << 31, begin, rank, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "step", 1, (size_t)1 << 31, step, rank, error));
    FCNN_TRY(fcnn_attributes_sizes(attributes, "reverse", 0, 1, reverse, rank, error));
    *self = (part){.rank = rank, .runs = 1, .size = fcnn_shape_size(shape), .whole = fcnn_shape_size(whole)};
    for (size_t a = rank; a-- > 0; floats *= whole->extent[a]) {
        const size_t last = begin[a] + (shape->extent[a] - 1) * step[a];
        if (last >= whole->extent[a])
            return fcnn_fail(error, FCNN_E_SHAPE, "'%s': index %zu of axis %zu is not within the shape %s", layer->name,
                             last, a, fcnn_shape_text(whole, text, sizeof text));
        self->extent[a] = shape->extent[a];
        self->origin += (reverse[a] ? last : begin[a]) * floats;
        self->step[a] = (reverse[a] ? -1 : 1) * (ptrdiff_t)(step[a] * floats);
        self->runs *= a + 1 < rank ? shape->extent[a] : 1;
    }
    return FCNN_OK;
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, const char *extents, fcnn_error *error)
{
    const fcnn_shape *in = &layer->input[0];
    if (in->rank == 0 || fcnn_attributes_count(attributes, extents) != in->rank)
        return fcnn_fail(error, FCNN_E_SHAPE, "'%s' needs one extent for each of the input's %zu axes", layer->name,
                         in->rank);
    layer->output.rank = in->rank;
    FCNN_TRY(fcnn_attributes_sizes(attributes, extents, 1, (size_t)1 << 31, layer->output.extent, in->rank, error));
    FCNN_TRY(fcnn_shape_check(&layer->output, layer->name, error));
    return fcnn_allocate(&layer->config, 1, sizeof(part), "a layer's description", error);
}

static fcnn_status create_slice(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"begin", "step", "reverse", "extent", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(create(layer, attributes, "extent", error));
    return describe(layer, attributes, &layer->input[0], &layer->output, layer->config, error);
}

static fcnn_status create_pad(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"begin", "step", "reverse", "whole", "value", NULL};
    double value = 0.0;
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    FCNN_TRY(create(layer, attributes, "whole", error));
    FCNN_TRY(fcnn_attributes_optional_number(attributes, "value", -0x1p127, 0x1p127, &value, error));
    FCNN_TRY(describe(layer, attributes, &layer->output, &layer->input[0], layer->config, error));
    ((part *)layer->config)->value = (float)value;
    return FCNN_OK;
}

/* Where row number `run` of the part begins in the whole. */
static size_t place_of(const part *self, size_t run)
{
    ptrdiff_t place = (ptrdiff_t)self->origin;
    for (size_t a = self->rank - 1; a-- > 0; run /= self->extent[a])
        place += (ptrdiff_t)(run % self->extent[a]) * self->step[a];
    return (size_t)place;
}

static void take(const part *self, const float *whole, float *of_part)
{
    const size_t length = self->extent[self->rank - 1];
    const ptrdiff_t step = self->step[self->rank - 1];
    for (size_t r = 0; r < self->runs; r++, of_part += length) {
        const float *from = whole + place_of(self, r);
        if (step == 1)
            memcpy(of_part, from, length * sizeof *of_part);
        else
            for (size_t i = 0; i < length; i++)
                of_part[i] = from[(ptrdiff_t)i * step];
    }
}

static void put(const part *self, const float *of_part, float value, float *whole)
{
    const size_t length = self->extent[self->rank - 1];
    const ptrdiff_t step = self->step[self->rank - 1];
    for (size_t i = 0; i < self->whole; i++)
        whole[i] = value;
    for (size_t r = 0; r < self->runs; r++, of_part += length) {
        float *to = whole + place_of(self, r);
        for (size_t i = 0; i < length; i++)
            to[(ptrdiff_t)i * step] = of_part[i];
    }
}

static void forward_slice(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    for (size_t i = 0; i < images; i++)
        take(layer->config, io->x[0] + i * io->stride, io->y + i * io->stride);
}

static void backward_slice(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    for (size_t i = 0; i < images; i++)
        put(layer->config, io->dy + i * io->stride, 0.0f, io->dx[0] + i * io->stride);
}

static void forward_pad(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    const part *self = layer->config;
    for (size_t i = 0; i < images; i++)
        put(self, io->x[0] + i * io->stride, self->value, io->y + i * io->stride);
}

static void backward_pad(const fcnn_layer *layer, const fcnn_io *io, size_t images)
{
    for (size_t i = 0; i < images; i++)
        take(layer->config, io->dy + i * io->stride, io->dx[0] + i * io->stride);
}

const fcnn_layer_class fcnn_slice_class = {
    .type = "slice",
    .create = create_slice,
    .forward = forward_slice,
    .backward = backward_slice,
};

const fcnn_layer_class fcnn_pad_class = {
    .type = "pad",
    .create = create_pad,
    .forward = forward_pad,
    .backward = backward_pad,
};
