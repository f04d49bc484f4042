/* axes.c - sees an image as (outer, lines, inner, columns). */
#include "axes.h"

/* The product of the extents, from axis *end - 1 backwards, whose flag is `flag`; *end is then the last that is
 * left. */
static size_t take_stretch(const fcnn_shape *shape, const size_t *flags, size_t flag, size_t *end)
{
    size_t product = 1;
    for (; *end > 0 && flags[*end - 1] == flag; --*end)
        product *= shape->extent[*end - 1];
    return product;
}

fcnn_status fcnn_axes_read(const fcnn_layer *layer, const fcnn_attributes *attributes, const char *name,
                           fcnn_axes *axes, fcnn_error *error)
{
    const fcnn_shape *in = &layer->input[0];
    size_t flags[FCNN_MAX_RANK] = {0}, end = in->rank;
    if (in->rank == 0)
        return fcnn_fail(error, FCNN_E_SHAPE, "layer '%s' needs an input with at least one axis", layer->name);
    flags[in->rank - 1] = 1;
    if (fcnn_attributes_has(attributes, name))
        FCNN_TRY(fcnn_attributes_sizes(attributes, name, 0, 1, flags, in->rank, error));
    axes->columns = take_stretch(in, flags, 1, &end);
    axes->inner = take_stretch(in, flags, 0, &end);
    axes->lines = take_stretch(in, flags, 1, &end);
    axes->outer = take_stretch(in, flags, 0, &end);
    if (end > 0)
        return fcnn_fail(error, FCNN_E_SHAPE,
                         "layer '%s': these axes of an input with %zu are not supported by fashioncnn; supported: "
                         "neighbours, or two stretches of neighbours of which one ends with the last axis",
                         layer->name, in->rank);
    return FCNN_OK;
}

size_t fcnn_axes_block(const fcnn_axes *axes) { return axes->lines * axes->inner * axes->columns; }

size_t fcnn_axes_chosen(const fcnn_axes *axes) { return axes->lines * axes->columns; }
