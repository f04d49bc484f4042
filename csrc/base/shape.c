/* shape.c - sizes, comparison and text of shapes. */
#include "shape.h"

#include <stdint.h>
#include <stdio.h>

static const uint64_t MAX_ELEMENTS = (uint64_t)1 << 40;

size_t fcnn_shape_size(const fcnn_shape *shape)
{
    size_t size = 1;
    for (size_t i = 0; i < shape->rank; i++)
        size *= shape->extent[i];
    return size;
}

int fcnn_shape_equal(const fcnn_shape *a, const fcnn_shape *b)
{
    if (a->rank != b->rank)
        return 0;
    for (size_t i = 0; i < a->rank; i++)
        if (a->extent[i] != b->extent[i])
            return 0;
    return 1;
}

fcnn_status fcnn_shape_check(const fcnn_shape *shape, const char *what, fcnn_error *error)
{
    if (shape->rank > FCNN_MAX_RANK)
        return fcnn_fail(error, FCNN_E_SHAPE, "%s has %zu axes; at most %d are supported", what, shape->rank,
                         FCNN_MAX_RANK);

    char text[128];
    uint64_t size = 1;
    for (size_t i = 0; i < shape->rank; i++) {
        if (shape->extent[i] == 0)
            return fcnn_fail(error, FCNN_E_SHAPE, "%s has the shape %s; every extent must be at least 1", what,
                             fcnn_shape_text(shape, text, sizeof text));
        if (shape->extent[i] > MAX_ELEMENTS / size)
            return fcnn_fail(error, FCNN_E_SHAPE, "%s has the shape %s, more than 2^40 elements", what,
                             fcnn_shape_text(shape, text, sizeof text));
        size *= shape->extent[i];
    }
    return FCNN_OK;
}

const char *fcnn_shape_text(const fcnn_shape *shape, char *text, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < shape->rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, i ? ", %zu" : "(%zu", shape->extent[i]);
    if (used < size)
        snprintf(text + used, size - used, shape->rank == 0 ? "()" : shape->rank == 1 ? ",)" : ")");
    return text;
}
