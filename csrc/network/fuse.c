/* fuse.c - finds the patterns:
 *
 *   - Conv2D, ReLU or nothing, MaxPooling2D: one step;
 *   - Conv2D or Dense, BatchNormalization, where nothing is learned and the moving statistics count: the normalization
 *     is multiplied into the parameters. What follows of the first pattern joins in.
 *
 * Each is the only user of the one before.
 */
#include "fuse.h"

#include <math.h>
#include <string.h>

#include "../base/memory.h"
#include "../layers/conv2d_pooled.h"
#include "../layers/registry.h"

/* The nodes of a pattern, from `head` on; 0 where the pattern lacks one. */
typedef struct pattern {
    size_t head, normalization, relu, pool;
} pattern;

int fcnn_looks_at_the_batch(const fcnn_node *node, const fcnn_purpose *purpose)
{
    const int training = node->mode == FCNN_AS_RUN ? purpose->training : node->mode == FCNN_AS_IN_TRAINING;
    return training && node->layer.observed > 0 && purpose->statistics[node->instance];
}

/* The only node that reads node n; 0 where there is none, or several, or n is an output of the network. */
static size_t only_user(const fcnn_graph *graph, size_t n)
{
    size_t user = 0, users = 0;
    for (size_t o = 0; o < graph->outputs; o++)
        if (graph->output[o] == n)
            return 0;
    for (size_t m = n + 1; m < graph->nodes; m++)
        for (size_t i = 0; i < graph->node[m].layer.inputs; i++)
            if (graph->node[m].input[i] == n) {
                user = m;
                users++;
            }
    return users == 1 ? user : 0;
}

static int is_plain_relu(const fcnn_layer *layer)
{
    if (layer->class != &fcnn_activation_class)
        return 0;
    const fcnn_activation_spec *spec = layer->config;
    return spec->function == FCNN_RELU && spec->negative_slope == 0.0f && spec->threshold == 0.0f &&
           isinf(spec->max_value);
}

/* Whether a layer's parameters are used so often for each image that it pays to multiply others into them. */
static int is_foldable(const fcnn_layer *layer)
{
    enum { OFTEN = 16 };
    if (layer->class != &fcnn_conv2d_class && layer->class != &fcnn_dense_class)
        return 0;
    return fcnn_shape_size(&layer->output) >= OFTEN * layer->output.extent[layer->output.rank - 1];
}

/* The batch normalization behind node n that can be multiplied into its parameters; 0 if there is none. */
static size_t folded_into(const fcnn_graph *graph, const fcnn_purpose *purpose, size_t n)
{
    const size_t next = only_user(graph, n);
    const fcnn_node *node = &graph->node[next];
    return next && !purpose->backward && is_foldable(&graph->node[n].layer) &&
                   node->layer.class == &fcnn_batch_normalization_class && !fcnn_looks_at_the_batch(node, purpose)
               ? next
               : 0;
}

static pattern pattern_at(const fcnn_graph *graph, const fcnn_purpose *purpose, size_t n)
{
    pattern found = {.head = n, .normalization = folded_into(graph, purpose, n)};
    if (graph->node[n].layer.class != &fcnn_conv2d_class)
        return found;
    size_t next = only_user(graph, found.normalization ? found.normalization : n), relu = 0;
    if (next && is_plain_relu(&graph->node[next].layer)) {
        relu = next;
        next = only_user(graph, next);
    }
    const fcnn_layer *pool = &graph->node[next].layer;
    if (next && pool->class == &fcnn_max_pooling2d_class && pool->saved > 0) {
        found.relu = relu;
        found.pool = next;
    }
    return found;
}

/* *layer = the head's, with a bias if the normalization brings one. */
static void describe_folded(const fcnn_graph *graph, const pattern *found, fcnn_layer *layer)
{
    *layer = graph->node[found->head].layer;
    if (found->normalization && layer->parameters == 1)
        fcnn_layer_add_parameter(layer, "bias", &(fcnn_shape){1, {layer->output.extent[layer->output.rank - 1]}});
}

static fcnn_status fuse(const fcnn_graph *graph, const pattern *found, fcnn_operation *operation, fcnn_error *error)
{
    void *block;
    fcnn_layer head;
    FCNN_TRY(fcnn_allocate(&block, 1, sizeof(fcnn_layer), "the plan", error));
    describe_folded(graph, found, &head);
    *operation = (fcnn_operation){.fused = block, .layer = block, .head = found->head};
    if (found->normalization)
        operation->folded = &graph->node[found->normalization];
    operation->tail = found->pool ? found->pool : found->normalization;
    operation->borrows = !found->pool;
    if (found->pool)
        return fcnn_conv2d_pooled_create(block, &head, found->relu != 0, &graph->node[found->pool].layer, error);
    *operation->fused = head;
    return FCNN_OK;
}

fcnn_status fcnn_fuse(const fcnn_graph *graph, const fcnn_purpose *purpose, fcnn_operation *operations, size_t *count,
                      fcnn_error *error)
{
    void *block;
    FCNN_TRY(fcnn_allocate(&block, graph->nodes, 1, "the plan", error));
    unsigned char *is_inside = block; /* (nodes) the middle or the end of a pattern */
    fcnn_status status = FCNN_OK;
    *count = 0;
    for (size_t n = 0; n < graph->nodes && status == FCNN_OK; n++) {
        const fcnn_layer *layer = &graph->node[n].layer;
        if (!layer->class || layer->view || is_inside[n])
            continue;
        const pattern found = pattern_at(graph, purpose, n);
        is_inside[found.normalization] = is_inside[found.relu] = is_inside[found.pool] = 1;
        fcnn_operation *operation = &operations[(*count)++];
        if (found.normalization || found.pool)
            status = fuse(graph, &found, operation, error);
        else
            *operation = (fcnn_operation){.layer = layer, .head = n, .tail = n};
    }
    fcnn_release(block);
    return status;
}

void fcnn_operation_destroy(fcnn_operation *operation)
{
    if (operation->fused && !operation->borrows)
        fcnn_release(operation->fused->config);
    fcnn_release(operation->fused);
}
