/* layer.c - what all layers share: the registry and the bookkeeping of parameters. */
#include "layer.h"

#include <string.h>

#include "../base/sizes.h"
#include "registry.h"

static const fcnn_layer_class *const classes[] = {
    &fcnn_activation_class,
    &fcnn_add_class,
    &fcnn_average_pooling2d_class,
    &fcnn_conv2d_class,
    &fcnn_dense_class,
    &fcnn_dropout_class,
    &fcnn_global_average_pooling2d_class,
    &fcnn_global_max_pooling2d_class,
    &fcnn_max_pooling2d_class,
    &fcnn_rescaling_class,
    &fcnn_reshape_class,
    &fcnn_softmax_class,
    &fcnn_zero_padding2d_class,
};

const fcnn_layer_class *fcnn_layer_find(const char *type)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(classes[i]->type, type) == 0)
            return classes[i];
    return NULL;
}

size_t fcnn_layer_parameter_size(const fcnn_layer *layer)
{
    if (layer->parameters == 0)
        return 0;
    const fcnn_parameter *last = &layer->parameter[layer->parameters - 1];
    return last->offset + fcnn_shape_size(&last->shape);
}

size_t fcnn_layer_part(const fcnn_layer *layer, size_t part)
{
    const size_t shards = layer->gradient_shards;
    return part * (shards / FCNN_PARTS) + smaller(part, shards % FCNN_PARTS);
}

void fcnn_layer_add_parameter(fcnn_layer *layer, const char *name, const fcnn_shape *shape)
{
    const size_t offset = fcnn_layer_parameter_size(layer);
    layer->parameter[layer->parameters++] = (fcnn_parameter){.name = name, .shape = *shape, .offset = offset};
}
