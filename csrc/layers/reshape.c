/* reshape.c - the same numbers under another shape; nothing is computed or copied. */
#include <string.h>

#include "registry.h"

/* How many integers the attribute `name` has; 0 where it is not given. */
static size_t count_of(const fcnn_attributes *attributes, const char *name)
{
    for (size_t i = 0; i < attributes->count; i++)
        if (strcmp(attributes->items[i].name, name) == 0)
            return attributes->items[i].count;
    return 0;
}

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"target_shape", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    fcnn_shape *out = &layer->output;
    char from[64], to[64];
    out->rank = count_of(attributes, "target_shape");
    if (out->rank > FCNN_MAX_RANK)
        return fcnn_fail(error, FCNN_E_SHAPE, "Reshape '%s': `target_shape` has %zu axes; at most %d are supported",
                         layer->name, out->rank, FCNN_MAX_RANK);
    FCNN_TRY(fcnn_attributes_sizes(attributes, "target_shape", 1, (size_t)1 << 40, out->extent, out->rank, error));
    FCNN_TRY(fcnn_shape_check(out, "target_shape", error));
    if (fcnn_shape_size(out) != fcnn_shape_size(&layer->input[0]))
        return fcnn_fail(error, FCNN_E_SHAPE, "Reshape '%s': an input of shape %s cannot become %s", layer->name,
                         fcnn_shape_text(&layer->input[0], from, sizeof from), fcnn_shape_text(out, to, sizeof to));
    layer->view = 1;
    return FCNN_OK;
}

const fcnn_layer_class fcnn_reshape_class = {
    .type = "reshape",
    .create = create,
};
