/* reshape.c - the same numbers under another shape; nothing is computed or copied. */
#include "registry.h"

static fcnn_status create(fcnn_layer *layer, const fcnn_attributes *attributes, fcnn_error *error)
{
    static const char *const names[] = {"target_shape", NULL};
    FCNN_TRY(fcnn_attributes_expect(attributes, names, error));
    fcnn_shape *out = &layer->output;
    char from[64], to[64];
    out->rank = fcnn_attributes_count(attributes, "target_shape");
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
