/* layer.c - what all layers share: the registry and the bookkeeping of parameters. */
#include "layer.h"

#include <string.h>

#include "../base/find.h"
#include "../base/memory.h"
#include "../base/sizes.h"
#include "registry.h"

FCNN_DEFINE_FIND(fcnn_layer_class, FCNN_LAYER_CLASSES)

const fcnn_layer_class *fcnn_layer_find(const char *type) { return find(type); }

size_t fcnn_layer_parameter_size(const fcnn_layer *layer)
{
    if (layer->parameters == 0)
        return 0;
    const fcnn_parameter *last = &layer->parameter[layer->parameters - 1];
    return last->offset + fcnn_shape_size(&last->shape);
}

fcnn_status fcnn_layer_copy(const fcnn_layer *layer, size_t size, fcnn_layer *copy, fcnn_error *error)
{
    *copy = *layer;
    copy->config = NULL;
    FCNN_TRY(fcnn_allocate(&copy->config, 1, size, "the plan", error));
    memcpy(copy->config, layer->config, size);
    return FCNN_OK;
}

int fcnn_layer_range(const fcnn_layer *layer, size_t shard, size_t *begin, size_t *end)
{
    if (!layer->class->gradient_range || layer->interleaved)
        return 0;
    layer->class->gradient_range(layer, shard, begin, end);
    return 1;
}

/* Whether the ranges of the shards are all of the layer's parameters, each once. Without ranges nobody can tell. */
static int shards_cover_parameters(const fcnn_layer *layer)
{
    size_t covered = 0, begin, end;
    for (size_t shard = 0; shard < layer->gradient_shards; shard++) {
        if (!fcnn_layer_range(layer, shard, &begin, &end))
            return 1;
        if (begin != covered || end <= begin)
            return 0;
        covered = end;
    }
    return covered == fcnn_layer_parameter_size(layer);
}

static fcnn_status check_class(const fcnn_layer *layer, fcnn_error *error)
{
    const fcnn_layer_class *class = layer->class;
    const char *lacks = NULL;
    if (!layer->view && !class->forward)
        lacks = "forward";
    else if (layer->prepare_shards > 0 && !class->prepare)
        lacks = "prepare";
    else if (layer->parameters > 0 && (!class->gradient || layer->gradient_shards == 0))
        lacks = "a gradient for its parameters";
    else if (layer->in_parts && (!class->forward_part || !class->backward_gradient || layer->prepared > 0))
        lacks = "what running in parts needs";
    else if (layer->packed > 0 && (!class->pack_forward || !class->forward_shard || !class->pack_backward ||
                                   !class->backward_gradient || layer->forward_shards == 0 || layer->in_parts))
        lacks = "what packing needs";
    else if (layer->observed > 0 &&
             (!class->observe || !class->settle || !class->observe_backward || !class->settle_backward ||
              (!class->move_statistics && !layer->looks_always) || layer->settle_shards == 0))
        lacks = "what looking at the whole batch needs";
    else if (layer->parameters > 0 && !shards_cover_parameters(layer))
        lacks = "a shard for each parameter";
    if (lacks)
        return fcnn_fail(error, FCNN_E_ARGUMENT, "layer '%s': the class '%s' lacks %s", layer->name, class->type,
                         lacks);
    return FCNN_OK;
}

fcnn_status fcnn_layer_check(const fcnn_layer *layer, fcnn_error *error)
{
    FCNN_TRY(fcnn_shape_check(&layer->output, layer->name, error));
    for (size_t i = 0; i < layer->parameters; i++)
        FCNN_TRY(fcnn_shape_check(&layer->parameter[i].shape, layer->name, error));
    if (fcnn_layer_parameter_size(layer) > FCNN_MOST_PARAMETERS) /* before anybody walks along them */
        return fcnn_fail(error, FCNN_E_ARGUMENT, "layer '%s' has more than 2^32 parameters", layer->name);
    return check_class(layer, error);
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
